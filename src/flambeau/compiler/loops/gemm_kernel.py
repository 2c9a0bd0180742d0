"""The register-tiled kernel: rows of A broadcast against vectors of B's columns."""

from __future__ import annotations

from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.module import Module
from flambeau.compiler.llvm.value import Value
from flambeau.compiler.loops.gemm_index import Index
from flambeau.compiler.loops.gemm_lanes import added, along_columns, zeros
from flambeau.compiler.loops.gemm_spec import Gemm
from flambeau.compiler.loops.gemm_tile import Group, KernelShape, emit_row_tiles

UNROLLED_DEPTH = 8  # reductions up to this long are written without a loop,
UNROLLED_PRODUCTS = 96  # unless that makes more multiply-adds than this: code takes time to compile


def emit_broadcast_kernel(module: Module, name: str, gemm: Gemm, shape: KernelShape) -> None:
    """C[rows, columns] = A[rows, :] B[:, columns], tile after tile down a panel of columns."""
    emit_row_tiles(module, name, gemm, shape, _BroadcastKernel(gemm, shape).tile)


class _BroadcastKernel:
    def __init__(self, gemm: Gemm, shape: KernelShape) -> None:
        self.dtype, self.shape, self.width = gemm.dtype, shape, shape.width
        self.vectors = -(-shape.columns // shape.width)
        self.size = shape.rows * self.vectors

    def active(self, vector: int) -> int:
        """How many lanes of a vector are columns of C."""
        return min(self.width, self.shape.columns - vector * self.width)

    def tile(self, f: Function, a: str) -> list[Group]:
        """The sums of one tile, a group for each row."""
        sums = self.combined(self.sums(f, a))
        groups: list[Group] = []
        for i in range(self.shape.rows):
            lanes = [
                along_columns(i, v * self.width, self.active(v), self.width)
                for v in range(self.vectors)
            ]
            groups.append((sums[i * self.vectors : (i + 1) * self.vectors], lanes))
        return groups

    def sums(self, f: Function, a: str) -> list[Value]:
        """The sums over the reduction, `chains` partial sums for each vector of the tile."""
        shape, depth = self.shape, self.shape.depth
        sums = [zeros(f, self.dtype, self.width)] * (shape.chains * self.size)
        unrolled = min(UNROLLED_DEPTH, UNROLLED_PRODUCTS // self.size)
        if depth is not None and depth <= unrolled:
            return self.steps(f, a, "%b", sums, depth)
        step = shape.chains * shape.unroll
        carried = [f.value(a, "pointer"), f.value("%b", "pointer"), *sums]
        if depth is None:
            end = f.value("%depth", "int64")
            whole = end if step == 1 else f.value(f.emit(f"and i64 %depth, {-step}"), "int64")
            carried = self.turns(f, carried, 0, whole, step)
            if step > 1:
                carried = self.turns(f, carried, whole, end, 1)
            return carried[2:]
        rest = depth % step
        carried = self.turns(f, carried, 0, depth - rest, step)
        return self.steps(f, carried[0].name, carried[1].name, carried[2:], rest)

    def turns(
        self, f: Function, carried: list[Value], start: Index, stop: Index, step: int
    ) -> list[Value]:
        """A loop of `step` products a turn; `carried` is where A and B are read, then the sums."""
        with f.loop(start, stop, step, carried) as loop:
            a, b = (pointer.name for pointer in loop.values[:2])
            following = self.steps(f, a, b, loop.values[2:], step)
            loop.carry(
                f.value(f.offset(a, step * self.shape.a_step, self.dtype), "pointer"),
                f.value(f.offset(b, step * self.shape.b_step, self.dtype), "pointer"),
                *following,
            )
        return loop.results

    def steps(self, f: Function, a: str, b: str, sums: list[Value], count: int) -> list[Value]:
        """`count` products added to each sum, dealt to the chains in turn."""
        sums, shape = list(sums), self.shape
        for step in range(count):
            columns = self.row_of_b(f, b, step * shape.b_step)
            first = (step % shape.chains) * self.size
            for i in range(shape.rows):
                pointer = f.offset(a, step * shape.a_step + i * shape.a_row, self.dtype)
                factors = f.scalar.splat(f.load(pointer, self.dtype), self.width)
                for v, column in enumerate(columns):
                    at = first + i * self.vectors + v
                    sums[at] = f.scalar.ternary("fma", factors, column, sums[at])
        return sums

    def row_of_b(self, f: Function, base: str, offset: int) -> list[Value]:
        """The vectors of one row of B within the panel; a packed panel is padded."""
        return [
            f.load(
                f.offset(base, offset + v * self.width, self.dtype),
                self.dtype,
                self.width,
                None if self.shape.b_padded else self.active(v),
            )
            for v in range(self.vectors)
        ]

    def combined(self, sums: list[Value]) -> list[Value]:
        """Adds the chains up, pairwise."""
        parts = [sums[at : at + self.size] for at in range(0, len(sums), self.size)]
        while len(parts) > 1:
            half = len(parts) // 2
            parts = [
                [added(x, y) for x, y in zip(p, q, strict=True)]
                for p, q in zip(parts[:half], parts[half:], strict=True)
            ]
        return parts[0]
