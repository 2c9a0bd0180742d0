"""Vectors whose lanes are elements of a matrix: loading and storing them through any strides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .gemm_text import SIZE, Function


@dataclass(frozen=True)
class Lanes:
    """Where each active lane of a vector lies, relative to its tile's first element."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    width: int

    def transposed(self) -> Lanes:
        """The same lanes seen by the transposed product."""
        return Lanes(self.columns, self.rows, self.width)

    def offsets(self, row_stride: int, column_stride: int) -> tuple[int, ...]:
        """Each active lane's element offset in a matrix of these strides."""
        pairs = zip(self.rows, self.columns, strict=True)
        return tuple(r * row_stride + c * column_stride for r, c in pairs)


def along_columns(row: int, first: int, active: int, width: int) -> Lanes:
    """A piece of one row."""
    return Lanes((row,) * active, tuple(range(first, first + active)), width)


def load_lanes(f: Function, scalar: str, width: int, base: str, offsets: Sequence[int]) -> str:
    """Gathers `base[offset]` for each active lane, in as few instructions as the pattern allows."""
    size, active, kind = SIZE[scalar], len(offsets), f"<{width} x {scalar}>"
    first = min(offsets)
    if max(offsets) == first:
        return f.splat(scalar, width, f.load(scalar, f.offset(base, scalar, first), size))
    if _consecutive(offsets):
        pointer = f.offset(base, scalar, first)
        if active == width:
            return f.load(kind, pointer, size)
        return f.masked_load(scalar, width, pointer, _mask(range(active), width))
    if max(offsets) - first < width:
        touched = _mask({o - first for o in offsets}, width)
        vector = f.masked_load(scalar, width, f.offset(base, scalar, first), touched)
        picks = [o - first for o in offsets] + [None] * (width - active)
        return f.shuffle(kind, vector, "poison", picks)
    vector = "zeroinitializer"
    for lane, offset in enumerate(offsets):
        element = f.load(scalar, f.offset(base, scalar, offset), size)
        vector = f.value(f"insertelement {kind} {vector}, {scalar} {element}, i64 {lane}")
    return vector


def store_lanes(
    f: Function, scalar: str, width: int, value: str, base: str, offsets: Sequence[int]
) -> None:
    """Stores each active lane to `base[offset]`."""
    size, kind = SIZE[scalar], f"<{width} x {scalar}>"
    if len(offsets) > 1 and _consecutive(offsets):
        pointer = f.offset(base, scalar, offsets[0])
        if len(offsets) == width:
            f.store(kind, value, pointer, size)
        else:
            f.masked_store(scalar, width, value, pointer, _mask(range(len(offsets)), width))
        return
    for lane, offset in enumerate(offsets):
        element = f.value(f"extractelement {kind} {value}, i64 {lane}")
        f.store(scalar, element, f.offset(base, scalar, offset), size)


def _consecutive(offsets: Sequence[int]) -> bool:
    return all(o == offsets[0] + lane for lane, o in enumerate(offsets))


def _mask(lanes: object, width: int) -> list[bool]:
    return [lane in lanes for lane in range(width)]  # type: ignore[operator]


@dataclass
class TileContext:
    """What an epilogue sees: the function being written, and where its vectors lie in C.

    `row`, `column` and `batch` are i64 values (or known integers) of the tile's first element;
    `lanes` says, for each vector, where its lanes lie from there. All are in the caller's C,
    whichever way round the kernel computes it.
    """

    function: Function
    scalar: str
    width: int
    row: str | int
    column: str | int
    batch: str | int
    lanes: Sequence[Lanes]

    @property
    def kind(self) -> str:
        """The vectors' LLVM type."""
        return f"<{self.width} x {self.scalar}>"

    def load(
        self,
        pointer: str,
        row_stride: int,
        column_stride: int,
        vector: int,
        batch_stride: int = 0,
    ) -> str:
        """Loads a matrix's elements at a vector's lanes; stride 0 broadcasts (a bias is 0, 1)."""
        base = self._base(pointer, row_stride, column_stride, batch_stride)
        offsets = self.lanes[vector].offsets(row_stride, column_stride)
        return load_lanes(self.function, self.scalar, self.width, base, offsets)

    def store(
        self,
        value: str,
        pointer: str,
        row_stride: int,
        column_stride: int,
        vector: int,
        batch_stride: int = 0,
    ) -> None:
        """Stores a vector's active lanes into another matrix of C's shape."""
        base = self._base(pointer, row_stride, column_stride, batch_stride)
        offsets = self.lanes[vector].offsets(row_stride, column_stride)
        store_lanes(self.function, self.scalar, self.width, value, base, offsets)

    def _base(self, pointer: str, row_stride: int, column_stride: int, batch_stride: int) -> str:
        f = self.function
        index = f.add(
            f.add(f.multiply(self.row, row_stride), f.multiply(self.column, column_stride)),
            f.multiply(self.batch, batch_stride),
        )
        return f.offset(pointer, self.scalar, index)
