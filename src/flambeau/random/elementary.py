"""log, exp, sine and their like with the exact bits of the C library.

PyTorch's double-precision samplers call the C library. NumPy computes some of the same functions
with vector code of its own that differs in the last digit for some arguments (one in 300 for
`log` with AVX-512). Here each function is NumPy's where that is seen to call the C library, and
Python's `math` otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]

# Enough that vector code, which differs in more than one of 400 arguments, is certain to show.
_PROBES = 8192
_CHUNK = 4096


def log(x: np.ndarray) -> np.ndarray:
    """The natural logarithm of float64 values > 0; zero gives -inf."""
    return _exact("log")(x)


def log1p(x: np.ndarray) -> np.ndarray:
    """log(1 + x) of float64 values > -1."""
    return _exact("log1p")(x)


def exp(x: np.ndarray) -> np.ndarray:
    """The exponential of float64 values; too large a value gives inf."""
    return _exact("exp")(x)


def sin(x: np.ndarray) -> np.ndarray:
    """The sine of float64 values."""
    return _exact("sin")(x)


def cos(x: np.ndarray) -> np.ndarray:
    """The cosine of float64 values."""
    return _exact("cos")(x)


def tan(x: np.ndarray) -> np.ndarray:
    """The tangent of float64 values."""
    return _exact("tan")(x)


@cache
def _exact(name: str) -> Function:
    """NumPy's function if it gives the C library's bits, else the C library's, one at a time."""
    numpy_function = getattr(np, name)
    one_by_one = _elementwise(getattr(math, name))
    # Quadratic residues of a golden-ratio sequence: no regular pattern, in (0, 2 pi).
    probes = (np.arange(1.0, _PROBES + 1) * 0.6180339887498949) % 1.0 * (2.0 * math.pi)
    if name == "log1p":
        probes = -probes / (2.0 * math.pi)
    if np.array_equal(numpy_function(probes), one_by_one(probes)):
        return numpy_function
    return one_by_one


def _elementwise(function: Callable[[float], float]) -> Function:
    """A scalar function over an array; in chunks, whose lists of floats stay in the cache."""

    def over_array(x: np.ndarray) -> np.ndarray:
        result = np.empty(x.size)
        values = x.reshape(-1)
        for start in range(0, x.size, _CHUNK):
            part = values[start : start + _CHUNK]
            result[start : start + _CHUNK] = _mapped(function, part.tolist())
        return result.reshape(x.shape)

    return over_array


def _mapped(function: Callable[[float], float], values: list[float]) -> np.ndarray:
    try:
        return np.fromiter(map(function, values), np.float64, len(values))
    except (ValueError, OverflowError):
        return np.fromiter((_at_pole(function, x) for x in values), np.float64, len(values))


def _at_pole(function: Callable[[float], float], x: float) -> float:
    """Where Python raises, C returns an infinity: log(0) = -inf, exp(1000) = inf."""
    try:
        return function(x)
    except ValueError:
        return -math.inf
    except OverflowError:
        return math.inf
