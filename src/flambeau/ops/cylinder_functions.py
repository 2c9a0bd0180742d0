"""Bessel functions of both kinds and of real arguments, of float64 arrays.

For small arguments by backward recurrence over all orders, for large ones by Hankel's asymptotic
series. The modified function K is an integral that the trapezoidal rule gives to full precision.
"""

from __future__ import annotations

import math

import numpy as np

EULER = 0.5772156649015329
_LARGE = 25.0  # from here on the asymptotic series has every digit
_TINY = 1e-8


def _orders(x: np.ndarray, count: int) -> list[np.ndarray]:
    """J_0(x), J_1(x), ... by Miller's recurrence, for x well below ``count``."""
    after, here = np.zeros_like(x), np.full_like(x, 1e-300)
    found = [here]
    for n in range(count, 0, -1):
        after, here = here, (2 * n / x) * here - after
        found.append(here)
        large = np.abs(here) > 1e200
        if large.any():  # bring everything so far down by one factor
            scale = np.where(large, 1e-200, 1.0)
            found = [f * scale for f in found]
            after, here = after * scale, here * scale
    found.reverse()
    total = found[0] + 2 * sum(found[2::2])
    return [f / total for f in found]


def _small(x: np.ndarray) -> tuple[np.ndarray, ...]:
    """J0, J1, Y0, Y1 for 0 < x < 25, Y by Neumann's series (Abramowitz and Stegun 9.1.88)."""
    j = _orders(np.maximum(x, _TINY), 26 if np.all(x < 2) else 84)
    logarithm = np.log(x / 2) + EULER
    y0, y1 = logarithm * j[0], (logarithm - 1) * j[1] - j[0] / x
    for k in range(1, (len(j) - 2) // 2):
        sign = -1.0 if k % 2 else 1.0
        y0 = y0 - 2 * sign / k * j[2 * k]
        y1 = y1 - sign * (2 * k + 1) / (k * (k + 1)) * j[2 * k + 1]
    return j[0], j[1], y0 * (2 / math.pi), y1 * (2 / math.pi)


def _asymptotic(order: int, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """J and Y for x >= 25 (Abramowitz and Stegun 9.2.5)."""
    mu, p, q, term = 4.0 * order * order, np.ones_like(x), np.zeros_like(x), np.ones_like(x)
    for k in range(1, 24):
        term = term * ((mu - (2 * k - 1) ** 2) / (8 * k)) / x
        sign = -1.0 if (k // 2) % 2 else 1.0
        if k % 2:
            q = q + sign * term
        else:
            p = p + sign * term
    angle = x - (order / 2 + 0.25) * math.pi
    cos, sin, size = np.cos(angle), np.sin(angle), np.sqrt(2 / (math.pi * x))
    return size * (p * cos - q * sin), size * (p * sin + q * cos)


def bessel(kind: str, order: int, x: np.ndarray) -> np.ndarray:
    """J (``kind`` "j") or Y ("y") of order 0 or 1."""
    size = np.abs(x)
    usable = np.where((size > 0) & np.isfinite(size), size, 1.0)
    near = np.minimum(usable, _LARGE)
    small = _by_parts(near)[order + (2 if kind == "y" else 0)]
    large = _asymptotic(order, np.maximum(usable, _LARGE))[kind == "y"]
    result = np.where(usable < _LARGE, small, large)
    result = np.where(np.isinf(size), 0.0, np.where(np.isnan(x), np.nan, result))
    if kind == "y":
        return np.where(x < 0, np.nan, np.where(x == 0, -np.inf, result))
    if order:
        result = np.where(size < _TINY, size / 2, result)
        return np.where(x < 0, -result, result)
    return np.where(size < _TINY, 1.0, result)


def _by_parts(x: np.ndarray) -> list[np.ndarray]:
    """:func:`_small` with as few orders as elements need."""
    flat = x.ravel()
    out = np.empty((4, flat.size))
    for chosen in (flat < 2, flat >= 2):
        if chosen.any():
            out[:, chosen] = _small(flat[chosen])
    return [row.reshape(x.shape) for row in out]


# --- the modified function of the second kind ---------------------------------------------------

_STEP, _POINTS = 0.25, 44


def scaled_k(order: float, x: np.ndarray) -> np.ndarray:
    """e^x K(x) for x > 0: the integral of exp(-x (cosh t - 1)) cosh(order t) over t >= 0.

    The step follows the width of the integrand; the trapezoidal rule then errs by less than the
    last digit.
    """
    step = _STEP * np.minimum(1.0, np.sqrt(2.0 / x))
    total = np.full_like(x, 0.5)
    for k in range(1, _POINTS):
        t = k * step
        half = np.sinh(t / 2)
        total = total + np.exp(-2 * x * half * half) * np.cosh(order * t)
    return total * step


def modified_k(order: int, x: np.ndarray, i: np.ndarray, scaled: bool) -> np.ndarray:
    """K of order 0 or 1, from the modified function of the first kind ``i`` where x is small."""
    near = np.where((x > 0) & (x <= 2), x, 1.0)
    far = np.where((x > 2) & np.isfinite(x), x, 4.0)
    small, large = _k_series(order, near, i), scaled_k(order, far)
    if scaled:
        small = small * np.exp(near)
    else:
        large = large * np.exp(-far)
    result = np.where(x <= 2, small, large)
    result = np.where(np.isposinf(x), 0.0, result)
    return np.where(x == 0, np.inf, np.where((x < 0) | np.isnan(x), np.nan, result))


def _k_series(order: int, x: np.ndarray, i: np.ndarray) -> np.ndarray:
    """Abramowitz and Stegun 9.6.11 and 9.6.13, for 0 < x <= 2."""
    quarter, logarithm = x * x / 4, np.log(x / 2)
    total, term = np.zeros_like(x), np.ones_like(x)
    first, second = -EULER, -EULER + order  # digamma at k + 1 and at k + order + 1
    for k in range(20):
        total = total + term * (first + second) / 2
        term = term * quarter / ((k + 1) * (k + 1 + order))
        first, second = first + 1 / (k + 1), second + 1 / (k + 1 + order)
    if order == 0:
        return total - logarithm * i
    return 1 / x + logarithm * i - total * x / 2
