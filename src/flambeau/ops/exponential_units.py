"""The exponential linear units: elu, selu, celu."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.ops.elementwise import elementwise
from flambeau.ops.elementwise_samples import of_one
from flambeau.ops.exponential import exp
from flambeau.ops.operands import ZEROS, constant, only_floating
from flambeau.ops.piecewise_activation import DOMAIN, activate
from flambeau.ops.publish import public
from flambeau.ops.selection import where
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _elu(x: np.ndarray, alpha: float, scale: float, input_scale: float) -> np.ndarray:
    kind = x.dtype
    below = np.minimum(x, ZEROS[kind])
    if alpha == scale == input_scale == 1 and x.ndim:
        # Never below x, and 0 where x is larger: the larger one is the result.
        np.expm1(below, below)
        return np.fmax(below, x, below)
    below = np.expm1(below * constant(input_scale, kind)) * constant(alpha * scale, kind)
    return np.where(x <= 0, below, x * constant(scale, kind))


def _elu_gradient(
    g: Tensor, input: Tensor, alpha: float, scale: float, input_scale: float
) -> Tensor:
    below = input <= 0
    slope = exp(where(input < 0, input, 0) * input_scale) * (input_scale * alpha * scale)
    return where(below, g * slope, g * scale)


def _elu_gradient_of_result(
    g: Tensor, out: Tensor, alpha: float, scale: float, input_scale: float
) -> Tensor:
    return where(out <= 0, g * input_scale * (out + alpha * scale), g * scale)


def _elu_scalar(s: Any, x: Any, alpha: float, scale: float, input_scale: float) -> Any:
    below = s.expm1(s.minimum(x, 0.0) * input_scale) * (alpha * scale)
    return s.where(x <= 0, below, x * scale)


def _elu_record(name: str, gradient: Any, node_name: str) -> Operation:
    return elementwise(
        name,
        _elu,
        params="alpha scale input_scale",
        check=only_floating,
        gradient={"input": gradient},
        scalar=_elu_scalar,
        samples=of_one(DOMAIN, ((1.0, 1.0, 1.0), (1.5, 1.2, 0.5))),
        node_name=node_name,
    )


ELU = _elu_record("elu", _elu_gradient, "EluBackward0")
# In place, only the result is left to find the slope from.
ELU_IN_PLACE = _elu_record("elu_", _elu_gradient_of_result, "EluBackward1")
CELU = _elu_record("celu", _elu_gradient, "CeluBackward0")
CELU_IN_PLACE = _elu_record("celu_", _elu_gradient_of_result, "CeluBackward1")

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """The exponential linear unit.

    :math:`out = input` where positive, else :math:`α (e^{input} - 1)`

    Args:
        input: a floating-point tensor.
        alpha: minus the limit for large negative elements.
        inplace: replace the input.

    Shape: that of ``input``.

    Raises:
        RuntimeError: in place with a negative ``alpha`` where a gradient is wanted.

    Reference: Clevert, Unterthiner and Hochreiter, Fast and Accurate Deep Network Learning by
    Exponential Linear Units, 2015, equation 15.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.ops.exponential_units import elu
        >>> elu(fb.tensor([2., -1.]))
        tensor([ 2.0000, -0.6321])
    """
    if inplace and alpha < 0 and isinstance(input, Tensor) and input.requires_grad:
        raise RuntimeError(
            message(
                "elu_: a negative alpha has no gradient in place",
                expected="alpha >= 0",
                got=repr(alpha),
                help="use inplace=False",
            )
        )
    return activate(ELU_IN_PLACE if inplace else ELU, input, (alpha, 1.0, 1.0), inplace)


@public()
def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """The exponential linear unit that keeps mean 0 and variance 1.

    :math:`out = s · input` where positive, else :math:`s α (e^{input} - 1)`, with
    :math:`s ≈ 1.0507` and :math:`α ≈ 1.6733`

    Args:
        input: a floating-point tensor.
        inplace: replace the input.

    Shape: that of ``input``.

    Reference: Klambauer et al., Self-Normalizing Neural Networks, 2017, equation 2.

    Example:
        >>> import flambeau as fb
        >>> fb.selu(fb.tensor([2., -1.]))
        tensor([ 2.1014, -1.1113])
    """
    params = (SELU_ALPHA, SELU_SCALE, 1.0)
    return activate(ELU_IN_PLACE if inplace else ELU, input, params, inplace)


@public()
def selu_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.selu`; returns the tensor itself."""
    return selu(input, True)


@public()
def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """The exponential linear unit whose slope is continuous for every ``alpha``.

    :math:`out = \\max(0, input) + \\min(0, α (e^{input / α} - 1))`

    Args:
        input: a floating-point tensor.
        alpha: minus the limit for large negative elements; not 0.
        inplace: replace the input.

    Shape: that of ``input``.

    Raises:
        RuntimeError: if ``alpha`` is 0.

    Reference: Barron, Continuously Differentiable Exponential Linear Units, 2017, equation 2.

    Example:
        >>> import flambeau as fb
        >>> fb.celu(fb.tensor([2., -1.]), 2.)
        tensor([ 2.0000, -0.7869])
    """
    if alpha == 0:
        raise RuntimeError(
            message("celu: alpha must not be 0", expected="a number other than 0", got=repr(alpha))
        )
    params = (alpha, 1.0, 1.0 / alpha)
    return activate(CELU_IN_PLACE if inplace else CELU, input, params, inplace)


@public()
def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """In-place version of :func:`flambeau.celu`; returns the tensor itself."""
    return celu(input, alpha, True)
