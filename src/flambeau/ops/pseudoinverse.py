"""The pseudoinverse, and the rank and condition of matrices."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.creation import eye
from flambeau.ops.eigenvalues import eigvalsh
from flambeau.ops.matrix_arguments import check_matrix, check_square
from flambeau.ops.matrix_norms import linalg_norm
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.singular_values import svdvals
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.interpreting import in_single_precision
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _tolerance(kind: np.dtype, shape: tuple[int, ...], atol: Any, rtol: Any) -> tuple[Any, Any]:
    """PyTorch's: relative to the largest singular value, unless an absolute one is given."""
    if rtol is None:
        positive = atol is not None and bool((np.asarray(_value(atol)) > 0).any())
        rtol = 0.0 if positive else float(np.finfo(kind).eps) * max(shape[-2:])
    return (0.0 if atol is None else atol), rtol


def _value(x: Any) -> Any:
    return x._array if isinstance(x, Tensor) else x


def _pinv(a: np.ndarray, atol: Any, rtol: Any, hermitian: bool) -> np.ndarray:
    if hermitian:
        values, u = np.linalg.eigh(a)
        s, vh = np.abs(values), (u * np.sign(values)[..., None, :]).swapaxes(-1, -2).conj()
    else:
        u, s, vh = np.linalg.svd(a, full_matrices=False)
    atol, rtol = (np.asarray(0.0 if t is None else t) for t in (atol, rtol))
    limit = np.maximum(atol[..., None], rtol[..., None] * s.max(-1, keepdims=True, initial=0))
    kept = s > limit
    inverse = (np.where(kept, 1, 0) / np.where(kept, s, 1)).astype(s.dtype)
    return (vh.swapaxes(-1, -2).conj() * inverse[..., None, :]) @ u.swapaxes(-1, -2).conj()


def _infer(a: Any, atol: Any, rtol: Any, hermitian: bool) -> Spec:
    (check_square if hermitian else check_matrix)("pinv", a)
    *batch, rows, columns = a.shape
    return Spec((*batch, columns, rows), a.dtype)


def pull_back_pinv(g: Any, A: Any, P: Any = None) -> Tensor:
    """The gradient with respect to A of whatever has the gradient g with respect to its
    pseudoinverse P, for matrices whose rank does not change."""  # fmt: skip
    P = pinv(A) if P is None else P
    rows, columns = A.shape[-2:]
    outside = eye(rows, dtype=A.dtype) - A @ P
    beyond = eye(columns, dtype=A.dtype) - P @ A
    pull = -(P.mH @ g @ P.mH)
    return pull + outside @ g.mH @ (P @ P.mH) + (P.mH @ P) @ g.mH @ beyond


PINV = Operation(
    "linalg_pinv",
    inputs="input atol rtol",
    params="hermitian",
    evaluate=_pinv,
    infer=_infer,
    gradient={"input": lambda g, input, out: pull_back_pinv(g, input, out)},
    strict=True,
    samples=lambda make: [
        make.sample((make.tensor((3, 2)), 0.0, 1e-15), (False,)),
        make.sample((make.tensor((2, 2, 3)), 0.0, 1e-15), (False,)),
        make.sample((make.tensor((2, 2)) * 0.0 + 1.0, 0.0, 1e-10), (True,), smooth=False),
        make.sample((make.tensor((0, 2)), 0.0, 1e-15), (False,)),
        make.error((make.integers((2, 2)), 0.0, 1e-15), (False,), RuntimeError),
        make.error((make.tensor((2, 3)), 0.0, 1e-15), (True,), RuntimeError),
    ],
)


