"""Products of matrices whose rows lie at places that a table names, and copies between layouts.

What a kernel of a convolution sees of an image is a matrix each of whose rows is a stretch of the
image's memory: such a product reads the image where it is. Sizes are arguments, so one compilation
serves all shapes. Each sum is added up in the order of its products, whatever the tiles and the
threads.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from flambeau.compiler.llvm import Module
from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.value import Value
from flambeau.compiler.run import Array, Int, Signature, compile_module, define_entry
from flambeau.compiler.sharing import KINDS, share

VECTORS = 3  # vectors of columns in a tile
LONG = 8  # the same where there is one row, or few
FEW_ROWS = 4
WORK = 2**18  # multiply-adds that one thread does at a time

_NUMBERS = (
    "rows", "columns", "depth", "segments", "a_row", "a_step", "c_row", "a_segment", "b_segment",
    "tiles", "width", "grain",
)  # fmt: skip


def products(
    c: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
    table: np.ndarray,
    bases: np.ndarray,
    start: np.ndarray,
    rows: int,
    columns: int,
    a_row: int,
    c_row: int,
    segments: int = 1,
    a_segment: int = 0,
    b_segment: int = 0,
    a_step: int = 1,
) -> bool:
    """``c[i, j] = start[i] + Σ_s Σ_k a[i, s, k] b[s, table[k] + j]``, for several items.

    Args:
        c: where the results go; all arrays but the tables are flat, row-major, of one type.
        a, b: the factors.
        table: where in ``b`` each of the reduction's rows begins.
        bases: for each item, where its c, a, b and start begin, (items, 4), int64.
        start: what each row's sums begin with.
        rows, columns: of an item's result.
        a_row, c_row: from one row to the next.
        segments: how many times the whole table is gone through.
        a_segment, b_segment: from one time to the next.
        a_step: from one factor of a sum to the next.

    Returns:
        False for arrays of another kind: nothing has happened then.
    """
    kind = KINDS.get(c.dtype)
    if kind is None:
        return False
    entry, lanes = _products_entry(kind)
    depth = table.size
    width = (LONG if rows < FEW_ROWS else VECTORS) * lanes
    tiles = -(-columns // width)
    count = tiles * (bases.size // 4)
    grain = max(1, WORK // max(1, rows * width * depth * segments))
    return entry(
        c, a, b, start, table, bases, rows, columns, depth, segments, a_row, a_step, c_row,
        a_segment, b_segment, tiles, width, grain, count,
    )  # fmt: skip


@lru_cache(maxsize=2)
def _products_entry(dtype: str) -> tuple[Any, int]:
    """The native function, and how many elements a vector holds."""
    module = Module()
    lanes = module.target.lanes(32 if dtype == "float32" else 64)
    arrays = [Array(dtype, (None,), True), *[Array(dtype, (None,))] * 3]
    tables = [Array("int64", (None,))] * 2
    signature = Signature(
        (*arrays, *tables, *[Int()] * (len(_NUMBERS) + 1)), release_gil=True, flush_denormals=False
    )
    pointers = ("c", "a", "b", "start", "table", "bases")
    parameters = [*[("ptr", p) for p in pointers], *[("i64", n) for n in _NUMBERS]]
    with module.function("span", [*parameters, ("i64", "begin"), ("i64", "end")]) as f:
        _Tiles(f, dtype, lanes).write()
    share(module, parameters, "grain")
    exported = define_entry(module, "products", "kernel", signature)
    return compile_module(module, [exported]).entry(exported, signature, "products"), lanes


class _Tiles:
    """Tiles of columns, and below each of them tiles of rows."""

    def __init__(self, f: Function, dtype: str, lanes: int) -> None:
        self.f, self.dtype, self.lanes = f, dtype, lanes
        self.tall = 8 if f.module.target.vector_registers >= 32 else 4
        self.number = {name: f.value(f"%{name}", "int64") for name in _NUMBERS}

    def write(self) -> None:
        f, n = self.f, self.number
        begin, end = f.value("%begin", "int64"), f.value("%end", "int64")
        with f.loop(begin, end) as turn:
            item, tile = turn.index // n["tiles"], turn.index % n["tiles"]
            bases = f.offset("%bases", item * 4, "int64")
            c, a, b, start = [
                f.offset(p, f.load(f.offset(bases, k, "int64"), "int64"), self.dtype)
                for k, p in enumerate(("%c", "%a", "%b", "%start"))
            ]
            first = tile * n["width"]
            last = f.scalar.binary("minimum", first + n["width"], n["columns"])
            few = n["rows"] < FEW_ROWS
            with f.when(few):
                self.columns(c, a, b, start, first, last, LONG, (1,))
            with f.when(~few):
                heights = (self.tall, self.tall // 2)
                self.columns(c, a, b, start, first, last, VECTORS, heights)

    def columns(
        self, c: str, a: str, b: str, start: str, first: Value, last: Value, vectors: int,
        heights: tuple[int, ...],
    ) -> None:  # fmt: skip
        """Whole tiles, then single vectors, then what is left."""
        lanes = self.lanes
        wide = vectors * lanes
        whole = first + (last - first) // wide * wide
        single = whole + (last - whole) // lanes * lanes
        parts = ((first, whole, vectors), (whole, single, 1), (single, last, 0))
        for begin, end, count in parts:
            with self.f.loop(begin, end, max(count, 1) * lanes) as turn:
                mask = None if count else self.f.tail_mask(end - turn.index, lanes)
                place = self.f.offset(c, turn.index, self.dtype)
                source = self.f.offset(b, turn.index, self.dtype)
                self.rows(place, a, source, start, max(count, 1), mask, heights)

    def rows(
        self, c: str, a: str, b: str, start: str, vectors: int, mask: Value | None,
        heights: tuple[int, ...],
    ) -> None:  # fmt: skip
        """Tiles of rows; the last ones may overlap, which computes some sums twice."""
        f, rows = self.f, self.number["rows"]
        done = rows * 0
        for place, height in enumerate(heights):
            ends = rows // height * height if place == 0 and len(heights) > 1 else rows
            with f.loop(done, ends, height) as turn:
                row = turn.index
                if height > 1:
                    row = f.scalar.binary("minimum", row, rows - height)
                self.tile(c, a, b, f.offset(start, row, self.dtype), row, height, vectors, mask)
            done = ends

    def tile(
        self, c: str, a: str, b: str, start: str, row: Value, height: int, vectors: int,
        mask: Value | None,
    ) -> None:  # fmt: skip
        f, n, lanes = self.f, self.number, self.lanes
        above = f.offset(a, row * n["a_row"], self.dtype)
        sums: list[Value] = []
        for i in range(height):
            begin = f.load(f.offset(start, i, self.dtype), self.dtype)
            sums += [f.scalar.splat(begin, lanes)] * vectors
        with f.loop(0, n["segments"], carried=sums) as part:
            factors = f.offset(above, part.index * n["a_segment"], self.dtype)
            lines = [f.offset(factors, n["a_row"] * i, self.dtype) for i in range(height)]
            source = f.offset(b, part.index * n["b_segment"], self.dtype)
            with f.loop(0, n["depth"], carried=part.values) as turn:
                turn.carry(*self.step(turn.index, lines, source, turn.values, vectors, mask))
            part.carry(*turn.results)
        target = f.offset(c, row * n["c_row"], self.dtype)
        for i in range(height):
            line = f.offset(target, n["c_row"] * i, self.dtype)
            for v in range(vectors):
                found = part.results[i * vectors + v]
                f.store(found, f.offset(line, v * lanes, self.dtype), mask)

    def step(
        self, k: Value, lines: list[str], source: str, sums: list[Value], vectors: int,
        mask: Value | None,
    ) -> list[Value]:  # fmt: skip
        """One product more in each sum."""
        f, lanes = self.f, self.lanes
        place = f.load(f.offset("%table", k, "int64"), "int64")
        line = f.offset(source, place, self.dtype)
        seen = [
            f.load(f.offset(line, v * lanes, self.dtype), self.dtype, lanes, mask)
            for v in range(vectors)
        ]
        found = list(sums)
        along = k * self.number["a_step"]
        for i, start in enumerate(lines):
            factor = f.scalar.splat(f.load(f.offset(start, along, self.dtype), self.dtype), lanes)
            for v, x in enumerate(seen):
                at = i * vectors + v
                found[at] = f.scalar.ternary("fma", factor, x, sums[at])
        return found


# --- copies --------------------------------------------------------------------------------------


def copy(
    target: np.ndarray,
    source: np.ndarray,
    sizes: tuple[int, int, int, int],
    to: tuple[int, int, int, int, int],
    of: tuple[int, int, int, int, int],
) -> bool:
    """``target[to[0] + i·to[1:]] = source[of[0] + i·of[1:]]`` for all indices i below the sizes.

    Args:
        target, source: flat, row-major, of one type.
        sizes: of four dimensions; threads share the first.
        to, of: where the first element lies, and how far it is to the next in each dimension.

    Returns:
        False for arrays of another kind: nothing has happened then.
    """
    kind = KINDS.get(target.dtype)
    if kind is None:
        return False
    unit = "ab"[to[4] == 1] + "ab"[of[4] == 1]
    grain = max(1, WORK // 8 // max(1, sizes[1] * sizes[2] * sizes[3]))
    return _copy_entry(kind, unit)(target, source, *sizes[1:], *to, *of, grain, sizes[0])


_COPIED = (
    "n1", "n2", "n3", "t", "t0", "t1", "t2", "t3", "s", "s0", "s1", "s2", "s3", "grain",
)  # fmt: skip


@lru_cache(maxsize=8)
def _copy_entry(dtype: str, unit: str) -> Any:
    module = Module()
    lanes = module.target.lanes(32 if dtype == "float32" else 64)
    signature = Signature(
        (Array(dtype, (None,), True), Array(dtype, (None,)), *[Int()] * (len(_COPIED) + 1)),
        release_gil=True,
        flush_denormals=False,
    )
    parameters = [("ptr", "target"), ("ptr", "source"), *[("i64", name) for name in _COPIED]]
    with module.function("span", [*parameters, ("i64", "begin"), ("i64", "end")]) as f:
        _write_copy(f, dtype, lanes, unit)
    share(module, parameters, "grain")
    exported = define_entry(module, f"copy_{unit}", "kernel", signature)
    return compile_module(module, [exported]).entry(exported, signature, f"copy_{unit}")


def _write_copy(f: Function, dtype: str, lanes: int, unit: str) -> None:
    n = {name: f.value(f"%{name}", "int64") for name in _COPIED}
    begin, end = f.value("%begin", "int64"), f.value("%end", "int64")
    with f.loop(begin, end) as i, f.loop(0, n["n1"]) as j, f.loop(0, n["n2"]) as k:
        to = n["t"] + i.index * n["t0"] + j.index * n["t1"] + k.index * n["t2"]
        of = n["s"] + i.index * n["s0"] + j.index * n["s1"] + k.index * n["s2"]
        target, source = f.offset("%target", to, dtype), f.offset("%source", of, dtype)
        if unit[0] == "a":  # elements are far apart where they go: one at a time
            with f.loop(0, n["n3"]) as along:
                x = f.load(f.offset(source, along.index * n["s3"], dtype), dtype)
                f.store(x, f.offset(target, along.index * n["t3"], dtype))
            return
        whole = n["n3"] // lanes * lanes
        for start, stop, masked in ((n["n3"] * 0, whole, False), (whole, n["n3"], True)):
            with f.loop(start, stop, lanes) as along:
                mask = f.tail_mask(stop - along.index, lanes) if masked else None
                if unit[1] == "b":
                    x = f.load(f.offset(source, along.index, dtype), dtype, lanes, mask)
                else:
                    places = (f.lane_indices(lanes) + along.index) * n["s3"]
                    x = f.gather(source, places, dtype, mask)
                f.store(x, f.offset(target, along.index, dtype), mask)
