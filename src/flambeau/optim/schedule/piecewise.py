"""Schedules by pieces: steps, interpolated steps, one cycle."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flambeau.optim.checks import in_range, require
from flambeau.optim.scalars import cos, where
from flambeau.optim.schedule.definition import schedule

Formula = Callable[[Any], Any]


@schedule
def piecewise_constant_schedule(
    init_value: Any, boundaries_and_scales: Mapping[int, float] | None = None
) -> Formula:
    r"""A value that is multiplied by a factor at each boundary.

    .. math:: f(t) = a \prod_{i:\,b_i ≤ t} s_i

    Args:
        init_value: :math:`a`.
        boundaries_and_scales: from steps :math:`b_i` to factors :math:`s_i`, at least 0.

    Raises:
        ValueError: for a negative factor.

    Example:
        >>> import flambeau as fb
        >>> f = fb.optim.schedule.piecewise_constant_schedule(1.0, {2: 0.5, 4: 0.5})
        >>> [f(step) for step in range(6)]
        [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    """
    pieces = _pieces("piecewise_constant_schedule", boundaries_and_scales)

    def value(step: Any) -> Any:
        found = init_value
        for boundary, scale in pieces:
            found = found * where(step >= boundary, scale, 1.0)
        return found

    return value


def _pieces(name: str, given: Mapping[int, float] | None) -> list[tuple[int, float]]:
    pieces = sorted((given or {}).items())
    for _, scale in pieces:
        in_range(name, "scale", scale, 0)
    return pieces


def _linear(start: Any, end: Any, fraction: Any) -> Any:
    return (end - start) * fraction + start


def _cosine(start: Any, end: Any, fraction: Any) -> Any:
    return end + (start - end) / 2 * (cos(math.pi * fraction) + 1)


INTERPOLATIONS = {"linear": _linear, "cosine": _cosine}


@schedule
def piecewise_interpolate_schedule(
    interpolate_type: str,
    init_value: Any,
    boundaries_and_scales: Mapping[int, float] | None = None,
) -> Formula:
    r"""A curve through the values that the factors at the boundaries give.

    .. math:: f(b_k) = a \prod_{i ≤ k} s_i, \text{ interpolated between boundaries}

    Args:
        interpolate_type: ``"linear"`` or ``"cosine"``.
        init_value: :math:`a`, the value at step 0.
        boundaries_and_scales: from steps :math:`b_i` to factors :math:`s_i`, at least 0.

    Raises:
        ValueError: for a negative factor or an unknown kind of interpolation.

    Example:
        >>> import flambeau as fb
        >>> f = fb.optim.schedule.piecewise_interpolate_schedule("linear", 1.0, {4: 0.5, 8: 0.0})
        >>> [f(step) for step in range(0, 9, 2)]
        [1.0, 0.75, 0.5, 0.25, 0.0]
    """
    require(
        interpolate_type in INTERPOLATIONS,
        "piecewise_interpolate_schedule: unknown interpolate_type",
        " or ".join(map(repr, INTERPOLATIONS)),
        repr(interpolate_type),
    )
    pieces = _pieces("piecewise_interpolate_schedule", boundaries_and_scales)
    return _interpolated(interpolate_type, init_value, pieces)


def _interpolated(kind: str, init_value: Any, pieces: Sequence[tuple[int, Any]]) -> Formula:
    between = INTERPOLATIONS[kind]
    bounds, values = [0], [init_value]
    for boundary, scale in pieces:
        bounds.append(boundary)
        values.append(values[-1] * scale)

    def value(step: Any) -> Any:
        found = values[-1]
        for i in reversed(range(len(pieces))):
            fraction = (step - bounds[i]) / max(bounds[i + 1] - bounds[i], 1)
            inside = between(values[i], values[i + 1], fraction)
            found = where(step < bounds[i + 1], inside, found)
        return found

    return value


@schedule
def linear_onecycle_schedule(
    transition_steps: int,
    peak_value: Any,
    pct_start: float = 0.3,
    pct_final: float = 0.85,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> Formula:
    r"""Up to a peak, down again, and then far below, along three lines.

    .. math:: \frac{v}{d} \to v \to \frac{v}{d} \to \frac{v}{d d'} \quad\text{at}\quad
        0,\ ⌊pT⌋,\ ⌊qT⌋,\ T

    Args:
        transition_steps: :math:`T`, in steps, above 0.
        peak_value: :math:`v`.
        pct_start: :math:`p`, the fraction of steps that go up, in [0, 1].
        pct_final: :math:`q`, the fraction after which the last line begins, in [0, 1].
        div_factor: :math:`d`, above 0.
        final_div_factor: :math:`d'`, above 0.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> f = fb.optim.schedule.linear_onecycle_schedule(10, 1.0, 0.3, 0.6, div_factor=4)
        >>> [round(f(step), 4) for step in (0, 3, 6, 10)]
        [0.25, 1.0, 0.25, 0.0]

    Reference: Smith and Topin, "Super-convergence: very fast training of neural networks using
    large learning rates", 2017, section 3.
    """
    name = "linear_onecycle_schedule"
    _check_cycle(name, transition_steps, div_factor, final_div_factor)
    require(
        0 <= pct_start <= pct_final <= 1,
        f"{name}: invalid fractions",
        "0 <= pct_start <= pct_final <= 1",
        f"pct_start {pct_start}, pct_final {pct_final}",
    )
    pieces = [
        (int(pct_start * transition_steps), div_factor),
        (int(pct_final * transition_steps), 1.0 / div_factor),
        (transition_steps, 1.0 / final_div_factor),
    ]
    return _interpolated("linear", peak_value / div_factor, pieces)


@schedule
def cosine_onecycle_schedule(
    transition_steps: int,
    peak_value: Any,
    pct_start: float = 0.3,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> Formula:
    r"""Up to a peak and down to almost nothing, along two half-waves.

    .. math:: \frac{v}{d} \to v \to \frac{v}{d d'} \quad\text{at}\quad 0,\ ⌊pT⌋,\ T

    Args:
        transition_steps: :math:`T`, in steps, above 0.
        peak_value: :math:`v`.
        pct_start: :math:`p`, the fraction of steps that go up, in [0, 1].
        div_factor: :math:`d`, above 0.
        final_div_factor: :math:`d'`, above 0.

    Raises:
        ValueError: for arguments out of range.

    Example:
        >>> import flambeau as fb
        >>> f = fb.optim.schedule.cosine_onecycle_schedule(10, 1.0, div_factor=4)
        >>> [round(f(step), 4) for step in (0, 3, 10)]
        [0.25, 1.0, 0.0]

    Reference: Smith and Topin, "Super-convergence: very fast training of neural networks using
    large learning rates", 2017.
    Differs from PyTorch: ``OneCycleLR`` has its peak at step :math:`pT - 1` and its end at
    :math:`T - 1`.
    """
    name = "cosine_onecycle_schedule"
    _check_cycle(name, transition_steps, div_factor, final_div_factor)
    require(0 <= pct_start <= 1, f"{name}: invalid pct_start", "pct_start in [0, 1]", pct_start)
    pieces = [
        (int(pct_start * transition_steps), div_factor),
        (int(transition_steps), 1.0 / (div_factor * final_div_factor)),
    ]
    return _interpolated("cosine", peak_value / div_factor, pieces)


def _check_cycle(name: str, steps: int, div_factor: float, final_div_factor: float) -> None:
    in_range(name, "transition_steps", steps, 0, open_low=True)
    in_range(name, "div_factor", div_factor, 0, open_low=True)
    in_range(name, "final_div_factor", final_div_factor, 0, open_low=True)
