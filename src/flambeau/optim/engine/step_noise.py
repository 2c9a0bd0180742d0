"""Random numbers that are a function of the step, so that resuming needs no state for them.

They are not PyTorch's stream: no optimizer of PyTorch draws random numbers. Each element's number
is the hash of its place, so that compiled code computes it where it is used.
"""

from __future__ import annotations

import math
import zlib
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.ops.complex_views import view_as_complex
from flambeau.ops.joining import stack
from flambeau.ops.sequences import arange
from flambeau.optim.scalars import as_tensor
from flambeau.tensor.tensor import Tensor

# The constants of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
# generators", 2014), as the signed integers that have these bits.
WORD = 1 << 64
WEYL, FIRST, SECOND = (
    x - WORD for x in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)


def _mixed(x: Any) -> Any:
    """A 64-bit hash of integers, of arrays and tensors alike; products wrap."""
    x = (x ^ ((x >> 30) & ((1 << 34) - 1))) * FIRST
    x = (x ^ ((x >> 27) & ((1 << 37) - 1))) * SECOND
    return x ^ ((x >> 31) & ((1 << 33) - 1))


def _start(key: int, place: int) -> int:
    """A number for a key and a place that is far from that of others."""
    with np.errstate(over="ignore"):
        found = _mixed(_mixed(np.array([key * 0x1000003 + place], np.int64)) + WEYL)
    return int(found[0])


def _words(shape: tuple[int, ...], step: Tensor, key: int, place: int, stream: int) -> Tensor:
    """64 random bits for each element."""
    index = arange(1, dtype=dtypes.int64).reshape([1] * len(shape))
    stride = 1
    for dim in reversed(range(len(shape))):
        along = arange(shape[dim], dtype=dtypes.int64) * stride
        index = index + along.reshape([-1 if d == dim else 1 for d in range(len(shape))])
        stride *= shape[dim]
    begin = _mixed(step.to(dtypes.int64) * 2 + (_start(key, place) + stream))
    return _mixed(index * WEYL + begin)


def _chances(words: Tensor) -> Tensor:
    """Numbers in (0, 1) from the upper bits."""
    return ((words >> 12) & ((1 << 52) - 1)).to(dtypes.float64) * 2.0**-52 + 2.0**-53


def _normal(like: Tensor, step: Tensor, key: int, place: int) -> Tensor:
    """The polar form of pairs of normal samples, of which one is taken."""
    shape = tuple(like.shape)
    size = (_chances(_words(shape, step, key, place, 0)).log() * -2).sqrt()
    angle = _chances(_words(shape, step, key, place, 1)) * (2 * math.pi)
    if like.is_complex():
        pair = stack([angle.cos() * size, angle.sin() * size], -1) * math.sqrt(0.5)
        return view_as_complex(pair).to(like.dtype)
    return (angle.cos() * size).to(like.dtype)


def _bits(like: Tensor, step: Tensor, key: int, place: int) -> Tensor:
    words = _words(tuple(like.shape), step, key, place, 0)
    return ((words >> 48) & 0xFFFF).to(dtypes.int32)


def place_of(name: str) -> int:
    """A number for a parameter's name, the same in every process."""
    return zlib.crc32(name.encode())


def normal_of_step(like: Tensor, step: Any, key: int, place: int) -> Tensor:
    """Samples of the standard normal distribution in the shape and type of ``like``."""
    return _normal(like.detach(), as_tensor(step), key, place)


def bits_of_step(like: Tensor, step: Any, key: int, place: int) -> Tensor:
    """Whole numbers from 0 to 65535, all alike probable, in the shape of ``like``."""
    return _bits(like.detach(), as_tensor(step), key, place)
