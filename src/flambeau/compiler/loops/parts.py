"""The functions that call nests and products one after another, alone or on all threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.module import Module
from flambeau.compiler.llvm.twister import STATE_BYTES
from flambeau.compiler.llvm.types import BYTES
from flambeau.compiler.llvm.value import Value as Register
from flambeau.compiler.loops.access import Access
from flambeau.compiler.loops.draw import DrawWriter
from flambeau.compiler.loops.elements import constant_of
from flambeau.compiler.loops.epilogue import TileEpilogue
from flambeau.compiler.loops.gemm import GemmFunctions
from flambeau.compiler.loops.looping import POINTERS, write_nested
from flambeau.compiler.loops.nest import NestWriter
from flambeau.compiler.loops.nest_memory import NestMemory
from flambeau.compiler.loops.product import Problem
from flambeau.compiler.loops.rows import places_of
from flambeau.compiler.loops.scan import ScanWriter
from flambeau.compiler.loops.schedule import Schedule
from flambeau.compiler.loops.slots import WAITING_BYTES, Slot, Slots, chunks_of, scratch_of
from flambeau.compiler.loops.steps import Draw, Guard, Nest, Nested, Product, Rows, Scan
from flambeau.compiler.record.program import Value
from flambeau.core.number import Number

SHARED_CYCLES = 60_000.0  # of a product: what is worth waking other threads for
SHARED_BYTES = 1 << 19  # of an operand that is packed
TABLE_LEAST = 8  # equal nests in a row that are called in a loop over a table of their memory


class PartWriter:
    """Writes functions ``void (ptr table)``, each for a stretch of steps.

    Args:
        module: where they go.
        schedule: where values lie in their memory.
        slots: which memory that is.
        writers: of all nests.
        products: problem and functions of all products.

    Attributes:
        numbers: the numbers that are read at each call, in the order of their array.
    """

    def __init__(
        self, module: Module, schedule: Schedule, slots: Slots,
        writers: dict[Nest, NestWriter], products: dict[Product, tuple[Problem, GemmFunctions]],
    ) -> None:  # fmt: skip
        self.module = module
        self.schedule = schedule
        self.slots = slots
        self.writers = writers
        self.products = products
        self.numbers: list[Number] = []
        self.names: dict[Any, str] = {}

    def write(self, name: str, steps: Sequence[Any], constants: Sequence[Value]) -> None:
        """Write one part: constants that must lie in memory, then the steps."""
        with self.module.function(name, [("ptr", "table")]) as f:
            places = _Places(f, self.slots)
            for value in constants:
                self._fill(f, places, value)
            drawn = self._drawn_before_guards(steps)
            self._copy_states(f, places, drawn, back=False)
            position = 0
            while position < len(steps):
                step = steps[position]
                count = 1
                if isinstance(step, Nest):
                    count = self._equal_nests(steps, position)
                    if count >= TABLE_LEAST:
                        self._call_in_a_loop(f, steps[position : position + count])
                    else:
                        for nest in steps[position : position + count]:
                            self._call_nest(f, places, nest)
                elif isinstance(step, Rows):
                    self._call_rows(f, step)
                elif isinstance(step, Scan):
                    self._call_scan(f, places, step)
                elif isinstance(step, Draw):
                    self._call_draw(f, places, step)
                elif isinstance(step, Nested):
                    self._run_nested(f, places, step)
                elif isinstance(step, Guard):
                    self._leave_if(f, places, step.flag, drawn)
                else:
                    self._call_product(f, places, step)
                position += count

    def _drawn_before_guards(self, steps: Sequence[Any]) -> list[Any]:
        """Generators that have been drawn from when a guard may end the part."""
        guards = [index for index, step in enumerate(steps) if isinstance(step, Guard)]
        before = steps[: guards[-1]] if guards else ()
        found = [step.generator for step in before if isinstance(step, Draw)]
        return list({id(generator): generator for generator in found}.values())

    def _copy_states(
        self, f: Function, places: _Places, generators: Sequence[Any], back: bool
    ) -> None:
        """Save the states of generators, or put them back."""
        f.module.declare("llvm.memcpy.p0.p0.i64", "void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
        for generator in generators:
            slots, number = self.slots, self.slots.number_of(generator)
            for name, slot, size in (
                ("state", slots.state_of(generator), STATE_BYTES),
                ("waiting", slots.waiting_of(generator), WAITING_BYTES),
            ):
                here, saved = places.address(slot), places.address(slots.scratch[name, number])
                target, source = (here, saved) if back else (saved, here)
                given = f"ptr {target}, ptr {source}, i64 {size}, i1 false"
                f.call(f"@llvm.memcpy.p0.p0.i64({given})")

    def _leave_if(self, f: Function, places: _Places, flag: Value, drawn: Sequence[Any]) -> None:
        """End the part, and with it the program, where an index is out of range."""
        wrong = f.load(places.address(self.slots.slots[flag]), "bool")
        status = places.address(self.slots.status)
        for generator in drawn:
            places.address(self.slots.state_of(generator))  # read before the branch
            places.address(self.slots.waiting_of(generator))
        with f.when(wrong):
            self._copy_states(f, places, drawn, back=True)
            f.store(f.constant(1), status)
            f.terminate("ret void")

    def _fill(self, f: Function, places: _Places, value: Value) -> None:
        dtype = value.spec.dtype.name
        number = f.constant(constant_of(self.schedule.constants[value]), dtype)
        address = places.address(self.slots.slots[value])
        with f.loop(0, value.spec.size) as loop:
            f.store(number, f.offset(address, loop.index, dtype))

    # --- nests --------------------------------------------------------------------------------

    def _name_of(self, nest: Nest) -> str:
        """The nest's function, shared by nests that differ in their memory only."""
        writer = self.writers[nest]
        signature = writer.signature
        name = self.names.get(signature)
        if name is None:
            name = self.names[signature] = f"nest{len(self.names)}"
            writer.write(self.module, name)
        return name

    def _memory_of(self, nest: Nest) -> list[Slot]:
        """Where the pointers of the nest's function point to."""
        found = []
        for value, offset in self.writers[nest].arguments():
            slot = self.slots.slots[value]
            found.append(Slot(slot.table, slot.offset + offset))
        found.append(self._numbers_of(self.writers[nest]))
        return found

    def _numbers_of(self, memory: NestMemory) -> Slot:
        """Where the numbers lie that a nest reads at each call."""
        start = len(self.numbers)
        self.numbers += memory.numbers.values()
        return Slot(self.slots.numbers, 8 * start)

    def _call_nest(self, f: Function, places: _Places, nest: Nest) -> None:
        if prod(nest.domain) == 0:
            return
        writer, name, memory = self.writers[nest], self._name_of(nest), self._memory_of(nest)
        if not writer.split:
            given = ", ".join(f"ptr {places.address(slot)}" for slot in memory)
            f.call(f"@{name}({given})")
            return
        self._in_parallel(
            f,
            writer.chunks,
            lambda f, places, index: self._call_chunk(f, places, writer, name, memory, index),
        )

    def _call_chunk(
        self, f: Function, places: _Places, writer: NestWriter, name: str, memory: list[Slot],
        index: Register,
    ) -> None:  # fmt: skip
        begin = index * writer.rows
        end = f.scalar.minimum(begin + writer.rows, writer.domain[0])
        given = ", ".join(f"ptr {places.address(slot)}" for slot in memory)
        f.call(f"@{name}({given}, i64 {begin.name}, i64 {end.name}, i64 {index.name})")

    def _call_rows(self, f: Function, step: Rows) -> None:
        """Each block of rows goes through all nests before the next one begins."""
        names = {nest: self._name_of(nest) for nest in step.nests}
        size = self.writers[step.nests[0]].domain[0]

        def chunk(f: Function, places: _Places, index: Register) -> None:
            first, last = (_share(i, step.blocks, step.chunks) for i in (index, index + 1))
            given = [self._pointers(f, places, step, nest, index) for nest in step.nests]
            with f.loop(first, last) as loop:
                begin = loop.index * step.rows
                end = f.scalar.minimum(begin + step.rows, size)
                span = f"i64 {begin.name}, i64 {end.name}, i64 {index.name}"
                fresh = loop.index == first
                for nest, pointers in zip(step.nests, given, strict=True):
                    moved = [
                        base if not row else f.offset(base, begin * -row, "int8")
                        for base, row in pointers
                    ]
                    passed = ", ".join(f"ptr {pointer}" for pointer in moved)
                    also = f", i1 {fresh.name}" if self.writers[nest].crossing else ""
                    f.call(f"@{names[nest]}({passed}, {span}{also})")

        self._in_parallel(f, step.chunks, chunk)

    def _pointers(
        self, f: Function, places: _Places, step: Rows, nest: Nest, index: Register
    ) -> list[tuple[str, int]]:
        """The pointers of a nest's function, and for what a chunk keeps itself a row's bytes:
        the first row of each block lies at the start of that memory."""
        offsets, size = places_of(step)
        found = []
        for value, offset in self.writers[nest].arguments():
            if value not in step.local:
                slot = self.slots.slots[value]
                found.append((places.address(Slot(slot.table, slot.offset + offset)), 0))
                continue
            base = places.address(self.slots.scratch[step, "local"])
            base = f.offset(base, index * size + offsets[value], "int8")
            found.append((base, step.local[value]))
        found.append((places.address(self._numbers_of(self.writers[nest])), 0))
        return found

    def _in_parallel(
        self, f: Function, chunks: int, write: Callable[[Function, _Places, Register], None]
    ) -> None:
        """Let all threads do ``write(function, places, i)`` for each i below ``chunks``."""
        name = f.fresh(f"{f.name}.chunk")
        with self.module.function(name, [("ptr", "table"), ("i64", "index")], internal=True) as g:
            write(g, _Places(g, self.slots), g.value("%index", "int64"))
        f.parallel_for(name, "%table", chunks)

    def _equal_nests(self, steps: Sequence[Any], position: int) -> int:
        """How many steps from ``position`` on are nests with one function, one after another."""
        first = self._callable_once(steps[position])
        count = 1
        while first is not None and position + count < len(steps):
            step = steps[position + count]
            if not isinstance(step, Nest) or self._callable_once(step) != first:
                break
            count += 1
        return count

    def _callable_once(self, nest: Nest) -> Any:
        """What a nest's function is told by, if one call of it is all."""
        writer = self.writers[nest]
        return None if writer.split or prod(nest.domain) == 0 else writer.signature

    def _call_in_a_loop(self, f: Function, nests: Sequence[Nest]) -> None:
        """Call one function for many nests: compile time does not grow with their number."""
        name = self._name_of(nests[0])
        rows = [self._memory_of(nest) for nest in nests]
        width = len(rows[0])
        words = [word for row in rows for slot in row for word in (slot.table, slot.offset)]
        table = self.module.table(f"{f.name}.{f.fresh('memory')}", words, "int64")
        with f.loop(0, len(nests)) as loop:
            row = f.offset(table, loop.index * (2 * width), "int64")
            given = []
            for place in range(width):
                entry = f.load(f.offset(row, 2 * place, "int64"), "int64")
                distance = f.load(f.offset(row, 2 * place + 1, "int64"), "int64")
                base = f.emit(f"load ptr, ptr {f.offset('%table', entry, 'int64')}, align 8")
                given.append(f"ptr {f.offset(base, distance, 'int8')}")
            f.call(f"@{name}({', '.join(given)})")

    def _call_scan(self, f: Function, places: _Places, step: Scan) -> None:
        instruction, accesses = step.instruction, self.schedule.accesses
        (source,), (output,) = instruction.values(), instruction.outputs
        writer = ScanWriter(instruction, accesses[source], accesses[output])
        signature = writer.signature()
        name = self.names.get(signature)
        if name is None:
            name = self.names[signature] = f"scan{len(self.names)}"
            writer.write(self.module, name)
        given = [self._operand(places, accesses[v]) for v in (source, output)]
        f.call(f"@{name}(ptr {given[0]}, ptr {given[1]})")

    def _call_draw(self, f: Function, places: _Places, step: Draw) -> None:
        writer = DrawWriter.of(step.instruction)
        signature = writer.signature()
        name = self.names.get(signature)
        if name is None:
            name = self.names[signature] = f"draw{len(self.names)}"
            writer.write(self.module, name)
        given = [places.address(self.slots.state_of(step.generator))]
        if writer.waits:
            given.append(places.address(self.slots.waiting_of(step.generator)))
        for value in (*step.instruction.outputs, *step.instruction.values()):
            given.append(self._operand(places, self.schedule.accesses[value]))
        f.call(f"@{name}({', '.join(f'ptr {x}' for x in given)})")

    def _run_nested(self, f: Function, places: _Places, step: Nested) -> None:
        first, accesses = self.slots.nested[step], self.schedule.accesses
        count = len(POINTERS) * len(step.codes)
        pointers = [places.address(Slot(first + i)) for i in range(count)]
        inputs = [self._operand(places, accesses[v]) for v in step.instruction.values()]
        outputs = [self._operand(places, accesses[v]) for v in step.instruction.outputs]
        write_nested(f, step, pointers, inputs, outputs)

    # --- products -----------------------------------------------------------------------------

    def _call_product(self, f: Function, places: _Places, step: Product) -> None:
        problem, made = self.products[step]
        if made.pack is not None:
            self._pack(f, places, step)
        chunks = chunks_of(made)
        hooks = self._hooks_of(problem)

        def run(f: Function, places: _Places, begin: str, end: str, index: Any) -> None:
            a, b = (self._operand(places, x) for x in (problem.first, problem.second))
            if made.pack is not None:
                packed = places.address(self.slots.scratch[step, "packed"])
                a, b = (packed, b) if made.packs == "a" else (a, packed)
            c = places.address(self._slot_of(self.schedule.accesses[step.target]))
            scratch = places.address(self.slots.scratch[step, "scratch"])
            if index is not None and made.scratch_bytes:
                scratch = f.offset(scratch, index * scratch_of(made), "int8")
            given = f"ptr {a}, ptr {b}, ptr {c}, ptr {scratch}, i64 {begin}, i64 {end}"
            also = "".join(f", ptr {places.address(slot)}" for slot in hooks)
            f.call(f"@{made.name}({given}{also})")

        if chunks == 1 or made.tasks * made.task_cycles < SHARED_CYCLES:
            run(f, places, "0", str(made.tasks), None)
            return

        def chunk(f: Function, places: _Places, index: Register) -> None:
            begin, end = (_share(i, made.tasks, chunks) for i in (index, index + 1))
            run(f, places, begin.name, end.name, index)

        self._in_parallel(f, chunks, chunk)

    def _hooks_of(self, problem: Problem) -> list[Slot]:
        """Where the pointers of what a product does on its way point to."""
        epilogue = problem.gemm.epilogue
        if not isinstance(epilogue, TileEpilogue):
            return []
        found = []
        for memory in epilogue.pointers:
            slot = self.slots.slots[memory.value]
            found.append(Slot(slot.table, slot.offset + memory.offset * BYTES[memory.dtype]))
        return [*found, self._numbers_of(epilogue)]

    def _pack(self, f: Function, places: _Places, step: Product) -> None:
        """Pack one operand for all tasks."""
        problem, made = self.products[step]

        def run(f: Function, places: _Places, begin: str, end: str) -> None:
            source = self._operand(places, problem.first if made.packs == "a" else problem.second)
            packed = places.address(self.slots.scratch[step, "packed"])
            f.call(f"@{made.pack}(ptr {source}, ptr {packed}, i64 {begin}, i64 {end})")

        chunks = min(made.pack_tasks, 8)
        if made.packed_bytes < SHARED_BYTES or chunks < 2:
            run(f, places, "0", str(made.pack_tasks))
            return

        def chunk(f: Function, places: _Places, index: Register) -> None:
            begin, end = (_share(i, made.pack_tasks, chunks) for i in (index, index + 1))
            run(f, places, begin.name, end.name)

        self._in_parallel(f, chunks, chunk)

    def _operand(self, places: _Places, access: Access) -> str:
        return places.address(self._slot_of(access))

    def _slot_of(self, access: Access) -> Slot:
        slot = self.slots.slots[access.root]
        return Slot(slot.table, slot.offset + access.offset * access.root.spec.dtype.itemsize)


def _share(index: Register, tasks: int, chunks: int) -> Register:
    """The first task of a chunk, where tasks are dealt out evenly."""
    builder = index.builder
    whole = builder.function.emit(f"mul i64 {index.name}, {tasks}")
    name = builder.function.emit(f"udiv i64 {whole}, {chunks}")
    return builder.function.value(name, "int64")


class _Places:
    """Addresses in one function, each entry of the table read once."""

    def __init__(self, f: Function, slots: Slots) -> None:
        self.f = f
        self.slots = slots
        self.bases: dict[int, str] = {}

    def address(self, slot: Slot) -> str:
        """The address of a slot."""
        f = self.f
        base = self.bases.get(slot.table)
        if base is None:
            place = f.offset("%table", slot.table, "int64")
            base = self.bases[slot.table] = f.emit(f"load ptr, ptr {place}, align 8")
        if slot.offset == 0:
            return base
        return f.emit(f"getelementptr i8, ptr {base}, i64 {slot.offset}")
