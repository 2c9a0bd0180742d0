"""What element expressions may ask for: the operations, their operands' types, their meaning."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from flambeau.core.scalar import FLOATING, STORED_FLOATING, Operand, Scalar

S = TypeVar("S", bound=Scalar)


def _is_value(x: Operand) -> bool:
    return isinstance(x, Scalar)


class ScalarBuilder(Generic[S]):
    """What element expressions may ask for.

    A subclass gives meaning to eight methods, each told the operation's name: ``constant``,
    ``cast``, ``rounded``, ``unary`` (``exp``, ``neg``...), ``binary`` (``add``, ``pow``...),
    ``test`` (``isnan``...), ``compare`` (``less``...) and ``ternary`` (``where``, ``fma``).
    """

    __slots__ = ()

    # --- given meaning by subclasses; operands are Scalars of one type when they arrive --------

    def constant(self, value: float, dtype: Any = None) -> S:
        """A number; without a type a Python float is float32, an int int64, a bool bool."""
        raise TypeError(f"{type(self).__name__} does not build constants")

    def cast(self, x: Operand, dtype: Any) -> S:
        """The value in another type, converted as NumPy's ``astype`` does."""
        raise TypeError(f"{type(self).__name__} does not cast")

    def rounded(self, x: S, dtype: Any) -> S:
        """A float32 rounded to the values that float16 or bfloat16 can hold."""
        return self._arithmetic(self.cast(x, dtype))

    def unary(self, name: str, x: S) -> S:
        """An operation on one value that keeps its type."""
        raise TypeError(f"{type(self).__name__} has no {name}")

    def binary(self, name: str, x: S, y: S) -> S:
        """An operation on two values of one type that keeps their type."""
        raise TypeError(f"{type(self).__name__} has no {name}")

    def test(self, name: str, x: S) -> S:
        """A question about one value."""
        raise TypeError(f"{type(self).__name__} has no {name}")

    def compare(self, name: str, x: S, y: S) -> S:
        """A question about two values of one type."""
        raise TypeError(f"{type(self).__name__} has no {name}")

    def ternary(self, name: str, x: S, y: S, z: S) -> S:
        """``where`` (x is bool) or ``fma``."""
        raise TypeError(f"{type(self).__name__} has no {name}")

    # --- operands ---------------------------------------------------------------------------

    def _arithmetic(self, x: S) -> S:
        return self.cast(x, "float32") if x.dtype in STORED_FLOATING else x

    def _one(self, name: str, x: Operand, floating: bool = False) -> S:
        if not _is_value(x):
            x = self.constant(x)
        x = self._arithmetic(x)
        if floating and x.dtype not in FLOATING:
            raise TypeError(f"{name}: {x.dtype} must be cast to a floating-point type first")
        return x

    def _pair(self, name: str, x: Operand, y: Operand, floating: bool = False) -> tuple[S, S]:
        if _is_value(x):
            x = self._arithmetic(x)
            y = self._arithmetic(y) if _is_value(y) else self._number(name, y, x.dtype)
        else:
            y = self._one(name, y)
            x = self._number(name, x, y.dtype)
        if x.dtype != y.dtype:
            raise TypeError(f"{name}: {x.dtype} and {y.dtype} must be cast to one type first")
        if floating and x.dtype not in FLOATING:
            raise TypeError(f"{name}: {x.dtype} must be cast to a floating-point type first")
        return x, y

    def _number(self, name: str, value: float, dtype: str) -> S:
        if isinstance(value, float) and dtype not in FLOATING:
            raise TypeError(f"{name}: {value!r} is no {dtype}; cast the other operand first")
        return self.constant(value, dtype)

    # --- arithmetic -------------------------------------------------------------------------

    def add(self, x: Operand, y: Operand) -> S:
        """x + y; ``or`` of bools."""
        return self.binary("add", *self._pair("add", x, y))

    def sub(self, x: Operand, y: Operand) -> S:
        """x - y."""
        return self.binary("sub", *self._pair("sub", x, y))

    def mul(self, x: Operand, y: Operand) -> S:
        """x y; ``and`` of bools."""
        return self.binary("mul", *self._pair("mul", x, y))

    def div(self, x: Operand, y: Operand) -> S:
        """x / y of floating-point values."""
        return self.binary("div", *self._pair("div", x, y, floating=True))

    def neg(self, x: Operand) -> S:
        """-x."""
        return self.unary("neg", self._one("neg", x))

    def abs(self, x: Operand) -> S:
        """|x|."""
        return self.unary("abs", self._one("abs", x))

    def fma(self, x: Operand, y: Operand, z: Operand) -> S:
        """x y + z of floating-point values, rounded once where the machine can."""
        x, y = self._pair("fma", x, y, floating=True)
        return self.ternary("fma", x, y, self._pair("fma", x, z)[1])

    def minimum(self, x: Operand, y: Operand) -> S:
        """The smaller value; NaN if either is."""
        return self.binary("minimum", *self._pair("minimum", x, y))

    def maximum(self, x: Operand, y: Operand) -> S:
        """The larger value; NaN if either is."""
        return self.binary("maximum", *self._pair("maximum", x, y))

    def pow(self, x: Operand, y: Operand) -> S:
        """x to the power y; negative powers of integers are zero except of 1 and -1."""
        return self.binary("pow", *self._pair("pow", x, y))

    def fmod(self, x: Operand, y: Operand) -> S:
        """The remainder of division towards zero: it has the sign of x."""
        return self.binary("fmod", *self._pair("fmod", x, y))

    def remainder(self, x: Operand, y: Operand) -> S:
        """Python's ``x % y``: it has the sign of y."""
        return self.binary("remainder", *self._pair("remainder", x, y))

    def floor_divide(self, x: Operand, y: Operand) -> S:
        """Python's ``x // y``."""
        return self.binary("floor_divide", *self._pair("floor_divide", x, y))

    def trunc_divide(self, x: Operand, y: Operand) -> S:
        """The quotient rounded towards zero."""
        return self.binary("trunc_divide", *self._pair("trunc_divide", x, y))

    def sign(self, x: Operand) -> S:
        """-1, 0 or 1; 0 for NaN."""
        return self.unary("sign", self._one("sign", x))

    def copysign(self, x: Operand, y: Operand) -> S:
        """|x| with the sign bit of y."""
        return self.binary("copysign", *self._pair("copysign", x, y, floating=True))

    def atan2(self, y: Operand, x: Operand) -> S:
        """The angle of the point (x, y)."""
        return self.binary("atan2", *self._pair("atan2", y, x, floating=True))

    # --- rounding (integers stay what they are) ---------------------------------------------

    def _rounding(self, name: str, x: Operand) -> S:
        x = self._one(name, x)
        return self.unary(name, x) if x.dtype in FLOATING else x

    def floor(self, x: Operand) -> S:
        """Rounded down."""
        return self._rounding("floor", x)

    def ceil(self, x: Operand) -> S:
        """Rounded up."""
        return self._rounding("ceil", x)

    def round(self, x: Operand) -> S:
        """Rounded to the nearest integer, halves to even."""
        return self._rounding("round", x)

    def trunc(self, x: Operand) -> S:
        """Rounded towards zero."""
        return self._rounding("trunc", x)

    # --- functions of one floating-point value ----------------------------------------------

    def _function(self, name: str, x: Operand) -> S:
        return self.unary(name, self._one(name, x, floating=True))

    def sqrt(self, x: Operand) -> S:
        """Square root."""
        return self._function("sqrt", x)

    def rsqrt(self, x: Operand) -> S:
        """1 / sqrt(x)."""
        return self._function("rsqrt", x)

    def reciprocal(self, x: Operand) -> S:
        """1 / x."""
        return self._function("reciprocal", x)

    def exp(self, x: Operand) -> S:
        """e to the power x."""
        return self._function("exp", x)

    def exp2(self, x: Operand) -> S:
        """2 to the power x."""
        return self._function("exp2", x)

    def expm1(self, x: Operand) -> S:
        """exp(x) - 1 without loss near 0."""
        return self._function("expm1", x)

    def log(self, x: Operand) -> S:
        """Natural logarithm."""
        return self._function("log", x)

    def log2(self, x: Operand) -> S:
        """Logarithm to base 2."""
        return self._function("log2", x)

    def log10(self, x: Operand) -> S:
        """Logarithm to base 10."""
        return self._function("log10", x)

    def log1p(self, x: Operand) -> S:
        """log(1 + x) without loss near 0."""
        return self._function("log1p", x)

    def sin(self, x: Operand) -> S:
        """Sine of an angle in radians."""
        return self._function("sin", x)

    def cos(self, x: Operand) -> S:
        """Cosine of an angle in radians."""
        return self._function("cos", x)

    def tan(self, x: Operand) -> S:
        """Tangent of an angle in radians."""
        return self._function("tan", x)

    def asin(self, x: Operand) -> S:
        """Inverse sine."""
        return self._function("asin", x)

    def acos(self, x: Operand) -> S:
        """Inverse cosine."""
        return self._function("acos", x)

    def atan(self, x: Operand) -> S:
        """Inverse tangent."""
        return self._function("atan", x)

    def sinh(self, x: Operand) -> S:
        """Hyperbolic sine."""
        return self._function("sinh", x)

    def cosh(self, x: Operand) -> S:
        """Hyperbolic cosine."""
        return self._function("cosh", x)

    def tanh(self, x: Operand) -> S:
        """Hyperbolic tangent."""
        return self._function("tanh", x)

    def asinh(self, x: Operand) -> S:
        """Inverse hyperbolic sine."""
        return self._function("asinh", x)

    def acosh(self, x: Operand) -> S:
        """Inverse hyperbolic cosine."""
        return self._function("acosh", x)

    def atanh(self, x: Operand) -> S:
        """Inverse hyperbolic tangent."""
        return self._function("atanh", x)

    def erf(self, x: Operand) -> S:
        """The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
        return self._function("erf", x)

    def erfc(self, x: Operand) -> S:
        """1 - erf(x) without loss for large x."""
        return self._function("erfc", x)

    def erfinv(self, x: Operand) -> S:
        """The inverse of erf."""
        return self._function("erfinv", x)

    def lgamma(self, x: Operand) -> S:
        """log |Gamma(x)|."""
        return self._function("lgamma", x)

    def digamma(self, x: Operand) -> S:
        """The derivative of log Gamma(x)."""
        return self._function("digamma", x)

    # --- questions ----------------------------------------------------------------------------

    def isnan(self, x: Operand) -> S:
        """Whether x is NaN."""
        return self.test("isnan", self._one("isnan", x))

    def isinf(self, x: Operand) -> S:
        """Whether x is infinite."""
        return self.test("isinf", self._one("isinf", x))

    def isfinite(self, x: Operand) -> S:
        """Whether x is neither infinite nor NaN."""
        return self.test("isfinite", self._one("isfinite", x))

    def less(self, x: Operand, y: Operand) -> S:
        """x < y."""
        return self.compare("less", *self._pair("less", x, y))

    def less_equal(self, x: Operand, y: Operand) -> S:
        """x <= y."""
        return self.compare("less_equal", *self._pair("less_equal", x, y))

    def greater(self, x: Operand, y: Operand) -> S:
        """x > y."""
        return self.compare("greater", *self._pair("greater", x, y))

    def greater_equal(self, x: Operand, y: Operand) -> S:
        """x >= y."""
        return self.compare("greater_equal", *self._pair("greater_equal", x, y))

    def equal(self, x: Operand, y: Operand) -> S:
        """x == y."""
        return self.compare("equal", *self._pair("equal", x, y))

    def not_equal(self, x: Operand, y: Operand) -> S:
        """x != y (true for NaN)."""
        return self.compare("not_equal", *self._pair("not_equal", x, y))

    # --- choice, logic and bits -------------------------------------------------------------

    def where(self, condition: Operand, x: Operand, y: Operand) -> S:
        """x where the condition (not zero) holds, else y."""
        return self.ternary("where", self._truth(condition), *self._choice(x, y))

    def _choice(self, x: Operand, y: Operand) -> tuple[S, S]:
        """Stored types may pass through ``where`` unconverted."""
        if _is_value(x) and _is_value(y) and x.dtype == y.dtype:
            return x, y
        return self._pair("where", x, y)

    def _truth(self, x: Operand) -> S:
        if not _is_value(x):
            return self.constant(bool(x))
        return x if x.dtype == "bool" else self.not_equal(x, 0)

    def logical_and(self, x: Operand, y: Operand) -> S:
        """Whether both are not zero."""
        return self.binary("bitwise_and", self._truth(x), self._truth(y))

    def logical_or(self, x: Operand, y: Operand) -> S:
        """Whether one is not zero."""
        return self.binary("bitwise_or", self._truth(x), self._truth(y))

    def logical_xor(self, x: Operand, y: Operand) -> S:
        """Whether exactly one is not zero."""
        return self.binary("bitwise_xor", self._truth(x), self._truth(y))

    def logical_not(self, x: Operand) -> S:
        """Whether x is zero."""
        return self.unary("bitwise_not", self._truth(x))

    def _bits(self, name: str, x: Operand, y: Operand) -> S:
        x, y = self._pair(name, x, y)
        if x.dtype in FLOATING:
            raise TypeError(f"{name}: {x.dtype} has no bits to speak of; cast it to an integer")
        return self.binary(name, x, y)

    def bitwise_and(self, x: Operand, y: Operand) -> S:
        """x & y of integers or bools."""
        return self._bits("bitwise_and", x, y)

    def bitwise_or(self, x: Operand, y: Operand) -> S:
        """x | y of integers or bools."""
        return self._bits("bitwise_or", x, y)

    def bitwise_xor(self, x: Operand, y: Operand) -> S:
        """x ^ y of integers or bools."""
        return self._bits("bitwise_xor", x, y)

    def bitwise_not(self, x: Operand) -> S:
        """~x of an integer or bool."""
        x = self._one("bitwise_not", x)
        if x.dtype in FLOATING:
            raise TypeError(f"bitwise_not: {x.dtype} has no bits to speak of")
        return self.unary("bitwise_not", x)

    def shift_left(self, x: Operand, y: Operand) -> S:
        """x << y; 0 once every bit has left (also for y below 0)."""
        return self._bits("shift_left", x, y)

    def shift_right(self, x: Operand, y: Operand) -> S:
        """x >> y, keeping the sign; once every bit has left, 0 or -1."""
        return self._bits("shift_right", x, y)
