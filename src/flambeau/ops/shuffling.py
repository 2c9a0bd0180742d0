"""Channels that become pixels, pixels that become channels, and channels in another order."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.publish import public
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

Ints = tuple[int, ...]


def _refuse(name: str, problem: str, expected: str, got: str) -> RuntimeError:
    return RuntimeError(message(f"{name}: {problem}", expected=expected, got=got))


def _check(name: str, x: Any, factor: int, divisors: dict[int, int]) -> None:
    """The factor is positive, and these dimensions divide by these numbers."""
    if x.ndim < 3:
        raise _refuse(name, "too few dimensions", "3 dimensions or more", f"shape {x.shape}")
    if factor < 1:
        raise _refuse(name, "the factor is not positive", "a factor >= 1", str(factor))
    for dim, divisor in divisors.items():
        if x.shape[dim] % divisor:
            expected = f"a multiple of {divisor} in dimension {dim}"
            raise _refuse(name, "a size does not divide", expected, f"shape {tuple(x.shape)}")


# Each is a reshape, a permutation of the last dimensions, and a reshape again.


def _pixels(shape: Ints, r: int) -> tuple[Ints, Ints, Ints]:
    *ahead, c, h, w = shape
    split = (*ahead, c // (r * r) if r else 0, r, r, h, w)
    return split, (0, 3, 1, 4, 2), (*ahead, c // (r * r), h * r, w * r)


def _channels(shape: Ints, r: int) -> tuple[Ints, Ints, Ints]:
    *ahead, c, h, w = shape
    return (*ahead, c, h // r, r, w // r, r), (0, 2, 4, 1, 3), (*ahead, c * r * r, h // r, w // r)


def _other_order(shape: Ints, groups: int) -> tuple[Ints, Ints, Ints]:
    samples, c, *behind = shape
    split = (samples, groups, c // groups if groups else 0, *behind)
    return split, (1, 0, *range(2, 2 + len(behind))), shape


def _record(
    name: str, node_name: str, param: str, plan: Any, back: Any, divisors: Any, cases: Any
) -> Operation:
    def moved(x: Any, factor: int) -> Any:
        split, order, shape = plan(tuple(x.shape), factor)
        ahead = len(split) - len(order)
        permutation = (*range(ahead), *[ahead + o for o in order])
        if isinstance(x, np.ndarray):
            found = x.reshape(split).transpose(permutation)
            return np.ascontiguousarray(found).reshape(shape)
        return x.reshape(split).permute(permutation).reshape(shape)

    def evaluate(x: np.ndarray, factor: int) -> np.ndarray:
        found = moved(x, factor)
        return found.copy() if np.may_share_memory(found, x) else found

    def infer(x: Any, factor: int) -> Spec:
        _check(name, x, factor, divisors(x, factor))
        return Spec(plan(tuple(x.shape), factor)[2], x.dtype)

    def decompose(input: Any, factor: int) -> Any:
        split, order, shape = plan(tuple(input._array.shape), factor)
        ahead = len(split) - len(order)
        permutation = (*range(ahead), *[ahead + o for o in order])
        return input.reshape(split).permute(permutation).reshape(shape)

    return Operation(
        name,
        inputs="input",
        params=param,
        evaluate=evaluate,
        infer=infer,
        gradient={"input": back},
        node_name=node_name,
        strict=True,
        decompose=decompose,
        samples=cases,
    )


PIXEL_SHUFFLE = _record(
    "pixel_shuffle",
    "PixelShuffleBackward0",
    "upscale_factor",
    _pixels,
    lambda g, upscale_factor: apply(PIXEL_UNSHUFFLE, (g,), (upscale_factor,)),
    lambda x, r: {-3: r * r},
    lambda make: [
        make.sample((make.tensor((2, 4, 2, 3)),), (2,)),
        make.sample((make.transposed((9, 1, 2)),), (3,)),
        make.sample((make.tensor((0, 4, 2, 3)),), (2,)),
        make.sample((make.tensor((1, 2, 2)),), (1,)),
        make.error((make.tensor((2, 3, 2, 3)),), (2,), RuntimeError),
        make.error((make.tensor((2, 3)),), (2,), RuntimeError),
        make.error((make.tensor((2, 3, 2, 3)),), (0,), RuntimeError),
    ],
)
PIXEL_UNSHUFFLE = _record(
    "pixel_unshuffle",
    "PixelUnshuffleBackward0",
    "downscale_factor",
    _channels,
    lambda g, downscale_factor: apply(PIXEL_SHUFFLE, (g,), (downscale_factor,)),
    lambda x, r: {-2: r, -1: r},
    lambda make: [
        make.sample((make.tensor((2, 1, 2, 4)),), (2,)),
        make.sample((make.transposed((2, 3, 3)),), (3,)),
        make.error((make.tensor((2, 3, 2, 3)),), (2,), RuntimeError),
    ],
)
CHANNEL_SHUFFLE = _record(
    "channel_shuffle",
    "ChannelShuffleBackward0",
    "groups",
    _other_order,
    lambda g, input_shape, groups: apply(
        CHANNEL_SHUFFLE,
        (g,),
        (max(input_shape[1] // groups, 1),),
    ),
    lambda x, groups: {1: groups},
    lambda make: [
        make.sample((make.tensor((2, 6, 2, 1)),), (2,)),
        make.sample((make.transposed((2, 4, 2)),), (4,)),
        make.error((make.tensor((2, 3, 2, 3)),), (2,), RuntimeError),
    ],
)


@public()
def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Make images of r times the height and width from the values of r² channels.

    :math:`out[c, h·r + i, w·r + j] = input[c·r² + i·r + j, h, w]`

    Args:
        input: a tensor.
        upscale_factor: r, >= 1.

    Shape: (*, c·r², h, w) -> (*, c, h·r, w·r).

    Raises:
        RuntimeError: if the channels do not divide by r².

    Example:
        >>> import flambeau as fb
        >>> fb.pixel_shuffle(fb.tensor([[[0]], [[1]], [[2]], [[3]]]), 2)
        tensor([[[0, 1],
                 [2, 3]]])

    Reference: Shi et al., Real-time single image and video super-resolution, 2016.
    """
    require_tensor("pixel_shuffle", input)
    return apply(PIXEL_SHUFFLE, (input,), (int(upscale_factor),))


@public()
def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """The way back from :func:`pixel_shuffle`.

    Args:
        input: a tensor.
        downscale_factor: r, >= 1.

    Shape: (*, c, h·r, w·r) -> (*, c·r², h, w).

    Raises:
        RuntimeError: if height or width does not divide by r.

    Example:
        >>> import flambeau as fb
        >>> fb.pixel_unshuffle(fb.tensor([[[0, 1], [2, 3]]]), 2).flatten()
        tensor([0, 1, 2, 3])
    """
    require_tensor("pixel_unshuffle", input)
    return apply(PIXEL_UNSHUFFLE, (input,), (int(downscale_factor),))


@public()
def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Take the channels of several groups by turns.

    Args:
        input: a tensor.
        groups: how many groups the channels are in.

    Shape: (n, c, *) -> the same.

    Raises:
        RuntimeError: if the channels do not divide into the groups.

    Example:
        >>> import flambeau as fb
        >>> fb.channel_shuffle(fb.arange(4).reshape(1, 4, 1, 1), 2).flatten()
        tensor([0, 2, 1, 3])

    Reference: Zhang et al., ShuffleNet, 2018.
    """
    require_tensor("channel_shuffle", input)
    return apply(CHANNEL_SHUFFLE, (input,), (int(groups),))


native_channel_shuffle = public("native_channel_shuffle")(channel_shuffle)
