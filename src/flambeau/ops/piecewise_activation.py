"""Activations made of straight pieces.

Gradients at the kinks are PyTorch's.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.ops.elementwise import elementwise, unary
from flambeau.ops.elementwise_samples import of_one
from flambeau.ops.operands import (
    FLOAT32,
    FLOAT64,
    SAME,
    ZEROS,
    constant,
    not_a_tensor,
    only_floating,
    refuse_bool_and_complex,
)
from flambeau.ops.publish import public
from flambeau.ops.selection import where
from flambeau.ops.single import apply_one
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply_inplace
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

DOMAIN = (-3.0, 3.0)


def activate(op: Operation, input: Any, params: tuple[Any, ...], inplace: bool = False) -> Tensor:
    """Apply an activation, or let it replace its input."""
    if not inplace:
        return apply_one(op, input, params)
    if not isinstance(input, Tensor):
        raise not_a_tensor(op.name, input)
    return apply_inplace(op, input, (), params)


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(ZEROS[x.dtype], x)


relu = unary(
    "relu",
    _relu,
    kind=SAME,
    check=refuse_bool_and_complex,
    gradient={"input": lambda g, out: where(out <= 0, 0, g)},
    scalar=lambda s, x: s.maximum(x, 0),
    direct=(partial(np.maximum, ZEROS[FLOAT32]), partial(np.maximum, ZEROS[FLOAT64])),
    doc="""The rectifier: negative elements become 0.

    :math:`out = \\max(input, 0)`

    At 0 the gradient is 0.

    Example:
        >>> import flambeau as fb
        >>> fb.relu(fb.tensor([2., -3.]))
        tensor([2., 0.])
    """,
)


def _hardtanh(x: np.ndarray, min_val: float, max_val: float) -> np.ndarray:
    return np.minimum(x.dtype.type(max_val), np.maximum(x.dtype.type(min_val), x))


def _hardtanh_gradient(g: Tensor, input: Tensor, min_val: float, max_val: float) -> Tensor:
    return where((input > min_val) & (input < max_val), g, 0)


HARDTANH = elementwise(
    "hardtanh",
    _hardtanh,
    params="min_val max_val",
    check=refuse_bool_and_complex,
    gradient={"input": _hardtanh_gradient},
    scalar=lambda s, x, low, high: s.minimum(s.maximum(x, low), high),
    samples=of_one(DOMAIN, ((-1.0, 1.0), (0.0, 6.0))),
)


def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """Keep elements between two numbers.

    :math:`out = \\min(\\max(input, min\\_val), max\\_val)`

    At the bounds the gradient is 0.

    Args:
        input: a tensor.
        min_val, max_val: the bounds.
        inplace: replace the input.

    Shape: that of ``input``.

    Raises:
        ValueError: if ``min_val`` is larger than ``max_val``.
        RuntimeError: for bool and complex tensors, and for a negative bound of unsigned integers.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.ops.piecewise_activation import hardtanh
        >>> hardtanh(fb.tensor([-2., 0.5, 3.]))
        tensor([-1.0000,  0.5000,  1.0000])
    """
    if min_val > max_val:
        raise ValueError(
            message(
                "hardtanh: min_val is larger than max_val",
                expected="min_val <= max_val",
                got=f"min_val={min_val}, max_val={max_val}",
            )
        )
    if min_val < 0 and isinstance(input, Tensor) and input._array.dtype.kind == "u":
        raise RuntimeError(
            message(
                "hardtanh: an unsigned type has no negative bound",
                expected="min_val >= 0, or a signed type",
                got=f"min_val={min_val}, {input.dtype}",
            )
        )
    return activate(HARDTANH, input, (min_val, max_val), inplace)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """The rectifier that stops at 6.

    :math:`out = \\min(\\max(input, 0), 6)`

    At 0 and at 6 the gradient is 0.

    Args:
        input: a tensor.
        inplace: replace the input.

    Shape: that of ``input``.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.ops.piecewise_activation import relu6
        >>> relu6(fb.tensor([-2., 0.5, 8.]))
        tensor([0.0000, 0.5000, 6.0000])
    """
    return activate(HARDTANH, input, (0.0, 6.0), inplace)


def _leaky_relu(x: np.ndarray, negative_slope: float) -> np.ndarray:
    below = np.multiply(x, constant(negative_slope, x.dtype))
    if 0 < negative_slope <= 1:  # the larger one; nan is nan in both
        return np.fmax(x, below)
    return np.where(x > 0, x, below)


def leaky_gradient(g: Tensor, input: Tensor, negative_slope: float) -> Tensor:
    """The gradient found from the input."""
    return where(input > 0, g, g * negative_slope)


def _leaky_gradient_of_result(g: Tensor, out: Tensor, negative_slope: float) -> Tensor:
    return where(out > 0, g, g * negative_slope)


def leaky_record(name: str, gradient: Any, node_name: str) -> Operation:
    """A record of the rectifier with a slope below 0."""
    return elementwise(
        name,
        _leaky_relu,
        params="negative_slope",
        check=only_floating,
        gradient={"input": gradient},
        scalar=lambda s, x, slope: s.where(x > 0, x, x * slope),
        samples=of_one(DOMAIN, ((0.01,), (0.5,))),
        node_name=node_name,
    )


LEAKY_RELU = leaky_record("leaky_relu", leaky_gradient, "LeakyReluBackward0")
# In place, only the result is left to find the slope from.
LEAKY_RELU_IN_PLACE = leaky_record("leaky_relu_", _leaky_gradient_of_result, "LeakyReluBackward1")


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """The rectifier with a small slope below 0.

    :math:`out = input` where positive, else :math:`negative\\_slope · input`

    At 0 the gradient is that of the negative side.

    Args:
        input: a floating-point tensor.
        negative_slope: the slope below 0.
        inplace: replace the input.

    Shape: that of ``input``.

    Raises:
        RuntimeError: for integers, and for a negative ``negative_slope`` in place where a
            gradient is wanted: the sign of the input would be lost.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.ops.piecewise_activation import leaky_relu
        >>> leaky_relu(fb.tensor([2., -2.]), 0.1)
        tensor([ 2.0000, -0.2000])
    """
    if not inplace:
        return activate(LEAKY_RELU, input, (negative_slope,))
    if negative_slope < 0 and isinstance(input, Tensor) and input.requires_grad:
        raise RuntimeError(
            message(
                "leaky_relu_: a negative slope has no gradient in place",
                expected="negative_slope >= 0",
                got=repr(negative_slope),
                help="use inplace=False",
            )
        )
    return activate(LEAKY_RELU_IN_PLACE, input, (negative_slope,), True)


def _threshold(x: np.ndarray, threshold: float, value: float) -> np.ndarray:
    return np.where(x <= threshold, np.asarray(value).astype(x.dtype), x)


def _threshold_record(name: str, node_name: str) -> Operation:
    return elementwise(
        name,
        _threshold,
        params="threshold value",
        check=refuse_bool_and_complex,
        gradient={"input": lambda g, input, threshold: where(input <= threshold, 0, g)},
        scalar=lambda s, x, threshold, value: s.where(x <= threshold, value, x),
        samples=of_one(DOMAIN, ((0.5, 20.0), (-1.0, 0.0))),
        node_name=node_name,
    )


THRESHOLD = _threshold_record("threshold", "ThresholdBackward0")
THRESHOLD_IN_PLACE = _threshold_record("threshold_", "ThresholdBackward1")


@public()
def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """Replace elements that do not exceed a threshold.

    :math:`out = input` where :math:`input > threshold`, else :math:`value`

    Args:
        input: a tensor.
        threshold: what elements must exceed.
        value: what takes the place of those that do not.
        inplace: replace the input.

    Shape: that of ``input``.

    Example:
        >>> import flambeau as fb
        >>> fb.threshold(fb.tensor([0.5, 2.]), 1., -1.)
        tensor([-1.,  2.])
    """
    op = THRESHOLD_IN_PLACE if inplace else THRESHOLD
    return activate(op, input, (threshold, value), inplace)


@public()
def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """In-place version of :func:`flambeau.threshold`; returns the tensor itself."""
    return activate(THRESHOLD_IN_PLACE, input, (threshold, value), True)


def _hardsigmoid(x: np.ndarray) -> np.ndarray:
    kind = x.dtype.type
    return np.minimum(np.maximum(x + kind(3), kind(0)), kind(6)) / kind(6)


HARDSIGMOID = elementwise(
    "hardsigmoid",
    _hardsigmoid,
    check=only_floating,
    gradient={"input": lambda g, input: where((input > -3) & (input < 3), g / 6, 0)},
    scalar=lambda s, x: s.minimum(s.maximum(x + 3.0, 0.0), 6.0) / 6.0,
    samples=of_one((-5.0, 5.0)),
)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """A sigmoid of three straight pieces.

    :math:`out = \\min(\\max(input + 3, 0), 6) / 6`

    At -3 and at 3 the gradient is 0.

    Args:
        input: a floating-point tensor.
        inplace: replace the input.

    Shape: that of ``input``.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.ops.piecewise_activation import hardsigmoid
        >>> hardsigmoid(fb.tensor([-4., 0., 4.]))
        tensor([0.0000, 0.5000, 1.0000])
    """
    return activate(HARDSIGMOID, input, (), inplace)


def _hardswish(x: np.ndarray) -> np.ndarray:
    kind = x.dtype.type
    return x * np.minimum(np.maximum(x + kind(3), kind(0)), kind(6)) / kind(6)


def _hardswish_gradient(g: Tensor, input: Tensor) -> Tensor:
    return where(input <= -3, 0, where(input < 3, g * (input / 3 + 0.5), g))


HARDSWISH = elementwise(
    "hardswish",
    _hardswish,
    check=only_floating,
    gradient={"input": _hardswish_gradient},
    scalar=lambda s, x: x * s.minimum(s.maximum(x + 3.0, 0.0), 6.0) / 6.0,
    samples=of_one((-5.0, 5.0)),
)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """``silu`` with a sigmoid of three straight pieces.

    :math:`out = input · \\min(\\max(input + 3, 0), 6) / 6`

    Args:
        input: a floating-point tensor.
        inplace: replace the input.

    Shape: that of ``input``.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.ops.piecewise_activation import hardswish
        >>> hardswish(fb.tensor([-4., 1., 4.]))
        tensor([-0.0000, 0.6667, 4.0000])
    """
    return activate(HARDSWISH, input, (), inplace)


def _hardshrink(x: np.ndarray, lambd: float) -> np.ndarray:
    return np.where((x >= -lambd) & (x <= lambd), ZEROS[x.dtype], x)


def _within(input: Tensor, lambd: float) -> Tensor:
    return (input >= -lambd) & (input <= lambd)


HARDSHRINK = elementwise(
    "hardshrink",
    _hardshrink,
    params="lambd",
    check=only_floating,
    gradient={"input": lambda g, input, lambd: where(_within(input, lambd), 0, g)},
    scalar=lambda s, x, lambd: s.where(s.logical_and(x >= -lambd, x <= lambd), 0.0, x),
    samples=of_one(DOMAIN, ((0.5,), (1.0,))),
)


@public(method=True)
def hardshrink(input: Tensor, lambd: float = 0.5, *, out: Tensor | None = None) -> Tensor:
    """Replace small elements by 0.

    :math:`out = input` where :math:`|input| > lambd`, else 0

    Args:
        input: a floating-point tensor.
        lambd: how large "small" is.
        out: a tensor to write the result into.

    Shape: that of ``input``.

    Example:
        >>> import flambeau as fb
        >>> fb.hardshrink(fb.tensor([-2., 0.3, 1.]))
        tensor([-2.,  0.,  1.])
    """
    result = activate(HARDSHRINK, input, (lambd,))
    return result if out is None else write_out("hardshrink", out, result)


def _softshrink(x: np.ndarray, lambd: float) -> np.ndarray:
    step = x.dtype.type(lambd)
    return np.where(x > lambd, x - step, np.where(x < -lambd, x + step, x - x))


def _softshrink_scalar(s: Any, x: Any, lambd: float) -> Any:
    return s.where(x > lambd, x - lambd, s.where(x < -lambd, x + lambd, x - x))


SOFTSHRINK = elementwise(
    "softshrink",
    _softshrink,
    params="lambd",
    check=only_floating,
    gradient={"input": lambda g, input, lambd: where(_within(input, lambd), 0, g)},
    scalar=_softshrink_scalar,
    samples=of_one(DOMAIN, ((0.5,), (0.0,))),
)


def softshrink(input: Tensor, lambd: float = 0.5, *, out: Tensor | None = None) -> Tensor:
    """Move elements towards 0 by a fixed amount, at most up to it.

    :math:`out = sign(input) · \\max(|input| - lambd, 0)`

    Args:
        input: a floating-point tensor.
        lambd: the amount, at least 0.
        out: a tensor to write the result into.

    Shape: that of ``input``.

    Raises:
        RuntimeError: if ``lambd`` is negative.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.ops.piecewise_activation import softshrink
        >>> softshrink(fb.tensor([-2., 0.25, 1.]))
        tensor([-1.5000,  0.0000,  0.5000])
    """
    if lambd < 0:
        raise RuntimeError(
            message("softshrink: lambd must not be negative", expected=">= 0", got=repr(lambd))
        )
    result = activate(SOFTSHRINK, input, (lambd,))
    return result if out is None else write_out("softshrink", out, result)
