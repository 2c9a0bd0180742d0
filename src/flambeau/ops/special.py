"""Special functions: the error function, the gamma function, Bessel functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.core import special
from flambeau.core.errors import message
from flambeau.core.scalar_numpy import evaluate
from flambeau.ops.elementwise import elementwise, unary
from flambeau.ops.elementwise_samples import of_one
from flambeau.ops.error_functions import erf_of
from flambeau.ops.exponential import exp
from flambeau.ops.gamma_functions import bessel_of, polygamma_of
from flambeau.ops.operands import FLOAT, not_a_tensor, refuse_complex
from flambeau.ops.publish import public
from flambeau.ops.selection import where
from flambeau.ops.signs import sign
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.tensor import Tensor

TWO_OVER_SQRT_PI = 2 / math.sqrt(math.pi)
HALF_SQRT_PI = math.sqrt(math.pi) / 2


def _wide(function: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """A function of float64 arrays for arrays of other types."""
    return lambda x: function(x.astype(np.float64, copy=False)).astype(x.dtype, copy=False)


def _expression(formula: Callable) -> Callable[[np.ndarray], np.ndarray]:
    """The NumPy meaning of an element expression, computed in float64."""
    return _wide(lambda x: evaluate(formula, x))


erf = unary(
    "erf",
    erf_of,
    check=refuse_complex,
    gradient={"input": lambda g, input: g * (exp(-(input * input)) * TWO_OVER_SQRT_PI)},
    scalar=lambda s, x: s.erf(x),
    doc="""The error function.

    :math:`out = \\frac{2}{\\sqrt{π}} \\int_0^{input} e^{-t^2} dt`

    Example:
        >>> import flambeau as fb
        >>> fb.erf(fb.tensor([0., 1.]))
        tensor([0.0000, 0.8427])
    """,
)

erfc = unary(
    "erfc",
    _expression(special.erfc),
    check=refuse_complex,
    gradient={"input": lambda g, input: g * (exp(-(input * input)) * -TWO_OVER_SQRT_PI)},
    scalar=lambda s, x: s.erfc(x),
    doc="""What the error function lacks to 1, without loss of digits for large elements.

    :math:`out = 1 - erf(input)`

    Example:
        >>> import flambeau as fb
        >>> fb.erfc(fb.tensor([0., 1.]))
        tensor([1.0000, 0.1573])
    """,
)

erfinv = unary(
    "erfinv",
    _expression(special.erfinv),
    check=refuse_complex,
    gradient={"input": lambda g, out: g * (exp(out * out) * HALF_SQRT_PI)},
    scalar=lambda s, x: s.erfinv(x),
    domain=(-0.9, 0.9),
    doc="""The inverse of the error function; nan outside [-1, 1].

    :math:`erf(out) = input`

    Example:
        >>> import flambeau as fb
        >>> fb.erfinv(fb.tensor([0., 0.5, 1.]))
        tensor([0.0000, 0.4769,    inf])
    """,
)

lgamma = unary(
    "lgamma",
    _expression(special.lgamma),
    check=refuse_complex,
    gradient={"input": lambda g, input: g * digamma(input)},
    scalar=lambda s, x: s.lgamma(x),
    domain=(0.5, 4.0),
    doc="""The logarithm of the absolute value of the gamma function.

    :math:`out = \\ln|Γ(input)|`; inf at 0 and at negative integers.

    Example:
        >>> import flambeau as fb
        >>> fb.lgamma(fb.tensor([1., 5.]))
        tensor([0.0000, 3.1781])
    """,
)

digamma = unary(
    "digamma",
    _expression(special.digamma),
    check=refuse_complex,
    gradient={"input": lambda g, input: g * polygamma(1, input)},
    scalar=lambda s, x: s.digamma(x),
    domain=(0.5, 4.0),
    doc="""The derivative of the logarithm of the gamma function.

    :math:`out = Γ'(input) / Γ(input)`; nan at negative integers.

    Example:
        >>> import flambeau as fb
        >>> fb.digamma(fb.tensor([1., 2.]))
        tensor([-0.5772,  0.4228])
    """,
)


def _polygamma(x: np.ndarray, n: int) -> np.ndarray:
    return _wide(lambda y: polygamma_of(n, y))(x)


POLYGAMMA = elementwise(
    "polygamma",
    _polygamma,
    params="n",
    kind=FLOAT,
    check=refuse_complex,
    gradient={"input": lambda g, input, n: g * polygamma(n + 1, input)},
    samples=of_one((0.5, 4.0), ((1,), (2,))),
)


@public()
def polygamma(n: int, input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Derivatives of the digamma function.

    :math:`out = ψ^{(n)}(input) = \\frac{d^{n+1}}{dx^{n+1}} \\ln Γ(input)`

    Args:
        n: how many times digamma is differentiated, at least 0.
        input: a tensor.
        out: a tensor to write the result into.

    Shape: that of ``input``.

    Raises:
        RuntimeError: if ``n`` is negative.

    Example:
        >>> import flambeau as fb
        >>> fb.polygamma(1, fb.tensor([1., 2.]))
        tensor([1.6449, 0.6449])
    """
    if not isinstance(input, Tensor):
        raise not_a_tensor("polygamma", input)
    _check_order(n)
    result = digamma(input) if n == 0 else apply(POLYGAMMA, (input,), (int(n),))
    return result if out is None else write_out("polygamma", out, result)


