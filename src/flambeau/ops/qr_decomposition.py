"""Orthogonal factors: the QR decomposition and products of reflections."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import ShapeError, message
from flambeau.core.spec import Spec
from flambeau.ops import return_types
from flambeau.ops.creation import eye
from flambeau.ops.matrix_arguments import check_matrix, check_same_type, hermitian_from_lower
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.triangular_systems import solve_triangular
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.interpreting import in_single_precision
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _qr(a: np.ndarray, mode: Any) -> tuple[np.ndarray, Any]:
    if mode == "r":
        return np.empty(0, a.dtype), np.linalg.qr(a, mode="r")
    q, r = np.linalg.qr(a, mode=mode)
    return q, r


def _infer(x: Any, mode: str) -> tuple[Spec, Spec]:
    check_matrix("qr", x)
    *batch, rows, columns = x.shape
    count = rows if mode == "complete" else min(rows, columns)
    q = (0,) if mode == "r" else (*batch, rows, count)
    return Spec(q, x.dtype), Spec((*batch, count, columns), x.dtype)


def _gradient(g: Any, input_shape: Any, mode: str, out: Any) -> Tensor | None:
    """The rule for square R, where further columns are Q times theirs."""
    pull_q, pull_r = g
    if pull_q is None and pull_r is None:
        return None
    rows, columns = input_shape[-2:]
    if mode == "r" or (mode == "complete" and rows > columns):
        raise RuntimeError(
            message(
                f"qr: no gradient for mode {mode!r}",
                expected="'reduced', or 'complete' for matrices that are not tall",
                got=f"shape {tuple(input_shape)}",
                help="use mode='reduced'",
            )
        )
    q, r = out
    beside = None
    if rows < columns:  # R = [R1, R2], and the input is [Q R1, Q R2]
        if pull_r is not None:
            beside = q @ pull_r[..., rows:]
            turned = (q @ r[..., rows:]) @ pull_r[..., rows:].mH
            pull_q = turned if pull_q is None else pull_q + turned
            pull_r = pull_r[..., :rows]
        r = r[..., :rows]
    inner: Any = 0
    if pull_r is not None:
        inner = r @ pull_r.triu().mH
    if pull_q is not None:
        inner = inner - pull_q.mH @ q
    total = q @ hermitian_from_lower(inner)
    if pull_q is not None:
        total = total + pull_q
    found: Any = solve_triangular(r.mH, total, upper=False, left=False)
    if rows < columns:
        if beside is None:
            beside = PUBLIC["zeros"]((*input_shape[:-1], columns - rows), dtype=q.dtype)
        found = PUBLIC["cat"]((found, beside), -1)
    return found


QR = Operation(
    "linalg_qr",
    inputs="input",
    params="mode",
    evaluate=_qr,
    infer=_infer,
    gradient={"input": _gradient},
    strict=True,
    samples=lambda make: [
        make.sample((make.tensor((3, 3)),), ("reduced",)),
        make.sample((make.tensor((2, 4, 2)),), ("reduced",)),
        make.sample((make.tensor((2, 3)),), ("complete",)),
        make.sample((make.tensor((3, 2)),), ("complete",), smooth=False),
        make.sample((make.tensor((3, 2)),), ("r",), smooth=False),
        make.sample((make.tensor((0, 2)),), ("reduced",)),
        make.error((make.tensor((3,)),), ("reduced",), RuntimeError),
        make.error((make.integers((3, 3)),), ("reduced",), RuntimeError),
    ],
)


@in_single_precision
def linalg_qr(A: Tensor, mode: str = "reduced", *, out: Any = None) -> Any:
    """Orthonormal columns and an upper triangle whose product is the given matrix.

    :math:`A = Q R`, with :math:`Q^H Q = I`

    Args:
        A: floating-point or complex matrices.
        mode: ``"reduced"``; ``"complete"`` for a square Q; ``"r"`` for R alone.
        out: a pair of tensors to write the results into.

    Shape: (..., m, n) -> (..., m, k), (..., k, n), with k = min(m, n), or m if complete.

    Raises:
        RuntimeError: for an unknown mode, fewer than two dimensions, or integers.

    Example:
        >>> import flambeau as fb
        >>> Q, R = fb.linalg.qr(fb.tensor([[3., 1.], [4., 1.]]))
        >>> Q @ R
        tensor([[3., 1.],
                [4., 1.]])

    Reference: M. Seeger et al., Auto-Differentiating Linear Algebra, 2017, section 4.3.
    """
    check_matrix("qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            message("qr: unknown mode", expected="'reduced', 'complete' or 'r'", got=repr(mode))
        )
    result = return_types.linalg_qr(*apply(QR, (A,), (mode,)))
    return result if out is None else write_out("qr", out, result)


@public(method=True)
@in_single_precision
def qr(input: Tensor, some: bool = True, *, out: Any = None) -> Any:
    """The QR decomposition, the older way to ask for it; see :func:`flambeau.linalg.qr`.

    Args:
        input: floating-point or complex matrices.
        some: whether Q has only as many columns as are needed.
        out: a pair of tensors to write the results into.

    Shape: (..., m, n) -> (..., m, k), (..., k, n).

    Raises:
        RuntimeError: for fewer than two dimensions, or integers.

    Example:
        >>> import flambeau as fb
        >>> fb.qr(fb.tensor([[2.]])).R.abs()
        tensor([[2.]])
    """
    result = return_types.qr(*linalg_qr(input, "reduced" if some else "complete"))
    return result if out is None else write_out("qr", out, result)


# --- reflections --------------------------------------------------------------------------------


def _reflections(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if a.size == 0:
        return a.copy(), np.empty((*a.shape[:-2], min(a.shape[-2:])), a.dtype)
    h, tau = np.linalg.qr(a, mode="raw")
    return np.ascontiguousarray(h.swapaxes(-1, -2)), tau


def _infer_reflections(x: Any) -> tuple[Spec, Spec]:
    check_matrix("geqrf", x)
    return Spec(x.shape, x.dtype), Spec((*x.shape[:-2], min(x.shape[-2:])), x.dtype)


GEQRF = Operation(
    "geqrf",
    inputs="input",
    evaluate=_reflections,
    infer=_infer_reflections,
    strict=True,
    samples=lambda make: [
        make.sample((make.tensor((3, 2)),)),
        make.sample((make.tensor((2, 2, 3)),)),
        make.sample((make.tensor((0, 3)),)),
        make.error((make.tensor((3,)),), (), RuntimeError),
    ],
)


@public(method=True)
def geqrf(input: Tensor, *, out: Any = None) -> Any:
    """The QR decomposition as LAPACK keeps it: R, and below it the reflections that make Q.

    Args:
        input: floating-point or complex matrices.
        out: a pair of tensors to write the results into.

    Shape: (..., m, n) -> (..., m, n), (..., min(m, n)).

    Raises:
        RuntimeError: for fewer than two dimensions, or integers.

    Example:
        >>> import flambeau as fb
        >>> fb.geqrf(fb.tensor([[3.], [4.]])).tau
        tensor([1.6000])
    """
    check_matrix("geqrf", input)
    result = return_types.geqrf(*apply(GEQRF, (input,)))
    return result if out is None else write_out("geqrf", out, result)


def _check_reflections(name: str, a: Any, tau: Any) -> None:
    check_matrix(name, a)
    check_same_type(name, a, tau)
    rows, columns = a.shape[-2:]
    fits = tuple(tau.shape[:-1]) == tuple(a.shape[:-2]) and len(tau.shape) == len(a.shape) - 1
    if not fits or rows < columns or tau.shape[-1] > columns:
        raise ShapeError(
            message(
                f"{name}: the shapes do not fit",
                expected="input (..., m, n) with m >= n, and tau (..., k) with k <= n",
                got=f"{tuple(a.shape)} and {tuple(tau.shape)}",
            )
        )


def _reflector(a: Any, k: int) -> Any:
    """The vector of the k-th reflection, as a column."""
    below = a[..., k + 1 :, k : k + 1]
    shape = tuple(below.shape[:-2])
    head = PUBLIC["zeros"]((*shape, k, 1), dtype=a.dtype)
    one = PUBLIC["ones"]((*shape, 1, 1), dtype=a.dtype)
    return PUBLIC["cat"]((head, one, below), -2)


def _reflected(a: Any, tau: Any, x: Any, order: Any, adjoint: bool = False) -> Any:
    """``x`` after the reflections of ``a`` in the given order, the last one first applied."""
    for k in order:
        v = _reflector(a, k)
        factor = tau[..., k, None, None]
        if adjoint:
            factor = factor.conj()
        x = x - factor * (v @ (v.mH @ x))
    return x


@public("orgqr", method=True)
def householder_product(A: Tensor, tau: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The first columns of a product of reflections, as :func:`flambeau.geqrf` gives them.

    :math:`out = H_1 H_2 ⋯ H_k` with :math:`H_i = I - τ_i v_i v_i^H`

    Args:
        A: below the diagonal of column i stands the vector of reflection i, whose first entry
            is 1 and is not read.
        tau: the factors of the reflections.
        out: a tensor to write the result into.

    Shape: (..., m, n), (..., k) -> (..., m, n), with m >= n >= k.

    Raises:
        RuntimeError: if the shapes do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.householder_product(fb.tensor([[0.], [1.]]), fb.tensor([1.]))
        tensor([[ 0.],
                [-1.]])
    """
    _check_reflections("householder_product", A, tau)
    rows, columns = A.shape[-2:]
    shape = (*tuple(A.shape[:-2]), rows, columns)
    columns_of_one = eye(rows, columns, dtype=A.dtype).expand(shape)  # type: ignore[attr-defined]
    result = _reflected(A, tau, columns_of_one, reversed(range(tau.shape[-1])))
    return result if out is None else write_out("householder_product", out, result)


