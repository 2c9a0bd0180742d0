"""Data types with PyTorch's names, and PyTorch's promotion rules.

A :class:`dtype` is a thin name around a NumPy data type. Arrays carry NumPy's object, users see
ours; :func:`of` goes from one to the other.
"""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

from flambeau.core.errors import message
from flambeau.core.number import concrete

# The order of categories is the order of promotion: a value of a later category wins.
BOOL, INTEGER, FLOATING, COMPLEX = range(4)

# Printed names keep PyTorch's prefix: programs and their recorded outputs compare equal.
NAME_PREFIX = "torch."


class dtype:
    """A tensor's data type, such as ``flambeau.float32``.

    Attributes:
        itemsize: bytes per element.
        is_floating_point: whether it is float16, bfloat16, float32 or float64.
        is_complex: whether it is complex64 or complex128.
        is_signed: whether it can hold negative numbers.

    Example:
        >>> import flambeau as fb
        >>> fb.float64.itemsize, fb.int32.is_floating_point
        (8, False)
    """

    __slots__ = ("__weakref__", "category", "itemsize", "name", "numpy")

    def __init__(self, name: str, numpy_type: Any, category: int) -> None:
        self.name = name
        self.numpy = np.dtype(numpy_type)
        self.category = category
        self.itemsize = self.numpy.itemsize

    @property
    def is_floating_point(self) -> bool:
        """Whether values are real floating-point numbers."""
        return self.category == FLOATING

    @property
    def is_complex(self) -> bool:
        """Whether values are complex numbers."""
        return self.category == COMPLEX

    @property
    def is_signed(self) -> bool:
        """Whether values can be negative."""
        return self.category >= FLOATING or self.numpy.kind == "i"

    def to_real(self) -> dtype:
        """The type of the real part of a value of this type."""
        return {complex64: float32, complex128: float64}.get(self, self)

    def to_complex(self) -> dtype:
        """The complex type whose parts have this type (at least 64 bits in all)."""
        return complex128 if self is float64 or self is complex128 else complex64

    def __repr__(self) -> str:
        return NAME_PREFIX + self.name

    def __reduce__(self) -> tuple[Any, ...]:
        return by_name, (self.name,)


bool_ = dtype("bool", np.bool_, BOOL)
uint8 = dtype("uint8", np.uint8, INTEGER)
int8 = dtype("int8", np.int8, INTEGER)
int16 = dtype("int16", np.int16, INTEGER)
int32 = dtype("int32", np.int32, INTEGER)
int64 = dtype("int64", np.int64, INTEGER)
uint16 = dtype("uint16", np.uint16, INTEGER)
uint32 = dtype("uint32", np.uint32, INTEGER)
uint64 = dtype("uint64", np.uint64, INTEGER)
float16 = dtype("float16", np.float16, FLOATING)
bfloat16 = dtype("bfloat16", ml_dtypes.bfloat16, FLOATING)
float32 = dtype("float32", np.float32, FLOATING)
float64 = dtype("float64", np.float64, FLOATING)
complex64 = dtype("complex64", np.complex64, COMPLEX)
complex128 = dtype("complex128", np.complex128, COMPLEX)

ALL = (
    bool_, uint8, int8, int16, int32, int64, uint16, uint32, uint64,
    float16, bfloat16, float32, float64, complex64, complex128,
)  # fmt: skip

# PyTorch's second names.
ALIASES = {
    "half": float16, "float": float32, "double": float64, "cfloat": complex64,
    "cdouble": complex128, "short": int16, "int": int32, "long": int64,
}  # fmt: skip

_BY_NAME = {d.name: d for d in ALL} | ALIASES
_BY_NUMPY = {d.numpy: d for d in ALL}


def by_name(name: str) -> dtype:
    """The data type called ``name``, with or without a prefix such as ``torch.``."""
    return _BY_NAME[name.rsplit(".", 1)[-1]]


def of(numpy_type: np.dtype) -> dtype:
    """The :class:`dtype` around a NumPy data type.

    Raises:
        TypeError: if tensors cannot hold that type.
    """
    found = _BY_NUMPY.get(numpy_type)
    if found is None and numpy_type.isbuiltin != 1:
        found = _BY_NUMPY.get(numpy_type.newbyteorder("="))
    if found is None:
        raise TypeError(
            message(
                "dtype: NumPy's type has no counterpart",
                expected="bool, an integer, float16, bfloat16, float32, float64 or complex type",
                got=str(numpy_type),
                help="convert the array first, for example with array.astype('float32')",
            )
        )
    return found


def interned(array: np.ndarray) -> np.ndarray:
    """The array with the one object that stands for its data type.

    Operations compare data types by identity, and arrays that were unpickled or swapped to this
    machine's byte order have equal copies of them.
    """
    kind = of(array.dtype).numpy
    return array if array.dtype is kind else array.view(kind)


def as_numpy(d: Any) -> np.dtype:
    """NumPy's data type for ours, for a Python type, or for anything NumPy understands."""
    if d.__class__ is dtype:
        return d.numpy
    if d is float:
        return float64.numpy
    if d is complex:
        return complex128.numpy
    if d is int:
        return int64.numpy
    if d is bool:
        return bool_.numpy
    raise TypeError(
        message(
            "dtype: not a data type",
            expected="a data type such as flambeau.float32",
            got=f"{d!r} of type {type(d).__name__}",
        )
    )


