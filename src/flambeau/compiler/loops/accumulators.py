"""Reductions while their loops run: where their partial results live, and how they combine."""

from __future__ import annotations

import numpy as np

from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.value import Value as Register
from flambeau.compiler.loops.access import Access
from flambeau.compiler.loops.kinds import REDUCTIONS
from flambeau.compiler.record.program import Instruction


class Accumulator:
    """One reduction of a nest.

    Args:
        instruction: the reduction.
        strides: of its output over the nest's loops, 0 along what is reduced.
        position: which of the nest's memories the output is.
        continues: whether the nest runs several times for one output, which collects.

    Attributes:
        operation: how two partial results combine.
        dtype: the type in which it accumulates.
        inner_reduced: whether lanes of one vector belong to one output.
        level: how many of the outermost loops it starts anew in; its registers live inside them.
        first: the outermost loop that is reduced; memory that collects is cleared before it.
        again: whether a loop outside ``level`` is reduced too, so that memory collects the parts.
    """

    def __init__(
        self, instruction: Instruction, strides: list[int], position: int, continues: bool = False
    ) -> None:
        self.instruction = instruction
        self.strides = strides
        self.position = position
        self.operation = REDUCTIONS[instruction.operation.name]
        self.dtype = accumulating_type(instruction.outputs[0].spec.dtype.name)
        self.inner_reduced = strides[-1] == 0
        self.level = len(strides) - 1
        while self.level > 0 and strides[self.level - 1] == 0:
            self.level -= 1
        self.first = next((axis for axis, s in enumerate(strides) if s == 0), len(strides))
        self.continues = continues and strides[0] == 0
        self.again = self.first < self.level or self.continues

    def identity(self, f: Function) -> Register:
        """The start: combining it with anything gives that."""
        if self.operation in ("maximum", "minimum"):
            return f.constant(extreme(self.dtype, self.operation == "minimum"), self.dtype)
        start = {"add": 0, "mul": 1, "bitwise_and": 1, "bitwise_or": 0}[self.operation]
        return f.constant(start, self.dtype)

    def combine(self, f: Function, x: Register, y: Register) -> Register:
        """Two partial results as one."""
        if self.operation == "add":
            return x + y
        if self.operation == "mul":
            return x * y
        return getattr(f.scalar, self.operation)(x, y)


def accumulating_type(dtype: str) -> str:
    """The type in which elements of a type are added up."""
    return "float32" if dtype in ("float16", "bfloat16") else dtype


def extreme(dtype: str, largest: bool) -> float:
    """The largest or smallest value of a type."""
    if dtype in ("float32", "float64"):
        return float("inf") if largest else float("-inf")
    info = np.iinfo(dtype)
    return info.max if largest else info.min


def reduction_strides(
    instruction: Instruction, access: Access, domain: tuple[int, ...]
) -> list[int]:
    """Strides of a reduction's output over the domain: 0 along what is reduced."""
    dims = reduced_dims(instruction, len(domain))
    keepdim = instruction.params[instruction.operation.params.index("keepdim")]
    strides, position = [], 0
    for axis in range(len(domain)):
        if axis in dims:
            strides.append(0)
            position += keepdim
        else:
            strides.append(access.strides[position])
            position += 1
    return strides


def reduced_dims(instruction: Instruction, ndim: int) -> tuple[int, ...]:
    """The dimensions that a reduction runs over."""
    dims = instruction.params[instruction.operation.params.index("dim")]
    if dims is None:
        return tuple(range(ndim))
    return (dims,) if isinstance(dims, int) else tuple(dims)
