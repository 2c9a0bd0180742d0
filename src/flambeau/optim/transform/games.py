"""Optimistic steps, for games and saddle points."""

from __future__ import annotations

from typing import Any

from flambeau.optim.checks import is_known, require
from flambeau.optim.engine.combinators import chain
from flambeau.optim.engine.transformation import Rule, Transformation
from flambeau.optim.scalars import is_first, where
from flambeau.optim.transform.adam_family import scale_by_adam
from flambeau.optim.transform.moments import zeros_for
from flambeau.optim.transform.scaling import scale_by_learning_rate
from flambeau.tensor.tensor import Tensor


def _optimistic(g: Tensor, s: dict[str, Any], p: Any, h: dict[str, Any], t: Any) -> Tensor:
    before = where(is_first(t), g, s["previous_gradient"]).to(g.dtype)
    s["previous_gradient"] = g.clone()
    return g * (h["alpha"] + h["beta"]) - before * h["beta"]


OPTIMISTIC = Rule(
    "scale_by_optimistic_gradient",
    _optimistic,
    lambda p, h: {"previous_gradient": zeros_for(p)},
)


def scale_by_optimistic_gradient(alpha: Any = 1.0, beta: Any = 1.0) -> Transformation:
    r"""The gradient, and how it changed.

    .. math:: u = (α + β) g_t - β g_{t-1}, \quad g_0 = g_1

    Args:
        alpha, beta: α and β.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.scale_by_optimistic_gradient()
        >>> _, state = rule.update(fb.ones(1), rule.init(fb.ones(1)))
        >>> rule.update(fb.tensor([3.]), state)[0]
        tensor([5.])

    Reference: Mokhtari, Ozdaglar and Pattathil, "A unified analysis of extra-gradient and
    optimistic gradient methods for saddle point problems", AISTATS 2020.
    """
    return OPTIMISTIC(alpha=alpha, beta=beta)


def optimistic_gradient_descent(
    learning_rate: Any, alpha: Any = 1.0, beta: Any = 1.0
) -> Transformation:
    """Optimistic descent: :func:`scale_by_optimistic_gradient`, then the learning rate.

    Args:
        learning_rate: at least 0.
        alpha, beta: see :func:`scale_by_optimistic_gradient`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.optimistic_gradient_descent(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.0500,  0.0100])

    Reference: Mokhtari, Ozdaglar and Pattathil, "A unified analysis of extra-gradient and
    optimistic gradient methods for saddle point problems", AISTATS 2020.
    """
    return chain(scale_by_optimistic_gradient(alpha, beta), scale_by_learning_rate(learning_rate))


def optimistic_adam(
    learning_rate: Any,
    optimism: Any = None,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-8,
    eps_root: Any = 0.0,
    mu_dtype: Any = None,
    *,
    nesterov: bool = True,
) -> Transformation:
    """Optimistic Adam, with the strength of optimism in units of the parameter.

    Args:
        learning_rate: at least 0; no schedule.
        optimism: the factor of the direction's change; ``None`` for the learning rate.
        b1, b2, eps, eps_root, mu_dtype, nesterov: see :func:`scale_by_adam`.

    Raises:
        ValueError: for a schedule: :func:`optimistic_adam_v2` takes one.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.optimistic_adam(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.1474,  0.1474])

    Reference: Daskalakis et al., "Training GANs with optimism", ICLR 2018, algorithm 1.
    """
    require(
        is_known(learning_rate) or isinstance(learning_rate, Tensor),
        "optimistic_adam: the learning rate is a schedule",
        "a number",
        repr(learning_rate),
        "optimistic_adam_v2 takes schedules",
    )
    return chain(
        scale_by_adam(b1, b2, eps, eps_root, mu_dtype, nesterov=nesterov),
        scale_by_optimistic_gradient(
            learning_rate, learning_rate if optimism is None else optimism
        ),
        scale_by_learning_rate(1.0),
    )


def optimistic_adam_v2(
    learning_rate: Any,
    *,
    alpha: Any = 1.0,
    beta: Any = 1.0,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-8,
    eps_root: Any = 0.0,
    mu_dtype: Any = None,
    nesterov: bool = True,
) -> Transformation:
    """Optimistic Adam: Adam's direction, :func:`scale_by_optimistic_gradient`, the learning rate.

    Args:
        learning_rate: at least 0.
        alpha, beta: see :func:`scale_by_optimistic_gradient`.
        b1, b2, eps, eps_root, mu_dtype, nesterov: see :func:`scale_by_adam`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.optimistic_adam_v2(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.1474,  0.1474])

    Reference: Daskalakis et al., "Training GANs with optimism", ICLR 2018, algorithm 1.
    """
    return chain(
        scale_by_adam(b1, b2, eps, eps_root, mu_dtype, nesterov=nesterov),
        scale_by_optimistic_gradient(alpha, beta),
        scale_by_learning_rate(learning_rate),
    )