@in_single_precision
def pinv(
    input: Tensor,
    rcond: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    """The pseudoinverse.

    :math:`out = V · diag(1/σ) · U^H` over the singular values that are not negligible.

    Args:
        input: floating-point or complex matrices.
        rcond: another name for ``rtol``.
        hermitian: whether the matrices are hermitian, which is quicker.
        atol, rtol: singular values up to ``max(atol, rtol · σ_max)`` are negligible; numbers, or
            tensors with one for each matrix. If neither is given, ``rtol`` is the type's
            precision times the larger size.
        out: a tensor to write the result into.

    Shape: (..., m, n) -> (..., n, m).

    Raises:
        RuntimeError: for fewer than two dimensions or integers.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.pinv(fb.tensor([[2., 0.], [0., 0.]]))
        tensor([[0.5000, 0.0000],
                [0.0000, 0.0000]])

    Reference: G. Golub and V. Pereyra, The differentiation of pseudo-inverses, 1973.
    """
    check_matrix("pinv", input)
    limits = _tolerance(input._array.dtype, tuple(input.shape), atol, _either(rcond, rtol))
    result = apply(PINV, (input, *limits), (bool(hermitian),))
    return result if out is None else write_out("pinv", out, result)


def _either(first: Any, second: Any) -> Any:
    return second if first is None else first


@public(method=True)
def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """The pseudoinverse; see :func:`flambeau.linalg.pinv`.

    Args:
        input: floating-point or complex matrices.
        rcond: singular values up to this much of the largest are negligible.

    Shape: (..., m, n) -> (..., n, m).

    Raises:
        RuntimeError: for fewer than two dimensions or integers.

    Example:
        >>> import flambeau as fb
        >>> fb.pinverse(fb.tensor([[2.]]))
        tensor([[0.5000]])
    """
    return pinv(input, rcond)


@in_single_precision
def matrix_rank(
    A: Tensor,
    tol: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    """How many singular values are not negligible.

    Args:
        A: floating-point or complex matrices.
        tol: another name for ``atol``, with ``rtol`` 0.
        hermitian: whether the matrices are hermitian, which is quicker.
        atol, rtol: singular values up to ``max(atol, rtol · σ_max)`` are negligible; numbers, or
            tensors with one for each matrix. If neither is given, ``rtol`` is the type's
            precision times the larger size.
        out: a tensor to write the result into.

    Shape: (..., m, n) -> (...), int64.

    Raises:
        RuntimeError: for fewer than two dimensions or integers.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.matrix_rank(fb.ones(2, 2))
        tensor(1)
    """
    (check_square if hermitian else check_matrix)("matrix_rank", A)
    if tol is not None:
        atol, rtol = tol, 0.0
    atol, rtol = _tolerance(A._array.dtype, tuple(A.shape), atol, rtol)
    for limit in (atol, rtol):
        if isinstance(limit, Tensor) and limit.is_complex():
            raise RuntimeError(
                message("matrix_rank: a complex tolerance", expected="real", got=str(limit.dtype))
            )
    values: Any = eigvalsh(A).abs() if hermitian else svdvals(A)  # type: ignore[attr-defined]
    result: Any = PUBLIC["zeros"](tuple(A.shape[:-2]), dtype=dtypes.int64)
    if values._array.shape[-1]:
        largest = values.amax(-1)
        limits = PUBLIC["maximum"](_against(atol, largest), _against(rtol, largest) * largest)
        result = (values > limits.unsqueeze(-1)).sum(-1)
    return result if out is None else write_out("matrix_rank", out, result)


def _against(limit: Any, largest: Any) -> Any:
    if isinstance(limit, Tensor):
        return limit.to(largest.dtype)  # type: ignore[attr-defined]
    return PUBLIC["full_like"](largest, limit)


@in_single_precision
def cond(A: Tensor, p: Any = None, *, out: Tensor | None = None) -> Tensor:
    """The condition number: how much the solution of a system may magnify errors.

    :math:`‖A‖_p ‖A^{-1}‖_p`; for ``None`` and 2, :math:`σ_{max} / σ_{min}`.

    Args:
        A: floating-point or complex matrices; square ones unless ``p`` is ``None``, 2 or -2.
        p: the norm: ``None``, 2, -2, 1, -1, ``inf``, ``-inf``, ``"fro"`` or ``"nuc"``.
        out: a tensor to write the result into.

    Shape: (..., m, n) -> (...).

    Raises:
        RuntimeError: for integers, or shapes that are not square where they must be.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.cond(fb.tensor([[2., 0.], [0., 1.]]))
        tensor(2.)
    """
    check_matrix("cond", A)
    if p is None or p in (2, -2):
        values: Any = svdvals(A)
        result = values[..., 0] / values[..., -1]
        if p == -2:
            result = values[..., -1] / values[..., 0]
    else:
        check_square("cond", A)
        if not isinstance(p, str) and p not in (1, -1, inf, -inf):
            raise RuntimeError(
                message("cond: unknown norm", expected="±1, ±2, ±inf, 'fro', 'nuc'", got=repr(p))
            )
        from flambeau.ops.solving import inv_ex

        inverse, info = inv_ex(A)
        sizes: Any = linalg_norm(A, p, (-2, -1)) * linalg_norm(inverse, p, (-2, -1))
        result = PUBLIC["where"](info != 0, inf, sizes)
    return result if out is None else write_out("cond", out, result)
