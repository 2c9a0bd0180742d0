"""The error function of arrays, in as few passes over memory as NumPy allows.

``gelu`` needs it in every step, so it is written here for arrays beside the element expression of
:mod:`flambeau.core.special`, whose coefficients it shares.
"""

from __future__ import annotations

import numpy as np

from flambeau.core.special import ERFC_CENTRE
from flambeau.core.special_coefficients import POLYNOMIALS

# From here on erf is 1 to within half a unit in the last place of float32.
SATURATED = 3.9192
# erf(x) = x P(x^2) / Q(x^2) up to there, to 1.8e-9: a least-squares fit, reweighted until the
# largest relative error was smallest.
NUMERATOR = (
    1.128379169144595, 0.185134156724186, 0.05424315531935243, 0.0038384896764149835,
    0.00037672834171070574, 4.6084257230487044e-06, -1.2795426476056695e-08,
)  # fmt: skip
DENOMINATOR = (
    1.0, 0.4974042807302752, 0.11387269223169401, 0.015429673359184928,
    0.0013014570528150798, 6.239159164027402e-05,
)  # fmt: skip


def polynomial(coefficients: tuple[float, ...], x: np.ndarray) -> np.ndarray:
    """A polynomial, the constant term first, at every element: two passes for each degree."""
    kind = x.dtype.type
    result = np.multiply(x, kind(coefficients[-1]))
    for coefficient in coefficients[-2:0:-1]:
        result = np.add(result, kind(coefficient), out=result)
        result = np.multiply(result, x, out=result)
    return np.add(result, kind(coefficients[0]), out=result)


def erf_of(x: np.ndarray) -> np.ndarray:
    """The error function of a float32 or float64 array.

    float32 to 4 units in the last place, float64 to 2.
    """
    x = np.asarray(x)
    shape = x.shape
    if not shape:
        x = x.reshape(1)
    result = _erf32(x) if x.dtype == np.float32 else _erf64(x)
    return result if shape else result.reshape(shape)


def _erf32(x: np.ndarray) -> np.ndarray:
    bounded = np.clip(x, np.float32(-SATURATED), np.float32(SATURATED))
    square = bounded * bounded
    bounded *= polynomial(NUMERATOR, square)
    bounded /= polynomial(DENOMINATOR, square)
    return np.clip(bounded, np.float32(-1), np.float32(1), out=bounded)


def _erf64(x: np.ndarray) -> np.ndarray:
    size = np.abs(x)
    square = np.minimum(size, 1.0)
    square *= square
    near = polynomial(POLYNOMIALS["erf", "float64"], square)
    near *= x
    near += x
    far = size >= 1
    if far.any():
        outer = np.minimum(size[far], 6.0)
        near[far] = np.copysign(1.0 - _erfc_large(outer), x[far])
    return near


def _erfc_large(x: np.ndarray) -> np.ndarray:
    """erfc from 1 to 6: exp(-x^2) times a smooth function of (x - c) / (x + c)."""
    smooth = polynomial(POLYNOMIALS["erfc", "float64"], (x - ERFC_CENTRE) / (x + ERFC_CENTRE))
    smooth /= 2.0 * x + 1.0
    # x^2 = high^2 + low with an exact high^2, for exp magnifies the error of its argument.
    high = x.astype(np.float32).astype(np.float64)
    smooth *= np.exp(-high * high)
    smooth *= np.exp((high - x) * (x + high))
    return smooth
