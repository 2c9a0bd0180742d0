"""Smooth activations. Those made of straight pieces, and gated ones, are in files of their own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.ops.arithmetic import conjugate
from flambeau.ops.elementwise import elementwise, unary
from flambeau.ops.elementwise_samples import of_one
from flambeau.ops.error_functions import SQRT_HALF, central_probability
from flambeau.ops.exponential import exp
from flambeau.ops.operands import (
    FLOAT,
    ONES,
    constant,
    only_floating,
    refuse_integers,
)
from flambeau.ops.piecewise_activation import DOMAIN, activate
from flambeau.ops.selection import where
from flambeau.ops.signs import sgn
from flambeau.ops.special import erf
from flambeau.ops.trigonometry import tanh
from flambeau.ops.writing import write_out
from flambeau.tensor.tensor import Tensor

# --- sigmoid and its relatives -------------------------------------------------------------------


def sigmoid_of(x: np.ndarray) -> np.ndarray:
    """The logistic function of an array; exp's overflow gives the right limit, 0."""
    if not x.ndim:  # NumPy gives scalars, which cannot be written to
        return np.reciprocal(np.exp(np.negative(x)) + ONES[x.dtype])
    result = np.negative(x)
    np.exp(result, result)
    np.add(result, ONES[x.dtype], result)
    return np.reciprocal(result, result)


sigmoid = unary(
    "sigmoid",
    sigmoid_of,
    gradient={"input": lambda g, out: g * conjugate((1 - out) * out)},
    scalar=lambda s, x: 1.0 / (s.exp(-x) + 1.0),
    aliases=(),
    doc="""The logistic function.

    :math:`out = 1 / (1 + e^{-input})`

    Example:
        >>> import flambeau as fb
        >>> fb.sigmoid(fb.tensor([0., 2.]))
        tensor([0.5000, 0.8808])
    """,
)


def _logsigmoid(x: np.ndarray) -> np.ndarray:
    return np.minimum(x, x.dtype.type(0)) - np.log1p(np.exp(-np.abs(x)))


LOGSIGMOID = elementwise(
    "log_sigmoid",
    _logsigmoid,
    check=only_floating,
    gradient={"input": lambda g, input: g * sigmoid(-input)},
    scalar=lambda s, x: s.minimum(x, 0.0) - s.log1p(s.exp(-s.abs(x))),
    samples=of_one(DOMAIN),
)


