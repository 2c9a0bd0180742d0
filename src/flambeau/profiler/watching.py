"""The interpreter that notes what is computed, and ranges with names."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

from flambeau.profiler.event import Event, product_flops
from flambeau.tensor.anomaly import user_line
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.interpreting import Passing
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


class _Active(threading.local):
    watch: Watch | None = None


ACTIVE = _Active()


class Watch(Passing):
    """Notes operations in the order in which they end.

    Args:
        shapes: whether to note the shapes of inputs.
        stack: whether to note the user's line.
        flops: whether to count floating-point operations.
    """

    def __init__(self, shapes: bool, stack: bool, flops: bool) -> None:
        self.shapes, self.stack, self.flops = shapes, stack, flops
        self.events: list[Event] = []
        self.open: list[Event] = []

    def __enter__(self) -> Watch:
        super().__enter__()
        self.before, ACTIVE.watch = ACTIVE.watch, self
        return self

    def __exit__(self, *error: object) -> None:
        ACTIVE.watch = self.before
        super().__exit__(*error)

    def begin(self, name: str) -> Event:
        """Open an event inside those that are open."""
        event = Event(name, 0, thread=threading.get_ident(), depth=len(self.open))
        if self.stack:
            event.stack = user_line()
        self.open.append(event)
        event.start = perf_counter_ns()
        return event

    def finish(self, event: Event) -> None:
        """Close an event, and those inside it that an error has left open."""
        event.end = perf_counter_ns()
        while self.open.pop() is not event:
            pass
        if self.open:
            outer = self.open[-1]
            outer.children_ns += event.end - event.start
            outer.children_memory += event.cpu_memory_usage
        self.events.append(event)

    def apply(self, op: Operation, inputs: tuple[Any, ...], params: tuple[Any, ...]) -> Any:
        event = self.begin(op.name)
        try:
            out = self.below(apply, op, inputs, params)
            if not op.view:
                event.memory = _bytes(out)
        finally:
            self.finish(event)
        self._note(event, inputs, out)
        return out

    def apply_inplace(
        self, op: Operation, target: Tensor, others: tuple[Any, ...], params: tuple[Any, ...]
    ) -> Tensor:
        event = self.begin(op.name + "_")
        try:
            out = self.below(apply_inplace, op, target, others, params)
        finally:
            self.finish(event)
        self._note(event, (target, *others), out)
        return out

    def call_compiled(self, compiled: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A compiled function runs as it does without a profiler, as one event."""
        event = self.begin(f"compiled {getattr(compiled, '__name__', 'function')}")
        try:
            return self.below(lambda: compiled(*args, **kwargs))
        finally:
            self.finish(event)

    def _note(self, event: Event, inputs: tuple[Any, ...], out: Any) -> None:
        if self.shapes:
            event.input_shapes = [
                tuple(x._array.shape) if isinstance(x, Tensor) else () for x in inputs
            ]
        if self.flops:
            event.flops = product_flops(event.name, inputs, out)


def _bytes(out: Any) -> int:
    if isinstance(out, tuple):
        return sum(_bytes(x) for x in out)
    return getattr(getattr(out, "_array", None), "nbytes", 0)


class record_function:
    """A range with a name in the profile: ``with record_function("forward"):``, or a decorator.

    Args:
        name: shown in tables and traces.
        args: shown behind the name.

    Example:
        >>> import flambeau as fb
        >>> with fb.profiler.profile() as found, fb.profiler.record_function("twice"):
        ...     y = fb.ones(2) * 2
        >>> [event.name for event in found.events()]
        ['full', 'mul', 'twice']
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name if args is None else f"{name} ({args})"
        self._entered: list[tuple[Watch, Event] | None] = []

    def __enter__(self) -> record_function:
        watch = ACTIVE.watch
        self._entered.append(None if watch is None else (watch, watch.begin(self.name)))
        return self

    def __exit__(self, *error: object) -> None:
        entered = self._entered.pop()
        if entered is not None and entered[1] in entered[0].open:
            entered[0].finish(entered[1])

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def named(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name):
                return function(*args, **kwargs)

        return named
