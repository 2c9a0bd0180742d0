"""log and its relatives: x = m 2^k, and log m from s = f/(2 + f), f = m - 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flambeau.compiler.llvm.functions.exponential import LOG2_HIGH, LOG2_LOW
from flambeau.compiler.llvm.functions.parts import (
    polynomial,
    power_of_two,
    split_exponent,
    to_integer,
    two_product,
    two_sum,
)
from flambeau.compiler.llvm.value import Value

if TYPE_CHECKING:
    from flambeau.compiler.llvm.vector import VectorBuilder

INFINITY = float("inf")


def _domain(s: VectorBuilder, x: Value, result: Value) -> Value:
    """The values at and outside the ends: -inf at 0, NaN below, inf and NaN as they are."""
    result = s.where(x == 0, -INFINITY, result)
    result = s.where(x < 0, float("nan"), result)
    return s.where(x < INFINITY, result, s.where(x == INFINITY, x, result + x))


def log_near_one(s: VectorBuilder, f: Value) -> tuple[Value, Value]:
    """log(1 + f) as f and what is to be added, for 1 + f between sqrt(1/2) and sqrt(2)."""
    half_square = f * f * 0.5
    if f.dtype == "float32":
        return f, s.fma(f * f * f, polynomial(s, "log_direct", f), -half_square)
    q = f / (f + 2.0)
    z = q * q
    rest = q * s.fma(z, polynomial(s, "log", z), half_square)
    return f, rest - half_square


def log(s: VectorBuilder, x: Value) -> Value:
    """Natural logarithm."""
    m, k = split_exponent(s, x)
    f, rest = log_near_one(s, m - 1.0)
    low = s.fma(k, LOG2_LOW[x.dtype], rest)
    return _domain(s, x, s.fma(k, LOG2_HIGH[x.dtype], f + low))


def log1p(s: VectorBuilder, x: Value) -> Value:
    """log(1 + x): the rounding error of 1 + x is carried into f."""
    one = s.constant(1.0, x.dtype)
    total, error = two_sum(s, one, x)
    m, k = split_exponent(s, total)
    exponent = to_integer(s, k)
    limit = 126 if x.dtype == "float32" else 1022
    exponent = s.minimum(exponent, s.constant(limit, exponent.dtype))
    f = (m - 1.0) + error * power_of_two(s, -exponent, x.dtype)
    f, rest = log_near_one(s, f)
    low = s.fma(k, LOG2_LOW[x.dtype], rest)
    result = _domain(s, total, s.fma(k, LOG2_HIGH[x.dtype], f + low))
    # Tiny x, -0.0 among them, is its own logarithm.
    return s.where(s.abs(x) < 2.0**-54, x, result)


def _to_base(
    s: VectorBuilder, x: Value, inverse: tuple[float, float], digits: tuple[float, float]
) -> Value:
    """log x / log base, exact where the result is: high parts as exact products and sums."""
    m, k = split_exponent(s, x)
    f, rest = log_near_one(s, m - 1.0)
    high, low = two_sum(s, f, rest)
    if x.dtype == "float64":
        inverse_high, inverse_low = inverse
        digits_high, digits_low = digits
    else:
        inverse_high, inverse_low = _split_single(sum(inverse))
        digits_high, digits_low = _split_single(sum(digits))
    product, error = two_product(s, high, s.constant(inverse_high, x.dtype))
    error = error + s.fma(low, inverse_high, high * inverse_low)
    base, base_error = two_product(s, k, s.constant(digits_high, x.dtype))
    total, total_error = two_sum(s, base, product)
    error = error + s.fma(k, digits_low, base_error + total_error)
    return _domain(s, x, total + error)


def _split_single(value: float) -> tuple[float, float]:
    import numpy as np

    high = float(np.float32(value))
    return high, value - high


def log2(s: VectorBuilder, x: Value) -> Value:
    """Logarithm to base 2."""
    return _to_base(s, x, (1.4426950408889634, 2.0355273740931033e-17), (1.0, 0.0))


def log10(s: VectorBuilder, x: Value) -> Value:
    """Logarithm to base 10."""
    return _to_base(
        s,
        x,
        (0.4342944819032518, 1.098319650216765e-17),
        (0.3010299956639812, -2.8037281277851704e-18),
    )
