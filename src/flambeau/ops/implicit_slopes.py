"""How samples of gamma and beta distributions move with their parameters.

A sample x of a distribution with cumulative function F(x, a) stays at its quantile while a changes
if dx/da = -(dF/da) / (dF/dx): implicit reparametrisation. The derivative of F with respect to a is
the derivative of its series, term by term.

Reference: M. Figurnov, S. Mohamed and A. Mnih, "Implicit Reparameterization Gradients", NeurIPS
2018; H. Goldberg and H. Levine, Ann. Math. Stat. 17, 1946 (quantiles of the gamma distribution).
"""

from __future__ import annotations

import numpy as np

from flambeau.core import special
from flambeau.core.scalar_numpy import evaluate

# From here on an expansion about the normal distribution is as exact as the series is quick.
_NEARLY_NORMAL = 150.0
# A sample this far out, and beyond twice its mean, is where the upper tail's expansion holds.
_FAR_OUT = 30.0
_NEGLIGIBLE = 1e-17


def digamma(x: np.ndarray) -> np.ndarray:
    """The derivative of log Gamma(x), in float64."""
    return evaluate(special.digamma, x)


def gamma_slope(shapes: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """dx/da of samples x of gamma distributions of shape a and scale 1.

    Shape: all alike, float64.

    Args:
        shapes: a > 0.
        samples: x > 0.
    """
    result = np.empty(shapes.shape)
    normal = shapes > _NEARLY_NORMAL
    far = ~normal & (samples > _FAR_OUT) & (samples > 2 * shapes)
    rest = ~(normal | far)
    for chosen, slope in ((normal, _nearly_normal), (far, _upper_tail), (rest, _gamma_series)):
        if chosen.any():
            result[chosen] = slope(shapes[chosen], samples[chosen])
    return result


def _gamma_series(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """P(a, x) = sum of x^(a+n) exp(-x) / Gamma(a+n+1), each term over the density."""
    logarithm = np.log(x)
    weight = x / a
    psi = digamma(a + 1.0)
    total = weight * (logarithm - psi)
    n = 0
    while n < 1000 and (weight > _NEGLIGIBLE * np.abs(total)).any():
        n += 1
        step = 1.0 / (a + n)
        weight = weight * x * step
        psi += step
        total += weight * (logarithm - psi)
    return -total


def _upper_tail(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Q(a, x) over the density is the sum of (a-1)(a-2)...(a-k) / x^k, an asymptotic series."""
    term, slope = np.ones_like(x), np.zeros_like(x)
    total, total_slope = term.copy(), slope.copy()
    for k in range(1, int(_FAR_OUT)):
        slope = (slope * (a - k) + term) / x
        term = term * (a - k) / x
        total += term
        total_slope += slope
    return (np.log(x) - digamma(a)) * total + total_slope


def _nearly_normal(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """x as a series in the normal quantile z, which stays when a changes."""
    root = np.sqrt(a)
    z = (x - a) / root
    for _ in range(6):  # Newton's steps on the first terms
        value = a + root * z + (z * z - 1) / 3 + (z**3 - 7 * z) / (36 * root)
        value += -(3 * z**4 + 7 * z**2 - 16) / (810 * a)
        value += (9 * z**5 + 256 * z**3 - 433 * z) / (38880 * a * root)
        z -= (value - x) / (root + 2 * z / 3 + (3 * z * z - 7) / (36 * root))
    slope = 1 + z / (2 * root) - (z**3 - 7 * z) / (72 * a * root)
    slope += (3 * z**4 + 7 * z**2 - 16) / (810 * a * a)
    return slope - (9 * z**5 + 256 * z**3 - 433 * z) / (25920 * a * a * root)


def beta_slope(samples: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """dx/da / (1 - x) of samples x of beta distributions of a and b.

    Shape: all alike, float64.

    Args:
        samples: 0 < x < 1.
        first: a > 0.
        second: b > 0.
    """
    result = np.empty(samples.shape)
    low = samples * (first + second + 2) <= first + 1
    for chosen, slope in ((low, _beta_from_below), (~low, _beta_from_above)):
        if chosen.any():
            result[chosen] = slope(samples[chosen], first[chosen], second[chosen])
    return result


def _beta_from_below(x: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """I_x(a, b) as the sum of x^(a+n) (1-x)^b Gamma(a+b+n) / (Gamma(a+n+1) Gamma(b))."""
    difference = np.log(x) + digamma(a + b) - digamma(a + 1.0)
    return -_summed(x / a, difference, x, a + b, a + 1.0, ends=True)


def _beta_from_above(x: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The same of I_(1-x)(b, a) = 1 - I_x(a, b)."""
    difference = np.log(x) + digamma(a + b) - digamma(a)
    return _summed(x / b, difference, 1.0 - x, a + b, b + 1.0, ends=False)


def _summed(
    weight: np.ndarray,
    difference: np.ndarray,
    x: np.ndarray,
    above: np.ndarray,
    below: np.ndarray,
    ends: bool,
) -> np.ndarray:
    """Sum weights, each x (above+n) / (below+n) of the one before, times differences of digammas.

    Args:
        weight, difference: of the first term.
        x, above, below: as said.
        ends: whether the digamma of ``below + n`` is part of the difference.
    """
    total = weight * difference
    n = 0
    while n < 100_000 and (weight > _NEGLIGIBLE * np.abs(total)).any():
        difference = difference + 1.0 / (above + n)
        if ends:
            difference -= 1.0 / (below + n)
        weight = weight * x * ((above + n) / (below + n))
        total += weight * difference
        n += 1
    return total
