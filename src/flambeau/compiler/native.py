"""Native code for a whole program: memory, functions, and one call that runs them.

Instructions that have no native form run through NumPy between native parts; the program then
is several native calls with Python between them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from flambeau.compiler.execute import execute, execute_instruction
from flambeau.compiler.llvm.module import Module
from flambeau.compiler.loops.access import Access, direct
from flambeau.compiler.loops.gemm import emit_gemm
from flambeau.compiler.loops.nest import NestWriter, constant_of
from flambeau.compiler.loops.product import problem_of
from flambeau.compiler.loops.schedule import (
    Call,
    Guard,
    Nest,
    Product,
    Schedule,
    instructions_of,
)
from flambeau.compiler.loops.writes import Writes
from flambeau.compiler.record.program import Instruction, Program, Value
from flambeau.compiler.run.call import Signature, define_entry
from flambeau.compiler.run.engine import compile_module
from flambeau.core.number import Number, evaluate

ALIGNMENT = 64


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


class NativeProgram:
    """A program compiled to native code.

    Args:
        program: after all passes.

    Attributes:
        calls: names of operations that run through NumPy.
        text: the LLVM IR.
        seconds: how long generating and compiling took.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.schedule = Schedule(program)
        self._settle_products()
        self.writes = Writes(self.schedule)
        self.schedule.find_stored()
        self.module = Module()
        self.numbers: dict[int, tuple[int, Number]] = {}
        self._assign_memory()
        self._write()
        self._load()

    # --- memory -------------------------------------------------------------------------------

    def _settle_products(self) -> None:
        """Products that the generator cannot take run through NumPy."""
        steps = self.schedule.steps
        for index, step in enumerate(steps):
            if isinstance(step, Product):
                inputs = [x for x in step.instruction.inputs if isinstance(x, Value)]
                constant = any(self.schedule.accesses[x].root in self.schedule.constants for x in inputs)
                problem = None if constant else problem_of(step.instruction, self.schedule.accesses)
                if problem is None:
                    steps[index] = Call(step.instruction)
        self.calls = [s.instruction.operation.name for s in steps if isinstance(s, Call)]

    def _assign_memory(self) -> None:
        """Table entries for buffers, results, the arena and numbers; places in the arena."""
        program, schedule = self.program, self.schedule
        self.slots: dict[Value, Slot] = {}
        for value in program.buffers:
            self.slots[value] = Slot(len(self.slots))
        self.result_roots = []
        for value in program.results:
            root = schedule.accesses[value].root
            if root not in self.slots:
                self.slots[root] = Slot(len(program.buffers) + len(self.result_roots))
                self.result_roots.append(root)
        for value, buffer in self.writes.direct.items():
            self.slots[value] = self.slots[buffer]
        for buffer, value in self.writes.copies:
            self.slots[value] = self.slots[buffer]
        self.arena_entry = len(program.buffers) + len(self.result_roots)
        self.numbers_entry = self.arena_entry + 1
        self.arena_size = 0
        for step in schedule.steps:
            for instruction in instructions_of(step):
                for value in instruction.outputs:
                    self._place(value, step)
        for value in schedule.constants:
            if value in schedule.needed and value not in self.slots:
                self._place_in_arena(value)
        table = self.numbers_entry + 1
        self.table_size = table
        self.guarded = any(isinstance(step, Guard) for step in schedule.steps)
        self.status = Slot(self.arena_entry, self.arena_size)
        self.arena_size += ALIGNMENT

    def _place(self, value: Value, step: Any) -> None:
        if value in self.slots:
            return
        inside = isinstance(step, Nest) and any(value is i.outputs[0] for i in step.body)
        if not inside or value in step.stored:
            self._place_in_arena(value)

    def _place_in_arena(self, value: Value) -> None:
        self.slots[value] = Slot(self.arena_entry, self.arena_size)
        size = value.spec.size * value.spec.dtype.itemsize
        self.arena_size += -(-max(size, 1) // ALIGNMENT) * ALIGNMENT

    # --- code ---------------------------------------------------------------------------------

    def _write(self) -> None:
        """One function for each stretch of native steps, and an entry for each."""
        self.parts: list[str | Instruction] = []
        self.functions: dict[Any, tuple[str, list[Any]]] = {}
        stretch: list[Any] = []
        constants = [v for v in self.schedule.constants if v in self.slots]
        for step in [*self.schedule.steps, None]:
            if isinstance(step, (Nest, Product, Guard)):
                stretch.append(step)
                continue
            if stretch or constants:
                self._write_part(stretch, constants)
                stretch, constants = [], []
            if step is not None:
                self.parts.append(step.instruction)

    def _write_part(self, steps: list[Any], constants: list[Value]) -> None:
        name = f"part{len(self.parts)}"
        lines: list[Any] = []
        with self.module.function(name, [("ptr", "table")]) as f:
            self._pointers: dict[int, str] = {}
            for value in constants:
                self._fill(f, value)
            for step in steps:
                if isinstance(step, Nest):
                    self._call_nest(f, step)
                elif isinstance(step, Guard):
                    self._leave_if(f, step.flag)
                else:
                    self._call_product(f, step)
        self.parts.append(define_entry(self.module, name, name, Signature((), self.table_size)))
        del lines

    def _address(self, f: Any, slot: Slot, extra: int = 0) -> str:
        """The address of a slot, its table entry read once per function."""
        base = self._pointers.get(slot.table)
        if base is None:
            place = f.offset("%table", slot.table, "int64")
            base = self._pointers[slot.table] = f.emit(f"load ptr, ptr {place}, align 8")
        distance = slot.offset + extra
        return base if distance == 0 else f.emit(f"getelementptr i8, ptr {base}, i64 {distance}")

    def _leave_if(self, f: Any, flag: Value) -> None:
        """End the part, and with it the program, where an index is out of range."""
        wrong = f.load(self._address(f, self.slots[flag]), "bool")
        with f.when(wrong):
            f.store(f.constant(1), self._address(f, self.status))
            f.terminate("ret void")

    def _fill(self, f: Any, value: Value) -> None:
        dtype = value.spec.dtype.name
        number = f.constant(constant_of(self.schedule.constants[value]), dtype)
        address = self._address(f, self.slots[value])
        with f.loop(0, value.spec.size) as loop:
            f.store(number, f.offset(address, loop.index, dtype))

    def _call_nest(self, f: Any, nest: Nest) -> None:
        if prod(nest.domain) == 0:
            return
        writer = NestWriter(self.schedule, nest, self.module)
        name = f"nest{len(self.functions)}"
        self.functions[name] = (name, [])
        writer.write(name)
        addresses = [self._address(f, self.slots[v]) for v in writer.arguments()]
        numbers = self._numbers_of(f, list(writer.numbers.values()))
        given = ", ".join(f"ptr {a}" for a in [*addresses, numbers])
        f.call(f"@{name}({given})")

    def _numbers_of(self, f: Any, numbers: list[Number]) -> str:
        """The address of consecutive doubles that hold these numbers."""
        if not numbers:
            return self._address(f, Slot(self.numbers_entry))
        start = len(self.numbers)
        for number in numbers:
            self.numbers[len(self.numbers)] = (len(self.numbers), number)
        return self._address(f, Slot(self.numbers_entry), start * 8)

    def _call_product(self, f: Any, step: Product) -> None:
        instruction = step.instruction
        problem = problem_of(instruction, self.schedule.accesses)
        assert problem is not None
        key = ("gemm", problem.gemm)
        found = self.functions.get(key)
        if found is None:
            made = emit_gemm(self.module, f"gemm{len(self.functions)}", problem.gemm)
            found = self.functions[key] = (made.name, [made])
        made = found[1][0]
        a = self._operand(f, problem.first)
        b = self._operand(f, problem.second)
        c = self._address(f, self.slots[instruction.outputs[0]])
        scratch = self._scratch(f, made.scratch_bytes)
        packed = None
        if made.pack is not None:
            packed = self._scratch(f, made.packed_bytes)
            source = a if made.packs == "a" else b
            f.call(f"@{made.pack}(ptr {source}, ptr {packed}, i64 0, i64 {made.pack_tasks})")
            a, b = (packed, b) if made.packs == "a" else (a, packed)
        f.call(
            f"@{made.name}(ptr {a}, ptr {b}, ptr {c}, ptr {scratch}, i64 0, i64 {made.tasks})"
        )

    def _operand(self, f: Any, access: Access) -> str:
        itemsize = access.root.spec.dtype.itemsize
        return self._address(f, self.slots[access.root], access.offset * itemsize)

    def _scratch(self, f: Any, size: int) -> str:
        slot = Slot(self.arena_entry, self.arena_size)
        self.arena_size += -(-max(size, 1) // ALIGNMENT) * ALIGNMENT
        return self._address(f, slot)

    # --- loading ------------------------------------------------------------------------------

    def _load(self) -> None:
        names = [p for p in self.parts if isinstance(p, str)]
        self.handle = compile_module(self.module, names) if names else None
        signature = Signature((), self.table_size)
        self.entries: list[Any] = [
            self.handle.entry(p, signature) if isinstance(p, str) else p for p in self.parts
        ]
        self.memory = _aligned(self.arena_size)
        self.number_values = np.zeros(max(len(self.numbers), 1))
        place = self.status.offset
        self.status_word = self.memory[place : place + 8].view(np.int64)
        self.status_word[0] = 0
        self.tables = [e.__self__ for e in self.entries if not isinstance(e, Instruction)]
        for table in self.tables:
            table[self.arena_entry] = self.memory.ctypes.data
            table[self.numbers_entry] = self.number_values.ctypes.data
        self.arena_arrays = {
            value: self._in_arena(value)
            for value, slot in self.slots.items()
            if slot.table == self.arena_entry
        }

    def _in_arena(self, value: Value) -> np.ndarray:
        spec, start = value.spec, self.slots[value].offset
        return _over(value, self.memory[start : start + spec.size * spec.dtype.itemsize])

    # --- running ------------------------------------------------------------------------------

    def __call__(
        self, buffers: Sequence[np.ndarray], read: Callable[[Number], Any]
    ) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Compute results and write to buffers.

        Returns:
            The results, and for each write the array that now holds it: the buffer's own.
        """
        arrays: dict[Value, np.ndarray] = dict(self.arena_arrays)
        arrays.update(zip(self.program.buffers, buffers, strict=True))
        for root in self.result_roots:
            arrays[root] = _empty(root)
        for position, number in self.numbers.values():
            self.number_values[position] = evaluate(number, read)
        for table in self.tables:
            for value, slot in self.slots.items():
                if slot.table < self.arena_entry and value in arrays:
                    table[slot.table] = arrays[value].ctypes.data
        for entry in self.entries:
            if isinstance(entry, Instruction):
                self._call(entry, arrays, read)
            else:
                entry()
                if self.failed():
                    execute(self.program, buffers, read)  # raises what eager code would
        results = [self._seen(v, arrays) for v in self.program.results]
        for buffer, value in self.writes.slow:
            np.copyto(arrays[buffer], self._seen(value, arrays))
        return results, [arrays[buffer] for buffer, _ in self.program.writes]

    def failed(self) -> bool:
        """Whether the last native part has found an index out of range; nothing has changed then.

        To be asked after every native part if ``guarded``.
        """
        if not self.guarded or not self.status_word[0]:
            return False
        self.status_word[0] = 0
        return True

    def _call(self, instruction: Instruction, arrays: dict, read: Callable) -> None:
        """Run an instruction through NumPy, on the memory of the native parts."""
        values = {v: self._seen(v, arrays) for v in instruction.values()}
        outs = execute_instruction(instruction, values, read)
        for value, array in zip(instruction.outputs, outs, strict=True):
            if value in arrays:
                np.copyto(arrays[value], array)
            else:
                arrays[value] = array

    def _seen(self, value: Value, arrays: dict[Value, np.ndarray]) -> np.ndarray:
        """A value's array: its memory, or a view of its root's."""
        if value in arrays:
            return arrays[value]
        constant = self.schedule.constants.get(value)
        if constant is not None:
            return np.full(value.spec.shape, constant_of(constant), value.spec.dtype)
        access = self.schedule.accesses[value]
        if prod(access.shape) == 0:
            return np.empty(access.shape, value.spec.dtype)
        whole = arrays[access.root]
        itemsize = whole.dtype.itemsize
        strides = tuple(s * itemsize for s in access.strides)
        if direct(access.root).offset == access.offset == 0 and access.shape == whole.shape:
            if strides == whole.strides:
                return whole
        flat = whole.reshape(-1) if whole.flags.c_contiguous else whole.ravel("K")
        return np.ndarray(access.shape, whole.dtype, flat, access.offset * itemsize, strides)


def _aligned(size: int) -> np.ndarray:
    """Bytes whose address is a multiple of the alignment."""
    block = np.empty(size + ALIGNMENT, np.uint8)
    start = -block.ctypes.data % ALIGNMENT
    return block[start : start + size]


def _empty(value: Value) -> np.ndarray:
    size = value.spec.size * value.spec.dtype.itemsize
    return _over(value, np.empty(max(size, 1), np.uint8))


def _over(value: Value, block: np.ndarray) -> np.ndarray:
    """A value's array over a block of bytes."""
    itemsize = value.spec.dtype.itemsize
    strides = tuple(s * itemsize for s in direct(value).strides)
    return np.ndarray(value.spec.shape, value.spec.dtype, block, 0, strides)


