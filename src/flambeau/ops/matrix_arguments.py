"""What the operations of linear algebra ask of their arguments, and how they say it."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import ShapeError, message
from flambeau.ops.inverse import SingularError, check_precision
from flambeau.ops.operands import not_a_tensor
from flambeau.tensor.tensor import Tensor

INT32 = np.dtype(np.int32)


def check_matrix(name: str, x: Any, what: str = "input") -> None:
    """Refuse what is no stack of floating-point or complex matrices.

    Raises:
        RuntimeError: for fewer than two dimensions, or types that LAPACK does not compute with.
        TypeError: if ``x`` is no tensor.
    """
    x = x._array if isinstance(x, Tensor) else x
    if not hasattr(x, "shape"):
        raise not_a_tensor(name, x)
    if len(x.shape) < 2:
        raise ShapeError(
            message(
                f"{name}: {what} is not a matrix", expected="shape (..., m, n)",
                got=str(tuple(x.shape)),
            )
        )  # fmt: skip
    check_precision(name, x)


def check_square(name: str, x: Any, what: str = "input") -> None:
    """As :func:`check_matrix`, and with as many rows as columns."""
    check_matrix(name, x, what)
    x = x._array if isinstance(x, Tensor) else x
    if x.shape[-1] != x.shape[-2]:
        raise ShapeError(
            message(
                f"{name}: {what} is not square", expected="shape (..., m, m)",
                got=str(tuple(x.shape)),
            )
        )  # fmt: skip


def check_same_type(name: str, x: Any, y: Any) -> None:
    """Both operands must have one type.

    Raises:
        RuntimeError: if they have not.
    """
    if x.dtype != y.dtype:
        raise RuntimeError(
            message(f"{name}: types differ", expected="one type", got=f"{x.dtype} and {y.dtype}")
        )


def singular(name: str, info: np.ndarray) -> SingularError:
    """The error for a stack of matrices of which ``info`` says where elimination ended."""
    place = tuple(int(i) for i in np.argwhere(info)[0])
    where = f"matrix {place} of the stack" if place else "the matrix"
    return SingularError(
        message(
            f"{name}: a matrix is singular",
            expected="matrices whose rows are linearly independent",
            got=f"{where}, whose pivot {int(info[place])} is zero",
        )
    )


def diagonal_of(x: Tensor) -> Tensor:
    """The main diagonals of a stack of matrices."""
    return x.diagonal(0, -2, -1)  # type: ignore[attr-defined]


def on_diagonal(x: Tensor) -> Tensor:
    """Matrices with the given diagonals, zero elsewhere."""
    return x.diag_embed()  # type: ignore[attr-defined]


def hermitian_from_lower(x: Any) -> Tensor:
    """The hermitian matrices that agree with ``x`` below, and in the real part on, the diagonal."""
    below = x.tril(-1)
    diagonal = diagonal_of(x)
    if x._array.dtype.kind == "c":
        diagonal = diagonal.real.to(x.dtype)  # type: ignore[attr-defined]
    return below + below.mH + on_diagonal(diagonal)
