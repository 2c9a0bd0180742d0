"""Vectors whose lanes are elements of a matrix: loading and storing them through any strides."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.value import Value
from flambeau.compiler.loops.gemm_index import Index, element


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


def zeros(f: Function, dtype: str, lanes: int) -> Value:
    """A vector of zeros."""
    return f.value("zeroinitializer", dtype, lanes)


def added(x: Value, y: Value) -> Value:
    """The sums of corresponding lanes."""
    return x.builder.binary("add", x, y)  # type: ignore[return-value]


def shuffled(f: Function, x: Value, y: Value, picks: Sequence[int | None]) -> Value:
    """Picks lanes of x and then y by number; None is a lane that nobody reads."""
    mask = ", ".join("i32 poison" if p is None else f"i32 {p}" for p in picks)
    name = f.emit(
        f"shufflevector {x.type} {x.name}, {y.type} {y.name}, <{len(picks)} x i32> <{mask}>"
    )
    return f.value(name, x.dtype, len(picks))


def transposed(f: Function, rows: Sequence[Value]) -> list[Value]:
    """Turns rows of p elements into p vectors with one lane for each row.

    Row r starts in block r // p of vector r % p; then each block turns in place, which needs only
    the cheap shuffles within 128 bits.
    """
    piece, width = rows[0].lanes, len(rows)
    vectors = [_joined(f, rows[q::piece]) for q in range(piece)]
    half = 1
    while half < piece:
        low = [k if not k & half else width + k - half for k in range(width)]
        high = [k + half if not k & half else width + k for k in range(width)]
        for i in range(piece):
            if not i & half:
                x, y = vectors[i], vectors[i + half]
                vectors[i], vectors[i + half] = shuffled(f, x, y, low), shuffled(f, x, y, high)
        half *= 2
    return vectors


def _joined(f: Function, parts: Sequence[Value]) -> Value:
    """Short vectors end to end."""
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=True)
        parts = [shuffled(f, x, y, range(2 * x.lanes)) for x, y in pairs]
    return parts[0]


def load_lanes(f: Function, dtype: str, width: int, base: str, offsets: Sequence[int]) -> Value:
    """Reads `base[offset]` for each active lane, in as few instructions as the pattern allows."""
    active, first = len(offsets), min(offsets)
    if max(offsets) == first:
        return f.scalar.splat(f.load(f.offset(base, first, dtype), dtype), width)
    if _consecutive(offsets):
        return f.load(f.offset(base, first, dtype), dtype, width, active)
    if max(offsets) - first < width:
        touched = _chosen(f, {o - first for o in offsets}, width)
        vector = f.load(f.offset(base, first, dtype), dtype, width, touched)
        picks = [o - first for o in offsets] + [None] * (width - active)
        return shuffled(f, vector, vector, picks)
    vector = zeros(f, dtype, width)
    for lane, offset in enumerate(offsets):
        vector = f.with_lane(vector, lane, f.load(f.offset(base, offset, dtype), dtype))
    return vector


def store_lanes(f: Function, vector: Value, base: str, offsets: Sequence[int]) -> None:
    """Writes each active lane to `base[offset]`."""
    if len(offsets) > 1 and _consecutive(offsets):
        f.store(vector, f.offset(base, offsets[0], vector.dtype), len(offsets))
        return
    for lane, offset in enumerate(offsets):
        f.store(f.lane(vector, lane), f.offset(base, offset, vector.dtype))


def _consecutive(offsets: Sequence[int]) -> bool:
    return all(o == offsets[0] + lane for lane, o in enumerate(offsets))


def _chosen(f: Function, lanes: Collection[int], width: int) -> Value:
    items = ", ".join(f"i1 {int(lane in lanes)}" for lane in range(width))
    return f.value(f"<{items}>", "bool", width)


@dataclass
class TileContext:
    """What a hook sees: the function being written, and where its vectors lie in the matrix.

    `row`, `column` and `batch` are the position of the tile's first element; `lanes` says, for
    each vector, where its lanes lie from there. All are in the caller's matrix, whichever way
    round the kernel computes it. `function.scalar` builds element expressions on the vectors.
    """

    function: Function
    dtype: str
    width: int
    row: Index
    column: Index
    batch: Index
    lanes: Sequence[Lanes]

    def load(
        self,
        pointer: str,
        row_stride: int,
        column_stride: int,
        vector: int,
        batch_stride: int = 0,
    ) -> Value:
        """Loads a matrix's elements at a vector's lanes.

        Args:
            pointer: the matrix, of this context's dtype.
            row_stride, column_stride: in elements; 0 broadcasts (one bias per column is 0, 1).
            vector: which of the hook's vectors.
            batch_stride: from one batch's matrix to the next.
        """
        base = self.base(pointer, self.dtype, row_stride, column_stride, batch_stride)
        offsets = self.lanes[vector].offsets(row_stride, column_stride)
        return load_lanes(self.function, self.dtype, self.width, base, offsets)

    def store(
        self,
        value: Value,
        pointer: str,
        row_stride: int,
        column_stride: int,
        vector: int,
        batch_stride: int = 0,
    ) -> None:
        """Stores a vector's active lanes into another matrix; arguments as for `load`."""
        base = self.base(pointer, self.dtype, row_stride, column_stride, batch_stride)
        store_lanes(
            self.function, value, base, self.lanes[vector].offsets(row_stride, column_stride)
        )

    def base(
        self, pointer: str, dtype: str, row_stride: int, column_stride: int, batch_stride: int
    ) -> str:
        """The address of a matrix's element at the tile's first place."""
        terms = [(self.row, row_stride), (self.column, column_stride), (self.batch, batch_stride)]
        return element(self.function, pointer, dtype, terms)
