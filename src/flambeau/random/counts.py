"""Whole-number distributions by rejection: Poisson and binomial."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from flambeau.core.errors import message
from flambeau.random.generator import Generator
from flambeau.random.precision import HALVES, compute_dtype, float64, refuse_dtype, require_floating
from flambeau.random.process import resolve
from flambeau.random.rejection import UniformStream

# From this mean on, transformed rejection is quicker than counting arrivals.
_LARGE_MEAN = 10.0

# log k! minus Stirling's formula for log k!, for k = 0 ... 9.
_STIRLING_TAIL = (
    0.0810614667953272,
    0.0413406959554092,
    0.0276779256849983,
    0.02079067210376509,
    0.0166446911898211,
    0.0138761288230707,
    0.0118967099458917,
    0.0104112652619720,
    0.00925546218271273,
    0.00833056343336287,
)


def poisson(generator: Generator | None, rates: np.ndarray) -> np.ndarray:
    """The number of events where ``rates`` are expected.

    P(k) = rate**k exp(-rate) / k!

    Shape: that of ``rates``, and its dtype.

    Args:
        generator: the stream; None for the process's own.
        rates: >= 0, floating-point.

    Raises:
        RuntimeError: a rate is negative.
        NotImplementedError: the dtype is not floating-point.

    Example:
        >>> import numpy as np
        >>> from flambeau.random import Generator, poisson
        >>> poisson(Generator(), np.zeros(2, np.float32)).tolist()
        [0.0, 0.0]

    Reference: W. Hörmann, "The transformed rejection method for generating Poisson random
    variables", Insurance: Mathematics and Economics 12, 1993 (algorithm PTRS).
    """
    generator = resolve(generator)
    require_floating("poisson", rates.dtype)
    if not (rates >= 0).all():
        text = message("poisson: negative rate", expected="rates >= 0", got=_smallest(rates))
        raise RuntimeError(text)
    with UniformStream(generator) as stream:
        uniform = stream.next
        counts = [_poisson(rate, uniform) for rate in rates.astype(float64).ravel().tolist()]
    wide = np.array(counts, float64).reshape(rates.shape)
    return (wide.astype(np.float32) if rates.dtype in HALVES else wide).astype(rates.dtype)


def _poisson(rate: float, uniform: Callable[[], float]) -> float:
    if rate >= _LARGE_MEAN:
        return _poisson_by_rejection(rate, uniform)
    if rate == 0.0:
        return 0.0
    # Arrivals at exponential intervals; a product of uniforms instead of a sum of logarithms.
    limit = math.exp(-rate)
    count, product = 0.0, uniform()
    while product > limit:
        count += 1.0
        product *= uniform()
    return count


def _poisson_by_rejection(rate: float, uniform: Callable[[], float]) -> float:
    log_rate = math.log(rate)
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    v_r = 0.9277 - 3.6224 / (b - 2.0)
    while True:
        u = uniform() - 0.5
        v = uniform()
        distance = 0.5 - abs(u)
        k = math.floor((2.0 * a / distance + b) * u + rate + 0.43) if distance else -1.0
        if distance >= 0.07 and v <= v_r:
            return float(k)
        if k < 0 or (distance < 0.013 and v > distance):
            continue
        hat = math.log(inverse_alpha) - math.log(a / (distance * distance) + b)
        if _log(v) + hat <= -rate + k * log_rate - math.lgamma(k + 1.0):
            return float(k)


def binomial(
    generator: Generator | None, trials: np.ndarray, probabilities: np.ndarray
) -> np.ndarray:
    """The number of successes in independent trials.

    P(k) = C(n, k) p**k (1 - p)**(n - k)

    Shape: that of ``trials``, which is that of ``probabilities``; and their dtype.

    Args:
        generator: the stream; None for the process's own.
        trials: n, floating-point. No successes where n <= 0.
        probabilities: p, of the same dtype. None below 0; n successes from 1 on.

    Raises:
        RuntimeError: the shapes or dtypes differ.
        NotImplementedError: the dtype is not float32 or float64.

    Example:
        >>> import numpy as np
        >>> from flambeau.random import Generator, binomial
        >>> binomial(Generator(), np.array([5.0, 7.0]), np.array([0.0, 1.0])).tolist()
        [0.0, 7.0]

    Reference: W. Hörmann, "The generation of binomial random variates", J. Statist. Comput.
    Simul. 46, 1993 (algorithm BTRS, with the logarithm that the print lacks).
    """
    generator = resolve(generator)
    if trials.dtype != probabilities.dtype or trials.shape != probabilities.shape:
        text = message(
            "binomial: the arguments do not match",
            expected="trials and probabilities of one shape and one dtype",
            got=f"{trials.shape} {trials.dtype} and {probabilities.shape} {probabilities.dtype}",
        )
        raise RuntimeError(text)
    if trials.dtype in HALVES or trials.dtype != compute_dtype(trials.dtype):
        refuse_dtype("binomial", trials.dtype, "float32 or float64")
    number = trials.dtype.type
    pairs = zip(trials.ravel(), probabilities.ravel(), strict=True)
    with UniformStream(generator) as stream:
        uniform = stream.next
        counts = [_binomial(n, p, number, uniform) for n, p in pairs]
    return np.array(counts, trials.dtype).reshape(trials.shape)


def _binomial(n, p, number: type, uniform: Callable[[], float]) -> float:
    """One sample; ``n`` and ``p`` are NumPy numbers, whose precision some steps keep."""
    if n <= 0 or p <= 0:
        return 0.0
    if p >= 1:
        return float(n)
    if p <= 0.5:
        return _binomial_below_half(n, p, number, uniform)
    if p > 0.5:
        return float(n) - _binomial_below_half(n, number(1.0 - float(p)), number, uniform)
    return math.nan


def _binomial_below_half(n, p, number: type, uniform: Callable[[], float]) -> float:
    if n * p >= _LARGE_MEAN:
        return _binomial_by_rejection(n, p, number, uniform)
    # Successes at geometric intervals.
    scale = float(number(math.log1p(-float(p))))
    trials, limit, count = 0.0, float(n), 0.0
    while True:
        trials += math.ceil(_log(uniform()) / scale)
        if trials > limit:
            return count
        count += 1.0


def _binomial_by_rejection(n, p, number: type, uniform: Callable[[], float]) -> float:
    one = number(1)
    deviation = float(np.sqrt(n * p * (one - p)))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * float(p)
    c = float(n * p) + 0.5
    v_r = 0.92 - 4.2 / b
    odds = float(p / (one - p))
    alpha = (2.83 + 5.1 / b) * deviation
    mode = float(np.floor((n + one) * p))
    n = float(n)
    while True:
        u = uniform() - 0.5
        v = uniform()
        distance = 0.5 - abs(u)
        k = math.floor((2.0 * a / distance + b) * u + c) if distance else -1.0
        if k < 0 or k > n:
            continue
        k = float(k)
        if distance >= 0.07 and v <= v_r:
            return k
        bound = (
            (mode + 0.5) * math.log((mode + 1.0) / (odds * (n - mode + 1.0)))
            + (n + 1.0) * math.log((n - mode + 1.0) / (n - k + 1.0))
            + (k + 0.5) * math.log(odds * (n - k + 1.0) / (k + 1.0))
            + _stirling_tail(mode)
            + _stirling_tail(n - mode)
            - _stirling_tail(k)
            - _stirling_tail(n - k)
        )
        if _log(v * alpha / (a / (distance * distance) + b)) <= bound:
            return k


def _stirling_tail(k: float) -> float:
    if k < len(_STIRLING_TAIL):
        return _STIRLING_TAIL[int(k)]
    square = (k + 1.0) * (k + 1.0)
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1.0)


def _log(x: float) -> float:
    return math.log(x) if x > 0.0 else -math.inf


def _smallest(values: np.ndarray) -> str:
    return f"a rate of {float(values[~(values >= 0)].flat[0]):g}"
