"""The incomplete gamma functions, of float64 arrays."""

from __future__ import annotations

import math

import numpy as np

from flambeau.core import special
from flambeau.core.scalar_numpy import evaluate

_EPSILON = 2.0**-51
_TERMS = 20000
_STIRLING = (
    1 / 12, 1 / 288, -139 / 51840, -571 / 2488320, 163879 / 209018880, 5246819 / 75246796800,
    -534703531 / 902961561600, -4483131259 / 86684309913600,
)  # fmt: skip


def gammainc(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """P(a, x), the part of the gamma function's integral from 0 to x."""
    return _regularised(a, x, True)


def gammaincc(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Q(a, x), the part from x on."""
    return _regularised(a, x, False)


def _regularised(a: np.ndarray, x: np.ndarray, lower: bool) -> np.ndarray:
    a, x = np.broadcast_arrays(a, x)
    usual = (a > 0) & (x > 0) & np.isfinite(a) & np.isfinite(x)
    result = np.full(a.shape, np.nan)
    result[(a >= 0) & (x >= 0)] = 0.0  # a is 0 or x infinite: everything lies below x
    below = ((a == 0) & (x > 0)) | (np.isposinf(x) & np.isfinite(a) & (a >= 0))
    if lower:
        result[below] = 1.0
    else:
        result[~below & (a >= 0) & (x >= 0)] = 1.0
    undefined = ((a == 0) & (x == 0)) | (np.isposinf(a) & np.isposinf(x))
    result[undefined] = np.nan
    if usual.any():
        result[usual] = _inside(a[usual], x[usual], lower)
    return result


def _inside(a: np.ndarray, x: np.ndarray, lower: bool) -> np.ndarray:
    by_series = x < a + 1
    out = np.empty_like(a)
    for chosen, part, is_lower in ((by_series, _series, True), (~by_series, _fraction, False)):
        if chosen.any():
            found = part(a[chosen], x[chosen])
            out[chosen] = found if is_lower is lower else 1.0 - found
    if not lower:  # Q is nearly 1 for small a, and P loses nothing there; it is not nearly 0
        small = (x < 1) & (a < 1)
        if small.any():
            out[small] = _small_upper(a[small], x[small])
    return out


def _factor(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """x^a e^-x / Gamma(a + 1), whose parts are too large on their own where a is."""
    plain = np.exp(a * np.log(x) - x - evaluate(special.lgamma, a + 1))
    large = np.maximum(a, 20.0)
    distance = (x - large) / large
    away = np.where(
        np.abs(distance) < 0.5,
        _log1p_less(distance),
        distance - np.log(np.maximum(x, 1e-300) / large),
    )
    correction = 1 + sum(c / large ** (k + 1) for k, c in enumerate(_STIRLING))
    scaled = np.exp(-large * away) / (np.sqrt(2 * math.pi * large) * correction)
    return np.where(a < 20, plain, scaled)


def _log1p_less(y: np.ndarray) -> np.ndarray:
    """y - log(1 + y) without loss near 0."""
    y = np.clip(y, -0.5, 0.5)
    # log(1 + y) = 2 artanh(u) with u = y / (2 + y), and y - 2u = u y.
    u = y / (2 + y)
    square, total = u * u, np.zeros_like(y)
    for k in range(16, 0, -1):
        total = (total + 1 / (2 * k + 1)) * square
    return u * (y - 2 * total)


def _series(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """P for x < a + 1."""
    term = np.ones_like(a)
    total = term.copy()
    for k in range(1, _TERMS):
        term = term * (x / (a + k))
        total = total + term
        if not np.any(term > _EPSILON * total):
            break
    return np.minimum(total * _factor(a, x), 1.0)


def _fraction(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Q for x >= a + 1, by Lentz's evaluation of its continued fraction."""
    tiny = 1e-300
    b = x + 1 - a
    c, d = np.full_like(a, 1 / tiny), 1 / b
    total = d.copy()
    for k in range(1, _TERMS):
        numerator = -k * (k - a)
        b = b + 2
        d = numerator * d + b
        c = b + numerator / c
        d = 1 / np.where(np.abs(d) < tiny, tiny, d)
        c = np.where(np.abs(c) < tiny, tiny, c)
        change = c * d
        total = total * change
        if not np.any(np.abs(change - 1) > _EPSILON):
            break
    return total * _factor(a, x) * a


def _small_upper(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Q for small a and x, where 1 - P would cancel.

    Q = 1 - x^a/Gamma(a+1) - x^a/Gamma(a) * sum of (-x)^k / (k! (a + k)) over k >= 1.
    """
    logarithm = a * np.log(x) - evaluate(special.lgamma, a + 1)
    total, term = np.zeros_like(a), np.ones_like(a)
    for k in range(1, 24):
        term = term * (-x / k)
        total = total + term / (a + k)
    return -np.expm1(logarithm) - np.exp(logarithm) * a * total
