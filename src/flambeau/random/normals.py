"""Normal samples by PyTorch's two roads, which use the stream differently.

Sixteen or more contiguous elements are filled in blocks of sixteen from as many uniforms. Fewer
elements, or elements that are not contiguous, are made one at a time in double precision from
pairs; the second of a pair waits in the generator for the next such call.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from flambeau.core.errors import message
from flambeau.core.native import kernels_for
from flambeau.random import elementary
from flambeau.random.box_muller import normal_blocks
from flambeau.random.destination import Destination
from flambeau.random.fused import fma_float32, fma_float64
from flambeau.random.generator import Generator
from flambeau.random.precision import (
    PARTS,
    as_dtype,
    cast,
    compute_dtype,
    float32,
    float64,
    require_floating,
)
from flambeau.random.process import resolve
from flambeau.random.uniforms import CHUNK, unit24, unit53, unit53_list

# Elements of a block: eight radii and eight angles make sixteen samples.
BLOCK = 16
# Above this the product with a sample, which is zero or beyond 2**-60, is a normal number.
_NO_UNDERFLOW = np.float32(2.0**-60)
# Below this many pairs Python's own arithmetic is quicker than NumPy's.
_FEW_PAIRS = 24


def normal(
    generator: Generator | None,
    shape: Sequence[int] | int | None = None,
    dtype: DTypeLike = float32,
    mean: float = 0.0,
    std: float = 1.0,
    *,
    into: np.ndarray | None = None,
) -> np.ndarray:
    """Samples of the normal distribution.

    x = mean + std * sqrt(-2 log(1 - u1)) * cos(2 pi u2), and its twin with the sine. Complex
    samples have such real and imaginary parts, each of standard deviation std / sqrt(2).

    Shape: the result has ``shape``, or is ``into``.

    Args:
        generator: the stream; None for the process's own.
        shape: of a new array.
        dtype: of a new array, floating-point or complex.
        mean: of the distribution (of both parts of a complex sample).
        std: standard deviation, >= 0.
        into: an array to fill instead, in the order of its memory.

    Raises:
        RuntimeError: ``std`` is negative.
        NotImplementedError: the dtype is neither floating-point nor complex.

    Example:
        >>> from flambeau.random import Generator, normal
        >>> normal(Generator().manual_seed(0), (2,), "float64").tolist()
        [1.5409961082440433, -0.2934289057609464]
    """
    generator = resolve(generator)
    target = as_dtype(dtype) if into is None else into.dtype
    part = PARTS.get(target, target)
    require_floating("normal", part)
    check_deviation(std)
    destination = Destination("normal", shape, target, into)
    flat = destination.flat
    if part is not target:
        flat = flat.view(part)
        std = std / math.sqrt(2.0)
    with generator.lock:
        if flat.size >= BLOCK and destination.contiguous:
            _fill_blocks(generator, flat, float(mean), float(std))
        else:
            samples = standard_normals(generator, flat.size)
            flat[:] = cast(fma_float64(samples, float(std), float(mean)), part)
    return destination.finish()


FUSED_SCALAR = True


def standard_normals(generator: Generator, count: int) -> np.ndarray:
    """``count`` standard normal samples in double precision, made in pairs.

    radius = sqrt(-2 log1p(-u2)), angle = 2 pi u1: the cosine first, then the sine. A sine that is
    left over waits in ``generator.cached_normal``; one that is waiting is used first.
    """
    samples = np.empty(count)
    first = 0
    waiting = generator.cached_normal
    if count and waiting is not None:
        samples[0] = waiting
        generator.cached_normal = None
        first = 1
    rest = samples[first:]
    pairs = (rest.size + 1) // 2
    if pairs:
        drawn = _few_pairs(generator, pairs) if pairs < _FEW_PAIRS else _pairs(generator, pairs)
        rest[:] = drawn[: rest.size]
        if rest.size % 2:
            generator.cached_normal = float(drawn[-1])
    return samples


def _few_pairs(generator: Generator, pairs: int) -> list[float]:
    uniforms = unit53_list(generator, 2 * pairs)
    samples = []
    for u1, u2 in zip(uniforms[::2], uniforms[1::2], strict=True):
        radius = math.sqrt(-2.0 * math.log1p(-u2))
        angle = 2.0 * math.pi * u1
        samples += (radius * math.cos(angle), radius * math.sin(angle))
    return samples


def _pairs(generator: Generator, pairs: int) -> np.ndarray:
    samples = np.empty((pairs, 2))
    for start in range(0, pairs, CHUNK):
        chunk = samples[start : start + CHUNK]
        uniforms = unit53(generator, 2 * len(chunk)).reshape(-1, 2)
        radius = np.sqrt(-2.0 * elementary.log1p(-uniforms[:, 1]))
        angle = (2.0 * math.pi) * uniforms[:, 0]
        chunk[:, 0] = radius * elementary.cos(angle)
        chunk[:, 1] = radius * elementary.sin(angle)
    return samples.reshape(-1)


def _fill_blocks(generator: Generator, flat: np.ndarray, mean: float, std: float) -> None:
    """Whole blocks in order; if the size is no multiple of 16, one more at the very end."""
    native = kernels_for(flat.size) if flat.dtype in (float32, float64) else None
    if native is not None and native.fill_normal(generator.engine.words, flat):
        if (mean, std) != (0.0, 1.0):
            flat[:] = _scaled(flat, mean, std)
        return
    compute = compute_dtype(flat.dtype)
    sample = unit53 if compute == float64 else unit24
    rest = flat.size % BLOCK
    whole = flat.size - rest
    # PyTorch draws uniforms into an incomplete block, in full precision, and writes over them.
    unused = rest if compute == flat.dtype else 0
    for start in range(0, whole, CHUNK):
        size = min(CHUNK, whole - start)
        if start + size < whole or not rest:
            samples = _scaled_blocks(sample(generator, size), mean, std)
        else:
            uniforms = sample(generator, size + unused + BLOCK)
            uniforms = np.concatenate((uniforms[:size], uniforms[-BLOCK:]))
            samples = _scaled_blocks(uniforms, mean, std)
            flat[-BLOCK:] = samples[-BLOCK:]
            # The last block reaches back into this chunk.
            size -= BLOCK - rest
        flat[start : start + size] = samples[:size]


def _scaled_blocks(uniforms: np.ndarray, mean: float, std: float) -> np.ndarray:
    """Normal samples from a multiple of sixteen uniforms, in their precision."""
    is_wide = uniforms.dtype == float64
    samples = _blocks_float64(uniforms) if is_wide else normal_blocks(uniforms).reshape(-1)
    return _scaled(samples, mean, std)


def _scaled(samples: np.ndarray, mean: float, std: float) -> np.ndarray:
    """Samples of another mean and standard deviation, by one fused operation each."""
    if samples.dtype == float64:
        return fma_float64(samples, std, mean)
    deviation, centre = np.float32(std), np.float32(mean)
    if centre == 0.0 and deviation > _NO_UNDERFLOW:
        samples *= deviation
        # Adding zero turns a negative zero into a positive one, as a fused addition does.
        samples += centre
        return samples
    return fma_float32(samples, float(deviation), float(centre))


def _blocks_float64(uniforms: np.ndarray) -> np.ndarray:
    pairs = uniforms.reshape(-1, 2, 8)
    radius = np.sqrt(-2.0 * elementary.log(1.0 - pairs[:, 0]))
    angle = (2.0 * math.pi) * pairs[:, 1]
    samples = np.empty_like(pairs)
    np.multiply(radius, elementary.cos(angle), samples[:, 0])
    np.multiply(radius, elementary.sin(angle), samples[:, 1])
    return samples.reshape(-1)


def check_deviation(std: float) -> None:
    """Refuse a negative standard deviation, or one that is not a number."""
    if not std >= 0.0:
        text = message(
            "normal: negative standard deviation", expected="std >= 0", got=f"std = {std:g}"
        )
        raise RuntimeError(text)
