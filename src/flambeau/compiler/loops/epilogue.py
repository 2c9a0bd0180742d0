"""Elementwise operations on a product's tiles, before they leave the registers.

A layer's bias and activation, or an optimizer's update of the weights by their gradient: done
where the tile is, each saves writing the product and reading it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.functions.quotient import Divisor, divisor
from flambeau.compiler.llvm.value import Value as Register
from flambeau.compiler.loops.elements import Expressions, Once, computing_name
from flambeau.compiler.loops.gemm_lanes import TileContext, load_lanes, store_lanes
from flambeau.compiler.loops.nest_memory import Memory, NestMemory
from flambeau.compiler.loops.product import flattened
from flambeau.compiler.loops.schedule import Schedule
from flambeau.compiler.loops.steps import Product
from flambeau.compiler.record.program import Instruction, Value
from flambeau.core.scalar import FLOATING


class TileEpilogue(NestMemory):
    """A product's nest, as the generator of products writes it.

    Args:
        schedule: where values lie.
        step: the product; it has a nest.
        batched: whether all but the last two dimensions number matrices, not rows.

    Attributes:
        pointers: the memories that its functions are given pointers to, in order; a pointer to
            the numbers follows.
    """

    def __init__(self, schedule: Schedule, step: Product, batched: bool) -> None:
        assert step.nest is not None
        super().__init__(schedule, step.nest)
        self.target = step.target
        self.output = step.instruction.outputs[0]
        for memory in self.memories:
            strides = flattened(step.nest.domain, tuple(memory.strides), batched)
            assert strides is not None
            memory.strides = list(strides)
        mine = {self.output, self.target}
        self.pointers = [m for m in self.memories if m.value not in mine]
        for place, memory in enumerate(self.pointers):
            memory.name = f"%e{place}"
        self.parameters = (
            *[("ptr", f"e{place}") for place in range(len(self.pointers))],
            ("ptr", "numbers"),
        )
        self.now: tuple[dict[int, Register], Once] | None = None

    # --- equal epilogues share the functions of equal products --------------------------------

    @cached_property
    def signature(self) -> Any:
        """What decides the text: memory by its strides, instructions by what they read."""
        places = {memory: place for place, memory in enumerate(self.memories)}
        own = {self.output: "product"} | {
            v: places[m] for v, m in self.writes.items() if v is self.target
        }
        return (
            tuple((m.dtype, m.value is self.output, *m.strides) for m in self.memories),
            own[self.target],
            tuple(self.described()),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TileEpilogue) and self.signature == other.signature

    def __hash__(self) -> int:
        return hash(self.signature)

    # --- code ---------------------------------------------------------------------------------

    def begin(self, f: Function) -> None:
        """Read what is the same for all tiles."""
        numbers = {
            key: f.load(f.offset("%numbers", index, "float64"), "float64")
            for index, key in enumerate(self.numbers)
        }
        repeated = {
            self.places[memory]: f.load(memory.name, memory.dtype)
            for memory in self.reads.values()
            if memory.name and not any(memory.strides)
        }
        self.now = numbers, Once(repeated, self._divisors(f, numbers, repeated))

    def _divisors(
        self, f: Function, numbers: dict[int, Register], repeated: dict[int, Register]
    ) -> dict[Instruction, Divisor]:
        found = {}
        for instruction in self.nest.body:
            if instruction.operation.name != "div":
                continue
            x, kind = instruction.inputs[1], computing_name(instruction)
            known = numbers.get(id(x))
            if isinstance(x, Value) and x not in self.inside and not self._constant(x):
                known = repeated.get(self.places[self.reads[self.read_key(x)]])
            if known is not None and kind in FLOATING:
                found[instruction] = divisor(f.scalar, f.scalar.cast(known, kind))
        return found

    def emit(self, context: TileContext, vectors: Sequence[Register]) -> Sequence[Register]:
        """Compute the nest on a tile's vectors; returns what the product's memory receives."""
        assert self.now is not None
        return [self._vector(context, place, x) for place, x in enumerate(vectors)]

    def _vector(self, context: TileContext, place: int, x: Register) -> Register:
        assert self.now is not None
        f, (numbers, once) = context.function, self.now
        known = {}
        for key, memory in self.reads.items():
            if memory.value is self.output:
                known[key] = x
            elif self.places[memory] in once.repeated:
                known[key] = once.repeated[self.places[memory]]
            else:
                base, offsets = self._where(context, place, memory)
                known[key] = load_lanes(f, memory.dtype, x.lanes, base, offsets)
        expressions = Expressions(f, self, numbers, once, known)
        for instruction in self.nest.body:
            expressions.values[instruction.outputs[0]] = expressions.compute(instruction)
        for value, memory in self.writes.items():
            if value is not self.target:
                base, offsets = self._where(context, place, memory)
                made = f.scalar.splat(expressions.values[value], x.lanes)
                store_lanes(f, made, base, offsets)
        if self.target is self.output:
            return x
        return f.scalar.splat(expressions.values[self.target], x.lanes)

    def _where(
        self, context: TileContext, place: int, memory: Memory
    ) -> tuple[str, tuple[int, ...]]:
        batch, row, column = memory.strides
        base = context.base(memory.name, memory.dtype, row, column, batch)
        return base, context.lanes[place].offsets(row, column)
