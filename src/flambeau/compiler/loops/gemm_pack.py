"""Packing: a panel of an operand copied so that the kernel reads it in order.

A panel holds, for each step of the reduction, `lanes` neighbouring columns of B (or rows of A),
padded with zeros to `stride` elements.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.module import Module
from flambeau.compiler.llvm.types import BYTES
from flambeau.compiler.llvm.value import Value
from flambeau.compiler.loops.gemm_index import Index, element, plus, when
from flambeau.compiler.loops.gemm_lanes import Lanes, TileContext, shuffled, transposed, zeros
from flambeau.compiler.loops.gemm_spec import Prologue

PIECE_BYTES = 16  # what transposing reads of a row at a time; shuffles within it are cheap
TURNED_ROWS = 8  # how many rows transposing reads at a time


@dataclass(frozen=True)
class Panel:
    """How a panel is read and written.

    `step` and `lane` are the source's strides along the reduction and across the panel; `depth`
    is the whole reduction's length; `lanes_are_rows` tells a prologue which way the panel lies;
    `brief` prefers short code to fast code.
    """

    source: str
    dtype: str
    width: int
    step: int
    lane: int
    depth: int
    lanes: int
    stride: int
    prologue: Prologue | None
    lanes_are_rows: bool
    brief: bool = False

    @property
    def transposes(self) -> bool:
        """Whether the source is contiguous along the reduction only, and it pays to use that."""
        contiguous = self.step == 1 and self.lane != 1
        return contiguous and self.depth > 1 and self.lanes > 1 and not self.brief


def pack_parameters(panel: Panel) -> list[tuple[str, str]]:
    """A packing function's parameters: where from, where to, how many steps, what hooks need."""
    parameters = [("ptr noalias", "source"), ("ptr noalias", "target"), ("i64", "depth")]
    if panel.prologue is not None:
        parameters += [("i64", "first_step"), ("i64", "first_lane"), ("i64", "batch")]
        parameters += panel.prologue.parameters
    return parameters


def emit_pack_panel(module: Module, name: str, panel: Panel) -> None:
    """Writes the function that packs `depth` steps of one panel."""
    writer = _PanelWriter(panel)
    with module.function(name, pack_parameters(panel), internal=True) as f:
        if panel.transposes:
            writer.transposing(f)
        else:
            writer.stepping(f)


class _PanelWriter:
    def __init__(self, panel: Panel) -> None:
        if panel.transposes:
            panel = replace(panel, width=min(panel.width, TURNED_ROWS))
        self.panel = panel
        self.piece = min(PIECE_BYTES // BYTES[panel.dtype], panel.width)

    def vectors(self) -> list[tuple[int, int]]:
        """The panel's vectors as (first lane, active lanes), padding included."""
        p = self.panel
        return [(at, max(0, min(p.width, p.lanes - at))) for at in range(0, p.stride, p.width)]

    def stepping(self, f: Function) -> None:
        """Step by step; lanes that are neighbours in the source move as vectors."""
        p = self.panel
        with f.loop(0, f.value("%depth", "int64")) as loop:
            for first, active in self.vectors():
                source = element(f, "%source", p.source, [(loop.index, p.step), (first, p.lane)])
                if p.lane == 1 or active <= 1:
                    vector = self.load(f, source, active, p.width)
                else:
                    vector = zeros(f, p.dtype, p.width)
                    for lane in range(active):
                        one = self.load(f, f.offset(source, lane * p.lane, p.source), 1, 1)
                        vector = f.with_lane(vector, lane, one)
                self.put(f, loop.index, first, active, vector)

    def transposing(self, f: Function) -> None:
        """The reduction is contiguous in the source: pieces of rows turn in registers.

        The few rows of one vector are followed to their end before the next vector's: rows that
        lie a multiple of the page size apart share a cache set, which holds few of them.
        """
        p = self.panel
        whole = p.lanes // p.width
        if whole:
            with f.loop(0, whole * p.width, p.width) as loop:
                self.turned_rows(f, loop.index, p.width)
        for first, active in self.vectors()[whole:]:
            self.turned_rows(f, first, active)

    def turned_rows(self, f: Function, first: Index, active: int) -> None:
        """All steps of one vector across the panel."""
        depth, rest = f.value("%depth", "int64"), self.panel.depth % self.piece
        whole = f.value(f.emit(f"and i64 %depth, {-self.piece}"), "int64")
        if self.panel.depth >= self.piece:
            with f.loop(0, whole, self.piece) as loop:
                self.turned(f, loop.index, self.piece, first, active)
        if rest:
            when(f, whole != depth, lambda: self.turned(f, whole, rest, first, active))  # type: ignore[arg-type]

    def turned(self, f: Function, step: Value, steps: int, first: Index, active: int) -> None:
        """One vector across the panel: a piece of each row, turned into vectors of steps."""
        p = self.panel
        source = element(f, "%source", p.source, [(step, 1), (first, p.lane)])
        rows = [
            self.load(f, f.offset(source, i * p.lane, p.source), steps, self.piece)
            for i in range(active)
        ]
        rows += [zeros(f, p.dtype, self.piece)] * (p.width - active)
        for i, vector in enumerate(transposed(f, rows)[:steps]):
            self.put(f, plus(step, i), first, active, vector)

    def load(self, f: Function, pointer: str, active: int, width: int) -> Value:
        """A vector of the source as the arithmetic's type; lanes past the active ones are zero."""
        if not active:
            return zeros(f, self.panel.dtype, width)
        found = f.load(pointer, self.panel.source, width, active)
        return f.scalar.cast(found, self.panel.dtype)

    def put(self, f: Function, step: Index, first: Index, active: int, vector: Value) -> None:
        """Stores one vector of one step, after the prologue."""
        p = self.panel
        if p.prologue is not None and active:
            vector = self.through_prologue(f, step, first, active, vector)
        room = min(p.width, p.stride - first) if isinstance(first, int) else p.width
        f.store(vector, element(f, "%target", p.dtype, [(step, p.stride), (first, 1)]), room)

    def through_prologue(
        self, f: Function, step: Index, first: Index, active: int, vector: Value
    ) -> Value:
        p = self.panel
        assert p.prologue is not None
        across, still = tuple(range(active)), (0,) * active
        where = plus(f.value("%first_step", "int64"), step)
        lane = plus(f.value("%first_lane", "int64"), first)
        batch = f.value("%batch", "int64")
        if p.lanes_are_rows:
            context = TileContext(
                f, p.dtype, p.width, lane, where, batch, [Lanes(across, still, p.width)]
            )
        else:
            context = TileContext(
                f, p.dtype, p.width, where, lane, batch, [Lanes(still, across, p.width)]
            )
        result = p.prologue.emit(context, [vector])[0]
        if active == p.width:
            return result
        kept = [lane if lane < active else p.width for lane in range(p.width)]
        return shuffled(f, result, zeros(f, p.dtype, p.width), kept)
