"""The register-tiled kernel: rows of A broadcast against vectors of B's columns."""

from __future__ import annotations

from .gemm_lanes import along_columns
from .gemm_spec import Gemm
from .gemm_text import SIZE, Function, Module
from .gemm_tile import KernelShape, emit_row_tiles, finish_tile

UNROLLED_DEPTH = 8
"""Reductions up to this long are written without a loop."""


def emit_broadcast_kernel(
    module: Module, name: str, gemm: Gemm, shape: KernelShape, width: int, swapped: bool
) -> None:
    """C[rows, columns] = A[rows, :] B[:, columns], tile after tile down a panel of columns."""
    writer = _BroadcastKernel(gemm, shape, width, swapped)
    emit_row_tiles(module, name, gemm, shape, swapped, writer.tile)


class _BroadcastKernel:
    def __init__(self, gemm: Gemm, shape: KernelShape, width: int, swapped: bool) -> None:
        self.gemm, self.shape, self.width, self.swapped = gemm, shape, width, swapped
        self.scalar = gemm.scalar
        self.kind = f"<{width} x {gemm.scalar}>"
        self.vectors = -(-shape.columns // width)

    def active(self, vector: int) -> int:
        """How many lanes of a vector are columns of C."""
        return min(self.width, self.shape.columns - vector * self.width)

    def tile(self, f: Function, a: str, c: str, row: str | int) -> None:
        """One tile of rows."""
        sums = self.combine(f, self.sums(f, a))
        groups = []
        for i in range(self.shape.rows):
            lanes = [
                along_columns(i, v * self.width, self.active(v), self.width)
                for v in range(self.vectors)
            ]
            groups.append((sums[i * self.vectors : (i + 1) * self.vectors], lanes))
        finish_tile(f, self.gemm, self.shape, self.swapped, self.width, c, row, groups)

    def sums(self, f: Function, a: str) -> list[str]:
        """The sums over the reduction, `chains` partial sums for each vector of the tile."""
        shape, depth = self.shape, self.shape.depth
        count = shape.chains * shape.rows * self.vectors
        zero = ["zeroinitializer"] * count
        if depth is not None and depth <= UNROLLED_DEPTH:
            return self.steps(f, a, "%b", zero, depth)
        step = shape.chains * shape.unroll
        if depth is not None:
            rest = depth % step
            return self.turns(f, a, "%b", zero, depth - rest, step, rest)
        if step == 1:
            return self.turns(f, a, "%b", zero, "%depth", 1, 0)
        return self.turns_then_singles(f, a, zero, step)

    def turns(
        self, f: Function, a: str, b: str, sums: list[str], stop: str | int, step: int, rest: int
    ) -> list[str]:
        """A loop of `step` products a turn, and `rest` more after it."""
        carried = [("ptr", a), ("ptr", b)] + [(self.kind, s) for s in sums]
        with f.loop(0, stop, step, carried, runs=isinstance(stop, str)) as loop:
            pa, pb = loop.values[:2]
            following = self.steps(f, pa, pb, loop.values[2:], step)
            loop.results = [
                f.offset(pa, self.scalar, step * self.shape.a_step),
                f.offset(pb, self.scalar, step * self.shape.b_step),
                *following,
            ]
        return self.steps(f, loop.values[0], loop.values[1], loop.values[2:], rest)

    def turns_then_singles(self, f: Function, a: str, sums: list[str], step: int) -> list[str]:
        """A depth known when running: turns of `step` products, then the rest one by one."""
        whole = f.value(f"and i64 %depth, {-step}")
        carried = [("ptr", a), ("ptr", "%b")] + [(self.kind, s) for s in sums]
        start: str | int = 0
        for stop, turn in ((whole, step), ("%depth", 1)):
            with f.loop(start, stop, turn, carried) as loop:
                pa, pb = loop.values[:2]
                following = self.steps(f, pa, pb, loop.values[2:], turn)
                loop.results = [
                    f.offset(pa, self.scalar, turn * self.shape.a_step),
                    f.offset(pb, self.scalar, turn * self.shape.b_step),
                    *following,
                ]
            carried = [(kind, v) for (kind, _), v in zip(carried, loop.values, strict=True)]
            start = whole
        return loop.values[2:]

    def steps(self, f: Function, a: str, b: str, sums: list[str], count: int) -> list[str]:
        """`count` products added to each sum, dealt to the chains in turn."""
        sums = list(sums)
        shape = self.shape
        for step in range(count):
            columns = self.row_of_b(f, f.offset(b, self.scalar, step * shape.b_step))
            first = (step % shape.chains) * shape.rows * self.vectors
            for i in range(shape.rows):
                offset = step * shape.a_step + i * shape.a_row
                pointer = f.offset(a, self.scalar, offset)
                factor = f.load(self.scalar, pointer, SIZE[self.scalar])
                factors = f.splat(self.scalar, self.width, factor)
                for v, column in enumerate(columns):
                    at = first + i * self.vectors + v
                    sums[at] = f.multiply_add(self.scalar, self.width, factors, column, sums[at])
        return sums

    def row_of_b(self, f: Function, pointer: str) -> list[str]:
        """The vectors of one row of B within the panel."""
        vectors = []
        for v in range(self.vectors):
            at = f.offset(pointer, self.scalar, v * self.width)
            active = self.active(v)
            if active == self.width or self.shape.b_padded:
                vectors.append(f.load(self.kind, at, SIZE[self.scalar]))
            else:
                lanes = [lane < active for lane in range(self.width)]
                vectors.append(f.masked_load(self.scalar, self.width, at, lanes))
        return vectors

    def combine(self, f: Function, sums: list[str]) -> list[str]:
        """Adds the chains up, pairwise."""
        size = self.shape.rows * self.vectors
        parts = [sums[at : at + size] for at in range(0, len(sums), size)]
        while len(parts) > 1:
            half = len(parts) // 2
            joined = [
                [f.binary("fadd", self.kind, x, y) for x, y in zip(p, q, strict=True)]
                for p, q in zip(parts[:half], parts[half : 2 * half], strict=True)
            ]
            parts = joined + parts[2 * half :]
        return parts[0]
