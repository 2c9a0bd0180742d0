"""What the two kernels share: their parameters, and how a tile's sums reach C."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.module import Module
from flambeau.compiler.llvm.value import Value
from flambeau.compiler.loops.gemm_cost import stores_turned
from flambeau.compiler.loops.gemm_index import Index, named, plus
from flambeau.compiler.loops.gemm_lanes import (
    Lanes,
    TileContext,
    added,
    load_lanes,
    store_lanes,
    transposed,
    zeros,
)
from flambeau.compiler.loops.gemm_spec import Gemm


@dataclass(frozen=True)
class KernelShape:
    """One kernel: rows x columns of C at a time, and the strides it walks A and B by.

    `a_tile` is how far A moves from one tile of rows to the next. `depth` is the number of
    products in a sum, or None where the caller passes it (a blocked reduction); a blocked kernel
    is also told whether its block is the first and the last.
    """

    rows: int
    columns: int
    width: int
    depth: int | None
    a_row: int
    a_tile: int
    a_step: int
    b_step: int
    b_column: int
    b_padded: bool
    swapped: bool
    chains: int = 1
    unroll: int = 1

    @property
    def blocked(self) -> bool:
        """Whether the reduction comes in several calls."""
        return self.depth is None


Group = tuple[Sequence[Value], Sequence[Lanes]]
"""Vectors that go to the epilogue together, and where their lanes lie."""


def kernel_parameters(gemm: Gemm, shape: KernelShape) -> list[tuple[str, str]]:
    """A kernel's parameters: operands, tiles down the rows, then what the shape and hooks need."""
    parameters = [("ptr", "a"), ("ptr", "b"), ("ptr", "c"), ("i64", "tiles")]
    if shape.blocked:
        parameters += [("i64", "depth"), ("i1", "first"), ("i1", "last")]
    if gemm.epilogue is not None:
        parameters += [("i64", "row"), ("i64", "column"), ("i64", "batch")]
        parameters += gemm.epilogue.parameters
    return parameters


def emit_row_tiles(
    module: Module,
    name: str,
    gemm: Gemm,
    shape: KernelShape,
    body: Callable[[Function, str], Sequence[Group]],
) -> None:
    """Writes a kernel: the sums `body(f, a)` of each tile of rows down the panel, and their end."""
    parameters = kernel_parameters(gemm, shape)
    hooked = gemm.epilogue is not None
    with module.function(name, parameters, internal=True) as f:
        if gemm.epilogue is not None:
            gemm.epilogue.begin(f)
        carried = [f.value("%a", "pointer"), f.value("%c", "pointer")]
        if hooked:
            carried.append(f.value("%row", "int64"))
        with f.loop(0, f.value("%tiles", "int64"), carried=carried) as loop:
            a, c = (pointer.name for pointer in loop.values[:2])
            row = loop.values[2] if hooked else 0
            finish_tile(f, gemm, shape, c, row, body(f, a))
            following = [
                f.value(f.offset(a, shape.a_tile, gemm.dtype), "pointer"),
                f.value(f.offset(c, shape.rows * gemm.c.row, gemm.dtype), "pointer"),
            ]
            if hooked:
                following.append(f.value(named(plus(row, shape.rows)), "int64"))
            loop.carry(*following)


def finish_tile(
    f: Function, gemm: Gemm, shape: KernelShape, c: str, row: Index, groups: Sequence[Group]
) -> None:
    """Scales, accumulates, applies the epilogue and stores."""
    if stores_turned(gemm) and _are_rows(groups):
        groups = _turned(f, gemm, groups)
    if gemm.alpha != 1.0:
        alpha = f.constant(gemm.alpha, gemm.dtype)
        groups = [([f.scalar.binary("mul", v, alpha) for v in x], lanes) for x, lanes in groups]
    if gemm.accumulate:
        groups = [(_plus_c(f, gemm, c, *group), group[1]) for group in groups]
    elif shape.blocked:
        groups = _plus_earlier_blocks(f, gemm, c, groups)
    if gemm.epilogue is None:
        _store(f, gemm, c, groups)
    elif not shape.blocked:
        _store(f, gemm, c, _through_epilogue(f, gemm, shape, row, groups))
    else:
        _finish_last_block(f, gemm, shape, c, row, groups)


