"""What a matrix product is asked to do: shapes, strides, batches, and what happens to its tiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.value import Value
from flambeau.compiler.loops.gemm_lanes import TileContext


class Epilogue(Protocol):
    """Turns a tile's finished sums into what is stored."""

    parameters: tuple[tuple[str, str], ...]
    """Further parameters of the function, as (LLVM type, name); the code says `%name`."""

    def begin(self, f: Function) -> None:
        """Writes what a function does once, before its tiles."""
        ...

    def emit(self, context: TileContext, vectors: Sequence[Value]) -> Sequence[Value]:
        """Writes the code; returns the vectors to store."""
        ...


class Prologue(Protocol):
    """Turns an operand's elements into the factors to multiply, while they are packed."""

    parameters: tuple[tuple[str, str], ...]

    def emit(self, context: TileContext, vectors: Sequence[Value]) -> Sequence[Value]:
        """Writes the code; `context` speaks of the operand's own rows and columns."""
        ...


@dataclass(frozen=True)
class Matrix:
    """Strides of a matrix in elements; a batch stride of 0 shares one matrix among all batches."""

    row: int
    column: int
    batch: int = 0

    def transposed(self) -> Matrix:
        """The strides of the transpose."""
        return Matrix(self.column, self.row, self.batch)


@dataclass(frozen=True)
class Gemm:
    """C = epilogue(alpha A B [+ C]), for each of `batch` matrices.

    Shape: A (m, k), B (k, n), C (m, n).

    Args:
        dtype: the type of the arithmetic and of C, "float32" or "float64".
        accumulate: adds what C holds before the epilogue.
        keep_b: B is given packed, by this product's own packing function.
        stored: the type of A's and B's elements where it differs ("float16" or "bfloat16").
    """

    m: int
    n: int
    k: int
    a: Matrix
    b: Matrix
    c: Matrix
    dtype: str = "float32"
    batch: int = 1
    alpha: float = 1.0
    accumulate: bool = False
    keep_b: bool = False
    stored: str | None = None
    epilogue: Epilogue | None = None
    a_prologue: Prologue | None = None
    b_prologue: Prologue | None = None

    @property
    def source(self) -> str:
        """The type of A's and B's elements in memory."""
        return self.stored or self.dtype

    def swapped(self) -> Gemm:
        """The transposed problem, C' = B' A'; hooks keep the caller's view of rows and columns."""
        return replace(
            self,
            m=self.n,
            n=self.m,
            a=self.b.transposed(),
            b=self.a.transposed(),
            c=self.c.transposed(),
            a_prologue=self.b_prologue,
            b_prologue=self.a_prologue,
        )


def contiguous(
    m: int,
    n: int,
    k: int,
    layout: str = "NN",
    batch: int = 1,
    **options: object,
) -> Gemm:
    """A product of row-major arrays, each stored as is (N) or transposed (T)."""
    a = Matrix(k, 1, m * k) if layout[0] == "N" else Matrix(1, m, m * k)
    b = Matrix(n, 1, k * n) if layout[1] == "N" else Matrix(1, k, k * n)
    return Gemm(m, n, k, a, b, Matrix(n, 1, m * n), batch=batch, **options)  # type: ignore[arg-type]