# --- the default type -------------------------------------------------------------------------

_default = float32


def set_default_dtype(d: dtype) -> None:
    """Set the type that Python floats become.

    Args:
        d: float16, bfloat16, float32 or float64.

    Raises:
        TypeError: if ``d`` is not a floating-point type.

    Example:
        >>> import flambeau as fb
        >>> fb.set_default_dtype(fb.float64)
        >>> fb.tensor(1.5).dtype
        torch.float64
        >>> fb.set_default_dtype(fb.float32)
    """
    global _default
    if d.__class__ is not dtype or d.category != FLOATING:
        raise TypeError(
            message(
                "set_default_dtype: only floating-point types can be the default",
                expected="float16, bfloat16, float32 or float64",
                got=repr(d),
            )
        )
    _default = d


def get_default_dtype() -> dtype:
    """The type that Python floats become, float32 unless it was set.

    Example:
        >>> import flambeau as fb
        >>> fb.get_default_dtype()
        torch.float32
    """
    return _default


def get_default_complex() -> dtype:
    """The type that Python complex numbers become."""
    return complex128 if _default is float64 else complex64


# --- promotion --------------------------------------------------------------------------------

_UNSIGNED_WIDE = {uint16, uint32, uint64}


def _promote(a: dtype, b: dtype) -> dtype:
    if a is b:
        return a
    low, high = (a, b) if a.category <= b.category else (b, a)
    if low.category == BOOL:
        return high
    if high.category == COMPLEX:
        return complex128 if float64 in (low, high) or complex128 in (low, high) else complex64
    if high.category == FLOATING:
        if low.category == INTEGER:
            return high
        if a.itemsize != b.itemsize:
            return a if a.itemsize > b.itemsize else b
        return float32  # float16 with bfloat16: neither holds the other
    if low in _UNSIGNED_WIDE or high in _UNSIGNED_WIDE:
        return _promote_unsigned(low, high)
    return of(np.promote_types(low.numpy, high.numpy))


def _promote_unsigned(a: dtype, b: dtype) -> dtype:
    """uint16, uint32 and uint64 meet unsigned types only, as in PyTorch."""
    if a.numpy.kind == b.numpy.kind:
        return a if a.itemsize > b.itemsize else b
    raise RuntimeError(
        message(
            "promote_types: no common type",
            expected="two unsigned integer types, or a floating-point type beside them",
            got=f"{a} and {b}",
            help="convert one of them with .to(dtype)",
        )
    )


_PROMOTIONS: dict[tuple[dtype, dtype], dtype] = {}


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest type that both types convert to without changing category.

    Args:
        type1: a data type.
        type2: a data type.

    Raises:
        RuntimeError: if there is none (uint16, uint32 or uint64 with a signed integer).

    Example:
        >>> import flambeau as fb
        >>> fb.promote_types(fb.int32, fb.float16), fb.promote_types(fb.uint8, fb.int8)
        (torch.float16, torch.int16)
    """
    found = _PROMOTIONS.get((type1, type2))
    if found is None:
        found = _PROMOTIONS[type1, type2] = _promote(type1, type2)
    return found


def of_number(value: Any) -> dtype:
    """The type a Python number becomes when it stands alone."""
    value = concrete(value)
    if value.__class__ is bool or isinstance(value, bool):
        return bool_
    if isinstance(value, int):
        return int64
    if isinstance(value, float):
        return _default
    if isinstance(value, complex):
        return get_default_complex()
    raise TypeError(
        message("dtype: not a number", expected="a bool, int, float or complex", got=repr(value))
    )


def _combine(higher: dtype | None, lower: dtype | None) -> dtype | None:
    """A higher-priority operand keeps its type unless a lower one has a later category."""
    if higher is None or lower is None:
        return higher if lower is None else lower
    if higher.category >= lower.category:
        return higher
    if higher.category == FLOATING:  # the other is complex
        return higher.to_complex()
    return promote_types(higher, lower)


def result_numpy(operands: Any) -> np.dtype:
    """NumPy's data type of an elementwise result, by PyTorch's rules.

    Tensors with dimensions decide first, then 0-d tensors, then Python numbers; a later group
    only matters when its category (bool < integer < floating < complex) is higher.

    Args:
        operands: things with ``dtype`` and ``ndim`` (arrays, symbols), or Python numbers.
    """
    groups: list[dtype | None] = [None, None, None]
    for x in operands:
        if hasattr(x, "ndim"):
            index, d = (0 if x.ndim else 1), of(x.dtype)
        else:
            index, d = 2, of_number(x)
        present = groups[index]
        groups[index] = d if present is None else promote_types(present, d)
    result = _combine(groups[0], _combine(groups[1], groups[2]))
    assert result is not None
    return result.numpy


def as_floating(numpy_type: np.dtype) -> np.dtype:
    """The type in which a function such as ``exp`` is computed: integers become the default."""
    return _default.numpy if of(numpy_type).category <= INTEGER else numpy_type


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether a result of one type may be stored in another: a category never falls.

    Example:
        >>> import flambeau as fb
        >>> fb.can_cast(fb.float64, fb.float32), fb.can_cast(fb.float32, fb.int64)
        (True, False)
    """
    if from_.category == INTEGER and to.category == INTEGER:
        return True
    return from_.category <= to.category
