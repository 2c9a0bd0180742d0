"""Schedules by one formula: constant, polynomial, exponential, cosine, REX."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from flambeau.optim.checks import in_range
from flambeau.optim.scalars import cos, floor, maximum, minimum
from flambeau.optim.schedule.definition import schedule

Formula = Callable[[Any], Any]


@schedule
def constant_schedule(value: Any) -> Formula:
    r"""The same value at all steps.

    .. math:: f(t) = v

    Args:
        value: :math:`v`.

    Example:
        >>> import flambeau as fb
        >>> fb.optim.schedule.constant_schedule(0.1)(1000)
        0.1
    """
    return lambda step: value


@schedule
def polynomial_schedule(
    init_value: Any,
    end_value: Any,
    power: Any,
    transition_steps: int,
    transition_begin: int = 0,
) -> Formula:
    r"""From one value to another along a power of the remaining time.

    .. math:: f(t) = (a - b) \left(1 - \frac{c}{T}\right)^p + b, \quad
        c = \min(\max(t - t_0, 0), T)

    Args:
        init_value: :math:`a`, the value up to :math:`t_0`.
        end_value: :math:`b`, the value from :math:`t_0 + T` on.
        power: :math:`p`, above 0.
        transition_steps: :math:`T`, in steps, at least 0; with 0 the value stays ``init_value``.
        transition_begin: :math:`t_0`, in steps, at least 0.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> f = fb.optim.schedule.polynomial_schedule(1.0, 0.0, power=2, transition_steps=4)
        >>> [f(step) for step in range(5)]
        [1.0, 0.5625, 0.25, 0.0625, 0.0]

    Differs from optax: negative step counts are errors; there they disable the transition.
    """
    name = "polynomial_schedule"
    in_range(name, "power", power, 0, open_low=True)
    in_range(name, "transition_steps", transition_steps, 0)
    in_range(name, "transition_begin", transition_begin, 0)
    return _polynomial(init_value, end_value, power, transition_steps, transition_begin)


def _polynomial(a: Any, b: Any, power: Any, steps: int, begin: int) -> Formula:
    def value(step: Any) -> Any:
        elapsed = minimum(maximum(step - begin, 0), steps)
        return (a - b) * (1 - elapsed / steps) ** power + b

    return value if steps else lambda step: a


@schedule
def linear_schedule(
    init_value: Any, end_value: Any, transition_steps: int, transition_begin: int = 0
) -> Formula:
    r"""From one value to another along a line.

    .. math:: f(t) = (a - b) \left(1 - \frac{c}{T}\right) + b, \quad
        c = \min(\max(t - t_0, 0), T)

    Args:
        init_value: :math:`a`, the value up to :math:`t_0`.
        end_value: :math:`b`, the value from :math:`t_0 + T` on.
        transition_steps: :math:`T`, in steps, at least 0; with 0 the value stays ``init_value``.
        transition_begin: :math:`t_0`, in steps, at least 0.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> f = fb.optim.schedule.linear_schedule(1.0, 0.0, transition_steps=5)
        >>> [f(step) for step in range(6)]
        [1.0, 0.8, 0.6, 0.4, 0.19999999999999996, 0.0]

    Differs from optax: negative step counts are errors; there they disable the transition.
    """
    in_range("linear_schedule", "transition_steps", transition_steps, 0)
    in_range("linear_schedule", "transition_begin", transition_begin, 0)
    return _polynomial(init_value, end_value, 1, transition_steps, transition_begin)


@schedule
def exponential_decay(
    init_value: Any,
    transition_steps: int,
    decay_rate: Any,
    transition_begin: int = 0,
    staircase: bool = False,
    end_value: Any = None,
) -> Formula:
    r"""A constant factor in each period.

    .. math:: f(t) = a\,r^{\max(t - t_0, 0)/T}

    Args:
        init_value: :math:`a`, the value up to :math:`t_0`.
        transition_steps: :math:`T`, steps in which the value is multiplied by :math:`r`; above 0.
        decay_rate: :math:`r`, above 0; above 1 the value grows.
        transition_begin: :math:`t_0`, in steps, at least 0.
        staircase: round the exponent down, so that the value jumps every :math:`T` steps.
        end_value: a lower bound, or an upper bound if :math:`r ≥ 1`; ``None`` for none.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> f = fb.optim.schedule.exponential_decay(1.0, transition_steps=2, decay_rate=0.25)
        >>> [f(step) for step in range(5)]
        [1.0, 0.5, 0.25, 0.125, 0.0625]

    Differs from optax: ``transition_steps`` or ``decay_rate`` of 0 are errors; there they mean a
    constant.
    """
    name = "exponential_decay"
    in_range(name, "transition_steps", transition_steps, 0, open_low=True)
    in_range(name, "decay_rate", decay_rate, 0, open_low=True)
    in_range(name, "transition_begin", transition_begin, 0)
    bound = maximum if decay_rate < 1 else minimum

    def value(step: Any) -> Any:
        exponent = maximum(step - transition_begin, 0) / transition_steps
        found = init_value * decay_rate ** (floor(exponent) if staircase else exponent)
        return found if end_value is None else bound(found, end_value)

    return value


@schedule
def cosine_decay_schedule(
    init_value: Any, decay_steps: int, alpha: Any = 0.0, exponent: Any = 1.0
) -> Formula:
    r"""Half a wave of the cosine, down to a fraction of the first value.

    .. math:: f(t) = a \left[(1 - α)
        \left(\frac{1 + \cos(π \min(t, T)/T)}{2}\right)^p + α\right]

    Args:
        init_value: :math:`a`.
        decay_steps: :math:`T`, in steps, above 0.
        alpha: α, the last value as a fraction of the first.
        exponent: :math:`p`, above 0.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> f = fb.optim.schedule.cosine_decay_schedule(1.0, decay_steps=4, alpha=0.5)
        >>> [round(f(step), 3) for step in range(6)]
        [1.0, 0.927, 0.75, 0.573, 0.5, 0.5]

    Reference: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR
    2017, equation 5.
    Differs from PyTorch: ``CosineAnnealingLR`` is periodic and rises again after :math:`T`.
    """
    in_range("cosine_decay_schedule", "decay_steps", decay_steps, 0, open_low=True)
    in_range("cosine_decay_schedule", "exponent", exponent, 0, open_low=True)

    def value(step: Any) -> Any:
        wave = 0.5 * (1 + cos(math.pi * minimum(step, decay_steps) / decay_steps))
        return init_value * ((1 - alpha) * wave**exponent + alpha)

    return value


@schedule
def rex_schedule(init_value: Any, transition_steps: int, end_value: Any = 0.0) -> Formula:
    r"""A decay that stays high for long and falls late: reflected exponential.

    .. math:: f(t) = (a - b)\,\frac{1 - z}{\frac12 + \frac12 (1 - z)} + b, \quad
        z = \min(t, T)/T

    Args:
        init_value: :math:`a`.
        transition_steps: :math:`T`, in steps, above 0.
        end_value: :math:`b`.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> f = fb.optim.schedule.rex_schedule(1.0, transition_steps=4)
        >>> [round(f(step), 3) for step in range(5)]
        [1.0, 0.857, 0.667, 0.4, 0.0]

    Reference: Chen, Wolfe and Kyrillidis, "REX: revisiting budgeted training with an improved
    schedule", MLSys 2022, equation 2.
    """
    in_range("rex_schedule", "transition_steps", transition_steps, 0, open_low=True)

    def value(step: Any) -> Any:
        left = 1 - minimum(step, transition_steps) / transition_steps
        return (init_value - end_value) * (left / (0.5 + 0.5 * left)) + end_value

    return value
