"""One element of an elementwise operation, written once for every machine.

An operation's record states what it does to one element as a function of a *builder* and of
values::

    lambda s, x, y: x * s.exp(-y)
    lambda s, x: s.where(x > 0, x, 0.0)

The builder decides what that means: :class:`flambeau.core.scalar_numpy.NumPyBuilder` computes
with arrays at once, the compiler's writes vector instructions. A new machine is a subclass of
:class:`ScalarBuilder` with eight methods.

Rules that hold for every builder:

- Both operands of an operation have the same data type; a Python number takes the type of the
  other operand. There is no promotion: records say ``s.cast(x, dtype)``.
- float16 and bfloat16 are for storage: arithmetic reads them as float32 and gives float32.
  ``s.rounded(x, "bfloat16")`` rounds a float32 as storing it would.
- Integers wrap. Division by the integer zero gives zero, as NumPy does.
- Comparisons give ``bool``.
"""

from __future__ import annotations

from typing import Any

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


class Scalar:
    """A value in an element expression; operators ask the builder that made it.

    Attributes:
        builder: the builder.
        dtype: the name of its data type, such as ``"float32"``.
    """

    __slots__ = ("builder", "dtype")

    builder: ScalarBuilder
    dtype: str

    def __add__(self, other: Operand) -> Scalar:
        return self.builder.add(self, other)

    def __radd__(self, other: Operand) -> Scalar:
        return self.builder.add(other, self)

    def __sub__(self, other: Operand) -> Scalar:
        return self.builder.sub(self, other)

    def __rsub__(self, other: Operand) -> Scalar:
        return self.builder.sub(other, self)

    def __mul__(self, other: Operand) -> Scalar:
        return self.builder.mul(self, other)

    def __rmul__(self, other: Operand) -> Scalar:
        return self.builder.mul(other, self)

    def __truediv__(self, other: Operand) -> Scalar:
        return self.builder.div(self, other)

    def __rtruediv__(self, other: Operand) -> Scalar:
        return self.builder.div(other, self)

    def __floordiv__(self, other: Operand) -> Scalar:
        return self.builder.floor_divide(self, other)

    def __rfloordiv__(self, other: Operand) -> Scalar:
        return self.builder.floor_divide(other, self)

    def __mod__(self, other: Operand) -> Scalar:
        return self.builder.remainder(self, other)

    def __rmod__(self, other: Operand) -> Scalar:
        return self.builder.remainder(other, self)

    def __pow__(self, other: Operand) -> Scalar:
        return self.builder.pow(self, other)

    def __rpow__(self, other: Operand) -> Scalar:
        return self.builder.pow(other, self)

    def __neg__(self) -> Scalar:
        return self.builder.neg(self)

    def __abs__(self) -> Scalar:
        return self.builder.abs(self)

    def __and__(self, other: Operand) -> Scalar:
        return self.builder.bitwise_and(self, other)

    def __rand__(self, other: Operand) -> Scalar:
        return self.builder.bitwise_and(other, self)

    def __or__(self, other: Operand) -> Scalar:
        return self.builder.bitwise_or(self, other)

    def __ror__(self, other: Operand) -> Scalar:
        return self.builder.bitwise_or(other, self)

    def __xor__(self, other: Operand) -> Scalar:
        return self.builder.bitwise_xor(self, other)

    def __rxor__(self, other: Operand) -> Scalar:
        return self.builder.bitwise_xor(other, self)

    def __invert__(self) -> Scalar:
        return self.builder.bitwise_not(self)

    def __lshift__(self, other: Operand) -> Scalar:
        return self.builder.shift_left(self, other)

    def __rshift__(self, other: Operand) -> Scalar:
        return self.builder.shift_right(self, other)

    def __lt__(self, other: Operand) -> Scalar:
        return self.builder.less(self, other)

    def __le__(self, other: Operand) -> Scalar:
        return self.builder.less_equal(self, other)

    def __gt__(self, other: Operand) -> Scalar:
        return self.builder.greater(self, other)

    def __ge__(self, other: Operand) -> Scalar:
        return self.builder.greater_equal(self, other)

    def __eq__(self, other: Operand) -> Scalar:  # type: ignore[override]
        return self.builder.equal(self, other)

    def __ne__(self, other: Operand) -> Scalar:  # type: ignore[override]
        return self.builder.not_equal(self, other)

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise TypeError("scalar: the truth of an element is not known here; use s.where(...)")


