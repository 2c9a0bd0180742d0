"""Uniform samples: the unit interval in 24 and 53 bits, and `uniform`, which scales them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from flambeau.core.errors import message
from flambeau.random.destination import Destination
from flambeau.random.fused import fma_float32, fma_float64, is_exact_in_float64
from flambeau.random.generator import Generator
from flambeau.random.precision import (
    LARGEST,
    PARTS,
    as_dtype,
    cast,
    compute_dtype,
    float32,
    float64,
    require_floating,
)
from flambeau.random.process import resolve

# Elements per pass: their temporaries stay in the cache.
CHUNK = 1 << 15

_MASK_24 = np.uint64(2**24 - 1)
_STEP_24 = np.float32(2.0**-24)
_MASK_32 = np.uint64(2**32 - 1)
_MASK_21 = np.uint64(2**21 - 1)
_SHIFT_32 = np.uint64(32)
_STEP_53 = 2.0**-53


def unit24(generator: Generator, count: int) -> np.ndarray:
    """``count`` multiples of 2**-24 in [0, 1) as float32; one draw each."""
    outputs = generator.engine.raw(count)
    outputs &= _MASK_24
    samples = outputs.astype(np.float32)
    samples *= _STEP_24
    return samples


def unit53(generator: Generator, count: int) -> np.ndarray:
    """``count`` multiples of 2**-53 in [0, 1) as float64; two draws each."""
    samples = words64(generator, count, _MASK_21).view(np.int64).astype(np.float64)
    samples *= _STEP_53
    return samples


def unit53_list(generator: Generator, count: int) -> list[float]:
    """The same as Python floats, quicker than an array for a few."""
    raw = generator.engine.raw(2 * count).tolist()
    pairs = zip(raw[::2], raw[1::2], strict=True)
    return [((high & 0x1FFFFF) << 32 | low) * _STEP_53 for high, low in pairs]


def words64(generator: Generator, count: int, high_mask: np.uint64 = _MASK_32) -> np.ndarray:
    """``count`` words of 64 bits, the first of two draws in the upper half."""
    outputs = generator.engine.raw(2 * count)
    words = outputs[::2] & high_mask
    words <<= _SHIFT_32
    words |= outputs[1::2]
    return words


def uniform(
    generator: Generator | None,
    shape: Sequence[int] | int | None = None,
    dtype: DTypeLike = float32,
    low: float = 0.0,
    high: float = 1.0,
    *,
    into: np.ndarray | None = None,
) -> np.ndarray:
    """Samples of the uniform distribution on [low, high).

    x = fma(u, high - low, low), u a multiple of 2**-24 (float64: 2**-53). A value that rounding
    has made equal to ``high`` becomes ``low``. Complex samples have such real and imaginary parts.

    Shape: the result has ``shape``, or is ``into``.

    Args:
        generator: the stream; None for the process's own.
        shape: of a new array.
        dtype: of a new array, floating-point or complex.
        low: lower bound, included.
        high: upper bound, excluded; >= low.
        into: an array to fill instead, in the order of its memory.

    Raises:
        RuntimeError: the bounds are in the wrong order or too large for the dtype.
        NotImplementedError: the dtype is neither floating-point nor complex.

    Example:
        >>> from flambeau.random import Generator, uniform
        >>> uniform(Generator().manual_seed(0), (2,), low=-1.0).tolist()
        [-0.007486820220947266, 0.5364435911178589]
    """
    generator = resolve(generator)
    target = as_dtype(dtype) if into is None else into.dtype
    part = PARTS.get(target, target)
    require_floating("uniform", part)
    _check_bounds(low, high, part)
    destination = Destination("uniform", shape, target, into)
    flat = destination.flat.view(part) if part is not target else destination.flat
    with generator.lock:
        for start in range(0, flat.size, CHUNK):
            chunk = flat[start : start + CHUNK]
            chunk[:] = _scaled(generator, chunk.size, low, high, part)
    return destination.finish()


def _scaled(
    generator: Generator, count: int, low: float, high: float, dtype: np.dtype
) -> np.ndarray:
    """``count`` samples in [low, high), rounded to a data type."""
    if compute_dtype(dtype) == float64:
        values = unit53(generator, count)
        if (low, high) != (0.0, 1.0):
            values = fma_float64(values, high - low, low)
    else:
        values = unit24(generator, count)
        if (low, high) != (0.0, 1.0):
            values = _scaled_float32(values, low, high)
        if dtype != float32:
            values = values.astype(dtype)
        elif (low, high) == (0.0, 1.0):
            return values
    top, bottom = cast(np.array([high, low]), dtype)
    values[values == top] = bottom
    return values


def _scaled_float32(unit: np.ndarray, low: float, high: float) -> np.ndarray:
    bottom, top = np.float32(low), np.float32(high)
    span, bottom = float(top - bottom), float(bottom)
    if is_exact_in_float64(span, bottom, digits=24):
        scaled = np.multiply(unit, span, dtype=np.float64)
        scaled += bottom
        return scaled.astype(np.float32)
    return fma_float32(unit, span, bottom)


def _check_bounds(low: float, high: float, dtype: np.dtype) -> None:
    largest = LARGEST[dtype]
    for name, bound in (("low", low), ("high", high)):
        if not -largest <= bound <= largest:
            text = message(
                f"uniform: {name} is out of bounds for {dtype.name}",
                expected=f"{-largest:g} <= {name} <= {largest:g}",
                got=f"{name} = {bound:g}",
            )
            raise RuntimeError(text)
    if low > high:
        text = message(
            "uniform: the bounds are in the wrong order",
            expected="low <= high",
            got=f"low = {low:g} and high = {high:g}",
        )
        raise RuntimeError(text)
    if high - low > largest:
        text = message(
            f"uniform: the interval is too long for {dtype.name}",
            expected=f"high - low <= {largest:g}",
            got=f"low = {low:g} and high = {high:g}",
        )
        raise RuntimeError(text)
