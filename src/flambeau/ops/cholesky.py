"""The Cholesky decomposition, and what is done with it."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops import return_types
from flambeau.ops.creation import eye
from flambeau.ops.elimination import stacked
from flambeau.ops.inverse import SingularError
from flambeau.ops.matrix_arguments import (
    INT32,
    check_matrix,
    check_same_type,
    check_square,
)
from flambeau.ops.publish import public
from flambeau.ops.triangular_systems import solve_triangular
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.interpreting import in_single_precision
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _until_failure(a: np.ndarray) -> tuple[np.ndarray, int]:
    """The lower factor of one matrix, and the order of the first minor that is not positive."""
    factor = np.tril(a)
    for k in range(len(a)):
        row = factor[k, :k]
        pivot = (factor[k, k] - row @ row.conj()).real
        if not pivot > 0:
            return factor, k + 1
        factor[k, k] = np.sqrt(pivot)
        factor[k + 1 :, k] -= factor[k + 1 :, :k] @ row.conj()
        factor[k + 1 :, k] /= factor[k, k]
    return factor, 0


def _cholesky(a: np.ndarray, upper: bool, check: bool) -> tuple[np.ndarray, np.ndarray]:
    info = np.zeros(a.shape[:-2], INT32)
    lower = a.swapaxes(-1, -2).conj() if upper else a
    try:
        factor = np.linalg.cholesky(lower)
    except np.linalg.LinAlgError as error:
        flat = [_until_failure(m) for m in stacked(lower)]
        info = np.array([i for _, i in flat], INT32).reshape(a.shape[:-2])
        if check:
            raise SingularError(
                message(
                    "cholesky: a matrix is not positive-definite",
                    expected="hermitian matrices whose eigenvalues are positive",
                    got=f"a leading minor of order {int(info[info > 0].flat[0])} that is not",
                )
            ) from error
        factor = np.stack([f for f, _ in flat]).reshape(a.shape)
    return (np.ascontiguousarray(factor.swapaxes(-1, -2).conj()) if upper else factor), info


def _infer(x: Any, upper: bool, check: bool) -> tuple[Spec, Spec]:
    check_square("cholesky", x)
    return Spec(x.shape, x.dtype), Spec(x.shape[:-2], INT32)


def _gradient(g: Any, out: Any, upper: bool) -> Tensor | None:
    """Of the symmetric part of the input."""
    factor, pull = out[0], g[0]
    if pull is None:
        return None
    if upper:
        factor, pull = factor.mH, pull.mH
    inner = (factor.mH @ pull).tril()
    inner = (inner + inner.tril(-1).mH) * 0.5
    half = solve_triangular(factor.mH, inner, upper=True)
    return solve_triangular(factor, half, upper=False, left=False)


def _definite(make: Any, *shape: int) -> Tensor:
    x = make.tensor(shape, -1, 1)
    return x @ x.mT + eye(shape[-1], dtype=x.dtype)


# The gradient is that of the symmetric part; single elements cannot be changed on their own.
CHOLESKY = Operation(
    "linalg_cholesky_ex",
    inputs="input",
    params="upper check",
    evaluate=_cholesky,
    infer=_infer,
    gradient={"input": _gradient},
    nondifferentiable_outputs=(1,),
    strict=True,
    samples=lambda make: [
        make.sample((_definite(make, 3, 3),), (False, True), smooth=False),
        make.sample((_definite(make, 2, 2, 2),), (True, False), smooth=False),
        make.sample((make.tensor((1, 1), -2, -1),), (True, False), smooth=False),
        make.sample((make.tensor((0, 0)),), (False, True), smooth=False),
        make.error((make.tensor((1, 1), -2, -1),), (False, True), RuntimeError),
        make.error((make.tensor((2, 3)),), (False, True), RuntimeError),
        make.error((make.tensor((2,)),), (False, True), RuntimeError),
    ],
)


@public(method=True, aliases=())
@in_single_precision
def cholesky(input: Tensor, upper: bool = False, *, out: Tensor | None = None) -> Tensor:
    """The Cholesky factor of hermitian positive-definite matrices.

    :math:`input = L L^H`; if ``upper``, :math:`input = U^H U`.

    Args:
        input: matrices, of which one triangle is read.
        upper: whether that is the upper one, and the factor too.
        out: a tensor to write the result into.

    Shape: (..., n, n), as the input's.

    Raises:
        RuntimeError: if a matrix is not positive-definite, or for integers.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.cholesky(fb.tensor([[4., 2.], [2., 5.]]))
        tensor([[2., 0.],
                [1., 2.]])
    """
    check_square("cholesky", input)
    result = apply(CHOLESKY, (input,), (bool(upper), True))[0]
    return result if out is None else write_out("cholesky", out, result)


@in_single_precision
def linalg_cholesky(A: Tensor, *, upper: bool = False, out: Tensor | None = None) -> Tensor:
    """The Cholesky factor of hermitian positive-definite matrices; see :func:`flambeau.cholesky`.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.cholesky(fb.tensor([[9.]]))
        tensor([[3.]])
    """
    return cholesky(A, upper, out=out)


@in_single_precision
def cholesky_ex(
    A: Tensor, *, upper: bool = False, check_errors: bool = False, out: Any = None
) -> Any:
    """The Cholesky factor, and where the decomposition ended if it could not be made.

    Args:
        A: matrices, of which one triangle is read.
        upper: whether that is the upper one, and the factor too.
        check_errors: raise where a matrix is not positive-definite.
        out: a pair of tensors to write the results into.

    Shape: (..., n, n) -> (..., n, n), and one integer for each matrix: 0, or the order of the
    first leading minor that is not positive.

    Raises:
        RuntimeError: for shapes that are not square, for integers, and if ``check_errors``.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.cholesky_ex(fb.tensor([[-1.]])).info
        tensor(1, dtype=torch.int32)
    """
    check_square("cholesky_ex", A)
    result = return_types.linalg_cholesky_ex(*apply(CHOLESKY, (A,), (upper, check_errors)))
    return result if out is None else write_out("cholesky_ex", out, result)


@public(method=True)
def cholesky_solve(
    input: Tensor, L: Tensor, upper: bool = False, *, out: Tensor | None = None
) -> Tensor:
    """The solution of a system of equations from the Cholesky factor of its matrix.

    :math:`L L^H · out = input`; if ``upper``, :math:`L^H L · out = input`.

    Args:
        input: right-hand sides.
        L: the factor.
        upper: whether the factor is the upper one.
        out: a tensor to write the result into.

    Shape: (..., n, k), (..., n, n) -> (..., n, k).

    Raises:
        RuntimeError: if the shapes do not fit, or for integers.

    Example:
        >>> import flambeau as fb
        >>> fb.cholesky_solve(fb.tensor([[8.]]), fb.tensor([[2.]]))
        tensor([[2.]])
    """
    check_square("cholesky_solve", L, "the factor")
    check_matrix("cholesky_solve", input)
    check_same_type("cholesky_solve", input, L)
    lower = L.mH if upper else L
    half = solve_triangular(lower, input, upper=False)
    result = solve_triangular(lower.mH, half, upper=True)
    return result if out is None else write_out("cholesky_solve", out, result)


@public(method=True)
def cholesky_inverse(L: Tensor, upper: bool = False, *, out: Tensor | None = None) -> Tensor:
    """The inverse of a matrix from its Cholesky factor.

    :math:`out = (L L^H)^{-1}`; if ``upper``, :math:`out = (L^H L)^{-1}`.

    Args:
        L: the factor.
        upper: whether it is the upper one.
        out: a tensor to write the result into.

    Shape: (..., n, n), as the factor's.

    Raises:
        RuntimeError: if the factor is not square, or for integers.

    Example:
        >>> import flambeau as fb
        >>> fb.cholesky_inverse(fb.tensor([[2.]]))
        tensor([[0.2500]])
    """
    check_square("cholesky_inverse", L, "the factor")
    identity = eye(L.shape[-1], dtype=L.dtype)
    triangle: Any = L.triu() if upper else L.tril()  # type: ignore[attr-defined]
    half: Any = solve_triangular(triangle.mH if upper else triangle, identity, upper=False)
    result = half.mH @ half
    return result if out is None else write_out("cholesky_inverse", out, result)
