"""Whole optimizers: chains with the names and defaults of optax.

The formulas stand with the rules that the chains are made of. A learning rate may be a number, a
0-d tensor or a schedule.
"""

from __future__ import annotations

from typing import Any

from flambeau.core import dtypes
from flambeau.optim.engine.combinators import chain, masked
from flambeau.optim.engine.transformation import Transformation
from flambeau.optim.transform.accumulation import ema, trace
from flambeau.optim.transform.adam_family import (
    scale_by_adam,
    scale_by_adamax,
    scale_by_amsgrad,
    scale_by_belief,
    scale_by_lion,
    scale_by_radam,
    scale_by_yogi,
)
from flambeau.optim.transform.clipping import clip_by_block_rms
from flambeau.optim.transform.root_mean_square import (
    scale_by_adadelta,
    scale_by_factored_rms,
    scale_by_rms,
    scale_by_rss,
    scale_by_stddev,
)
from flambeau.optim.transform.scaling import (
    add_decayed_weights,
    identity,
    scale,
    scale_by_learning_rate,
    scale_by_param_block_rms,
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

    Reference: Liu et al., "On the variance of the adaptive learning rate and beyond", ICLR 2020.
    """
    return chain(
        scale_by_radam(b1, b2, eps, eps_root, threshold, nesterov=nesterov),
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


def rmsprop(
    learning_rate: Any,
    decay: Any = 0.9,
    eps: Any = 1e-8,
    initial_scale: Any = 0.0,
    eps_in_sqrt: bool = True,
    centered: bool = False,
    momentum: Any = None,
    nesterov: bool = False,
    bias_correction: bool = False,
) -> Transformation:
    """RMSprop: :func:`scale_by_rms` (or ``stddev``), the learning rate, then momentum.

    Args:
        learning_rate: at least 0.
        decay, eps, initial_scale, eps_in_sqrt, bias_correction: see :func:`scale_by_rms`.
        centered: divide by the standard deviation.
        momentum, nesterov: see :func:`trace`; ``None`` for none.

    Reference: Hinton, "Neural networks for machine learning", lecture 6, 2012.
    Differs from PyTorch: the momentum follows the learning rate, β is 0.9, and ε is in the root.
    """
    rule = scale_by_stddev if centered else scale_by_rms
    return chain(
        rule(decay, eps, initial_scale, eps_in_sqrt, bias_correction),
        scale_by_learning_rate(learning_rate),
        identity() if momentum is None else trace(momentum, nesterov),
    )


def adagrad(
    learning_rate: Any, initial_accumulator_value: Any = 0.1, eps: Any = 1e-7
) -> Transformation:
    """Adagrad: :func:`scale_by_rss`, then the learning rate.

    Args:
        learning_rate: at least 0.
        initial_accumulator_value, eps: see :func:`scale_by_rss`.

    Reference: Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and
    stochastic optimization", JMLR 2011.
    """
    return chain(
        scale_by_rss(initial_accumulator_value, eps), scale_by_learning_rate(learning_rate)
    )


def adadelta(
    learning_rate: Any = None,
    rho: Any = 0.9,
    eps: Any = 1e-6,
    weight_decay: Any = 0.0,
    weight_decay_mask: Any = None,
) -> Transformation:
    """Adadelta: weight decay, :func:`scale_by_adadelta`, then the learning rate.

    Args:
        learning_rate: at least 0; ``None`` leaves the updates as they are, sign included.
        rho, eps: see :func:`scale_by_adadelta`.
        weight_decay, weight_decay_mask: see :func:`add_decayed_weights`.

    Reference: Zeiler, "ADADELTA: an adaptive learning rate method", 2012.
    """
    return chain(
        add_decayed_weights(weight_decay, weight_decay_mask),
        scale_by_adadelta(rho, eps),
        scale_by_learning_rate(learning_rate),
    )


def adafactor(
    learning_rate: Any = None,
    min_dim_size_to_factor: int = 128,
    decay_rate: Any = 0.8,
    decay_offset: Any = 0,
    multiply_by_parameter_scale: bool = True,
    clipping_threshold: Any = 1.0,
    momentum: Any = None,
    dtype_momentum: Any = dtypes.float32,
    weight_decay_rate: Any = None,
    eps: Any = 1e-30,
    factored: bool = True,
    weight_decay_mask: Any = None,
) -> Transformation:
    """Adafactor: :func:`scale_by_factored_rms`, clipping, rates, momentum, weight decay.

    Args:
        learning_rate: at least 0; ``None`` for 1.
        min_dim_size_to_factor, decay_rate, factored, eps: see :func:`scale_by_factored_rms`.
        decay_offset: updates to be left out of the decay rate's count.
        multiply_by_parameter_scale: see :func:`scale_by_param_block_rms`.
        clipping_threshold: see :func:`clip_by_block_rms`; ``None`` for none.
        momentum: the decay rate of an average of updates; ``None`` for none.
        dtype_momentum: the type in which it is kept.
        weight_decay_rate, weight_decay_mask: see :func:`add_decayed_weights`; not multiplied by
            the learning rate.

    Reference: Shazeer and Stern, "Adafactor: adaptive learning rates with sublinear memory cost",
    ICML 2018, algorithm 5.
    Differs from PyTorch: there the step is at most :math:`1/\\sqrt t`, and weight decay is
    multiplied by the learning rate.
    """
    parts = [scale_by_factored_rms(factored, decay_rate, decay_offset, min_dim_size_to_factor, eps)]
    if clipping_threshold is not None:
        parts.append(clip_by_block_rms(clipping_threshold))
    if learning_rate is not None:
        parts.append(scale_by_learning_rate(learning_rate, flip_sign=False))
    if multiply_by_parameter_scale:
        parts.append(scale_by_param_block_rms())
    if momentum is not None:
        parts.append(ema(momentum, debias=False, accumulator_dtype=dtype_momentum))
    if weight_decay_rate is not None:
        parts.append(add_decayed_weights(weight_decay_rate, weight_decay_mask))
    return chain(*parts, scale(-1))


def sign_sgd(learning_rate: Any) -> Transformation:
    """Steps of one size: :func:`scale_by_sign`, then the learning rate.

    Args:
        learning_rate: at least 0.

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

    Reference: Bernstein et al., "signSGD: compressed optimisation for non-convex problems", ICML
    2018, algorithm 2.
    """
    return chain(
        ema(beta, debias=False, accumulator_dtype=accumulator_dtype),
        scale_by_sign(),
        scale_by_learning_rate(learning_rate),
    )
