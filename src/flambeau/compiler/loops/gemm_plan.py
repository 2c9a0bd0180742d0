"""Choosing how a matrix product is computed: form, tiles, blocks and packing, from shape and target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from .gemm_spec import Gemm
from .gemm_text import SIZE


class GemmTarget(Protocol):
    """What the planner asks of a target."""

    vector_bytes: int
    vector_registers: int
    l1_bytes: int
    l2_bytes: int


@dataclass(frozen=True)
class GemmPlan:
    """How one product is computed.

    A task is `task_rows` x `task_columns` of one batch's C. Sums are taken over the reduction in
    blocks of `depth_block`, within a block by `chains` partial sums dealt in turn, so the order of
    the arithmetic is fixed here and does not depend on how tasks are shared among threads.

    Args:
        form: "broadcast" (vectors along columns of C) or "dot" (vectors along the reduction).
        swapped: computes the transposed product.
        width: lanes of a vector.
        rows, columns: the register tile, in elements.
        pack_a: "none" or "task" (packed by each task into its scratch).
        pack_b: "none", "task", or "shared" (packed once, by tasks of its own, before the others).
        cycles: the estimate the choice was made by, packing included.
    """

    form: str
    swapped: bool
    width: int
    rows: int
    columns: int
    chains: int
    unroll: int
    depth_block: int
    task_rows: int
    task_columns: int
    pack_a: str
    pack_b: str
    cycles: float


FMA_PER_CYCLE = 2.0
LOADS_PER_CYCLE = 2.0
FMA_LATENCY = 4.0
TILE_OVERHEAD = 12.0
TASK_CYCLES = 60_000.0
PARALLEL_TASKS = 16


def plan_gemm(gemm: Gemm, target: GemmTarget) -> GemmPlan:
    """The plan with the smallest estimated cost."""
    plans = list(_broadcast_plans(gemm, target, swapped=False))
    if not gemm.keep_b:
        plans += _broadcast_plans(gemm.swapped(), target, swapped=True)
        plans += _dot_plans(gemm, target)
    return min(plans, key=lambda plan: plan.cycles)


def vector_width(gemm: Gemm, target: GemmTarget, length: int) -> int:
    """Lanes of a vector along something of a length: the target's, or fewer if fewer suffice."""
    full = target.vector_bytes // SIZE[gemm.scalar]
    width = min(4, full)
    while width < min(full, length):
        width *= 2
    return width


# -- vectors along the columns -----------------------------------------------------------------


