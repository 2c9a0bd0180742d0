"""Types of elements: conversion, promotion, questions about them."""

from __future__ import annotations

from functools import reduce
from typing import Any

from flambeau.core import dtypes
from flambeau.core.dtypes import dtype, promote_types
from flambeau.core.errors import message
from flambeau.core.limits import finfo as _finfo
from flambeau.core.limits import iinfo as _iinfo
from flambeau.ops.publish import PUBLIC
from flambeau.tensor.tensor import Tensor

_SCALARS = (bool, int, float, complex)

KINDS: dict[str, tuple[str, ...]] = {
    "bool": ("bool",),
    "signed integer": ("int8", "int16", "int32", "int64"),
    "unsigned integer": ("uint8", "uint16", "uint32", "uint64"),
    "real floating": ("float16", "bfloat16", "float32", "float64"),
    "complex floating": ("complex64", "complex128"),
}
KINDS["integral"] = KINDS["signed integer"] + KINDS["unsigned integer"]
KINDS["numeric"] = KINDS["integral"] + KINDS["real floating"] + KINDS["complex floating"]


def astype(x: Tensor, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Tensor:
    """A copy in another type; ``x`` itself if it has that type and ``copy`` is false."""
    if x.dtype == dtype and not copy:
        return x
    return x.to(dtype, copy=True)  # type: ignore[attr-defined]


def isdtype(dtype: Any, kind: Any) -> bool:
    """Whether a type is of a kind, of one of several, or equal to another type.

    Args:
        dtype: a type of elements.
        kind: ``"bool"``, ``"signed integer"``, ``"unsigned integer"``, ``"integral"``,
            ``"real floating"``, ``"complex floating"``, ``"numeric"``, a type, or a tuple of these.

    Raises:
        ValueError: for another kind.
    """
    if isinstance(kind, tuple):
        return any(isdtype(dtype, each) for each in kind)
    if not isinstance(kind, str):
        return dtype == kind
    if kind not in KINDS:
        raise ValueError(
            message("isdtype: no such kind", expected=", ".join(KINDS), got=repr(kind))
        )
    return dtype.name in KINDS[kind]


def _type_of(x: Any) -> dtype:
    return x.dtype if isinstance(x, Tensor) else x


def can_cast(from_: Any, to: dtype, /) -> bool:
    """Whether promotion leads from a type, or that of an array, to another type."""
    return promote_types(_type_of(from_), to) == to


def result_type(*arrays_and_dtypes: Any) -> dtype:
    """The type to which arrays, types and Python numbers are promoted.

    Raises:
        ValueError: if there is neither an array nor a type.
    """
    known = [_type_of(x) for x in arrays_and_dtypes if not isinstance(x, _SCALARS)]
    if not known:
        raise ValueError(
            message(
                "result_type: nothing has a type",
                expected="an array or a type among the arguments",
                got=f"{len(arrays_and_dtypes)} Python numbers",
            )
        )
    found = reduce(promote_types, known)
    for x in arrays_and_dtypes:
        if isinstance(x, _SCALARS):
            found = _with_scalar(found, x)
    return found


def _with_scalar(found: dtype, x: Any) -> dtype:
    if isinstance(x, complex) and found.category < dtypes.of(dtypes.complex64.numpy).category:
        return dtypes.complex128 if found == dtypes.float64 else dtypes.complex64
    if isinstance(x, float) and found.category < dtypes.FLOATING:
        return dtypes.get_default_dtype()
    return found


def finfo(type: Any, /) -> Any:
    """The limits of a floating-point type, or of an array's."""
    return _finfo(_type_of(type))


def iinfo(type: Any, /) -> Any:
    """The limits of an integer type, or of an array's."""
    return _iinfo(_type_of(type))


def promoted(*operands: Any) -> list[Any]:
    """Arrays and Python numbers as arrays of one type, those without dimensions counted in full."""
    arrays = [x for x in operands if isinstance(x, Tensor)]
    if not arrays:
        return list(operands)
    kind = result_type(*operands)
    return [
        (x if x.dtype == kind else x.to(kind))  # type: ignore[attr-defined]
        if isinstance(x, Tensor)
        else PUBLIC["full"]((), x, dtype=kind)
        for x in operands
    ]
