"""Activation modules. Where nothing else is said, a result has the shape of its input."""

from __future__ import annotations

import warnings
from typing import Any

from flambeau.core.errors import message
from flambeau.nn import functional
from flambeau.nn.activation_record import activation
from flambeau.nn.module import Module
from flambeau.nn.parameter import Parameter
from flambeau.ops import full
from flambeau.tensor.tensor import Tensor

# --- rectifiers ---------------------------------------------------------------------------------

ReLU = activation(
    "ReLU",
    functional.relu,
    "inplace: bool = False",
    doc="""The rectifier: negative elements become 0.

    :math:`out = max(x, 0)`

    Args:
        inplace: replace the input.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.ReLU()(fb.tensor([-2., 0., 2.]))
        tensor([0., 0., 2.])
    """,
)

LeakyReLU = activation(
    "LeakyReLU",
    functional.leaky_relu,
    "negative_slope: float = 0.01, inplace: bool = False",
    shown="negative_slope={negative_slope}",
    doc="""The rectifier with a small slope below 0.

    :math:`out = x` for :math:`x > 0`, else :math:`negative_slope · x`

    Args:
        negative_slope: the slope below 0.
        inplace: replace the input.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.LeakyReLU()(fb.tensor([-2., 0., 2.]))
        tensor([-0.0200,  0.0000,  2.0000])
    """,
)

Threshold = activation(
    "Threshold",
    functional.threshold,
    "threshold: float, value: float, inplace: bool = False",
    shown="threshold={threshold}, value={value}",
    doc="""One value for all elements that are not above a threshold.

    :math:`out = x` for :math:`x > threshold`, else :math:`value`

    Args:
        threshold: the threshold.
        value: the value.
        inplace: replace the input.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Threshold(0.1, 20.)(fb.tensor([-2., 0., 2.]))
        tensor([20., 20.,  2.])
    """,
)

# --- exponential below zero ---------------------------------------------------------------------

ELU = activation(
    "ELU",
    functional.elu,
    "alpha: float = 1.0, inplace: bool = False",
    shown="alpha={alpha}",
    doc="""The exponential linear unit.

    :math:`out = x` for :math:`x > 0`, else :math:`alpha · (e^x - 1)`

    Args:
        alpha: minus the limit below.
        inplace: replace the input.

    Reference: Clevert, Unterthiner and Hochreiter (2015).

    Example:
        >>> import flambeau as fb
        >>> fb.nn.ELU()(fb.tensor([-2., 0., 2.]))
        tensor([-0.8647,  0.0000,  2.0000])
    """,
)

SELU = activation(
    "SELU",
    functional.selu,
    "inplace: bool = False",
    doc="""The scaled exponential linear unit, which keeps mean 0 and variance 1.

    :math:`out = s · x` for :math:`x > 0`, else :math:`s · a · (e^x - 1)`, with
    :math:`s = 1.0507009873554805` and :math:`a = 1.6732632423543772`

    Args:
        inplace: replace the input.

    Reference: Klambauer et al. (2017).

    Example:
        >>> import flambeau as fb
        >>> fb.nn.SELU()(fb.tensor([-2., 0., 2.]))
        tensor([-1.5202,  0.0000,  2.1014])
    """,
)

CELU = activation(
    "CELU",
    functional.celu,
    "alpha: float = 1.0, inplace: bool = False",
    shown="alpha={alpha}",
    doc="""The exponential linear unit with a continuous derivative for every ``alpha``.

    :math:`out = max(x, 0) + min(alpha · (e^{x / alpha} - 1), 0)`

    Args:
        alpha: minus the limit below.
        inplace: replace the input.

    Reference: Barron (2017).

    Example:
        >>> import flambeau as fb
        >>> fb.nn.CELU()(fb.tensor([-2., 0., 2.]))
        tensor([-0.8647,  0.0000,  2.0000])
    """,
)

# --- smooth rectifiers --------------------------------------------------------------------------

