"""One vector of elements of a nest: what is read, computed and written for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.functions.quotient import Divisor, quotient
from flambeau.compiler.llvm.value import Value as Register
from flambeau.compiler.loops.kinds import CONSTANTS, REDUCTIONS
from flambeau.compiler.record.program import Instruction, Value
from flambeau.core.dtypes import result_numpy
from flambeau.core.number import Number

if TYPE_CHECKING:
    from flambeau.compiler.loops.nest import NestWriter
    from flambeau.compiler.loops.nest_memory import Memory, NestMemory


class Piece:
    """Some consecutive places of the innermost loop: how memory is read and written there.

    Args:
        f: the function that is written.
        inner: the size of the innermost loop.
        lanes: how many elements a vector has.
        index: the first element.
        count: how many of the lanes are elements.
    """

    def __init__(self, f: Function, inner: int, lanes: int, index: Register, count: int) -> None:
        self.f = f
        self.s = f.scalar
        self.inner = inner
        self.lanes = lanes
        self.index = index
        self.count = count
        self.mask = None if count == lanes else count

    def read(self, pointer: str, memory: Memory) -> Register:
        """The elements of a memory whose innermost loop starts at ``pointer``."""
        f, stride = self.f, memory.strides[-1]
        if stride == 1:
            place = f.offset(pointer, self.index, memory.dtype)
            # LLVM takes 0 / 0 for 0 in lanes that it knows to be zero: the unused ones are 1.
            return f.load(place, memory.dtype, self.lanes, self.mask, fill=1)
        base = f.offset(pointer, self.index * stride, memory.dtype)
        where = f.lane_indices(self.lanes) * stride if self.lanes > 1 else f.constant(0)
        return f.gather(base, where, memory.dtype, self.mask)

    def store(self, x: Register, pointer: str, memory: Memory) -> None:
        """Write elements of a memory whose innermost loop starts at ``pointer``."""
        f, stride = self.f, memory.strides[-1]
        if stride == 1 or self.inner == 1:
            f.store(x, f.offset(pointer, self.index, memory.dtype), self.mask, lanes=self.lanes)
            return
        base = f.offset(pointer, self.index * stride, memory.dtype)
        where = f.lane_indices(self.lanes) * stride if self.lanes > 1 else f.constant(0)
        f.scatter(self.s.splat(x, self.lanes), base, where, self.mask)


@dataclass(frozen=True)
class Once:
    """What is done once before an innermost loop.

    Attributes:
        repeated: by place among the memories, elements that do not change along the loop.
        divisors: of divisions by something that does not.
    """

    repeated: dict[int, Register]
    divisors: dict[Instruction, Divisor]


class Expressions:
    """The elementwise instructions of a nest on vectors, wherever those come from.

    Args:
        f: the function that is written.
        writer: what the nest computes, and where its memory lies.
        numbers: registers of the numbers that are read at each call.
        once: what was read and computed before.
        known: what was read, by its key.
    """

    def __init__(
        self, f: Function, writer: NestMemory, numbers: dict[int, Register], once: Once,
        known: dict[Any, Register],
    ) -> None:  # fmt: skip
        self.f = f
        self.s = f.scalar
        self.writer = writer
        self.numbers = numbers
        self.once = once
        self.known = known
        self.values: dict[Value, Register] = {}

    def operand(self, x: Any) -> Any:
        """An input of an instruction as a register; Python numbers stay what they are."""
        if isinstance(x, Number):
            return self.numbers[id(x)]
        if not isinstance(x, Value):
            return x
        if x in self.values:
            return self.values[x]
        constant = self.writer.schedule.constants.get(x)
        if constant is not None:
            return self.f.constant(constant_of(constant), x.spec.dtype.name)
        return self.known[self.writer.read_key(x)]

    def compute(self, instruction: Instruction) -> Register:
        op, s = instruction.operation, self.s
        out = instruction.outputs[0].spec.dtype.name
        operands = [self.operand(x) for x in instruction.inputs]
        params = [self.operand(p) for p in instruction.params]
        if op.scalar is None:
            moved = operands[1] if op.name in ("copy", "fill") else operands[0]
            return s.cast(moved, out)
        kind = computing_name(instruction)
        converted = [
            x if x is None or name in ("condition", "mask") else self._converted(x, kind)
            for x, name in zip(operands, op.inputs, strict=True)
        ]
        divided_by = self.once.divisors.get(instruction)
        divided = converted[0]
        if divided_by is not None and isinstance(divided, Register) and divided.lanes > 1:
            return s.cast(quotient(s, divided, divided_by), out)
        params = [self._converted(p, kind) if isinstance(p, Register) else p for p in params]
        return s.cast(op.scalar(s, *converted, *params), out)

    def _converted(self, x: Any, kind: str) -> Any:
        if isinstance(x, Register):
            return self.s.cast(x, kind)
        return self.f.constant(x, kind) if isinstance(x, (int, float)) else x


class Elements(Piece, Expressions):
    """The instructions of a nest on the elements of one piece.

    Args:
        writer: what the nest computes, and where its memory lies.
        numbers: registers of the numbers that are read at each call.
        pointers: for each of the writer's memories, the address of the innermost loop's start.
        once: what was read and computed before the innermost loop.
    """

    def __init__(
        self, f: Function, writer: NestWriter, numbers: dict[int, Register], pointers: list[str],
        lanes: int, index: Register, count: int, once: Once,
    ) -> None:  # fmt: skip
        Piece.__init__(self, f, writer.domain[-1], lanes, index, count)
        known = {
            key: once.repeated[place]
            if place in once.repeated
            else self.read(pointers[place], memory)
            for place, (key, memory) in enumerate(writer.reads.items())
        }
        Expressions.__init__(self, f, writer, numbers, once, known)
        self.pointers = pointers

    # --- the instructions ---------------------------------------------------------------------

    def write(self) -> None:
        """Compute all elementwise instructions, and store what others need."""
        writer = self.writer
        places = writer.places
        for instruction in writer.nest.body:
            if instruction in writer.pointed:
                made = self._pick(instruction, places[writer.pointed[instruction]])
            else:
                made = self.compute(instruction)
            self.values[instruction.outputs[0]] = made
        for instruction in writer.nest.scatters:
            self._scatter(instruction, places[writer.pointed[instruction]])
        for value, memory in writer.writes.items():
            if value in self.values:
                self.store(self.values[value], self.pointers[places[memory]], memory)

    # --- indices ------------------------------------------------------------------------------

    def _position(self, instruction: Instruction) -> Register:
        """How far the index moves into the array that it points to, in elements."""
        schedule = self.writer.schedule
        indexed = schedule.indexed[instruction]
        found = self.values.get(indexed.index) if indexed.aligned else None
        if found is None:
            found = self.known[self.writer.index_key(indexed)]
        at = self.s.cast(found, "int64")
        if indexed.wraps:
            at = self.s.where(at < 0, at + indexed.shape[indexed.dim], at)
        pointed = instruction.outputs[0] if indexed.scatters else indexed.moved
        return at * schedule.accesses[pointed].strides[indexed.dim]

    def _pick(self, instruction: Instruction, place: int) -> Register:
        """Elements read at the places that the index names."""
        f, memory, pointer = self.f, self.writer.pointed[instruction], self.pointers[place]
        at, stride = self._position(instruction), memory.strides[-1]
        if at.lanes == 1:
            base = f.offset(pointer, at, memory.dtype)
            return self.read(base, memory) if stride else f.load(base, memory.dtype)
        if stride:
            at = at + (f.lane_indices(self.lanes) + self.index) * stride
        return f.gather(pointer, at, memory.dtype, self.mask)

    def _scatter(self, instruction: Instruction, place: int) -> None:
        """Bring elements to the places that the index names."""
        indexed = self.writer.schedule.indexed[instruction]
        memory = self.writer.pointed[instruction]
        x = self.s.cast(self.operand(indexed.moved), memory.dtype)
        base = self.f.offset(self.pointers[place], self._position(instruction), memory.dtype)
        if indexed.effect != "write":
            x = self.s.binary(indexed.effect, self.read(base, memory), x)
        self.store(x, base, memory)


def computing_name(instruction: Instruction) -> str:
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
