"""Whole optimizers of Adam's family: chains with the names and defaults of optax.

The formulas stand with the rules that the chains are made of. A learning rate may be a number, a
0-d tensor or a schedule.
"""

from __future__ import annotations

from typing import Any

from flambeau.optim.engine.combinators import chain
from flambeau.optim.engine.transformation import Transformation
from flambeau.optim.transform.adam_family import (
    scale_by_adam,
    scale_by_adamax,
    scale_by_amsgrad,
    scale_by_belief,
    scale_by_radam,
    scale_by_yogi,
)
from flambeau.optim.transform.scaling import add_decayed_weights, scale_by_learning_rate


def adam(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-8,
    eps_root: Any = 0.0,
    mu_dtype: Any = None,
    *,
    nesterov: bool = False,
) -> Transformation:
    """Adam: :func:`scale_by_adam`, then the learning rate.

    Args:
        learning_rate: at least 0.
        b1, b2, eps, eps_root, mu_dtype, nesterov: see :func:`scale_by_adam`.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.adam(0.1)
        >>> rule.update(fb.tensor([5.]), rule.init(fb.ones(1)))[0]
        tensor([-0.1000])

    Reference: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.
    """
    return chain(
        scale_by_adam(b1, b2, eps, eps_root, mu_dtype, nesterov=nesterov),
        scale_by_learning_rate(learning_rate),
    )


def adamw(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-8,
    eps_root: Any = 0.0,
    mu_dtype: Any = None,
    weight_decay: Any = 1e-4,
    mask: Any = None,
    *,
    nesterov: bool = False,
) -> Transformation:
    """Adam with decoupled weight decay: Adam's direction, decay, then the learning rate.

    Args:
        learning_rate: at least 0.
        b1, b2, eps, eps_root, mu_dtype, nesterov: see :func:`scale_by_adam`.
        weight_decay, mask: see :func:`add_decayed_weights`.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.adamw(0.1, weight_decay=0.5)
        >>> params = fb.ones(1)
        >>> rule.update(fb.zeros(1), rule.init(params), params)[0]
        tensor([-0.0500])

    Reference: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
    Differs from PyTorch: ``AdamW`` decays a hundred times faster by default.
    """
    return chain(
        scale_by_adam(b1, b2, eps, eps_root, mu_dtype, nesterov=nesterov),
        add_decayed_weights(weight_decay, mask),
        scale_by_learning_rate(learning_rate),
    )


def nadam(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-8,
    eps_root: Any = 0.0,
    mu_dtype: Any = None,
    *,
    nesterov: bool = True,
) -> Transformation:
    """Adam with Nesterov's momentum.

    Args:
        learning_rate: at least 0.
        b1, b2, eps, eps_root, mu_dtype, nesterov: see :func:`scale_by_adam`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.nadam(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.1474,  0.1474])

    Reference: Dozat, "Incorporating Nesterov momentum into Adam", 2016.
    Differs from PyTorch: there β₁ grows with the step.
    """
    return adam(learning_rate, b1, b2, eps, eps_root, mu_dtype, nesterov=nesterov)


def nadamw(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-8,
    eps_root: Any = 0.0,
    mu_dtype: Any = None,
    weight_decay: Any = 1e-4,
    mask: Any = None,
    *,
    nesterov: bool = True,
) -> Transformation:
    """Adam with Nesterov's momentum and decoupled weight decay.

    Args:
        learning_rate: at least 0.
        b1, b2, eps, eps_root, mu_dtype, nesterov: see :func:`scale_by_adam`.
        weight_decay, mask: see :func:`add_decayed_weights`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.nadamw(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.1474,  0.1473])

    Reference: Dozat, "Incorporating Nesterov momentum into Adam", 2016.
    """
    return adamw(
        learning_rate, b1, b2, eps, eps_root, mu_dtype, weight_decay, mask, nesterov=nesterov
    )