def logsigmoid(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of the logistic function, without loss of digits.

    :math:`out = -\\ln(1 + e^{-input})`

    Args:
        input: a floating-point tensor.
        out: a tensor to write the result into.

    Shape: that of ``input``.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.ops.activation import logsigmoid
        >>> logsigmoid(fb.tensor([0., -100.]))
        tensor([  -0.6931, -100.0000])
    """
    result = activate(LOGSIGMOID, input, ())
    return result if out is None else write_out("logsigmoid", out, result)


def _softplus(x: np.ndarray, beta: float, threshold: float) -> np.ndarray:
    if beta == 1 and threshold >= 20 and x.ndim:
        # Here ln(1 + e^x) is larger than x up to the threshold, and by less than it can show
        # beyond; only there is x larger than the bounded one.
        small = np.minimum(x, constant(threshold, x.dtype))
        np.exp(small, small)
        np.log1p(small, small)
        return np.fmax(small, x, small)
    scaled = x * x.dtype.type(beta)
    small = np.log1p(np.exp(np.minimum(scaled, x.dtype.type(max(threshold, 0))))) / beta
    return np.where(scaled > threshold, x, small)


def _softplus_gradient(g: Tensor, input: Tensor, beta: float, threshold: float) -> Tensor:
    scaled = input if beta == 1 else input * beta
    return where(scaled > threshold, g, g * sigmoid(scaled))


def _softplus_scalar(s: Any, x: Any, beta: float, threshold: float) -> Any:
    scaled = x * beta
    small = s.log1p(s.exp(s.minimum(scaled, max(threshold, 0.0)))) / beta
    return s.where(scaled > threshold, x, small)


SOFTPLUS = elementwise(
    "softplus",
    _softplus,
    params="beta threshold",
    check=only_floating,
    gradient={"input": _softplus_gradient},
    scalar=_softplus_scalar,
    samples=of_one(DOMAIN, ((1.0, 20.0), (2.0, 1.0))),
)


def softplus(
    input: Tensor, beta: float = 1.0, threshold: float = 20.0, *, out: Tensor | None = None
) -> Tensor:
    """A smooth rectifier.

    :math:`out = \\frac{1}{β} \\ln(1 + e^{β · input})`

    Args:
        input: a floating-point tensor.
        beta: how sharp the bend is.
        threshold: where :math:`β · input` exceeds it, the input itself is returned.
        out: a tensor to write the result into.

    Shape: that of ``input``.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.ops.activation import softplus
        >>> softplus(fb.tensor([0., 30.]))
        tensor([ 0.6931, 30.0000])
    """
    result = activate(SOFTPLUS, input, (beta, threshold))
    return result if out is None else write_out("softplus", out, result)


def _silu(x: np.ndarray) -> np.ndarray:
    if not x.ndim:
        return x / (np.exp(np.negative(x)) + ONES[x.dtype])
    result = np.negative(x)
    np.exp(result, result)
    np.add(result, ONES[x.dtype], result)
    return np.divide(x, result, result)


def _silu_gradient(g: Tensor, input: Tensor) -> Tensor:
    s = sigmoid(input)
    return g * conjugate(s * (input * (1 - s) + 1))


SILU = elementwise(
    "silu",
    _silu,
    gradient={"input": _silu_gradient},
    scalar=lambda s, x: x / (s.exp(-x) + 1.0),
    samples=of_one(DOMAIN),
    check=refuse_integers,
)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """Each element times its logistic function (also called swish).

    :math:`out = input / (1 + e^{-input})`

    Args:
        input: a floating-point tensor.
        inplace: replace the input.

    Shape: that of ``input``.

    Reference: Elfwing, Uchibe and Doya, Sigmoid-Weighted Linear Units, 2017.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.ops.activation import silu
        >>> silu(fb.tensor([0., 2.]))
        tensor([0.0000, 1.7616])
    """
    return activate(SILU, input, (), inplace)


def _mish(x: np.ndarray) -> np.ndarray:
    return x * np.tanh(np.log1p(np.exp(x)))


def _mish_gradient(g: Tensor, input: Tensor) -> Tensor:
    bend = tanh(activate(SOFTPLUS, input, (1.0, 20.0)))
    return g * (bend + input * sigmoid(input) * (1 - bend * bend))


MISH = elementwise(
    "mish",
    _mish,
    check=only_floating,
    gradient={"input": _mish_gradient},
    scalar=lambda s, x: x * s.tanh(s.log1p(s.exp(x))),
    samples=of_one(DOMAIN),
)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """Each element times the hyperbolic tangent of its softplus.

    :math:`out = input · \\tanh(\\ln(1 + e^{input}))`

    Args:
        input: a floating-point tensor.
        inplace: replace the input.

    Shape: that of ``input``.

    Reference: Misra, Mish: A Self Regularized Non-Monotonic Activation Function, 2019.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.ops.activation import mish
        >>> mish(fb.tensor([0., 2.]))
        tensor([0.0000, 1.9440])
    """
    return activate(MISH, input, (), inplace)


# --- gelu ----------------------------------------------------------------------------------------

# sqrt(2 / pi), and the cubic term of the approximation.
GELU_SLOPE, GELU_CUBIC = math.sqrt(2 / math.pi), 0.044715
DENSITY = 1 / math.sqrt(2 * math.pi)


def _gelu(x: np.ndarray, approximate: str) -> np.ndarray:
    if not x.ndim:
        return _gelu(x.reshape(1), approximate).reshape(())
    kind = x.dtype
    if approximate == "none":
        cumulative = central_probability(x)
    else:
        cumulative = np.multiply(x, x)
        np.multiply(cumulative, x, cumulative)
        np.multiply(cumulative, constant(GELU_CUBIC, kind), cumulative)
        np.add(cumulative, x, cumulative)
        np.multiply(cumulative, constant(GELU_SLOPE, kind), cumulative)
        np.tanh(cumulative, cumulative)
    np.add(cumulative, ONES[kind], cumulative)
    return np.multiply(cumulative, x * constant(0.5, kind), cumulative)


def _gelu_gradient(g: Tensor, input: Tensor, approximate: str) -> Tensor:
    if approximate == "none":
        cumulative = (erf(input * SQRT_HALF) + 1) * 0.5
        density = exp(input * input * -0.5) * DENSITY
        return g * (cumulative + input * density)
    square = input * input
    bend = tanh((square * input * GELU_CUBIC + input) * GELU_SLOPE)
    slope = (1 - bend * bend) * ((square * (3 * GELU_CUBIC) + 1) * GELU_SLOPE)
    return g * ((bend + 1) * 0.5 + input * 0.5 * slope)


def _gelu_scalar(s: Any, x: Any, approximate: str) -> Any:
    if approximate == "none":
        return x * 0.5 * (s.erf(x * SQRT_HALF) + 1.0)
    return x * 0.5 * (s.tanh((x * x * x * GELU_CUBIC + x) * GELU_SLOPE) + 1.0)


GELU = elementwise(
    "gelu",
    _gelu,
    params="approximate",
    check=only_floating,
    gradient={"input": _gelu_gradient},
    scalar=_gelu_scalar,
    samples=of_one(DOMAIN, (("none",), ("tanh",))),
)


def gelu(input: Tensor, approximate: str = "none", *, out: Tensor | None = None) -> Tensor:
    """Each element times the normal distribution's cumulative probability of it.

    :math:`out = input · Φ(input)`

    Args:
        input: a floating-point tensor.
        approximate: ``"none"``, or ``"tanh"`` for
            :math:`\\frac{x}{2} (1 + \\tanh(\\sqrt{2/π} (x + 0.044715 x^3)))`.
        out: a tensor to write the result into.

    Shape: that of ``input``.

    Raises:
        RuntimeError: for another ``approximate``.

    Reference: Hendrycks and Gimpel, Gaussian Error Linear Units, 2016, section 2.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.ops.activation import gelu
        >>> gelu(fb.tensor([1., -1.])), gelu(fb.tensor([1., -1.]), approximate="tanh")
        (tensor([ 0.8413, -0.1587]), tensor([ 0.8412, -0.1588]))
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError(
            message(
                "gelu: unknown approximation", expected="'none' or 'tanh'", got=repr(approximate)
            )
        )
    result = activate(GELU, input, (approximate,))
    return result if out is None else write_out("gelu", out, result)


# --- others --------------------------------------------------------------------------------------


def _softsign_gradient(g: Tensor, input: Tensor) -> Tensor:
    size = input.abs() + 1
    if input._array.dtype.kind != "c":
        return g / (size * size)
    return g / size - sgn(input) * ((g * conjugate(input)).real / (size * size))


SOFTSIGN = elementwise(
    "softsign",
    lambda x: x / (np.abs(x) + x.dtype.type(1)),
    kind=FLOAT,
    gradient={"input": _softsign_gradient},
    scalar=lambda s, x: x / (s.abs(x) + 1.0),
    samples=of_one(DOMAIN),
    node_name="DivBackward0",
)


def softsign(input: Tensor) -> Tensor:
    """Each element over one plus its absolute value.

    :math:`out = input / (1 + |input|)`

    Args:
        input: a floating-point tensor.

    Shape: that of ``input``.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.ops.activation import softsign
        >>> softsign(fb.tensor([1., -3.]))
        tensor([ 0.5000, -0.7500])
    """
    return activate(SOFTSIGN, input, ())


def _tanhshrink_gradient(g: Tensor, input: Tensor) -> Tensor:
    bend = tanh(input)
    return g * conjugate(bend * bend)


TANHSHRINK = elementwise(
    "tanhshrink",
    lambda x: x - np.tanh(x),
    kind=FLOAT,
    gradient={"input": _tanhshrink_gradient},
    scalar=lambda s, x: x - s.tanh(x),
    samples=of_one(DOMAIN),
    node_name="SubBackward0",
)


def tanhshrink(input: Tensor) -> Tensor:
    """What the hyperbolic tangent takes away.

    :math:`out = input - \\tanh(input)`

    Args:
        input: a floating-point tensor.

    Shape: that of ``input``.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.ops.activation import tanhshrink
        >>> tanhshrink(fb.tensor([0., 2.]))
        tensor([0.0000, 1.0360])
    """
    return activate(TANHSHRINK, input, ())
