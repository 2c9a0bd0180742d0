"""a * b + c with one rounding, the arithmetic of PyTorch's kernels.

NumPy has no fused multiply-add. In single precision it follows from float64, where the product is
exact; in double precision from error-free transformations.

Reference: S. Boldo and G. Melquiond, "Emulation of a FMA and Correctly Rounded Sums", IEEE
Transactions on Computers 57(4), 2008 (rounding to odd, figure 4).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from fractions import Fraction

# 2**27 + 1 cuts a float64 into two halves of 26 digits.
_SPLITTER = 134217729.0
# Beyond these the error of a product can overflow or underflow.
_SMALLEST_PRODUCT, _LARGEST = 2.0**-960, 2.0**990


def fma_float32(a: np.ndarray, b: float, c: float) -> np.ndarray:
    """round32(a * b + c) for float32 values ``a``, ``b``, ``c`` (given in any precision)."""
    product = np.multiply(a, b, dtype=np.float64)
    total = product + c
    return _rounded_to_odd(total, _sum_error(product, c, total)).astype(np.float32)


def fma_float64(a: np.ndarray, b: float, c: float) -> np.ndarray:
    """round64(a * b + c) for finite ``a``."""
    if b == 1.0 or b == 0.0 or not (math.isfinite(b) and math.isfinite(c)):
        return a * b + c  # one of the two roundings does nothing
    product = a * b
    size = np.abs(product)
    largest = max(abs(b), abs(c), size.max(initial=0.0), np.abs(a).max(initial=0.0))
    if largest > _LARGEST or ((size < _SMALLEST_PRODUCT) & (a != 0.0)).any():
        return _exact_fma(a, b, c)
    if c == 0.0:
        return product + c
    return rounded_sum(product, _product_error(a, b, product), c)


def rounded_sum(high_part: np.ndarray | float, low_part: np.ndarray | float, c: Any) -> np.ndarray:
    """round64(high_part + low_part + c), ``low_part`` being a rounding error of ``high_part``."""
    # Twice a sum with its error, then the two errors, rounded to odd so that the last sum, which
    # rounds to nearest, sees on which side of a tie they lie.
    low = low_part + c
    low_error = _sum_error(low_part, c, low)
    high = high_part + low
    high_error = _sum_error(high_part, low, high)
    rest = high_error + low_error
    return high + _rounded_to_odd(rest, _sum_error(high_error, low_error, rest))


def is_exact_in_float64(b: float, c: float, digits: int) -> bool:
    """Whether k * 2**-digits * b + c needs no rounding in float64 for all 0 <= k < 2**digits.

    True of nearly all bounds that occur: then one rounding from float64 is the fused result.
    """
    grain = min(_lowest_bit(b) - digits, _lowest_bit(c))
    return max(abs(c), abs(b) + abs(c)) <= math.ldexp(1.0, 53 + grain)


def _lowest_bit(value: float) -> int:
    """The exponent of the last binary digit of a finite number; large for zero."""
    if value == 0.0:
        return 960  # even 2**53 times this power is finite
    numerator, denominator = value.as_integer_ratio()
    trailing_zeros = (numerator & -numerator).bit_length() - 1
    return trailing_zeros - (denominator.bit_length() - 1)


def _sum_error(a, b, total: np.ndarray) -> np.ndarray:
    """a + b - total, exactly, where ``total`` is the rounded sum (Knuth)."""
    part = total - a
    return (a - (total - part)) + (b - part)


def _product_error(a: np.ndarray, b: float, product: np.ndarray) -> np.ndarray:
    """a * b - product, exactly (Dekker)."""
    cut = a * _SPLITTER
    a_high = cut - (cut - a)
    a_low = a - a_high
    b_cut = b * _SPLITTER
    b_high = b_cut - (b_cut - b)
    b_low = b - b_high
    return ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def _rounded_to_odd(total: np.ndarray, error: np.ndarray) -> np.ndarray:
    """The sum rounded to odd: inexact and even moves one step towards the true value."""
    bits = total.view(np.int64)
    inexact_and_even = (error != 0.0) & ((bits & 1) == 0)
    # The bits of a float64 count upwards with its magnitude, on both sides of zero.
    away_from_zero = (error > 0.0) == (total > 0.0)
    step = np.where(away_from_zero, 1, -1)
    return (bits + np.where(inexact_and_even, step, 0)).view(np.float64)


def _exact_fma(a: np.ndarray, b: float, c: float) -> np.ndarray:
    """The same with rational numbers, for magnitudes at the ends of the range."""
    from fractions import Fraction  # rarely needed, and slow to import

    factor, addend = Fraction(b), Fraction(c)
    return np.array([_nearest(Fraction(x) * factor + addend) for x in a.tolist()])


def _nearest(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
