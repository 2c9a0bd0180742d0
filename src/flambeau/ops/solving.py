"""Systems of linear equations, inverses, and least squares."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, message
from flambeau.core.spec import Spec
from flambeau.ops import return_types
from flambeau.ops.creation import eye
from flambeau.ops.elimination import eliminated, order_of, substituted
from flambeau.ops.matrix_arguments import (
    INT32,
    check_matrix,
    check_same_type,
    check_square,
    singular,
)
from flambeau.ops.publish import PUBLIC
from flambeau.ops.triangular_systems import check_system
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.interpreting import in_single_precision
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _solve(a: np.ndarray, b: np.ndarray, left: bool, check: bool) -> tuple[Any, np.ndarray]:
    if not left:
        found, info = _solve(a.swapaxes(-1, -2), b.swapaxes(-1, -2), True, check)
        return np.ascontiguousarray(found.swapaxes(-1, -2)), info
    try:
        return np.linalg.solve(a, b), np.zeros(a.shape[:-2], INT32)
    except np.linalg.LinAlgError:
        factors, pivots, info = eliminated(a)
        if check:
            raise singular("solve", info) from None
    order = order_of(pivots, a.shape[-1])[..., None]
    shape = np.broadcast_shapes(order.shape[:-1], b.shape[:-1]) + b.shape[-1:]
    right = np.take_along_axis(np.broadcast_to(b, shape), np.broadcast_to(order, shape), -2)
    half = substituted(factors, right, False, True)
    return substituted(factors, half, True, False), info


def _infer(a: Any, b: Any, left: bool, check: bool) -> tuple[Spec, Spec]:
    return Spec(check_system("solve", a, b, left), b.dtype), Spec(a.shape[:-2], INT32)


def _gradient_of_right(g: Any, A: Any, left: bool) -> Any:
    return None if g[0] is None else apply(SOLVE, (A.mH, g[0]), (left, True))[0]


def _gradient_of_matrix(g: Any, A: Any, out: Any, left: bool) -> Any:
    if g[0] is None:
        return None
    right = _gradient_of_right(g, A, left)
    return -(right @ out[0].mH) if left else -(out[0].mH @ right)


SOLVE = Operation(
    "linalg_solve_ex",
    inputs="A B",
    params="left check",
    evaluate=_solve,
    infer=_infer,
    gradient={"A": _gradient_of_matrix, "B": _gradient_of_right},
    nondifferentiable_outputs=(1,),
    strict=True,
    samples=lambda make: [
        make.sample((make.tensor((2, 2)) + 8.0 * eye(2), make.tensor((2, 3))), (True, True)),
        make.sample((make.tensor((2, 3, 3)) + 8.0 * eye(3), make.tensor((2, 3))), (False, True)),
        make.sample((make.tensor((2, 2)) * 0.0, make.tensor((2, 1))), (True, False), smooth=False),
        make.sample((make.tensor((0, 0)), make.tensor((0, 2))), (True, True)),
        make.error((make.tensor((2, 2)) * 0.0, make.tensor((2, 1))), (True, True), RuntimeError),
        make.error((make.tensor((2, 2)), make.tensor((3, 1))), (True, True), RuntimeError),
        make.error((make.tensor((2, 3)), make.tensor((2, 1))), (True, True), RuntimeError),
    ],
)


@in_single_precision
def solve_ex(
    A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False, out: Any = None
) -> Any:
    """The solution of systems of equations, and where a pivot was zero.

    :math:`A · result = B`; :math:`result · A = B` if not ``left``.

    Args:
        A: square matrices.
        B: right-hand sides: matrices, or vectors if its shape is that of ``A`` without the last
            dimension.
        left: on which side of the unknown the matrix stands.
        check_errors: raise where a matrix is singular.
        out: a pair of tensors to write the results into.

    Shape: (..., n, n), (..., n, k) or (..., n) -> as ``B``, and one integer for each matrix.

    Raises:
        RuntimeError: if the shapes do not fit, for integers, and if ``check_errors``.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.solve_ex(fb.tensor([[2.]]), fb.tensor([4.]))[0]
        tensor([2.])
    """
    check_square("solve", A, "the first matrix")
    shape, right = tuple(A.shape), tuple(B.shape)
    vectors = len(right) == 1 or (len(right) == len(shape) - 1 and right == shape[:-1])
    columns: Any = B.unsqueeze(-1) if vectors else B  # type: ignore[attr-defined]
    if vectors and not left:
        raise ShapeError(
            message(
                "solve: vectors stand to the right of the matrix",
                expected="left=True, or B with one more dimension",
                got=f"left=False and B of shape {right}",
            )
        )
    found, info = apply(SOLVE, (A, columns), (bool(left), bool(check_errors)))
    result = return_types.linalg_solve_ex(found.squeeze(-1) if vectors else found, info)
    return result if out is None else write_out("solve", out, result)


@in_single_precision
def solve(A: Tensor, B: Tensor, *, left: bool = True, out: Tensor | None = None) -> Tensor:
    """The solution of systems of equations.

    :math:`A · out = B`; :math:`out · A = B` if not ``left``.

    Args:
        A: square matrices.
        B: right-hand sides: matrices, or vectors if its shape is that of ``A`` without the last
            dimension.
        left: on which side of the unknown the matrix stands.
        out: a tensor to write the result into.

    Shape: (..., n, n), (..., n, k) or (..., n) -> as ``B``.

    Raises:
        RuntimeError: if a matrix is singular, the shapes do not fit, or for integers.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.solve(fb.tensor([[2., 0.], [0., 4.]]), fb.tensor([2., 2.]))
        tensor([1.0000, 0.5000])
    """
    result = solve_ex(A, B, left=left, check_errors=True)[0]
    return result if out is None else write_out("solve", out, result)


@in_single_precision
def inv_ex(A: Tensor, *, check_errors: bool = False, out: Any = None) -> Any:
    """The inverse, and where a pivot was zero.

    Args:
        A: square matrices.
        check_errors: raise where a matrix is singular.
        out: a pair of tensors to write the results into.

    Shape: (..., n, n) -> (..., n, n), and one integer for each matrix.

    Raises:
        RuntimeError: for shapes that are not square, integers, and if ``check_errors``.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.inv_ex(fb.tensor([[0.]])).info
        tensor(1, dtype=torch.int32)
    """
    check_square("inv_ex", A)
    identity = eye(A.shape[-1], dtype=A.dtype).expand(tuple(A.shape))  # type: ignore[attr-defined]
    result = return_types.linalg_inv_ex(*apply(SOLVE, (A, identity), (True, bool(check_errors))))
    return result if out is None else write_out("inv_ex", out, result)


def tensorsolve(A: Tensor, B: Tensor, dims: Any = None, *, out: Tensor | None = None) -> Tensor:
    """The tensor whose contraction with another one is given.

    :math:`tensordot(A, out, out.ndim) = B`

    Args:
        A: a tensor whose leading dimensions are those of ``B`` and whose others have as many
            elements.
        B: a tensor.
        dims: dimensions of ``A`` that are moved to its end first.
        out: a tensor to write the result into.

    Shape: B.shape + rest, B.shape -> rest.

    Raises:
        RuntimeError: if the sizes do not fit, or the matrix is singular.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.tensorsolve(fb.eye(4).reshape(2, 2, 4), fb.ones(2, 2))
        tensor([1., 1., 1., 1.])
    """
    moved: Any = A
    if dims is not None:
        dims = (dims,) if isinstance(dims, int) else tuple(dims)
        ends = range(A._array.ndim - len(dims), A._array.ndim)
        moved = A.movedim(dims, tuple(ends))  # type: ignore[attr-defined]
    rest = tuple(moved.shape[B._array.ndim :])
    count = B._array.size
    if prod(rest) != count:
        raise ShapeError(
            message(
                "tensorsolve: the sizes do not fit",
                expected=f"{count} elements beyond the first {B._array.ndim} dimensions of A",
                got=f"A {tuple(A.shape)} and B {tuple(B.shape)}",
            )
        )
    flat: Any = solve(moved.reshape(count, count), B.reshape(count))  # type: ignore[attr-defined]
    result = flat.reshape(rest)
    return result if out is None else write_out("tensorsolve", out, result)


def tensorinv(A: Tensor, ind: int = 2, *, out: Tensor | None = None) -> Tensor:
    """The tensor that undoes a contraction with ``A``.

    :math:`tensordot(out, A, ind)` is the identity.

    Args:
        A: a tensor whose first ``ind`` dimensions have as many elements as the others.
        ind: how many dimensions stand for rows, above 0.
        out: a tensor to write the result into.

    Shape: rows + columns -> columns + rows.

    Raises:
        RuntimeError: if the sizes do not fit, or the matrix is singular.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.tensorinv(2 * fb.eye(2), ind=1)
        tensor([[0.5000, 0.0000],
                [0.0000, 0.5000]])
    """
    shape = tuple(A.shape)
    rows, columns = shape[:ind], shape[ind:]
    if ind <= 0 or prod(rows) != prod(columns):
        raise ShapeError(
            message(
                "tensorinv: the sizes do not fit",
                expected="as many elements in the first ind dimensions as in the others, ind > 0",
                got=f"shape {shape} and ind={ind}",
            )
        )
    matrix: Any = A.reshape(prod(rows), prod(columns))  # type: ignore[attr-defined]
    result = PUBLIC["inverse"](matrix).reshape((*columns, *rows))
    return result if out is None else write_out("tensorinv", out, result)


# --- least squares ------------------------------------------------------------------------------

DRIVERS = ("gels", "gelsy", "gelsd", "gelss")


def _lstsq(a: np.ndarray, b: np.ndarray, rcond: float) -> tuple[np.ndarray, ...]:
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    kept = s > rcond * s.max(-1, keepdims=True, initial=0)
    inverse = np.where(kept, 1, 0) / np.where(kept, s, 1)
    solution = vh.swapaxes(-1, -2).conj() @ (
        inverse[..., None] * (u.swapaxes(-1, -2).conj() @ b)
    ).astype(b.dtype)
    return solution, kept.sum(-1).astype(np.int64), s


def _infer_lstsq(a: Any, b: Any, rcond: float) -> tuple[Spec, ...]:
    check_matrix("lstsq", a)
    batch, (rows, columns) = a.shape[:-2], a.shape[-2:]
    stack = np.broadcast_shapes(tuple(batch), tuple(b.shape[:-2]))
    return (
        Spec((*stack, columns, b.shape[-1]), b.dtype),
        Spec(batch, np.dtype(np.int64)),
        Spec((*batch, min(rows, columns)), dtypes.of(a.dtype).to_real().numpy),
    )


def _lstsq_of_matrix(g: Any, A: Any, B: Any, rcond: float) -> Any:
    """Through the pseudoinverse P, for the solution is P B."""
    if g[0] is None:
        return None
    from flambeau.ops.pseudoinverse import pull_back_pinv

    return pull_back_pinv(g[0] @ B.mH, A)


def _lstsq_of_right(g: Any, A: Any, rcond: float) -> Any:
    if g[0] is None:
        return None
    from flambeau.ops.pseudoinverse import pinv

    return pinv(A).mH @ g[0]


LSTSQ = Operation(
    "linalg_lstsq",
    inputs="A B",
    params="rcond",
    evaluate=_lstsq,
    infer=_infer_lstsq,
    gradient={"A": _lstsq_of_matrix, "B": _lstsq_of_right},
    nondifferentiable_outputs=(1, 2),
    strict=True,
    samples=lambda make: [
        make.sample((make.tensor((3, 2)), make.tensor((3, 2))), (1e-15,)),
        make.sample((make.tensor((2, 2, 3)), make.tensor((2, 2, 1))), (1e-15,)),
        make.error((make.integers((2, 2)), make.integers((2, 2))), (1e-15,), RuntimeError),
    ],
)


@in_single_precision
def lstsq(
    A: Tensor,
    B: Tensor,
    rcond: float | None = None,
    *,
    driver: str | None = None,
    out: Any = None,
) -> Any:
    """The solutions of least squares, the smallest ones where there are many.

    :math:`solution = argmin_X ‖A X - B‖_F`

    Args:
        A: floating-point or complex matrices.
        B: right-hand sides, with as many rows: matrices, or vectors if its shape is that of
            ``A`` without the last dimension.
        rcond: singular values below ``rcond`` times the largest count as zero; the type's
            precision times the larger size if not given.
        driver: PyTorch's choice of algorithm. ``"gels"`` reports no rank, ``"gelsy"`` (the
            usual) no residuals, neither of them singular values; the solution is the same.
        out: four tensors to write the results into.

    Shape: (..., m, n), (..., m, k) -> (..., n, k); residuals (..., k) where m > n and the rank
    is full, else empty; rank (...); singular values (..., min(m, n)) or empty.

    Raises:
        RuntimeError: if the shapes do not fit, for integers, or for an unknown driver.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.lstsq(fb.tensor([[1.], [1.]]), fb.tensor([[1.], [3.]])).solution
        tensor([[2.]])
    """
    check_matrix("lstsq", A)
    check_same_type("lstsq", A, B)
    if driver is not None and driver not in DRIVERS:
        raise RuntimeError(message("lstsq: unknown driver", expected=str(DRIVERS), got=driver))
    if B._array.ndim < 1:
        raise ShapeError(message("lstsq: B has no dimensions", expected="1 or more", got="none"))
    shape = tuple(A.shape)
    vectors = B._array.ndim == len(shape) - 1 and tuple(B.shape) == shape[:-1]
    right: Any = B.unsqueeze(-1) if vectors else B  # type: ignore[attr-defined]
    if right._array.ndim < 2 or right.shape[-2] != shape[-2]:
        raise ShapeError(
            message(
                "lstsq: the shapes do not fit",
                expected="A (m, n) and B (m, k)",
                got=f"A {shape} and B {tuple(B.shape)}",
            )
        )
    rows, columns = shape[-2:]
    if rcond is None:
        rcond = float(np.finfo(A._array.dtype).eps) * max(rows, columns)
    solution, rank, values = apply(LSTSQ, (A, right), (rcond,))
    driver = driver or "gelsy"
    empty = PUBLIC["empty"](0, dtype=dtypes.of(A._array.dtype).to_real())
    residuals = empty
    full = driver == "gels" or (driver != "gelsy" and bool((rank == columns).all()))
    if rows > columns and full:
        away: Any = A @ solution - right
        residuals = (
            (away * away.conj()).real.sum(-2) if away.is_complex() else away.square().sum(-2)
        )
    if driver == "gels":
        rank = PUBLIC["empty"](0, dtype=dtypes.int64)
    if driver in ("gels", "gelsy"):
        values = empty
    found = solution.squeeze(-1) if vectors else solution
    result = return_types.linalg_lstsq(found, residuals, rank, values)
    return result if out is None else write_out("lstsq", out, result)
