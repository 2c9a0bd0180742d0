"""Gamma and Dirichlet samples."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from flambeau.random.generator import Generator
from flambeau.random.precision import HALVES, float32, float64, refuse_dtype, require_floating
from flambeau.random.process import resolve
from flambeau.random.rejection import UniformStream

_THIRD = float(np.float32(1.0) / np.float32(3.0))
_SQUEEZE = float(np.float32(0.0331))


def standard_gamma(generator: Generator | None, shapes: np.ndarray) -> np.ndarray:
    """Samples of gamma distributions of scale 1.

    density(x) = x**(a - 1) exp(-x) / Gamma(a)

    Shape: that of ``shapes``, and its dtype.

    Args:
        generator: the stream; None for the process's own.
        shapes: the distributions' shape parameters a > 0 (concentrations); float32 or float64.

    Raises:
        NotImplementedError: another dtype.

    Example:
        >>> import numpy as np
        >>> from flambeau.random import Generator, standard_gamma
        >>> bool(standard_gamma(Generator(), np.ones(3)).min() > 0)
        True

    Reference: G. Marsaglia and W. W. Tsang, "A Simple Method for Generating Gamma Variables",
    ACM TOMS 26(3), 2000.
    """
    generator = resolve(generator)
    _require_full_precision("standard_gamma", shapes.dtype)
    samples = _samples(generator, shapes.ravel(), shapes.dtype)
    result = samples.astype(shapes.dtype).reshape(shapes.shape)
    return np.maximum(result, np.finfo(shapes.dtype).tiny)


def dirichlet(generator: Generator | None, concentrations: np.ndarray) -> np.ndarray:
    """Samples of Dirichlet distributions: non-negative numbers that sum to 1 along the last axis.

    x_i = g_i / sum_j g_j with g_i from the gamma distribution of shape a_i.

    Shape: that of ``concentrations``, and its dtype.

    Args:
        generator: the stream; None for the process's own.
        concentrations: a_i > 0; float32 or float64.

    Raises:
        NotImplementedError: another dtype.

    Example:
        >>> import numpy as np
        >>> from flambeau.random import Generator, dirichlet
        >>> float(dirichlet(Generator(), np.ones(4)).sum().round(12))
        1.0
    """
    generator = resolve(generator)
    dtype = concentrations.dtype
    _require_full_precision("dirichlet", dtype)
    samples = _samples(generator, concentrations.ravel(), np.dtype(float64))
    samples = np.maximum(samples, np.finfo(float64).tiny).reshape(concentrations.shape)
    shares = (samples / samples.sum(-1, keepdims=True)).astype(dtype)
    below_one = np.nextafter(dtype.type(1), dtype.type(0))
    return np.clip(shares, np.finfo(dtype).tiny, below_one)


def _samples(generator: Generator, shapes: np.ndarray, dtype: np.dtype) -> np.ndarray:
    with UniformStream(generator) as stream:
        normal = _normal_source(generator, stream.next)
        values = [_gamma(float(a), dtype == float32, stream.next, normal) for a in shapes]
    return np.array(values, float64)


def _gamma(
    shape: float, single: bool, uniform: Callable[[], float], normal: Callable[[], float]
) -> float:
    """One sample. With ``single`` the parameter's own arithmetic is float32."""
    scale = 1.0
    if shape < 1.0:
        if shape == 0.0:
            return 0.0
        # A sample for shape + 1, scaled down.
        exponent = 1.0 / shape
        scale = (1.0 - uniform()) ** (_single(exponent) if single else exponent)
        shape = _single(shape + 1.0) if single else shape + 1.0
    d = _single(shape - _THIRD) if single else shape - _THIRD
    c = 1.0 / math.sqrt(9.0 * d) if d > 0.0 else math.nan
    while True:
        x = normal()
        y = 1.0 + c * x
        while y <= 0.0:
            x = normal()
            y = 1.0 + c * x
        v = y * y * y
        u = 1.0 - uniform()
        square = x * x
        if u < 1.0 - _SQUEEZE * square * square:
            return scale * d * v
        if math.log(u) < 0.5 * square + d * (1.0 - v + math.log(v)):
            return scale * d * v


def _single(value: float) -> float:
    return float(np.float32(value))


def _normal_source(generator: Generator, uniform: Callable[[], float]) -> Callable[[], float]:
    """Standard normal samples by turns with uniforms of one stream; see `standard_normals`."""

    def normal() -> float:
        waiting = generator.cached_normal
        if waiting is not None:
            generator.cached_normal = None
            return waiting
        u1, u2 = uniform(), uniform()
        radius = math.sqrt(-2.0 * math.log1p(-u2))
        angle = 2.0 * math.pi * u1
        generator.cached_normal = radius * math.sin(angle)
        return radius * math.cos(angle)

    return normal


def _require_full_precision(operation: str, dtype: np.dtype) -> None:
    require_floating(operation, dtype)
    if dtype in HALVES:
        refuse_dtype(operation, dtype, "float32 or float64")
