"""The dot-product kernel: vectors along the reduction, for operands that are contiguous there."""

from __future__ import annotations

from .gemm_lanes import Lanes
from .gemm_spec import Gemm
from .gemm_text import SIZE, Function, Module
from .gemm_tile import KernelShape, emit_row_tiles, finish_tile


def emit_dot_kernel(
    module: Module, name: str, gemm: Gemm, shape: KernelShape, width: int, swapped: bool
) -> None:
    """C[rows, columns] = A[rows, :] B[:, columns], each sum across a vector's lanes at the end."""
    writer = _DotKernel(gemm, shape, width, swapped)
    emit_row_tiles(module, name, gemm, shape, swapped, writer.tile)


class _DotKernel:
    def __init__(self, gemm: Gemm, shape: KernelShape, width: int, swapped: bool) -> None:
        self.gemm, self.shape, self.width, self.swapped = gemm, shape, width, swapped
        self.scalar = gemm.scalar
        self.kind = f"<{width} x {gemm.scalar}>"
        self.cells = [(i, j) for i in range(shape.rows) for j in range(shape.columns)]

    def tile(self, f: Function, a: str, c: str, row: str | int) -> None:
        """One tile of rows."""
        sums = self.sums(f, a)
        groups = []
        for at in range(0, len(self.cells), self.width):
            cells = self.cells[at : at + self.width]
            total = add_across(f, self.scalar, self.width, sums[at : at + self.width])
            rows, columns = zip(*cells, strict=True)
            groups.append(([total], [Lanes(rows, columns, self.width)]))
        finish_tile(f, self.gemm, self.shape, self.swapped, self.width, c, row, groups)

    def sums(self, f: Function, a: str) -> list[str]:
        """For each cell of the tile, a vector of partial sums."""
        shape, width, depth = self.shape, self.width, self.shape.depth
        assert depth is not None
        step = width * shape.chains
        turns = depth // step
        cells = len(self.cells)
        carried = [("ptr", a), ("ptr", "%b")]
        carried += [(self.kind, "zeroinitializer")] * (cells * shape.chains)
        pointers, sums = [a, "%b"], ["zeroinitializer"] * (cells * shape.chains)
        if turns:
            with f.loop(0, turns, 1, carried) as loop:
                sums = loop.values[2:]
                for chain in range(shape.chains):
                    at = chain * cells
                    part = self.step(f, loop.values[:2], chain, sums[at : at + cells], width)
                    sums = sums[:at] + part + sums[at + cells :]
                moved = [f.offset(p, self.scalar, step) for p in loop.values[:2]]
                loop.results = moved + sums
            pointers, sums = loop.values[:2], loop.values[2:]
        for chain in range(-(-(depth % step) // width)):
            at, active = chain * cells, min(width, depth % step - chain * width)
            part = self.step(f, pointers, chain, sums[at : at + cells], active)
            sums = sums[:at] + part + sums[at + cells :]
        return self.combine(f, sums)

    def step(
        self, f: Function, pointers: list[str], chain: int, sums: list[str], active: int
    ) -> list[str]:
        """One vector's worth of products for every cell."""
        shift = chain * self.width
        columns = [
            self.along(f, pointers[1], shift + j * self.shape.b_column, active)
            for j in range(self.shape.columns)
        ]
        results = []
        for i in range(self.shape.rows):
            row = self.along(f, pointers[0], shift + i * self.shape.a_row, active)
            for j, column in enumerate(columns):
                total = sums[i * len(columns) + j]
                results.append(f.multiply_add(self.scalar, self.width, row, column, total))
        return results

    def along(self, f: Function, base: str, offset: int, active: int) -> str:
        """A vector of consecutive factors, zero past the end."""
        pointer = f.offset(base, self.scalar, offset)
        if active == self.width:
            return f.load(self.kind, pointer, SIZE[self.scalar])
        lanes = [lane < active for lane in range(self.width)]
        return f.masked_load(self.scalar, self.width, pointer, lanes)

    def combine(self, f: Function, sums: list[str]) -> list[str]:
        """Adds the chains up, in order."""
        cells = len(self.cells)
        total = sums[:cells]
        for at in range(cells, len(sums), cells):
            pairs = zip(total, sums[at : at + cells], strict=True)
            total = [f.binary("fadd", self.kind, x, y) for x, y in pairs]
        return total


def add_across(f: Function, scalar: str, width: int, vectors: list[str]) -> str:
    """A vector whose lane i is the sum of all lanes of vector i."""
    kind = f"<{width} x {scalar}>"
    level = list(vectors)
    while len(level) & (len(level) - 1):
        level.append("zeroinitializer")
    segments, length = 1, width
    while length > 1:
        half = length // 2
        starts = [s * length for s in range(segments)]
        if len(level) > 1:
            starts += [width + s for s in starts]
        low = [s + lane for s in starts for lane in range(half)]
        high = [s + half + lane for s in starts for lane in range(half)]
        rest: list[int | None] = [None] * (width - len(low))
        if len(level) == 1:
            level.append("poison")
        pairs = list(zip(level[::2], level[1::2], strict=True))
        level = [
            f.binary(
                "fadd",
                kind,
                f.shuffle(kind, x, y, [*low, *rest]),
                f.shuffle(kind, x, y, [*high, *rest]),
            )
            for x, y in pairs
        ]
        segments, length = len(low) // half, half
    return level[0]
