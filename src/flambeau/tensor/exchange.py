"""The same memory in other libraries: NumPy's protocols and DLPack."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.memory import address
from flambeau.tensor.device import check_device
from flambeau.tensor.dispatch import method, wrap
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.tensor import Tensor


@method()
def numpy(self: Tensor, *, force: bool = False) -> np.ndarray:
    """A NumPy array over the same memory: a change of one is seen in the other.

    Args:
        force: detach a tensor that requires a gradient, rather than refuse it.

    Raises:
        RuntimeError: for a tensor that requires a gradient.
        TypeError: for bfloat16, which NumPy does not have.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1., 2.]).numpy()
        array([1., 2.], dtype=float32)
    """
    if MODE.code & INTERPRETED:
        MODE.interpreter.read_value(self, "a conversion to NumPy")
    if not force and self.requires_grad:
        raise RuntimeError(
            message(
                "numpy: a tensor that requires a gradient cannot become an array",
                expected="a tensor that requires no gradient",
                got="one whose changes would go unnoticed",
                help="use x.detach().numpy(), or x.numpy(force=True)",
            )
        )
    array = self._array
    if array.dtype == dtypes.bfloat16.numpy:
        raise TypeError(
            message(
                "numpy: NumPy has no type for bfloat16",
                expected="another type",
                got="torch.bfloat16",
                help="use x.float().numpy()",
            )
        )
    return array.view()


@method("__array__")
def _array_protocol(self: Tensor, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
    """What ``np.asarray(x)`` calls."""
    array = numpy(self)
    if dtype is not None and array.dtype != dtype:
        if copy is False:
            raise ValueError(
                message(
                    "array: another type needs a copy", expected=str(array.dtype), got=str(dtype)
                )
            )
        return array.astype(dtype)
    return array.copy() if copy else array


@method("__array_wrap__")
def _array_wrap(
    self: Tensor, array: np.ndarray, context: Any = None, return_scalar: bool = False
) -> Tensor:
    """What a NumPy function calls on its result: ``np.sin(x)`` is a tensor.

    Truth values come as uint8, as in PyTorch.
    """
    if array.dtype == np.bool_:
        array = array.astype(np.uint8)
    return wrap(np.asarray(array))


# --- DLPack ---------------------------------------------------------------------------------------


@method("__array_namespace__")
def _array_namespace(self: Tensor, *, api_version: str | None = None) -> Any:
    """The functions of the array API standard: :mod:`flambeau.array_api`.

    Raises:
        ValueError: for a version other than ``"2024.12"`` and those it includes.
    """
    if api_version not in _STANDARDS:
        raise ValueError(
            message(
                "__array_namespace__: no such version of the standard",
                expected="one of " + ", ".join(str(v) for v in _STANDARDS[1:]) + ", or None",
                got=repr(api_version),
            )
        )
    return import_module("flambeau.array_api")


_STANDARDS = (None, "2021.12", "2022.12", "2023.12", "2024.12")


@method("to_device")
def _to_device(self: Tensor, device: Any, /, *, stream: Any = None) -> Tensor:
    """The tensor itself: there is no other device.

    Raises:
        RuntimeError: for another device.
    """
    check_device("to_device", device)
    return self


@method("__dlpack__")
def _dlpack(
    self: Tensor,
    *,
    stream: Any = None,
    max_version: tuple[int, int] | None = None,
    dl_device: Any = None,
    copy: bool | None = None,
) -> Any:
    """A DLPack capsule over this tensor's memory.

    Raises:
        BufferError: for tensors that require a gradient, and types without a DLPack code.
    """
    if MODE.code & INTERPRETED:
        MODE.interpreter.read_value(self, "its memory (DLPack)")
    if self.requires_grad:
        raise BufferError(
            message(
                "dlpack: a tensor that requires a gradient cannot be handed over",
                expected="a tensor that requires no gradient",
                got="one that does",
                help="use x.detach()",
            )
        )
    array = self._array
    if array.dtype == dtypes.bfloat16.numpy:
        raise BufferError(
            message(
                "dlpack: bfloat16 cannot be handed over",
                expected="a type that NumPy has",
                got="torch.bfloat16",
                help="use x.view(flambeau.int16), or x.float()",
            )
        )
    options = {"dl_device": dl_device, "copy": copy, "max_version": max_version, "stream": stream}
    return array.__dlpack__(**{k: v for k, v in options.items() if v is not None})


@method("__dlpack_device__")
def _dlpack_device(self: Tensor) -> tuple[int, int]:
    """DLPack's number for the CPU."""
    return (1, 0)


class _Capsule:
    """An object with the DLPack protocol around a bare capsule."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack__(self, **options: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor over the memory of another library's array.

    Args:
        ext_tensor: an object with the DLPack protocol, or a DLPack capsule.
        device: the CPU.
        copy: ``True`` to copy, ``False`` to refuse to, ``None`` to share where possible.

    Raises:
        BufferError: if the memory is not on the CPU or of a type that NumPy does not have.
        TypeError: for an object without the protocol.

    Example:
        >>> import flambeau as fb, numpy as np
        >>> array = np.zeros(2)
        >>> x = fb.from_dlpack(array); array[1] = 3; x
        tensor([0., 3.], dtype=torch.float64)
    """
    if type(ext_tensor).__name__ == "PyCapsule":
        ext_tensor = _Capsule(ext_tensor)
    if not hasattr(ext_tensor, "__dlpack__"):
        raise TypeError(
            message(
                "from_dlpack: the object has no DLPack protocol",
                expected="an object with __dlpack__ and __dlpack_device__",
                got=type(ext_tensor).__name__,
            )
        )
    if isinstance(ext_tensor, np.ndarray):
        array = ext_tensor.copy() if copy else ext_tensor
    else:
        array = _read_dlpack(ext_tensor)
        array = array.copy() if copy else array
    dtypes.of(array.dtype)
    return wrap(array)


def _read_dlpack(source: Any) -> np.ndarray:
    array = np.from_dlpack(source)
    if isinstance(source, _Capsule) and not array.flags.writeable and array.size:
        return _writeable(array)
    return array


def _writeable(array: np.ndarray) -> np.ndarray:
    """The same memory as NumPy may write to it.

    A bare capsule follows the first version of the protocol, in which nobody says whether the
    memory may be written to; NumPy then says no, and every deep-learning library says yes.
    """
    import ctypes

    reach = sum((n - 1) * s for n, s in zip(array.shape, array.strides)) + array.itemsize
    memory = (ctypes.c_char * reach).from_address(address(array))
    memory.owner = array  # the producer keeps the memory as long as this array lives
    return np.ndarray(array.shape, array.dtype, memory, 0, array.strides)  # pyright: ignore[reportArgumentType]


def to_dlpack(tensor: Tensor) -> Any:
    """A DLPack capsule over a tensor's memory.

    Raises:
        BufferError: for tensors that require a gradient.
    """
    return tensor.__dlpack__()  # type: ignore[attr-defined]
