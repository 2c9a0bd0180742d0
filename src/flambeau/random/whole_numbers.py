"""Integer samples: `integers` (PyTorch's `random_` and `randint`) in every dtype."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from flambeau.core.errors import message
from flambeau.random.destination import Destination
from flambeau.random.generator import Generator
from flambeau.random.precision import (
    DIGITS,
    HALVES,
    INTEGERS,
    LARGEST,
    as_dtype,
    float16,
    refuse_dtype,
)
from flambeau.random.process import resolve
from flambeau.random.uniforms import CHUNK, words64

# From this length of range on a sample is made of 64 bits instead of 32.
WIDE_RANGE = 2**28
# Up to this many samples one call of NumPy's costs less than three quick ones.
_FEW = 256
_INT64 = np.dtype(np.int64)
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1


def integers(
    generator: Generator | None,
    shape: Sequence[int] | int | None = None,
    dtype: DTypeLike = np.int64,
    low: int | None = None,
    high: int | None = None,
    *,
    into: np.ndarray | None = None,
) -> np.ndarray:
    """Whole numbers with equal probabilities.

    x = low + r mod (high - low), r of 32 bits, or of 64 if the range is 2**28 or longer. Without
    bounds: all non-negative values of an integer dtype, or 0 ... 2**digits of a floating-point
    one. With ``low`` alone: everything from it up to the largest such value; from -2**63 up, all
    64-bit values.

    Shape: the result has ``shape``, or is ``into``.

    Args:
        generator: the stream; None for the process's own.
        shape: of a new array.
        dtype: of a new array; any but complex.
        low: lower bound, included. 0 if only ``high`` is given.
        high: upper bound, excluded.
        into: an array to fill instead, in the order of its memory.

    Raises:
        RuntimeError: the range is empty, or the dtype cannot hold it.
        NotImplementedError: no samples of this dtype.

    Example:
        >>> from flambeau.random import Generator, integers
        >>> integers(Generator().manual_seed(0), (5,), low=0, high=10).tolist()
        [4, 9, 3, 0, 3]
    """
    generator = resolve(generator)
    target = as_dtype(dtype) if into is None else into.dtype
    if into is None and target is _INT64 and low.__class__ is high.__class__ is int:
        found = _few_int64(generator, shape, low, high)  # type: ignore[arg-type]
        if found is not None:
            return found
    base, length, wide = plan(target, low, high)
    destination = Destination("random", shape, target, into)
    flat = destination.flat
    with generator.lock:
        for start in range(0, flat.size, CHUNK):
            chunk = flat[start : start + CHUNK]
            words = words64(generator, chunk.size) if wide else generator.engine.raw(chunk.size)
            chunk[:] = _converted(_remainders(words, length), base, target)
    return destination.finish()


def _few_int64(generator: Generator, shape: Any, low: int, high: int) -> np.ndarray | None:
    """The usual samples: small tensors of int64 in a short range; ``None`` for others."""
    length = high - low
    if shape.__class__ is not tuple or not 0 < length < WIDE_RANGE:
        return None
    count = math.prod(shape)
    if not 0 < count <= _FEW or low < _INT64_MIN or high > _INT64_MAX:
        return None
    if len(shape) > 1 and min(shape) < 0:
        return None
    with generator.lock:
        words = generator.engine.raw(count)
    np.remainder(words, _divisor(length), words)
    values = words.view(_INT64)
    if low:
        values += low
    return values if len(shape) == 1 else values.reshape(shape)


@lru_cache(maxsize=64)
def _divisor(length: int) -> np.ndarray:
    """As a 0-d array, which NumPy takes quicker than a number."""
    return np.array(length, np.uint64)


class Plan(NamedTuple):
    """How whole numbers are drawn: base + r mod length, r of 64 bits if wide."""

    base: int
    length: int
    wide: bool


def plan(dtype: np.dtype, low: int | None, high: int | None) -> Plan:
    """What `integers` does for these bounds; raises its errors."""
    if dtype.kind not in "biu" and dtype not in DIGITS:
        refuse_dtype("random", dtype, "a real dtype")
    if low is None and high is None:
        return Plan(0, _natural_length(dtype), dtype in (np.int64, np.float64))
    if low == _INT64_MIN and high is None:
        _require_full_range(dtype)
        return Plan(0, 2**64, True)
    base, length = _range(0 if low is None else int(low), high, dtype)
    return Plan(base, length, length >= WIDE_RANGE)


def _remainders(words: np.ndarray, length: int) -> np.ndarray:
    if length & (length - 1) == 0:
        words &= np.uint64(length - 1)
        return words
    # NumPy divides by a constant with vector instructions, but takes remainders one by one.
    quotients = words // np.uint64(length)
    quotients *= np.uint64(length)
    words -= quotients
    return words


def _converted(remainders: np.ndarray, base: int, dtype: np.dtype) -> np.ndarray:
    values = remainders.view(np.int64)
    if base:
        values += base  # wraps around as C's does
    return values.astype(np.float32) if dtype in HALVES else values


def _natural_length(dtype: np.dtype) -> int:
    """The number of values without bounds."""
    if dtype in DIGITS:
        return 2 ** DIGITS[dtype] + 1
    if dtype not in INTEGERS and dtype != np.bool_:
        refuse_dtype("random", dtype, "bounds with an unsigned dtype")
    return _largest_integer(dtype) + 1


def _range(low: int, high: int | None, dtype: np.dtype) -> tuple[int, int]:
    """The first value and the number of values in [low, high), as far as the dtype has them."""
    floating = dtype in DIGITS
    for bound in (low, low if high is None else int(high)):
        if not _INT64_MIN <= bound <= _INT64_MAX:
            text = message(
                "random: the bound is no 64-bit integer",
                expected="-2**63 <= bound < 2**63",
                got=str(bound),
            )
            raise RuntimeError(text)
    if high is None:
        if dtype == np.uint64:
            refuse_dtype("random", dtype, "an upper bound with uint64")
        last = 2 ** DIGITS[dtype] if floating else _largest_integer(dtype)
        first = _representable_low(low, dtype) if floating else low
        if floating and first >= last:
            _refuse_range(low, f"2**{DIGITS[dtype]} + 1", dtype)
    else:
        high = int(high)
        first, end = low, high
        if low < high and floating:
            first, end = _representable_low(low, dtype), _representable_high(high, dtype)
        if first >= end:
            _refuse_range(low, high, dtype)
        last = end - 1
    _check_held(first, last, dtype)
    return first, last - first + 1


def _representable_low(low: int, dtype: np.dtype) -> int:
    """The bound itself, or the next larger value of a dtype in which low + 1 rounds below low."""
    if low == _INT64_MAX:
        return low
    rounded = _rounded(low + 1, dtype)
    if rounded < low:
        return rounded + (1 << (abs(low + 1).bit_length() - DIGITS[dtype]))
    return low


def _representable_high(high: int, dtype: np.dtype) -> int:
    """The bound itself, or the next smaller value of a dtype in which high - 1 rounds up to it."""
    rounded = _rounded(high - 1, dtype)
    if rounded >= high:
        return rounded - (1 << (abs(high - 1).bit_length() - DIGITS[dtype]))
    return high


def _rounded(value: int, dtype: np.dtype) -> int:
    with np.errstate(over="ignore"):
        single = np.int64(value).astype(np.float64 if dtype == np.float64 else np.float32)
        result = float(single.astype(dtype))
    # What does not fit converts to the smallest integer, as on x86 processors.
    fits = math.isfinite(result) and -(2.0**63) <= result < 2.0**63
    return int(result) if fits else _INT64_MIN


def _largest_integer(dtype: np.dtype) -> int:
    return 1 if dtype == np.bool_ else min(int(np.iinfo(dtype).max), _INT64_MAX)


def _check_held(first: int, last: int, dtype: np.dtype) -> None:
    if dtype in DIGITS:
        largest = LARGEST[dtype]
        smallest = -largest
    else:
        largest = _largest_integer(dtype)
        smallest = 0 if dtype.kind in "bu" else int(np.iinfo(dtype).min)
    if not smallest <= first <= last <= largest:
        text = message(
            f"random: the range is out of bounds for {dtype.name}",
            expected=f"values in [{smallest}, {largest}]",
            got=f"values in [{first}, {last}]",
        )
        raise RuntimeError(text)
    digits = DIGITS.get(dtype, 64)
    if max(abs(first), abs(last)) > 2**digits:
        warnings.warn(
            f"random: beyond 2**{digits} {dtype.name} does not hold every whole number",
            UserWarning,
            stacklevel=4,
        )


def _require_full_range(dtype: np.dtype) -> None:
    if dtype != np.int64 and (dtype not in DIGITS or dtype == float16):
        text = message(
            f"random: {dtype.name} cannot hold 64-bit samples",
            expected="int64, float64, float32 or bfloat16",
            got=dtype.name,
        )
        raise RuntimeError(text)


def _refuse_range(low: int, high: int | str, dtype: np.dtype) -> None:
    text = message(
        f"random: empty range of {dtype.name}",
        expected="low < high, as values of the dtype",
        got=f"low = {low} and high = {high}",
    )
    raise RuntimeError(text)
