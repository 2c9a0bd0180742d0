"""Functions beside the gamma function: incomplete ones, of several dimensions, and zeta."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from flambeau.core import dtypes, special
from flambeau.core.errors import message
from flambeau.core.scalar_numpy import evaluate
from flambeau.core.spec import Spec
from flambeau.ops import incomplete_gamma
from flambeau.ops.elementwise import binary
from flambeau.ops.elementwise_samples import of_two
from flambeau.ops.exponential import exp, log
from flambeau.ops.gamma_functions import EULER_MACLAURIN
from flambeau.ops.operands import (
    FLOAT,
    computing_type,
    not_a_tensor,
    only_floating,
    refuse_bool_and_complex,
)
from flambeau.ops.publish import public
from flambeau.ops.special import digamma, lgamma
from flambeau.ops.special_makers import in_double, special_binary
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

_LARGE = 12.0  # from here on twelve corrections give every digit


def _zeta(s: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The sum of (q + k)^-s over k >= 0, by Euler and Maclaurin's formula."""
    s, q = np.broadcast_arrays(s, q)
    usual = (s > 1) & ((q > 0) | ((q != np.floor(q)) & (s == np.floor(s)))) & np.isfinite(q)
    x, y = np.where(usual, s, 2.0), np.where(usual, q, 1.0)
    total, below = np.zeros_like(y), y < _LARGE
    while below.any():
        total = np.where(
            below, total + np.abs(y) ** -x * np.where((y < 0) & (x % 2 == 1), -1.0, 1.0), total
        )
        y = np.where(below, y + 1.0, y)
        below = y < _LARGE
    power = y**-x
    rest = y * power / (x - 1) + 0.5 * power
    factor, inverse = x * power / y, 1 / (y * y)
    for k, coefficient in enumerate(EULER_MACLAURIN):
        rest = rest + coefficient * factor
        factor = factor * (x + 2 * k + 1) * (x + 2 * k + 2) * inverse
    result = np.where(usual, total + rest, np.nan)
    pole = (s == 1) | ((s > 1) & (q <= 0) & (q == np.floor(q)))
    result = np.where(pole, np.inf, result)
    return np.where((s > 1) & np.isposinf(q), 0.0, result)


zeta = special_binary(
    "zeta",
    _zeta,
    domain=(1.5, 5.0),
    second_domain=(0.3, 5.0),
    gradient={"other": lambda g, input, other: g * -input * zeta(input + 1.0, other)},
    doc="""The Hurwitz zeta function.

    :math:`out = \\sum_{k=0}^∞ (other + k)^{-input}`

    Example:
        >>> import flambeau as fb
        >>> fb.special.zeta(fb.tensor([2., 4.]), 1)
        tensor([1.6449, 1.0823])
    """,
)


# --- incomplete gamma functions -----------------------------------------------------------------


def _density(g: Tensor, input: Any, other: Any) -> Tensor:
    return g * exp((input - 1) * log(other) - other - lgamma(input))


igamma = binary(
    "igamma",
    in_double(incomplete_gamma.gammainc),
    check=only_floating,
    numbers=(False, False),
    gradient={"other": _density},
    samples=of_two((0.3, 3.0), (0.3, 3.0)),
    doc="""The part of the gamma function's integral that lies below a bound.

    :math:`out = \\frac{1}{Γ(input)} \\int_0^{other} t^{input - 1} e^{-t} dt`

    Example:
        >>> import flambeau as fb
        >>> fb.igamma(fb.tensor([1., 2.]), fb.tensor([1., 1.]))
        tensor([0.6321, 0.2642])
    """,
)

igammac = binary(
    "igammac",
    in_double(incomplete_gamma.gammaincc),
    check=only_floating,
    numbers=(False, False),
    gradient={"other": lambda g, input, other: -_density(g, input, other)},
    samples=of_two((0.3, 3.0), (0.3, 3.0)),
    doc="""The part of the gamma function's integral that lies above a bound.

    :math:`out = \\frac{1}{Γ(input)} \\int_{other}^∞ t^{input - 1} e^{-t} dt`

    Example:
        >>> import flambeau as fb
        >>> fb.igammac(fb.tensor([1., 2.]), fb.tensor([1., 1.]))
        tensor([0.3679, 0.7358])
    """,
)


# --- several dimensions -------------------------------------------------------------------------


def _halves(p: int) -> np.ndarray:
    return -np.arange(p) / 2.0


def _mvlgamma(x: np.ndarray, p: int) -> np.ndarray:
    common = computing_type((x,), FLOAT)
    wide = x.astype(np.float64)
    if np.any(wide <= (p - 1) / 2):
        raise RuntimeError(
            message(
                "mvlgamma: an element is too small",
                expected=f"elements above (p - 1) / 2 = {(p - 1) / 2}",
                got=f"{float(wide.min())}",
            )
        )
    total = evaluate(special.lgamma, wide[..., None] + _halves(p)).sum(-1)
    return np.asarray(total + p * (p - 1) / 4 * math.log(math.pi)).astype(common)


def _infer_mvlgamma(x: Any, p: int) -> Spec:
    refuse_bool_and_complex("mvlgamma", dtypes.of(x.dtype))
    if p < 1:
        raise RuntimeError(message("mvlgamma: too few dimensions", expected="p >= 1", got=str(p)))
    return Spec(x.shape, computing_type((x,), FLOAT))


def _mvlgamma_gradient(g: Tensor, input: Any, p: int) -> Tensor:
    total: Any = 0
    for half in _halves(p).tolist():
        total = total + digamma(input + half)
    return g * total


MVLGAMMA = Operation(
    "mvlgamma",
    inputs="input",
    params="p",
    evaluate=_mvlgamma,
    infer=_infer_mvlgamma,
    gradient={"input": _mvlgamma_gradient},
    strict=True,
    samples=lambda make: [
        make.sample((make.tensor((2, 3), 1.2, 4.0),), (3,)),
        make.sample((make.tensor((), 1.2, 4.0),), (1,)),
        make.sample((make.tensor((0,), 1.2, 4.0),), (2,)),
        make.error((make.tensor((2,), 0.1, 0.4),), (3,), RuntimeError),
        make.error((make.tensor((2,), 1.1, 1.4),), (0,), RuntimeError),
    ],
)


@public(method=True)
def mvlgamma(input: Tensor, p: int, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of the gamma function of several dimensions.

    :math:`out = \\frac{p(p-1)}{4} \\ln π + \\sum_{j=0}^{p-1} \\ln Γ(input - j/2)`

    Args:
        input: elements above (p - 1) / 2.
        p: dimensions, at least 1.
        out: a tensor to write the result into.

    Shape: that of ``input``.

    Raises:
        RuntimeError: for elements that are too small, or ``p`` below 1.

    Example:
        >>> import flambeau as fb
        >>> fb.mvlgamma(fb.tensor([1., 2.]), 2)
        tensor([1.1447, 0.4516])
    """
    if not isinstance(input, Tensor):
        raise not_a_tensor("mvlgamma", input)
    result = apply(MVLGAMMA, (input,), (int(p),))
    return result if out is None else write_out("mvlgamma", out, result)


@public(method=True, function=False)
def mvlgamma_(input: Tensor, p: int) -> Tensor:
    """In-place version of :func:`flambeau.mvlgamma`; returns the tensor itself."""
    return apply_inplace(MVLGAMMA, input, (), (int(p),))
