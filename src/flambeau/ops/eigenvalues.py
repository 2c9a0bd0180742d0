"""Eigenvalues and eigenvectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops import return_types
from flambeau.ops.creation import eye
from flambeau.ops.matrix_arguments import check_square, diagonal_of, on_diagonal
from flambeau.ops.solving import solve
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _complex_of(kind: np.dtype) -> np.dtype:
    return np.result_type(kind, np.complex64)


def _eig(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if not np.isfinite(a).all():
        raise RuntimeError(
            message("eig: inf or nan in the input", expected="finite numbers", got="others too")
        )
    values, vectors = np.linalg.eig(a)
    kind = _complex_of(a.dtype)
    return values.astype(kind, copy=False), vectors.astype(kind, copy=False)


def _infer_eig(x: Any) -> tuple[Spec, Spec]:
    check_square("eig", x)
    kind = _complex_of(x.dtype)
    return Spec(x.shape[:-1], kind), Spec(x.shape, kind)


def _differences(values: Any) -> Tensor:
    """Of each pair of eigenvalues, and 1 on the diagonal."""
    return values.unsqueeze(-2) - values.unsqueeze(-1) + eye(values.shape[-1], dtype=values.dtype)


def _eig_gradient(g: Any, out: Any) -> Tensor | None:
    """Vectors are of length one, and their phases carry no gradient."""
    values, vectors = out
    pull_values, pull_vectors = g
    if pull_values is None and pull_vectors is None:
        return None
    inner: Any = 0
    if pull_vectors is not None:
        turned = vectors.mH @ pull_vectors
        along = on_diagonal(diagonal_of(turned).real.to(turned.dtype))  # type: ignore[attr-defined]
        inner = turned - (vectors.mH @ vectors) @ along
        inner = inner / _differences(values).conj()  # type: ignore[attr-defined]
        inner = inner - on_diagonal(diagonal_of(inner))
    if pull_values is not None:
        inner = inner + on_diagonal(pull_values)
    return solve(vectors.mH, inner @ vectors.mH)


EIG = Operation(
    "linalg_eig",
    inputs="input",
    evaluate=_eig,
    infer=_infer_eig,
    gradient={"input": _eig_gradient},
    strict=True,
    # Eigenvectors turn with the input in ways that no derivative follows.
    samples=lambda make: [
        make.sample((make.tensor((3, 3)),), smooth=False),
        make.sample((make.tensor((2, 2, 2)),), smooth=False),
        make.sample((make.tensor((0, 0)),), smooth=False),
        make.error((make.tensor((2, 3)),), (), RuntimeError),
        make.error((make.integers((2, 2)),), (), RuntimeError),
    ],
)


def _eigh(a: np.ndarray, triangle: Any) -> tuple[np.ndarray, np.ndarray]:
    values, vectors = np.linalg.eigh(a, triangle)
    return values, vectors


def _infer_eigh(x: Any, triangle: str) -> tuple[Spec, Spec]:
    check_square("eigh", x)
    return Spec(x.shape[:-1], dtypes.of(x.dtype).to_real().numpy), Spec(x.shape, x.dtype)


def _eigh_gradient(g: Any, out: Any) -> Tensor | None:
    values, vectors = out
    pull_values, pull_vectors = g
    if pull_values is None and pull_vectors is None:
        return None
    inner: Any = 0
    if pull_vectors is not None:
        inner = (vectors.mH @ pull_vectors) / _differences(values)
        inner = inner - on_diagonal(diagonal_of(inner))
    if pull_values is not None:
        inner = inner + on_diagonal(pull_values).to(vectors.dtype)  # type: ignore[attr-defined]
    return vectors @ inner @ vectors.mH


EIGH = Operation(
    "linalg_eigh",
    inputs="input",
    params="triangle",
    evaluate=_eigh,
    infer=_infer_eigh,
    gradient={"input": _eigh_gradient},
    strict=True,
    samples=lambda make: [
        make.sample((make.tensor((3, 3)),), ("L",), smooth=False),
        make.sample((make.tensor((2, 2, 2)),), ("U",), smooth=False),
        make.sample((make.tensor((0, 0)),), ("L",), smooth=False),
        make.error((make.tensor((2, 3)),), ("L",), RuntimeError),
        make.error((make.integers((2, 2)),), ("L",), RuntimeError),
    ],
)


def eig(A: Tensor, *, out: Any = None) -> Any:
    """The eigenvalues and eigenvectors of square matrices.

    :math:`A v_i = λ_i v_i`, with vectors of length one in the columns.

    Args:
        A: floating-point or complex matrices.
        out: a pair of complex tensors to write the results into.

    Shape: (..., n, n) -> (..., n), (..., n, n), both complex.

    Raises:
        RuntimeError: for shapes that are not square, integers, inf and nan.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.eig(fb.tensor([[0., -1.], [1., 0.]])).eigenvalues
        tensor([0.+1.j, 0.-1.j])

    Differs from PyTorch: the same where eigenvectors' phases do not matter.
    """
    check_square("eig", A)
    result = return_types.linalg_eig(*apply(EIG, (A,)))
    return result if out is None else write_out("eig", out, result)


def eigvals(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The eigenvalues of square matrices.

    Args:
        A: floating-point or complex matrices.
        out: a complex tensor to write the result into.

    Shape: (..., n, n) -> (..., n), complex.

    Raises:
        RuntimeError: for shapes that are not square, integers, inf and nan.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.eigvals(fb.tensor([[2., 0.], [0., 3.]]))
        tensor([2.+0.j, 3.+0.j])
    """
    result = eig(A)[0]
    return result if out is None else write_out("eigvals", out, result)


def _check_triangle(name: str, UPLO: str) -> str:
    triangle = str(UPLO).upper()
    if triangle not in ("L", "U"):
        raise RuntimeError(
            message(f"{name}: unknown triangle", expected="UPLO='L' or 'U'", got=repr(UPLO))
        )
    return triangle


def eigh(A: Tensor, UPLO: str = "L", *, out: Any = None) -> Any:
    """The eigenvalues, in rising order, and eigenvectors of hermitian matrices.

    :math:`A = V · diag(λ) · V^H`

    Args:
        A: floating-point or complex matrices, of which one triangle is read.
        UPLO: which: ``"L"`` or ``"U"``.
        out: a pair of tensors to write the results into.

    Shape: (..., n, n) -> (..., n), real, and (..., n, n).

    Raises:
        RuntimeError: for shapes that are not square, integers, or another ``UPLO``.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.eigh(fb.tensor([[0., 1.], [1., 0.]])).eigenvalues
        tensor([-1.,  1.])
    """
    check_square("eigh", A)
    result = return_types.linalg_eigh(*apply(EIGH, (A,), (_check_triangle("eigh", UPLO),)))
    return result if out is None else write_out("eigh", out, result)


def eigvalsh(A: Tensor, UPLO: str = "L", *, out: Tensor | None = None) -> Tensor:
    """The eigenvalues of hermitian matrices, in rising order.

    Args:
        A: floating-point or complex matrices, of which one triangle is read.
        UPLO: which: ``"L"`` or ``"U"``.
        out: a tensor to write the result into.

    Shape: (..., n, n) -> (..., n), real.

    Raises:
        RuntimeError: for shapes that are not square, integers, or another ``UPLO``.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.eigvalsh(fb.tensor([[2., 0.], [0., 1.]]))
        tensor([1., 2.])
    """
    result = eigh(A, UPLO)[0]
    return result if out is None else write_out("eigvalsh", out, result)
