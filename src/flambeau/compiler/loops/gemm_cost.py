"""Estimated cycles of a matrix product's parts, for comparing plans with each other."""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd

from flambeau.compiler.llvm.types import BYTES
from flambeau.compiler.loops.gemm_spec import Gemm

# Rough figures for a core with two multiply-add units and two load ports. They only rank plans:
# a machine that differs is served by the same choices.
FMA_PER_CYCLE = 2.0
LOADS_PER_CYCLE = 2.0
FMA_LATENCY = 5.0
WAITING = 0.1  # how much of the loading that arithmetic could hide it does not
TILE_OVERHEAD = 12.0
KERNEL_CYCLES = 50.0  # one more kind of tile: a preference for tiles that divide the shape
SCATTER_CYCLES = 50.0  # one more store of a single lane: long code, which takes long to compile
SCATTER_SHARE = 0.1  # but no more than this share of the work
PAGE_BYTES, WAYS = 4096, 8  # rows whose addresses agree modulo a page share so many cache lines
L2_BYTES_PER_CYCLE = 32.0
L3_BYTES_PER_CYCLE = 10.0

# Cache sizes are part of the plan, and the plan fixes the order of the arithmetic: common sizes
# for every machine keep the bits of a result the same on all processors with the same vectors.
L1_BYTES = 48 << 10
L2_BYTES = 1 << 20


def parts(total: int, part: int) -> Iterator[tuple[int, int]]:
    """The sizes a length is cut into, with how often each occurs."""
    if total >= part:
        yield part, total // part
    if total % part:
        yield total % part, 1


def chains_needed(sums: int, most: int) -> int:
    """How many partial sums of each sum keep the multiply-add units busy; a power of two."""
    chains = 1
    while chains * sums < FMA_PER_CYCLE * FMA_LATENCY and chains * 2 <= min(most, 8):
        chains *= 2
    return chains


def reduction_cycles(rows: int, vectors: int, chains: int, steps: int, row_bytes: int = 0) -> float:
    """A tile's loop over the reduction: arithmetic, loads or latency, whichever is longest.

    `row_bytes` is a row of B's panel where the panel comes from the second cache each time.
    """
    arithmetic = rows * vectors / FMA_PER_CYCLE
    loads = (rows + vectors) / LOADS_PER_CYCLE
    feed = row_bytes / L2_BYTES_PER_CYCLE
    busy = max(arithmetic, loads, feed, FMA_LATENCY / chains) + WAITING * (loads + feed)
    return steps * busy + 2.0


def store_cycles(gemm: Gemm, rows: int, columns: int, vectors: int) -> float:
    """Storing a tile: as it is, turned in registers, or lane by lane."""
    if gemm.c.column == 1 or columns == 1:
        return rows * vectors * 1.0
    if stores_turned(gemm):
        return rows * vectors * 5.0
    return lane_cycles(rows, columns)


def sum_cycles(gemm: Gemm, rows: int, columns: int, vectors: int) -> float:
    """Adding the sums that earlier blocks of a reduction left in C."""
    if gemm.c.column == 1 or columns == 1 or stores_turned(gemm):
        return rows * vectors * 1.0
    return lane_cycles(rows, columns)


def lane_cycles(rows: int, columns: int) -> float:
    """Lanes that are apart in C go one by one, often to lines not in cache."""
    return rows * columns * 4.0


def stores_turned(gemm: Gemm) -> bool:
    """Whether C lies by columns, so that turned tiles are stored as vectors."""
    return gemm.c.row == 1 and gemm.c.column != 1 and gemm.m > 1


def pack_cycles(step: int, lane: int) -> float:
    """Packing one element: copied, transposed in registers, or gathered."""
    if lane == 1:
        return 0.1
    return 0.35 if step == 1 else 1.5


def rows_collide(rows: int, stride: int) -> bool:
    """Whether that many rows, `stride` bytes apart, overfill the cache sets they fall in."""
    return rows * gcd(stride, PAGE_BYTES) > WAYS * PAGE_BYTES


def in_first_cache(size: int) -> bool:
    """Whether so many bytes stay in the first cache beside what else is in use."""
    return size <= L1_BYTES * 3 // 4


def reading_cycles(size: int) -> float:
    """Reading an operand of a size in bytes once more, from the cache it fits in."""
    if in_first_cache(size):
        return 0.0
    return size / (L2_BYTES_PER_CYCLE if size <= L2_BYTES // 2 else L3_BYTES_PER_CYCLE)


def broadcast_cycles(
    gemm: Gemm, width: int, vectors: int, rows: int, chains: int, block: int
) -> float:
    """All tiles with vectors along the columns of C, packing excluded."""
    row_bytes = vectors * width * BYTES[gemm.dtype]
    row_bytes = 0 if in_first_cache(block * row_bytes) else row_bytes
    blocks = max(1, -(-gemm.k // block))
    cycles = scattered = 0.0
    for tile_rows, down in parts(gemm.m, rows):
        for tile_columns, across in parts(gemm.n, vectors * width):
            used = -(-tile_columns // width)
            tile = reduction_cycles(tile_rows, used, chains, gemm.k, row_bytes)
            tile += blocks * TILE_OVERHEAD
            tile += blocks * store_cycles(gemm, tile_rows, tile_columns, used)
            tile += (blocks - 1) * sum_cycles(gemm, tile_rows, tile_columns, used)
            cycles += down * across * tile * gemm.batch + KERNEL_CYCLES
            if gemm.c.column != 1 and tile_columns > 1 and not stores_turned(gemm):
                scattered += SCATTER_CYCLES * tile_rows * tile_columns
    return cycles + min(scattered, SCATTER_SHARE * cycles)


def dot_cycles(gemm: Gemm, width: int, rows: int, columns: int, chains: int, size: int) -> float:
    """All tiles with vectors along the reduction."""
    steps, cycles = -(-gemm.k // width), 0.0
    for tile_rows, down in parts(gemm.m, rows):
        for tile_columns, across in parts(gemm.n, columns):
            cells = tile_rows * tile_columns
            tile = reduction_cycles(tile_rows, tile_columns, chains, steps) + TILE_OVERHEAD
            tile += 2.0 * cells + 2.0 * width.bit_length()
            whole = tile_columns == gemm.n == gemm.c.row and gemm.c.column == 1
            alone = tile_columns == 1 and gemm.c.row == 1
            tile += cells / width if whole or alone else cells
            cycles += down * across * tile * gemm.batch + KERNEL_CYCLES
    again = -(-gemm.n // columns) - 1
    return cycles + gemm.batch * again * reading_cycles(gemm.m * gemm.k * size)
