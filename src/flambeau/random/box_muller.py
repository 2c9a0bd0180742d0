"""Box-Muller pairs in single precision, with the bits of PyTorch's vector kernel.

radius = sqrt(-2 log u1), theta = 2 pi u2, with the Cephes polynomials for log, sine and cosine and
a fused multiply-add wherever that kernel has one. A fused operation is done here in float64 and
rounded to float32. That rounds twice; over all 2**24 possible arguments of `radius` and of
`cosine_and_sine` the result is that of one rounding (checked exhaustively, and again for a part of
them by the tests).

Reference: G. E. P. Box and M. E. Muller, Annals of Mathematical Statistics 29(2), 1958;
S. L. Moshier, Cephes Mathematical Library.
"""

from __future__ import annotations

import numpy as np


def _float32_values(*values: float) -> tuple[float, ...]:
    """The float32 nearest to each, held as Python floats."""
    return tuple(float(np.float32(value)) for value in values)


LOG_POLYNOMIAL = _float32_values(
    7.0376836292e-2,
    -1.1514610310e-1,
    1.1676998740e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
)
# ln 2 in two parts, the first with few digits.
LN2_LOW, LN2_HIGH = _float32_values(-2.12194440e-4, 0.693359375)
SQRT_HALF = np.float32(0.707106781186547524)

COSINE_POLYNOMIAL = _float32_values(
    2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2
)
SINE_POLYNOMIAL = _float32_values(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
# pi / 4 in three parts.
EIGHTH_TURN = _float32_values(0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8)
EIGHTHS = np.float32(1.27323954473516)

_TWO_PI = np.float32(6.283185307179586)
_ONE, _HALF, _MINUS_TWO = np.float32(1.0), np.float32(0.5), np.float32(-2.0)


def normal_blocks(uniforms: np.ndarray) -> np.ndarray:
    """Standard normal samples from uniforms, sixteen at a time.

    The first eight of sixteen uniforms give radii, the last eight give angles; the samples are
    eight times radius * cosine, then eight times radius * sine.

    Shape: (16 k,) float32 -> (k, 2, 8) float32.
    """
    pairs = uniforms.reshape(-1, 2, 8)
    # 1 - u lies in (0, 1], where the logarithm is finite.
    distance = radius(_ONE - pairs[:, 0])
    cosine, sine = cosine_and_sine(_TWO_PI * pairs[:, 1])
    samples = np.empty_like(pairs)
    np.multiply(distance, cosine, samples[:, 0])
    np.multiply(distance, sine, samples[:, 1])
    return samples


def radius(u: np.ndarray) -> np.ndarray:
    """sqrt(-2 log u) for float32 u in (0, 1]."""
    bits = u.view(np.int32)
    exponent = bits >> 23
    exponent -= 126
    fraction = bits & 0x7FFFFF
    fraction |= 0x3F000000
    x = fraction.view(np.float32)  # in [1/2, 1)
    small = x < SQRT_HALF
    # u = 2**exponent * (1 + x) with 1 + x between sqrt(1/2) and sqrt(2).
    exponent -= small
    x = (x - _ONE) + x * small
    power = exponent.astype(np.float32)

    wide = x.astype(np.float64)
    y = _horner(LOG_POLYNOMIAL, wide)
    y *= x
    square = x * x
    y = _fused(y.astype(np.float64), square, power * np.float32(LN2_LOW))
    # Half a square is exact, so this fused step rounds as a plain one does.
    y -= square * _HALF
    y += x
    logarithm = _fused(power.astype(np.float64), LN2_HIGH, y)
    logarithm *= _MINUS_TWO
    return np.sqrt(logarithm, logarithm)


def cosine_and_sine(angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """cos and sin of float32 angles in [0, 2 pi)."""
    octant = (angle * EIGHTHS).astype(np.int32)
    octant += 1
    octant &= ~1
    turns = octant.astype(np.float64)
    x = angle
    for part in EIGHTH_TURN:
        x = _fused(turns, -part, x)

    square = x * x
    wide = square.astype(np.float64)
    cosine = _horner(COSINE_POLYNOMIAL, wide)
    cosine *= square
    cosine = _fused(cosine.astype(np.float64), wide, square * -_HALF)
    cosine += _ONE
    sine = _horner(SINE_POLYNOMIAL, wide)
    sine *= square
    sine = _fused(sine.astype(np.float64), x, x)

    # In the second and fourth quarter of each half turn the two change places.
    exchanged = (octant & 2) != 0
    cosine, sine = np.where(exchanged, sine, cosine), np.where(exchanged, cosine, sine)
    # Bit 2 of the octant, moved to the sign bit.
    cosine.view(np.int32)[...] ^= (~(octant - 2) & 4) << 29
    sine.view(np.int32)[...] ^= (octant & 4) << 29
    return cosine, sine


def _horner(coefficients: tuple[float, ...], x: np.ndarray) -> np.ndarray:
    """A polynomial, highest power first, rounded to float32 after each fused step; x is float64."""
    result = np.empty(x.shape, np.float32)
    value = x * coefficients[0]
    value += coefficients[1]
    for coefficient in coefficients[2:]:
        result[...] = value
        value[...] = result
        value *= x
        value += coefficient
    result[...] = value
    return result


def _fused(a: np.ndarray, b: np.ndarray | float, c: np.ndarray) -> np.ndarray:
    """a * b + c for float32 values (``a`` held as float64), rounded to float32."""
    value = a * b
    value += c
    return value.astype(np.float32)
