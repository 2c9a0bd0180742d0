"""What programs ask about other devices: there are none.

Programs guard their use of a GPU with ``cuda.is_available()``; these are the questions that
come before such a guard, and the calls that do nothing without one.
"""

from __future__ import annotations

from typing import Any


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
