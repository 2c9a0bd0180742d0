"""In which steps of a training loop a profiler looks."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from flambeau.core.errors import message


class ProfilerAction(Enum):
    """What a profiler does in a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0
) -> Callable[[int], ProfilerAction]:
    """After ``skip_first`` steps, cycles of waiting, warming up and recording.

    Args:
        wait: steps of a cycle in which nothing is done.
        warmup: steps that are watched and thrown away.
        active: steps that are recorded.
        repeat: how many cycles; 0 for as many as there are steps.
        skip_first: steps before the first cycle.

    Raises:
        ValueError: for negative numbers, or if no step would be recorded.

    Example:
        >>> import flambeau as fb
        >>> plan = fb.profiler.schedule(wait=1, warmup=1, active=2)
        >>> [plan(step).name for step in range(4)]
        ['NONE', 'WARMUP', 'RECORD', 'RECORD_AND_SAVE']
    """
    if min(wait, warmup, repeat, skip_first) < 0 or active < 1:
        raise ValueError(
            message(
                "schedule: the numbers of steps are out of range",
                expected="wait, warmup, repeat and skip_first of 0 or more, active of 1 or more",
                got=f"{wait=}, {warmup=}, {active=}, {repeat=}, {skip_first=}",
            )
        )

    def action(step: int) -> ProfilerAction:
        cycle, place = divmod(step - skip_first, wait + warmup + active)
        if step < skip_first or (repeat and cycle >= repeat) or place < wait:
            return ProfilerAction.NONE
        if place < wait + warmup:
            return ProfilerAction.WARMUP
        is_last = place == wait + warmup + active - 1
        return ProfilerAction.RECORD_AND_SAVE if is_last else ProfilerAction.RECORD

    return action
