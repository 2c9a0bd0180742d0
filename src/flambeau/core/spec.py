"""What is known of an array without its values: shape, data type, strides."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from flambeau.core.memory import without_values
from flambeau.core.shapes import contiguous_strides


class Spec:
    """An array's shape, NumPy data type and byte strides, without data.

    It has the attributes of an ``ndarray`` that shape rules read, so one rule serves both.

    Args:
        shape: sizes.
        dtype: a NumPy data type.
        strides: byte strides; row-major if not given.
    """

    __slots__ = ("dtype", "shape", "strides")

    def __init__(
        self, shape: Sequence[int], dtype: np.dtype, strides: Sequence[int] | None = None
    ) -> None:
        self.shape = tuple(shape)
        self.dtype = dtype
        if strides is None:
            strides = contiguous_strides(self.shape, dtype.itemsize)
        self.strides = tuple(strides)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return prod(self.shape)

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self.dtype.itemsize

    def meta(self) -> np.ndarray:
        """An array of this shape and these strides whose values mean nothing.

        Movement (slicing, transposing, expanding) may be carried out on it to learn the strides
        of the result.
        """
        return without_values(self.shape, self.dtype, self.strides)

    def __eq__(self, other: Any) -> bool:
        return (self.shape, self.dtype) == (other.shape, other.dtype)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Spec({self.shape}, {self.dtype})"


def elementwise_strides(shape: tuple[int, ...], operands: Sequence[Any]) -> tuple[int, ...] | None:
    """Strides, in elements, of an elementwise result: it keeps the layout of its operands.

    ``None`` stands for row-major. The rule is NumPy's order ``'K'``: axes are sorted by the
    strides of the first operand that tells them apart.
    """
    full = [x for x in operands if getattr(x, "shape", None) == shape]
    if not full or all(_row_major(x) for x in full):
        return None
    ndim = len(shape)
    keys = [[abs(x.strides[axis]) if shape[axis] != 1 else 0 for x in full] for axis in range(ndim)]
    order = list(range(ndim))
    for position in range(1, ndim):  # insertion sort: a tie keeps the row-major order
        place = position
        while place > 0 and _outer(keys[order[place]], keys[order[place - 1]]):
            order[place], order[place - 1] = order[place - 1], order[place]
            place -= 1
    strides = [0] * ndim
    step = 1
    for axis in reversed(order):
        strides[axis] = step
        step *= max(shape[axis], 1)
    return tuple(strides)


def _row_major(x: Any) -> bool:
    return x.strides == contiguous_strides(x.shape, x.dtype.itemsize)


def _outer(a: list[int], b: list[int]) -> bool:
    """Whether an axis with strides ``a`` must lie outside one with strides ``b``."""
    for x, y in zip(a, b, strict=True):
        if x and y and x != y:
            return x > y
    return False
