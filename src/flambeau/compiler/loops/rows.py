"""Nests that walk the same rows, run together block by block.

A softmax takes three walks over its input. Row by row each walk finds what the one before left in
the cache, where whole arrays would not fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from flambeau.compiler.loops import nest as nests
from flambeau.compiler.loops.access import direct
from flambeau.compiler.loops.accumulators import reduced_dims
from flambeau.compiler.loops.nest import NestWriter
from flambeau.compiler.loops.schedule import Schedule
from flambeau.compiler.loops.steps import Nest, Rows, Step
from flambeau.compiler.loops.writes import Writes
from flambeau.compiler.record.program import Value

BLOCK_BYTES = 96 << 10  # what all walks of a block touch: it should stay in the second cache
LEAST_BLOCKS = 2


def grouped(schedule: Schedule, writes: Writes, writers: dict[Nest, NestWriter]) -> Iterator[Step]:
    """The steps, with nests that follow each other along rows as one step.

    Args:
        schedule: the steps.
        writes: which values are computed in a buffer, where old content may still be read.
        writers: receives the writers of the grouped nests.
    """
    steps, position = schedule.steps, 0
    while position < len(steps):
        made = _longest(schedule, writes, position)
        if made is None:
            yield steps[position]
            position += 1
            continue
        rows, found = made
        writers.update(found)
        yield rows
        position += len(rows.nests)


def _longest(
    schedule: Schedule, writes: Writes, position: int
) -> tuple[Rows, dict[Nest, NestWriter]] | None:
    """The group that begins at a step; ``None`` if the step does better alone."""
    first = schedule.steps[position]
    if not isinstance(first, Nest):
        return None
    for leading in range(len(first.domain) - 1, 0, -1):
        group = _Group(schedule, writes, first.domain[:leading])
        for step in schedule.steps[position:]:
            if not isinstance(step, Nest) or not group.takes(step):
                break
        made = group.finished()
        if made is not None:
            return made
    return None


class _Group:
    """Nests over the same leading dimensions, each reading its own rows only of the others."""

    def __init__(self, schedule: Schedule, writes: Writes, rows: tuple[int, ...]) -> None:
        self.schedule = schedule
        self.direct = writes.direct
        self.rows = rows
        self.nests: list[Nest] = []
        self.made: set[Value] = set()
        self.linked = False

    def takes(self, nest: Nest) -> bool:
        """Add a nest, if it belongs to the group."""
        count = len(self.rows)
        if nest.scatters or nest.domain[:count] != self.rows or 0 in nest.domain:
            return False
        for instruction in nest.reductions:
            if min(reduced_dims(instruction, len(nest.domain))) < count:
                return False
        if any(not self._is_own(v) for v in nest.stored) or not self._reads_rows(nest):
            return False
        self.nests.append(nest)
        self.made.update(nest.stored)
        self.made.update(i.outputs[0] for i in nest.reductions)
        return True

    def _is_own(self, value: Value) -> bool:
        """Whether a value has memory of its own, whose old content nobody wants."""
        own = self.schedule.accesses[value].root is value
        return own and value.kind != "buffer" and value not in self.direct

    def _reads_rows(self, nest: Nest) -> bool:
        """Whether what the nest reads of the group's values are the rows that it computes."""
        inside = {i.outputs[0] for i in nest.body}
        for instruction in (*nest.body, *nest.reductions):
            for value in instruction.values():
                root = self.schedule.accesses[value].root
                if value in inside or root not in self.made:
                    continue
                if instruction in self.schedule.indexed or not self._is_aligned(value, nest):
                    return False
                self.linked = True
        return True

    def _is_aligned(self, value: Value, nest: Nest) -> bool:
        access, count = self.schedule.accesses[value], len(self.rows)
        own = direct(access.root)
        if access.offset or access.root.spec.shape[:count] != self.rows:
            return False
        strides = access.over(nest.domain)[:count]
        pairs = zip(strides, own.strides[:count], self.rows, strict=True)
        return all(a == b or size == 1 for a, b, size in pairs)

    def finished(self) -> tuple[Rows, dict[Nest, NestWriter]] | None:
        """The group as a step, if it is worth it."""
        if len(self.nests) < 2 or not self.linked:
            return None
        count, size = len(self.rows), prod(self.rows)
        writers = {nest: NestWriter(self.schedule, nest, count) for nest in self.nests}
        found = list(writers.values())
        if any(w.domain[0] != size for w in found):
            return None
        if sum(w.nanoseconds for w in found) < nests.SHARED_NANOSECONDS:
            return None
        block = max(1, BLOCK_BYTES * size // sum(w.bytes for w in found))
        if -(-size // block) < LEAST_BLOCKS:
            return None
        for writer in found:
            writer.cut(block)
        return Rows(self.nests, -(-size // block)), writers
