"""Writing a nest as a function: its memory, its loops, and how they are shared among threads."""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from flambeau.compiler.llvm.module import Module
from flambeau.compiler.llvm.types import BYTES
from flambeau.compiler.loops.access import Access, direct
from flambeau.compiler.loops.accumulators import (
    accumulating_type,
    reduced_dims,
    reduction_strides,
)
from flambeau.compiler.loops.nest_memory import NestMemory
from flambeau.compiler.loops.schedule import Schedule
from flambeau.compiler.loops.steps import Nest
from flambeau.compiler.record.program import Instruction, Value
from flambeau.core.shapes import contiguous_strides
from flambeau.core.spec import Spec

# What a nest takes, roughly, by what it moves and computes: bytes and operations in a nanosecond.
BYTES_PER_NANOSECOND = 24
LIGHT_PER_NANOSECOND, HEAVY_PER_NANOSECOND = 20, 1.5
HEAVY = {
    "exp", "expm1", "log", "log1p", "log2", "log10", "sin", "cos", "tan", "tanh", "sigmoid", "erf",
    "erfc", "erfinv", "pow", "gelu", "gelu_backward", "softplus", "silu", "mish", "lgamma",
    "asin", "acos", "atan", "atan2", "sinh", "cosh", "digamma", "logaddexp", "log_sigmoid",
}  # fmt: skip
SHARED_NANOSECONDS = 20_000  # work that is worth waking other threads for
CHUNK_NANOSECONDS, MOST_CHUNKS = 8_000, 32
CHUNK_MULTIPLE = 64  # elements: whole groups of vectors, whatever their width
CHUNK_LEAST = 16  # multiples: fewer elements would be written out instead of looped over


