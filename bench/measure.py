"""Interleaved measurements: both sides in one run, medians, ratios."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable


def interleaved(
    sides: dict[str, Callable[[], object]],
    seconds: float = 1.0,
    rounds: int = 15,
    summary: Callable[[list[float]], float] = statistics.median,
) -> dict[str, float]:
    """Median microseconds per call of each side; rounds of all sides alternate.

    Args:
        sides: what to call, by name.
        seconds: about how long the whole measurement takes.
        rounds: how many rounds; the order of the sides is reversed in every other one.
        summary: what becomes of the rounds, if it is not their median.
    """
    counts = {name: _count(call, seconds / rounds / len(sides)) for name, call in sides.items()}
    times: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        names = list(sides) if number % 2 == 0 else list(sides)[::-1]
        for name in names:
            times[name].append(_time(sides[name], counts[name]) / counts[name] * 1e6)
    return {name: summary(t) for name, t in times.items()}


def _count(call: Callable[[], object], seconds: float) -> int:
    for _ in range(5):  # whatever is compiled or allocated at first
        call()
    once = max(min(_time(call, 3) for _ in range(3)) / 3, 1e-8)
    return max(1, int(seconds / once))


def _time(call: Callable[[], object], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        call()
    return time.perf_counter() - start


def machine() -> str:
    """One line about where a measurement was made."""
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as info:
            name = next(line.split(":")[1].strip() for line in info if "model name" in line)
    except (OSError, StopIteration):
        pass
    python = f"Python {platform.python_version()}"
    return f"{name}, {os.cpu_count()} cores, {platform.system()}, {python}"


def table(title: str, rows: list[tuple[str, dict[str, float]]], ours: str = "flambeau") -> str:
    """A table of microseconds with the ratio of ours to each other side."""
    others = [name for name in rows[0][1] if name != ours]
    head = [title, ours, *others, *[f"{ours} / {name}" for name in others]]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for label, times in rows:
        cells = [f"{times[ours]:.2f}", *[f"{times[n]:.2f}" for n in others]]
        cells += [f"{times[ours] / times[n]:.2f}" for n in others]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
