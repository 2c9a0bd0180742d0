"""Arrays from nested Python sequences, with the type that PyTorch finds for them."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.tensor.tensor import Tensor

_NESTING = {list, tuple}
_PLAIN = {bool, int, float, complex}


def array_of_sequence(data: Any, numpy_type: np.dtype | None) -> np.ndarray:
    """An array of nested sequences of numbers.

    Args:
        data: lists, tuples and other sequences of numbers, arrays and one-element tensors.
        numpy_type: the type; found from the numbers if not given.

    Raises:
        ValueError: if rows have different lengths, or an integer does not fit 64 bits.
        TypeError: for a mixture of numbers and sequences, and for text.
        RuntimeError: for what is no number, or a number that the type cannot hold.
    """
    if not isinstance(data, (list, tuple)):
        data = _as_list(data)
    level, depth = data, 1
    kinds = set(map(type, level))
    while kinds and kinds <= _NESTING:
        level = list(chain.from_iterable(level))
        kinds = set(map(type, level))
        depth += 1
    if not kinds <= _PLAIN:
        if kinds & _NESTING and kinds & _PLAIN:
            raise _ragged(data)
        data, kinds = _plain(data)
    try:
        return _array(data, level, kinds, numpy_type)
    except (ValueError, TypeError) as error:
        if isinstance(error, ValueError) and "inhomogeneous" not in str(error):
            raise
        raise _ragged(data, type(error)) from None


def _array(data: Any, level: Any, kinds: set[Any], numpy_type: np.dtype | None) -> np.ndarray:
    found = _common(kinds)
    wanted = found if numpy_type is None else numpy_type
    if wanted.kind in "iu":
        return _integers(data, wanted, found)
    if wanted.kind != "c" and found.kind == "c":
        raise TypeError(
            message("tensor: must be real number, not complex", expected="real numbers")
        )
    if wanted.kind == "V" or wanted.itemsize == 2:  # through float32, as NumPy rounds once more
        return np.array(data, np.float64).astype(wanted)
    try:
        return np.array(data, wanted)
    except OverflowError:
        raise _too_long() from None


def _integers(data: Any, wanted: np.dtype, found: np.dtype) -> np.ndarray:
    if found.kind == "c":
        raise TypeError(
            message("tensor: must be real number, not complex", expected="real numbers")
        )
    try:
        values = np.array(data, np.uint64 if wanted == np.uint64 else found)
    except OverflowError:
        raise _too_long() from None
    if values.dtype != wanted and values.size:
        _check_range(values, wanted)
    return values.astype(wanted)


def _check_range(values: np.ndarray, wanted: np.dtype) -> None:
    low, high = values.min(), values.max()
    limits = np.iinfo(wanted)
    least = -int(limits.max) if wanted.kind == "u" else int(limits.min)
    if not (
        np.isfinite(low) and np.isfinite(high) and least <= int(low) and int(high) <= limits.max
    ):
        raise RuntimeError(
            message(
                f"tensor: a value cannot be converted to type {dtypes.of(wanted).name}",
                expected=f"values from {limits.min} to {limits.max}",
                got=f"values from {low} to {high}",
            )
        )


def _common(kinds: set[Any]) -> np.dtype:
    """The type of numbers of these Python types or data types together."""
    if kinds == {float}:
        return dtypes.get_default_dtype().numpy
    common = None
    for kind in kinds:
        each = kind if kind.__class__ is dtypes.dtype else dtypes.of_number(kind())
        common = each if common is None else dtypes.promote_types(common, each)
    return (common or dtypes.get_default_dtype()).numpy


def _plain(data: Any) -> tuple[Any, set[Any]]:
    """Nested lists of Python numbers, and the types that stood there."""
    kinds: set[Any] = set()

    def walk(x: Any) -> Any:
        if isinstance(x, Tensor):
            if x._array.size != 1:
                raise ValueError(
                    message(
                        "tensor: only one element tensors can be converted to Python scalars",
                        expected="tensors of 1 element inside a list",
                        got=f"a tensor of shape {tuple(x._array.shape)}",
                        help="use flambeau.stack to join tensors",
                    )
                )
            kinds.add(x.dtype)
            return x.item()
        if isinstance(x, (np.ndarray, np.generic)):
            kinds.add(dtypes.of(x.dtype))
            return x.tolist()
        if isinstance(x, (bool, int, float, complex)):
            kinds.add(type(x) if type(x) in _PLAIN else _base_of(x))
            return x
        return [walk(item) for item in (x if isinstance(x, (list, tuple)) else _as_list(x))]

    return walk(data), kinds


def _base_of(x: Any) -> type:
    return next(kind for kind in (bool, int, float, complex) if isinstance(x, kind))


def _as_list(x: Any) -> list[Any]:
    if isinstance(x, (str, bytes)):
        error = ValueError if isinstance(x, str) else TypeError
        raise error(message("tensor: text is no number", expected="numbers", got=repr(x)))
    if hasattr(x, "__len__") and hasattr(x, "__getitem__") and not isinstance(x, dict):
        return [x[i] for i in range(len(x))]
    for convert in ("__index__", "__float__"):
        if hasattr(x, convert):
            return getattr(x, convert)()
    raise RuntimeError(
        message(
            f"tensor: could not infer dtype of {type(x).__name__}",
            expected="numbers, or nested sequences of them",
            got=repr(x),
        )
    )


def _ragged(data: Any, error: type = TypeError) -> Exception:
    problem = "tensor: rows have different lengths, or numbers stand beside sequences"
    return error(message(problem, expected="nested sequences, all rows alike", got=_outline(data)))


def _outline(data: Any) -> str:
    text = repr(data)
    return text if len(text) <= 60 else text[:57] + "..."


def _too_long() -> ValueError:
    return ValueError(
        message("tensor: an integer does not fit 64 bits", expected="integers below 2**63")
    )
