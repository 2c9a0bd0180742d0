"""The profiler as a context manager."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

from flambeau.core.errors import message
from flambeau.profiler.averages import AveragedEvent, EventList
from flambeau.profiler.schedule import ProfilerAction
from flambeau.profiler.trace import write_trace
from flambeau.profiler.watching import Watch


class ProfilerActivity(Enum):
    """What can be watched."""

    CPU = "cpu"
    CUDA = "cuda"


def supported_activities() -> set[ProfilerActivity]:
    """What can be watched here.

    Example:
        >>> import flambeau as fb
        >>> fb.profiler.supported_activities()
        {<ProfilerActivity.CPU: 'cpu'>}
    """
    return {ProfilerActivity.CPU}


class profile:
    """Watch the calling thread's operations: which there are, how often, how long.

    A call of a compiled function is one event, as it is one native call. Operations that are not
    compiled take a little longer while they are watched: they leave the short ways that small
    tensors have, so compare shares rather than times.

    Args:
        activities: there is only ``ProfilerActivity.CPU``; a selector without effect.
        schedule: from the number of a step to what to do in it (:func:`schedule`); call
            :meth:`step` after each step. Everything is recorded if not given.
        on_trace_ready: called with this object whenever steps have been recorded.
        record_shapes: whether to note the shapes of inputs.
        profile_memory: a selector without effect: bytes of results are always noted.
        with_stack: whether to note the line of the program that asked for an operation.
        with_flops: whether to count the floating-point operations of products.
        with_modules: a selector without effect.
        acc_events: whether to keep the events of earlier cycles of the schedule.

    Example:
        >>> import flambeau as fb
        >>> with fb.profiler.profile(record_shapes=True) as found:
        ...     y = fb.ones(2, 3) @ fb.ones(3, 4)
        >>> [(row.key, row.count) for row in found.key_averages()]
        [('full', 2), ('mm', 1)]
    """

    def __init__(
        self,
        *,
        activities: Iterable[ProfilerActivity] | None = None,
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[[Any], Any] | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        with_modules: bool = False,
        acc_events: bool = False,
    ) -> None:
        self._schedule, self._on_trace_ready = schedule, on_trace_ready
        self._options = record_shapes, with_stack, with_flops
        self._accumulates = acc_events
        self._watch: Watch | None = None
        self._found: list[Any] | None = None
        self.step_num = 0
        self.current_action = ProfilerAction.NONE

    # --- running --------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to watch."""
        self.current_action = self._action()
        self._begin()

    def stop(self) -> None:
        """Stop watching; what was recorded can be looked at."""
        recorded = self.current_action.value >= ProfilerAction.RECORD.value
        self._end(keep=recorded)
        if recorded and self._on_trace_ready is not None:
            self._on_trace_ready(self)
        self.current_action = ProfilerAction.NONE

    def step(self) -> None:
        """A step of the training loop is over: do as the schedule says for the next."""
        before = self.current_action
        self.step_num += 1
        self.current_action = self._action()
        if self._schedule is None or before is self.current_action is not _SAVES:
            return
        if before is ProfilerAction.RECORD and self.current_action is _SAVES:
            return
        self._end(keep=before.value >= ProfilerAction.RECORD.value)
        if before is _SAVES and self._on_trace_ready is not None:
            self._on_trace_ready(self)
        self._begin()

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def _action(self) -> ProfilerAction:
        return ProfilerAction.RECORD if self._schedule is None else self._schedule(self.step_num)

    def _begin(self) -> None:
        if self.current_action is not ProfilerAction.NONE:
            self._watch = Watch(*self._options)
            self._watch.__enter__()

    def _end(self, keep: bool) -> None:
        if self._watch is None:
            return
        self._watch.__exit__()
        if keep:
            events = sorted(self._watch.events, key=lambda event: event.end)
            earlier = (self._found or []) if self._accumulates else []
            self._found = [*earlier, *events]
        self._watch = None

    # --- what was found -------------------------------------------------------------------------

    def events(self) -> EventList:
        """All events in the order in which they ended.

        Raises:
            RuntimeError: if nothing has been recorded.
        """
        if self._found is None:
            raise RuntimeError(
                message(
                    "profile: nothing has been recorded",
                    expected="a with block that has ended, with steps that the schedule records",
                    got="no events",
                    help="call it after the with block",
                )
            )
        return EventList(self._found)

    def key_averages(
        self, group_by_input_shape: bool = False, group_by_stack_n: int = 0
    ) -> EventList:
        """Sums of the events with the same name: ``print(found.key_averages().table())``."""
        return self.events().key_averages(group_by_input_shape, group_by_stack_n)

    def total_average(self) -> AveragedEvent:
        """The sum of all events."""
        return self.events().total_average()

    def table(self, sort_by: str | None = None, row_limit: int = 100) -> str:
        """The table of :meth:`key_averages`."""
        return self.key_averages().table(sort_by=sort_by, row_limit=row_limit)

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds of all events together."""
        return self.events().self_cpu_time_total

    def export_chrome_trace(self, path: str | os.PathLike[str]) -> None:
        """Write the events for ``chrome://tracing`` or Perfetto."""
        write_trace(path, self.events())


_SAVES = ProfilerAction.RECORD_AND_SAVE
