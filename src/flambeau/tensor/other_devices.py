"""What programs ask about other devices: there are none.

Programs guard their use of a GPU with ``cuda.is_available()``; these are the questions that
come before such a guard, and the calls that do nothing without one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from flambeau.core.errors import message


def is_available() -> bool:
    """Whether there is such a device: never.

    Example:
        >>> import flambeau as fb
        >>> fb.device("cuda" if fb.cuda.is_available() else "cpu")
        device(type='cpu')
    """
    return False


def is_built() -> bool:
    """Whether the package could use such a device: never."""
    return False


def device_count() -> int:
    """How many such devices there are: 0."""
    return 0


def current_accelerator(check_available: bool = False) -> None:
    """The device that is quicker than the CPU: ``None``."""


def manual_seed(seed: int) -> None:
    """Seed the streams of such devices: there are none."""


def manual_seed_all(seed: int) -> None:
    """Seed the streams of all such devices: there are none."""


def empty_cache() -> None:
    """Give unused memory of such devices back: there is none."""


def memory_allocated(device: Any = None) -> int:
    """Bytes in use on such a device: 0."""
    return 0


def max_memory_allocated(device: Any = None) -> int:
    """The most bytes that were in use on such a device: 0."""
    return 0


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether such a device computes with bfloat16: there is none."""
    return False


def memory_reserved(device: Any = None) -> int:
    """Bytes set aside on such a device: 0."""
    return 0


def max_memory_reserved(device: Any = None) -> int:
    """The most bytes that were set aside on such a device: 0."""
    return 0


def is_initialized() -> bool:
    """Whether such a device has been started: there is none."""
    return False


def is_tf32_supported() -> bool:
    """Whether such a device computes with 19-bit floats: there is none."""
    return False


def ipc_collect() -> None:
    """Give memory that other processes have let go of back: there is none."""


def get_rng_state_all() -> list[Any]:
    """The states of the streams of all such devices: none."""
    return []


def get_arch_list() -> list[str]:
    """The kinds of such devices that the package was built for: none."""
    return []


def needing_a_device(name: str) -> Callable[..., NoReturn]:
    """A function or class of PyTorch's that nothing can be done for without such a device.

    Raises:
        AssertionError: from what it returns, when that is called.
    """

    def call(*args: Any, **kwargs: Any) -> NoReturn:
        raise AssertionError(
            message(
                f"cuda.{name}: there is no such device",
                expected="a call behind a guard",
                got="a call without one",
                help="guard it with `if flambeau.cuda.is_available():`",
            )
        )

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"Needs a GPU, as ``torch.cuda.{name}`` does: raises an error that says so."
    return call


NEED_A_DEVICE = (
    "Event", "Stream", "current_device", "current_stream", "default_stream",
    "get_device_capability", "get_device_name", "get_device_properties", "mem_get_info",
    "memory_stats", "memory_summary", "reset_max_memory_allocated", "reset_peak_memory_stats",
    "set_device", "set_per_process_memory_fraction", "stream", "synchronize", "utilization",
)  # fmt: skip


def version() -> None:
    """The version of a library for other devices: ``None``, as it is not there.

    Example:
        >>> import flambeau as fb
        >>> fb.backends.cudnn.version() is None
        True
    """


@contextmanager
def flags(
    enabled: bool = False,
    benchmark: bool = False,
    benchmark_limit: int = 10,
    deterministic: bool = False,
    allow_tf32: bool = True,
    fp32_precision: str = "none",
) -> Iterator[None]:
    """A region with other settings; without effect.

    Example:
        >>> import flambeau as fb
        >>> with fb.backends.cudnn.flags(enabled=False):
        ...     fb.zeros(1)
        tensor([0.])
    """
    yield
