"""Native code for a whole program: memory, functions, and one call that runs them.

Instructions that have no native form run through NumPy between native parts; the program then
is several native calls with Python between them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from math import prod
from time import perf_counter
from typing import Any

import numpy as np

from flambeau.compiler.execute import execute, execute_instruction
from flambeau.compiler.llvm.module import Module
from flambeau.compiler.loops.absorption import absorb_nests, choose_targets
from flambeau.compiler.loops.access import direct
from flambeau.compiler.loops.arena import ALIGNMENT
from flambeau.compiler.loops.elements import constant_of
from flambeau.compiler.loops.epilogue import TileEpilogue
from flambeau.compiler.loops.gemm import GemmFunctions, emit_gemm
from flambeau.compiler.loops.parts import PartWriter
from flambeau.compiler.loops.product import Problem, is_batched, problem_of
from flambeau.compiler.loops.rows import plan_nests
from flambeau.compiler.loops.schedule import Schedule
from flambeau.compiler.loops.slots import Slots
from flambeau.compiler.loops.steps import Call, Draw, Guard, Nest, Nested, Product, Rows, Scan
from flambeau.compiler.loops.writes import Writes
from flambeau.compiler.passes.draws import generator_of
from flambeau.compiler.record.program import Instruction, Program, Value
from flambeau.compiler.run.call import Signature, define_entry
from flambeau.compiler.run.engine import compile_module
from flambeau.core.memory import address, owner, strided
from flambeau.core.number import Number, evaluate


class NativeProgram:
    """A program compiled to native code.

    Args:
        program: after all passes.
        original: before them; it says what is wrong where a guard has found something.

    Attributes:
        schedule: the steps that it consists of.
        calls: names of operations that run through NumPy.
        generators: that it draws from.
        slots: where each value lies.
        result_roots: the values whose memory is made anew at each call.
        numbers: by position in ``number_values``, that position and the number.
        parts: entries of native parts, and the instructions between them.
        table_size: how many pointers a native part is given.
    """

    def __init__(self, program: Program, original: Program | None = None) -> None:
        self.program = program
        self.original = original or program
        self.schedule = Schedule(program)
        self.module = Module()
        problems = self._find_products()
        absorb_nests(self.schedule, problems, self.module.target)
        self.calls = [
            s.instruction.operation.name for s in self.schedule.steps if isinstance(s, Call)
        ]
        self.writes = Writes(self.schedule)
        self.schedule.find_stored()
        choose_targets(self.schedule, self.writes)
        self.products = self._write_products(problems)
        self.writers = plan_nests(self.schedule, self.writes)
        made = {step: functions for step, (_, functions) in self.products.items()}
        drawn = map(generator_of, program.instructions)
        self.generators = list({id(g): g for g in drawn if g is not None}.values())
        self._remember(Slots(self.schedule, self.writes, made))
        self._write()
        self._load()

    # --- code ---------------------------------------------------------------------------------

    def _find_products(self) -> dict[Product, Problem]:
        """The products that are generated; those that cannot be go to NumPy."""
        schedule, found = self.schedule, {}
        for index, step in enumerate(schedule.steps):
            if not isinstance(step, Product):
                continue
            problem = problem_of(step.instruction, schedule.accesses)
            if problem is None:
                schedule.steps[index] = Call(step.instruction)
                continue
            found[step] = problem
            roots = [schedule.accesses[x].root for x in step.instruction.values()]
            schedule.needed.update(x for x in roots if x in schedule.constants)
        return found

    def _write_products(
        self, problems: dict[Product, Problem]
    ) -> dict[Product, tuple[Problem, GemmFunctions]]:
        """The functions of all products, shared by equal ones."""
        found = {}
        made: dict[Any, GemmFunctions] = {}
        for step, problem in problems.items():
            if step.nest is not None:
                epilogue = TileEpilogue(self.schedule, step, is_batched(step.instruction))
                problem.gemm = replace(problem.gemm, epilogue=epilogue)
            if problem.gemm not in made:
                made[problem.gemm] = emit_gemm(self.module, f"gemm{len(made)}", problem.gemm)
            found[step] = problem, made[problem.gemm]
        return found

    def _remember(self, places: Slots) -> None:
        self.places = places
        self.slots = places.slots
        self.result_roots = places.result_roots
        self.arena_entry, self.numbers_entry = places.arena, places.numbers
        self.table_size = places.size
        self.guarded = any(isinstance(step, Guard) for step in self.schedule.steps)

    def _write(self) -> None:
        """One function for each stretch of native steps, and an entry for each."""
        writer = PartWriter(self.module, self.schedule, self.places, self.writers, self.products)
        self.parts: list[str | Instruction] = []
        stretch: list[Any] = []
        constants = [v for v in self.schedule.constants if v in self.slots]
        for step in [*self.schedule.steps, None]:
            if isinstance(step, (Nest, Rows, Product, Scan, Draw, Nested, Guard)):
                stretch.append(step)
                continue
            if stretch or constants:
                name = f"part{len(self.parts)}"
                writer.write(name, stretch, constants)
                signature = Signature((), self.table_size)
                self.parts.append(define_entry(self.module, name, name, signature))
                stretch, constants = [], []
            if step is not None:
                self.parts.append(step.instruction)
        self.numbers: dict[int, tuple[int, Number]] = {
            place: (place, number) for place, number in enumerate(writer.numbers)
        }

    # --- loading ------------------------------------------------------------------------------

    def _load(self) -> None:
        names = [p for p in self.parts if isinstance(p, str)]
        kernels = [name.removesuffix(".entry") for name in names]
        self.handle = compile_module(self.module, names + kernels) if names else None
        self.last_seconds = 0.0
        # Where one native part is all there is to do, the dispatcher may run it alone.
        self.kernel_address = 0
        if len(self.parts) == 1 and kernels and not self.writes.slow:
            self.kernel_address = self.handle.address(kernels[0])
        signature = Signature((), self.table_size)
        self.entries: list[Any] = [
            self.handle.entry(p, signature) if isinstance(p, str) else p for p in self.parts
        ]
        self.memory = _aligned(self.places.arena_size)
        self.number_values = np.zeros(max(len(self.numbers), 1))
        place = self.places.status.offset
        self.status_word = self.memory[place : place + 8].view(np.int64)
        self.status_word[0] = 0
        self.tables = [e.__self__ for e in self.entries if not isinstance(e, Instruction)]
        for table in self.tables:
            table[self.arena_entry] = self.memory.ctypes.data
            table[self.numbers_entry] = self.number_values.ctypes.data
            for generator in self.places.generators:
                engine = generator.engine
                table[self.places.state_of(generator).table] = engine.address
                table[self.places.waiting_of(generator).table] = engine.waiting_address
            for step, first in self.places.nested.items():
                pointers = [pointer for code in step.codes for pointer in code.pointers]
                table[first : first + len(pointers)] = pointers
        self.arena_arrays = {
            value: self._in_arena(value)
            for value, slot in self.slots.items()
            if slot.table == self.arena_entry
        }
        for value, instruction in self.schedule.tables.items():
            if value in self.slots:
                (table,) = execute_instruction(instruction, {}, lambda number: number.value)
                np.copyto(self.arena_arrays[value], table)

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
        with restored_on_failure(self.generators) as restore:
            for entry in self.entries:
                if isinstance(entry, Instruction):
                    self._call(entry, arrays, read)
                else:
                    start = perf_counter()
                    entry()
                    self.last_seconds = perf_counter() - start
                    if self.failed():
                        restore()
                        return execute(self.original, buffers, read)  # raises what eager would
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
        same = access.shape == whole.shape and strides == whole.strides
        if same and direct(access.root).offset == access.offset == 0:
            return whole
        start = address(whole) - address(owner(whole)) + access.offset * itemsize
        return strided(whole, access.shape, strides, start)


@contextmanager
def restored_on_failure(generators: Sequence[Any]) -> Iterator[Callable[[], None]]:
    """Random generators as they were, if the block raises; nobody else draws meanwhile.

    The block is given a function that puts them back at once.
    """
    with ExitStack() as stack:
        for generator in generators:
            stack.enter_context(generator.lock)
        states = [generator.snapshot() for generator in generators]

        def restore() -> None:
            for generator, state in zip(generators, states, strict=True):
                generator.restore(state)

        try:
            yield restore
        except BaseException:
            restore()
            raise


def _aligned(size: int) -> np.ndarray:
    """Bytes whose address is a multiple of the alignment."""
    block = np.empty(size + ALIGNMENT, np.uint8)
    start = -block.ctypes.data % ALIGNMENT
    return block[start : start + size]


def _empty(value: Value) -> np.ndarray:
    """New memory for a value, in its layout; it belongs to the array, or to its only base."""
    spec, strides = value.spec, direct(value).strides
    order = sorted(range(spec.ndim), key=lambda axis: (-strides[axis], axis))
    array = np.empty([spec.shape[axis] for axis in order], spec.dtype)
    array = array.transpose(np.argsort(order)) if order != sorted(order) else array
    wanted = tuple(s * spec.dtype.itemsize for s in strides)
    if array.strides == wanted or spec.size <= 1:
        return array
    return _over(value, np.empty(max(spec.size, 1) * spec.dtype.itemsize, np.uint8))


def _over(value: Value, block: np.ndarray) -> np.ndarray:
    """A value's array over a block of bytes."""
    itemsize = value.spec.dtype.itemsize
    strides = tuple(s * itemsize for s in direct(value).strides)
    return np.ndarray(value.spec.shape, value.spec.dtype, block, 0, strides)
