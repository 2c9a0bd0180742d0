"""Where each value of a program lies: in a buffer, a result or the arena."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.compiler.llvm.twister import STATE_BYTES
from flambeau.compiler.loops.arena import ALIGNMENT, Arena
from flambeau.compiler.loops.gemm import GemmFunctions
from flambeau.compiler.loops.looping import POINTERS
from flambeau.compiler.loops.rows import places_of
from flambeau.compiler.loops.schedule import Schedule
from flambeau.compiler.loops.steps import (
    Draw,
    Guard,
    Nested,
    Product,
    Rows,
    Step,
    instructions_of,
    nest_of_step,
)
from flambeau.compiler.loops.writes import Writes
from flambeau.compiler.record.program import Value

STATUS_BYTES = 8
WAITING_BYTES = 8
MOST_CHUNKS = 16


class Slot:
    """Where a value lies while the program runs.

    Attributes:
        table: the entry of the pointer table that holds the address of its memory.
        offset: bytes from there.
    """

    __slots__ = ("offset", "table")

    def __init__(self, table: int, offset: int = 0) -> None:
        self.table = table
        self.offset = offset


class Slots:
    """The pointer table of a program, and the places in its arena.

    The table's entries are the buffers, the results that the program makes, the arena and the
    numbers.

    Args:
        schedule: what runs, with the products that are generated.
        writes: what is computed in a buffer's memory.
        products: the functions of each product, which may need memory to work in.

    Attributes:
        slots: of every value that has memory.
        result_roots: the values whose memory is made anew at each call.
        arena, numbers: these entries of the table.
        generators: the random generators whose states the table's last entries point to; and the
            normal samples that wait in them.
        size: of the table.
        arena_size: in bytes.
        status: a word that says an index was out of range.
    """

    def __init__(
        self, schedule: Schedule, writes: Writes, products: dict[Product, GemmFunctions]
    ) -> None:
        self.schedule = schedule
        self.writes = writes
        program = schedule.program
        self.slots: dict[Value, Slot] = {}
        self.result_roots: list[Value] = []
        for value in program.buffers:
            self.slots[value] = Slot(len(self.slots))
        for value in program.results:
            root = schedule.accesses[value].root
            if root not in self.slots:
                self.slots[root] = Slot(len(program.buffers) + len(self.result_roots))
                self.result_roots.append(root)
        for value, buffer in writes.direct.items():
            self.slots[value] = self.slots[buffer]
        for buffer, value in writes.copies:
            self.slots[value] = self.slots[buffer]
        self.arena = len(program.buffers) + len(self.result_roots)
        self.numbers = self.arena + 1
        drawn = [step.generator for step in schedule.steps if isinstance(step, Draw)]
        self.generators = list({id(generator): generator for generator in drawn}.values())
        self.size = self.numbers + 1 + 2 * len(self.generators)
        self.nested: dict[Nested, int] = {}
        for step in schedule.steps:
            if isinstance(step, Nested):
                self.nested[step] = self.size
                self.size += len(POINTERS) * len(step.codes)
        self._plan_arena(products)

    def state_of(self, generator: Any) -> Slot:
        """Where a generator's state lies."""
        return Slot(self.numbers + 1 + self.number_of(generator))

    def waiting_of(self, generator: Any) -> Slot:
        """Where the normal sample lies that waits in a generator."""
        return Slot(self.numbers + 1 + len(self.generators) + self.number_of(generator))

    def number_of(self, generator: Any) -> int:
        """Which of the generators it is."""
        return [each is generator for each in self.generators].index(True)

    def _plan_arena(self, products: dict[Product, GemmFunctions]) -> None:
        arena = Arena()
        end = len(self.schedule.steps)
        for value, (first, last) in self._lives().items():
            if value not in self.slots:
                arena.ask(value, value.spec.size * value.spec.dtype.itemsize, first, last)
        for step, work in enumerate(self.schedule.steps):
            if isinstance(work, Product):
                made = products[work]
                arena.ask((work, "scratch"), scratch_of(made) * chunks_of(made), step, step)
                arena.ask((work, "packed"), made.packed_bytes, step, step)
            if isinstance(work, Rows):
                arena.ask((work, "local"), places_of(work)[1] * work.chunks, step, step)
        arena.ask("status", STATUS_BYTES, -1, end)
        for number in range(len(self.generators)):
            arena.ask(("state", number), STATE_BYTES, -1, end)
            arena.ask(("waiting", number), WAITING_BYTES, -1, end)
        arena.settle()
        self.arena_size = arena.size
        self.status = Slot(self.arena, arena.offsets.pop("status"))
        self.scratch: dict[Any, Slot] = {}
        for key, offset in arena.offsets.items():
            if isinstance(key, Value):
                self.slots[key] = Slot(self.arena, offset)
            else:
                self.scratch[key] = Slot(self.arena, offset)

    def _lives(self) -> dict[Value, tuple[int, int]]:
        """The first and the last step that need each value's memory."""
        schedule, end = self.schedule, len(self.schedule.steps)
        lives: dict[Value, tuple[int, int]] = {}

        def use(value: Value, step: int) -> None:
            first, last = lives.get(value, (step, step))
            lives[value] = (min(first, step), max(last, step))

        for value in schedule.constants:
            if value in schedule.needed:
                use(value, -1)
                use(value, end)
        for value in schedule.tables:
            use(value, -1)
            use(value, end)
        for index, step in enumerate(schedule.steps):
            if isinstance(step, Guard):
                use(step.flag, index)
                continue
            if isinstance(step, Rows):
                for nest in step.nests:
                    self._note_uses(nest, index, use)
                for value in step.local:
                    del lives[value]
            else:
                self._note_uses(step, index, use)
        for _, value in self.writes.slow:
            use(schedule.accesses[value].root, end)
        return lives

    def _note_uses(self, step: Step, index: int, use: Callable[[Value, int], None]) -> None:
        """What a step needs in memory: not what one of its loops makes and uses itself."""
        schedule, nest = self.schedule, nest_of_step(step)
        made = set() if nest is None else {i.outputs[0] for i in nest.body}
        if isinstance(step, Product) and step.target is not step.instruction.outputs[0]:
            made.update(step.instruction.outputs)
        for instruction in instructions_of(step):
            for value in instruction.values():
                root = schedule.accesses[value].root
                if value not in made and root not in made and root not in schedule.constants:
                    use(root, index)
            for value in instruction.outputs:
                if value not in made or (nest is not None and value in nest.stored):
                    use(schedule.accesses[value].root, index)


def scratch_of(product: GemmFunctions) -> int:
    """The bytes that one chunk of a product works in, so that all chunks' are aligned."""
    return -(-product.scratch_bytes // ALIGNMENT) * ALIGNMENT


def chunks_of(product: GemmFunctions) -> int:
    """Into how many parts a product's tasks are divided; each has scratch memory of its own."""
    return max(1, min(product.tasks, MOST_CHUNKS))
