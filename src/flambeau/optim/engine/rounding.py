"""Numbers made shorter: at random to one of two neighbours, or to a byte for each of a block."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.spec import Spec
from flambeau.ops.joining import cat
from flambeau.ops.likes import ones_like
from flambeau.ops.selection import where
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

# --- at random ----------------------------------------------------------------------------------


def _round(x: np.ndarray, bits: np.ndarray, dtype: np.dtype) -> np.ndarray:
    near = np.asarray(x).astype(dtype)
    error = x - near.astype(x.dtype)
    # The neighbour on the side of the error; where there is none, `near` is exact.
    far = np.nextafter(near, np.copysign(np.inf, error).astype(dtype))
    width = np.abs(far.astype(x.dtype) - near.astype(x.dtype))
    share = np.divide(np.abs(error), width, out=np.zeros_like(x), where=width > 0)
    chosen = (bits + 0.5) / 65536 < share
    return np.where(chosen & np.isfinite(error), far, near).astype(dtype)


# How many bits the fraction has, and the smallest number above zero.
FORMATS = {"float16": (10, 2.0**-24), "bfloat16": (7, 2.0**-133)}


def _round_by_arithmetic(x: Tensor, bits: Tensor, dtype: Any) -> Tensor:
    """The same without looking at numbers' bits: a little more than half the way to a neighbour
    rounds to it, and a quarter too much does not reach the one behind, also where the distance
    halves below a power of two."""
    short = dtypes.of(dtype)
    fraction, smallest = FORMATS[dtype.name]
    near = x.to(short).to(x.dtype)
    error = x - near
    way = (near.abs() * (1.25 * 2.0 ** -(fraction + 1))).clamp(min=0.75 * smallest)
    far = (near + where(error < 0, -way, way)).to(short).to(x.dtype)
    chance = (bits.to(x.dtype) + 0.5) / 65536
    return where(chance * (far - near).abs() < error.abs(), far, near).to(short)


ROUND = Operation(
    "round_at_random",
    inputs="x bits",
    params="dtype",
    evaluate=_round,
    infer=lambda x, bits, dtype: Spec(x.shape, dtype),
    decompose=_round_by_arithmetic,
    samples=lambda make: [
        make.sample((make.tensor(shape), make.integers(shape, 0, 65536)), (kind,))
        for shape in ((2, 3), (0,), ())
        for kind in (np.dtype(np.float16), dtypes.bfloat16.numpy)
    ],
)


def round_at_random(x: Tensor, bits: Tensor, dtype: Any) -> Tensor:
    """``x`` in a shorter type: its two neighbours with probabilities that keep the mean.

    Args:
        x: float32 or float64.
        bits: whole numbers from 0 to 65535, as many as ``x`` has elements.
        dtype: float16 or bfloat16.
    """
    return apply(ROUND, (x.detach(), bits), (dtype.numpy,))


# --- in blocks ----------------------------------------------------------------------------------

LARGEST = 127  # of a signed byte
POWER = 4  # codes are roots: averages of squares reach over many orders of magnitude


def to_blocks(x: Tensor, size: int) -> dict[str, Tensor]:
    r"""A tensor as one byte for each element, and one scale for each block.

    .. math:: x ≈ \operatorname{sign}(c)\, s\, (|c| / 127)^4, \quad s = \max |x| \text{ in a block}

    A number that is not zero gets a code that is not zero: a second moment never vanishes.
    """
    flat = x.reshape(-1)
    count = max(-(-flat.shape[0] // size), 1)
    if flat.shape[0] != count * size:
        flat = cat([flat, flat.new_zeros((count * size - flat.shape[0],))])
    blocks = flat.reshape(count, size)
    scales = blocks.abs().amax(1, keepdim=True)
    share = blocks.abs() / where(scales > 0, scales, ones_like(scales))
    codes = (share.sqrt().sqrt() * LARGEST).round().clamp(1, LARGEST) * blocks.sign()
    return {"codes": codes.to(dtypes.int8), "scales": scales.reshape(-1)}


def from_blocks(blocks: dict[str, Tensor], shape: tuple[int, ...]) -> Tensor:
    """The tensor that :func:`to_blocks` was given, as closely as a byte can say."""
    scales = blocks["scales"].reshape(-1, 1)
    share = blocks["codes"].to(scales.dtype) * (1 / LARGEST)
    square = share * share
    flat = (square * square * share.sign() * scales).reshape(-1)
    return flat.narrow(0, 0, math.prod(shape)).reshape(shape).clone()
