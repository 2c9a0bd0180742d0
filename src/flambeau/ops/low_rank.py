"""Decompositions of which only the largest parts are wanted, found with random vectors."""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import message
from flambeau.ops.matrix_arguments import check_matrix
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.qr_decomposition import linalg_qr
from flambeau.ops.singular_values import linalg_svd
from flambeau.tensor.tensor import Tensor


def _basis(A: Any, q: int, niter: int) -> Any:
    """Orthonormal columns that nearly span the columns of A (Halko's algorithm 4.4)."""
    start: Any = PUBLIC["randn"](A.shape[-1], q, dtype=A.dtype)
    basis = linalg_qr(A @ start).Q
    for _ in range(niter):
        basis = linalg_qr(A.mH @ basis).Q
        basis = linalg_qr(A @ basis).Q
    return basis


@public()
def svd_lowrank(
    A: Tensor, q: int | None = 6, niter: int | None = 2, M: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """The largest singular values of matrices, and their vectors, nearly.

    :math:`A ≈ U · diag(S) · V^H`

    Args:
        A: floating-point or complex matrices.
        q: how many; a little more than the rank is enough.
        niter: how often the estimate is improved.
        M: what is subtracted from ``A`` first.

    Shape: (..., m, n) -> (..., m, q), (..., q), (..., n, q).

    Raises:
        RuntimeError: for fewer than two dimensions, or integers.

    Example:
        >>> import flambeau as fb
        >>> fb.svd_lowrank(fb.ones(3, 2), q=1)[1]
        tensor([2.4495])

    Reference: N. Halko, P. Martinsson and J. Tropp, Finding structure with randomness, 2009.
    """
    check_matrix("svd_lowrank", A)
    rest: Any = A if M is None else A - M
    wide = rest.shape[-2] < rest.shape[-1]
    tall = rest.mH if wide else rest
    basis = _basis(tall, 6 if q is None else q, 2 if niter is None else niter)
    u, s, vh = linalg_svd(basis.mH @ tall, False)
    u, v = basis @ u, vh.mH
    return (v, s, u) if wide else (u, s, v)


@public()
def pca_lowrank(
    A: Tensor, q: int | None = None, center: bool = True, niter: int = 2
) -> tuple[Tensor, Tensor, Tensor]:
    """The principal components of rows of observations, nearly.

    Args:
        A: floating-point or complex matrices, one observation in each row.
        q: how many components; at most 6 if not given.
        center: subtract the mean first.
        niter: how often the estimate is improved.

    Shape: (..., m, n) -> (..., m, q), (..., q), (..., n, q).

    Raises:
        ValueError: if ``q`` or ``niter`` is out of range.
        RuntimeError: for fewer than two dimensions, or integers.

    Example:
        >>> import flambeau as fb
        >>> fb.pca_lowrank(fb.tensor([[0., 0.], [3., 4.]]), q=1)[1]
        tensor([3.5355])
    """
    check_matrix("pca_lowrank", A)
    smaller = min(A.shape[-2:])
    q = min(6, smaller) if q is None else q
    if not 0 <= q <= smaller or niter < 0:
        raise ValueError(
            message(
                "pca_lowrank: q or niter is out of range",
                expected=f"q from 0 to {smaller}, and niter >= 0",
                got=f"q={q} and niter={niter}",
            )
        )
    if not center:
        return svd_lowrank(A, q, niter)
    mean: Any = A.mean(-2, keepdim=True)  # type: ignore[attr-defined]
    return svd_lowrank(A - mean, q, niter)
