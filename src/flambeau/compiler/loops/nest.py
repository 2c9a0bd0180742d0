"""Writing a nest: loops over its domain around element expressions."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.module import Module
from flambeau.compiler.llvm.types import BYTES
from flambeau.compiler.llvm.value import Value as Register
from flambeau.compiler.loops.access import Access
from flambeau.compiler.loops.indexed import Indexed
from flambeau.compiler.loops.schedule import (
    CONSTANTS,
    REDUCTIONS,
    Nest,
    Schedule,
    instructions_of,
)
from flambeau.compiler.record.program import Instruction, Value
from flambeau.core.dtypes import result_numpy
from flambeau.core.number import Number

UNROLLED = 8  # vectors of the innermost dimension that are written out rather than looped over


class Memory:
    """One pointer of a nest's function: what is read or written through it.

    Attributes:
        key: ``("read", access)`` of a value, ``("write", value)`` or ``("number", number)``.
        dtype: the type of the elements.
        offset, strides: in elements, over the nest's loops.
    """

    def __init__(self, value: Any, dtype: str, offset: int, strides: list[int]) -> None:
        self.value = value
        self.dtype = dtype
        self.offset = offset
        self.strides = strides
        self.name = ""


class NestWriter:
    """Writes one nest as a function.

    Args:
        schedule: where values lie.
        nest: what to compute.
        target: the module's target decides the vector width.

    Attributes:
        arguments: for each parameter of the function, the value (or number) whose memory it
            points to.
    """

    def __init__(self, schedule: Schedule, nest: Nest, module: Module) -> None:
        self.schedule = schedule
        self.nest = nest
        self.module = module
        self.domain = list(nest.domain)
        self.inside = {i.outputs[0] for i in nest.body}
        self.reads: dict[Any, Memory] = {}
        self.pointed: dict[Instruction, Memory] = {}
        self.writes: dict[Value, Memory] = {}
        self.numbers: dict[Any, Number] = {}
        self._gather_memory()
        self._arrange_loops()

    # --- what is touched ----------------------------------------------------------------------

    def _gather_memory(self) -> None:
        nest, accesses = self.nest, self.schedule.accesses
        for instruction in [*nest.body, *nest.reductions, *nest.scatters]:
            if instruction in self.schedule.indexed:
                self._gather_indexed(self.schedule.indexed[instruction])
                continue
            for x in (*instruction.inputs, *instruction.params):
                if isinstance(x, Number):
                    self.numbers.setdefault(id(x), x)
                elif isinstance(x, Value) and x not in self.inside and not self._constant(x):
                    self._read(accesses[x])
        for value in nest.stored:
            memory = Memory(value, value.spec.dtype.name, 0, list(accesses[value].strides))
            self.writes[value] = memory
        for instruction in nest.reductions:
            value = instruction.outputs[0]
            strides = reduction_strides(instruction, accesses[value], nest.domain)
            self.writes[value] = Memory(value, value.spec.dtype.name, 0, strides)

    def _gather_indexed(self, indexed: Indexed) -> None:
        """The index, and the array that it points into."""
        accesses = self.schedule.accesses
        if indexed.index not in self.inside or not indexed.aligned:
            access = accesses[indexed.index]
            self._read_along(access, indexed.index_strides(access))
        if indexed.adds:
            self._read(accesses[indexed.moved])
            value = indexed.instruction.outputs[0]
            access = accesses[value]
        else:
            access = accesses[indexed.moved]
        dtype = access.root.spec.dtype.name
        strides = indexed.pointed_strides(access.strides)
        self.pointed[indexed.instruction] = Memory(access.root, dtype, access.offset, strides)

    def _constant(self, value: Value) -> Instruction | None:
        return self.schedule.constants.get(value)

    def _read(self, access: Access) -> Memory:
        return self._read_along(access, access.over(self.nest.domain))

    def _read_along(self, access: Access, strides: tuple[int, ...]) -> Memory:
        key = (access.root, access.offset, strides)
        found = self.reads.get(key)
        if found is None:
            dtype = access.root.spec.dtype.name
            found = self.reads[key] = Memory(access.root, dtype, access.offset, list(key[2]))
        return found

    def _memories(self) -> list[Memory]:
        return [*self.reads.values(), *self.pointed.values(), *self.writes.values()]

    # --- which loops --------------------------------------------------------------------------

    def _arrange_loops(self) -> None:
        """Drop dimensions of size 1, put the best one innermost, merge those that are one walk."""
        memories = self._memories()
        axes = [a for a, size in enumerate(self.domain) if size != 1]
        axes = self._ordered(axes, memories)
        for memory in memories:
            memory.strides = [memory.strides[a] for a in axes]
        self.domain = [self.domain[a] for a in axes]
        axis = len(self.domain) - 2
        while axis >= 0:
            inner = self.domain[axis + 1]
            if all(m.strides[axis] == m.strides[axis + 1] * inner for m in memories):
                self.domain[axis : axis + 2] = [self.domain[axis] * inner]
                for memory in memories:
                    del memory.strides[axis]
            axis -= 1
        if not self.domain:
            self.domain = [1]
            for memory in memories:
                memory.strides = [0]

    def _ordered(self, axes: list[int], memories: list[Memory]) -> list[int]:
        """Dimensions from outermost to innermost: the one that most walk along comes last."""
        if len(axes) < 2:
            return axes

        def steps(axis: int) -> tuple[int, int]:
            unit = sum(abs(m.strides[axis]) == 1 for m in memories)
            jumps = sum(abs(m.strides[axis]) > 1 for m in memories)
            return jumps - unit, -axis

        innermost = min(axes, key=steps)
        return [a for a in axes if a != innermost] + [innermost]

    # --- writing ------------------------------------------------------------------------------

    def arguments(self) -> list[Any]:
        """The values behind the function's pointers, then the numbers."""
        return [m.value for m in self._memories()]

    def write(self, name: str) -> None:
        """Write the function: pointers, then one pointer to numbers."""
        parameters = []
        for index, memory in enumerate(self._memories()):
            memory.name = f"%p{index}"
            parameters.append(("ptr", f"p{index}"))
        parameters.append(("ptr", "numbers"))
        with self.module.function(name, parameters, internal=True) as f:
            _Body(self, f).write()


