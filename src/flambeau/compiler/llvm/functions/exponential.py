"""exp, exp2, expm1: x = n log 2 + r, a polynomial in r, and 2^n by its exponent bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flambeau.compiler.llvm.floating import fma_exact
from flambeau.compiler.llvm.functions.parts import (
    polynomial,
    power_of_two,
    scale,
    to_integer,
)
from flambeau.compiler.llvm.value import Value

if TYPE_CHECKING:
    from flambeau.compiler.llvm.vector import VectorBuilder

# log 2 as a sum: the fused product with the first part leaves an exact remainder.
LOG2_HIGH = {"float32": 0.6931471824645996, "float64": 0.6931471805599453}
LOG2_LOW = {"float32": -1.904654299957768e-09, "float64": 2.3190468138462996e-17}
LOG2_E = 1.4426950408889634
# Beyond these the results are infinite, or zero.
OVERFLOW = {"float32": 89.0, "float64": 710.0}
UNDERFLOW = {"float32": -104.0, "float64": -746.0}


def clamp(s: VectorBuilder, x: Value, low: float, high: float) -> Value:
    """x within bounds; the comparisons let NaN pass."""
    x = s.where(x > high, high, x)
    return s.where(x < low, low, x)


def reduce(s: VectorBuilder, x: Value) -> tuple[Value, Value]:
    """n and r with x = n log 2 + r."""
    n = s.round(x * LOG2_E)
    r = fma_exact(s, n, s.constant(-LOG2_HIGH[x.dtype], x.dtype), x)
    r = fma_exact(s, n, s.constant(-LOG2_LOW[x.dtype], x.dtype), r)
    return n, r


def exp(s: VectorBuilder, x: Value) -> Value:
    """e to the power x."""
    return exp_scaled(s, x, 0)


def exp_scaled(s: VectorBuilder, x: Value, shift: int) -> Value:
    """e^x 2^shift, which may be finite where e^x is not."""
    x = clamp(s, x, UNDERFLOW[x.dtype], OVERFLOW[x.dtype] + 1)
    n, r = reduce(s, x)
    result = s.fma(r * r, polynomial(s, "exp", r), r) + 1.0
    n = to_integer(s, n)
    return scale(s, result, n + shift if shift else n)


def exp_sum(s: VectorBuilder, high: Value, low: Value) -> Value:
    """e^(high + low) where low is a correction to high."""
    high = clamp(s, high, UNDERFLOW[high.dtype], OVERFLOW[high.dtype])
    n, r = reduce(s, high)
    r = r + low
    result = s.fma(r * r, polynomial(s, "exp", r), r) + 1.0
    return scale(s, result, to_integer(s, n))


def exp2(s: VectorBuilder, x: Value) -> Value:
    """2 to the power x."""
    limit = 129.0 if x.dtype == "float32" else 1025.0
    low = -151.0 if x.dtype == "float32" else -1076.0
    x = clamp(s, x, low, limit)
    n = s.round(x)
    r = x - n
    return scale(s, s.fma(r, polynomial(s, "exp2", r), 1.0), to_integer(s, n))


def expm1(s: VectorBuilder, x: Value) -> Value:
    """e^x - 1 = 2^n (e^r - 1) + (2^n - 1)."""
    lowest = -25.0 if x.dtype == "float32" else -50.0
    clamped = clamp(s, x, lowest, OVERFLOW[x.dtype])
    n, r = reduce(s, clamped)
    small = s.fma(r * r, polynomial(s, "exp", r), r)
    # Half of it first: 2^n itself may overflow where the result does not.
    half = power_of_two(s, to_integer(s, n) - 1, x.dtype)
    result = s.fma(small, half, half - 0.5) * 2.0
    return s.where(x == 0, x, result)
