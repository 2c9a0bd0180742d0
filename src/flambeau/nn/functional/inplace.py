"""Activations that replace their input, and the rectifier, which may."""

from __future__ import annotations

from flambeau.ops import exponential_units, piecewise_activation
from flambeau.ops.publish import PUBLIC
from flambeau.ops.random_slopes import rrelu
from flambeau.tensor.tensor import Tensor

_relu = PUBLIC["relu"]
_relu_ = PUBLIC["relu_"]


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """The rectifier: negative elements become 0.

    :math:`out = max(input, 0)`

    Args:
        input: a tensor.
        inplace: replace the input.

    Shape: that of ``input``.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.relu(fb.tensor([-1., 2.]))
        tensor([0., 2.])
    """
    return _relu_(input) if inplace else _relu(input)


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """In-place version of :func:`leaky_relu`.

    Args:
        input: the tensor to replace.
        negative_slope: the slope below 0.
    """
    return piecewise_activation.leaky_relu(input, negative_slope, inplace=True)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """In-place version of :func:`hardtanh`.

    Args:
        input: the tensor to replace.
        min_val: the least value.
        max_val: the greatest value.
    """
    return piecewise_activation.hardtanh(input, min_val, max_val, inplace=True)


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """In-place version of :func:`elu`.

    Args:
        input: the tensor to replace.
        alpha: the factor below 0.
    """
    return exponential_units.elu(input, alpha, inplace=True)


def rrelu_(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False
) -> Tensor:
    """In-place version of :func:`rrelu`.

    Args:
        input: the tensor to replace.
        lower: the least slope.
        upper: the greatest slope.
        training: whether slopes are drawn.
    """
    return rrelu(input, lower, upper, training, inplace=True)
