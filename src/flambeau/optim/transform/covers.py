"""Rules that are one record each: sums over covers, dual averages, norms, gathered updates."""

from __future__ import annotations

import functools
from typing import Any

from flambeau.ops.likes import full_like
from flambeau.ops.pairwise_extremes import minimum
from flambeau.optim.checks import in_range
from flambeau.optim.engine.combinators import chain
from flambeau.optim.engine.leaf import Leaf, Run
from flambeau.optim.engine.transformation import Rule, Transformation, Whole
from flambeau.optim.scalars import at_each_call, sqrt, where
from flambeau.optim.schedule.definition import value_at
from flambeau.optim.transform.clipping import global_norm
from flambeau.optim.transform.moments import added, average_, size_squared, zeros_for
from flambeau.optim.transform.scaling import (
    add_decayed_weights,
    decayed,
    scale_by_learning_rate,
    scale_by_trust_ratio,
)
from flambeau.tensor.tensor import Tensor

Slots = dict[str, Any]
Hyper = dict[str, Any]


# --- SM3 ----------------------------------------------------------------------------------------


def _sm3_start(p: Tensor, h: Hyper) -> Slots:
    covers = {}
    for dim in range(max(p.ndim, 1)):
        shape = [1] * p.ndim
        if p.ndim:
            shape[dim] = p.shape[dim]
        covers[f"mu_{dim}"] = p.detach().new_zeros(shape)
    return covers | {"nu": zeros_for(p)}


