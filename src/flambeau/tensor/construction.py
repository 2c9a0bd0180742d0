"""Tensors from Python values, arrays and buffers."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.shapes import Size, size_arguments
from flambeau.tensor.device import check_device
from flambeau.tensor.dispatch import wrap
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.sequences import array_of_sequence
from flambeau.tensor.tensor import Tensor


def tensor(
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A tensor with a copy of ``data``.

    Args:
        data: numbers, nested sequences of them, an array, or a tensor.
        dtype: the type; found from the data if not given (Python floats take the default type).
        device: the CPU.
        requires_grad: whether a gradient is wanted.
        pin_memory: a selector without effect: there is one kind of memory.

    Raises:
        ValueError: if rows have different lengths.
        TypeError: if something in ``data`` is not a number.
        RuntimeError: if a number does not fit the type, or an integer tensor would require a
            gradient.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[1, 2], [3, 4]])
        tensor([[1, 2],
                [3, 4]])
    """
    if device is not None:
        check_device("tensor", device)
    kind = None if dtype is None else dtypes.as_numpy(dtype)
    if isinstance(data, Tensor):
        warnings.warn(
            "tensor: to copy a tensor, use x.detach().clone(), or "
            "x.detach().clone().requires_grad_(True), rather than flambeau.tensor(x)",
            UserWarning,
            stacklevel=2,
        )
        result = _copy_of(data, kind)
    else:
        interpreted = MODE.code & INTERPRETED
        result = wrap(array_of(data, kind, copy=not interpreted))
        if interpreted:  # it makes the copy: a compiled function a new one at each call
            result = MODE.interpreter.fresh(result)
    if requires_grad:
        result.requires_grad = True
    return result


def _copy_of(data: Tensor, kind: np.dtype | None) -> Tensor:
    source = data.detach()
    if kind is not None and kind != source._array.dtype:
        return source.to(dtypes.of(kind))  # type: ignore[attr-defined]
    return source.clone()  # type: ignore[attr-defined]


def array_of(data: Any, numpy_type: np.dtype | None, copy: bool) -> np.ndarray:
    """An array of what a user gave as data, by PyTorch's rules for its type.

    Args:
        data: numbers, nested sequences of them, an array, or a tensor.
        numpy_type: the type; found from the data if not given.
        copy: whether memory may not be shared with ``data``.
    """
    kind = data.__class__
    if kind is float or kind is int or kind is bool:
        return _of_number(data, numpy_type)
    if kind is list or kind is tuple:
        return array_of_sequence(data, numpy_type)
    if isinstance(data, Tensor):
        array = data._array
    elif isinstance(data, (np.ndarray, np.generic)):
        array = np.asarray(data)
        dtypes.of(array.dtype)
    elif isinstance(data, (bool, int, float, complex)):
        return _of_number(data, numpy_type)
    elif hasattr(data, "__array__") or hasattr(data, "__array_interface__"):
        array = np.asarray(data)
        dtypes.of(array.dtype)
    elif isinstance(data, (str, bytes)):
        raise TypeError(message("tensor: text is no number", expected="numbers", got=repr(data)))
    else:
        return array_of_sequence(data, numpy_type)
    if numpy_type is not None and array.dtype != numpy_type:
        return array.astype(numpy_type)
    if not array.dtype.isnative:
        return dtypes.interned(array.astype(array.dtype.newbyteorder("=")))
    return dtypes.interned(array.copy() if copy else array)


def _of_number(data: Any, numpy_type: np.dtype | None) -> np.ndarray:
    return array_of_sequence([data], numpy_type).reshape(())


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """A tensor of ``data`` that shares its memory where it can.

    Args:
        data: a tensor (returned as it is where its type is right, with its history), an array
            (shares memory where its type is right), or numbers and sequences of them.
        dtype: the type; found from the data if not given.
        device: the CPU.

    Raises:
        TypeError: if something in ``data`` is not a number.

    Example:
        >>> import flambeau as fb, numpy as np
        >>> array = np.zeros(2)
        >>> x = fb.as_tensor(array); array[0] = 5; x
        tensor([5., 0.], dtype=torch.float64)
    """
    check_device("as_tensor", device)
    kind = None if dtype is None else dtypes.as_numpy(dtype)
    if isinstance(data, Tensor):
        if kind is None or kind == data._array.dtype:
            return data
        return data.to(dtypes.of(kind))  # type: ignore[attr-defined]
    array = array_of(data, kind, copy=False)
    _check_strides("as_tensor", array)
    return wrap(array)