@public(method=True)
def ormqr(
    input: Tensor,
    tau: Tensor,
    other: Tensor,
    left: bool = True,
    transpose: bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A product with the whole Q that reflections make.

    :math:`out = Q · other`, or :math:`other · Q` if not ``left``.

    Args:
        input, tau: the reflections, as :func:`flambeau.geqrf` gives them.
        other: matrices.
        left: on which side Q stands.
        transpose: multiply with the adjoint of Q.
        out: a tensor to write the result into.

    Shape: (..., m, k), (..., k), (..., m, n) -> (..., m, n).

    Raises:
        RuntimeError: if the shapes do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.ormqr(fb.tensor([[0.], [0.]]), fb.tensor([1.]), fb.tensor([[1.], [1.]]))
        tensor([[0.],
                [1.]])
    """
    check_matrix("ormqr", input)
    check_matrix("ormqr", other, "other")
    count, size = tau.shape[-1], other.shape[-2 if left else -1]
    same = tuple(input.shape[:-2]) == tuple(other.shape[:-2]) == tuple(tau.shape[:-1])
    if not same or input.shape[-2] != size or count > input.shape[-1]:
        raise ShapeError(
            message(
                "ormqr: the shapes do not fit",
                expected="input (..., m, k), tau (..., k) and other (..., m, n)",
                got=f"{tuple(input.shape)}, {tuple(tau.shape)} and {tuple(other.shape)}",
            )
        )
    check_same_type("ormqr", input, other)
    # other · Q is the adjoint of Q^H · other^H.
    adjoint = transpose if left else not transpose
    order = range(count) if adjoint else reversed(range(count))
    result = _reflected(input, tau, other if left else other.mH, order, adjoint)
    result = result if left else result.mH
    return result if out is None else write_out("ormqr", out, result)
