"""Activations made of straight pieces.

Gradients at the kinks are PyTorch's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.ops.elementwise import elementwise, unary
from flambeau.ops.elementwise_samples import of_one
from flambeau.ops.operands import SAME, not_a_tensor, only_floating, refuse_bool_and_complex
from flambeau.ops.publish import public
from flambeau.ops.selection import where
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor

DOMAIN = (-3.0, 3.0)


def activate(
    op: Operation, input: Any, params: tuple[Any, ...], inplace: bool = False
) -> Tensor:
    """Apply an activation, or let it replace its input."""
    if not isinstance(input, Tensor):
        raise not_a_tensor(op.name, input)
    return apply_inplace(op, input, (), params) if inplace else apply(op, (input,), params)


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(ZEROS[x.dtype], x)


class _Zeros(dict):
    """A 0-d zero of each type."""

    def __missing__(self, numpy_type: np.dtype) -> np.ndarray:
        zero = self[numpy_type] = np.zeros((), numpy_type)
        return zero


ZEROS = _Zeros()

relu = unary(
    "relu",
    _relu,
    kind=SAME,
    check=refuse_bool_and_complex,
    gradient={"input": lambda g, out: where(out <= 0, 0, g)},
    scalar=lambda s, x: s.maximum(x, 0),
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
    return np.minimum(np.maximum(x, x.dtype.type(min_val)), x.dtype.type(max_val))


def _hardtanh_gradient(g: Tensor, input: Tensor, min_val: float, max_val: float) -> Tensor:
    return where((input <= min_val) | (input >= max_val), 0, g)


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
    return np.where(x > 0, x, x * x.dtype.type(negative_slope))


def _leaky_gradient(g: Tensor, input: Tensor, negative_slope: float) -> Tensor:
    return where(input > 0, g, g * negative_slope)


LEAKY_RELU = elementwise(
    "leaky_relu",
    _leaky_relu,
    params="negative_slope",
    check=only_floating,
    gradient={"input": _leaky_gradient},
    scalar=lambda s, x, slope: s.where(x > 0, x, x * slope),
    samples=of_one(DOMAIN, ((0.01,), (0.5,))),
)


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
        RuntimeError: for integers, and in place with a gradient and a negative slope below 0,
            where the sign of the input is lost.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.ops.piecewise_activation import leaky_relu
        >>> leaky_relu(fb.tensor([2., -2.]), 0.1)
        tensor([ 2.0000, -0.2000])
    """
    return activate(LEAKY_RELU, input, (negative_slope,), inplace)


def _threshold(x: np.ndarray, threshold: float, value: float) -> np.ndarray:
    return np.where(x <= threshold, np.asarray(value).astype(x.dtype), x)


THRESHOLD = elementwise(
    "threshold",
    _threshold,
    params="threshold value",
    check=refuse_bool_and_complex,
    gradient={"input": lambda g, input, threshold: where(input <= threshold, 0, g)},
    scalar=lambda s, x, threshold, value: s.where(x <= threshold, value, x),
    samples=of_one(DOMAIN, ((0.5, 20.0), (-1.0, 0.0))),
)


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
    return activate(THRESHOLD, input, (threshold, value), inplace)


@public()
def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """In-place version of :func:`flambeau.threshold`; returns the tensor itself."""
    return activate(THRESHOLD, input, (threshold, value), True)


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
def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """Replace small elements by 0.

    :math:`out = input` where :math:`|input| > lambd`, else 0

    Args:
        input: a floating-point tensor.
        lambd: how large "small" is.

    Shape: that of ``input``.

    Example:
        >>> import flambeau as fb
        >>> fb.hardshrink(fb.tensor([-2., 0.3, 1.]))
        tensor([-2.,  0.,  1.])
    """
    return activate(HARDSHRINK, input, (lambd,))


def _softshrink(x: np.ndarray, lambd: float) -> np.ndarray:
    step = x.dtype.type(lambd)
    return np.where(x > lambd, x - step, np.where(x < -lambd, x + step, x * ZEROS[x.dtype]))


def _softshrink_scalar(s: Any, x: Any, lambd: float) -> Any:
    return s.where(x > lambd, x - lambd, s.where(x < -lambd, x + lambd, x * 0.0))


SOFTSHRINK = elementwise(
    "softshrink",
    _softshrink,
    params="lambd",
    check=only_floating,
    gradient={"input": lambda g, input, lambd: where(_within(input, lambd), 0, g)},
    scalar=_softshrink_scalar,
    samples=of_one(DOMAIN, ((0.5,), (0.0,))),
)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """Move elements towards 0 by a fixed amount, at most up to it.

    :math:`out = sign(input) · \\max(|input| - lambd, 0)`

    Args:
        input: a floating-point tensor.
        lambd: the amount, at least 0.

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
    return activate(SOFTSHRINK, input, (lambd,))


# --- learned and random slopes -------------------------------------------------------------------


def _prelu(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, weight * x)


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
        make.sample(inputs=(make.tensor(shape), make.tensor(shape, low=0.1, high=1.0)))
        for shape in ((), (0,), (2, 3))
    ],
)


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
        >>> from flambeau.ops.piecewise_activation import rrelu
        >>> rrelu(fb.tensor([2., -2.]), 0.1, 0.3)
        tensor([ 2.0000, -0.4000])
    """
    return activate(LEAKY_RELU, input, ((lower + upper) / 2,), inplace)


