"""Rectifiers whose slope below 0 is learned or random."""

from __future__ import annotations

from math import prod

import numpy as np

from flambeau.core.errors import message
from flambeau.core.native import LEAST, kernels
from flambeau.ops.elementwise import elementwise
from flambeau.ops.operands import (
    not_a_tensor,
    only_floating,
)
from flambeau.ops.piecewise_activation import activate, leaky_gradient, leaky_record
from flambeau.ops.publish import public
from flambeau.ops.selection import where
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor

LEAST_PLACES = 16  # of a channel, for native code to go along them


def _prelu(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    found = _by_channel(x, weight) if x.size >= LEAST else None
    return np.where(x > 0, x, weight * x) if found is None else found


def _by_channel(x: np.ndarray, weight: np.ndarray) -> np.ndarray | None:
    """Natively, where there is one slope or one for each channel of many places."""
    channels = weight.size
    places = x.size if channels == 1 else prod(x.shape[2:])
    if channels > 1 and weight.shape != (1, channels, *[1] * (x.ndim - 2)):
        return None
    native = kernels() if places >= LEAST_PLACES and x.flags.c_contiguous else None
    if native is None or weight.dtype != x.dtype:
        return None
    rows = x.reshape(-1, places)
    found = native.rectified_rows(rows, np.tile(weight.reshape(-1), len(rows) // channels))
    return None if found is None else found.reshape(x.shape)


PRELU = elementwise(
    "prelu_kernel",
    _prelu,
    inputs="input weight",
    check=only_floating,
    gradient={
        "input": lambda g, input, weight: where(input > 0, g, g * weight),
        "weight": lambda g, input: where(input > 0, 0, g * input),
    },
    scalar=lambda s, x, weight: s.where(x > 0, x, weight * x),
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)), make.tensor((1, 3)))),
        make.sample(inputs=(make.transposed((2, 3)), make.tensor((2, 3)))),
        make.sample(inputs=(make.tensor(()), make.tensor(()))),
        make.sample(inputs=(make.tensor((0,)), make.tensor((1,)))),
        make.error((make.tensor((2,)), make.tensor((3,))), (), RuntimeError),
    ],
)


@public(method=True)
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """The rectifier with a learned slope below 0, for each channel or for all.

    :math:`out = input` where positive, else :math:`weight · input`

    Args:
        input: a floating-point tensor; dimension 1 counts channels.
        weight: the slopes, one or as many as there are channels.

    Shape: that of ``input``.

    Raises:
        RuntimeError: if the number of slopes is neither 1 nor the number of channels, or the
            types differ.

    Reference: He et al., Delving Deep into Rectifiers, 2015, equation 1.

    Example:
        >>> import flambeau as fb
        >>> fb.prelu(fb.tensor([2., -2.]), fb.tensor([0.25]))
        tensor([ 2.0000, -0.5000])
    """
    for x in (input, weight):
        if not isinstance(x, Tensor):
            raise not_a_tensor("prelu", x)
    x, w = input._array, weight._array
    if x.dtype != w.dtype:
        raise RuntimeError(
            message(
                "prelu: the types differ",
                expected="input and weight of one type",
                got=f"{input.dtype} and {weight.dtype}",
            )
        )
    channels = 1 if x.ndim < 2 else x.shape[1]
    if w.ndim > 1 or w.size not in (1, channels):
        raise RuntimeError(
            message(
                "prelu: the slopes do not fit the channels",
                expected=f"a weight of 1 or {channels} elements in at most 1 dimension",
                got=f"input of shape {tuple(x.shape)}, weight of shape {tuple(w.shape)}",
            )
        )
    shape = (1,) * x.ndim if x.ndim < 2 else (1, w.size) + (1,) * (x.ndim - 2)
    if w.shape != shape:
        weight = apply(REGISTRY["reshape"], (weight,), (shape,))
    return apply(PRELU, (input, weight))


RRELU_WITH_NOISE = elementwise(
    "rrelu_with_noise",
    lambda x, noise: x * noise,
    inputs="input noise",
    check=only_floating,
    gradient={"input": lambda g, noise: g * noise},
    scalar=lambda s, x, noise: x * noise,
    samples=lambda make: [
        make.sample((make.tensor(shape), make.tensor(shape, low=0.1, high=1.0)), smooth=False)
        for shape in ((), (0,), (2, 3))
    ],
)


RRELU = leaky_record("rrelu", leaky_gradient, "RreluWithNoiseBackward0")


def rrelu(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False
) -> Tensor:
    """The rectifier with a random slope below 0, as it is after training: with the mean slope.

    :math:`out = input` where positive, else :math:`\\frac{lower + upper}{2} · input`

    Args:
        input: a floating-point tensor.
        lower, upper: the range of slopes.
        inplace: replace the input.

    Shape: that of ``input``.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.ops.slopes import rrelu
        >>> rrelu(fb.tensor([2., -2.]), 0.1, 0.3)
        tensor([ 2.0000, -0.4000])
    """
    return activate(RRELU, input, ((lower + upper) / 2,), inplace)
