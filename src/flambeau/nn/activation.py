"""Activations of single elements; a result has the shape of its input."""

from __future__ import annotations

from flambeau.nn import functional
from flambeau.nn.activation_record import activation

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
