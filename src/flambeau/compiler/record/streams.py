"""What gives another value each time it is asked, though nothing was assigned anywhere.

Iterators, Python's and NumPy's random numbers, clocks: a function that uses one is recorded at
every call, since replaying what it computed would repeat what it was given.
"""

from __future__ import annotations

import pickle
import random
import sys
import types
from collections.abc import Callable
from typing import Any

CLOCKS = frozenset(
    {"time", "time_ns", "perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns",
     "process_time", "process_time_ns", "now", "today", "utcnow"}
)  # fmt: skip
CLOCK_MODULES = frozenset({"time", "datetime"})


class Streams:
    """The streams that a function can reach by name, as they were before it was recorded."""

    def __init__(self) -> None:
        self.found: list[tuple[str, Callable[[], Any], Any]] = []
        self.clock: str | None = None
        self._add("Python's random numbers", random.getstate)
        numpy_random = sys.modules.get("numpy.random")
        if numpy_random is not None:
            generator = numpy_random.mtrand._rand
            self._add("NumPy's random numbers", lambda: _state_of(generator))

    def _add(self, path: str, read: Callable[[], Any]) -> None:
        self.found.append((path, read, read()))

    def note(self, value: Any, path: str) -> None:
        """Look at a value that was reached."""
        kind = type(value)
        if hasattr(kind, "__next__"):
            self._add(path, lambda: object())  # it cannot be asked whether it has moved on
        elif isinstance(value, random.Random):
            self._add(path, value.getstate)
        elif kind.__module__.startswith("numpy.random"):
            self._add(path, lambda: _state_of(value))

    def note_names(self, values: dict[str, Any], names: Any) -> None:
        """Look at the globals that a function uses, and the other names in its code."""
        for name in names & values.keys():
            value = values[name]
            module = value.__name__ if isinstance(value, types.ModuleType) else _home(value)
            if module in CLOCK_MODULES and (names & CLOCKS - {name} or name in CLOCKS):
                self.clock = f"the time, read by {name}"

    def used(self) -> str | None:
        """Which stream has moved on since, as a user would call it; ``None`` if none has."""
        for path, read, before in self.found:
            if read() != before:
                return path
        return self.clock


def _home(value: Any) -> str:
    return (getattr(value, "__module__", None) or "") if callable(value) else ""


def _state_of(generator: Any) -> Any:
    """The state of a NumPy generator as something that can be compared."""
    bits = getattr(generator, "bit_generator", None) or generator._bit_generator
    return pickle.dumps(bits.state)