class NestWriter(NestMemory):
    """Writes one nest as a function.

    Args:
        schedule: where values lie.
        nest: what to compute.
        leading: how many dimensions are rows that the caller will take block by block; they
            become the outermost loop, if one loop can walk them.

    Attributes:
        bytes: about how much memory is touched.
        nanoseconds: about how long one thread takes.
        domain: the sizes of the loops, outermost first.
        memories: what is touched; the function's pointers are in this order.
        rows: how many turns of the outermost loop a chunk takes; 0 if the nest is not split.
        chunks: how many chunks there are.
        crossing: reductions across the rows that blocks consist of: chunks collect them.
        partials: reductions that are still to be combined from their chunks, and the value of
            those.
    """

    def __init__(self, schedule: Schedule, nest: Nest, leading: int = 0) -> None:
        super().__init__(schedule, nest)
        self.domain = list(nest.domain)
        self.rows, self.chunks = 0, 1
        self.partials: dict[Instruction, Value] = {}
        self.bytes = self._bytes()
        self.nanoseconds = self._nanoseconds()
        shared = self.nanoseconds >= SHARED_NANOSECONDS and 0 not in nest.domain
        shared = shared and not nest.scatters and not leading and not nest.combines
        ndim = len(nest.domain)
        self.crossing = [
            i for i in nest.reductions if any(d < leading for d in reduced_dims(i, ndim))
        ]
        self._make_partials(nest.reductions if shared else self.crossing)
        self._arrange_loops(leading)
        if shared:
            self._split()

    @property
    def split(self) -> bool:
        """Whether the function computes a range of the outermost loop."""
        return self.rows > 0

    # --- which loops --------------------------------------------------------------------------

    def _arrange_loops(self, leading: int) -> None:
        """Drop dimensions of size 1, put the best one innermost, merge those that are one walk."""
        memories = self.memories
        axes = [a for a, size in enumerate(self.domain) if size != 1 and a >= leading]
        rows = [a for a, size in enumerate(self.domain) if size != 1 and a < leading]
        axes = [*rows, *self._ordered(axes)]
        for memory in memories:
            memory.strides = [memory.strides[a] for a in axes]
        self.domain = [self.domain[a] for a in axes]
        if rows and len(axes) == len(rows):
            self.domain.append(1)
            for memory in memories:
                memory.strides.append(0)
        axis = len(self.domain) - 2
        while axis >= 0:
            inner = self.domain[axis + 1]
            if axis != len(rows) - 1 and all(
                m.strides[axis] == m.strides[axis + 1] * inner for m in memories
            ):
                self.domain[axis : axis + 2] = [self.domain[axis] * inner]
                for memory in memories:
                    del memory.strides[axis]
            axis -= 1
        if not self.domain:
            self.domain = [1]
            for memory in memories:
                memory.strides = [0]

    def _ordered(self, axes: list[int]) -> list[int]:
        """Dimensions from outermost to innermost: the one that most walk along comes last."""
        if len(axes) < 2:
            return axes

        def steps(axis: int) -> tuple[int, int]:
            unit = sum(abs(m.strides[axis]) == 1 for m in self.memories)
            jumps = sum(abs(m.strides[axis]) > 1 for m in self.memories)
            return jumps - unit, -axis

        innermost = min(axes, key=steps)
        return [a for a in axes if a != innermost] + [innermost]

    # --- chunks -------------------------------------------------------------------------------

    def _bytes(self) -> int:
        touched = 0
        for memory in self.memories:
            walked = (n for n, s in zip(self.domain, memory.strides, strict=True) if s)
            touched += prod(walked) * BYTES[memory.dtype]
        return touched

    def _nanoseconds(self) -> float:
        size = prod(self.domain)
        heavy = sum(i.operation.name in HEAVY for i in self.nest.body)
        light = len(self.nest.body) + len(self.nest.reductions)
        computed = size * (light / LIGHT_PER_NANOSECOND + heavy / HEAVY_PER_NANOSECOND)
        return self.bytes / BYTES_PER_NANOSECOND + computed

    def _make_partials(self, reductions: list[Instruction]) -> None:
        """Let reductions go to memory of which each chunk may have its own."""
        for instruction in reductions:
            value = instruction.outputs[0]
            memory, shape = self.writes[value], value.spec.shape
            own = Access(value, 0, contiguous_strides(shape), shape)
            memory.strides = reduction_strides(instruction, own, self.nest.domain)

    def _split(self) -> None:
        """Cut the outermost loop into chunks, which only shapes decide, not how many threads."""
        size, nest = self.domain[0], self.nest
        wanted = min(MOST_CHUNKS, int(self.nanoseconds / CHUNK_NANOSECONDS) + 1)
        rows = -(-size // wanted)
        if len(self.domain) == 1:
            rows = max(-(-rows // CHUNK_MULTIPLE), CHUNK_LEAST) * CHUNK_MULTIPLE
        chunks = -(-size // rows)
        reduced = [i for i in nest.reductions if self.writes[i.outputs[0]].strides[0] == 0]
        results = sum(i.outputs[0].spec.size for i in reduced)
        fits = results * chunks * 4 <= prod(self.domain)
        if chunks > 1 and fits:
            self.rows, self.chunks = rows, chunks
        for instruction in list(nest.reductions):
            self._settle(instruction, instruction in reduced and self.split)

    def cut(self, rows: int, chunks: int) -> None:
        """Let the function take so many rows at a time, on behalf of so many chunks."""
        self.rows, self.chunks = rows, chunks
        for instruction in self.crossing:
            self._settle(instruction, True)

    def _settle(self, old: Instruction, partial: bool) -> None:
        """Give a reduction memory that its output cannot be: the chunks' own, or another layout."""
        value = old.outputs[0]
        memory, spec = self.writes[value], value.spec
        contiguous = direct(value).strides == contiguous_strides(spec.shape)
        if not partial and contiguous and memory.value is value:
            return
        dtype = np.dtype(accumulating_type(memory.dtype)) if partial else spec.dtype
        shape = (self.chunks if partial else 1, *spec.shape)
        memory.value = made = Value(value.number, Spec(shape, dtype), "result")
        memory.dtype, memory.offset = dtype.name, 0
        memory.partial = max(spec.size, 1) if partial else 0
        self.schedule.accesses[made] = direct(made)
        new = Instruction(old.operation, old.inputs, old.params, (made,), old.line)
        reductions = self.nest.reductions
        reductions[reductions.index(old)] = new
        self.writes = {made if v is value else v: m for v, m in self.writes.items()}
        self.partials[old] = made

    def combining(self) -> list[Nest]:
        """Nests that combine the chunks' results, in the order of the chunks."""
        found: dict[tuple[int, ...], Nest] = {}
        for instruction, partial in self.partials.items():
            shape = partial.spec.shape
            nest = found.setdefault(shape, Nest(shape))
            nest.combines = True
            names = instruction.operation.params
            changed = {"dim": (0,), "keepdim": False}
            params = [changed.get(n, p) for n, p in zip(names, instruction.params, strict=True)]
            op = instruction.operation
            nest.reductions.append(
                Instruction(op, (partial,), tuple(params), instruction.outputs, instruction.line)
            )
        return list(found.values())

    # --- writing ------------------------------------------------------------------------------

    def arguments(self) -> list[tuple[Value, int]]:
        """For each pointer, whose memory it is and how many bytes from its start."""
        return [(m.value, m.offset * BYTES[m.dtype]) for m in self.memories]

    def write(self, module: Module, name: str) -> None:
        """Write the function: pointers, one pointer to numbers, and if split begin, end, chunk.

        Where reductions cross blocks, it is also told whether a block is its chunk's first.
        """
        from flambeau.compiler.loops.body import Body

        parameters = []
        for index, memory in enumerate(self.memories):
            memory.name = f"%p{index}"
            parameters.append(("ptr", f"p{index}"))
        parameters.append(("ptr", "numbers"))
        if self.split:
            parameters += [("i64", "begin"), ("i64", "end"), ("i64", "chunk")]
        if self.crossing:
            parameters.append(("i1", "fresh"))
        with module.function(name, parameters, internal=True) as f:
            Body(self, f).write()

    @cached_property
    def signature(self) -> Any:
        """What decides the function's text: equal nests on other memory share one function."""
        return (
            tuple(self.domain),
            self.rows,
            bool(self.crossing),
            tuple((m.dtype, m.partial, *m.strides) for m in self.memories),
            tuple(self.described()),
        )
