"""Divergences between distributions, found by their classes."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

from flambeau.core.errors import message
from flambeau.distributions.distribution import Distribution
from flambeau.tensor.tensor import Tensor

Formula = Callable[[Any, Any], Tensor]
_FORMULAS: dict[tuple[type, type], Formula] = {}
_FOUND: dict[tuple[type, type], Formula | None] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Formula], Formula]:
    """A decorator: the function computes the divergence of these two classes.

    Args:
        type_p, type_q: classes of distributions; it holds for their subclasses too.

    Raises:
        TypeError: if they are no classes of distributions.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.distributions import Normal, kl_divergence, register_kl
        >>> class Own(Normal): pass
        >>> @register_kl(Own, Own)
        ... def _own(p, q):
        ...     return fb.tensor(7.0)
        >>> kl_divergence(Own(0.0, 1.0), Own(0.0, 1.0))
        tensor(7.)
    """
    for kind in (type_p, type_q):
        if not (isinstance(kind, type) and issubclass(kind, Distribution)):
            raise TypeError(
                message(
                    "register_kl: not a class of distributions",
                    expected="subclasses of Distribution",
                    got=repr(kind),
                )
            )

    def keep(formula: Formula) -> Formula:
        _FORMULAS[type_p, type_q] = formula
        _FOUND.clear()
        return formula

    return keep


def _formula_for(type_p: type, type_q: type) -> Formula | None:
    """The formula of the nearest classes: nearest for p, and then for q, if both agree."""
    p_line, q_line = type_p.__mro__, type_q.__mro__
    matches = [
        (p_line.index(a), q_line.index(b), formula)
        for (a, b), formula in _FORMULAS.items()
        if a in p_line and b in q_line
    ]
    if not matches:
        return None
    by_p = min(matches, key=lambda m: m[:2])
    by_q = min(matches, key=lambda m: (m[1], m[0]))
    if by_p[2] is not by_q[2]:
        warnings.warn(
            f"kl_divergence: two formulas are as near for {type_p.__name__} and "
            f"{type_q.__name__}; the one that is nearer for the first is taken",
            RuntimeWarning,
            stacklevel=4,
        )
    return by_p[2]


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    r"""The Kullback-Leibler divergence of two distributions.

    .. math:: KL(p \| q) = \int p(x) \log \frac{p(x)}{q(x)} \, dx

    Shape: the batch's.

    Args:
        p, q: distributions.

    Raises:
        NotImplementedError: if no formula is known for them.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.distributions import Normal, kl_divergence
        >>> kl_divergence(Normal(0.0, 1.0), Normal(1.0, 1.0))
        tensor(0.5000)
    """
    for module in ("kl_within_families", "kl_between_families"):  # they register formulas
        import_module(f"flambeau.distributions.{module}")
    pair = type(p), type(q)
    if pair not in _FOUND:
        _FOUND[pair] = _formula_for(*pair)
    formula = _FOUND[pair]
    if formula is None:
        raise NotImplementedError(
            message(
                "kl_divergence: no formula is known for these distributions",
                expected="a pair that is registered",
                got=f"{pair[0].__name__} and {pair[1].__name__}",
                help="estimate it: (p.log_prob(x) - q.log_prob(x)).mean() of x = p.sample((n,))",
            )
        )
    return formula(p, q)
