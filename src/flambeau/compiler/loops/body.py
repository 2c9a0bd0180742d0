"""The loops of one nest: outer loops, the innermost one in vectors, and reductions across them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.functions.quotient import Divisor, divisor
from flambeau.compiler.llvm.types import BYTES
from flambeau.compiler.llvm.value import Value as Register
from flambeau.compiler.loops.accumulators import Accumulator
from flambeau.compiler.loops.elements import Elements, Once, Piece, computing_name
from flambeau.compiler.loops.nest import HEAVY, NestWriter
from flambeau.compiler.loops.nest_memory import Memory
from flambeau.compiler.loops.steps import instructions_of
from flambeau.compiler.record.program import Instruction, Value
from flambeau.core.scalar import FLOATING

DIVIDED = 4  # vectors from which on a divisor's reciprocal pays
UNROLLED = 8  # vectors of the innermost dimension that are written out rather than looped over
WIDE = 4  # vectors that are computed side by side
CHAINS = 4  # sums that run side by side, so that one addition need not wait for the last

Carried = dict[Accumulator, list[Register]]


class Body:
    """Writes the loops of one nest into a function.

    Args:
        writer: what to compute.
        f: the function; its parameters are the writer's.
    """

    def __init__(self, writer: NestWriter, f: Function) -> None:
        self.writer = writer
        self.f = f
        self.s = f.scalar
        self.outer = writer.domain[:-1]
        self.inner = writer.domain[-1]
        self.memories = writer.memories
        self.accumulators = [
            Accumulator(i, m.strides, writer.places[m], bool(writer.crossing))
            for i, m in ((i, writer.writes[i.outputs[0]]) for i in writer.nest.reductions)
        ]
        self.lanes = self._lanes()
        self.vectors = -(-self.inner // self.lanes)
        self.wide = self._wide()
        self.unrolled = self.vectors <= UNROLLED
        self.numbers: dict[int, Register] = {}

    def _lanes(self) -> int:
        bits = 32
        if any(self._index_varies(i) for i in self.writer.nest.scatters):
            return 1
        for instruction in instructions_of(self.writer.nest):
            kinds = [v.spec.dtype.name for v in (*instruction.values(), *instruction.outputs)]
            kinds.append(computing_name(instruction))
            bits = max([bits, *[8 * BYTES[k] for k in kinds if k != "bool"]])
        self.full_lanes = lanes = self.f.module.target.lanes(bits)
        while lanes > 1 and lanes >= 2 * self.inner:
            lanes //= 2
        return lanes

    def _wide(self) -> int:
        """How many vectors are computed as one long one.

        Long expressions wait for themselves; side by side, several of them do not. The
        processor sees too few instructions ahead to find the next vector's by itself.
        """
        writer = self.writer
        heavy = any(i.operation.name in HEAVY for i in writer.nest.body)
        plain = not writer.pointed and all(m.strides[-1] in (0, 1) for m in self.memories)
        if not heavy or not plain or self.lanes < self.full_lanes:
            return 1
        return WIDE if self.f.module.target.vector_registers > 16 else WIDE // 2

    def _index_varies(self, instruction: Instruction) -> bool:
        """Whether neighbours in the innermost loop may add to one place."""
        writer = self.writer
        return writer.reads[writer.index_key(writer.schedule.indexed[instruction])].strides[-1] != 0

    # --- loops --------------------------------------------------------------------------------

    def write(self) -> None:
        """Everything, from the first instruction of the function to the last."""
        f = self.f
        for index, key in enumerate(self.writer.numbers):
            self.numbers[key] = f.load(f.offset("%numbers", index, "float64"), "float64")
        self.divisors = self._divisors(lambda x: self.numbers.get(id(x)))
        self._loop(0, [self._start_of(m) for m in self.memories], {})

    def _start_of(self, memory: Memory) -> str:
        """Where a memory's walk starts; each chunk has partial results of its own."""
        f = self.f
        if not memory.partial:
            return memory.name
        chunk = f.value("%chunk", "int64")
        return f.offset(memory.name, chunk * memory.partial, memory.dtype)

    def _collects(self, accumulator: Accumulator) -> bool:
        """Whether memory is read and written at every element: too many outputs for registers."""
        return not accumulator.inner_reduced and not self.unrolled

    def _loop(self, depth: int, pointers: list[str], carried: Carried) -> None:
        """Write the loop at ``depth``; ``carried`` are the registers of running accumulators."""
        f = self.f
        for accumulator in self.accumulators:
            in_memory = accumulator.again or self._collects(accumulator)
            if in_memory and min(accumulator.first, len(self.outer)) == depth:
                pointer = pointers[accumulator.position]
                with f.when(f.value("%fresh", "bool")) if accumulator.continues else nullcontext():
                    self._reset(accumulator, pointer, depth)
        starting = [a for a in self.accumulators if a.level == depth and not self._collects(a)]
        for accumulator in starting:
            carried[accumulator] = self._start(accumulator)
        if depth == len(self.outer):
            self._innermost(pointers, carried)
        else:
            running = list(carried)
            flat = [x for a in running for x in carried[a]]
            begin, end = self._range(depth)
            with f.loop(begin, end, carried=flat) as loop:
                moved = [
                    self._advance(p, loop.index, m, depth)
                    for p, m in zip(pointers, self.memories, strict=True)
                ]
                inside = _regroup(running, carried, loop.values)
                self._loop(depth + 1, moved, inside)
                loop.carry(*[x for a in running for x in inside[a]])
            carried.update(_regroup(running, carried, loop.results))
        for accumulator in starting:
            self._finish(accumulator, carried.pop(accumulator), pointers[accumulator.position])

    def _range(self, depth: int) -> tuple[Any, Any]:
        if depth == 0 and self.writer.split:
            return self.f.value("%begin", "int64"), self.f.value("%end", "int64")
        return 0, self.outer[depth]

    def _advance(self, pointer: str, index: Register, memory: Memory, depth: int) -> str:
        stride = memory.strides[depth]
        if stride == 0:
            return pointer
        return self.f.offset(pointer, index * stride if stride != 1 else index, memory.dtype)

    def _reset(self, accumulator: Accumulator, pointer: str, depth: int) -> None:
        """Give memory that collects its start, over the loops from ``depth`` inwards."""
        f, memory = self.f, self.memories[accumulator.position]
        while depth < len(self.outer) and memory.strides[depth] == 0:
            depth += 1
        if depth < len(self.outer):
            with f.loop(0, self.outer[depth]) as loop:
                moved = self._advance(pointer, loop.index, memory, depth)
                self._reset(accumulator, moved, depth + 1)
            return
        start = self.s.cast(accumulator.identity(f), memory.dtype)
        stride = memory.strides[-1]
        whole = self.inner // self.lanes * self.lanes
        begin, end, last = self._vector_range(whole)
        if stride != 1:
            with f.loop(begin if stride else 0, end if stride else 1) as loop:
                f.store(start, f.offset(pointer, loop.index * stride, memory.dtype))
        else:
            with f.loop(begin, end, self.lanes) as loop:
                f.store(start, f.offset(pointer, loop.index, memory.dtype), lanes=self.lanes)
        if self.inner > whole and stride:
            with f.loop(0, last):
                if stride != 1:
                    with f.loop(whole, self.inner) as loop:
                        f.store(start, f.offset(pointer, loop.index * stride, memory.dtype))
                else:
                    place = f.offset(pointer, whole, memory.dtype)
                    f.store(start, place, self.inner - whole, lanes=self.lanes)

    def _start(self, accumulator: Accumulator) -> list[Register]:
        count = self.vectors if self.unrolled else CHAINS
        if self.unrolled and accumulator.inner_reduced:
            count = min(self.vectors, CHAINS)
        start = self.s.splat(accumulator.identity(self.f), self.lanes)
        return [start] * count

    def _innermost(self, pointers: list[str], carried: Carried) -> None:
        """The loop over the innermost dimension: whole vectors, then a masked rest."""
        f, lanes = self.f, self.lanes
        repeated = self._repeated(pointers)
        once = Once(repeated, {**self.divisors, **self._divisors_among(repeated)})
        if self.unrolled:
            for number in range(self.vectors):
                self._vector(pointers, f.constant(number * lanes), number, number, carried, once)
            return
        chained = any(len(v) == CHAINS for v in carried.values())
        group = CHAINS if chained or self.vectors >= 16 else 1
        whole = self.inner // (lanes * group) * group
        running = list(carried)
        flat = [x for a in running for x in carried[a]]
        begin, end, last = self._vector_range(whole * lanes)
        with f.loop(begin, end, lanes * group, carried=flat) as loop:
            inside = _regroup(running, carried, loop.values)
            wide = min(self.wide, group)
            for number in range(0, group, wide):
                index = loop.index + number * lanes if number else loop.index
                self._vector(pointers, index, 0, number, inside, once, wide)
            loop.carry(*[x for a in running for x in inside[a]])
        carried.update(_regroup(running, carried, loop.results))
        if whole == self.vectors:
            return
        with f.loop(0, last, carried=loop.results) as rest:
            inside = _regroup(running, carried, rest.values)
            for number in range(whole, self.vectors):
                index = f.constant(number * lanes)
                self._vector(pointers, index, number, number - whole, inside, once)
            rest.carry(*[x for a in running for x in inside[a]])
        carried.update(_regroup(running, carried, rest.results))

    def _vector_range(self, whole: int) -> tuple[Any, Any, Any]:
        """Where the loop over whole vectors begins and ends; 1 if a rest follows it, else 0."""
        if self.outer or not self.writer.split:
            return 0, whole, 1
        begin, end = (self.f.value(name, "int64") for name in ("%begin", "%end"))
        last = end == self.inner
        return begin, self.s.where(last, whole, end), self.s.cast(last, "int64")

    def _repeated(self, pointers: list[str]) -> dict[int, Register]:
        """Elements that do not change along the innermost dimension, read before it."""
        return {
            place: self.f.load(pointers[place], memory.dtype)
            for place, memory in enumerate(self.writer.reads.values())
            if memory.strides[-1] == 0
        }

    def _divisors_among(self, repeated: dict[int, Register]) -> dict[Instruction, Divisor]:
        """Divisors that do not change along the innermost dimension."""
        if self.vectors < DIVIDED:
            return {}
        places = {key: place for place, key in enumerate(self.writer.reads)}

        def find(x: Any) -> Register | None:
            place = places.get(self.writer.read_key(x)) if isinstance(x, Value) else None
            return None if place is None else repeated.get(place)

        return self._divisors(find)

    def _divisors(self, find: Callable[[Any], Register | None]) -> dict[Instruction, Divisor]:
        """What divisions need of a divisor that ``find`` knows before the loop."""
        made: dict[Any, Divisor] = {}
        found = {}
        for instruction in self.writer.nest.body:
            if instruction.operation.name != "div" or self.lanes == 1:
                continue
            x = find(instruction.inputs[1])
            kind = computing_name(instruction)
            if x is None or kind not in FLOATING:
                continue
            key = x.name, kind
            if key not in made:
                made[key] = divisor(self.s, self.s.cast(x, kind))
            found[instruction] = made[key]
        return found

    def _vector(
        self, pointers: list[str], index: Register, vector: int, chain: int, carried: Carried,
        once: Once, wide: int = 1,
    ) -> None:  # fmt: skip
        """The elements of one vector: the ``vector``-th of all, which counts for the rest only."""
        lanes = self.lanes * wide
        count = min(self.inner - vector * lanes, lanes)
        elements = Elements(self.f, self.writer, self.numbers, pointers, lanes, index, count, once)
        elements.write()
        for accumulator in self.accumulators:
            self._accumulate(accumulator, elements, chain, carried)

    # --- reductions ---------------------------------------------------------------------------

    def _accumulate(
        self, accumulator: Accumulator, elements: Elements, chain: int, carried: Carried
    ) -> None:
        """Take in one vector: into registers if there are some, into memory otherwise."""
        s = self.s
        x = elements.operand(accumulator.instruction.inputs[0])
        if accumulator.dtype == "bool":
            x = x if x.dtype == "bool" else s.not_equal(x, 0)
        else:
            x = s.cast(x, accumulator.dtype)
        x = s.splat(x, elements.lanes)
        if accumulator in carried:
            if elements.mask is not None:
                x = self._only(x, elements.count, accumulator)
            registers = list(carried[accumulator])
            for piece in self._vectors_of(x):
                place = chain % len(registers)
                registers[place] = accumulator.combine(self.f, registers[place], piece)
                chain += 1
            carried[accumulator] = registers
            return
        pointer = elements.pointers[accumulator.position]
        memory = self.memories[accumulator.position]
        before = s.cast(elements.read(pointer, memory), accumulator.dtype)
        after = accumulator.combine(self.f, before, x)
        elements.store(s.cast(after, memory.dtype), pointer, memory)

    def _vectors_of(self, x: Register) -> list[Register]:
        """The vectors that a long one consists of."""
        if x.lanes == self.lanes:
            return [x]
        starts = range(0, x.lanes, self.lanes)
        return [self.f.shuffle(x, range(start, start + self.lanes)) for start in starts]

    def _only(self, x: Register, count: int, accumulator: Accumulator) -> Register:
        """The first ``count`` lanes; the others hold what changes nothing."""
        f = self.f
        inside = f.lane_indices(self.lanes) < count
        identity = self.s.splat(accumulator.identity(f), self.lanes)
        return self.s.where(inside, x, identity)

    def _finish(self, accumulator: Accumulator, registers: list[Register], pointer: str) -> None:
        """Store what an accumulator holds when its loops have ended."""
        f, memory = self.f, self.memories[accumulator.position]
        if accumulator.inner_reduced:
            total = registers[0]
            for other in registers[1:]:
                total = accumulator.combine(f, total, other)
            result = f.reduce(accumulator.operation, total)
            if accumulator.again:
                before = self.s.cast(f.load(pointer, memory.dtype), accumulator.dtype)
                result = accumulator.combine(f, before, result)
            f.store(self.s.cast(result, memory.dtype), pointer)
            return
        for number, register in enumerate(registers):
            count = min(self.inner - number * self.lanes, self.lanes)
            index = f.constant(number * self.lanes)
            place = Piece(f, self.inner, self.lanes, index, count)
            if accumulator.again:
                before = self.s.cast(place.read(pointer, memory), accumulator.dtype)
                register = accumulator.combine(f, before, register)
            place.store(self.s.cast(register, memory.dtype), pointer, memory)


def _regroup(running: list[Accumulator], carried: Carried, flat: list[Register]) -> Carried:
    """Registers back to the accumulators that they belong to."""
    found, position = {}, 0
    for accumulator in running:
        count = len(carried[accumulator])
        found[accumulator] = flat[position : position + count]
        position += count
    return found
