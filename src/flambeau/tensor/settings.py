"""Switches of PyTorch's that programs set at their start.

Here there is one device, every computation is deterministic, and float32 products are computed in
float32; so most of them only remember what they were given.
"""

from __future__ import annotations

from typing import Any

from flambeau.core.dtypes import set_default_dtype
from flambeau.core.errors import message
from flambeau.tensor.device import CPU, device
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.typed import CLASSES, TensorType

_PRECISIONS = ("highest", "high", "medium")
_DEBUG_MODES = {"default": 0, "warn": 1, "error": 2}
_set: dict[str, Any] = {"deterministic": 0, "precision": "highest", "interop": 1, "warn": False}


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """A selector without effect: every computation here is deterministic.

    Results do not depend on the number of threads, either.

    Example:
        >>> import flambeau as fb
        >>> fb.use_deterministic_algorithms(True)
        >>> fb.are_deterministic_algorithms_enabled()
        True
    """
    _set["deterministic"] = 0 if not mode else 1 if warn_only else 2


def are_deterministic_algorithms_enabled() -> bool:
    """What :func:`flambeau.use_deterministic_algorithms` was given."""
    return _set["deterministic"] > 0


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """The ``warn_only`` that :func:`flambeau.use_deterministic_algorithms` was given."""
    return _set["deterministic"] == 1


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """A selector without effect: every computation here is deterministic.

    Args:
        debug_mode: ``"default"``, ``"warn"`` or ``"error"``, or 0, 1 or 2.

    Raises:
        RuntimeError: for anything else.
    """
    mode = _DEBUG_MODES.get(debug_mode) if isinstance(debug_mode, str) else debug_mode
    if mode not in (0, 1, 2):
        raise RuntimeError(
            message(
                "set_deterministic_debug_mode: no such mode",
                expected="'default', 'warn' or 'error', or 0, 1 or 2",
                got=repr(debug_mode),
            )
        )
    _set["deterministic"] = mode


def get_deterministic_debug_mode() -> int:
    """0, 1 or 2: what :func:`flambeau.set_deterministic_debug_mode` was given."""
    return _set["deterministic"]


def set_float32_matmul_precision(precision: str) -> None:
    """A selector without effect: products of float32 are always computed in float32.

    Args:
        precision: ``"highest"``, ``"high"`` or ``"medium"``.

    Raises:
        RuntimeError: for anything else.

    Example:
        >>> import flambeau as fb
        >>> fb.set_float32_matmul_precision("high")
        >>> fb.get_float32_matmul_precision()
        'high'
    """
    if precision not in _PRECISIONS:
        raise RuntimeError(
            message(
                "set_float32_matmul_precision: no such precision",
                expected="'highest', 'high' or 'medium'",
                got=repr(precision),
            )
        )
    _set["precision"] = precision


def get_float32_matmul_precision() -> str:
    """What :func:`flambeau.set_float32_matmul_precision` was given."""
    return _set["precision"]


def set_flush_denormal(mode: bool) -> bool:
    """Whether tiny numbers could be flushed to zero: they cannot, so nothing changes.

    Example:
        >>> import flambeau as fb
        >>> fb.set_flush_denormal(True)
        False
    """
    return False


def set_num_interop_threads(count: int) -> None:
    """A selector without effect: operations run one after the other.

    Raises:
        RuntimeError: if ``count`` is not positive.
    """
    if count < 1:
        raise RuntimeError(
            message(
                "set_num_interop_threads: the number of threads must be positive",
                expected="1 or more",
                got=str(count),
            )
        )
    _set["interop"] = count


def get_num_interop_threads() -> int:
    """What :func:`flambeau.set_num_interop_threads` was given."""
    return _set["interop"]


def set_warn_always(enabled: bool) -> None:
    """A selector without effect: Python's ``warnings`` says how often a warning is shown."""
    _set["warn"] = enabled


def is_warn_always_enabled() -> bool:
    """What :func:`flambeau.set_warn_always` was given."""
    return _set["warn"]


def set_default_device(device: Any) -> None:
    """Choose the device of new tensors: there is only the CPU.

    Raises:
        RuntimeError: for any other device.

    Example:
        >>> import flambeau as fb
        >>> fb.set_default_device("cpu")
        >>> fb.get_default_device()
        device(type='cpu')
    """
    if device is not None:
        _device(device)


_device = device


def get_default_device() -> device:
    """The device of new tensors: the CPU."""
    return CPU


def typename(obj: Any) -> str:
    """The name of an object's type, of a tensor that of its older class.

    Example:
        >>> import flambeau as fb
        >>> fb.typename(fb.ones(1)), fb.typename(3)
        ('torch.FloatTensor', 'int')
    """
    if isinstance(obj, Tensor):
        return obj.type()  # type: ignore[attr-defined]
    module = getattr(obj, "__module__", "") or ""
    name = getattr(obj, "__qualname__", "") or type(obj).__name__
    return name if module in ("", "builtins", "__builtin__") else f"{module}.{name}"


def set_default_tensor_type(t: Any) -> None:
    """Set the type that Python floats become, by an older class: ``FloatTensor``.

    Args:
        t: such a class, or its name.

    Raises:
        TypeError: for anything else, or a type that is not floating-point.

    Example:
        >>> import flambeau as fb
        >>> fb.set_default_tensor_type(fb.DoubleTensor)
        >>> fb.tensor(1.5).dtype
        torch.float64
        >>> fb.set_default_tensor_type("torch.FloatTensor")
    """
    found = CLASSES.get(t.rpartition(".")[2]) if isinstance(t, str) else t
    if not isinstance(found, TensorType):
        raise TypeError(
            message(
                "set_default_tensor_type: no such class",
                expected="FloatTensor, DoubleTensor, HalfTensor or BFloat16Tensor",
                got=repr(t),
            )
        )
    set_default_dtype(found.dtype)