def reduction_strides(
    instruction: Instruction, access: Access, domain: tuple[int, ...]
) -> list[int]:
    """Strides of a reduction's output over the domain: 0 along what is reduced."""
    dims = reduced_dims(instruction, len(domain))
    keepdim = instruction.params[instruction.operation.params.index("keepdim")]
    strides, position = [], 0
    for axis in range(len(domain)):
        if axis in dims:
            strides.append(0)
            position += keepdim
        else:
            strides.append(access.strides[position])
            position += 1
    return strides


def reduced_dims(instruction: Instruction, ndim: int) -> tuple[int, ...]:
    """The dimensions that a reduction runs over."""
    dims = instruction.params[instruction.operation.params.index("dim")]
    if dims is None:
        return tuple(range(ndim))
    return (dims,) if isinstance(dims, int) else tuple(dims)


class Accumulator:
    """A reduction while its loops run.

    Attributes:
        operation: how two partial results combine.
        dtype: the type in which it accumulates.
        level: how many of the outermost loops it starts anew in; its registers live inside them.
        lanes: whether partial results of different lanes belong to different outputs.
        again: whether a loop outside ``level`` is reduced too, so that memory collects the parts.
    """

    def __init__(self, writer: NestWriter, instruction: Instruction) -> None:
        self.instruction = instruction
        self.memory = writer.writes[instruction.outputs[0]]
        self.operation = REDUCTIONS[instruction.operation.name]
        out = instruction.outputs[0].spec.dtype.name
        self.dtype = "float32" if out in ("float16", "bfloat16") else out
        strides, domain = self.memory.strides, writer.domain
        self.inner_reduced = strides[-1] == 0
        self.level = len(domain) - 1
        while self.level > 0 and strides[self.level - 1] == 0:
            self.level -= 1
        self.again = any(s == 0 for s in strides[: self.level])

    def identity(self, f: Function) -> Register:
        """The start: combining it with anything gives that."""
        if self.operation in ("maximum", "minimum"):
            return f.constant(extreme(self.dtype, self.operation == "minimum"), self.dtype)
        start = {"add": 0, "mul": 1, "bitwise_and": 1, "bitwise_or": 0}[self.operation]
        return f.constant(start, self.dtype)


def extreme(dtype: str, largest: bool) -> float:
    """The largest or smallest value of a type."""
    if dtype in ("float32", "float64"):
        return float("inf") if largest else float("-inf")
    info = np.iinfo(dtype)
    return info.max if largest else info.min


