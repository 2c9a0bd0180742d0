"""Random numbers that are a function of the step, so that resuming needs no state for them.

They are not PyTorch's stream: no optimizer of PyTorch draws random numbers.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from flambeau.core.spec import Spec
from flambeau.optim.scalars import as_tensor
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _stream(step: np.ndarray, key: int, place: int) -> np.random.Generator:
    counter = np.array([0, 0, 0, int(step)], np.uint64)
    return np.random.Generator(np.random.Philox(key=[key, place], counter=counter))


def _normal(like: np.ndarray, step: np.ndarray, key: int, place: int) -> np.ndarray:
    stream = _stream(step, key, place)
    if like.dtype.kind == "c":
        pairs = stream.standard_normal((*like.shape, 2)) * np.sqrt(0.5)
        return pairs.view(np.complex128)[..., 0].astype(like.dtype)
    return np.asarray(stream.standard_normal(like.shape)).astype(like.dtype)


def _bits(like: np.ndarray, step: np.ndarray, key: int, place: int) -> np.ndarray:
    words = _stream(step, key, place).integers(0, 1 << 16, like.shape, dtype=np.int32)
    return np.asarray(words, np.int32)


NORMAL = Operation(
    "normal_of_step",
    inputs="like step",
    params="key place",
    evaluate=_normal,
    infer=lambda like, step, key, place: Spec(like.shape, like.dtype),
    samples=lambda make: [
        make.sample((make.tensor((2, 3)), make.integers((), 0, 9)), (1, 2)),
        make.sample((make.tensor((0,)), make.integers((), 0, 9)), (1, 2)),
        make.sample((make.tensor(()), make.integers((), 0, 9)), (0, 0)),
    ],
)

BITS = Operation(
    "bits_of_step",
    inputs="like step",
    params="key place",
    evaluate=_bits,
    infer=lambda like, step, key, place: Spec(like.shape, np.dtype(np.int32)),
    samples=lambda make: [
        make.sample((make.tensor((2, 3)), make.integers((), 0, 9)), (1, 2)),
        make.sample((make.tensor((0,)), make.integers((), 0, 9)), (1, 2)),
        make.sample((make.tensor(()), make.integers((), 0, 9)), (0, 0)),
    ],
)


def place_of(name: str) -> int:
    """A number for a parameter's name, the same in every process."""
    return zlib.crc32(name.encode())


def normal_of_step(like: Tensor, step: Any, key: int, place: int) -> Tensor:
    """Samples of the standard normal distribution in the shape and type of ``like``."""
    return apply(NORMAL, (like.detach(), as_tensor(step)), (key, place))


def bits_of_step(like: Tensor, step: Any, key: int, place: int) -> Tensor:
    """Whole numbers from 0 to 65535, all alike probable, in the shape of ``like``."""
    return apply(BITS, (like.detach(), as_tensor(step)), (key, place))