GELU = activation(
    "GELU",
    functional.gelu,
    "approximate: str = 'none'",
    shown="approximate={approximate!r}",
    doc="""Each element times the probability that a standard normal sample is less.

    :math:`out = x · Phi(x)`

    Args:
        approximate: ``"tanh"`` for a formula with the hyperbolic tangent.

    Reference: Hendrycks and Gimpel (2016).

    Example:
        >>> import flambeau as fb
        >>> fb.nn.GELU()(fb.tensor([-2., 0., 2.]))
        tensor([-0.0455,  0.0000,  1.9545])
    """,
)

SiLU = activation(
    "SiLU",
    functional.silu,
    "inplace: bool = False",
    doc="""Each element times its logistic function (also called swish).

    :math:`out = x / (1 + e^{-x})`

    Args:
        inplace: replace the input.

    Reference: Elfwing, Uchibe and Doya (2017).

    Example:
        >>> import flambeau as fb
        >>> fb.nn.SiLU()(fb.tensor([-2., 0., 2.]))
        tensor([-0.2384,  0.0000,  1.7616])
    """,
)

Mish = activation(
    "Mish",
    functional.mish,
    "inplace: bool = False",
    doc="""Each element times the hyperbolic tangent of its softplus.

    :math:`out = x · tanh(log(1 + e^x))`

    Args:
        inplace: replace the input.

    Reference: Misra (2019).

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Mish()(fb.tensor([-2., 0., 2.]))
        tensor([-0.2525,  0.0000,  1.9440])
    """,
)

Softplus = activation(
    "Softplus",
    functional.softplus,
    "beta: float = 1.0, threshold: float = 20.0",
    shown="beta={beta}, threshold={threshold}",
    doc="""A smooth rectifier.

    :math:`out = log(1 + e^{beta · x}) / beta`, and :math:`x` where :math:`beta · x > threshold`

    Args:
        beta: how sharp the bend is.
        threshold: above it the function is taken to be linear.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Softplus()(fb.tensor([-2., 0., 2.]))
        tensor([0.1269, 0.6931, 2.1269])
    """,
)

# --- bounded ------------------------------------------------------------------------------------

Sigmoid = activation(
    "Sigmoid",
    functional.sigmoid,
    doc="""The logistic function.

    :math:`out = 1 / (1 + e^{-x})`

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Sigmoid()(fb.tensor([-2., 0., 2.]))
        tensor([0.1192, 0.5000, 0.8808])
    """,
)

LogSigmoid = activation(
    "LogSigmoid",
    functional.logsigmoid,
    doc="""The logarithm of the logistic function, without overflow.

    :math:`out = -log(1 + e^{-x})`

    Example:
        >>> import flambeau as fb
        >>> fb.nn.LogSigmoid()(fb.tensor([-2., 0., 2.]))
        tensor([-2.1269, -0.6931, -0.1269])
    """,
)

Tanh = activation(
    "Tanh",
    functional.tanh,
    doc="""The hyperbolic tangent.

    :math:`out = (e^x - e^{-x}) / (e^x + e^{-x})`

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Tanh()(fb.tensor([-2., 0., 2.]))
        tensor([-0.9640,  0.0000,  0.9640])
    """,
)

Softsign = activation(
    "Softsign",
    functional.softsign,
    doc="""A bounded function with long tails.

    :math:`out = x / (1 + |x|)`

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Softsign()(fb.tensor([-2., 0., 2.]))
        tensor([-0.6667,  0.0000,  0.6667])
    """,
)

Hardsigmoid = activation(
    "Hardsigmoid",
    functional.hardsigmoid,
    "inplace: bool = False",
    shows_inplace=False,
    doc="""The logistic function made of straight pieces.

    :math:`out = min(max(x / 6 + 1/2, 0), 1)`

    Args:
        inplace: replace the input.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Hardsigmoid()(fb.tensor([-2., 0., 2.]))
        tensor([0.1667, 0.5000, 0.8333])
    """,
)

