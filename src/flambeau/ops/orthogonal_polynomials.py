"""Orthogonal polynomials of integer degree, by their recurrences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.ops.special_makers import special_binary

# The degrees up to which values can still be finite in float64; PyTorch gives nan beyond.
_HERMITE_LIMIT = 512

Arrays = tuple[np.ndarray, np.ndarray]


def _by_recurrence(x: np.ndarray, n: np.ndarray, first: Callable, step: Callable) -> np.ndarray:
    """The polynomials of degree n at x; 0 where n is negative.

    Args:
        x, n: arrays that broadcast; degrees are cut to integers.
        first: from x to the polynomial of degree 1 (that of degree 0 is 1).
        step: from k, x and the polynomials of degrees k and k - 1 to that of degree k + 1.
    """
    degree = np.trunc(np.where(np.isfinite(n), n, -1.0)).astype(np.int64)
    x, degree = np.broadcast_arrays(x, degree)
    before, here = np.ones_like(x), first(x) + np.zeros_like(x)
    result = np.where(degree < 0, 0.0, np.where(degree == 0, before, here))
    for k in range(1, int(degree.max(initial=0))):
        before, here = here, step(k, x, here, before)
        result = np.where(degree == k + 1, here, result)
    return result


def _chebyshev(first: Callable, shifted: bool = False) -> Callable:
    def evaluate(x: np.ndarray, n: np.ndarray) -> np.ndarray:
        y = 2 * x - 1 if shifted else x
        return _by_recurrence(y, n, first, lambda k, x, here, before: 2 * x * here - before)

    return evaluate


def _hermite(factor: float) -> Callable:
    def evaluate(x: np.ndarray, n: np.ndarray) -> np.ndarray:
        def step(k: int, x: np.ndarray, here: np.ndarray, before: np.ndarray) -> np.ndarray:
            return factor * (x * here - k * before)

        known = np.where(n > _HERMITE_LIMIT, -1.0, n)
        result = _by_recurrence(x, known, lambda x: factor * x, step)
        return np.where(n > _HERMITE_LIMIT, np.nan, result)

    return evaluate


def _laguerre(x: np.ndarray, n: np.ndarray) -> np.ndarray:
    def step(k: int, x: np.ndarray, here: np.ndarray, before: np.ndarray) -> np.ndarray:
        return ((2 * k + 1 - x) * here - k * before) / (k + 1)

    return _by_recurrence(x, n, lambda x: 1 - x, step)


def _legendre(x: np.ndarray, n: np.ndarray) -> np.ndarray:
    def step(k: int, x: np.ndarray, here: np.ndarray, before: np.ndarray) -> np.ndarray:
        return ((2 * k + 1) * x * here - k * before) / (k + 1)

    return _by_recurrence(x, n, lambda x: x, step)


def _samples(make: Any) -> list[Any]:
    degrees = make.integers((3,), 0, 6).to(make.tensor(()).dtype)
    return [
        make.sample((make.tensor((2, 3), -1.5, 1.5), degrees)),
        make.sample((make.tensor((), -1.5, 1.5), 4)),
        make.sample((make.tensor((0,)), -1)),
        make.error((make.tensor((2,)), make.tensor((3,))), (), RuntimeError),
    ]


def _polynomial(name: str, function: Callable, text: str, example: str) -> Any:
    kind = name.replace("_polynomial_", " polynomial of kind ").replace("_", " ")
    doc = f"""The {kind}.

    {text} Degrees below 0 give 0.

    Args:
        input: where it is evaluated.
        n: degrees, which are cut to integers; one of both may be a number.
        out: a tensor to write the result into.

    Shape: the broadcast of both.

    Raises:
        RuntimeError: if the shapes do not broadcast.

    Example:
        >>> import flambeau as fb
        >>> fb.special.{name}(fb.tensor([2.]), 2)
        tensor([{example}])
    """
    return special_binary(name, function, doc=doc, second="n", samples=_samples)


_DOUBLED = ":math:`p_{{k+1}} = 2 x p_k - p_{{k-1}}`, :math:`p_0 = 1`, :math:`p_1 = {}`{}."
_AT = ", at :math:`2x - 1`"

chebyshev_polynomial_t = _polynomial(
    "chebyshev_polynomial_t", _chebyshev(lambda x: x), _DOUBLED.format("x", ""), "7."
)
chebyshev_polynomial_u = _polynomial(
    "chebyshev_polynomial_u", _chebyshev(lambda x: 2 * x), _DOUBLED.format("2x", ""), "15."
)
chebyshev_polynomial_v = _polynomial(
    "chebyshev_polynomial_v", _chebyshev(lambda x: 2 * x - 1), _DOUBLED.format("2x - 1", ""), "11."
)
chebyshev_polynomial_w = _polynomial(
    "chebyshev_polynomial_w", _chebyshev(lambda x: 2 * x + 1), _DOUBLED.format("2x + 1", ""), "19."
)
shifted_chebyshev_polynomial_t = _polynomial(
    "shifted_chebyshev_polynomial_t",
    _chebyshev(lambda x: x, True),
    _DOUBLED.format("x", _AT),
    "17.",
)
shifted_chebyshev_polynomial_u = _polynomial(
    "shifted_chebyshev_polynomial_u",
    _chebyshev(lambda x: 2 * x, True),
    _DOUBLED.format("2x", _AT),
    "35.",
)
shifted_chebyshev_polynomial_v = _polynomial(
    "shifted_chebyshev_polynomial_v",
    _chebyshev(lambda x: 2 * x - 1, True),
    _DOUBLED.format("2x - 1", _AT),
    "29.",
)
shifted_chebyshev_polynomial_w = _polynomial(
    "shifted_chebyshev_polynomial_w",
    _chebyshev(lambda x: 2 * x + 1, True),
    _DOUBLED.format("2x + 1", _AT),
    "41.",
)
hermite_polynomial_h = _polynomial(
    "hermite_polynomial_h",
    _hermite(2.0),
    ":math:`H_{k+1} = 2 x H_k - 2 k H_{k-1}`.",
    "14.",
)
hermite_polynomial_he = _polynomial(
    "hermite_polynomial_he", _hermite(1.0), ":math:`He_{k+1} = x He_k - k He_{k-1}`.", "3."
)
laguerre_polynomial_l = _polynomial(
    "laguerre_polynomial_l",
    _laguerre,
    ":math:`(k+1) L_{k+1} = (2k + 1 - x) L_k - k L_{k-1}`.",
    "-1.",
)
legendre_polynomial_p = _polynomial(
    "legendre_polynomial_p",
    _legendre,
    ":math:`(k+1) P_{k+1} = (2k + 1) x P_k - k P_{k-1}`.",
    "5.5000",
)
