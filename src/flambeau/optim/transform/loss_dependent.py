"""Steps whose length follows from the loss: Polyak's, and momentum models of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.optim.checks import in_range, require
from flambeau.optim.engine.combinators import chain
from flambeau.optim.engine.leaf import Leaf, Run, number_of
from flambeau.optim.engine.transformation import Transformation, Whole
from flambeau.optim.scalars import is_first, maximum, minimum, where
from flambeau.optim.transform.adam_family import check_betas
from flambeau.optim.transform.descent_optimizers import sgd
from flambeau.optim.transform.distance import dot, scalar, total
from flambeau.optim.transform.moments import added, real_zeros_for, size_squared, zeros_for

Hyper = dict[str, Any]

SMALLEST = float(np.finfo(np.float64).eps)  # a squared norm that counts as zero
VARIANTS = ("sps", "sps+")


def loss_of(name: str, run: Run) -> Any:
    """The loss that ``update`` was given as ``value``.

    Raises:
        ValueError: if it was given none.
    """
    if run.extra.get("value") is None:
        raise ValueError(
            message(
                f"{name}: update needs the loss",
                expected="update(updates, state, params, value=loss)",
                got="no value",
            )
        )
    return number_of(run.extra["value"])


# --- Polyak's step ------------------------------------------------------------------------------


def _polyak(leaves: list[Leaf], h: Hyper, run: Run, key: str) -> None:
    gap = loss_of("scale_by_polyak", run) - h["f_min"]
    gap = maximum(gap, 0.0) if h["variant"] == "sps+" else gap
    square = total([size_squared(leaf.value()).sum() for leaf in leaves]) + h["eps"]
    still = square <= SMALLEST
    rate = minimum(gap / where(still, 1.0, square), h["max_learning_rate"])
    rate = where(still, 0.0, rate)
    for leaf in leaves:
        leaf.scale(rate)


def scale_by_polyak(
    f_min: Any = 0.0, max_learning_rate: Any = 1.0, eps: Any = 0.0, variant: str = "sps"
) -> Transformation:
    r"""The gradient times the step after which a linear model of the loss is at its minimum.

    .. math:: u = \min\left(\frac{f - f^*}{‖g‖^2 + ε}, γ\right) g

    ``update`` must be given the loss :math:`f` as ``value``.

    Args:
        f_min: :math:`f^*`, the loss that can be reached.
        max_learning_rate: γ, at least 0.
        eps: ε, at least 0.
        variant: ``"sps"``, or ``"sps+"`` that never goes up when the loss is below ``f_min``.

    Raises:
        ValueError: for arguments out of range; in ``update``, if it is given no loss.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.scale_by_polyak()
        >>> g = fb.tensor([4.])
        >>> rule.update(g, rule.init(g), value=fb.tensor(2.))[0]
        tensor([0.5000])

    Reference: Loizou et al., "Stochastic Polyak step-size for SGD: an adaptive learning rate for
    fast convergence", AISTATS 2021.
    """
    require(
        variant in VARIANTS,
        "scale_by_polyak: unknown variant",
        " or ".join(map(repr, VARIANTS)),
        repr(variant),
    )
    in_range("scale_by_polyak", "max_learning_rate", max_learning_rate, 0)
    in_range("scale_by_polyak", "eps", eps, 0)
    h = {"f_min": f_min, "max_learning_rate": max_learning_rate, "eps": eps, "variant": variant}
    return Whole("scale_by_polyak", _polyak, h)


def polyak_sgd(
    max_learning_rate: Any = 1.0,
    scaling: Any = 1.0,
    f_min: Any = 0.0,
    eps: Any = 0.0,
    variant: str = "sps",
) -> Transformation:
    """Gradient descent with Polyak's step: :func:`sgd`, then :func:`scale_by_polyak`.

    Args:
        max_learning_rate, f_min, eps, variant: see :func:`scale_by_polyak`.
        scaling: a factor of the step, at least 0, or a schedule.

    Reference: Loizou et al., "Stochastic Polyak step-size for SGD: an adaptive learning rate for
    fast convergence", AISTATS 2021.
    """
    return chain(sgd(scaling), scale_by_polyak(f_min, max_learning_rate, eps, variant))


# --- MoMo ---------------------------------------------------------------------------------------


def _momo_start(leaves: list[Leaf], h: Hyper, key: str) -> Hyper:
    for leaf in leaves:
        leaf.state[key] = {"exp_avg": zeros_for(leaf.param)}
        if "b2" in h:
            leaf.state[key]["exp_avg_sq"] = real_zeros_for(leaf.param)
    return {"barf": scalar(0.0), "gamma": scalar(0.0), "lb": scalar(h["lower_bound"])}


def _momo(leaves: list[Leaf], h: Hyper, run: Run, key: str) -> None:
    """Momentum and loss averaged alike, and the step to where their model reaches the bound."""
    shared, adam = run.shared[key], "b2" in h
    loss, alpha, t = loss_of(h["name"], run), h["learning_rate"], run.step
    # Without Adam's correction for bias, the averages start with the first gradient.
    b = h["b1"] if adam else where(is_first(t), 0.0, h["b1"])
    c1 = 1 - h["b1"] ** t if adam else 1.0
    pulls, sizes, products = [], [], []
    scaled = {}
    for leaf in leaves:
        g, s = leaf.value(), leaf.state[key]
        mean = s["exp_avg"] = added(s["exp_avg"] * b, g, 1 - b)
        step = mean
        if adam:
            square = added(s["exp_avg_sq"] * h["b2"], size_squared(g), 1 - h["b2"])
            s["exp_avg_sq"] = square
            step = mean / ((square / (1 - h["b2"] ** t)).sqrt() + h["eps"])
        scaled[leaf.path] = step
        pulls.append(dot(g, leaf.param))
        sizes.append(dot(mean, step))
        products.append(dot(mean, leaf.param))
    size, product = total(sizes), total(products)
    mean_loss = number_of(shared["barf"]) * b + loss * (1 - b)
    gamma = number_of(shared["gamma"]) * b + total(pulls) * (1 - b)
    grown = 1 + alpha * h["weight_decay"]
    bound = number_of(shared["lb"])
    if h["adapt_lower_bound"]:
        cap = grown * (mean_loss - gamma) + product
        lower = maximum(cap / (2 * c1 * grown), h["lower_bound"])
        bound = where(cap < grown * c1 * bound, lower, bound)
    flat = size <= SMALLEST
    gap = maximum(grown * (mean_loss - c1 * bound - gamma) + product, 0.0)
    tau = minimum(alpha / c1, where(flat, 0.0, gap / where(flat, 1.0, size)))
    for leaf in leaves:
        decay = -(alpha * h["weight_decay"]) / grown
        update = added(scaled[leaf.path] * -tau, leaf.param, decay)
        leaf.set(update.to(leaf.param.dtype))
    if h["adapt_lower_bound"]:
        reached = (mean_loss + product - gamma - tau * size / 2) / c1
        shared["lb"] = scalar(maximum(reached, h["lower_bound"]))
    shared["barf"], shared["gamma"] = scalar(mean_loss), scalar(gamma)


def momo(
    learning_rate: Any = 1.0,
    beta: Any = 0.9,
    lower_bound: Any = 0.0,
    weight_decay: Any = 0.0,
    adapt_lower_bound: bool = False,
) -> Transformation:
    r"""Momentum with the step after which a model of the average loss reaches a lower bound.

    .. math::
        m ← β m + (1 - β) g, \quad \bar f ← β \bar f + (1 - β) f, \quad
        c ← β c + (1 - β) ⟨g, θ⟩

    .. math::
        τ = \min\left(γ, \frac{(1 + γλ)(\bar f - f^* - c) + ⟨m, θ⟩}{‖m‖^2}\right)_+, \quad
        u = -τ m - \frac{γλ}{1 + γλ} θ

    ``update`` must be given the loss :math:`f` as ``value``.

    Args:
        learning_rate: γ, the longest step, at least 0, or a schedule.
        beta: β, in [0, 1).
        lower_bound: :math:`f^*`.
        weight_decay: λ, at least 0.
        adapt_lower_bound: estimate :math:`f^*` from below.

    Raises:
        ValueError: for arguments out of range; in ``update``, if it is given no parameters or no
            loss.

    Reference: Schaipp et al., "MoMo: momentum models for adaptive learning rates", ICML 2024,
    algorithms 1 and 4.
    """
    check_betas("momo", beta=beta)
    in_range("momo", "weight_decay", weight_decay, 0)
    h = {
        "name": "momo", "learning_rate": learning_rate, "b1": beta, "lower_bound": lower_bound,
        "weight_decay": weight_decay, "adapt_lower_bound": adapt_lower_bound,
    }  # fmt: skip
    return Whole("momo", _momo, h, _momo_start, needs_params=True)


def momo_adam(
    learning_rate: Any = 1e-2,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-8,
    lower_bound: Any = 0.0,
    weight_decay: Any = 0.0,
    adapt_lower_bound: bool = False,
) -> Transformation:
    r"""Adam's direction with the step after which a model of the loss reaches a lower bound.

    .. math::
        τ = \min\left(\frac{γ}{c_1}, \frac{(1 + γλ)(\bar f - c_1 f^* - c) + ⟨m, θ⟩}
        {⟨m, m / D⟩}\right)_+, \quad D = \sqrt{v / (1 - β_2^t)} + ε, \quad c_1 = 1 - β_1^t, \quad
        u = -τ \frac mD - \frac{γλ}{1 + γλ} θ

    with :math:`m`, :math:`\bar f` and :math:`c` as in :func:`momo`. ``update`` must be given the
    loss as ``value``.

    Args:
        learning_rate: γ, the longest step, at least 0, or a schedule.
        b1, b2: decay rates β₁, β₂, in [0, 1).
        eps: ε, at least 0.
        lower_bound: :math:`f^*`.
        weight_decay: λ, at least 0.
        adapt_lower_bound: estimate :math:`f^*` from below.

    Raises:
        ValueError: for arguments out of range; in ``update``, if it is given no parameters or no
            loss.

    Reference: Schaipp et al., "MoMo: momentum models for adaptive learning rates", ICML 2024,
    algorithm 2.
    """
    check_betas("momo_adam", b1=b1, b2=b2)
    in_range("momo_adam", "eps", eps, 0)
    in_range("momo_adam", "weight_decay", weight_decay, 0)
    h = {
        "name": "momo_adam", "learning_rate": learning_rate, "b1": b1, "b2": b2, "eps": eps,
        "lower_bound": lower_bound, "weight_decay": weight_decay,
        "adapt_lower_bound": adapt_lower_bound,
    }  # fmt: skip
    return Whole("momo_adam", _momo, h, _momo_start, needs_params=True)