def _sm3(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Tensor:
    covers = [s[f"mu_{dim}"] for dim in range(max(g.ndim, 1))]
    b2 = h["b2"]
    fresh = 1.0 if not isinstance(b2, Tensor) and b2 == 1 else 1 - b2
    size = size_squared(g) * fresh + functools.reduce(minimum, covers) * b2
    for dim in range(max(g.ndim, 1)):
        others = [d for d in range(g.ndim) if d != dim]
        s[f"mu_{dim}"] = size.amax(others, keepdim=True) if others else size
    scaled = where(size > 0, g / where(size > 0, size + h["eps"], 1.0).sqrt(), 0.0).to(g.dtype)
    return average_(s["nu"], scaled, h["b1"])


SM3 = Rule("scale_by_sm3", _sm3, _sm3_start)


def scale_by_sm3(b1: Any = 0.9, b2: Any = 1.0, eps: Any = 1e-8) -> Transformation:
    r"""The gradient over a bound of its sum of squares, from sums over rows, columns and so on.

    .. math::
        ν_{ij} = \min(ρ_i, κ_j) + g_{ij}^2, \quad ρ_i = \max_j ν_{ij}, \quad κ_j = \max_i ν_{ij},
        \quad m ← β_1 m + (1 - β_1) \frac{g}{\sqrt{ν + ε}}, \quad u = m

    Args:
        b1: β₁, the decay rate of the momentum, in [0, 1).
        b2: the decay rate of the sums, in (0, 1]; below 1 they are averages.
        eps: ε, at least 0.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_sm3()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 0.1000, -0.1000])

    Reference: Anil et al., "Memory efficient adaptive optimization", NeurIPS 2019, algorithm
    SM3-II.
    """
    in_range("scale_by_sm3", "b1", b1, 0, 1)
    in_range("scale_by_sm3", "eps", eps, 0)
    return SM3(b1=b1, b2=b2, eps=eps)


def sm3(learning_rate: Any, momentum: Any = 0.9) -> Transformation:
    """SM3: :func:`scale_by_sm3`, then the learning rate.

    Args:
        learning_rate: at least 0.
        momentum: β₁ of :func:`scale_by_sm3`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.sm3(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.0100,  0.0100])

    Reference: Anil et al., "Memory efficient adaptive optimization", NeurIPS 2019.
    """
    return chain(scale_by_sm3(momentum), scale_by_learning_rate(learning_rate))


# --- MADGRAD ------------------------------------------------------------------------------------


def _madgrad_start(p: Tensor, h: Hyper) -> Slots:
    return {"grad_sum_sq": zeros_for(p), "s": zeros_for(p), "x0": p.detach().clone()}


def _madgrad(g: Tensor, s: Slots, p: Tensor, h: Hyper, t: Any) -> Tensor:
    weight = (h["learning_rate"] + h["eps"]) * sqrt(t)
    squares = s["grad_sum_sq"] = added(s["grad_sum_sq"], size_squared(g), weight)
    total = s["s"] = added(s["s"], g, weight)
    z = s["x0"] - total / (squares ** (1 / 3) + h["eps"])
    return (z - p) * (1 - h["momentum"])


MADGRAD = Rule("scale_by_madgrad", _madgrad, _madgrad_start, needs_params=True)


def scale_by_madgrad(learning_rate: Any, momentum: Any = 0.9, eps: Any = 1e-6) -> Transformation:
    r"""Towards a point that all gradients so far lead to from the first parameters.

    .. math::
        λ = (γ + ε) \sqrt t, \quad v ← v + λ g^2, \quad s ← s + λ g, \quad
        z = θ_0 - \frac{s}{\sqrt[3]{v} + ε}, \quad u = (1 - μ)(z - θ)

    Args:
        learning_rate: γ, at least 0, or a schedule.
        momentum: μ, in [0, 1).
        eps: ε, above 0.

    Raises:
        ValueError: for arguments out of range; in ``update``, if it is given no parameters.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_madgrad(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.0171,  0.0100])

    Reference: Defazio and Jelassi, "Adaptivity without compromise: a momentumized, adaptive, dual
    averaged gradient method for stochastic optimization", JMLR 2022, algorithm 1.
    """
    in_range("scale_by_madgrad", "learning_rate", learning_rate, 0)
    in_range("scale_by_madgrad", "momentum", momentum, 0, 1)
    in_range("scale_by_madgrad", "eps", eps, 0, open_low=True)
    return MADGRAD(learning_rate=learning_rate, momentum=momentum, eps=eps)


def madgrad(
    learning_rate: Any, momentum: Any = 0.9, weight_decay: Any = 0.0, eps: Any = 1e-6
) -> Transformation:
    """MADGRAD: weight decay, then :func:`scale_by_madgrad`.

    Args:
        learning_rate, momentum, eps: see :func:`scale_by_madgrad`.
        weight_decay: see :func:`add_decayed_weights`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.madgrad(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.0171,  0.0100])

    Reference: Defazio and Jelassi, "Adaptivity without compromise: a momentumized, adaptive, dual
    averaged gradient method for stochastic optimization", JMLR 2022.
    """
    return chain(add_decayed_weights(weight_decay), scale_by_madgrad(learning_rate, momentum, eps))


# --- norms --------------------------------------------------------------------------------------


def fromage(learning_rate: Any, min_norm: Any = 1e-6) -> Transformation:
    r"""Steps relative to the size of each parameter, which stay on its sphere on average.

    .. math:: θ ← \frac{1}{\sqrt{1 + γ^2}} \left(θ - γ \frac{‖θ‖}{‖g‖} g\right)

    Args:
        learning_rate: γ, at least 0, or a schedule.
        min_norm: norms count as at least this.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.fromage(0.75)
        >>> params = fb.tensor([4.])
        >>> params + rule.update(fb.tensor([2.]), rule.init(params), params)[0]
        tensor([0.8000])

    Reference: Bernstein et al., "On the distance between two neural networks and the stability of
    learning", NeurIPS 2020, algorithm 1.
    """

    def shrink(count: Any) -> Any:
        rate = value_at(learning_rate, count)
        return 1 / sqrt(1 + rate * rate)

    return chain(
        scale_by_trust_ratio(min_norm),
        scale_by_learning_rate(lambda count: shrink(count) * value_at(learning_rate, count)),
        decayed(lambda count: shrink(count) - 1),
    )


def _normalize(leaves: list[Leaf], h: Hyper, run: Run, path: str) -> None:
    norm = global_norm([leaf.value() for leaf in leaves])
    for leaf in leaves:
        leaf.scale(1 / norm)


def normalize() -> Transformation:
    r"""Updates whose norm, of all parameters together, is 1.

    .. math:: u = g / ‖g‖

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.normalize()
        >>> rule.update(fb.tensor([3., 4.]), rule.init(fb.zeros(2)))[0]
        tensor([0.6000, 0.8000])
    """
    return Whole("normalize", _normalize, {})


def _normalize_update(leaves: list[Leaf], h: Hyper, run: Run, path: str) -> None:
    norm = global_norm([leaf.value() for leaf in leaves]) + h["eps"]
    for leaf in leaves:
        leaf.scale(h["scale_factor"] / norm)


def normalize_by_update_norm(scale_factor: Any = 1.0, eps: Any = 1e-6) -> Transformation:
    r"""Updates whose norm, of all parameters together, is a given number.

    .. math:: u = s\, g / (‖g‖ + ε)

    Args:
        scale_factor: :math:`s`.
        eps: ε, at least 0.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.normalize_by_update_norm()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 0.9806, -0.1961])
    """
    in_range("normalize_by_update_norm", "eps", eps, 0)
    h = {"scale_factor": scale_factor, "eps": eps}
    return Whole("normalize_by_update_norm", _normalize_update, h)


# --- gathered updates ---------------------------------------------------------------------------


@at_each_call
def _is_multiple(count: Any, k: Any) -> Any:
    found = count % k == 0
    return found if isinstance(found, Tensor) else bool(found)


def _every(g: Tensor, s: Slots, p: Any, h: Hyper, t: Any) -> Tensor:
    begins, ends = _is_multiple(t - 1, h["k"]), _is_multiple(t, h["k"])
    total = s["grad_acc"] = where(begins, g, s["grad_acc"] + g).to(g.dtype)
    return where(ends, total, full_like(g, 0)).to(g.dtype)


APPLY_EVERY = Rule("apply_every", _every, lambda p, h: {"grad_acc": zeros_for(p)})


def apply_every(k: int = 1) -> Transformation:
    r"""The sum of the last updates every few steps, and zeros between.

    .. math:: u_t = \sum_{i=t-k+1}^t g_i \text{ where } k \text{ divides } t, \text{ else } 0

    Args:
        k: how often, at least 1.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.apply_every(2)
        >>> first, state = rule.update(fb.tensor([1.]), rule.init(fb.zeros(1)))
        >>> second, state = rule.update(fb.tensor([3.]), state)
        >>> first, second
        (tensor([0.]), tensor([4.]))

    Differs from optax: a sum with nan is gone when the next one begins. To gather *gradients*
    before a rule sees them, use :class:`MultiSteps`.
    """
    in_range("apply_every", "k", k, 1)
    return APPLY_EVERY(k=k)
