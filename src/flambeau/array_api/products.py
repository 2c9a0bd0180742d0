"""Products of vectors and matrices."""

from __future__ import annotations

from typing import Any

from flambeau.array_api.types import promoted
from flambeau.ops.publish import PUBLIC
from flambeau.tensor.tensor import Tensor


def matmul(x1: Tensor, x2: Tensor, /) -> Tensor:
    """The matrix product."""
    return PUBLIC["matmul"](*promoted(x1, x2))


def matrix_transpose(x: Tensor, /) -> Tensor:
    """Matrices with rows and columns exchanged."""
    return x.mT


def tensordot(x1: Tensor, x2: Tensor, /, *, axes: Any = 2) -> Tensor:
    """The sum of products over axes of both."""
    return PUBLIC["tensordot"](*promoted(x1, x2), axes)


def vecdot(x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor:
    """The sum over an axis of the products of ``conj(x1)`` and ``x2``."""
    left, right = promoted(x1, x2)
    left, right = PUBLIC["broadcast_tensors"](left.movedim(axis, -1), right.movedim(axis, -1))
    return PUBLIC["sum"](PUBLIC["conj"](left) * right, -1, dtype=left.dtype)
