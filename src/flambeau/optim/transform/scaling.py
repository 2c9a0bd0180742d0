"""Updates multiplied by numbers: rates, schedules, norms of the parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flambeau.ops.likes import zeros_like
from flambeau.optim.checks import in_range
from flambeau.optim.engine.combinators import Identity, masked
from flambeau.optim.engine.leaf import Leaf, Run
from flambeau.optim.engine.transformation import Rule, Transformation
from flambeau.optim.scalars import where
from flambeau.optim.schedule.definition import value_at
from flambeau.optim.transform.moments import added, size_squared
from flambeau.tensor.tensor import Tensor

Slots = dict[str, Any]
Hyper = dict[str, Any]


class Scale(Transformation):
    """Multiplies every update by one number.

    Args:
        name: what it is called in chains.
        factor: a number, a 0-d tensor or a schedule.
        sign: 1, or -1 to flip the sign.
    """

    def __init__(self, name: str, factor: Any, sign: int = 1) -> None:
        self.name = name
        self.factor = factor
        self.sign = sign

    def run(self, leaves: list[Leaf], run: Run, path: str) -> None:
        factor = value_at(self.factor, run.step - 1)
        factor = factor if self.sign == 1 else -factor
        for leaf in leaves:
            leaf.scale(factor)

    def hyperparameters(self) -> Iterator[Any]:
        yield self.factor


def scale(step_size: Any) -> Transformation:
    r"""Multiply by a number.

    .. math:: u = s g

    Args:
        step_size: :math:`s`, a number or a 0-d tensor.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.scale(-0.5)
        >>> rule.update(fb.ones(2), rule.init(fb.ones(2)))[0]
        tensor([-0.5000, -0.5000])
    """
    return Scale("scale", step_size)


def scale_by_schedule(step_size_fn: Any) -> Transformation:
    r"""Multiply by the value of a schedule.

    .. math:: u = f(t - 1)\, g

    Args:
        step_size_fn: :math:`f`, a function of the number of updates before this one.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import schedule, transform
        >>> rule = transform.scale_by_schedule(schedule.linear_schedule(1.0, 0.0, 4))
        >>> state = rule.init(fb.ones(1))
        >>> _, state = rule.update(fb.ones(1), state)
        >>> rule.update(fb.ones(1), state)[0]
        tensor([0.7500])
    """
    return Scale("scale_by_schedule", step_size_fn)


def scale_by_learning_rate(learning_rate: Any = None, *, flip_sign: bool = True) -> Transformation:
    r"""Multiply by the learning rate and turn round.

    .. math:: u = -γ g

    Args:
        learning_rate: γ: a number, a 0-d tensor or a schedule; with ``None`` nothing happens, not
            even a change of sign, as in optax.
        flip_sign: go down; otherwise up.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.scale_by_learning_rate(0.1)
        >>> rule.update(fb.ones(1), rule.init(fb.ones(1)))[0]
        tensor([-0.1000])
    """
    if learning_rate is None:
        return Identity()
    in_range("scale_by_learning_rate", "learning_rate", learning_rate, 0)
    return Scale("scale_by_learning_rate", learning_rate, -1 if flip_sign else 1)


def identity() -> Transformation:
    """Do nothing.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.identity()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 0.5000, -0.1000])
    """
    return Identity()


SIGN = Rule("scale_by_sign", lambda g, s, p, h, t: g.sgn())


def scale_by_sign() -> Transformation:
    r"""The sign of every element.

    .. math:: u = \operatorname{sign}(g)

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_sign()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 1., -1.])

    Reference: Bernstein et al., "signSGD: compressed optimisation for non-convex problems", ICML
    2018, algorithm 1.
    """
    return SIGN()


SET_TO_ZERO = Rule("set_to_zero", lambda g, s, p, h, t: zeros_like(g))


def set_to_zero() -> Transformation:
    """Zeros in place of the updates, whatever they are.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.set_to_zero()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([0., 0.])
    """
    return SET_TO_ZERO()


def freeze(mask: Any) -> Transformation:
    """Zeros in place of some parameters' updates.

    Args:
        mask: a tree of ``True`` and ``False`` like that of the parameters, or an upper part of it;
            or a function of the parameters that gives one. ``True`` freezes.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.freeze({"a": True, "b": False})
        >>> params = {"a": fb.ones(1), "b": fb.ones(1)}
        >>> rule.update(params, rule.init(params))[0]
        {'a': tensor([0.]), 'b': tensor([1.])}
    """
    return masked(set_to_zero(), mask)


# --- weight decay -------------------------------------------------------------------------------

DECAY = Rule(
    "add_decayed_weights",
    lambda g, s, p, h, t: added(g, p, h["weight_decay"]),
    needs_params=True,
)


def add_decayed_weights(weight_decay: Any = 0.0, mask: Any = None) -> Transformation:
    r"""Add a multiple of the parameter.

    .. math:: u = g + λ θ

    Before a rule that scales (Adam's, say) this is an L2 penalty; after it, decoupled decay.

    Args:
        weight_decay: λ, at least 0: a number, a 0-d tensor or a schedule.
        mask: which parameters decay: a tree of ``True`` and ``False``, or a function of the
            parameters that gives one; ``None`` for all.

    Raises:
        ValueError: for a negative λ; in ``update``, if it is given no parameters.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.add_decayed_weights(0.1)
        >>> params = fb.tensor([10.])
        >>> rule.update(fb.zeros(1), rule.init(params), params)[0]
        tensor([1.])

    Reference: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
    """
    in_range("add_decayed_weights", "weight_decay", weight_decay, 0)
    return decayed(weight_decay, mask)


def decayed(weight_decay: Any, mask: Any = None) -> Transformation:
    """Weight decay whose rate may have any sign."""
    rule = DECAY(weight_decay=weight_decay)
    return rule if mask is None else masked(rule, mask)


# --- by norms -----------------------------------------------------------------------------------


def norm_of(x: Tensor) -> Tensor:
    """The root of the sum of squares of one tensor, 0-d."""
    return size_squared(x).sum().sqrt()


def rms_of(x: Tensor) -> Tensor:
    """The root of the mean square of one tensor, 0-d."""
    return size_squared(x).mean().sqrt()


def _trust_ratio(g: Tensor, s: Slots, p: Tensor, h: Hyper, t: Any) -> Tensor:
    of_param, of_update = (norm_of(x).clamp(min=h["min_norm"]) for x in (p, g))
    ratio = of_param * h["trust_coefficient"] / (of_update + h["eps"])
    # A parameter or an update that is zero would never change: it keeps its update.
    return g * where((of_param == 0) | (of_update == 0), 1.0, ratio)


TRUST_RATIO = Rule("scale_by_trust_ratio", _trust_ratio, needs_params=True)


def scale_by_trust_ratio(
    min_norm: Any = 0.0, trust_coefficient: Any = 1.0, eps: Any = 0.0
) -> Transformation:
    r"""Make each parameter's update as large as the parameter, up to a factor.

    .. math:: u = g\, \frac{c \max(‖θ‖, n)}{\max(‖g‖, n) + ε}, \text{ or } g
        \text{ where a norm is } 0

    Args:
        min_norm: :math:`n`, at least 0.
        trust_coefficient: :math:`c`.
        eps: ε, at least 0.

    Raises:
        ValueError: for arguments out of range; in ``update``, if it is given no parameters.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_trust_ratio()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 2.1926, -0.4385])

    Reference: You, Gitman and Ginsburg, "Large batch training of convolutional networks", 2017,
    equation 6 (LARS); You et al., "Large batch optimization for deep learning", ICLR 2020 (LAMB).
    """
    in_range("scale_by_trust_ratio", "min_norm", min_norm, 0)
    in_range("scale_by_trust_ratio", "eps", eps, 0)
    return TRUST_RATIO(min_norm=min_norm, trust_coefficient=trust_coefficient, eps=eps)


BLOCK_RMS = Rule(
    "scale_by_param_block_rms",
    lambda g, s, p, h, t: g * rms_of(p).clamp(min=h["min_scale"]),
    needs_params=True,
)
BLOCK_NORM = Rule(
    "scale_by_param_block_norm",
    lambda g, s, p, h, t: g * norm_of(p).clamp(min=h["min_scale"]),
    needs_params=True,
)


def scale_by_param_block_rms(min_scale: Any = 1e-3) -> Transformation:
    r"""Multiply by the root mean square of the parameter.

    .. math:: u = g \max(\operatorname{rms}(θ), s)

    Args:
        min_scale: :math:`s`, at least 0.

    Raises:
        ValueError: for arguments out of range; in ``update``, if it is given no parameters.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_param_block_rms()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 0.7906, -0.1581])
    """
    in_range("scale_by_param_block_rms", "min_scale", min_scale, 0)
    return BLOCK_RMS(min_scale=min_scale)


def scale_by_param_block_norm(min_scale: Any = 1e-3) -> Transformation:
    r"""Multiply by the norm of the parameter.

    .. math:: u = g \max(‖θ‖, s)

    Args:
        min_scale: :math:`s`, at least 0.

    Raises:
        ValueError: for arguments out of range; in ``update``, if it is given no parameters.

    Example:
        >>> import flambeau as fb
        >>> w, g = fb.tensor([1.0, 2.0]), fb.tensor([0.5, -0.1])
        >>> rule = fb.optim.transform.scale_by_param_block_norm()
        >>> rule.update(g, rule.init(w), w)[0]
        tensor([ 1.1180, -0.2236])
    """
    in_range("scale_by_param_block_norm", "min_scale", min_scale, 0)
    return BLOCK_NORM(min_scale=min_scale)
