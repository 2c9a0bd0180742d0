"""Yes-or-no samples: `bernoulli`, and the masks of dropout and of randomised leaky ReLU."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from flambeau.core.errors import message
from flambeau.random.destination import Destination
from flambeau.random.generator import Generator
from flambeau.random.precision import (
    DIGITS,
    INTEGERS,
    as_dtype,
    cast,
    compute_dtype,
    float32,
    float64,
    refuse_dtype,
    require_floating,
)
from flambeau.random.process import resolve
from flambeau.random.uniforms import CHUNK, unit24, unit53

_MASK_21 = np.uint64(2**21 - 1)


def bernoulli(
    generator: Generator | None,
    p: float | np.ndarray,
    shape: Sequence[int] | int | None = None,
    dtype: DTypeLike | None = None,
    *,
    into: np.ndarray | None = None,
) -> np.ndarray:
    """Ones with probability ``p``, zeros otherwise.

    x = [u < p]. A number ``p`` is compared with a uniform of 53 bits whatever the dtype; an array
    with one of 24 bits, or of 53 if it is float64.

    Shape: ``shape``, by default that of the array ``p``, which is broadcast.

    Args:
        generator: the stream; None for the process's own.
        p: probability in [0, 1]; a number or an array.
        shape: of a new array.
        dtype: of a new array; by default that of the array ``p``, or float32.
        into: an array to fill instead, in the order of its memory.

    Raises:
        RuntimeError: a probability is outside [0, 1].
        NotImplementedError: the array ``p`` is not floating-point.

    Example:
        >>> from flambeau.random import Generator, bernoulli
        >>> bernoulli(Generator().manual_seed(0), 0.5, (6,), "int64").tolist()
        [0, 0, 1, 0, 0, 0]
    """
    generator = resolve(generator)
    if isinstance(p, np.ndarray):
        return _bernoulli_array(generator, p, shape, dtype, into)
    _check_probability("bernoulli", p)
    destination = Destination("bernoulli", shape, as_dtype(dtype or float32), into)
    flat = destination.flat
    _require_sampled(flat.dtype)
    with generator.lock:
        for start in range(0, flat.size, CHUNK):
            chunk = flat[start : start + CHUNK]
            chunk[:] = below53(generator, chunk.size, p)
    return destination.finish()


def below53(generator: Generator, count: int, p: float) -> np.ndarray:
    """Whether each of ``count`` uniforms of 53 bits is less than ``p`` in [0, 1], as bool[count].

    The uniform is never put together: its upper 21 bits decide except where they equal those of
    the bound, once in two million.
    """
    outputs = generator.engine.raw(2 * count)
    bound = math.ceil(math.ldexp(p, 53))  # k * 2**-53 < p is k < bound
    high = outputs[::2] & _MASK_21
    bound_high = np.uint64(bound >> 32)
    below = high < bound_high
    undecided = high == bound_high
    if undecided.any():
        below[undecided] = outputs[1::2][undecided] < np.uint64(bound & 0xFFFFFFFF)
    return below


def _bernoulli_array(
    generator: Generator,
    p: np.ndarray,
    shape: Sequence[int] | int | None,
    dtype: DTypeLike | None,
    into: np.ndarray | None,
) -> np.ndarray:
    require_floating("bernoulli", p.dtype)
    wide = p.astype(compute_dtype(p.dtype), copy=False)
    if p.size and not ((wide >= 0).all() and (wide <= 1).all()):
        outside = wide[~((wide >= 0) & (wide <= 1))]
        _refuse_probability("bernoulli", float(outside.flat[0]))
    target = p.dtype if dtype is None else as_dtype(dtype)
    destination = Destination("bernoulli", p.shape if shape is None else shape, target, into)
    result = destination.result
    _require_sampled(result.dtype)
    # Each probability beside its element, in the order in which elements are filled.
    axes = sorted(range(result.ndim), key=lambda axis: -abs(result.strides[axis]))
    beside = np.broadcast_to(wide, result.shape).transpose(axes).reshape(-1)
    flat = destination.flat
    sample = unit53 if wide.dtype == float64 else unit24
    with generator.lock:
        for start in range(0, flat.size, CHUNK):
            chunk = flat[start : start + CHUNK]
            chunk[:] = sample(generator, chunk.size) < beside[start : start + CHUNK]
    return destination.finish()


def dropout_noise(
    generator: Generator | None,
    p: float,
    shape: Sequence[int] | int | None = None,
    dtype: DTypeLike = float32,
    *,
    into: np.ndarray | None = None,
) -> np.ndarray:
    """What dropout multiplies its input by.

    noise = [u < 1 - p] / (1 - p), rounded to the dtype.

    Shape: the input's; `feature_shape` of it if whole channels are dropped.

    Args:
        generator: the stream; None for the process's own.
        p: probability of an element to become zero, in [0, 1).
        shape: of a new array.
        dtype: of a new array, floating-point.
        into: an array to fill instead, in the order of its memory.

    Raises:
        RuntimeError: ``p`` is outside [0, 1].

    Example:
        >>> from flambeau.random import Generator, dropout_noise
        >>> dropout_noise(Generator().manual_seed(0), 0.5, (6,)).tolist()
        [0.0, 0.0, 2.0, 0.0, 0.0, 0.0]

    Reference: N. Srivastava et al., "Dropout", JMLR 15, 2014.
    """
    _check_probability("dropout", p)
    noise = bernoulli(generator, 1.0 - p, shape, dtype, into=into)
    if p < 1.0:
        wide = compute_dtype(noise.dtype).type
        kept = wide(1.0) / wide(1.0 - p)
        noise[...] = np.where(noise != 0, kept.astype(noise.dtype), noise)
    return noise


def feature_shape(shape: Sequence[int]) -> tuple[int, ...]:
    """The shape (n, c, 1, ...) of the noise that drops whole channels.

    Example:
        >>> from flambeau.random import feature_shape
        >>> feature_shape((8, 3, 28, 28))
        (8, 3, 1, 1)
    """
    return (*shape[:2], *(1 for _ in shape[2:]))


def rrelu_slopes(
    generator: Generator | None, x: np.ndarray, lower: float, upper: float
) -> np.ndarray:
    """The factor for each element in the training pass of the randomised leaky ReLU.

    slope = lower + u (upper - lower) where x <= 0, and 1 elsewhere, where nothing is drawn.

    Shape: that of ``x``.

    Args:
        generator: the stream; None for the process's own.
        x: the input, floating-point, read in logical order.
        lower: lower bound of the slope.
        upper: upper bound of the slope.

    Raises:
        RuntimeError: the bounds are in the wrong order.

    Example:
        >>> import numpy as np
        >>> from flambeau.random import Generator, rrelu_slopes
        >>> x = np.array([-1.0, 2.0], np.float32)
        >>> rrelu_slopes(Generator(), x, 0.25, 0.25).tolist()
        [0.25, 1.0]

    Reference: B. Xu et al., "Empirical Evaluation of Rectified Activations", arXiv:1505.00853.
    """
    generator = resolve(generator)
    require_floating("rrelu", x.dtype)
    if lower > upper:
        text = message(
            "rrelu: the bounds are in the wrong order",
            expected="lower <= upper",
            got=f"lower = {lower:g} and upper = {upper:g}",
        )
        raise RuntimeError(text)
    compute = compute_dtype(x.dtype).type
    bottom, top = float(compute(lower)), float(compute(upper))
    drawn = x <= 0
    slopes = np.ones(x.shape, x.dtype)
    with generator.lock:
        uniforms = unit53(generator, int(np.count_nonzero(drawn)))
        slopes[drawn] = cast(uniforms * (top - bottom) + bottom, x.dtype)
    return slopes


def _check_probability(operation: str, p: float) -> None:
    if not 0.0 <= p <= 1.0:
        _refuse_probability(operation, p)


def _refuse_probability(operation: str, p: float) -> None:
    text = message(f"{operation}: not a probability", expected="0 <= p <= 1", got=f"p = {p:g}")
    raise RuntimeError(text)


def _require_sampled(dtype: np.dtype) -> None:
    if dtype not in DIGITS and dtype not in INTEGERS and dtype != np.bool_:
        refuse_dtype("bernoulli", dtype, "a floating-point or signed dtype, uint8 or bool")
