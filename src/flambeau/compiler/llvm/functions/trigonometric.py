"""sin, cos, tan: polynomials on |r| <= pi/4, chosen by the quarter turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flambeau.compiler.llvm.floating import fma_exact
from flambeau.compiler.llvm.functions.parts import polynomial
from flambeau.compiler.llvm.functions.reduction import reduce
from flambeau.compiler.llvm.value import Value

if TYPE_CHECKING:
    from flambeau.compiler.llvm.vector import VectorBuilder


def _sin_parts(s: VectorBuilder, r: Value, low: Value) -> tuple[Value, Value]:
    """sin(r + low) as r and what is to be added."""
    z = r * r
    cubic = r * z * polynomial(s, "sin", z)
    return r, cubic + s.fma(z * -0.5, low, low)


def _cos_parts(s: VectorBuilder, r: Value, low: Value) -> tuple[Value, Value]:
    """cos(r + low) as 1 - r^2/2, rounded, and what is to be added."""
    z = r * r
    half = s.instruction("fmul", z, s.constant(0.5, r.dtype))
    one = s.constant(1.0, r.dtype)
    top = s.instruction("fsub", one, half)
    lost = s.instruction("fsub", s.instruction("fsub", one, top), half)
    # The rounding error of r^2 matters in the last place.
    lost = s.fma(fma_exact(s, r, r, -z), -0.5, lost)
    return top, lost + (z * z * polynomial(s, "cos", z) - r * low)


def _single(s: VectorBuilder, x: Value) -> tuple[Value, Value]:
    """Quarter turns (int32) and remainder of float32 angles, reduced in float64."""
    n, r, _ = reduce(s, s.cast(x, "float64"))
    return s.convert("trunc", n, "int32"), s.cast(r, "float32")


def _sine_of(s: VectorBuilder, x: Value, turn: int) -> Value:
    """sin(x + turn pi/2)."""
    if x.dtype == "float32":
        n, r = _single(s, x)
        z = r * r
        sine = s.fma(r * z, polynomial(s, "sin", z), r)
        cosine = s.fma(z * z, polynomial(s, "cos", z), s.fma(z, -0.5, 1.0))
    else:
        n, r, low = reduce(s, x)
        top, rest = _sin_parts(s, r, low)
        sine = top + rest
        top, rest = _cos_parts(s, r, low)
        cosine = top + rest
    if turn:
        n = n + turn
    value = s.where((n & 1) != 0, cosine, sine)
    return s.where((n & 2) != 0, -value, value)


def sin(s: VectorBuilder, x: Value) -> Value:
    """Sine."""
    # sin(-0.0) is -0.0, which the reduction loses.
    return s.where(x == 0, x, _sine_of(s, x, 0))


def cos(s: VectorBuilder, x: Value) -> Value:
    """Cosine."""
    return _sine_of(s, x, 1)


def tan(s: VectorBuilder, x: Value) -> Value:
    """Tangent: the quotient of sine and cosine, each as a sum of two, corrected once."""
    if x.dtype == "float32":
        return s.cast(tan(s, s.cast(x, "float64")), "float32")
    n, r, low = reduce(s, x)
    sine, sine_rest = _sin_parts(s, r, low)
    cosine, cosine_rest = _cos_parts(s, r, low)
    odd = (n & 1) != 0
    top = s.where(odd, -cosine, sine)
    top_rest = s.where(odd, -cosine_rest, sine_rest)
    bottom = s.where(odd, sine, cosine)
    bottom_rest = s.where(odd, sine_rest, cosine_rest)
    numerator = top + top_rest
    numerator_error = top_rest - s.instruction("fsub", numerator, top)
    denominator = s.instruction("fadd", bottom, bottom_rest)
    denominator_error = s.instruction("fsub", bottom_rest,
                                      s.instruction("fsub", denominator, bottom))  # fmt: skip
    quotient = numerator / denominator
    error = fma_exact(s, -quotient, denominator, numerator) + numerator_error
    error = s.fma(-quotient, denominator_error, error)
    corrected = quotient + error / denominator
    corrected = s.where(s.isfinite(corrected), corrected, quotient)
    return s.where(x == 0, x, corrected)
