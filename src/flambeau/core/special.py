"""The error function, its inverse, and the gamma function's logarithm and derivative.

Written once as element expressions of float64, for NumPy and for compiled code alike. Accurate to
a few units in the last place, except that ``lgamma`` near its zeros below 0, where it is accurate
in absolute terms.
"""

from __future__ import annotations

from flambeau.core.scalar_builder import S, ScalarBuilder
from flambeau.core.special_coefficients import POLYNOMIALS

INFINITY = float("inf")
PI = 3.141592653589793
LOG_PI = 1.1447298858494002
HALF_LOG_TWO_PI = 0.9189385332046728
# The zero of digamma, as a sum of two.
DIGAMMA_ROOT = (1.4616321449683622, 9.549995429965697e-17)
ERFC_CENTRE = 3.75


def _polynomial(s: ScalarBuilder[S], name: str, x: S) -> S:
    coefficients = POLYNOMIALS[name, "float64"]
    result = s.constant(coefficients[-1], "float64")
    for coefficient in reversed(coefficients[:-1]):
        result = s.fma(result, x, coefficient)
    return result


def erf(s: ScalarBuilder[S], x: S) -> S:
    """2/sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    size = s.abs(x)
    near = s.fma(x, _polynomial(s, "erf", s.minimum(size, 1.0) * s.minimum(size, 1.0)), x)
    far = 1.0 - _erfc_large(s, s.where(size > 6, 6.0, s.where(size < 1, 1.0, size)))
    return s.where(size < 1, near, s.where(s.isnan(x), x, s.copysign(far, x)))


def erfc(s: ScalarBuilder[S], x: S) -> S:
    """1 - erf(x) without loss for large x."""
    size = s.abs(x)
    bounded = s.minimum(size, 0.7)
    central = 1.0 - s.fma(x, _polynomial(s, "erf", bounded * bounded), x)
    tail = _erfc_large(s, s.where(size > 28, 28.0, s.where(size < 0.7, 0.7, size)))
    far = s.where(x < 0, 2.0 - tail, tail)
    return s.where(s.isnan(x), x, s.where(size < 0.7, central, far))


def _erfc_large(s: ScalarBuilder[S], x: S) -> S:
    """erfc for 0.7 <= x <= 28: exp(-x^2) times a smooth function of (x - c)/(x + c)."""
    t = (x - ERFC_CENTRE) / (x + ERFC_CENTRE)
    smooth = _polynomial(s, "erfc", t) / s.fma(2.0, x, 1.0)
    # x^2 = high^2 + low with an exact high^2, for exp magnifies the error of its argument.
    high = s.cast(s.cast(x, "float32"), "float64")
    low = (x - high) * (x + high)
    correction = -low * (1.0 - low * (0.5 - low * (1.0 / 6.0)))
    product = s.exp(-(high * high)) * smooth
    return s.fma(product, correction, product)


def erfinv(s: ScalarBuilder[S], x: S) -> S:
    """The inverse of erf, x times a function of w = -log(1 - x^2)."""
    w = -s.log((1.0 - x) * (1.0 + x))
    root = s.sqrt(s.where(w < 5, 5.0, w))
    centre = _polynomial(s, "erfinv_centre", s.where(w < 5, w, 5.0) - 2.5)
    middle = _polynomial(s, "erfinv_middle", s.where(root < 4, root, 4.0) - 3.125)
    bounded = s.where(root < 6.04, root, 6.04)
    tail = _polynomial(s, "erfinv_tail", bounded - 5.0)
    result = x * s.where(w < 5, centre, s.where(root < 4, middle, tail))
    ends = s.where(s.abs(x) == 1, s.copysign(s.constant(INFINITY, "float64"), x), result)
    return s.where(s.abs(x) <= 1, ends, float("nan"))


def lgamma(s: ScalarBuilder[S], x: S) -> S:
    """log |Gamma(x)|; below 0 by reflection."""
    size = s.abs(x)
    positive = _lgamma_positive(s, s.where(size < 1e-300, 1e-300, size))
    # |Gamma(-y)| = pi / (y |sin(pi y)| Gamma(y)), and sin(pi y) has period 1 but for its sign.
    fraction = s.abs(size - s.round(size))
    sine = s.sin(PI * fraction)
    reflected = -s.log(size * sine / PI) - positive
    result = s.where(x < 0, reflected, positive)
    pole = s.logical_or(x == 0, s.logical_and(x < 0, fraction == 0))
    result = s.where(pole, INFINITY, result)
    # Gamma(x) is 1/x near 0.
    result = s.where(s.logical_and(size < 1e-17, x != 0), -s.log(size), result)
    return s.where(s.isinf(x), INFINITY, s.where(s.isnan(x), x, result))


def _lgamma_positive(s: ScalarBuilder[S], x: S) -> S:
    """Around 2 a polynomial; from there by Gamma(x + 1) = x Gamma(x); from 8 on Stirling."""
    one = s.constant(1.0, "float64")
    up = s.where(x < 0.5, x * (x + 1.0), s.where(x < 1.5, x, one))
    z = s.where(x < 0.5, x, s.where(x < 1.5, x - 1.0, x - 2.0))
    down = one
    for _ in range(6):
        z_above = z > 0.5
        z_above = s.logical_and(z_above, x < 8)
        z = s.where(z_above, z - 1.0, z)
        down = s.where(z_above, down * (z + 2.0), down)
    z = s.where(x < 8, z, 0.0)
    # One logarithm for both directions: Gamma(x) = down Gamma(2 + z), or Gamma(2 + z) / up.
    logarithm = s.log(s.where(x < 1.5, up, down))
    shift = s.where(x < 1.5, -logarithm, logarithm)
    small = s.fma(z, _polynomial(s, "lgamma", z), shift)
    large = s.where(x < 8, 8.0, x)
    series = _polynomial(s, "stirling", 1.0 / (large * large)) / large
    # The halves keep large results finite for as long as they are.
    stirling = (large - 0.5) * (s.log(large) - 1.0) + ((HALF_LOG_TWO_PI - 0.5) + series)
    return s.where(x < 8, small, stirling)


def digamma(s: ScalarBuilder[S], x: S) -> S:
    """The derivative of log Gamma(x); at negative integers NaN, at 0 an infinity."""
    below = x < 0.5
    y = s.where(below, 1.0 - x, x)
    fraction = x - s.round(x)
    cotangent = 1.0 / s.tan(PI * s.where(fraction == 0, 0.25, fraction))
    positive = _digamma_positive(s, y)
    result = s.where(below, positive - PI * cotangent, positive)
    result = s.where(s.logical_and(x < 0, fraction == 0), float("nan"), result)
    result = s.where(s.abs(x) < 1e-17, -1.0 / x, result)
    result = s.where(x == INFINITY, INFINITY, result)
    return s.where(x == -INFINITY, float("nan"), result)


def _digamma_positive(s: ScalarBuilder[S], x: S) -> S:
    """On [1, 2] (x - root) times a polynomial; psi(x + 1) = psi(x) + 1/x; from 10 on a series."""
    zero = s.constant(0.0, "float64")
    up = s.where(x < 1, 1.0 / x, zero)
    y = s.where(x < 1, x + 1.0, s.where(x < 10, x, s.constant(10.0, "float64")))
    total = -up
    for _ in range(8):
        above = y > 2
        y = s.where(above, y - 1.0, y)
        total = s.where(above, total + 1.0 / y, total)
    distance = (y - DIGAMMA_ROOT[0]) - DIGAMMA_ROOT[1]
    small = s.fma(distance, _polynomial(s, "digamma", y - 1.5), total)
    large = s.where(x < 10, 10.0, x)
    inverse = 1.0 / large
    square = inverse * inverse
    series = square * _polynomial(s, "digamma_large", square)
    asymptotic = s.log(large) + (series - 0.5 * inverse)
    return s.where(x < 10, small, asymptotic)
