"""Tensors from Python values and from arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.shapes import size_arguments
from flambeau.tensor.device import check_device
from flambeau.tensor.dispatch import wrap
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

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[1, 2], [3, 4]])
        tensor([[1, 2],
                [3, 4]])
    """
    check_device("tensor", device)
    array = array_of(data, None if dtype is None else dtypes.as_numpy(dtype), copy=True)
    result = wrap(array)
    if requires_grad:
        result.requires_grad = True
    return result


def array_of(data: Any, numpy_type: np.dtype | None, copy: bool) -> np.ndarray:
    """An array of what a user gave as data, by PyTorch's rules for its type."""
    if isinstance(data, Tensor):
        array = data._array
    elif isinstance(data, (np.ndarray, np.generic)):
        array = np.asarray(data)
        dtypes.of(array.dtype)
    elif isinstance(data, (bool, int, float, complex)):
        return np.asarray(data, numpy_type or dtypes.of_number(data).numpy)
    else:
        return _from_sequence(data, numpy_type)
    if numpy_type is not None and array.dtype != numpy_type:
        return array.astype(numpy_type)
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    return array.copy() if copy else array


def _from_sequence(data: Any, numpy_type: np.dtype | None) -> np.ndarray:
    values, found = _plain(data)
    try:
        array = np.array(values, numpy_type or found)
    except OverflowError:
        raise RuntimeError(
            message("tensor: a value does not fit", expected=f"values of {numpy_type}")
        ) from None
    except (ValueError, TypeError) as error:
        problem = "tensor: rows have different lengths or hold something that is no number"
        raise type(error)(
            message(problem, expected="nested sequences of numbers, all rows alike", got=str(error))
        ) from None
    return array


def _plain(data: Any) -> tuple[Any, np.dtype]:
    """Nested lists of numbers, and the type they have together."""
    kinds: set[Any] = set()

    def walk(x: Any) -> Any:
        if isinstance(x, Tensor):
            kinds.add(x._array.dtype)
            return x.tolist()
        if isinstance(x, (np.ndarray, np.generic)):
            kinds.add(x.dtype)
            return x.tolist()
        if isinstance(x, (str, bytes, dict, set)) or not hasattr(x, "__len__"):
            kinds.add(dtypes.of_number(_number(x)))
            return _number(x)
        return [walk(item) for item in x]

    values = walk(data)
    if not kinds:
        return values, dtypes.get_default_dtype().numpy
    common = None
    for kind in kinds:
        each = kind if isinstance(kind, dtypes.dtype) else dtypes.of(kind)
        common = each if common is None else dtypes.promote_types(common, each)
    assert common is not None
    return values, common.numpy


def _number(x: Any) -> Any:
    if isinstance(x, (bool, int, float, complex)):
        return x
    for convert in ("__index__", "__float__"):
        if hasattr(x, convert):
            return getattr(x, convert)()
    raise TypeError(
        message("tensor: not a number", expected="numbers", got=f"{x!r} of {type(x).__name__}")
    )


def legacy_tensor(cls: type, *args: Any, **kwargs: Any) -> Tensor:
    """``Tensor(2, 3)`` is uninitialised, ``Tensor([2, 3])`` holds data; both of the default type."""
    check_device("Tensor", kwargs.get("device"))
    kind = dtypes.get_default_dtype().numpy
    if len(args) == 1 and not isinstance(args[0], (int, tuple)):
        return wrap(array_of(args[0], kind, copy=not isinstance(args[0], Tensor)))
    if len(args) == 1 and isinstance(args[0], tuple) and type(args[0]) is tuple:
        return wrap(array_of(args[0], kind, copy=True))
    return wrap(np.empty(size_arguments("Tensor", args), kind))


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor that shares the memory of a NumPy array: a change of one is seen in the other.

    Raises:
        TypeError: if it is not an array, or of a type that tensors cannot hold.

    Example:
        >>> import flambeau as fb, numpy as np
        >>> fb.from_numpy(np.eye(2))
        tensor([[1., 0.],
                [0., 1.]], dtype=torch.float64)
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(
            message("from_numpy: not an array", expected="a numpy.ndarray", got=type(array).__name__)
        )
    dtypes.of(array.dtype)
    if not array.dtype.isnative:
        raise TypeError(
            message("from_numpy: foreign byte order", help="array.astype(array.dtype.newbyteorder('='))")
        )
    return wrap(array.view(np.ndarray))
