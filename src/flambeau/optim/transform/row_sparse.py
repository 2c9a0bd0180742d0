"""Adam for tables of which each gradient touches a few rows."""

from __future__ import annotations

from typing import Any

from flambeau.optim.checks import in_range
from flambeau.optim.engine.transformation import Rule, Transformation
from flambeau.optim.scalars import sqrt, where
from flambeau.optim.transform.adam_family import check_betas
from flambeau.optim.transform.moments import (
    average_,
    average_square_,
    real_zeros_for,
    zeros_for,
)
from flambeau.tensor.tensor import Tensor

Slots = dict[str, Any]
Hyper = dict[str, Any]


def touched_rows(g: Tensor) -> Tensor:
    """Which rows of a gradient hold anything but zeros, in a shape that broadcasts to it."""
    some = g != 0
    for dim in range(1, g.ndim):
        some = some.any(dim, keepdim=True)
    return some


def _start(p: Tensor, h: Hyper) -> Slots:
    return {"mu": zeros_for(p), "nu": real_zeros_for(p)}


def _sparse_adam(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Any:
    touched = touched_rows(g)
    mu = where(touched, average_(s["mu"].clone(), g, h["b1"]), s["mu"])
    nu = where(touched, average_square_(s["nu"].clone(), g, h["b2"]), s["nu"])
    s["mu"], s["nu"] = mu, nu
    update = where(touched, mu / (nu.sqrt() + h["eps"]), 0.0).to(g.dtype)
    return update, sqrt(1 - h["b2"] ** t) / (1 - h["b1"] ** t)


SPARSE_ADAM = Rule("scale_by_sparse_adam", _sparse_adam, _start)


def scale_by_sparse_adam(b1: Any = 0.9, b2: Any = 0.999, eps: Any = 1e-8) -> Transformation:
    r"""Adam's direction for the rows that a gradient touches; the others rest, averages too.

    .. math::
        m_i ← β_1 m_i + (1 - β_1) g_i, \quad v_i ← β_2 v_i + (1 - β_2) g_i^2, \quad
        u_i = \frac{\sqrt{1 - β_2^t}}{1 - β_1^t} \frac{m_i}{\sqrt{v_i} + ε}
        \quad \text{where } g_i ≠ 0, \text{ else } u_i = 0

    A row is everything with one index in the first dimension. A row whose gradient is zero
    throughout counts as not touched.

    Args:
        b1, b2: decay rates β₁, β₂, in [0, 1).
        eps: ε, at least 0, beside the root that is not yet corrected for its bias.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.scale_by_sparse_adam()
        >>> params = fb.zeros(2, 2)
        >>> state = rule.init(params)
        >>> for _ in range(2):
        ...     updates, state = rule.update(fb.tensor([[1., 2.], [0., 0.]]), state)
        >>> updates
        tensor([[1.0000, 1.0000],
                [0.0000, 0.0000]])

    Reference: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, section 2.
    """
    check_betas("scale_by_sparse_adam", b1=b1, b2=b2)
    in_range("scale_by_sparse_adam", "eps", eps, 0)
    return SPARSE_ADAM(b1=b1, b2=b2, eps=eps)