def amsgrad(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-8,
    eps_root: Any = 0.0,
    mu_dtype: Any = None,
    bias_correction_mu: bool = True,
    bias_correction_nu: bool = True,
) -> Transformation:
    """Adam with the largest second moment so far: :func:`scale_by_amsgrad`.

    Args:
        learning_rate: at least 0.
        b1, b2, eps, eps_root, mu_dtype, bias_correction_mu, bias_correction_nu: see
            :func:`scale_by_amsgrad`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.amsgrad(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.1000,  0.1000])

    Reference: Reddi, Kale and Kumar, "On the convergence of Adam and beyond", ICLR 2018.
    """
    return chain(
        scale_by_amsgrad(b1, b2, eps, eps_root, mu_dtype, bias_correction_mu, bias_correction_nu),
        scale_by_learning_rate(learning_rate),
    )


def adamax(learning_rate: Any, b1: Any = 0.9, b2: Any = 0.999, eps: Any = 1e-8) -> Transformation:
    """Adam with the largest gradient as the scale: :func:`scale_by_adamax`.

    Args:
        learning_rate: at least 0.
        b1, b2, eps: see :func:`scale_by_adamax`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.adamax(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.1000,  0.1000])

    Reference: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 2.
    """
    return chain(scale_by_adamax(b1, b2, eps), scale_by_learning_rate(learning_rate))


def adamaxw(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-8,
    weight_decay: Any = 1e-4,
    mask: Any = None,
) -> Transformation:
    """Adamax with decoupled weight decay.

    Args:
        learning_rate: at least 0.
        b1, b2, eps: see :func:`scale_by_adamax`.
        weight_decay, mask: see :func:`add_decayed_weights`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.adamaxw(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.1000,  0.1000])

    Reference: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
    """
    return chain(
        scale_by_adamax(b1, b2, eps),
        add_decayed_weights(weight_decay, mask),
        scale_by_learning_rate(learning_rate),
    )


def adabelief(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-16,
    eps_root: Any = 1e-16,
    *,
    nesterov: bool = False,
) -> Transformation:
    """AdaBelief: :func:`scale_by_belief`, then the learning rate.

    Args:
        learning_rate: at least 0.
        b1, b2, eps, eps_root, nesterov: see :func:`scale_by_belief`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.adabelief(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.1111,  0.1111])

    Reference: Zhuang et al., "AdaBelief optimizer: adapting stepsizes by the belief in observed
    gradients", NeurIPS 2020.
    """
    return chain(
        scale_by_belief(b1, b2, eps, eps_root, nesterov=nesterov),
        scale_by_learning_rate(learning_rate),
    )


def yogi(learning_rate: Any, b1: Any = 0.9, b2: Any = 0.999, eps: Any = 1e-3) -> Transformation:
    """Yogi: :func:`scale_by_yogi`, then the learning rate.

    Args:
        learning_rate: at least 0.
        b1, b2, eps: see :func:`scale_by_yogi`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.yogi(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.0996,  0.0944])

    Reference: Zaheer et al., "Adaptive methods for nonconvex optimization", NeurIPS 2018.
    """
    return chain(scale_by_yogi(b1, b2, eps), scale_by_learning_rate(learning_rate))


def radam(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-8,
    eps_root: Any = 0.0,
    threshold: Any = 5.0,
    *,
    nesterov: bool = False,
) -> Transformation:
    """Rectified Adam: :func:`scale_by_radam`, then the learning rate.

    Args:
        learning_rate: at least 0.
        b1, b2, eps, eps_root, threshold, nesterov: see :func:`scale_by_radam`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.radam(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.0500,  0.0100])

    Reference: Liu et al., "On the variance of the adaptive learning rate and beyond", ICLR 2020.
    """
    return chain(
        scale_by_radam(b1, b2, eps, eps_root, threshold, nesterov=nesterov),
        scale_by_learning_rate(learning_rate),
    )
