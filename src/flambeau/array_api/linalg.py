"""The standard's extension for linear algebra."""

from __future__ import annotations

from typing import Any

from flambeau import linalg as _linalg
from flambeau.array_api.products import matmul as matmul
from flambeau.array_api.products import matrix_transpose as matrix_transpose
from flambeau.array_api.products import tensordot as tensordot
from flambeau.array_api.products import vecdot as vecdot
from flambeau.array_api.reductions import sum as _sum
from flambeau.array_api.types import promoted
from flambeau.ops.publish import PUBLIC
from flambeau.tensor.tensor import Tensor


def cholesky(x: Tensor, /, *, upper: bool = False) -> Tensor:
    """The triangular factor of positive definite matrices."""
    return _linalg.cholesky(x, upper=upper)


def cross(x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor:
    """The cross product of vectors of three elements."""
    return _linalg.cross(*promoted(x1, x2), dim=axis)


def det(x: Tensor, /) -> Tensor:
    """The determinant of matrices."""
    return _linalg.det(x)


def diagonal(x: Tensor, /, *, offset: int = 0) -> Tensor:
    """The diagonals of matrices."""
    return PUBLIC["diagonal"](x, offset, -2, -1)


def eigh(x: Tensor, /) -> Any:
    """Eigenvalues in order, and eigenvectors, of symmetric matrices."""
    return _linalg.eigh(x)


def eigvalsh(x: Tensor, /) -> Tensor:
    """Eigenvalues of symmetric matrices in order."""
    return _linalg.eigvalsh(x)


def inv(x: Tensor, /) -> Tensor:
    """The inverse of matrices."""
    return _linalg.inv(x)


def matrix_norm(x: Tensor, /, *, keepdims: bool = False, ord: Any = "fro") -> Tensor:
    """A norm of matrices."""
    return _linalg.matrix_norm(x, ord, (-2, -1), keepdims)


def matrix_power(x: Tensor, n: int, /) -> Tensor:
    """Matrices to an integer power."""
    return _linalg.matrix_power(x, n)


def matrix_rank(x: Tensor, /, *, rtol: Any = None) -> Tensor:
    """How many singular values are above ``rtol`` times the largest."""
    return _linalg.matrix_rank(x, rtol=rtol)


def outer(x1: Tensor, x2: Tensor, /) -> Tensor:
    """All products of the elements of two vectors."""
    return PUBLIC["outer"](*promoted(x1, x2))


def pinv(x: Tensor, /, *, rtol: Any = None) -> Tensor:
    """The pseudoinverse of matrices."""
    return _linalg.pinv(x, rtol=rtol)


def qr(x: Tensor, /, *, mode: str = "reduced") -> Any:
    """Orthonormal columns and an upper triangle whose product is ``x``."""
    return _linalg.qr(x, mode=mode)


def slogdet(x: Tensor, /) -> Any:
    """Sign, and logarithm of the absolute value, of the determinant."""
    return _linalg.slogdet(x)


def solve(x1: Tensor, x2: Tensor, /) -> Tensor:
    """The solution of linear equations."""
    return _linalg.solve(*promoted(x1, x2))


def svd(x: Tensor, /, *, full_matrices: bool = True) -> Any:
    """The singular value decomposition."""
    return _linalg.svd(x, full_matrices=full_matrices)


def svdvals(x: Tensor, /) -> Tensor:
    """Singular values, largest first."""
    return _linalg.svdvals(x)


def trace(x: Tensor, /, *, offset: int = 0, dtype: Any = None) -> Tensor:
    """The sums of diagonals."""
    return _sum(diagonal(x, offset=offset), axis=-1, dtype=dtype)


def vector_norm(x: Tensor, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Tensor:
    """A norm of vectors that lie along axes."""
    return _linalg.vector_norm(x, ord, axis, keepdims)