def _finish_last_block(
    f: Function, gemm: Gemm, shape: KernelShape, c: str, row: Index, groups: Sequence[Group]
) -> None:
    finished, partial, done = (f.fresh(stem) for stem in ("finished", "partial", "done"))
    f.branch_if(f.value("%last", "bool"), finished, partial)
    f.block(finished)
    _store(f, gemm, c, _through_epilogue(f, gemm, shape, row, groups))
    f.branch(done)
    f.block(partial)
    _store(f, gemm, c, groups)
    f.branch(done)
    f.block(done)


def _plus_c(
    f: Function, gemm: Gemm, c: str, sums: Sequence[Value], lanes: Sequence[Lanes]
) -> list[Value]:
    return [
        added(v, load_lanes(f, gemm.dtype, v.lanes, c, _offsets(gemm, where)))
        for v, where in zip(sums, lanes, strict=True)
    ]


def _plus_earlier_blocks(
    f: Function, gemm: Gemm, c: str, groups: Sequence[Group]
) -> Sequence[Group]:
    """Adds C's partial sums unless this block of the reduction is the first."""
    before, later, joined = f.block_name, f.fresh("later"), f.fresh("joined")
    f.branch_if(f.value("%first", "bool"), joined, later)
    f.block(later)
    totals = [_plus_c(f, gemm, c, sums, lanes) for sums, lanes in groups]
    end = f.block_name
    f.branch(joined)
    f.block(joined)

    def either(x: Value, total: Value) -> Value:
        name = f.phi(x.type, [(x.name, before), (total.name, end)])
        return f.value(name, x.dtype, x.lanes)

    return [
        ([either(x, t) for x, t in zip(sums, total, strict=True)], lanes)
        for (sums, lanes), total in zip(groups, totals, strict=True)
    ]


def _through_epilogue(
    f: Function, gemm: Gemm, shape: KernelShape, row: Index, groups: Sequence[Group]
) -> Sequence[Group]:
    assert gemm.epilogue is not None
    column, batch = f.value("%column", "int64"), f.value("%batch", "int64")
    results = []
    for sums, lanes in groups:
        if shape.swapped:
            turned = [where.transposed() for where in lanes]
            context = TileContext(f, gemm.dtype, shape.width, column, row, batch, turned)
        else:
            context = TileContext(f, gemm.dtype, shape.width, row, column, batch, lanes)
        results.append((gemm.epilogue.emit(context, sums), lanes))
    return results


def _store(f: Function, gemm: Gemm, c: str, groups: Sequence[Group]) -> None:
    for vectors, lanes in groups:
        for v, where in zip(vectors, lanes, strict=True):
            store_lanes(f, v, c, _offsets(gemm, where))


def _are_rows(groups: Sequence[Group]) -> bool:
    """Whether each group is a row of the tile, its vectors along the columns."""
    wide = all(len(lanes[0].rows) > 1 for _, lanes in groups)
    return wide and all(
        set(where.rows) == {row} for row, (_, lanes) in enumerate(groups) for where in lanes
    )


def _turned(f: Function, gemm: Gemm, groups: Sequence[Group]) -> list[Group]:
    """Turns pieces of the tile in registers, so that columns are vectors."""
    width, found = groups[0][0][0].lanes, []
    for first in range(0, len(groups), width):
        rows = groups[first : first + width]
        across = tuple(range(first, first + len(rows)))
        for place, where in enumerate(groups[0][1]):
            piece = [vectors[place] for vectors, _ in rows]
            piece += [zeros(f, gemm.dtype, width)] * (width - len(piece))
            columns = transposed(f, piece)[: len(where.columns)]
            lanes = [Lanes(across, (column,) * len(rows), width) for column in where.columns]
            found += [([x], [y]) for x, y in zip(columns, lanes, strict=True)]
    return found


def _offsets(gemm: Gemm, lanes: Lanes) -> tuple[int, ...]:
    return lanes.offsets(gemm.c.row, gemm.c.column)
