"""A value in LLVM IR: a name or a literal, with its type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flambeau.compiler.llvm.types import ELEMENT, vector_type
from flambeau.core.scalar import Scalar

if TYPE_CHECKING:
    from flambeau.compiler.llvm.vector import VectorBuilder


class Value(Scalar):
    """A vector (or, with one lane, a scalar) in a function that is being written.

    Attributes:
        name: ``%v7``, or a literal.
        lanes: how many elements it has; an operation of one lane with many repeats the one.
        literal: whether ``name`` is a literal, which has one lane until it meets a vector.
    """

    __slots__ = ("lanes", "literal", "name")

    builder: VectorBuilder

    def __init__(
        self, builder: VectorBuilder, name: str, dtype: str, lanes: int, literal: bool = False
    ) -> None:
        self.builder = builder
        self.name = name
        self.dtype = dtype
        self.lanes = lanes
        self.literal = literal

    @property
    def type(self) -> str:
        """LLVM's name of its type."""
        return vector_type(ELEMENT[self.dtype], self.lanes)

    def __repr__(self) -> str:
        return f"{self.type} {self.name}"