def _check_order(n: int) -> None:
    if n < 0:
        raise RuntimeError(
            message("polygamma: n must not be negative", expected="n >= 0", got=repr(n))
        )


def _polygamma_method(self: Tensor, n: int) -> Tensor:
    """Derivatives of the digamma function; see :func:`flambeau.polygamma`."""
    return polygamma(n, self)


def _polygamma_in_place(self: Tensor, n: int) -> Tensor:
    """In-place version of :func:`flambeau.polygamma`; returns the tensor itself."""
    _check_order(n)
    if n == 0:
        return self.digamma_()  # type: ignore[attr-defined]
    return apply_inplace(POLYGAMMA, self, (), (int(n),))


Tensor.polygamma = _polygamma_method  # type: ignore[attr-defined]
Tensor.polygamma_ = _polygamma_in_place  # type: ignore[attr-defined]


i0 = unary(
    "i0",
    _wide(lambda x: bessel_of(0, x)),
    check=refuse_complex,
    gradient={"input": lambda g, input: g * apply(I1, (input,))},
    doc="""The modified Bessel function of the first kind and order 0.

    :math:`out = \\sum_k \\frac{(input^2/4)^k}{(k!)^2}`

    Example:
        >>> import flambeau as fb
        >>> fb.i0(fb.tensor([0., 1.]))
        tensor([1.0000, 1.2661])
    """,
)


def _i1_gradient(g: Tensor, input: Tensor, out: Tensor) -> Any:
    zero = input == 0
    slope = i0(input) - out / where(zero, sign(input) + 1, input)
    return g * where(zero, 0.5, slope)


I1 = elementwise(
    "special_i1",
    _wide(lambda x: bessel_of(1, x)),
    kind=FLOAT,
    check=refuse_complex,
    gradient={"input": _i1_gradient},
    samples=of_one((-3.0, 3.0)),
    node_name="SpecialI1Backward0",
)


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
    if not isinstance(input, Tensor):
        raise not_a_tensor("logit", input)
    result = apply(LOGIT, (input,), (eps,))
    return result if out is None else write_out("logit", out, result)


@public(method=True)
def logit_(input: Tensor, eps: float | None = None) -> Tensor:
    """In-place version of :func:`flambeau.logit`; returns the tensor itself."""
    if not isinstance(input, Tensor):
        raise not_a_tensor("logit_", input)
    return apply_inplace(LOGIT, input, (), (eps,))
