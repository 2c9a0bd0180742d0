"""The decomposition into triangular factors with exchanged rows, and what is done with it."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import ShapeError, message
from flambeau.core.spec import Spec
from flambeau.ops import return_types
from flambeau.ops.creation import eye
from flambeau.ops.elimination import eliminated, order_of
from flambeau.ops.matrix_arguments import (
    INT32,
    check_matrix,
    check_same_type,
    check_square,
    singular,
)
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.triangular_systems import solve_triangular
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _factor(a: np.ndarray, check: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    factors, pivots, info = eliminated(a)
    if check and info.any():
        raise singular("lu_factor", info)
    return factors, pivots, info


def _infer(x: Any, check: bool) -> tuple[Spec, Spec, Spec]:
    check_matrix("lu_factor", x)
    batch, count = x.shape[:-2], min(x.shape[-2:])
    return Spec(x.shape, x.dtype), Spec((*batch, count), INT32), Spec(batch, INT32)


def _gradient(g: Any, out: Any) -> Tensor | None:
    """The rule for square matrices, with what lies beside or below the square carried over."""
    if g[0] is None:
        return None
    factors, pivots, _ = out
    rows, columns = factors.shape[-2:]
    n = min(rows, columns)
    pull, square = g[0], factors[..., :n, :n]
    lower, upper = square.tril(-1) + eye(n, dtype=factors.dtype), square.triu()
    pull_lower, pull_upper = pull[..., :n, :n].tril(-1), pull[..., :n, :n].triu()
    beside: Any = None
    if rows > n:  # the rows below are L2 = A2 / U
        beside = solve_triangular(upper.mH, pull[..., n:, :], upper=False, left=False)
        pull_upper = pull_upper - factors[..., n:, :].mH @ beside
    elif columns > n:  # the columns to the right are U2 = L \ A2
        beside = solve_triangular(lower.mH, pull[..., n:], upper=True, unitriangular=True)
        pull_lower = pull_lower - beside @ factors[..., n:].mH
    inner = (lower.mH @ pull_lower).tril(-1) + (pull_upper @ upper.mH).triu()
    half = solve_triangular(lower.mH, inner, upper=True, unitriangular=True)
    whole: Any = solve_triangular(upper.mH, half, upper=False, left=False)
    if beside is not None:
        whole = PUBLIC["cat"]((whole, beside), -2 if rows > n else -1)
    return apply(PERMUTATION, (pivots,), (rows, factors._array.dtype)) @ whole


LU_FACTOR = Operation(
    "linalg_lu_factor_ex",
    inputs="input",
    params="check",
    evaluate=_factor,
    infer=_infer,
    gradient={"input": _gradient},
    nondifferentiable_outputs=(1, 2),
    strict=True,
    samples=lambda make: [
        make.sample((make.tensor((3, 3)) + 5.0 * eye(3),), (True,)),
        make.sample((make.tensor((2, 4, 2)),), (False,)),
        make.sample((make.tensor((2, 3)),), (False,)),
        make.sample((make.tensor((20, 20)),), (False,), smooth=False),
        make.sample((make.tensor((0, 2)),), (False,)),
        make.error((make.tensor((2, 2)) * 0.0,), (True,), RuntimeError),
        make.error((make.tensor((2,)),), (True,), RuntimeError),
    ],
)


def _permutation(pivots: np.ndarray, rows: int, kind: np.dtype) -> np.ndarray:
    """P such that P L U is the matrix."""
    order = order_of(pivots, rows)
    return (np.arange(rows)[:, None] == order[..., None, :]).astype(kind)


PERMUTATION = Operation(
    "lu_permutation",
    inputs="pivots",
    params="rows dtype",
    evaluate=_permutation,
    infer=lambda pivots, rows, kind: Spec((*pivots.shape[:-1], rows, rows), kind),
    samples=lambda make: [
        make.sample((make.integers((2, 3), 3, 4, "int32"),), (3, np.dtype(np.float64)))
    ],
)


def _check_pivoting(name: str, pivot: bool) -> None:
    if not pivot:
        raise RuntimeError(
            message(
                f"{name}: elimination without pivots is not stable",
                expected="pivot=True",
                got="pivot=False",
            )
        )


def lu_factor_ex(
    A: Tensor, *, pivot: bool = True, check_errors: bool = False, out: Any = None
) -> Any:
    """Triangular factors in one matrix, row exchanges, and where a pivot was zero.

    :math:`P A = L U`

    Args:
        A: floating-point or complex matrices.
        pivot: must be true.
        check_errors: raise where a pivot is zero.
        out: three tensors to write the results into.

    Shape: (..., m, n) -> (..., m, n), (..., min(m, n)), (...).

    Raises:
        RuntimeError: for fewer than two dimensions, integers, ``pivot=False``.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.lu_factor_ex(fb.tensor([[0., 1.], [2., 3.]])).pivots
        tensor([2, 2], dtype=torch.int32)
    """
    check_matrix("lu_factor", A)
    _check_pivoting("lu_factor", pivot)
    result = return_types.linalg_lu_factor_ex(*apply(LU_FACTOR, (A,), (bool(check_errors),)))
    return result if out is None else write_out("lu_factor_ex", out, result)


def lu_factor(A: Tensor, *, pivot: bool = True, out: Any = None) -> Any:
    """Triangular factors in one matrix, and row exchanges.

    :math:`P A = L U`, L below the diagonal (its own diagonal is 1) and U from there on.

    Args:
        A: floating-point or complex matrices.
        pivot: must be true.
        out: a pair of tensors to write the results into.

    Shape: (..., m, n) -> (..., m, n), (..., min(m, n)).

    Raises:
        RuntimeError: for a zero pivot, fewer than two dimensions, integers, ``pivot=False``.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.lu_factor(fb.tensor([[0., 1.], [2., 3.]])).LU
        tensor([[2., 3.],
                [0., 1.]])
    """
    result = return_types.linalg_lu_factor(*lu_factor_ex(A, pivot=pivot, check_errors=True)[:2])
    return result if out is None else write_out("lu_factor", out, result)


@public()
def lu_unpack(
    LU_data: Tensor,
    LU_pivots: Tensor,
    unpack_data: bool = True,
    unpack_pivots: bool = True,
    *,
    out: Any = None,
) -> Any:
    """The permutation and the two triangular matrices that :func:`flambeau.lu` packs into one.

    :math:`A = P L U`

    Args:
        LU_data, LU_pivots: the packed factors and the row exchanges, counted from 1.
        unpack_data: make L and U; empty tensors otherwise.
        unpack_pivots: make P; an empty tensor otherwise.
        out: three tensors to write the results into.

    Shape: (..., m, n), (..., k) -> (..., m, m), (..., m, k), (..., k, n), with k = min(m, n).

    Raises:
        RuntimeError: if the pivots are not int32.

    Example:
        >>> import flambeau as fb
        >>> P, L, U = fb.lu_unpack(*fb.linalg.lu_factor(fb.tensor([[0., 1.], [2., 3.]])))
        >>> P @ L @ U
        tensor([[0., 1.],
                [2., 3.]])
    """
    check_matrix("lu_unpack", LU_data, "LU_data")
    if unpack_pivots and LU_pivots._array.dtype != INT32:
        raise RuntimeError(
            message("lu_unpack: pivots of a wrong type", expected="int32", got=str(LU_pivots.dtype))
        )
    rows, columns = LU_data.shape[-2:]
    count = min(rows, columns)
    empty = PUBLIC["empty"](0, dtype=LU_data.dtype)
    permutation = lower = upper = empty
    if unpack_pivots:
        permutation = apply(PERMUTATION, (LU_pivots,), (rows, LU_data._array.dtype))
    if unpack_data:
        packed: Any = LU_data
        lower = packed[..., :count].tril(-1) + eye(rows, count, dtype=LU_data.dtype)
        upper = packed[..., :count, :].triu()
    result = return_types.lu_unpack(permutation, lower, upper)
    return result if out is None else write_out("lu_unpack", out, result)


def linalg_lu(A: Tensor, *, pivot: bool = True, out: Any = None) -> Any:
    """A permutation and two triangular matrices whose product is the given matrix.

    :math:`A = P L U`

    Args:
        A: floating-point or complex matrices.
        pivot: must be true.
        out: three tensors to write the results into.

    Shape: (..., m, n) -> (..., m, m), (..., m, k), (..., k, n), with k = min(m, n).

    Raises:
        RuntimeError: for fewer than two dimensions, integers, ``pivot=False``.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.lu(fb.tensor([[1., 2.], [4., 4.]])).L
        tensor([[1.0000, 0.0000],
                [0.2500, 1.0000]])
    """
    factors, pivots, _ = lu_factor_ex(A, pivot=pivot)
    result = return_types.linalg_lu(*lu_unpack(factors, pivots))
    return result if out is None else write_out("lu", out, result)


def linalg_lu_solve(
    LU: Tensor,
    pivots: Tensor,
    B: Tensor,
    *,
    left: bool = True,
    adjoint: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """The solution of a system of equations from the triangular factors of its matrix.

    :math:`A · out = B` for the matrix A that was factored; :math:`out · A = B` if not ``left``.

    Args:
        LU, pivots: what :func:`flambeau.linalg.lu_factor` gives for A.
        B: right-hand sides.
        left: on which side of the unknown the matrix stands.
        adjoint: solve with the adjoint of A.
        out: a tensor to write the result into.

    Shape: (..., n, n), (..., n), (..., n, k) -> (..., n, k).

    Raises:
        RuntimeError: if shapes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> LU, pivots = fb.linalg.lu_factor(fb.tensor([[2.]]))
        >>> fb.linalg.lu_solve(LU, pivots, fb.tensor([[4.]]))
        tensor([[2.]])
    """
    check_square("lu_solve", LU, "LU")
    check_matrix("lu_solve", B, "B")
    check_same_type("lu_solve", LU, B)
    size = B._array.shape[-2 if left else -1]
    if size != LU._array.shape[-1] or tuple(pivots.shape) != tuple(LU.shape[:-1]):
        raise ShapeError(
            message(
                "lu_solve: the shapes do not fit",
                expected="LU (n, n), pivots (n,) and B (n, k)",
                got=f"{tuple(LU.shape)}, {tuple(pivots.shape)} and {tuple(B.shape)}",
            )
        )
    right: Any = B if left else B.mH
    permutation: Any = apply(PERMUTATION, (pivots,), (size, LU._array.dtype))
    # X A = B is A^H X^H = B^H.
    if adjoint is left:
        half: Any = solve_triangular(LU.mH, right, upper=False)
        result = permutation @ solve_triangular(LU.mH, half, upper=True, unitriangular=True)
    else:
        half = solve_triangular(LU, permutation.mT @ right, upper=False, unitriangular=True)
        result = solve_triangular(LU, half, upper=True)
    result = result if left else result.mH
    return result if out is None else write_out("lu_solve", out, result)


@public(method=True)
def lu_solve(b: Tensor, LU_data: Tensor, LU_pivots: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The solution of a system of equations from the triangular factors of its matrix.

    :math:`A · out = b`; see :func:`flambeau.linalg.lu_solve`.

    Args:
        b: right-hand sides.
        LU_data, LU_pivots: what :func:`flambeau.linalg.lu_factor` gives for A.
        out: a tensor to write the result into.

    Shape: (..., n, k), (..., n, n), (..., n) -> (..., n, k).

    Raises:
        RuntimeError: if shapes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.lu_solve(fb.tensor([[4.]]), *fb.linalg.lu_factor(fb.tensor([[2.]])))
        tensor([[2.]])
    """
    return linalg_lu_solve(LU_data, LU_pivots, b, out=out)


@public(method=True)
def lu(A: Tensor, pivot: bool = True, get_infos: bool = False, out: Any = None) -> Any:
    """Triangular factors in one matrix, and row exchanges; the older :func:`linalg.lu_factor`.

    Args:
        A: floating-point or complex matrices.
        pivot: must be true.
        get_infos: also give, for each matrix, the step whose pivot was zero.
        out: tensors to write the results into.

    Shape: (..., m, n) -> (..., m, n), (..., min(m, n)), and (...) if ``get_infos``.

    Raises:
        RuntimeError: for fewer than two dimensions, integers, ``pivot=False``; for a zero pivot
            unless ``get_infos``.

    Example:
        >>> import flambeau as fb
        >>> fb.lu(fb.tensor([[0., 1.], [2., 3.]]))[1]
        tensor([2, 2], dtype=torch.int32)
    """
    found = lu_factor_ex(A, pivot=pivot, check_errors=not get_infos)
    result = tuple(found) if get_infos else tuple(found[:2])
    return result if out is None else write_out("lu", out, result)