class _Body:
    """The loops of one nest."""

    def __init__(self, writer: NestWriter, f: Function) -> None:
        self.writer = writer
        self.f = f
        self.s = f.scalar
        self.domain = writer.domain
        self.outer = self.domain[:-1]
        self.inner = self.domain[-1]
        self.memories = writer._memories()
        self.accumulators = [Accumulator(writer, i) for i in writer.nest.reductions]
        self.lanes = self._lanes()
        self.vectors = -(-self.inner // self.lanes)
        self.unrolled = self.vectors <= UNROLLED
        self.numbers: dict[int, Register] = {}

    def _lanes(self) -> int:
        bits = 8
        if any(self._index_varies(i) for i in self.writer.nest.scatters):
            return 1
        for instruction in instructions_of(self.writer.nest):
            kinds = [v.spec.dtype.name for v in (*instruction.values(), *instruction.outputs)]
            kinds.append(_computing_name(instruction))
            bits = max([bits, *[8 * BYTES[k] for k in kinds if k != "bool"]])
            if any(k in ("float16", "bfloat16") for k in kinds):
                bits = max(bits, 32)
        bits = max(bits, 32)
        lanes = self.f.module.target.lanes(bits)
        while lanes > 1 and lanes >= 2 * self.inner:
            lanes //= 2
        return lanes

    def _index_varies(self, instruction: Instruction) -> bool:
        """Whether neighbours in the innermost loop may add to one place."""
        indexed = self.writer.schedule.indexed[instruction]
        return self.writer.reads[self._index_key(indexed)].strides[-1] != 0

    def _index_key(self, indexed: Indexed) -> Any:
        access = self.writer.schedule.accesses[indexed.index]
        return access.root, access.offset, indexed.index_strides(access)

    # --- loops --------------------------------------------------------------------------------

    def write(self) -> None:
        f = self.f
        for index, (key, _) in enumerate(self.writer.numbers.items()):
            self.numbers[key] = f.load(f.offset("%numbers", index, "float64"), "float64")
        self._clear_memory()
        pointers = [f.offset(m.name, m.offset, m.dtype) for m in self.memories]
        self._loop(0, pointers, {})

    def _clear_memory(self) -> None:
        """Give outputs that several passes add to their start."""
        for accumulator in self.accumulators:
            if not (accumulator.again or self._collects(accumulator)):
                continue
            value = accumulator.instruction.outputs[0]
            count, memory = value.spec.size, accumulator.memory
            f = self.f
            start = self.s.cast(accumulator.identity(f), memory.dtype)
            with f.loop(0, count) as loop:
                f.store(start, f.offset(memory.name, loop.index, memory.dtype))
        for instruction in self.writer.nest.scatters:
            self._clear(self.writer.pointed[instruction], instruction.outputs[0].spec.size)

    def _clear(self, memory: Memory, count: int) -> None:
        """Zeros, vector by vector."""
        f = self.f
        lanes = f.module.target.lanes(8 * BYTES[memory.dtype])
        zeros = self.s.splat(f.constant(0, memory.dtype), lanes)
        with f.loop(0, count // lanes * lanes, lanes) as loop:
            f.store(zeros, f.offset(memory.name, loop.index, memory.dtype))
        rest = count % lanes
        if rest:
            f.store(zeros, f.offset(memory.name, count - rest, memory.dtype), rest)

    def _collects(self, accumulator: Accumulator) -> bool:
        """Whether memory is read and written at every element: too many outputs for registers."""
        return not accumulator.inner_reduced and not self.unrolled

    def _loop(self, depth: int, pointers: list[str], carried: dict[Any, list[Register]]) -> None:
        """Write the loop at ``depth``; ``carried`` are the registers of running accumulators."""
        f = self.f
        starting = [
            a for a in self.accumulators if a.level == depth and not self._collects(a)
        ]
        for accumulator in starting:
            carried[accumulator] = self._start(accumulator)
        if depth == len(self.outer):
            self._innermost(pointers, carried)
        else:
            running = list(carried)
            flat = [x for a in running for x in carried[a]]
            with f.loop(0, self.outer[depth], carried=flat) as loop:
                moved = [
                    self._advance(p, loop.index, m, depth)
                    for p, m in zip(pointers, self.memories, strict=True)
                ]
                inside = _regroup(running, carried, loop.values)
                self._loop(depth + 1, moved, inside)
                loop.carry(*[x for a in running for x in inside[a]])
            carried.update(_regroup(running, carried, loop.results))
        for accumulator in starting:
            self._finish(accumulator, carried.pop(accumulator), pointers)

    def _advance(self, pointer: str, index: Register, memory: Memory, depth: int) -> str:
        stride = memory.strides[depth]
        if stride == 0:
            return pointer
        return self.f.offset(pointer, index * stride if stride != 1 else index, memory.dtype)

    def _start(self, accumulator: Accumulator) -> list[Register]:
        count = self.vectors if self.unrolled else 4
        if self.unrolled and accumulator.inner_reduced:
            count = min(self.vectors, 4)
        start = self.s.splat(accumulator.identity(self.f), self.lanes)
        return [start] * count

    def _innermost(self, pointers: list[str], carried: dict[Any, list[Register]]) -> None:
        """The loop over the innermost dimension: whole vectors, then a masked rest."""
        f, lanes = self.f, self.lanes
        repeated = self._repeated(pointers)
        if self.unrolled:
            for number in range(self.vectors):
                rest = min(self.inner - number * lanes, lanes)
                index = f.constant(number * lanes)
                self._elements(pointers, index, rest, number, carried, repeated)
            return
        group = 4 if any(len(v) == 4 for v in carried.values()) or self.vectors >= 16 else 1
        whole = self.inner // (lanes * group) * group
        running = list(carried)
        flat = [x for a in running for x in carried[a]]
        with f.loop(0, whole * lanes, lanes * group, carried=flat) as loop:
            inside = _regroup(running, carried, loop.values)
            for number in range(group):
                index = loop.index + number * lanes if number else loop.index
                self._elements(pointers, index, lanes, number, inside, repeated)
            loop.carry(*[x for a in running for x in inside[a]])
        carried.update(_regroup(running, carried, loop.results))
        for number in range(whole, self.vectors):
            rest = min(self.inner - number * lanes, lanes)
            index = f.constant(number * lanes)
            self._elements(pointers, index, rest, number - whole, carried, repeated)

    def _repeated(self, pointers: list[str]) -> dict[int, Register]:
        """Elements that do not change along the innermost dimension, read before it."""
        found = {}
        reads = list(self.writer.reads.values())
        for number, memory in enumerate(reads):
            if memory.strides[-1] == 0:
                found[number] = self.f.load(pointers[number], memory.dtype)
        return found

    # --- elements -----------------------------------------------------------------------------

    def _elements(
        self,
        pointers: list[str],
        index: Register,
        count: int,
        number: int,
        carried: dict[Any, list[Register]],
        repeated: dict[int, Register],
    ) -> None:
        """Compute ``count`` elements from ``index`` on: the ``number``-th vector of a group."""
        writer = self.writer
        known: dict[Any, Register] = {}
        for place, (key, memory) in enumerate(writer.reads.items()):
            known[key] = (
                repeated[place]
                if place in repeated
                else self._read(pointers[place], memory, index, count)
            )
        values: dict[Value, Register] = {}
        places = dict(zip(writer.pointed, range(len(writer.reads), len(self.memories)), strict=False))
        for instruction in writer.nest.body:
            if instruction in places:
                pointer = pointers[places[instruction]]
                value = self._pick(instruction, pointer, index, count, values, known)
            else:
                value = self._compute(instruction, values, known)
            values[instruction.outputs[0]] = value
        for instruction in writer.nest.scatters:
            self._add_at(instruction, pointers[places[instruction]], index, count, values, known)
        first = len(writer.reads) + len(writer.pointed)
        for place, (value, memory) in enumerate(writer.writes.items()):
            if value in values:
                self._store(values[value], pointers[first + place], memory, index, count)
        for accumulator in self.accumulators:
            place = first + list(writer.writes).index(accumulator.instruction.outputs[0])
            x = self._accumulated(accumulator, values, known)
            self._accumulate(accumulator, x, pointers[place], index, count, number, carried)

    def _read(self, pointer: str, memory: Memory, index: Register, count: int) -> Register:
        f, lanes, stride = self.f, self.lanes, memory.strides[-1]
        mask = None if count == lanes else count
        if stride == 1:
            return f.load(f.offset(pointer, index, memory.dtype), memory.dtype, lanes, mask)
        base = f.offset(pointer, index * stride, memory.dtype)
        where = f.lane_indices(lanes) * stride if lanes > 1 else f.constant(0)
        return f.gather(base, where, memory.dtype, mask)

    def _store(
        self, x: Register, pointer: str, memory: Memory, index: Register, count: int
    ) -> None:
        f, lanes, stride = self.f, self.lanes, memory.strides[-1]
        mask = None if count == lanes else count
        if stride == 1 or self.inner == 1:
            f.store(x, f.offset(pointer, index, memory.dtype), mask, lanes=lanes)
            return
        base = f.offset(pointer, index * stride, memory.dtype)
        where = f.lane_indices(lanes) * stride if lanes > 1 else f.constant(0)
        f.scatter(self.s.splat(x, lanes), base, where, mask)

    # --- indices ------------------------------------------------------------------------------

    def _position(
        self, instruction: Instruction, values: dict[Value, Register], known: dict[Any, Register]
    ) -> Register:
        """How far the index moves into the array that it points to, in elements."""
        indexed = self.writer.schedule.indexed[instruction]
        found = values.get(indexed.index) if indexed.aligned else None
        at = self.s.cast(known[self._index_key(indexed)] if found is None else found, "int64")
        if indexed.wraps:
            at = self.s.where(at < 0, at + indexed.shape[indexed.dim], at)
        pointed = instruction.outputs[0] if indexed.adds else indexed.moved
        return at * self.writer.schedule.accesses[pointed].strides[indexed.dim]

    def _pick(
        self, instruction: Instruction, pointer: str, index: Register, count: int,
        values: dict[Value, Register], known: dict[Any, Register],
    ) -> Register:  # fmt: skip
        """Elements read at the places that the index names."""
        f, memory = self.f, self.writer.pointed[instruction]
        at, stride = self._position(instruction, values, known), memory.strides[-1]
        if at.lanes == 1:
            base = f.offset(pointer, at, memory.dtype)
            return self._read(base, memory, index, count) if stride else f.load(base, memory.dtype)
        if stride:
            at = at + (f.lane_indices(self.lanes) + index) * stride
        return f.gather(pointer, at, memory.dtype, None if count == self.lanes else count)

    def _add_at(
        self, instruction: Instruction, pointer: str, index: Register, count: int,
        values: dict[Value, Register], known: dict[Any, Register],
    ) -> None:  # fmt: skip
        """Add elements to the places that the index names."""
        indexed = self.writer.schedule.indexed[instruction]
        memory = self.writer.pointed[instruction]
        x = self._operand(indexed.moved, values, known)
        base = self.f.offset(pointer, self._position(instruction, values, known), memory.dtype)
        before = self._read(base, memory, index, count)
        self._store(before + self.s.cast(x, memory.dtype), base, memory, index, count)

    def _operand(self, x: Any, values: dict[Value, Register], known: dict[Any, Register]) -> Any:
        if isinstance(x, Number):
            return self.numbers[id(x)]
        if not isinstance(x, Value):
            return x
        if x in values:
            return values[x]
        constant = self.writer.schedule.constants.get(x)
        if constant is not None:
            return self.f.constant(constant_of(constant), x.spec.dtype.name)
        access = self.writer.schedule.accesses[x]
        return known[access.root, access.offset, access.over(self.writer.nest.domain)]

    def _compute(
        self, instruction: Instruction, values: dict[Value, Register], known: dict[Any, Register]
    ) -> Register:
        op, s = instruction.operation, self.s
        out = instruction.outputs[0].spec.dtype.name
        operands = [self._operand(x, values, known) for x in instruction.inputs]
        params = [self._operand(p, values, known) for p in instruction.params]
        if op.scalar is None:
            moved = operands[1] if op.name in ("copy", "fill") else operands[0]
            return s.cast(moved, out)
        kind = _computing_name(instruction)
        converted = [
            x if x is None or name in ("condition", "mask") else self._converted(x, kind)
            for x, name in zip(operands, op.inputs, strict=True)
        ]
        params = [self._converted(p, kind) if isinstance(p, Register) else p for p in params]
        return s.cast(op.scalar(s, *converted, *params), out)

    def _converted(self, x: Any, kind: str) -> Any:
        if isinstance(x, Register):
            return self.s.cast(x, kind)
        return self.f.constant(x, kind) if isinstance(x, (int, float)) else x

    # --- reductions ---------------------------------------------------------------------------

    def _accumulated(
        self, accumulator: Accumulator, values: dict[Value, Register], known: dict[Any, Register]
    ) -> Register:
        """The element that a reduction takes in."""
        x = self._operand(accumulator.instruction.inputs[0], values, known)
        if accumulator.dtype == "bool":
            return x if x.dtype == "bool" else self.s.not_equal(x, 0)
        return self.s.splat(self.s.cast(x, accumulator.dtype), self.lanes)

    def _accumulate(
        self,
        accumulator: Accumulator,
        x: Register,
        pointer: str,
        index: Register,
        count: int,
        number: int,
        carried: dict[Any, list[Register]],
    ) -> None:
        x = self.s.splat(x, self.lanes)
        if accumulator in carried:
            registers = carried[accumulator]
            place = number % len(registers)
            if count < self.lanes:
                x = self._only(x, count, accumulator)
            registers = list(registers)
            registers[place] = self._combine(accumulator, registers[place], x)
            carried[accumulator] = registers
            return
        memory = accumulator.memory
        before = self._read(pointer, memory, index, count)
        kept = self.s.cast(before, accumulator.dtype)
        after = self._combine(accumulator, kept, x)
        self._store(self.s.cast(after, memory.dtype), pointer, memory, index, count)

    def _only(self, x: Register, count: int, accumulator: Accumulator) -> Register:
        """The first ``count`` lanes; the others hold what changes nothing."""
        f = self.f
        inside = f.lane_indices(self.lanes) < count
        identity = self.s.splat(accumulator.identity(f), self.lanes)
        return self.s.where(inside, x, identity)

    def _combine(self, accumulator: Accumulator, x: Register, y: Register) -> Register:
        operation = accumulator.operation
        if operation == "add":
            return x + y
        if operation == "mul":
            return x * y
        return getattr(self.s, operation)(x, y)

    def _finish(
        self, accumulator: Accumulator, registers: list[Register], pointers: list[str]
    ) -> None:
        """Store what an accumulator holds when its loops have ended."""
        f, memory = self.f, accumulator.memory
        place = self.memories.index(memory)
        pointer = pointers[place]
        if accumulator.inner_reduced:
            total = registers[0]
            for other in registers[1:]:
                total = self._combine(accumulator, total, other)
            result = f.reduce(accumulator.operation, total)
            if accumulator.again:
                before = self.s.cast(f.load(pointer, memory.dtype), accumulator.dtype)
                result = self._combine(accumulator, before, result)
            f.store(self.s.cast(result, memory.dtype), pointer)
            return
        for number, register in enumerate(registers):
            count = min(self.inner - number * self.lanes, self.lanes)
            index = f.constant(number * self.lanes)
            if accumulator.again:
                before = self._read(pointer, memory, index, count)
                register = self._combine(
                    accumulator, self.s.cast(before, accumulator.dtype), register
                )
            self._store(self.s.cast(register, memory.dtype), pointer, memory, index, count)


def _regroup(
    running: list[Any], carried: dict[Any, list[Register]], flat: list[Register]
) -> dict[Any, list[Register]]:
    """Registers back to the accumulators that they belong to."""
    found, position = {}, 0
    for accumulator in running:
        count = len(carried[accumulator])
        found[accumulator] = flat[position : position + count]
        position += count
    return found


def _computing_name(instruction: Instruction) -> str:
    """The type in which an elementwise operation computes."""
    out = instruction.outputs[0].spec.dtype
    if instruction.operation.name in REDUCTIONS:
        return "float32" if out.name in ("float16", "bfloat16") else out.name
    if out.name == "bool" and instruction.operation.scalar is not None:
        operands = [
            x.spec if isinstance(x, Value) else x for x in instruction.inputs if x is not None
        ]
        out = result_numpy(operands)
    return "float32" if out.name in ("float16", "bfloat16") else out.name


def constant_of(instruction: Instruction) -> Any:
    """The value that a constant's elements have."""
    op = instruction.operation
    assert op.name in CONSTANTS
    if op.name in ("full", "full_like"):
        return instruction.params[op.params.index("value")]
    return 1 if op.name == "ones_like" else 0
