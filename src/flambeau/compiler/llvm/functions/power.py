"""pow: exp(y log |x|) with the logarithm and the product kept as sums of two numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flambeau.compiler.llvm.floating import fma_exact
from flambeau.compiler.llvm.functions.exponential import exp, exp_sum
from flambeau.compiler.llvm.functions.logarithm import log
from flambeau.compiler.llvm.functions.parts import (
    fast_two_sum,
    polynomial,
    split_exponent,
    two_product,
    two_sum,
)
from flambeau.compiler.llvm.value import Value

if TYPE_CHECKING:
    from flambeau.compiler.llvm.vector import VectorBuilder

# log 2 to 106 bits; the first part has 11 zeros at its end, so that k times it is exact.
LOG2_PARTS = (0.6931471805598903, 5.497923018708371e-14)
TWO_THIRDS = (0.6666666666666666, 3.700743415417188e-17)


def log_extended(s: VectorBuilder, x: Value) -> tuple[Value, Value]:
    """log x of a positive float64 as a sum of two, good to about 2^-68.

    log m = 2 q + q^3 (2/3 + q^2 P(q^2)), q = (m - 1)/(m + 1).
    """
    m, k = split_exponent(s, x)
    f = m - 1.0
    d, d_low = fast_two_sum(s, s.constant(2.0, "float64"), f)
    q = f / d
    # What the rounded quotient leaves over, divided again.
    rest = fma_exact(s, -q, d, f)
    q_low = fma_exact(s, -q, d_low, rest) / d
    z, z_low = two_product(s, q, q)
    z_low = s.fma(q + q, q_low, z_low)
    t, t_low = fast_two_sum(
        s, s.constant(TWO_THIRDS[0], "float64"), z * polynomial(s, "log_extended", z)
    )
    t_low = t_low + TWO_THIRDS[1]
    cube, cube_low = two_product(s, z, q)
    cube_low = cube_low + s.fma(z, q_low, z_low * q)
    tail, tail_low = two_product(s, cube, t)
    tail_low = tail_low + s.fma(cube, t_low, cube_low * t)
    high, low = fast_two_sum(s, q + q, tail)
    low = low + (tail_low + (q_low + q_low))
    base = s.instruction("fmul", k, s.constant(LOG2_PARTS[0], "float64"))
    total, error = two_sum(s, base, high)
    error = error + s.fma(k, LOG2_PARTS[1], low)
    return fast_two_sum(s, total, error)


def _magnitude(s: VectorBuilder, x: Value, y: Value) -> Value:
    """|x|^y of float64."""
    size = s.abs(x)
    plain = y * log(s, size)
    high, low = log_extended(s, size)
    product, error = two_product(s, high, y)
    error = error + low * y
    product, error = fast_two_sum(s, product, error)
    # Zeros, infinities and products out of range need no more than the plain product.
    ordinary = s.logical_and(s.abs(plain) < 800.0, s.logical_and(size > 0, size < float("inf")))
    product = s.where(ordinary, product, plain)
    error = s.where(ordinary, error, 0.0)
    return exp_sum(s, product, error)


def pow(s: VectorBuilder, x: Value, y: Value) -> Value:
    """x to the power y, as C defines it."""
    lanes = max(x.lanes, y.lanes)
    x, y = s.splat(x, lanes), s.splat(y, lanes)
    if x.dtype == "float32":
        # In float64 the plain product is accurate enough.
        wide_x, wide_y = s.cast(x, "float64"), s.cast(y, "float64")
        result = s.cast(exp(s, wide_y * log(s, s.abs(wide_x))), "float32")
    else:
        result = _magnitude(s, x, y)
    whole = s.trunc(y)
    is_whole = whole == y
    half = y * 0.5
    odd = s.logical_and(is_whole, s.trunc(half) != half)
    # The sign bit, for pow(-0.0, -3) is -inf.
    negative = s.copysign(s.constant(1.0, x.dtype), x) < 0
    result = s.where(s.logical_and(negative, odd), -result, result)
    finite_negative = s.logical_and(x < 0, x > float("-inf"))
    result = s.where(s.logical_and(finite_negative, s.logical_not(is_whole)), float("nan"), result)
    # 1^y, x^0 and (-1)^(+-inf) are 1, NaN or not.
    infinite_y = s.logical_and(x == -1, s.isinf(y))
    one = s.logical_or(s.logical_or(x == 1, y == 0), infinite_y)
    result = s.where(s.logical_or(s.isnan(x), s.isnan(y)), float("nan"), result)
    return s.where(one, 1.0, result)