Hardswish = activation(
    "Hardswish",
    functional.hardswish,
    "inplace: bool = False",
    shows_inplace=False,
    doc="""Each element times its hard sigmoid.

    :math:`out = x · min(max(x + 3, 0), 6) / 6`

    Args:
        inplace: replace the input.

    Reference: Howard et al. (2019).

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Hardswish()(fb.tensor([-2., 0., 2.]))
        tensor([-0.3333,  0.0000,  1.6667])
    """,
)

# --- shrinkage ----------------------------------------------------------------------------------

Tanhshrink = activation(
    "Tanhshrink",
    functional.tanhshrink,
    doc="""Each element less its hyperbolic tangent.

    :math:`out = x - tanh(x)`

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Tanhshrink()(fb.tensor([-2., 0., 2.]))
        tensor([-1.0360,  0.0000,  1.0360])
    """,
)

Hardshrink = activation(
    "Hardshrink",
    functional.hardshrink,
    "lambd: float = 0.5",
    shown="{lambd}",
    doc="""Elements near 0 become 0.

    :math:`out = x` for :math:`|x| > lambd`, else 0

    Args:
        lambd: half the width of the gap, >= 0.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Hardshrink()(fb.tensor([-2., 0.3, 2.]))
        tensor([-2.,  0.,  2.])
    """,
)

Softshrink = activation(
    "Softshrink",
    functional.softshrink,
    "lambd: float = 0.5",
    shown="{lambd}",
    doc="""Elements are moved towards 0, and no further.

    :math:`out = sign(x) · max(|x| - lambd, 0)`

    Args:
        lambd: by how much, >= 0.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Softshrink()(fb.tensor([-2., 0.3, 2.]))
        tensor([-1.5000,  0.0000,  1.5000])
    """,
)

# --- along a dimension --------------------------------------------------------------------------

GLU = activation(
    "GLU",
    functional.glu,
    "dim: int = -1",
    shown="dim={dim}",
    doc="""One half of the input, gated by the other.

    :math:`out = a · sigmoid(b)`, where :math:`a` and :math:`b` are the halves along ``dim``

    Args:
        dim: the dimension to halve; its size is even.

    Shape: (..., 2n, ...) -> (..., n, ...).

    Reference: Dauphin et al. (2016).

    Example:
        >>> import flambeau as fb
        >>> fb.nn.GLU()(fb.tensor([1., 2., 0., 10.]))
        tensor([0.5000, 1.9999])
    """,
)

Softmax = activation(
    "Softmax",
    functional.softmax,
    "dim: int | None = None",
    shown="dim={dim}",
    doc="""Positive numbers that sum to 1 along a dimension.

    :math:`out_i = exp(x_i) / Σ_j exp(x_j)`

    Args:
        dim: the dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Softmax(dim=0)(fb.tensor([-2., 0., 2.]))
        tensor([0.0159, 0.1173, 0.8668])
    """,
)

LogSoftmax = activation(
    "LogSoftmax",
    functional.log_softmax,
    "dim: int | None = None",
    shown="dim={dim}",
    doc="""The logarithm of softmax, without overflow.

    :math:`out_i = x_i - log Σ_j exp(x_j)`

    Args:
        dim: the dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.LogSoftmax(dim=0)(fb.tensor([-2., 0., 2.]))
        tensor([-4.1429, -2.1429, -0.1429])
    """,
)

Softmin = activation(
    "Softmin",
    functional.softmin,
    "dim: int | None = None",
    shown="dim={dim}",
    doc="""Softmax of the negative.

    :math:`out_i = exp(-x_i) / Σ_j exp(-x_j)`

    Args:
        dim: the dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Softmin(dim=0)(fb.tensor([-2., 0., 2.]))
        tensor([0.8668, 0.1173, 0.0159])
    """,
)


# --- those that do more than hand their arguments on --------------------------------------------


