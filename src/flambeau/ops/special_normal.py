"""The normal distribution's functions, entropies, and the scaled error function."""

from __future__ import annotations

import math

import numpy as np

from flambeau.core import special
from flambeau.core.scalar_numpy import evaluate
from flambeau.ops.exponential import exp, log
from flambeau.ops.selection import where
from flambeau.ops.special_makers import special_binary, special_unary

SQRT_HALF = math.sqrt(0.5)
ROOT_TWO_PI = math.sqrt(2 * math.pi)
TWO_OVER_SQRT_PI = 2 / math.sqrt(math.pi)
_ASYMPTOTIC = 25.0


def _erfc(x: np.ndarray) -> np.ndarray:
    return evaluate(special.erfc, np.asarray(x, np.float64))


def erfcx_of(x: np.ndarray) -> np.ndarray:
    """exp(x^2) erfc(x), which stays finite for large x."""
    usable = np.where(np.isfinite(x), x, 0.0)
    near = np.minimum(usable, _ASYMPTOTIC)
    # x^2 = high^2 + low with an exact high^2, for exp magnifies the error of its argument.
    high = np.float64(np.float32(near))
    low = (near - high) * (near + high)
    small = np.exp(high * high) * np.exp(low) * _erfc(near)
    large = np.maximum(usable, _ASYMPTOTIC)
    inverse, total, term = 1 / (2 * large * large), 1.0, 1.0
    for k in range(1, 12):
        term = term * (-(2 * k - 1) * inverse)
        total = total + term
    result = np.where(usable < _ASYMPTOTIC, small, total / (large * math.sqrt(math.pi)))
    return np.where(np.isnan(x), x, np.where(np.isinf(x), np.where(x > 0, 0.0, np.inf), result))


def _log_ndtr(x: np.ndarray) -> np.ndarray:
    tail = np.minimum(x, -1.0)
    scaled = np.where(np.isinf(tail), 1.0, erfcx_of(-tail * SQRT_HALF))
    below = np.log(scaled / 2) - tail * tail / 2
    return np.where(x < -1, below, np.log1p(-_erfc(np.maximum(x, -1.0) * SQRT_HALF) / 2))


def _ndtri(p: np.ndarray) -> np.ndarray:
    """By erfinv in the middle; in the tails Newton's steps on the logarithm."""
    tail = np.minimum(p, 1 - p)
    inside = (tail > 0) & (tail < 0.5)
    usable = np.where(inside, tail, 0.25)
    logarithm = np.log(usable)
    start = -2 * logarithm
    x = -np.sqrt(np.maximum(start - np.log(np.maximum(start * 2 * math.pi, 1.0)), 0.0))
    for _ in range(7):
        slope = math.sqrt(2 / math.pi) / erfcx_of(-x * SQRT_HALF)
        step = (_log_ndtr(x) - logarithm) / slope
        # Halley's correction: the second derivative of log Phi is -slope (x + slope).
        x = x - step / (1 + 0.5 * step * (x + slope))
    middle = math.sqrt(2) * evaluate(special.erfinv, 2 * np.where(inside, p, 0.5) - 1)
    result = np.where(usable > 0.1, middle, np.where(p < 0.5, x, -x))
    result = np.where(p == 0.5, 0.0, result)
    result = np.where(p == 0, -np.inf, np.where(p == 1, np.inf, result))
    return np.where((p < 0) | (p > 1) | np.isnan(p), np.nan, result)


def _entr(x: np.ndarray) -> np.ndarray:
    positive = x > 0
    result = np.where(positive, -x * np.log(np.where(positive, x, 1.0)), -np.inf)
    return np.where(np.isnan(x), x, np.where(x == 0, 0.0, result))


def _xlog1py(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.where((x == 0) & ~np.isnan(y), 0.0, x * np.log1p(y))


erfcx = special_unary(
    "erfcx",
    erfcx_of,
    gradient={"input": lambda g, input, out: g * (2.0 * out * input - TWO_OVER_SQRT_PI)},
    doc="""The scaled error function, which stays finite for large elements.

    :math:`out = e^{input^2} erfc(input)`

    Example:
        >>> import flambeau as fb
        >>> fb.special.erfcx(fb.tensor([0., 1., 100.]))
        tensor([1.0000, 0.4276, 0.0056])
    """,
)

ndtr = special_unary(
    "ndtr",
    lambda x: _erfc(-x * SQRT_HALF) / 2,
    gradient={"input": lambda g, input: g * (exp(input * input * -0.5) / ROOT_TWO_PI)},
    scalar=lambda s, x: s.erfc(x * -SQRT_HALF) * 0.5,
    doc="""The probability that a normally distributed number is smaller.

    :math:`out = \\frac{1}{\\sqrt{2π}} \\int_{-∞}^{input} e^{-t^2/2} dt`

    Example:
        >>> import flambeau as fb
        >>> fb.special.ndtr(fb.tensor([0., 1.]))
        tensor([0.5000, 0.8413])
    """,
)

log_ndtr = special_unary(
    "log_ndtr",
    _log_ndtr,
    gradient={
        "input": lambda g, input: g * (math.sqrt(2 / math.pi) / erfcx(input * -SQRT_HALF)),
    },
    doc="""The logarithm of the probability that a normally distributed number is smaller.

    :math:`out = \\ln ndtr(input)`, precise for large negative elements too.

    Example:
        >>> import flambeau as fb
        >>> fb.special.log_ndtr(fb.tensor([0., -10.]))
        tensor([ -0.6931, -53.2313])
    """,
)

ndtri = special_unary(
    "ndtri",
    _ndtri,
    domain=(0.02, 0.98),
    gradient={"input": lambda g, out: g * (exp(out * out * 0.5) * ROOT_TWO_PI)},
    doc="""The number that a normally distributed one is smaller than with the given probability.

    :math:`ndtr(out) = input`; nan outside [0, 1].

    Example:
        >>> import flambeau as fb
        >>> fb.special.ndtri(fb.tensor([0.5, 0.975]))
        tensor([0.0000, 1.9600])
    """,
)

entr = special_unary(
    "entr",
    _entr,
    domain=(0.1, 3.0),
    gradient={"input": lambda g, input: where(input != input, input, g * (-1.0 - log(input)))},
    scalar=lambda s, x: s.where(x > 0, -x * s.log(x), s.where(x < 0, float("-inf"), x)),
    doc="""The entropy of a probability.

    :math:`out = -input · \\ln input`; 0 at 0, and -inf below.

    Example:
        >>> import flambeau as fb
        >>> fb.special.entr(fb.tensor([0., 0.5, 1.]))
        tensor([0.0000, 0.3466, -0.0000])
    """,
)

xlog1py = special_binary(
    "xlog1py",
    _xlog1py,
    gradient={
        "input": lambda g, input, other: where(
            (input == 0) & (other <= -1), 0.0, xlog1py(g, other)
        ),
        "other": lambda g, input, other: g * input / (other + 1),
    },
    doc="""A factor times the logarithm of one more than the other, and 0 where the factor is 0.

    :math:`out = input · \\ln(1 + other)`

    nan where ``other`` is nan.

    Example:
        >>> import flambeau as fb
        >>> fb.special.xlog1py(fb.tensor([0., 2.]), fb.tensor([-1., 1.]))
        tensor([0.0000, 1.3863])
    """,
)
