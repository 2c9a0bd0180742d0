"""Events summed by name, and their table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flambeau.core.errors import message
from flambeau.profiler.event import Event


class AveragedEvent:
    """All events of one name.

    Attributes:
        key: the name.
        count: how many there were.
        cpu_time_total: microseconds, those of events inside them included.
        self_cpu_time_total: microseconds without these.
        cpu_memory_usage: bytes of results, those of events inside them included.
        self_cpu_memory_usage: bytes without these.
        flops: floating-point operations that were counted.
        input_shapes: shapes of inputs, if events were grouped by them.
        stack: the user's line, if events were grouped by it.
    """

    def __init__(self, key: str, input_shapes: Any = None, stack: str = "") -> None:
        self.key, self.input_shapes, self.stack = key, input_shapes, stack
        self.count = 0
        self.cpu_time_total = self.self_cpu_time_total = 0.0
        self.cpu_memory_usage = self.self_cpu_memory_usage = self.flops = 0

    def add(self, event: Event) -> None:
        """Count one more event."""
        self.count += 1
        self.cpu_time_total += event.cpu_time_total
        self.self_cpu_time_total += event.self_cpu_time_total
        self.cpu_memory_usage += event.cpu_memory_usage
        self.self_cpu_memory_usage += event.memory
        self.flops += event.flops

    @property
    def cpu_time(self) -> float:
        """Microseconds of one event on average."""
        return self.cpu_time_total / self.count if self.count else 0.0

    def __repr__(self) -> str:
        return f"<{self.key}: {self.count} calls, {time_text(self.cpu_time_total)}>"


class EventList(list[Any]):
    """Events, or sums of them, that can be shown as a table."""

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds of all of them together."""
        return sum(event.self_cpu_time_total for event in self)

    def key_averages(
        self, group_by_input_shape: bool = False, group_by_stack_n: int = 0
    ) -> EventList:
        """Sums of the events with the same name, and if asked for, the same shapes or line."""
        groups: dict[Any, AveragedEvent] = {}
        for event in self:
            shapes = event.input_shapes if group_by_input_shape else None
            stack = event.stack if group_by_stack_n else ""
            key = event.name, str(shapes), stack
            if key not in groups:
                groups[key] = AveragedEvent(event.name, shapes, stack)
            groups[key].add(event)
        return EventList(groups.values())

    def total_average(self) -> AveragedEvent:
        """The sum of all events."""
        total = AveragedEvent("Total")
        for event in self:
            total.add(event)
        return total

    def table(
        self,
        sort_by: str | None = None,
        row_limit: int = 100,
        max_name_column_width: int = 55,
        header: str | None = None,
    ) -> str:
        """A table of sums, one line each.

        Args:
            sort_by: a column: ``"cpu_time_total"``, ``"self_cpu_time_total"``, ``"cpu_time"``,
                ``"cpu_memory_usage"``, ``"self_cpu_memory_usage"``, ``"count"`` or ``"flops"``;
                largest first. In the order in which they came if it is ``None``.
            row_limit: at most so many lines; -1 for all.
            max_name_column_width: longer names are cut.
            header: a line above the table.

        Raises:
            ValueError: for an unknown column.
        """
        rows = self if all(isinstance(e, AveragedEvent) for e in self) else self.key_averages()
        total = sum(row.self_cpu_time_total for row in rows)
        lines = [_HEADINGS]
        for row in sorted_rows(rows, sort_by)[: None if row_limit < 0 else row_limit]:
            lines.append(_cells(row, total, max_name_column_width))
        if not any(row.flops for row in rows):
            lines = [line[:-3] + line[-2:] for line in lines]
        if not any(row.input_shapes for row in rows):
            lines = [line[:-2] + line[-1:] for line in lines]
        if not any(row.stack for row in rows):
            lines = [line[:-1] for line in lines]
        text = _aligned(lines) + f"\nSelf CPU time total: {time_text(total)}\n"
        return text if header is None else f"{header}\n{text}"

    def __str__(self) -> str:
        return self.table()


_HEADINGS = [
    "Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg", "Self memory",
    "Calls", "FLOPs", "Input shapes", "Line",
]  # fmt: skip
_SORTABLE = (
    "count", "cpu_memory_usage", "cpu_time", "cpu_time_total", "flops", "self_cpu_memory_usage",
    "self_cpu_time_total",
)  # fmt: skip


def sorted_rows(rows: Iterable[AveragedEvent], sort_by: str | None) -> list[AveragedEvent]:
    """Rows by a column, the largest first."""
    if sort_by is None:
        return list(rows)
    if sort_by not in _SORTABLE:
        raise ValueError(
            message(
                "table: no such column to sort by",
                expected="one of " + ", ".join(_SORTABLE),
                got=repr(sort_by),
            )
        )
    return sorted(rows, key=lambda row: getattr(row, sort_by), reverse=True)


def _cells(row: AveragedEvent, total: float, width: int) -> list[str]:
    name = row.key if len(row.key) <= width else row.key[: width - 3] + "..."
    return [
        name,
        f"{100 * row.self_cpu_time_total / total:.2f}%" if total else "-",
        time_text(row.self_cpu_time_total),
        f"{100 * row.cpu_time_total / total:.2f}%" if total else "-",
        time_text(row.cpu_time_total),
        time_text(row.cpu_time),
        memory_text(row.self_cpu_memory_usage),
        str(row.count),
        str(row.flops),
        str(row.input_shapes or ""),
        row.stack,
    ]


def _aligned(lines: list[list[str]]) -> str:
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    rule = "  ".join("-" * width for width in widths)
    shown = [
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths))
        )
        for line in lines
    ]
    return "\n".join([rule, shown[0], rule, *shown[1:], rule])


def time_text(microseconds: float) -> str:
    """Microseconds in a unit that suits them.

    Example:
        >>> time_text(1250.0)
        '1.250ms'
    """
    if microseconds >= 1e6:
        return f"{microseconds / 1e6:.3f}s"
    if microseconds >= 1e3:
        return f"{microseconds / 1e3:.3f}ms"
    return f"{microseconds:.3f}us"


def memory_text(count: int) -> str:
    """Bytes in a unit that suits them.

    Example:
        >>> memory_text(2048)
        '2.00 KB'
    """
    for unit, size in (("GB", 2**30), ("MB", 2**20), ("KB", 2**10)):
        if count >= size:
            return f"{count / size:.2f} {unit}"
    return f"{count} B"
