"""Choosing how a matrix product is computed: form, tiles, blocks and packing, by estimated cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flambeau.compiler.llvm.target import Target
from flambeau.compiler.llvm.types import BYTES
from flambeau.compiler.loops.gemm_cost import (
    L1_BYTES,
    L2_BYTES,
    broadcast_cycles,
    chains_needed,
    dot_cycles,
    pack_cycles,
    rows_collide,
    stores_turned,
)
from flambeau.compiler.loops.gemm_spec import Gemm

TASK_CYCLES = 60_000.0  # a task worth giving to another thread
MOST_TASKS = 16  # what splitting aims at; more come from shapes that need them
STREAMED_ROWS, STREAMED_PANELS = 8, 8  # of a B that is read once: rows at a time, task's width
ROW_PIECE_CYCLES = 1.0  # starting on another row of B, in each panel that is not packed
USUAL_THREADS, IDLE_WEIGHT = 4, 0.1  # how much uneven work for so many threads counts
ONE_TASK_ROWS = 256  # up to so many rows of C, all rows share a task's own packed B
SHARED_BYTES = 4 << 20  # how much of B a row of tasks may read: it should stay in a shared cache


@dataclass(frozen=True)
class GemmPlan:
    """How one product is computed.

    A task is `task_rows` x `task_columns` of one batch's C. Sums are taken over the reduction in
    blocks of `depth_block`, within a block by `chains` partial sums dealt in turn, so the order of
    the arithmetic is fixed here and does not depend on how tasks are shared among threads.

    Attributes:
        form: "broadcast" (vectors along columns of C) or "dot" (vectors along the reduction).
        swapped: computes the transposed product.
        width: lanes of a vector.
        rows, columns: the register tile, in elements.
        pack_a: "none", or "task" (packed by each task into its scratch, block by block).
        pack_b: "none", "task", or "shared" (packed whole, by tasks of its own, before the others).
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


def plan_gemm(gemm: Gemm, target: Target, columns: int | None = None) -> GemmPlan:
    """The plan with the smallest estimated cost.

    Args:
        gemm: the product.
        target: what it will run on.
        columns: the width of B's panels, for a product that shares its packed B with another.

    Raises:
        ValueError: if no plan has panels of that width.
    """
    plans = list(_broadcast_plans(gemm, target, swapped=False))
    if not gemm.keep_b:
        plans += _broadcast_plans(gemm.swapped(), target, swapped=True)
        plans += _dot_plans(gemm, target)
    if columns is not None:
        plans = [plan for plan in plans if plan.columns == columns and not plan.swapped]
        if not plans:
            raise ValueError(f"plan_gemm: no plan for these shapes has panels of {columns} columns")
    return min(plans, key=lambda plan: plan.cycles * _idle_factor(gemm, plan))


