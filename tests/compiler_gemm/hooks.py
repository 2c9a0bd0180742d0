"""Prologues and epilogues as a caller would write them."""

from __future__ import annotations

from dataclasses import dataclass

PARAMETERS = (("ptr", "bias"), ("ptr", "residual"), ("ptr", "seen"))


@dataclass(frozen=True)
class BiasResidualRectify:
    """max(x + bias[column] + residual[batch, row, column], 0); x itself goes to `seen`."""

    m: int
    n: int
    parameters = PARAMETERS

    def begin(self, f):
        pass

    def emit(self, context, vectors):
        s, results = context.function.scalar, []
        for i, x in enumerate(vectors):
            context.store(x, "%seen", self.n, 1, i, batch_stride=self.m * self.n)
            x = x + context.load("%bias", 0, 1, i)
            x = x + context.load("%residual", self.n, 1, i, batch_stride=self.m * self.n)
            results.append(s.where(x > 0.0, x, x * 0.0))
        return results


@dataclass(frozen=True)
class RowScale:
    """x * scale[row]."""

    parameters = (("ptr", "scale"),)

    def begin(self, f):
        pass

    def emit(self, context, vectors):
        return [x * context.load("%scale", 1, 0, i) for i, x in enumerate(vectors)]


@dataclass(frozen=True)
class Masked:
    """x where the mask, a row-major matrix of the operand's shape, is positive; 0 elsewhere."""

    name: str
    rows: int
    columns: int

    @property
    def parameters(self):
        return (("ptr", self.name),)

    def emit(self, context, vectors):
        s = context.function.scalar
        size = self.rows * self.columns
        masks = [
            context.load(f"%{self.name}", self.columns, 1, i, batch_stride=size)
            for i in range(len(vectors))
        ]
        return [s.where(m > 0.0, x, x * 0.0) for m, x in zip(masks, vectors, strict=True)]
