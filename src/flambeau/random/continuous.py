"""Samples by inversion: exponential, geometric, Cauchy; and log-normal.

Each is computed in double precision with the C library's functions, then rounded to the dtype.
Where the dtype is narrower, NumPy's faster functions do as well, except next to a point where the
rounding changes; there the exact function decides.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import DTypeLike

from flambeau.core.errors import message
from flambeau.random import elementary
from flambeau.random.destination import Destination
from flambeau.random.fused import fma_float64
from flambeau.random.generator import Generator
from flambeau.random.normals import standard_normals
from flambeau.random.precision import (
    DIGITS,
    INTEGERS,
    as_dtype,
    cast,
    float32,
    float64,
    refuse_dtype,
    require_floating,
)
from flambeau.random.process import resolve
from flambeau.random.uniforms import CHUNK, unit53

Transform = Callable[[np.ndarray], np.ndarray]

# Many times the error of NumPy's functions and of the arithmetic around them.
_MARGIN = 2.0**-44


def exponential(
    generator: Generator | None,
    shape: Sequence[int] | int | None = None,
    dtype: DTypeLike = float32,
    rate: float = 1.0,
    *,
    into: np.ndarray | None = None,
) -> np.ndarray:
    """Samples of the exponential distribution.

    x = -log(1 - u) / rate.

    Shape: the result has ``shape``, or is ``into``.

    Args:
        generator: the stream; None for the process's own.
        shape: of a new array.
        dtype: of a new array, floating-point.
        rate: events per unit, > 0 (PyTorch's ``lambd``).
        into: an array to fill instead, in the order of its memory.

    Raises:
        RuntimeError: ``rate`` is not positive, or the dtype not floating-point.

    Example:
        >>> from flambeau.random import Generator, exponential
        >>> bool(exponential(Generator(), (4,), rate=2.0).min() > 0)
        True
    """
    target = as_dtype(dtype) if into is None else into.dtype
    require_floating("exponential", target)
    _require_positive("exponential", "rate", rate)
    factor = -1.0 / rate
    return _inverted(
        "exponential",
        generator,
        Destination("exponential", shape, target, into),
        lambda u: factor * np.log1p(-u),
        lambda u: factor * elementary.log1p(-u),
    )


def geometric(
    generator: Generator | None,
    p: float,
    shape: Sequence[int] | int | None = None,
    dtype: DTypeLike = float32,
    *,
    into: np.ndarray | None = None,
) -> np.ndarray:
    """The number of trials up to the first success.

    x = ceil(log(u) / log(1 - p)).

    Shape: the result has ``shape``, or is ``into``.

    Args:
        generator: the stream; None for the process's own.
        p: probability of a success, in (0, 1).
        shape: of a new array.
        dtype: of a new array, floating-point or integer.
        into: an array to fill instead, in the order of its memory.

    Raises:
        RuntimeError: ``p`` is not in (0, 1).
        NotImplementedError: no samples of this dtype.

    Example:
        >>> from flambeau.random import Generator, geometric
        >>> bool(geometric(Generator(), 0.5, (4,)).min() >= 1)
        True
    """
    target = as_dtype(dtype) if into is None else into.dtype
    if target not in DIGITS and target not in INTEGERS:
        refuse_dtype("geometric", target, "a floating-point or integer dtype")
    if not 0.0 < p < 1.0:
        text = message(
            "geometric: no probability of success", expected="0 < p < 1", got=f"p = {p:g}"
        )
        raise RuntimeError(text)
    scale = math.log1p(-p)
    return _inverted(
        "geometric",
        generator,
        Destination("geometric", shape, target, into),
        lambda u: np.log(u) / scale,
        lambda u: elementary.log(u) / scale,
        rounding=np.ceil,
    )


def cauchy(
    generator: Generator | None,
    shape: Sequence[int] | int | None = None,
    dtype: DTypeLike = float32,
    median: float = 0.0,
    sigma: float = 1.0,
    *,
    into: np.ndarray | None = None,
) -> np.ndarray:
    """Samples of the Cauchy distribution.

    x = median + sigma tan(pi (u - 1/2)).

    Shape: the result has ``shape``, or is ``into``.

    Args:
        generator: the stream; None for the process's own.
        shape: of a new array.
        dtype: of a new array, floating-point.
        median: of the distribution.
        sigma: half the width at half the height, > 0.
        into: an array to fill instead, in the order of its memory.

    Raises:
        RuntimeError: ``sigma`` is not positive.

    Example:
        >>> from flambeau.random import Generator, cauchy
        >>> cauchy(Generator(), (2, 3)).shape
        (2, 3)
    """
    target = as_dtype(dtype) if into is None else into.dtype
    require_floating("cauchy", target)
    _require_positive("cauchy", "sigma", sigma)
    destination = Destination("cauchy", shape, target, into)

    def exact(u: np.ndarray) -> np.ndarray:
        return fma_float64(elementary.tan(math.pi * (u - 0.5)), sigma, median)

    return _inverted("cauchy", generator, destination, exact, exact)


def log_normal(
    generator: Generator | None,
    shape: Sequence[int] | int | None = None,
    dtype: DTypeLike = float32,
    mean: float = 1.0,
    std: float = 2.0,
    *,
    into: np.ndarray | None = None,
) -> np.ndarray:
    """Samples whose logarithm is normally distributed.

    x = exp(mean + std z), z from `normals.standard_normals`.

    Shape: the result has ``shape``, or is ``into``.

    Args:
        generator: the stream; None for the process's own.
        shape: of a new array.
        dtype: of a new array, floating-point.
        mean: of the logarithm.
        std: standard deviation of the logarithm, > 0.
        into: an array to fill instead, in the order of its memory.

    Raises:
        RuntimeError: ``std`` is not positive.

    Example:
        >>> from flambeau.random import Generator, log_normal
        >>> bool(log_normal(Generator(), (4,)).min() > 0)
        True
    """
    generator = resolve(generator)
    target = as_dtype(dtype) if into is None else into.dtype
    require_floating("log_normal", target)
    _require_positive("log_normal", "std", std)
    destination = Destination("log_normal", shape, target, into)
    flat = destination.flat
    with generator.lock:
        samples = standard_normals(generator, flat.size)
    flat[:] = cast(elementary.exp(fma_float64(samples, std, mean)), target)
    return destination.finish()


def _inverted(
    operation: str,
    generator: Generator | None,
    destination: Destination,
    fast: Transform,
    exact: Transform,
    rounding: Transform | None = None,
) -> np.ndarray:
    """Fill a destination with a transform of uniforms of 53 bits."""
    generator = resolve(generator)
    flat = destination.flat
    with generator.lock, np.errstate(divide="ignore", over="ignore"):
        for start in range(0, flat.size, CHUNK):
            chunk = flat[start : start + CHUNK]
            uniforms = unit53(generator, chunk.size)
            chunk[:] = _rounded(uniforms, flat.dtype, fast, exact, rounding)
    return destination.finish()


def _rounded(
    uniforms: np.ndarray,
    dtype: np.dtype,
    fast: Transform,
    exact: Transform,
    rounding: Transform | None,
) -> np.ndarray:
    """``exact(uniforms)`` rounded, by way of ``fast`` wherever that must come to the same."""

    def finished(values: np.ndarray) -> np.ndarray:
        values = values if rounding is None else rounding(values)
        return cast(values, dtype) if dtype.kind not in "iu" else values

    if fast is exact or (dtype == float64 and rounding is None):
        return finished(exact(uniforms))
    values = fast(uniforms)
    result = finished(values * (1.0 - _MARGIN))
    doubtful = result != finished(values * (1.0 + _MARGIN))
    if doubtful.any():
        result[doubtful] = finished(exact(uniforms[doubtful]))
    return result


def _require_positive(operation: str, name: str, value: float) -> None:
    if not value > 0.0:
        text = message(
            f"{operation}: {name} is not positive",
            expected=f"{name} > 0",
            got=f"{name} = {value:g}",
        )
        raise RuntimeError(text)
