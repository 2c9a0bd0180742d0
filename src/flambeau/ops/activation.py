"""Smooth activations. Those made of straight pieces are in a file of their own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.shapes import wrap_dim
from flambeau.core.spec import Spec
from flambeau.ops.arithmetic import conjugate
from flambeau.ops.elementwise import elementwise, unary
from flambeau.ops.elementwise_samples import of_one
from flambeau.ops.error_functions import erf_of
from flambeau.ops.exponential import exp
from flambeau.ops.operands import (
    FLOAT,
    REDUCED,
    not_a_tensor,
    only_floating,
    refuse_complex,
    refuse_integers,
)
from flambeau.ops.piecewise_activation import DOMAIN, activate
from flambeau.ops.publish import public
from flambeau.ops.selection import where
from flambeau.ops.signs import sgn
from flambeau.ops.special import erf
from flambeau.ops.trigonometry import tanh
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor

# --- sigmoid and its relatives -------------------------------------------------------------------


def sigmoid_of(x: np.ndarray) -> np.ndarray:
    """The logistic function of an array; exp's overflow gives the right limit, 0."""
    return np.reciprocal(np.exp(np.negative(x)) + x.dtype.type(1))


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


def logsigmoid(input: Tensor) -> Tensor:
    """The logarithm of the logistic function, without loss of digits.

    :math:`out = -\\ln(1 + e^{-input})`

    Args:
        input: a floating-point tensor.

    Shape: that of ``input``.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.ops.activation import logsigmoid
        >>> logsigmoid(fb.tensor([0., -100.]))
        tensor([  -0.6931, -100.0000])
    """
    return activate(LOGSIGMOID, input, ())


def _softplus(x: np.ndarray, beta: float, threshold: float) -> np.ndarray:
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


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """A smooth rectifier.

    :math:`out = \\frac{1}{β} \\ln(1 + e^{β · input})`

    Args:
        input: a floating-point tensor.
        beta: how sharp the bend is.
        threshold: where :math:`β · input` exceeds it, the input itself is returned.

    Shape: that of ``input``.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.ops.activation import softplus
        >>> softplus(fb.tensor([0., 30.]))
        tensor([ 0.6931, 30.0000])
    """
    return activate(SOFTPLUS, input, (beta, threshold))


def _silu(x: np.ndarray) -> np.ndarray:
    return x / (np.exp(np.negative(x)) + x.dtype.type(1))


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


# --- the exponential linear units ----------------------------------------------------------------


def _elu(x: np.ndarray, alpha: float, scale: float, input_scale: float) -> np.ndarray:
    kind = x.dtype.type
    below = np.expm1(np.minimum(kind(0), x) * kind(input_scale)) * kind(alpha * scale)
    return np.where(x <= 0, below, x * kind(scale))


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
ELU_IN_PLACE = _elu_record("elu_", _elu_gradient_of_result, "EluBackward0")
CELU = _elu_record("celu", _elu_gradient, "CeluBackward0")
CELU_IN_PLACE = _elu_record("celu_", _elu_gradient_of_result, "CeluBackward0")

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
        >>> from flambeau.ops.activation import elu
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


# --- gelu ----------------------------------------------------------------------------------------

SQRT_HALF = math.sqrt(0.5)
# sqrt(2 / pi), and the cubic term of the approximation.
GELU_SLOPE, GELU_CUBIC = math.sqrt(2 / math.pi), 0.044715
DENSITY = 1 / math.sqrt(2 * math.pi)


