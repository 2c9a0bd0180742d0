"""The dot-product kernel: vectors along the reduction, for operands that are contiguous there."""

from __future__ import annotations

from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.module import Module
from flambeau.compiler.llvm.value import Value
from flambeau.compiler.loops.gemm_lanes import Lanes, added, shuffled, zeros
from flambeau.compiler.loops.gemm_spec import Gemm
from flambeau.compiler.loops.gemm_tile import Group, KernelShape, emit_row_tiles


def emit_dot_kernel(module: Module, name: str, gemm: Gemm, shape: KernelShape) -> None:
    """C[rows, columns] = A[rows, :] B[:, columns], each sum across a vector's lanes at the end."""
    emit_row_tiles(module, name, gemm, shape, _DotKernel(gemm, shape).tile)


class _DotKernel:
    def __init__(self, gemm: Gemm, shape: KernelShape) -> None:
        self.dtype, self.shape, self.width = gemm.dtype, shape, shape.width
        self.cells = [(i, j) for i in range(shape.rows) for j in range(shape.columns)]

    def tile(self, f: Function, a: str) -> list[Group]:
        """The sums of one tile, as many to a vector as it has lanes."""
        sums = self.sums(f, a)
        groups: list[Group] = []
        for at in range(0, len(self.cells), self.width):
            rows, columns = zip(*self.cells[at : at + self.width], strict=True)
            total = across_lanes(f, sums[at : at + self.width])
            groups.append(([total], [Lanes(rows, columns, self.width)]))
        return groups

    def sums(self, f: Function, a: str) -> list[Value]:
        """For each cell of the tile, a vector of partial sums."""
        depth, chains, cells = self.shape.depth, self.shape.chains, len(self.cells)
        assert depth is not None
        step = self.width * chains
        carried = [f.value(a, "pointer"), f.value("%b", "pointer")]
        carried += [zeros(f, self.dtype, self.width)] * (cells * chains)
        if depth >= step:
            with f.loop(0, depth // step, carried=carried) as loop:
                sums = self.turn(f, loop.values, step)
                moved = [f.offset(p.name, step, self.dtype) for p in loop.values[:2]]
                loop.carry(*(f.value(p, "pointer") for p in moved), *sums)
            carried = loop.results
        return self.combined(self.turn(f, carried, depth % step))

    def turn(self, f: Function, carried: list[Value], count: int) -> list[Value]:
        """`count` products for every cell, a vector at a time to each chain."""
        pointers, sums, cells = carried[:2], list(carried[2:]), len(self.cells)
        for chain in range(-(-count // self.width)):
            shift = chain * self.width
            active = min(self.width, count - shift)
            columns = [
                self.along(f, pointers[1], shift + j * self.shape.b_column, active)
                for j in range(self.shape.columns)
            ]
            at = chain * cells
            for i in range(self.shape.rows):
                row = self.along(f, pointers[0], shift + i * self.shape.a_row, active)
                for column in columns:
                    sums[at] = f.scalar.ternary("fma", row, column, sums[at])
                    at += 1
        return sums

    def along(self, f: Function, base: Value, offset: int, active: int) -> Value:
        """A vector of consecutive factors, zero past the end."""
        pointer = f.offset(base.name, offset, self.dtype)
        return f.load(pointer, self.dtype, self.width, active)

    def combined(self, sums: list[Value]) -> list[Value]:
        """Adds the chains up, in order."""
        cells = len(self.cells)
        total = sums[:cells]
        for at in range(cells, len(sums), cells):
            total = [added(x, y) for x, y in zip(total, sums[at : at + cells], strict=True)]
        return total


def across_lanes(f: Function, vectors: list[Value]) -> Value:
    """A vector whose lane i is the sum of all lanes of vector i.

    Each round folds every vector's segments in half and lays pairs of vectors side by side.
    """
    dtype, width = vectors[0].dtype, vectors[0].lanes
    level = list(vectors)
    while len(level) & (len(level) - 1):
        level.append(zeros(f, dtype, width))
    segments, length = 1, width
    while length > 1:
        half = length // 2
        starts = [s * length for s in range(segments)]
        if len(level) > 1:
            starts += [width + s for s in starts]
        else:
            level.append(f.value("poison", dtype, width))
        rest = [None] * (width - len(starts) * half)
        low = [s + lane for s in starts for lane in range(half)] + rest
        high = [s + half + lane for s in starts for lane in range(half)] + rest
        level = [
            added(shuffled(f, x, y, low), shuffled(f, x, y, high))
            for x, y in zip(level[::2], level[1::2], strict=True)
        ]
        segments, length = len(starts), half
    return level[0]
