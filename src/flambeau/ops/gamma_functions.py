"""Derivatives of the digamma function, and modified Bessel functions, of arrays."""

from __future__ import annotations

import math

import numpy as np

# Bernoulli numbers B2, B4, ... over (2k)!, for the Euler-Maclaurin formula.
_BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510,
    43867 / 798, -174611 / 330, 854513 / 138, -236364091 / 2730,
)  # fmt: skip
EULER_MACLAURIN = tuple(b / math.factorial(2 * k) for k, b in enumerate(_BERNOULLI, start=1))
# From here on (and n further) twelve terms of that formula give every digit of a float64.
_LARGE = 10.0


def polygamma_of(n: int, x: np.ndarray) -> np.ndarray:
    """The n-th derivative of digamma, n ≥ 1, of a float64 array.

    It is n! times the sum of (x + k)^-(n+1) over k ≥ 0, with alternating sign.
    """
    total = np.zeros_like(x)
    large = _LARGE + n
    y = np.where(np.isfinite(x), x, large)
    below = y < large
    with np.errstate(all="ignore"):
        while below.any():
            total = np.where(below, total + y ** -(n + 1.0), total)
            y = np.where(below, y + 1.0, y)
            below = y < large
        total += _tail(n + 1, y)
    total *= math.factorial(n) * (-1.0) ** (n + 1)
    total = np.where(np.isposinf(x), 0.0, np.where(np.isnan(x) | np.isneginf(x), np.nan, total))
    pole = (x <= 0) & (x == np.floor(x)) & np.isfinite(x)
    return np.where(pole, math.inf * (-1.0) ** (n + 1), total)


def _tail(s: int, y: np.ndarray) -> np.ndarray:
    """The sum of (y + k)^-s for large y: integral, half of the first term, and corrections."""
    result = y ** (1.0 - s) / (s - 1) + 0.5 * y ** (0.0 - s)
    inverse_square = 1.0 / (y * y)
    factor = s * y ** (-1.0 - s)
    for k, coefficient in enumerate(EULER_MACLAURIN):
        result = result + coefficient * factor
        factor = factor * ((s + 2 * k + 1) * (s + 2 * k + 2)) * inverse_square
    return result


# --- modified Bessel functions of the first kind -------------------------------------------------

# Up to here the power series is summed, from here on the asymptotic one.
_BESSEL_LARGE = 22.0
_POWER_TERMS, _ASYMPTOTIC_TERMS = 52, 24


def _power_coefficients(order: int) -> tuple[float, ...]:
    terms = range(_POWER_TERMS)
    return tuple(1.0 / (math.factorial(k) * math.factorial(k + order)) for k in terms)


def _asymptotic_coefficients(order: int) -> tuple[float, ...]:
    coefficient, found = 1.0, [1.0]
    for k in range(1, _ASYMPTOTIC_TERMS):
        coefficient *= -(4 * order * order - (2 * k - 1) ** 2) / (8.0 * k)
        found.append(coefficient)
    return tuple(found)


_POWER = tuple(_power_coefficients(order) for order in (0, 1))
_ASYMPTOTIC = tuple(_asymptotic_coefficients(order) for order in (0, 1))


def bessel_of(order: int, x: np.ndarray, scaled: bool = False) -> np.ndarray:
    """I0 or I1 of a float64 array; ``scaled``: times exp(-|x|).

    All terms of the power series have one sign, so that nothing cancels.
    """
    size = np.abs(x)
    quarter = np.minimum(size, _BESSEL_LARGE) ** 2 * 0.25
    small = _horner(_POWER[order], quarter)
    large = np.where(size < _BESSEL_LARGE, _BESSEL_LARGE, size)
    with np.errstate(all="ignore"):
        # exp in two halves: the product stays finite a little longer than exp(x).
        half = np.ones_like(large) if scaled else np.exp(large * 0.5)
        series = _horner(_ASYMPTOTIC[order], 1.0 / large) / np.sqrt(2 * math.pi * large)
        outside = np.where(np.isinf(large), 0.0 if scaled else math.inf, half * series * half)
    if order:
        small = small * size * 0.5
    if scaled:
        small = small * np.exp(-np.minimum(size, _BESSEL_LARGE))
    result = np.where(np.isnan(x), x, np.where(size < _BESSEL_LARGE, small, outside))
    return np.copysign(result, x) if order else result


def _horner(coefficients: tuple[float, ...], x: np.ndarray) -> np.ndarray:
    result = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        result = result * x + coefficient
    return result
