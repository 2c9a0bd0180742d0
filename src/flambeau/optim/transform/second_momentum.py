"""Adam with a second, slower momentum."""

from __future__ import annotations

from typing import Any

from flambeau.optim.engine.combinators import chain
from flambeau.optim.engine.transformation import Rule, Transformation
from flambeau.optim.transform.adam_variants import check_moments
from flambeau.optim.transform.moments import (
    added,
    average_,
    average_square_,
    real_zeros_for,
    root,
    zeros_for,
)
from flambeau.optim.transform.scaling import add_decayed_weights, scale_by_learning_rate
from flambeau.tensor.tensor import Tensor

Slots = dict[str, Any]
Hyper = dict[str, Any]


def _ademamix_start(p: Tensor, h: Hyper) -> Slots:
    kind = h["mu_dtype"]
    return {"m1": zeros_for(p, kind), "m2": zeros_for(p, kind), "nu": real_zeros_for(p)}


def _ademamix(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Tensor:
    m1, m2 = average_(s["m1"], g, h["b1"]), average_(s["m2"], g, h["b3"])
    nu = average_square_(s["nu"], g, h["b2"])
    mean = added(m1 / (1 - h["b1"] ** t), m2, h["alpha"])
    return mean / root(nu / (1 - h["b2"] ** t), h["eps"], h["eps_root"])


ADEMAMIX = Rule("scale_by_ademamix", _ademamix, _ademamix_start)


def scale_by_ademamix(
    b1: Any = 0.9,
    b2: Any = 0.999,
    b3: Any = 0.9999,
    alpha: Any = 6.0,
    eps: Any = 1e-8,
    eps_root: Any = 0.0,
    mu_dtype: Any = None,
) -> Transformation:
    r"""Adam's direction with a second average of the gradient that forgets slowly.

    .. math::
        m_1 ← β_1 m_1 + (1 - β_1) g, \quad m_2 ← β_3 m_2 + (1 - β_3) g, \quad
        u = \frac{m_1 / (1 - β_1^t) + α m_2}{\sqrt{v / (1 - β_2^t) + ε_0} + ε}

    Args:
        b1, b2, b3: decay rates, in [0, 1); β₃ may be a schedule.
        alpha: α, the share of the slow average; it may be a schedule.
        eps, eps_root: ε outside and ε₀ inside the root, at least 0.
        mu_dtype: the type in which :math:`m_1` and :math:`m_2` are kept.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_ademamix()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 1.0006, -1.0006])

    Reference: Pagliardini, Ablin and Grangier, "The AdEMAMix optimizer: better, faster, older",
    ICLR 2025, algorithm 1.
    """
    h = {"b1": b1, "b2": b2, "b3": b3, "alpha": alpha, "eps": eps, "eps_root": eps_root}
    check_moments("scale_by_ademamix", h)
    return ADEMAMIX(**h, mu_dtype=mu_dtype)


def ademamix(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    b3: Any = 0.9999,
    alpha: Any = 5.0,
    eps: Any = 1e-8,
    eps_root: Any = 0.0,
    mu_dtype: Any = None,
    weight_decay: Any = 0.0,
    mask: Any = None,
) -> Transformation:
    """AdEMAMix: :func:`scale_by_ademamix`, weight decay, then the learning rate.

    Args:
        learning_rate: at least 0.
        b1, b2, b3, alpha, eps, eps_root, mu_dtype: see :func:`scale_by_ademamix`.
        weight_decay, mask: see :func:`add_decayed_weights`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.ademamix(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.1000,  0.1000])

    Reference: Pagliardini, Ablin and Grangier, "The AdEMAMix optimizer: better, faster, older",
    ICLR 2025.
    """
    return chain(
        scale_by_ademamix(b1, b2, b3, alpha, eps, eps_root, mu_dtype),
        add_decayed_weights(weight_decay, mask),
        scale_by_learning_rate(learning_rate),
    )


def _simplified_start(p: Tensor, h: Hyper) -> Slots:
    return {"m": zeros_for(p), "n": real_zeros_for(p)}


def _simplified(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Tensor:
    m = s["m"].mul_(h["b1"]).add_(g)
    n = average_square_(s["n"], g, h["b2"])
    return added(m, g, h["alpha"]) / root(n / (1 - h["b2"] ** t), h["eps"], h["eps_root"])


SIMPLIFIED_ADEMAMIX = Rule("scale_by_simplified_ademamix", _simplified, _simplified_start)


def scale_by_simplified_ademamix(
    b1: Any = 0.99,
    b2: Any = 0.95,
    alpha: Any = 0.0,
    eps: Any = 1e-8,
    eps_root: Any = 0.0,
) -> Transformation:
    r"""AdEMAMix with one sum of gradients and the gradient itself.

    .. math::
        m ← β_1 m + g, \quad v ← β_2 v + (1 - β_2) g^2, \quad
        u = \frac{m + α g}{\sqrt{v / (1 - β_2^t) + ε_0} + ε}

    Args:
        b1, b2: decay rates β₁, β₂, in [0, 1).
        alpha: α, the share of the gradient; it may be a schedule.
        eps, eps_root: ε outside and ε₀ inside the root, at least 0.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_simplified_ademamix()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 1.0000, -1.0000])

    Reference: Morwani et al., "Connections between schedule-free optimizers, AdEMAMix, and
    accelerated SGD variants", 2025.
    """
    h = {"b1": b1, "b2": b2, "alpha": alpha, "eps": eps, "eps_root": eps_root}
    check_moments("scale_by_simplified_ademamix", h)
    return SIMPLIFIED_ADEMAMIX(**h)


def simplified_ademamix(
    learning_rate: Any,
    b1: Any = 0.99,
    b2: Any = 0.95,
    alpha: Any = 0.0,
    eps: Any = 1e-8,
    eps_root: Any = 0.0,
    weight_decay: Any = 0.0,
    mask: Any = None,
) -> Transformation:
    """Simplified AdEMAMix: its rule, weight decay, then the learning rate.

    Args:
        learning_rate: at least 0; some hundred times smaller than Adam's.
        b1, b2, alpha, eps, eps_root: see :func:`scale_by_simplified_ademamix`.
        weight_decay, mask: see :func:`add_decayed_weights`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.simplified_ademamix(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.1000,  0.1000])

    Reference: Morwani et al., "Connections between schedule-free optimizers, AdEMAMix, and
    accelerated SGD variants", 2025.
    """
    return chain(
        scale_by_simplified_ademamix(b1, b2, alpha, eps, eps_root),
        add_decayed_weights(weight_decay, mask),
        scale_by_learning_rate(learning_rate),
    )
