"""The Airy function of float64 arrays."""

from __future__ import annotations

import math

import numpy as np

from flambeau.ops.cylinder_functions import scaled_k

_FIRST, _LAST = -10, 5
# The function and its derivative at -10, -9, ..., 5.
_NODES = (
    (0.04024123848644319, 0.99626504413279),
    (-0.022133721547341403, -0.9756639809263316),
    (-0.0527050503563862, 0.9355609381983065),
    (0.18428083525050565, -0.7710081684101265),
    (-0.3291451736298231, 0.3459354872813429),
    (0.35076100902411433, 0.32719281855444315),
    (-0.07026553294928951, -0.7906285753685813),
    (-0.37881429367765806, 0.3145837692165988),
    (0.22740742820168558, 0.618259020741691),
    (0.5355608832923521, -0.01016056711664521),
    (0.3550280538878172, -0.2588194037928068),
    (0.13529241631288141, -0.1591474412967932),
    (0.03492413042327438, -0.05309038443365363),
    (0.006591139357460719, -0.011912976705951319),
    (0.0009515638512048018, -0.001958640950204179),
    (0.00010834442813607442, -0.0002474138908684625),
)
_TERMS = 26


def airy_ai(x: np.ndarray) -> np.ndarray:
    """Ai(x), the solution of y'' = x y that vanishes towards infinity."""
    finite = np.where(np.isfinite(x), x, 0.0)
    middle = _taylor(np.clip(finite, _FIRST, _LAST))
    result = np.where(finite > _LAST, _right(np.maximum(finite, 1.0)), middle)
    result = np.where(finite < _FIRST, _left(np.maximum(-finite, 1.0)), result)
    return np.where(np.isnan(x), np.nan, np.where(np.isinf(x), 0.0, result))


def _taylor(x: np.ndarray) -> np.ndarray:
    """Around the nearest integer, by the recurrence that the equation gives."""
    nodes = np.array(_NODES)
    centre = np.rint(x)
    place = centre.astype(np.int64) - _FIRST
    before, here, after = np.zeros_like(x), nodes[place, 0], nodes[place, 1]
    distance = x - centre
    total, power = here + after * distance, distance
    for n in range(_TERMS):
        before, here, after = here, after, (centre * here + before) / ((n + 1) * (n + 2))
        power = power * distance
        total = total + after * power
    return total


def _right(x: np.ndarray) -> np.ndarray:
    """By the modified Bessel function of order 1/3."""
    zeta = 2 / 3 * x * np.sqrt(x)
    return np.sqrt(x / 3) / math.pi * np.exp(-zeta) * scaled_k(1 / 3, zeta)


def _left(x: np.ndarray) -> np.ndarray:
    """Ai(-x) for large x by its asymptotic series (Abramowitz and Stegun 10.4.60)."""
    zeta = 2 / 3 * x * np.sqrt(x)
    even, odd, term = np.ones_like(x), np.zeros_like(x), np.ones_like(x)
    for k in range(1, 20):
        term = term * ((6 * k - 5) * (6 * k - 3) * (6 * k - 1) / (216 * k * (2 * k - 1))) / zeta
        sign = -1.0 if (k // 2) % 2 else 1.0
        if k % 2:
            odd = odd + sign * term
        else:
            even = even + sign * term
    angle = zeta + math.pi / 4
    return (np.sin(angle) * even - np.cos(angle) * odd) / (math.sqrt(math.pi) * x**0.25)
