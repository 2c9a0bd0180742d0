"""Whole optimizers that divide by what squares of gradients add up to.

The formulas stand with the rules that the chains are made of. A learning rate may be a number, a
0-d tensor or a schedule.
"""

from __future__ import annotations

from typing import Any

from flambeau.core import dtypes
from flambeau.optim.engine.combinators import chain
from flambeau.optim.engine.transformation import Transformation
from flambeau.optim.transform.accumulation import ema, trace
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

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.rmsprop(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.3162,  0.3162])

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

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.adagrad(0.1)
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-0.0845,  0.0302])

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

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.adadelta()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 0.0032, -0.0032])

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

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.adafactor()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([-1.5811,  1.5811])

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