def _idle_factor(gemm: Gemm, plan: GemmPlan) -> float:
    """Prefers plans whose tasks occupy a few threads evenly, where that costs little."""
    if plan.cycles < USUAL_THREADS * TASK_CYCLES:
        return 1.0
    down, across = (gemm.n, gemm.m) if plan.swapped else (gemm.m, gemm.n)
    tasks = -(-down // plan.task_rows) * -(-across // plan.task_columns) * gemm.batch
    turns = -(-tasks // USUAL_THREADS) * USUAL_THREADS / max(tasks, 1)
    return 1.0 + IDLE_WEIGHT * (turns - 1.0)


def vector_width(gemm: Gemm, target: Target, length: int) -> int:
    """Lanes of a vector along something of a length: the target's, or fewer if fewer suffice."""
    full = target.lanes(8 * BYTES[gemm.dtype])
    width = min(4, full)
    while width < min(full, length):
        width *= 2
    return width


# -- vectors along the columns -----------------------------------------------------------------


def _broadcast_plans(gemm: Gemm, target: Target, swapped: bool) -> Iterator[GemmPlan]:
    width = vector_width(gemm, target, gemm.n)
    across = max(1, -(-gemm.n // width))
    seen = set()
    for wanted in (1, 2, 3, 4, 6, 8, 12):
        panels = -(-across // wanted)
        vectors = -(-across // panels)
        limit = row_limit(target, vectors)
        if limit < 1 or vectors in seen or (vectors > 4 and gemm.m > 2 * limit):
            continue
        seen.add(vectors)
        for rows in range(min(limit, max(gemm.m, 1)), 0, -1):
            yield _broadcast_plan(gemm, target, swapped, width, vectors, rows)


def row_limit(target: Target, vectors: int) -> int:
    """Rows of a tile whose sums, one row of B and what is in flight fit the registers."""
    if target.is_x86 and target.vector_bits == 128:
        in_flight = 5  # instructions overwrite an operand, and products need a place of their own
    else:
        in_flight = 2 if target.vector_registers <= 16 else 3
    rows = (target.vector_registers - vectors - in_flight) // vectors
    return rows - rows % 2 if rows > 6 else rows


def _broadcast_plan(
    gemm: Gemm, target: Target, swapped: bool, width: int, vectors: int, rows: int
) -> GemmPlan:
    columns = vectors * width
    streams = _streams_b(gemm, rows, columns)
    block = STREAMED_ROWS if streams else _depth_block(gemm, rows, columns)
    blocks = max(1, -(-gemm.k // block))
    sums, room = rows * vectors, target.vector_registers - vectors - 2
    chains = chains_needed(sums, min(gemm.k, room // sums)) if blocks == 1 else 1
    pack_a, pack_b = _pack_a(gemm, rows, columns), _pack_b(gemm, rows)
    cycles = broadcast_cycles(gemm, width, vectors, rows, chains, block)
    # Turning a tile needs as many registers again; a longer loop would be given fewer.
    crowded = sums >= 12 or (stores_turned(gemm) and 2 * sums >= target.vector_registers)
    if pack_a == "none" and _rows_of_a_collide(gemm, rows):
        cycles *= 2
    if pack_b == "none" and not streams:
        cycles += gemm.batch * gemm.k * -(-gemm.n // columns) * ROW_PIECE_CYCLES
    task_rows, task_columns = _task_shape(gemm, rows, columns, block, pack_a, pack_b, cycles)
    if streams:
        task_columns = max(task_columns, min(-(-gemm.n // columns), STREAMED_PANELS) * columns)
    if pack_b != "none" and not gemm.keep_b:
        batches = gemm.batch if gemm.b.batch or pack_b == "task" else 1
        cycles += batches * gemm.k * gemm.n * pack_cycles(gemm.b.row, gemm.b.column)
    if pack_a != "none":
        times = gemm.batch * -(-gemm.n // task_columns)
        cycles += times * gemm.k * gemm.m * pack_cycles(gemm.a.column, gemm.a.row)
    return GemmPlan(
        form="broadcast", swapped=swapped, width=width, rows=rows, columns=columns,
        chains=chains, unroll=1 if crowded else 2, depth_block=block,
        task_rows=task_rows, task_columns=task_columns, pack_a=pack_a, pack_b=pack_b,
        cycles=cycles,
    )  # fmt: skip


def _streams_b(gemm: Gemm, rows: int, columns: int) -> bool:
    """Whether B is large and read once: then a few whole rows at a time, and C again for each few.

    Memory is read fastest along a handful of long rows; C, a row or two, stays in the cache.
    """
    large = gemm.k * gemm.n * BYTES[gemm.dtype] > L2_BYTES // 4
    once = gemm.m <= min(rows, 4) and _pack_b(gemm, rows) == "none"
    return large and once and gemm.n > columns and gemm.k > STREAMED_ROWS


def _depth_block(gemm: Gemm, rows: int, columns: int) -> int:
    """How much of the reduction is done at a time; all of it unless a panel outgrows the cache."""
    k = max(gemm.k, 1)
    most = max(64, L1_BYTES * 4 // 3 // (columns * BYTES[gemm.dtype]) // 16 * 16)
    if 2 * k <= 3 * most or gemm.m <= 2 * rows:
        return k
    blocks = -(-k // most)
    return -(-k // blocks // 16) * 16


def _pack_a(gemm: Gemm, rows: int, columns: int) -> str:
    """Rows far apart in memory may share cache sets and need many pages: packing cures both."""
    if gemm.a_prologue is not None or gemm.source != gemm.dtype:
        return "task"
    size = BYTES[gemm.dtype]
    far = max(gemm.a.row, gemm.a.column) * size >= 4096 and gemm.m * gemm.k * size > L2_BYTES
    pays = far or _rows_of_a_collide(gemm, rows)
    return "task" if pays and gemm.n >= 4 * columns else "none"


def _rows_of_a_collide(gemm: Gemm, rows: int) -> bool:
    """Whether a tile's rows of A, each read a little at a time, evict each other."""
    return gemm.k >= 64 and rows_collide(min(rows, gemm.m), gemm.a.row * BYTES[gemm.dtype])


def _pack_b(gemm: Gemm, rows: int) -> str:
    """B must be packed unless its rows are contiguous; where it is read often it may pay anyway."""
    if gemm.keep_b:
        return "shared"
    size = BYTES[gemm.dtype]
    must = gemm.b_prologue is not None or gemm.source != gemm.dtype
    must = must or (gemm.b.column != 1 and gemm.n > 1)
    far = gemm.k * gemm.n * size > L2_BYTES and gemm.b.row * size >= 2048
    collide = gemm.k >= 64 and rows_collide(gemm.k, gemm.b.row * size) and gemm.n >= 128
    if not must and not ((far or collide) and gemm.m >= 12 * rows):
        return "none"
    reused = gemm.batch > 1 and gemm.b.batch == 0
    return "task" if gemm.m <= ONE_TASK_ROWS and not reused else "shared"


def _task_shape(
    gemm: Gemm, rows: int, columns: int, block: int, pack_a: str, pack_b: str, cycles: float
) -> tuple[int, int]:
    """Rows and columns of a task: enough tasks to share out, each worth its overhead."""
    size = BYTES[gemm.dtype]
    down, across = max(1, -(-gemm.m // rows)), max(1, -(-gemm.n // columns))
    wanted = max(1.0, min(MOST_TASKS, cycles / TASK_CYCLES) / max(gemm.batch, 1))
    if pack_b == "task":
        room = max(1, L2_BYTES // 4 // (block * columns * size))
        return down * rows, max(1, min(room, int(across / wanted))) * columns
    tall = down
    if pack_a == "task":
        tall = max(1, min(down, L2_BYTES // 2 // (block * rows * size)))
    if -(-down // tall) < wanted:
        tall = max(min(4, down), int(down / wanted))
    held = max(4, SHARED_BYTES // (max(gemm.k, 1) * columns * size))
    wide = min(across, held)
    made = -(-down // tall) * -(-across // wide)
    if made < wanted and pack_a == "none":
        wide = max(1, int(across / (wanted / -(-down // tall))))
    return tall * rows, wide * columns


# -- vectors along the reduction ---------------------------------------------------------------


def _dot_plans(gemm: Gemm, target: Target) -> Iterator[GemmPlan]:
    hooked = gemm.a_prologue is not None or gemm.b_prologue is not None
    along = (gemm.a.column == 1 and gemm.b.row == 1) or gemm.k == 1
    if hooked or gemm.source != gemm.dtype or not along or gemm.k == 0:
        return
    width = vector_width(gemm, target, gemm.k)
    cells = 16 if target.vector_registers > 16 else 8
    for columns in range(1, min(4, max(gemm.n, 1)) + 1):
        rows = min(max(gemm.m, 1), cells // columns)
        room = (target.vector_registers - columns - 2) // (rows * columns)
        chains = chains_needed(rows * columns, min(-(-gemm.k // width), room))
        cycles = dot_cycles(gemm, width, rows, columns, chains, BYTES[gemm.dtype])
        task_rows, task_columns = _task_shape(gemm, rows, columns, gemm.k, "none", "none", cycles)
        yield GemmPlan(
            form="dot", swapped=False, width=width, rows=rows, columns=columns, chains=chains,
            unroll=1, depth_block=gemm.k, task_rows=task_rows, task_columns=task_columns,
            pack_a="none", pack_b="none", cycles=cycles,
        )  # fmt: skip
