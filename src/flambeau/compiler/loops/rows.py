"""Nests that walk the same rows, run together block by block.

A softmax takes three walks over its input. Row by row each walk finds what the one before left in
the cache, where whole arrays would not fit; and what only these walks use need not lie in memory
as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from flambeau.compiler.loops import nest as nests
from flambeau.compiler.loops.access import direct
from flambeau.compiler.loops.accumulators import reduced_dims
from flambeau.compiler.loops.arena import ALIGNMENT
from flambeau.compiler.loops.nest import NestWriter
from flambeau.compiler.loops.schedule import Schedule
from flambeau.compiler.loops.steps import Guard, Nest, Product, Rows, Step, instructions_of
from flambeau.compiler.loops.writes import Writes
from flambeau.compiler.record.program import Instruction, Value
from flambeau.core.shapes import contiguous_strides

BLOCK_BYTES = 96 << 10  # what all walks of a block touch: it should stay in the second cache
LEAST_BLOCKS, MOST_CHUNKS, MOST_LATER = 2, 16, 8


def plan_nests(schedule: Schedule, writes: Writes) -> dict[Nest, NestWriter]:
    """How each nest is looped over.

    Nests that follow each other along rows become one step. What chunks leave to combine comes
    as further nests.

    Args:
        schedule: the steps, which change.
        writes: which values are computed in a buffer, where old content may still be read.
    """
    writers: dict[Nest, NestWriter] = {}
    steps: list[Step] = []
    for step in _grouped(schedule, writes, writers):
        steps.append(step)
        if isinstance(step, Nest):
            writers[step] = NestWriter(schedule, step)
        for nest in step.nests if isinstance(step, Rows) else [step]:
            if isinstance(nest, Nest):
                steps += writers[nest].combining()
    schedule.steps = steps
    for step in steps:
        if isinstance(step, Nest) and step not in writers:
            writers[step] = NestWriter(schedule, step)
    return writers


def _grouped(schedule: Schedule, writes: Writes, writers: dict[Nest, NestWriter]) -> Iterator[Step]:
    """The steps, some of them together; ``writers`` receives those of the grouped nests."""
    steps, readers = list(schedule.steps), _readers(schedule)
    while steps:
        made = _longest(schedule, writes, readers, steps)
        if made is None:
            yield steps.pop(0)
            continue
        rows, found = made
        writers.update(found)
        yield rows
        together = set(rows.nests)
        steps = [step for step in steps if step not in together]


def _readers(schedule: Schedule) -> dict[Value, set[Step | None]]:
    """The steps that need the memory of each value; ``None`` stands for the program's end."""
    program, found = schedule.program, {}
    for value in [*program.results, *[v for _, v in program.writes]]:
        found.setdefault(schedule.accesses[value].root, set()).add(None)
    for step in schedule.steps:
        if isinstance(step, Guard):
            found.setdefault(step.flag, set()).add(step)
        for instruction in instructions_of(step):
            for value in instruction.values():
                found.setdefault(schedule.accesses[value].root, set()).add(step)
    return found


def _longest(
    schedule: Schedule, writes: Writes, readers: dict[Value, set[Step | None]], steps: list[Step]
) -> tuple[Rows, dict[Nest, NestWriter]] | None:
    """The group that begins at the first step; ``None`` if the step does better alone."""
    first = steps[0]
    if not isinstance(first, Nest):
        return None
    for leading in range(len(first.domain) - 1, 0, -1):
        group = _Group(schedule, writes, first.domain[:leading])
        for step in steps:
            if isinstance(step, Nest) and group.takes(step):
                continue
            if not isinstance(step, (Nest, Product)) or len(group.later) == MOST_LATER:
                break
            group.leave(step)
        made = group.finished(readers)
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
        self.crossed: set[Value] = set()
        self.later: set[Value] = set()
        self.linked = False

    def takes(self, nest: Nest) -> bool:
        """Add a nest, if it belongs to the group."""
        count = len(self.rows)
        if nest.scatters or nest.domain[:count] != self.rows or 0 in nest.domain:
            return False
        # Across some of the rows' dimensions only, what chunks collect would not be one sum.
        if any(self._crossed(i, nest) not in (0, count) for i in nest.reductions):
            return False
        rowwise = [i.outputs[0] for i in nest.reductions if not self._crossed(i, nest)]
        if any(not self._is_own(v) for v in [*nest.stored, *rowwise]) or not self._reads_rows(nest):
            return False
        self.nests.append(nest)
        self.made.update(nest.stored)
        for instruction in nest.reductions:
            made = self.crossed if self._crossed(instruction, nest) else self.made
            made.add(self.schedule.accesses[instruction.outputs[0]].root)
        return True

    def leave(self, step: Step) -> None:
        """Let a step run after the group, which then must not need what it makes."""
        for instruction in instructions_of(step):
            self.later.update(self.schedule.accesses[v].root for v in instruction.outputs)

    def _crossed(self, instruction: Instruction, nest: Nest) -> int:
        """Across how many of the dimensions that make up the rows a reduction goes."""
        dims = reduced_dims(instruction, len(nest.domain))
        return sum(d < len(self.rows) for d in dims)

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
                if root in self.crossed or root in self.later:
                    return False  # it is known when all rows are done
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

    def finished(
        self, readers: dict[Value, set[Step | None]]
    ) -> tuple[Rows, dict[Nest, NestWriter]] | None:
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
        blocks = -(-size // block)
        chunks = min(blocks, MOST_CHUNKS)
        left = sum(i.outputs[0].spec.size for w in found for i in w.crossing)
        if blocks < LEAST_BLOCKS or left * chunks * 4 > sum(prod(w.domain) for w in found):
            return None
        local = self._local(readers, size)
        for writer in found:
            writer.cut(block, chunks)
        return Rows(self.nests, block, blocks, chunks, local), writers

    def _local(self, readers: dict[Value, set[Step | None]], rows: int) -> dict[Value, int]:
        """Values of the group that nobody else reads, and the bytes that a row of them has."""
        count, found = len(self.rows), {}
        for value in self.made:
            spec = value.spec
            contiguous = direct(value).strides == contiguous_strides(spec.shape)
            mine = readers.get(value, set()) <= set(self.nests)
            if mine and contiguous and spec.shape[:count] == self.rows:
                found[value] = spec.size // rows * spec.dtype.itemsize
        return found


def places_of(step: Rows) -> tuple[dict[Value, int], int]:
    """Where a chunk keeps its values, in bytes from its scratch memory, and that memory's size."""
    places, size = {}, 0
    for value, row in sorted(step.local.items(), key=lambda item: item[0].number):
        places[value] = size
        size += -(-row * step.rows // ALIGNMENT) * ALIGNMENT
    return places, size