Operand = Scalar | float | int | bool


class ScalarBuilder:
    """What element expressions may ask for.

    A subclass gives meaning to eight methods, each told the operation's name: ``constant``,
    ``cast``, ``rounded``, ``unary`` (``exp``, ``neg``...), ``binary`` (``add``, ``pow``...),
    ``test`` (``isnan``...), ``compare`` (``less``...) and ``ternary`` (``where``, ``fma``).
    """

    __slots__ = ()

    # --- given meaning by subclasses; operands are Scalars of one type when they arrive --------

    def constant(self, value: float, dtype: Any = None) -> Scalar:
        """A number; without a type a Python float is float32, an int int64, a bool bool."""
        raise TypeError(f"{type(self).__name__} does not build constants")

    def cast(self, x: Operand, dtype: Any) -> Scalar:
        """The value in another type, converted as NumPy's ``astype`` does."""
        raise TypeError(f"{type(self).__name__} does not cast")

    def rounded(self, x: Scalar, dtype: Any) -> Scalar:
        """A float32 rounded to the values that float16 or bfloat16 can hold."""
        return self._arithmetic(self.cast(x, dtype))

    def unary(self, name: str, x: Scalar) -> Scalar:
        """An operation on one value that keeps its type."""
        raise TypeError(f"{type(self).__name__} has no {name}")

    def binary(self, name: str, x: Scalar, y: Scalar) -> Scalar:
        """An operation on two values of one type that keeps their type."""
        raise TypeError(f"{type(self).__name__} has no {name}")

    def test(self, name: str, x: Scalar) -> Scalar:
        """A question about one value."""
        raise TypeError(f"{type(self).__name__} has no {name}")

    def compare(self, name: str, x: Scalar, y: Scalar) -> Scalar:
        """A question about two values of one type."""
        raise TypeError(f"{type(self).__name__} has no {name}")

    def ternary(self, name: str, x: Scalar, y: Scalar, z: Scalar) -> Scalar:
        """``where`` (x is bool) or ``fma``."""
        raise TypeError(f"{type(self).__name__} has no {name}")

    # --- operands ---------------------------------------------------------------------------

    def _arithmetic(self, x: Scalar) -> Scalar:
        return self.cast(x, "float32") if x.dtype in STORED_FLOATING else x

    def _one(self, name: str, x: Operand, floating: bool = False) -> Scalar:
        if not isinstance(x, Scalar):
            x = self.constant(x)
        x = self._arithmetic(x)
        if floating and x.dtype not in FLOATING:
            raise TypeError(f"{name}: {x.dtype} must be cast to a floating-point type first")
        return x

    def _pair(
        self, name: str, x: Operand, y: Operand, floating: bool = False
    ) -> tuple[Scalar, Scalar]:
        if isinstance(x, Scalar):
            x = self._arithmetic(x)
            y = self._arithmetic(y) if isinstance(y, Scalar) else self._number(name, y, x.dtype)
        else:
            y = self._one(name, y)
            x = self._number(name, x, y.dtype)
        if x.dtype != y.dtype:
            raise TypeError(f"{name}: {x.dtype} and {y.dtype} must be cast to one type first")
        if floating and x.dtype not in FLOATING:
            raise TypeError(f"{name}: {x.dtype} must be cast to a floating-point type first")
        return x, y

    def _number(self, name: str, value: float, dtype: str) -> Scalar:
        if isinstance(value, float) and dtype not in FLOATING:
            raise TypeError(f"{name}: {value!r} is no {dtype}; cast the other operand first")
        return self.constant(value, dtype)

    # --- arithmetic -------------------------------------------------------------------------

    def add(self, x: Operand, y: Operand) -> Scalar:
        """x + y; ``or`` of bools."""
        return self.binary("add", *self._pair("add", x, y))

    def sub(self, x: Operand, y: Operand) -> Scalar:
        """x - y."""
        return self.binary("sub", *self._pair("sub", x, y))

    def mul(self, x: Operand, y: Operand) -> Scalar:
        """x y; ``and`` of bools."""
        return self.binary("mul", *self._pair("mul", x, y))

    def div(self, x: Operand, y: Operand) -> Scalar:
        """x / y of floating-point values."""
        return self.binary("div", *self._pair("div", x, y, floating=True))

    def neg(self, x: Operand) -> Scalar:
        """-x."""
        return self.unary("neg", self._one("neg", x))

    def abs(self, x: Operand) -> Scalar:
        """|x|."""
        return self.unary("abs", self._one("abs", x))

    def fma(self, x: Operand, y: Operand, z: Operand) -> Scalar:
        """x y + z of floating-point values, rounded once where the machine can."""
        x, y = self._pair("fma", x, y, floating=True)
        return self.ternary("fma", x, y, self._pair("fma", x, z)[1])

    def minimum(self, x: Operand, y: Operand) -> Scalar:
        """The smaller value; NaN if either is."""
        return self.binary("minimum", *self._pair("minimum", x, y))

    def maximum(self, x: Operand, y: Operand) -> Scalar:
        """The larger value; NaN if either is."""
        return self.binary("maximum", *self._pair("maximum", x, y))

    def pow(self, x: Operand, y: Operand) -> Scalar:
        """x to the power y; negative powers of integers are zero except of 1 and -1."""
        return self.binary("pow", *self._pair("pow", x, y))

    def fmod(self, x: Operand, y: Operand) -> Scalar:
        """The remainder of division towards zero: it has the sign of x."""
        return self.binary("fmod", *self._pair("fmod", x, y))

    def remainder(self, x: Operand, y: Operand) -> Scalar:
        """Python's ``x % y``: it has the sign of y."""
        return self.binary("remainder", *self._pair("remainder", x, y))

    def floor_divide(self, x: Operand, y: Operand) -> Scalar:
        """Python's ``x // y``."""
        return self.binary("floor_divide", *self._pair("floor_divide", x, y))

    def trunc_divide(self, x: Operand, y: Operand) -> Scalar:
        """The quotient rounded towards zero."""
        return self.binary("trunc_divide", *self._pair("trunc_divide", x, y))

    def sign(self, x: Operand) -> Scalar:
        """-1, 0 or 1; 0 for NaN."""
        return self.unary("sign", self._one("sign", x))

    def copysign(self, x: Operand, y: Operand) -> Scalar:
        """|x| with the sign bit of y."""
        return self.binary("copysign", *self._pair("copysign", x, y, floating=True))

    def atan2(self, y: Operand, x: Operand) -> Scalar:
        """The angle of the point (x, y)."""
        return self.binary("atan2", *self._pair("atan2", y, x, floating=True))

    # --- rounding (integers stay what they are) ---------------------------------------------

    def _rounding(self, name: str, x: Operand) -> Scalar:
        x = self._one(name, x)
        return self.unary(name, x) if x.dtype in FLOATING else x

    def floor(self, x: Operand) -> Scalar:
        """Rounded down."""
        return self._rounding("floor", x)

    def ceil(self, x: Operand) -> Scalar:
        """Rounded up."""
        return self._rounding("ceil", x)

    def round(self, x: Operand) -> Scalar:
        """Rounded to the nearest integer, halves to even."""
        return self._rounding("round", x)

    def trunc(self, x: Operand) -> Scalar:
        """Rounded towards zero."""
        return self._rounding("trunc", x)

    # --- functions of one floating-point value ----------------------------------------------

    def _function(self, name: str, x: Operand) -> Scalar:
        return self.unary(name, self._one(name, x, floating=True))

    def sqrt(self, x: Operand) -> Scalar:
        """Square root."""
        return self._function("sqrt", x)

    def rsqrt(self, x: Operand) -> Scalar:
        """1 / sqrt(x)."""
        return self._function("rsqrt", x)

    def reciprocal(self, x: Operand) -> Scalar:
        """1 / x."""
        return self._function("reciprocal", x)

    def exp(self, x: Operand) -> Scalar:
        """e to the power x."""
        return self._function("exp", x)

    def exp2(self, x: Operand) -> Scalar:
        """2 to the power x."""
        return self._function("exp2", x)

    def expm1(self, x: Operand) -> Scalar:
        """exp(x) - 1 without loss near 0."""
        return self._function("expm1", x)

    def log(self, x: Operand) -> Scalar:
        """Natural logarithm."""
        return self._function("log", x)

    def log2(self, x: Operand) -> Scalar:
        """Logarithm to base 2."""
        return self._function("log2", x)

    def log10(self, x: Operand) -> Scalar:
        """Logarithm to base 10."""
        return self._function("log10", x)

    def log1p(self, x: Operand) -> Scalar:
        """log(1 + x) without loss near 0."""
        return self._function("log1p", x)

    def sin(self, x: Operand) -> Scalar:
        """Sine of an angle in radians."""
        return self._function("sin", x)

    def cos(self, x: Operand) -> Scalar:
        """Cosine of an angle in radians."""
        return self._function("cos", x)

    def tan(self, x: Operand) -> Scalar:
        """Tangent of an angle in radians."""
        return self._function("tan", x)

    def asin(self, x: Operand) -> Scalar:
        """Inverse sine."""
        return self._function("asin", x)

    def acos(self, x: Operand) -> Scalar:
        """Inverse cosine."""
        return self._function("acos", x)

    def atan(self, x: Operand) -> Scalar:
        """Inverse tangent."""
        return self._function("atan", x)

    def sinh(self, x: Operand) -> Scalar:
        """Hyperbolic sine."""
        return self._function("sinh", x)

    def cosh(self, x: Operand) -> Scalar:
        """Hyperbolic cosine."""
        return self._function("cosh", x)

    def tanh(self, x: Operand) -> Scalar:
        """Hyperbolic tangent."""
        return self._function("tanh", x)

    def asinh(self, x: Operand) -> Scalar:
        """Inverse hyperbolic sine."""
        return self._function("asinh", x)

    def acosh(self, x: Operand) -> Scalar:
        """Inverse hyperbolic cosine."""
        return self._function("acosh", x)

    def atanh(self, x: Operand) -> Scalar:
        """Inverse hyperbolic tangent."""
        return self._function("atanh", x)

    def erf(self, x: Operand) -> Scalar:
        """The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
        return self._function("erf", x)

    def erfc(self, x: Operand) -> Scalar:
        """1 - erf(x) without loss for large x."""
        return self._function("erfc", x)

    def erfinv(self, x: Operand) -> Scalar:
        """The inverse of erf."""
        return self._function("erfinv", x)

    def lgamma(self, x: Operand) -> Scalar:
        """log |Gamma(x)|."""
        return self._function("lgamma", x)

    def digamma(self, x: Operand) -> Scalar:
        """The derivative of log Gamma(x)."""
        return self._function("digamma", x)

    # --- questions ----------------------------------------------------------------------------

    def isnan(self, x: Operand) -> Scalar:
        """Whether x is NaN."""
        return self.test("isnan", self._one("isnan", x))

    def isinf(self, x: Operand) -> Scalar:
        """Whether x is infinite."""
        return self.test("isinf", self._one("isinf", x))

    def isfinite(self, x: Operand) -> Scalar:
        """Whether x is neither infinite nor NaN."""
        return self.test("isfinite", self._one("isfinite", x))

    def less(self, x: Operand, y: Operand) -> Scalar:
        """x < y."""
        return self.compare("less", *self._pair("less", x, y))

    def less_equal(self, x: Operand, y: Operand) -> Scalar:
        """x <= y."""
        return self.compare("less_equal", *self._pair("less_equal", x, y))

    def greater(self, x: Operand, y: Operand) -> Scalar:
        """x > y."""
        return self.compare("greater", *self._pair("greater", x, y))

    def greater_equal(self, x: Operand, y: Operand) -> Scalar:
        """x >= y."""
        return self.compare("greater_equal", *self._pair("greater_equal", x, y))

    def equal(self, x: Operand, y: Operand) -> Scalar:
        """x == y."""
        return self.compare("equal", *self._pair("equal", x, y))

    def not_equal(self, x: Operand, y: Operand) -> Scalar:
        """x != y (true for NaN)."""
        return self.compare("not_equal", *self._pair("not_equal", x, y))

    # --- choice, logic and bits -------------------------------------------------------------

    def where(self, condition: Operand, x: Operand, y: Operand) -> Scalar:
        """x where the condition (not zero) holds, else y."""
        return self.ternary("where", self._truth(condition), *self._choice(x, y))

    def _choice(self, x: Operand, y: Operand) -> tuple[Scalar, Scalar]:
        """Stored types may pass through ``where`` unconverted."""
        if isinstance(x, Scalar) and isinstance(y, Scalar) and x.dtype == y.dtype:
            return x, y
        return self._pair("where", x, y)

    def _truth(self, x: Operand) -> Scalar:
        if not isinstance(x, Scalar):
            return self.constant(bool(x))
        return x if x.dtype == "bool" else self.not_equal(x, 0)

    def logical_and(self, x: Operand, y: Operand) -> Scalar:
        """Whether both are not zero."""
        return self.binary("bitwise_and", self._truth(x), self._truth(y))

    def logical_or(self, x: Operand, y: Operand) -> Scalar:
        """Whether one is not zero."""
        return self.binary("bitwise_or", self._truth(x), self._truth(y))

    def logical_xor(self, x: Operand, y: Operand) -> Scalar:
        """Whether exactly one is not zero."""
        return self.binary("bitwise_xor", self._truth(x), self._truth(y))

    def logical_not(self, x: Operand) -> Scalar:
        """Whether x is zero."""
        return self.unary("bitwise_not", self._truth(x))

    def _bits(self, name: str, x: Operand, y: Operand) -> Scalar:
        x, y = self._pair(name, x, y)
        if x.dtype in FLOATING:
            raise TypeError(f"{name}: {x.dtype} has no bits to speak of; cast it to an integer")
        return self.binary(name, x, y)

    def bitwise_and(self, x: Operand, y: Operand) -> Scalar:
        """x & y of integers or bools."""
        return self._bits("bitwise_and", x, y)

    def bitwise_or(self, x: Operand, y: Operand) -> Scalar:
        """x | y of integers or bools."""
        return self._bits("bitwise_or", x, y)

    def bitwise_xor(self, x: Operand, y: Operand) -> Scalar:
        """x ^ y of integers or bools."""
        return self._bits("bitwise_xor", x, y)

    def bitwise_not(self, x: Operand) -> Scalar:
        """~x of an integer or bool."""
        x = self._one("bitwise_not", x)
        if x.dtype in FLOATING:
            raise TypeError(f"bitwise_not: {x.dtype} has no bits to speak of")
        return self.unary("bitwise_not", x)

    def shift_left(self, x: Operand, y: Operand) -> Scalar:
        """x << y; 0 once every bit has left (also for y below 0)."""
        return self._bits("shift_left", x, y)

    def shift_right(self, x: Operand, y: Operand) -> Scalar:
        """x >> y, keeping the sign; once every bit has left, 0 or -1."""
        return self._bits("shift_right", x, y)