def _gelu(x: np.ndarray, approximate: str) -> np.ndarray:
    kind = x.dtype.type
    if approximate == "none":
        cumulative = erf_of(x * kind(SQRT_HALF))
    else:
        cumulative = np.tanh((x * x * x * kind(GELU_CUBIC) + x) * kind(GELU_SLOPE))
    return (cumulative + kind(1)) * (x * kind(0.5))


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


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """Each element times the normal distribution's cumulative probability of it.

    :math:`out = input · Φ(input)`

    Args:
        input: a floating-point tensor.
        approximate: ``"none"``, or ``"tanh"`` for
            :math:`\\frac{x}{2} (1 + \\tanh(\\sqrt{2/π} (x + 0.044715 x^3)))`.

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
    return activate(GELU, input, (approximate,))


# --- others --------------------------------------------------------------------------------------

def _softsign_gradient(g: Tensor, input: Tensor) -> Tensor:
    size = abs(input) + 1
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


def _halves(x: np.ndarray, dim: int) -> tuple[np.ndarray, np.ndarray]:
    half = x.shape[dim] // 2
    before = (slice(None),) * dim
    return x[(*before, slice(None, half))], x[(*before, slice(half, None))]


def _glu(x: np.ndarray, dim: int) -> np.ndarray:
    first, second = _halves(x, dim)
    if x.dtype in REDUCED:
        return (first.astype(np.float32) * sigmoid_of(second.astype(np.float32))).astype(x.dtype)
    return first * sigmoid_of(second)


def _infer_glu(x: Any, dim: int) -> Spec:
    only_floating("glu", dtypes.of(x.dtype))
    shape = tuple(x.shape)
    if shape[dim] % 2:
        raise RuntimeError(
            message(
                "glu: the dimension cannot be halved",
                expected="an even size",
                got=f"size {shape[dim]} in dimension {dim}, shape {shape}",
            )
        )
    return Spec((*shape[:dim], shape[dim] // 2, *shape[dim + 1 :]), x.dtype)


def _glu_gradient(g: Tensor, input: Tensor, dim: int) -> Tensor:
    half = input._array.shape[dim] // 2
    first, second = input.narrow(dim, 0, half), input.narrow(dim, half, half)
    gate = sigmoid(second)
    parts = (g * gate, g * first * (gate * (1 - gate)))
    return apply(REGISTRY["cat"], parts, (dim,))


GLU = Operation(
    "glu",
    inputs="input",
    params="dim",
    evaluate=_glu,
    infer=_infer_glu,
    strict=True,
    gradient={"input": _glu_gradient},
    decompose=lambda input, dim: (
        input.narrow(dim, 0, input._array.shape[dim] // 2)
        * sigmoid(input.narrow(dim, input._array.shape[dim] // 2, input._array.shape[dim] // 2))
    ),
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 4)),), params=(1,)),
        make.sample(inputs=(make.tensor((4, 3)),), params=(0,)),
        make.sample(inputs=(make.transposed((2, 4)),), params=(1,)),
        make.sample(inputs=(make.tensor((0,)),), params=(0,)),
        make.error((make.tensor((2, 3)),), (1,), RuntimeError),
    ],
)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The gated linear unit: one half of the tensor times the logistic function of the other.

    :math:`out = a · σ(b)` where the tensor is :math:`a` and :math:`b` in one dimension

    Args:
        input: a floating-point tensor with at least one dimension.
        dim: the dimension to halve, of even size.

    Shape: that of ``input`` with ``dim`` halved.

    Raises:
        RuntimeError: if the dimension cannot be halved.

    Reference: Dauphin et al., Language Modeling with Gated Convolutional Networks, 2016.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.ops.activation import glu
        >>> glu(fb.tensor([1., 2., 0., 0.]))
        tensor([0.5000, 1.0000])
    """
    if not isinstance(input, Tensor):
        raise not_a_tensor("glu", input)
    ndim = input._array.ndim
    if ndim == 0:
        raise RuntimeError(
            message("glu: a 0-d tensor has no halves", expected="at least 1 dimension")
        )
    return apply(GLU, (input,), (wrap_dim("glu", dim, ndim),))


# --- logit ---------------------------------------------------------------------------------------


def _logit(x: np.ndarray, eps: float | None) -> np.ndarray:
    if eps is not None:
        x = np.minimum(np.maximum(x, x.dtype.type(eps)), x.dtype.type(1 - eps))
    return np.log(x / (x.dtype.type(1) - x))


def _logit_gradient(g: Tensor, input: Tensor, eps: float | None) -> Tensor:
    slope = g / (input * (1 - input))
    if eps is not None:
        return where((input < eps) | (input > 1 - eps), 0, slope)
    return where((input < 0) | (input > 1), math.nan, slope)


def _logit_scalar(s: Any, x: Any, eps: float | None) -> Any:
    if eps is not None:
        x = s.minimum(s.maximum(x, eps), 1.0 - eps)
    return s.log(x / (1.0 - x))


LOGIT = elementwise(
    "logit",
    _logit,
    params="eps",
    kind=FLOAT,
    check=refuse_complex,
    gradient={"input": _logit_gradient},
    scalar=_logit_scalar,
    samples=of_one((0.1, 0.9), ((None,), (0.2,))),
)


@public(method=True)
def logit(input: Tensor, eps: float | None = None, *, out: Tensor | None = None) -> Tensor:
    """The inverse of the logistic function.

    :math:`out = \\ln\\frac{input}{1 - input}`

    Args:
        input: probabilities; nan outside [0, 1] unless ``eps`` is given.
        eps: keep the input between ``eps`` and ``1 - eps`` first.
        out: a tensor to write the result into.

    Shape: that of ``input``.

    Example:
        >>> import flambeau as fb
        >>> fb.logit(fb.tensor([0.5, 0.9]))
        tensor([0.0000, 2.1972])
    """
    result = activate(LOGIT, input, (eps,))
    return result if out is None else write_out("logit", out, result)


@public(method=True)
def logit_(input: Tensor, eps: float | None = None) -> Tensor:
    """In-place version of :func:`flambeau.logit`; returns the tensor itself."""
    return activate(LOGIT, input, (eps,), True)
