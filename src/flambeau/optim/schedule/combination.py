"""Schedules made of schedules: one after another, multiplied, warmed up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from flambeau.optim.checks import in_range, require
from flambeau.optim.scalars import minimum, sqrt, where
from flambeau.optim.schedule.decay import (
    constant_schedule,
    cosine_decay_schedule,
    exponential_decay,
    linear_schedule,
)
from flambeau.optim.schedule.definition import schedule, value_at
from flambeau.tensor.tensor import Tensor

Formula = Callable[[Any], Any]


@schedule
def join_schedules(schedules: Sequence[Formula], boundaries: Sequence[int]) -> Formula:
    r"""One schedule after another, each beginning at its own step 0.

    .. math:: f(t) = f_i(t - b_i) \quad\text{for}\quad b_i ≤ t < b_{i+1}, \quad b_0 = 0

    Args:
        schedules: functions of the step, at least one.
        boundaries: the steps :math:`b_1, b_2, …` at which the next one takes over, in order.

    Raises:
        ValueError: if there is not one boundary between two schedules, or they are out of order.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim.schedule import constant_schedule, join_schedules, linear_schedule
        >>> f = join_schedules([linear_schedule(0.0, 1.0, 4), constant_schedule(1.0)], [4])
        >>> [f(step) for step in range(6)]
        [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]

    Differs from PyTorch: ``SequentialLR`` is the same, but its state cannot be rebuilt from the
    step alone.
    """
    functions, bounds = list(schedules), list(boundaries)
    require(
        len(functions) == len(bounds) + 1,
        "join_schedules: schedules and boundaries do not match",
        "one boundary between each two schedules",
        f"{len(functions)} schedules and {len(bounds)} boundaries",
    )
    require(
        bounds == sorted(bounds),
        "join_schedules: boundaries out of order",
        "boundaries that do not decrease",
        bounds,
    )

    def value(step: Any) -> Any:
        if isinstance(step, Tensor):
            found = value_at(functions[0], step)
            for bound, function in zip(bounds, functions[1:], strict=True):
                found = where(step < bound, found, value_at(function, step - bound))
            return found
        last = sum(step >= bound for bound in bounds)
        return functions[last](step - bounds[last - 1] if last else step)

    return value


@schedule
def scale_schedule(schedule: Formula, factor: Any) -> Formula:
    r"""A schedule multiplied by a number or by another schedule.

    .. math:: f(t) = s\,f_1(t) \quad\text{or}\quad f_1(t)\,f_2(t)

    Args:
        schedule: a function of the step.
        factor: a number, or a function of the step.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim.schedule import linear_schedule, scale_schedule
        >>> scale_schedule(linear_schedule(1.0, 0.0, 4), 0.5)(1)
        0.375
    """
    return lambda step: value_at(schedule, step) * value_at(factor, step)


@schedule
def warmup_schedule(schedule: Formula, warmup_steps: int, init_value: Any = 0.0) -> Formula:
    r"""A line up to where a schedule begins, and then that schedule.

    .. math:: f(t) = a + (f_1(0) - a)\,t/W \text{ for } t < W, \quad f_1(t - W) \text{ from then on}

    Args:
        schedule: :math:`f_1`, a function of the step.
        warmup_steps: :math:`W`, at least 0.
        init_value: :math:`a`, the value at step 0.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim.schedule import constant_schedule, warmup_schedule
        >>> [warmup_schedule(constant_schedule(1.0), 2)(step) for step in range(4)]
        [0.0, 0.5, 1.0, 1.0]
    """
    rise = linear_schedule(init_value, schedule(0), warmup_steps)
    return join_schedules([rise, schedule], [warmup_steps]).function


@schedule
def warmup_constant_schedule(init_value: Any, peak_value: Any, warmup_steps: int) -> Formula:
    r"""A line up to a value that then stays.

    .. math:: f(t) = a + (v - a) \min(t, W)/W

    Args:
        init_value: :math:`a`.
        peak_value: :math:`v`.
        warmup_steps: :math:`W`, at least 0; with 0 the value stays ``init_value``, as in optax.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> f = fb.optim.schedule.warmup_constant_schedule(0.0, 1.0, warmup_steps=4)
        >>> [f(step) for step in (0, 2, 4, 9)]
        [0.0, 0.5, 1.0, 1.0]
    """
    return linear_schedule(init_value, peak_value, warmup_steps).function


@schedule
def warmup_cosine_decay_schedule(
    init_value: Any,
    peak_value: Any,
    warmup_steps: int,
    decay_steps: int,
    end_value: Any = 0.0,
    exponent: Any = 1.0,
) -> Formula:
    r"""A line up, then half a wave of the cosine down.

    .. math:: a \to v \text{ in } W \text{ steps}, \quad v \to b \text{ until step } T

    Args:
        init_value: :math:`a`.
        peak_value: :math:`v`.
        warmup_steps: :math:`W`, at least 0.
        decay_steps: :math:`T`, the length of the whole, above ``warmup_steps``.
        end_value: :math:`b`.
        exponent: of the wave, above 0.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> f = fb.optim.schedule.warmup_cosine_decay_schedule(0.0, 1.0, 2, 6)
        >>> [round(f(step), 3) for step in range(7)]
        [0.0, 0.5, 1.0, 0.854, 0.5, 0.146, 0.0]
    """
    require(
        decay_steps > warmup_steps,
        "warmup_cosine_decay_schedule: invalid decay_steps",
        "decay_steps, which include the warm-up, above warmup_steps",
        f"decay_steps {decay_steps}, warmup_steps {warmup_steps}",
    )
    # The wave is relative to the peak; at a peak of zero there is nothing to be relative to.
    alpha = (
        0.0 if not isinstance(peak_value, Tensor) and peak_value == 0 else end_value / peak_value
    )
    rise = linear_schedule(init_value, peak_value, warmup_steps)
    fall = cosine_decay_schedule(peak_value, decay_steps - warmup_steps, alpha, exponent)
    return join_schedules([rise, fall], [warmup_steps]).function


@schedule
def warmup_exponential_decay_schedule(
    init_value: Any,
    peak_value: Any,
    warmup_steps: int,
    transition_steps: int,
    decay_rate: Any,
    transition_begin: int = 0,
    staircase: bool = False,
    end_value: Any = None,
) -> Formula:
    r"""A line up, then exponential decay.

    .. math:: a \to v \text{ in } W \text{ steps}, \quad v\,r^{\max(t - W - t_0, 0)/T}
        \text{ from then on}

    Args:
        init_value: :math:`a`.
        peak_value: :math:`v`.
        warmup_steps: :math:`W`, at least 0.
        transition_steps: :math:`T`, above 0.
        decay_rate: :math:`r`, above 0.
        transition_begin: :math:`t_0`, steps at the peak; at least 0.
        staircase: round the exponent down.
        end_value: a bound of the decay; ``None`` for none.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> f = fb.optim.schedule.warmup_exponential_decay_schedule(0.0, 1.0, 2, 1, 0.5)
        >>> [f(step) for step in range(5)]
        [0.0, 0.5, 1.0, 0.5, 0.25]
    """
    rise = linear_schedule(init_value, peak_value, warmup_steps)
    fall = exponential_decay(
        peak_value, transition_steps, decay_rate, transition_begin, staircase, end_value
    )
    return join_schedules([rise, fall], [warmup_steps]).function


@schedule
def sgdr_schedule(cosine_kwargs: Iterable[Mapping[str, Any]]) -> Formula:
    r"""Cosine decay with warm restarts: several warmed-up waves in a row.

    Args:
        cosine_kwargs: for each wave the arguments of :func:`warmup_cosine_decay_schedule`, by
            name; the next one begins after its ``decay_steps``.

    Raises:
        ValueError: if there is no wave, or an argument is out of range.

    Example:
        >>> import flambeau as fb
        >>> wave = dict(init_value=0.0, peak_value=1.0, warmup_steps=1, decay_steps=3)
        >>> f = fb.optim.schedule.sgdr_schedule([wave, wave])
        >>> [round(f(step), 2) for step in range(6)]
        [0.0, 1.0, 0.5, 0.0, 1.0, 0.5]

    Reference: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR
    2017.
    """
    waves = [dict(kwargs) for kwargs in cosine_kwargs]
    require(waves, "sgdr_schedule: no waves", "at least one", "none")
    ends = [0]
    for wave in waves:
        ends.append(ends[-1] + wave["decay_steps"])
    parts = [warmup_cosine_decay_schedule(**wave) for wave in waves]
    return join_schedules(parts, ends[1:-1]).function


@schedule
def warmup_stable_decay_schedule(
    init_value: Any,
    peak_value: Any,
    warmup_steps: int,
    stable_steps: int,
    decay_steps: int,
    end_value: Any = 0.0,
    decay: str = "linear",
) -> Formula:
    r"""A line up, a plateau, and a short decay at the end.

    .. math:: a \to v \text{ in } W \text{ steps}, \quad v \text{ for } S \text{ steps}, \quad
        v - (v - b)\,d(z),\ z = \min(t - W - S, D)/D

    The plateau may be prolonged at any time, since nothing before the decay depends on its length.

    Args:
        init_value: :math:`a`.
        peak_value: :math:`v`.
        warmup_steps: :math:`W`, at least 0.
        stable_steps: :math:`S`, at least 0.
        decay_steps: :math:`D`, above 0.
        end_value: :math:`b`.
        decay: ``"linear"`` (:math:`d = z`), ``"cosine"`` (:math:`d = (1 - \cos πz)/2`) or
            ``"sqrt"`` (:math:`d = \sqrt z`).

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> f = fb.optim.schedule.warmup_stable_decay_schedule(0.0, 1.0, 2, 2, 4)
        >>> [f(step) for step in range(9)]
        [0.0, 0.5, 1.0, 1.0, 1.0, 0.75, 0.5, 0.25, 0.0]

    Reference: Hu et al., "MiniCPM: unveiling the potential of small language models with scalable
    training strategies", 2024, section 4; Hägele et al., "Scaling laws and compute-optimal
    training beyond fixed training durations", NeurIPS 2024 (the square root).
    """
    name = "warmup_stable_decay_schedule"
    in_range(name, "stable_steps", stable_steps, 0)
    in_range(name, "decay_steps", decay_steps, 0, open_low=True)
    kinds = ("linear", "cosine", "sqrt")
    require(decay in kinds, f"{name}: unknown decay", " or ".join(map(repr, kinds)), repr(decay))
    rise = linear_schedule(init_value, peak_value, warmup_steps)
    fall: Formula = linear_schedule(peak_value, end_value, decay_steps)
    if decay == "cosine":
        wave = cosine_decay_schedule(1.0, decay_steps)
        fall = lambda step: (peak_value - end_value) * wave(step) + end_value  # noqa: E731
    elif decay == "sqrt":
        fall = lambda step: (  # noqa: E731
            peak_value - (peak_value - end_value) * sqrt(minimum(step, decay_steps) / decay_steps)
        )
    parts = [rise, constant_schedule(peak_value), fall]
    return join_schedules(parts, [warmup_steps, warmup_steps + stable_steps]).function