class Hardtanh(Module):
    """Elements are kept within bounds.

    :math:`out = min(max(x, min_val), max_val)`

    Args:
        min_val: the least value.
        max_val: the greatest value, > ``min_val``.
        inplace: replace the input.
        min_value: an older name of ``min_val``.
        max_value: an older name of ``max_val``.

    Raises:
        AssertionError: if the bounds are in the wrong order.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Hardtanh()(fb.tensor([-2., 0., 2.]))
        tensor([-1.,  0.,  1.])
    """

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        if min_value is not None:
            min_val = _older_name("min_value", "min_val", min_value)
        if max_value is not None:
            max_val = _older_name("max_value", "max_val", max_value)
        if max_val <= min_val:
            raise AssertionError(
                message(
                    "Hardtanh: the bounds are in the wrong order",
                    expected="min_val < max_val",
                    got=f"min_val = {min_val} and max_val = {max_val}",
                )
            )
        self.min_val = min_val
        self.max_val = max_val
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """The input within the bounds."""
        return functional.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        inplace = ", inplace=True" if self.inplace else ""
        return f"min_val={self.min_val}, max_val={self.max_val}{inplace}"


def _older_name(old: str, new: str, value: float) -> float:
    warnings.warn(f"Hardtanh: {old} is deprecated, say {new}", FutureWarning, stacklevel=3)
    return value


class ReLU6(Hardtanh):
    """Elements are kept between 0 and 6.

    :math:`out = min(max(x, 0), 6)`

    Args:
        inplace: replace the input.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.ReLU6()(fb.tensor([-2., 0., 8.]))
        tensor([0., 0., 6.])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def forward(self, input: Tensor) -> Tensor:
        """The input between 0 and 6."""
        return functional.relu6(input, self.inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class RReLU(Module):
    """The rectifier with a slope below 0 that is drawn for each element while training.

    :math:`out = x` for :math:`x > 0`, else :math:`a · x` with :math:`a` uniform on
    (lower, upper), and their mean in evaluation

    Args:
        lower: the least slope.
        upper: the greatest slope.
        inplace: replace the input.

    Reference: Xu et al. (2015).

    Example:
        >>> import flambeau as fb
        >>> fb.nn.RReLU(0.1, 0.3).eval()(fb.tensor([-2., 0., 2.]))
        tensor([-0.4000,  0.0000,  2.0000])
    """

    def __init__(
        self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False
    ) -> None:
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return functional.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        inplace = ", inplace=True" if self.inplace else ""
        return f"lower={self.lower}, upper={self.upper}{inplace}"


class PReLU(Module):
    """The rectifier with a slope below 0 that is trained.

    :math:`out = x` for :math:`x > 0`, else :math:`weight · x`

    Args:
        num_parameters: 1, or the number of channels for a slope of each.
        init: the slope to start from.
        device: the CPU.
        dtype: the type of the slopes; the default type if not given.

    Shape: (n, c, ...) with as many channels as slopes, or any with one slope.

    Reference: He et al. (2015).

    Example:
        >>> import flambeau as fb
        >>> fb.nn.PReLU()(fb.tensor([-2., 0., 2.]))
        tensor([-0.5000,  0.0000,  2.0000], grad_fn=<PreluKernelBackward0>)
    """

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(full((num_parameters,), init, device=device, dtype=dtype))

    def reset_parameters(self) -> None:
        """Set the slopes to what they started from."""
        self.weight.data.fill_(self.init)

    def forward(self, input: Tensor) -> Tensor:
        """The activation of the input."""
        return functional.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class Softmax2d(Module):
    """Softmax over the channels at every place of an image.

    Shape: (n, c, h, w) or (c, h, w); the result has the input's.

    Raises:
        ValueError: for other numbers of dimensions.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Softmax2d()(fb.zeros(2, 1, 1))
        tensor([[[0.5000]],
        <BLANKLINE>
                [[0.5000]]])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Weights over the channels."""
        if input.ndim not in (3, 4):
            raise ValueError(
                message(
                    "Softmax2d: not an image",
                    expected="3 or 4 dimensions",
                    got=f"shape {tuple(input.shape)}",
                )
            )
        return functional.softmax(input, -3)
