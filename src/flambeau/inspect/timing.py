"""Timing of small pieces of code, and tables that compare them."""

from __future__ import annotations

import statistics
import timeit
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from flambeau.compiler import get_num_threads, set_num_threads
from flambeau.core.errors import message

UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))


def seconds_text(seconds: float) -> str:
    """Seconds in a unit that suits them.

    Example:
        >>> seconds_text(0.00125)
        '1.25 ms'
    """
    size, unit = next(((s, u) for s, u in UNITS if abs(seconds) >= s), UNITS[-1])
    return f"{seconds / size:.2f} {unit}"


@dataclass(frozen=True)
class Measurement:
    """What a :class:`Timer` has found.

    Attributes:
        number_per_run: how often the statement ran in each round.
        raw_times: seconds of each round.
        title: what the timer was told it is.
        label, sub_label, description: the parts of that.
        num_threads: how many threads compiled code could use.
    """

    number_per_run: int
    raw_times: tuple[float, ...]
    title: str = ""
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    num_threads: int = 1
    stmt: str = ""

    @property
    def times(self) -> list[float]:
        """Seconds of one run of the statement, of each round."""
        return [t / self.number_per_run for t in self.raw_times]

    @property
    def mean(self) -> float:
        """Their mean."""
        return statistics.fmean(self.times)

    @property
    def median(self) -> float:
        """Their median."""
        return statistics.median(self.times)

    @property
    def iqr(self) -> float:
        """The distance between their quartiles; 0 for a single round."""
        if len(self.raw_times) < 2:
            return 0.0
        first, _, third = statistics.quantiles(self.times, n=4, method="inclusive")
        return third - first

    def __repr__(self) -> str:
        rounds = len(self.raw_times)
        lines = [f"<{type(self).__name__}> {self.title}".rstrip()]
        if rounds > 1:
            lines.append(f"  Median: {seconds_text(self.median)}")
            lines.append(f"  IQR:    {seconds_text(self.iqr)}")
        else:
            lines.append(f"  {seconds_text(self.mean)}")
        lines.append(f"  {rounds} measurement{'s' if rounds > 1 else ''}, ")
        lines[-1] += f"{self.number_per_run} runs each, {self.num_threads} thread"
        lines[-1] += "s" if self.num_threads > 1 else ""
        return "\n".join(lines)


class Timer:
    """Times a statement, as :class:`timeit.Timer` does, with a number of threads of its own.

    Args:
        stmt: the statement, as text or as a function without arguments.
        setup: what runs before, as text or as a function.
        global_setup: must be empty: there is no C++ here.
        timer: the clock, in seconds.
        globals: the names that the statement may use.
        label, sub_label, description: what is measured, for the tables of :class:`Compare`.
        num_threads: how many threads compiled code may use meanwhile.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.utils.benchmark import Timer
        >>> found = Timer("x + x", globals={"x": fb.ones(3)}).timeit(10)
        >>> found.number_per_run
        10
    """

    def __init__(
        self,
        stmt: str | Callable[[], object] = "pass",
        setup: str | Callable[[], object] = "pass",
        global_setup: str = "",
        timer: Callable[[], float] = timeit.default_timer,
        globals: dict[str, Any] | None = None,
        label: str | None = None,
        sub_label: str | None = None,
        description: str | None = None,
        num_threads: int = 1,
    ) -> None:
        if global_setup:
            raise ValueError(
                message(
                    "Timer: global_setup is for C++",
                    expected="Python code in setup",
                    got="global_setup=",
                )
            )
        self._timer = timeit.Timer(stmt, setup, timer, globals)
        self._stmt = stmt if isinstance(stmt, str) else getattr(stmt, "__name__", "function")
        self._label, self._sub_label, self._description = label, sub_label, description
        self._num_threads = num_threads

    def timeit(self, number: int = 1_000_000) -> Measurement:
        """Seconds of ``number`` runs in one round."""
        return self._measured(number, [self._run(number)])

    def repeat(self, repeat: int = 5, number: int = 1_000_000) -> list[Measurement]:
        """Several such measurements."""
        return [self.timeit(number) for _ in range(repeat)]

    def blocked_autorange(
        self, callback: Callable[[int, float], Any] | None = None, min_run_time: float = 0.2
    ) -> Measurement:
        """Rounds, each long enough for the clock, until ``min_run_time`` seconds have gone by."""
        number = 1
        while (taken := self._run(number)) < min_run_time / 1000 and number < 1 << 40:
            number = max(2 * number, int(number * 1e-3 / max(taken, 1e-9) * min_run_time))
        times: list[float] = []
        while sum(times) < min_run_time or not times:
            times.append(self._run(number))
            if callback is not None:
                callback(number, times[-1])
        return self._measured(number, times)

    def adaptive_autorange(
        self,
        threshold: float = 0.1,
        *,
        min_run_time: float = 0.01,
        max_run_time: float = 10.0,
        callback: Callable[[int, float], Any] | None = None,
    ) -> Measurement:
        """Rounds until their quartiles are within ``threshold`` of the median, or time is over."""
        found = self.blocked_autorange(callback, min_run_time)
        number, times = found.number_per_run, list(found.raw_times)
        while sum(times) < max_run_time:
            found = self._measured(number, times)
            if len(times) > 3 and found.iqr < threshold * found.median:
                break
            times.append(self._run(number))
            if callback is not None:
                callback(number, times[-1])
        return self._measured(number, times)

    def _run(self, number: int) -> float:
        before = get_num_threads()
        set_num_threads(self._num_threads)
        try:
            return self._timer.timeit(number)
        finally:
            set_num_threads(before)

    def _measured(self, number: int, times: Iterable[float]) -> Measurement:
        parts = [part for part in (self._label, self._sub_label, self._description) if part]
        return Measurement(
            number,
            tuple(times),
            ": ".join(parts) or self._stmt,
            self._label,
            self._sub_label,
            self._description,
            self._num_threads,
            self._stmt,
        )


@dataclass
class Compare:
    """A table of measurements: a row for each ``sub_label``, a column for each ``description``.

    Args:
        results: the measurements.

    Example:
        >>> from flambeau.inspect.timing import Compare, Measurement
        >>> print(Compare([Measurement(1, (2e-6,), sub_label="add", description="ours")]))
             |    ours
        -----|--------
        add  | 2.00 us
    """

    results: list[Measurement] = field(default_factory=list)

    def extend_results(self, results: Iterable[Measurement]) -> None:
        """Add measurements."""
        self.results = [*self.results, *results]

    def __str__(self) -> str:
        columns = list(dict.fromkeys(m.description or "" for m in self.results))
        rows = list(dict.fromkeys(m.sub_label or m.stmt for m in self.results))
        cells = {
            (m.sub_label or m.stmt, m.description or ""): seconds_text(m.median)
            for m in self.results
        }
        table = [["", *columns]]
        table += [[row, *[cells.get((row, column), "") for column in columns]] for row in rows]
        widths = [max(len(line[i]) for line in table) for i in range(len(columns) + 1)]
        lines = []
        for line in table:
            texts = [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
            lines.append(" | ".join([line[0].ljust(widths[0] + 1), *texts]))
        rules = ["-" * (width + 2) for width in widths]
        lines.insert(1, "|".join([*rules[:-1], rules[-1][1:]]))
        return "\n".join(lines)

    def print(self) -> None:
        """Print the table."""
        print(self)
