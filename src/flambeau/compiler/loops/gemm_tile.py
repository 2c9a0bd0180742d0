"""What the two kernels share: their parameters, and how a tile's sums reach C."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .gemm_lanes import Lanes, TileContext, load_lanes, store_lanes
from .gemm_spec import Gemm
from .gemm_text import Function, Module


@dataclass(frozen=True)
class KernelShape:
    """One kernel: rows x columns of C at a time, and the strides it walks A and B by.

    `a_tile` is how far A moves from one tile of rows to the next. `depth` is the number of products in a sum, or None where the caller passes it (a blocked
    reduction); a blocked kernel is also told whether its block is the first and the last.
    """

    rows: int
    columns: int
    depth: int | None
    a_row: int
    a_tile: int
    a_step: int
    b_step: int
    b_column: int
    b_padded: bool
    chains: int = 1
    unroll: int = 1

    @property
    def blocked(self) -> bool:
        """Whether the reduction comes in several calls."""
        return self.depth is None


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
    swapped: bool,
    body: Callable[[Function, str, str, str | int], None],
) -> None:
    """Writes a kernel: `body(f, a, c, row)` for each tile of rows down the panel."""
    f = Function(module, name, kernel_parameters(gemm, shape))
    has_row = gemm.epilogue is not None
    carried = [("ptr", "%a"), ("ptr", "%c")] + ([("i64", "%row")] if has_row else [])
    with f.loop(0, "%tiles", carried=carried, runs=True) as loop:
        a, c = loop.values[:2]
        row = loop.values[2] if has_row else 0
        body(f, a, c, row)
        loop.results = [
            f.offset(a, gemm.scalar, shape.a_tile),
            f.offset(c, gemm.scalar, shape.rows * gemm.c.row),
        ]
        if has_row:
            loop.results.append(str(f.add(row, shape.rows)))
    f.finish()


def finish_tile(
    f: Function,
    gemm: Gemm,
    shape: KernelShape,
    swapped: bool,
    width: int,
    c: str,
    row: str | int,
    groups: Sequence[tuple[Sequence[str], Sequence[Lanes]]],
) -> None:
    """Scales, accumulates, applies the epilogue and stores; `groups` go to the epilogue together."""
    groups = [(_scaled(f, gemm, width, sums), lanes) for sums, lanes in groups]
    if gemm.accumulate:
        groups = [(_plus_c(f, gemm, width, c, *group), group[1]) for group in groups]
    elif shape.blocked:
        groups = _plus_earlier_blocks(f, gemm, width, c, groups)
    if gemm.epilogue is None:
        _store(f, gemm, width, c, groups)
        return
    if not shape.blocked:
        _store(f, gemm, width, c, _through_epilogue(f, gemm, swapped, width, row, groups))
        return
    finished, partial, done = (f.name_for(stem) for stem in ("finished", "partial", "done"))
    f.line(f"br i1 %last, label %{finished}, label %{partial}")
    f.block(finished)
    _store(f, gemm, width, c, _through_epilogue(f, gemm, swapped, width, row, groups))
    f.line(f"br label %{done}")
    f.block(partial)
    _store(f, gemm, width, c, groups)
    f.line(f"br label %{done}")
    f.block(done)


Groups = Sequence[tuple[Sequence[str], Sequence[Lanes]]]


def _scaled(f: Function, gemm: Gemm, width: int, sums: Sequence[str]) -> Sequence[str]:
    if gemm.alpha == 1.0:
        return sums
    factor = f.splat(gemm.scalar, width, constant(gemm.scalar, gemm.alpha))
    return [f.binary("fmul", f"<{width} x {gemm.scalar}>", v, factor) for v in sums]


def _plus_c(
    f: Function, gemm: Gemm, width: int, c: str, sums: Sequence[str], lanes: Sequence[Lanes]
) -> list[str]:
    kind = f"<{width} x {gemm.scalar}>"
    return [
        f.binary("fadd", kind, v, load_lanes(f, gemm.scalar, width, c, _offsets(gemm, where)))
        for v, where in zip(sums, lanes, strict=True)
    ]


def _plus_earlier_blocks(
    f: Function, gemm: Gemm, width: int, c: str, groups: Groups
) -> list[tuple[list[str], Sequence[Lanes]]]:
    """Adds C's partial sums unless this block of the reduction is the first."""
    kind = f"<{width} x {gemm.scalar}>"
    before, later, joined = f.current, f.name_for("later"), f.name_for("joined")
    f.line(f"br i1 %first, label %{joined}, label %{later}")
    f.block(later)
    totals = [_plus_c(f, gemm, width, c, sums, lanes) for sums, lanes in groups]
    end = f.current
    f.line(f"br label %{joined}")
    f.block(joined)
    return [
        (
            [
                f.value(f"phi {kind} [ {v}, %{before} ], [ {t}, %{end} ]")
                for v, t in zip(sums, total, strict=True)
            ],
            lanes,
        )
        for (sums, lanes), total in zip(groups, totals, strict=True)
    ]


def _through_epilogue(
    f: Function, gemm: Gemm, swapped: bool, width: int, row: str | int, groups: Groups
) -> Groups:
    assert gemm.epilogue is not None
    results = []
    for sums, lanes in groups:
        if swapped:
            turned = [where.transposed() for where in lanes]
            context = TileContext(f, gemm.scalar, width, "%column", row, "%batch", turned)
        else:
            context = TileContext(f, gemm.scalar, width, row, "%column", "%batch", lanes)
        results.append((gemm.epilogue.emit(context, sums), lanes))
    return results


def _store(f: Function, gemm: Gemm, width: int, c: str, groups: Groups) -> None:
    for vectors, lanes in groups:
        for v, where in zip(vectors, lanes, strict=True):
            store_lanes(f, gemm.scalar, width, v, c, _offsets(gemm, where))


def _offsets(gemm: Gemm, lanes: Lanes) -> tuple[int, ...]:
    return lanes.offsets(gemm.c.row, gemm.c.column)


def constant(scalar: str, value: float) -> str:
    """A floating-point literal that LLVM reads back exactly."""
    import struct

    if scalar == "float":
        value = struct.unpack("<f", struct.pack("<f", value))[0]
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
