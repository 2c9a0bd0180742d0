"""The rectifier whose slope below zero is drawn by lot while training."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau import random as room
from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.operands import not_a_tensor
from flambeau.ops.publish import public
from flambeau.ops.slopes import RRELU_WITH_NOISE
from flambeau.ops.slopes import rrelu as with_mean_slope
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _slopes(x: np.ndarray, lower: float, upper: float, generator: Any) -> np.ndarray:
    return room.rrelu_slopes(generator, x, lower, upper)


def _infer(x: Any, lower: float, upper: float, generator: Any) -> Spec:
    if dtypes.of(x.dtype).category != dtypes.FLOATING:
        raise RuntimeError(
            message(
                "rrelu: only defined on floating-point tensors",
                expected="a floating-point tensor",
                got=str(dtypes.of(x.dtype)),
            )
        )
    if lower > upper:
        raise RuntimeError(
            message(
                "rrelu: the bounds are in the wrong order",
                expected="lower <= upper",
                got=f"lower = {lower:g} and upper = {upper:g}",
            )
        )
    return Spec(x.shape, x.dtype)


SLOPES = Operation(
    "rrelu_slopes",
    inputs="input",
    params="lower upper generator",
    evaluate=_slopes,
    infer=_infer,
    strict=True,
    samples=lambda make: [
        make.sample((make.tensor((2, 3)),), (0.1, 0.3, None)),
        make.sample((make.transposed((4, 3)),), (0.1, 0.3, None)),
        make.sample((make.tensor((0,)),), (0.1, 0.3, None)),
        make.sample((make.tensor(()),), (0.2, 0.2, None)),
        make.error((make.tensor((2,)),), (0.3, 0.1, None), RuntimeError),
        make.error((make.integers((2,)),), (0.1, 0.3, None), RuntimeError),
    ],
)


@public()
def rrelu(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
    *,
    generator: Any = None,
) -> Tensor:
    """The rectifier with a slope below 0 that is drawn for each element while training.

    :math:`out = input` where positive, else :math:`a · input` with :math:`a` uniform on
    (lower, upper); in evaluation :math:`a = (lower + upper) / 2`.

    Args:
        input: a floating-point tensor.
        lower: the least slope.
        upper: the greatest slope, >= lower.
        training: whether slopes are drawn.
        inplace: replace the input.
        generator: the stream; the process's own if not given.

    Shape: that of ``input``.

    Raises:
        RuntimeError: for other types, or bounds in the wrong order.

    Reference: Xu et al., Empirical Evaluation of Rectified Activations, 2015.

    Example:
        >>> import flambeau as fb
        >>> fb.rrelu(fb.tensor([2., -2.]), 0.1, 0.3)
        tensor([ 2.0000, -0.4000])
    """
    if not isinstance(input, Tensor):
        raise not_a_tensor("rrelu", input)
    if lower > upper:
        raise RuntimeError(
            message(
                "rrelu: the bounds are in the wrong order",
                expected="lower <= upper",
                got=f"lower={lower}, upper={upper}",
            )
        )
    if not training:
        return with_mean_slope(input, lower, upper, inplace)
    source = input.detach() if input.requires_grad else input
    slopes = apply(SLOPES, (source,), (float(lower), float(upper), generator))
    if inplace:
        return apply_inplace(RRELU_WITH_NOISE, input, (slopes,))
    return apply(RRELU_WITH_NOISE, (input, slopes))
