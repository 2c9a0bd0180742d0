"""Packing: a panel of an operand copied so that the kernel reads it in order.

A panel holds, for each step of the reduction, `lanes` neighbouring columns of B (or rows of A),
padded with zeros to `stride` elements.
"""

from __future__ import annotations

from dataclasses import dataclass

from .gemm_lanes import Lanes, TileContext
from .gemm_spec import Prologue
from .gemm_text import SIZE, Function, Module
PIECE_BYTES = 16
"""What transposing reads of a row at a time: the unit within which shuffles are cheap."""


@dataclass(frozen=True)
class Panel:
    """How a panel is read and written.

    `step` and `lane` are the source's strides along the reduction and across the panel;
    `depth` is the whole reduction's length; `lanes_are_rows` tells a prologue which way it lies.
    """

    source: str
    scalar: str
    width: int
    step: int
    lane: int
    depth: int
    lanes: int
    stride: int
    prologue: Prologue | None = None
    lanes_are_rows: bool = False


def pack_parameters(panel: Panel) -> list[tuple[str, str]]:
    """A packing function's parameters: where from, where to, how many steps, what hooks need."""
    parameters = [("ptr", "source"), ("ptr", "target"), ("i64", "depth")]
    if panel.prologue is not None:
        parameters += [("i64", "first_step"), ("i64", "first_lane"), ("i64", "batch")]
        parameters += panel.prologue.parameters
    return parameters


def emit_pack_panel(module: Module, name: str, panel: Panel) -> None:
    """Writes the function that packs one panel."""
    writer = _PanelWriter(module, name, panel)
    f = Function(module, name, pack_parameters(panel))
    if panel.step == 1 and panel.lane != 1 and panel.depth > 1:
        writer.transposing(f)
    elif panel.lane == 1 or panel.lanes == 1:
        writer.copying(f)
    else:
        writer.gathering(f)
    f.finish()