def _broadcast_plans(gemm: Gemm, target: GemmTarget, swapped: bool) -> Iterator[GemmPlan]:
    width = vector_width(gemm, target, gemm.n)
    across = -(-gemm.n // width)
    seen = set()
    for wanted in (1, 2, 3, 4, 6, 8, 12):
        panels = max(1, -(-across // wanted))
        vectors = max(1, -(-across // panels))
        limit = _row_limit(target.vector_registers, vectors)
        if limit < 1 or vectors in seen or (vectors > 4 and gemm.m > 2 * limit):
            continue
        seen.add(vectors)
        for rows in range(min(limit, max(gemm.m, 1)), 0, -1):
            yield _broadcast_plan(gemm, target, swapped, width, vectors, rows)


def _row_limit(registers: int, vectors: int) -> int:
    """Rows of a tile whose sums, one row of B and a broadcast or two fit the registers."""
    spare = 2 if registers <= 16 else 3
    rows = (registers - vectors - spare) // vectors
    return rows - rows % 2 if rows > 6 else rows


def _broadcast_plan(
    gemm: Gemm, target: GemmTarget, swapped: bool, width: int, vectors: int, rows: int
) -> GemmPlan:
    m, n, k = gemm.m, gemm.n, gemm.k
    columns = vectors * width
    chains = 1
    while chains * rows * vectors < FMA_PER_CYCLE * FMA_LATENCY and chains * 2 <= min(k, 8):
        chains *= 2
    pack_b = _pack_b(gemm, target, width, rows)
    pack_a = _pack_a(gemm, target, rows, columns)
    cycles = 0.0
    for tile_rows, times_down in _parts(m, rows):
        for tile_columns, times_across in _parts(n, columns):
            used = -(-tile_columns // width)
            tile = _tile_cycles(tile_rows, used, chains, k) + TILE_OVERHEAD
            tile += _store_cycles(gemm, tile_rows, tile_columns, used)
            cycles += times_down * times_across * tile
    cycles *= gemm.batch
    if pack_b != "none" and not gemm.keep_b:
        batches = gemm.batch if gemm.b.batch or pack_b == "task" else 1
        cycles += batches * k * n * _pack_cost(gemm.b.row, gemm.b.column)
    if pack_a != "none":
        cycles += gemm.batch * k * m * _pack_cost(gemm.a.column, gemm.a.row)
    block = _depth_block(gemm, target, columns)
    task_rows, task_columns = _task_shape(gemm, target, rows, columns, block, pack_a, pack_b, cycles)
    unroll = 1 if rows * vectors >= 12 else 2
    return GemmPlan(
        "broadcast", swapped, width, rows, columns, chains if block == k else 1, unroll, block,
        task_rows, task_columns, pack_a, pack_b, cycles,
    )  # fmt: skip


def _parts(total: int, part: int) -> Iterator[tuple[int, int]]:
    """The sizes a length is cut into, with how often each occurs."""
    if total // part:
        yield part, total // part
    if total % part:
        yield total % part, 1


def _tile_cycles(rows: int, vectors: int, chains: int, k: int) -> float:
    fma = rows * vectors / FMA_PER_CYCLE
    loads = (rows + vectors) / LOADS_PER_CYCLE
    return k * max(fma, loads, FMA_LATENCY / chains) + 2.0


def _store_cycles(gemm: Gemm, rows: int, columns: int, vectors: int) -> float:
    if gemm.c.column == 1 or columns == 1:
        return rows * vectors * 1.0
    return rows * columns * 1.5


def _pack_cost(step: int, lane: int) -> float:
    """Cycles per element packed."""
    if lane == 1:
        return 0.1
    return 0.25 if step == 1 else 1.5


def _pack_b(gemm: Gemm, target: GemmTarget, width: int, rows: int) -> str:
    size = SIZE[gemm.scalar]
    if gemm.keep_b:
        return "shared"
    must = gemm.b_prologue is not None or gemm.source != gemm.scalar
    must = must or (gemm.b.column != 1 and gemm.n > 1)
    reuse = gemm.m // max(rows, 1)
    large = gemm.k * gemm.n * size > target.l1_bytes // 2
    awkward = gemm.b.row * size >= 2048 and gemm.k > 64
    if not must and not (large and awkward and reuse >= 6):
        return "none"
    small = gemm.k * gemm.n * size <= target.l2_bytes // 4
    own = gemm.b.batch != 0 or gemm.batch == 1
    alone = gemm.m * gemm.n * gemm.k <= 4_000_000
    return "task" if small and own and alone else "shared"


def _pack_a(gemm: Gemm, target: GemmTarget, rows: int, columns: int) -> str:
    size = SIZE[gemm.scalar]
    if gemm.a_prologue is not None or gemm.source != gemm.scalar:
        return "task"
    reuse = gemm.n / max(columns, 1)
    stride = max(gemm.a.row, gemm.a.column) * size
    large = gemm.m * gemm.k * size > target.l1_bytes
    return "task" if large and stride >= 1024 and reuse >= 4 else "none"


def _depth_block(gemm: Gemm, target: GemmTarget, columns: int) -> int:
    """How much of the reduction is done at a time; all of it unless operands outgrow the caches."""
    size, k = SIZE[gemm.scalar], max(gemm.k, 1)
    most = max(64, target.l1_bytes * 2 // 3 // (columns * size) // 16 * 16)
    if k <= 2 * most or gemm.m * gemm.n <= 64 * 64:
        return k
    blocks = -(-k // most)
    return min(k, -(-k // blocks // 16) * 16)


def _task_shape(
    gemm: Gemm,
    target: GemmTarget,
    rows: int,
    columns: int,
    block: int,
    pack_a: str,
    pack_b: str,
    cycles: float,
) -> tuple[int, int]:
    """Rows and columns of a task: enough tasks to share out, each worth its overhead."""
    m, n = max(gemm.m, 1), max(gemm.n, 1)
    down, across = -(-m // rows), -(-n // columns)
    wanted = min(PARALLEL_TASKS, cycles / TASK_CYCLES) / gemm.batch
    room = target.l2_bytes // 2 // SIZE[gemm.scalar] // block // rows
    tiles_down = max(1, min(down, room if pack_a != "none" else down))
    tiles_across = across
    if pack_b == "task":
        return down * rows, across * columns
    if wanted > 1 and -(-down // tiles_down) < wanted:
        tiles_down = max(min(4, down), int(down / wanted))
    made = -(-down // tiles_down)
    if made < wanted and pack_a == "none":
        tiles_across = max(1, int(across / (wanted / made)))
    return tiles_down * rows, tiles_across * columns


# -- vectors along the reduction ---------------------------------------------------------------


def _dot_plans(gemm: Gemm, target: GemmTarget) -> Iterator[GemmPlan]:
    hooked = gemm.a_prologue is not None or gemm.b_prologue is not None
    along = (gemm.a.column == 1 and gemm.b.row == 1) or gemm.k <= 1
    if hooked or gemm.source != gemm.scalar or not along or gemm.k == 0:
        return
    width = vector_width(gemm, target, gemm.k)
    cells = 16 if target.vector_registers > 16 else 8
    for columns in range(1, min(4, max(gemm.n, 1)) + 1):
        rows = min(max(gemm.m, 1), cells // columns)
        yield _dot_plan(gemm, target, width, rows, columns)


def _dot_plan(
    gemm: Gemm, target: GemmTarget, width: int, rows: int, columns: int
) -> GemmPlan:
    steps = -(-gemm.k // width)
    chains = 1
    while chains * rows * columns < FMA_PER_CYCLE * FMA_LATENCY and chains * 2 <= min(steps, 8):
        chains *= 2
    cycles = 0.0
    for tile_rows, times_down in _parts(gemm.m, rows):
        for tile_columns, times_across in _parts(gemm.n, columns):
            cells = tile_rows * tile_columns
            tile = _tile_cycles(tile_rows, tile_columns, chains, steps) + TILE_OVERHEAD
            tile += 2.0 * cells + 2.0 * width.bit_length()
            whole = tile_columns == gemm.n and gemm.c.row == gemm.n and gemm.c.column == 1
            tile += cells / width if whole or tile_columns == 1 and gemm.c.row == 1 else cells
            cycles += times_down * times_across * tile
    cycles *= gemm.batch
    task_rows, task_columns = _task_shape(
        gemm, target, rows, columns, max(gemm.k, 1), "none", "none", cycles
    )
    return GemmPlan(
        "dot", False, width, rows, columns, chains, 1, max(gemm.k, 1),
        task_rows, task_columns, "none", "none", cycles,
    )  # fmt: skip
