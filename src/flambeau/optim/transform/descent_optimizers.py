"""Whole optimizers that follow the gradient, its sign, or it at the size of the parameters.

The formulas stand with the rules that the chains are made of. A learning rate may be a number, a
0-d tensor or a schedule.
"""

from __future__ import annotations

from typing import Any

from flambeau.optim.engine.combinators import chain, masked
from flambeau.optim.engine.transformation import Transformation
from flambeau.optim.transform.accumulation import ema, trace
from flambeau.optim.transform.adam_family import scale_by_adam, scale_by_lion
from flambeau.optim.transform.scaling import (
    add_decayed_weights,
    identity,
    scale_by_learning_rate,
    scale_by_sign,
    scale_by_trust_ratio,
)


def sgd(
    learning_rate: Any, momentum: Any = None, nesterov: bool = False, accumulator_dtype: Any = None
) -> Transformation:
    r"""Stochastic gradient descent, with momentum on request.

    .. math:: u = -γ g, \text{ or } -γ b \text{ with } b ← μ b + g

    Args:
        learning_rate: γ, at least 0.
        momentum: μ, at least 0; ``None`` for none.
        nesterov: look one step ahead.
        accumulator_dtype: the type in which the momentum is kept.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.sgd(0.1)
        >>> rule.update(fb.ones(1), rule.init(fb.ones(1)))[0]
        tensor([-0.1000])

    Reference: Sutskever et al., "On the importance of initialization and momentum in deep
    learning", ICML 2013.
    """
    first = identity() if momentum is None else trace(momentum, nesterov, accumulator_dtype)
    return chain(first, scale_by_learning_rate(learning_rate))


def sign_sgd(learning_rate: Any) -> Transformation:
    """Steps of one size: :func:`scale_by_sign`, then the learning rate.

    Args:
        learning_rate: at least 0.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.sign_sgd(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.1000,  0.1000])

    Reference: Bernstein et al., "signSGD: compressed optimisation for non-convex problems", ICML
    2018.
    """
    return chain(scale_by_sign(), scale_by_learning_rate(learning_rate))


def signum(learning_rate: Any, beta: Any = 0.9, accumulator_dtype: Any = None) -> Transformation:
    """Steps of one size along the average gradient.

    Args:
        learning_rate: at least 0.
        beta: the decay rate of the average, in [0, 1).
        accumulator_dtype: the type in which it is kept.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.signum(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.1000,  0.1000])

    Reference: Bernstein et al., "signSGD: compressed optimisation for non-convex problems", ICML
    2018, algorithm 2.
    """
    return chain(
        ema(beta, debias=False, accumulator_dtype=accumulator_dtype),
        scale_by_sign(),
        scale_by_learning_rate(learning_rate),
    )


def lion(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.99,
    mu_dtype: Any = None,
    weight_decay: Any = 1e-3,
    mask: Any = None,
) -> Transformation:
    """Lion: :func:`scale_by_lion`, weight decay, then the learning rate.

    Args:
        learning_rate: at least 0; some three to ten times smaller than Adam's.
        b1, b2, mu_dtype: see :func:`scale_by_lion`.
        weight_decay, mask: see :func:`add_decayed_weights`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.lion(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.1001,  0.0998])

    Reference: Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023.
    """
    return chain(
        scale_by_lion(b1, b2, mu_dtype),
        add_decayed_weights(weight_decay, mask),
        scale_by_learning_rate(learning_rate),
    )


def lamb(
    learning_rate: Any,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: Any = 1e-6,
    eps_root: Any = 0.0,
    weight_decay: Any = 0.0,
    mask: Any = None,
) -> Transformation:
    """LAMB: Adam's direction, weight decay, trust ratio, then the learning rate.

    Args:
        learning_rate: at least 0.
        b1, b2, eps, eps_root: see :func:`scale_by_adam`.
        weight_decay, mask: see :func:`add_decayed_weights`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.lamb(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.1581,  0.1581])

    Reference: You et al., "Large batch optimization for deep learning: training BERT in 76
    minutes", ICLR 2020, algorithm 2.
    """
    return chain(
        scale_by_adam(b1, b2, eps, eps_root),
        add_decayed_weights(weight_decay, mask),
        scale_by_trust_ratio(),
        scale_by_learning_rate(learning_rate),
    )


def lars(
    learning_rate: Any,
    weight_decay: Any = 0.0,
    weight_decay_mask: Any = True,
    trust_coefficient: Any = 0.001,
    eps: Any = 0.0,
    trust_ratio_mask: Any = True,
    momentum: Any = 0.9,
    nesterov: bool = False,
) -> Transformation:
    """LARS: weight decay, trust ratio, the learning rate, then momentum.

    Args:
        learning_rate: at least 0.
        weight_decay, weight_decay_mask: see :func:`add_decayed_weights`.
        trust_coefficient, eps: see :func:`scale_by_trust_ratio`.
        trust_ratio_mask: which parameters are scaled by their trust ratio.
        momentum, nesterov: see :func:`trace`.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.lars(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-2.1926e-04,  4.3853e-05])

    Reference: You, Gitman and Ginsburg, "Large batch training of convolutional networks", 2017.
    """
    return chain(
        add_decayed_weights(weight_decay, weight_decay_mask),
        masked(
            scale_by_trust_ratio(trust_coefficient=trust_coefficient, eps=eps), trust_ratio_mask
        ),
        scale_by_learning_rate(learning_rate),
        trace(momentum, nesterov),
    )