def asarray(
    obj: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor of any object: shares memory where it can, or as ``copy`` says.

    Args:
        obj: a tensor, an array, an object with the DLPack or buffer protocol, or numbers and
            sequences of them.
        dtype: the type; found from the object if not given.
        device: the CPU.
        copy: ``True`` to always copy, ``False`` to refuse to, ``None`` to copy where needed.
        requires_grad: whether a gradient is wanted; a tensor that has one is detached if not.

    Raises:
        ValueError: if ``copy`` is ``False`` and a copy would be needed.

    Example:
        >>> import flambeau as fb
        >>> fb.asarray([1., 2.], requires_grad=True)
        tensor([1., 2.], requires_grad=True)
    """
    check_device("asarray", device)
    kind = None if dtype is None else dtypes.as_numpy(dtype)
    result = _shared(obj, kind)
    if result is None or (kind is not None and result._array.dtype != kind):
        if copy is False:
            raise ValueError(
                message(
                    "asarray: the memory cannot be shared",
                    expected="an array or buffer of the type that is asked for",
                    got=f"{type(obj).__name__}",
                    help="leave copy=False away",
                )
            )
        result = (
            wrap(array_of(obj, kind, copy=False))
            if result is None
            else (
                result.to(dtypes.of(kind))  # type: ignore[attr-defined,arg-type]
            )
        )
    elif copy:
        result = result.clone()  # type: ignore[attr-defined]
    if requires_grad and not result.requires_grad:
        result.requires_grad = True
    return result


def _shared(obj: Any, kind: np.dtype | None) -> Tensor | None:
    """A tensor over the memory of an object, or ``None`` if it has no memory of numbers."""
    if isinstance(obj, Tensor):
        return obj
    if isinstance(obj, np.ndarray):
        return from_numpy(obj)
    if isinstance(obj, np.generic):
        return wrap(np.asarray(obj))
    if hasattr(obj, "__dlpack__"):
        from flambeau.tensor.exchange import from_dlpack

        return from_dlpack(obj)
    if isinstance(obj, (bytes, bytearray, memoryview)):
        return frombuffer(
            obj, dtype=dtypes.get_default_dtype() if kind is None else dtypes.of(kind)
        )
    return None


def legacy_tensor(name: str, kind: np.dtype, args: tuple[Any, ...], device: Any) -> Tensor:
    """``Tensor(2, 3)`` has these sizes, ``Tensor([2, 3])`` these values; of type ``kind``."""
    check_device(name, device)
    if len(args) == 1 and not isinstance(args[0], (int, Size)):
        if isinstance(args[0], (float, complex)):
            raise TypeError(
                message(
                    f"{name}: data must be a sequence",
                    expected="sizes, or a sequence of numbers",
                    got=repr(args[0]),
                    help="use flambeau.tensor(...) for a number",
                )
            )
        if isinstance(args[0], Tensor):
            return args[0].detach()
        return wrap(array_of(args[0], kind, copy=True))
    return wrap(np.zeros(size_arguments(name, args) if args else (0,), kind))


def from_numpy(ndarray: np.ndarray) -> Tensor:
    """A tensor that shares the memory of a NumPy array: a change of one is seen in the other.

    Args:
        ndarray: the array; a read-only one makes a tensor that refuses to be changed.

    Raises:
        TypeError: if it is not an array, or of a type that tensors cannot hold.
        ValueError: for negative strides and foreign byte order.

    Example:
        >>> import flambeau as fb, numpy as np
        >>> fb.from_numpy(np.eye(2))
        tensor([[1., 0.],
                [0., 1.]], dtype=torch.float64)
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(
            message(
                "from_numpy: not an array", expected="a numpy.ndarray", got=type(ndarray).__name__
            )
        )
    dtypes.of(ndarray.dtype)
    if not ndarray.dtype.isnative:
        raise ValueError(
            message(
                "from_numpy: foreign byte order",
                expected="an array in this machine's byte order",
                got=str(ndarray.dtype),
                help="array.astype(array.dtype.newbyteorder('='))",
            )
        )
    _check_strides("from_numpy", ndarray)
    return wrap(dtypes.interned(ndarray.view(np.ndarray)))


def _check_strides(name: str, array: np.ndarray) -> None:
    itemsize = array.dtype.itemsize
    if array.flags.forc:
        return
    for stride in array.strides:
        if stride < 0:
            raise ValueError(
                message(
                    f"{name}: tensors have no negative strides",
                    expected="an array whose strides are at least 0",
                    got=f"strides {array.strides}",
                    help="copy it first: array.copy()",
                )
            )
        if stride % itemsize:
            raise ValueError(
                message(
                    f"{name}: strides must be multiples of the element's size",
                    expected=f"multiples of {itemsize}",
                    got=f"strides {array.strides}",
                    help="copy it first: array.copy()",
                )
            )


def frombuffer(
    buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """A tensor over the memory of an object with the buffer protocol.

    Args:
        buffer: ``bytes``, ``bytearray``, ``memoryview``, ``mmap`` and the like.
        dtype: how its bytes are read.
        count: how many elements; all from ``offset`` on for -1.
        offset: how many bytes to leave out at the start.
        requires_grad: whether a gradient is wanted.

    Raises:
        ValueError: if the buffer is empty, too short, or no multiple of the element's size.

    Example:
        >>> import flambeau as fb
        >>> fb.frombuffer(bytearray([1, 2, 3, 4]), dtype=fb.uint8, offset=2)
        tensor([3, 4], dtype=torch.uint8)
    """
    kind = dtypes.as_numpy(dtype)
    length = memoryview(buffer).nbytes
    if length == 0 or count == 0:
        raise ValueError(
            message("frombuffer: nothing to read", expected="a buffer with bytes", got=f"{length}")
        )
    rest = length - offset
    whole = count if count > 0 else rest // kind.itemsize
    if (
        offset < 0
        or rest <= 0
        or whole * kind.itemsize > rest
        or (count < 0 and rest % kind.itemsize)
    ):
        raise ValueError(
            message(
                "frombuffer: the buffer does not hold the elements",
                expected=f"{'a multiple' if count < 0 else str(count) + ' times'} of "
                f"{kind.itemsize} bytes from the offset on",
                got=f"{length} bytes, offset {offset}",
            )
        )
    result = wrap(np.frombuffer(buffer, kind, whole, offset))
    if requires_grad:
        result.requires_grad = True
    return result