class _PanelWriter:
    def __init__(self, module: Module, name: str, panel: Panel) -> None:
        self.module, self.name, self.panel = module, name, panel
        self.kind = f"<{panel.width} x {panel.scalar}>"

    def pieces(self) -> list[tuple[int, int]]:
        """The panel's vectors as (first lane, active lanes), padding included."""
        p = self.panel
        return [
            (at, max(0, min(p.width, p.lanes - at))) for at in range(0, p.stride, p.width)
        ]

    def copying(self, f: Function) -> None:
        """Lanes are neighbours in the source too: whole vectors move."""
        with f.loop(0, "%depth", runs=True) as loop:
            source = f.offset("%source", self.panel.source, f.multiply(loop.index, self.panel.step))
            for first, active in self.pieces():
                vector = "zeroinitializer"
                if active:
                    at = f.offset(source, self.panel.source, first)
                    vector = load_converted(f, self.panel, at, active)
                self.put(f, loop.index, first, active, vector)

    def gathering(self, f: Function) -> None:
        """Nothing is contiguous: element by element."""
        p = self.panel
        with f.loop(0, "%depth", runs=True) as loop:
            source = f.offset("%source", p.source, f.multiply(loop.index, p.step))
            for first, active in self.pieces():
                vector = "zeroinitializer"
                for lane in range(active):
                    at = f.offset(source, p.source, (first + lane) * p.lane)
                    element = load_converted_scalar(f, p, at)
                    vector = f.value(
                        f"insertelement {self.kind} {vector}, {p.scalar} {element}, i64 {lane}"
                    )
                self.put(f, loop.index, first, active, vector)

    def transposing(self, f: Function) -> None:
        """The reduction is contiguous in the source: pieces of rows turn in registers."""
        p = self.panel
        piece = min(PIECE_BYTES // SIZE[p.scalar], p.width)
        whole = f.value(f"and i64 %depth, {-piece}")
        if p.depth >= piece:
            with f.loop(0, whole, piece) as loop:
                self.turned_pieces(f, loop.index, piece, piece)
        if p.depth % piece:
            rest = f.value(f"icmp ne i64 {whole}, %depth")
            with f.when(rest):
                self.turned_pieces(f, whole, piece, p.depth % piece)

    def turned_pieces(self, f: Function, step: str, piece: int, steps: int) -> None:
        """`steps` steps of the panel, vector by vector across it."""
        p = self.panel
        whole = p.lanes // p.width
        if whole:
            with f.loop(0, whole * p.width, p.width) as loop:
                self.turned(f, step, piece, steps, loop.index, p.width)
        for first, active in self.pieces()[whole:]:
            self.turned(f, step, piece, steps, first, active)

    def turned(
        self, f: Function, step: str, piece: int, steps: int, first: str | int, active: int
    ) -> None:
        """One vector across the panel: a piece of each row, turned into vectors of steps."""
        p = self.panel
        source = f.offset("%source", p.source, f.add(step, f.multiply(first, p.lane)))
        rows = [
            load_converted(f, p, f.offset(source, p.source, i * p.lane), steps, piece)
            for i in range(active)
        ]
        rows += ["zeroinitializer"] * (p.width - active)
        for i, vector in enumerate(transpose(f, p.scalar, piece, rows)[:steps]):
            self.put(f, f.add(step, i), first, active, vector)

    def put(
        self, f: Function, step: str | int, first: str | int, active: int, vector: str
    ) -> None:
        """Stores one vector of one step, after the prologue."""
        p = self.panel
        if p.prologue is not None and active:
            vector = self.through_prologue(f, step, first, active, vector)
        at = f.offset("%target", p.scalar, f.add(f.multiply(step, p.stride), first))
        room = p.width if isinstance(first, str) else min(p.width, p.stride - first)
        if room == p.width:
            f.store(self.kind, vector, at, SIZE[p.scalar])
        else:
            lanes = [lane < room for lane in range(p.width)]
            f.masked_store(p.scalar, p.width, vector, at, lanes)

    def through_prologue(
        self, f: Function, step: str | int, first: str | int, active: int, vector: str
    ) -> str:
        p = self.panel
        assert p.prologue is not None
        across, still = tuple(range(active)), (0,) * active
        where, lane = f.add("%first_step", step), f.add("%first_lane", first)
        if p.lanes_are_rows:
            lanes, row, column = Lanes(across, still, p.width), lane, where
        else:
            lanes, row, column = Lanes(still, across, p.width), where, lane
        context = TileContext(f, p.scalar, p.width, row, column, "%batch", [lanes])
        return p.prologue.emit(context, [vector])[0]


def load_converted(
    f: Function, panel: Panel, pointer: str, active: int, width: int | None = None
) -> str:
    """Loads a vector of the source's type as one of the arithmetic's; further lanes are zero."""
    stored = "i16" if panel.source == "bfloat" else panel.source
    width = width or panel.width
    if active == width:
        vector = f.load(f"<{width} x {stored}>", pointer, SIZE[stored])
    else:
        lanes = [lane < active for lane in range(width)]
        vector = f.masked_load(stored, width, pointer, lanes)
    return _converted(f, panel, vector, width)


def load_converted_scalar(f: Function, panel: Panel, pointer: str) -> str:
    """Loads one element as the arithmetic's type."""
    stored = "i16" if panel.source == "bfloat" else panel.source
    return _converted(f, panel, f.load(stored, pointer, SIZE[stored]), 1)


def _converted(f: Function, panel: Panel, value: str, width: int) -> str:
    def kind(scalar: str) -> str:
        return scalar if width == 1 else f"<{width} x {scalar}>"

    if panel.source == panel.scalar:
        return value
    if panel.source == "bfloat":
        wide = f.value(f"zext {kind('i16')} {value} to {kind('i32')}")
        sixteen = "16" if width == 1 else "<" + ", ".join(["i32 16"] * width) + ">"
        bits = f.value(f"shl {kind('i32')} {wide}, {sixteen}")
        value, held = f.value(f"bitcast {kind('i32')} {bits} to {kind('float')}"), "float"
        if panel.scalar == held:
            return value
        return f.value(f"fpext {kind(held)} {value} to {kind(panel.scalar)}")
    return f.value(f"fpext {kind(panel.source)} {value} to {kind(panel.scalar)}")


def transpose(f: Function, scalar: str, piece: int, rows: list[str]) -> list[str]:
    """Turns rows of `piece` elements into `piece` vectors with one lane for each row.

    Row r starts in block r // piece of vector r % piece; then each block turns in place, which
    needs only the cheap shuffles within 128 bits.
    """
    vectors = [_joined(f, scalar, piece, rows[q::piece]) for q in range(piece)]
    width = len(rows)
    kind = f"<{width} x {scalar}>"
    half = 1
    while half < piece:
        low = [k if not k & half else width + k - half for k in range(width)]
        high = [k + half if not k & half else width + k for k in range(width)]
        for i in range(piece):
            if not i & half:
                x, y = vectors[i], vectors[i + half]
                vectors[i] = f.shuffle(kind, x, y, low)
                vectors[i + half] = f.shuffle(kind, x, y, high)
        half *= 2
    return vectors


def _joined(f: Function, scalar: str, width: int, parts: list[str]) -> str:
    """Short vectors end to end."""
    while len(parts) > 1:
        kind = f"<{width} x {scalar}>"
        width *= 2
        parts = [f.shuffle(kind, x, y, range(width)) for x, y in zip(parts[::2], parts[1::2])]
    return parts[0]
