"""One element of an elementwise operation, written once for every machine.

An operation's record states what it does to one element as a function of a *builder* and of
values::

    lambda s, x, y: x * s.exp(-y)
    lambda s, x: s.where(x > 0, x, 0.0)

The builder decides what that means: :class:`flambeau.core.scalar_numpy.NumPyBuilder` computes
with arrays at once, the compiler's writes vector instructions. A new machine is a subclass of
:class:`flambeau.core.scalar_builder.ScalarBuilder` with eight methods.

Rules that hold for every builder:

- Both operands of an operation have the same data type; a Python number takes the type of the
  other operand. There is no promotion: records say ``s.cast(x, dtype)``.
- float16 and bfloat16 are for storage: arithmetic reads them as float32 and gives float32.
  ``s.rounded(x, "bfloat16")`` rounds a float32 as storing it would.
- Integers wrap. Division by the integer zero gives zero, as NumPy does.
- Comparisons give ``bool``.
"""

from __future__ import annotations

from typing import Any, Self

FLOATING = ("float32", "float64")
STORED_FLOATING = ("float16", "bfloat16")
SIGNED = ("int8", "int16", "int32", "int64")
UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
INTEGERS = SIGNED + UNSIGNED
DTYPES = ("bool", *INTEGERS, *STORED_FLOATING, *FLOATING)
BITS = {
    "bool": 1, "int8": 8, "uint8": 8, "int16": 16, "uint16": 16, "float16": 16, "bfloat16": 16,
    "int32": 32, "uint32": 32, "float32": 32, "int64": 64, "uint64": 64, "float64": 64,
}  # fmt: skip


def dtype_name(dtype: Any) -> str:
    """The name of a data type given by name, as NumPy's or as ours.

    Raises:
        TypeError: if elements cannot have that type.
    """
    name = dtype if dtype.__class__ is str else getattr(dtype, "name", None)
    if name not in BITS:
        raise TypeError(f"scalar: elements cannot have the type {dtype!r}")
    return name


# A value, or a Python number beside one.
Operand = Any


class Scalar:
    """A value in an element expression; operators ask the builder that made it.

    Attributes:
        builder: the builder.
        dtype: the name of its data type, such as ``"float32"``.
    """

    __slots__ = ("builder", "dtype")

    builder: Any
    dtype: str

    def __add__(self, other: Operand) -> Self:
        return self.builder.add(self, other)

    def __radd__(self, other: Operand) -> Self:
        return self.builder.add(other, self)

    def __sub__(self, other: Operand) -> Self:
        return self.builder.sub(self, other)

    def __rsub__(self, other: Operand) -> Self:
        return self.builder.sub(other, self)

    def __mul__(self, other: Operand) -> Self:
        return self.builder.mul(self, other)

    def __rmul__(self, other: Operand) -> Self:
        return self.builder.mul(other, self)

    def __truediv__(self, other: Operand) -> Self:
        return self.builder.div(self, other)

    def __rtruediv__(self, other: Operand) -> Self:
        return self.builder.div(other, self)

    def __floordiv__(self, other: Operand) -> Self:
        return self.builder.floor_divide(self, other)

    def __rfloordiv__(self, other: Operand) -> Self:
        return self.builder.floor_divide(other, self)

    def __mod__(self, other: Operand) -> Self:
        return self.builder.remainder(self, other)

    def __rmod__(self, other: Operand) -> Self:
        return self.builder.remainder(other, self)

    def __pow__(self, other: Operand) -> Self:
        return self.builder.pow(self, other)

    def __rpow__(self, other: Operand) -> Self:
        return self.builder.pow(other, self)

    def __neg__(self) -> Self:
        return self.builder.neg(self)

    def __abs__(self) -> Self:
        return self.builder.abs(self)

    def __and__(self, other: Operand) -> Self:
        return self.builder.bitwise_and(self, other)

    def __rand__(self, other: Operand) -> Self:
        return self.builder.bitwise_and(other, self)

    def __or__(self, other: Operand) -> Self:
        return self.builder.bitwise_or(self, other)

    def __ror__(self, other: Operand) -> Self:
        return self.builder.bitwise_or(other, self)

    def __xor__(self, other: Operand) -> Self:
        return self.builder.bitwise_xor(self, other)

    def __rxor__(self, other: Operand) -> Self:
        return self.builder.bitwise_xor(other, self)

    def __invert__(self) -> Self:
        return self.builder.bitwise_not(self)

    def __lshift__(self, other: Operand) -> Self:
        return self.builder.shift_left(self, other)

    def __rshift__(self, other: Operand) -> Self:
        return self.builder.shift_right(self, other)

    def __lt__(self, other: Operand) -> Self:
        return self.builder.less(self, other)

    def __le__(self, other: Operand) -> Self:
        return self.builder.less_equal(self, other)

    def __gt__(self, other: Operand) -> Self:
        return self.builder.greater(self, other)

    def __ge__(self, other: Operand) -> Self:
        return self.builder.greater_equal(self, other)

    def __eq__(self, other: Operand) -> Self:  # type: ignore[override]
        return self.builder.equal(self, other)

    def __ne__(self, other: Operand) -> Self:  # type: ignore[override]
        return self.builder.not_equal(self, other)

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise TypeError("scalar: the truth of an element is not known here; use s.where(...)")
