"""The decomposition of symmetric matrices that need not be definite, with pivots."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from flambeau.core.errors import ShapeError, message
from flambeau.core.spec import Spec
from flambeau.ops import return_types
from flambeau.ops.elimination import stacked, substituted
from flambeau.ops.matrix_arguments import (
    INT32,
    check_matrix,
    check_same_type,
    check_square,
    singular,
)
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

# Beyond this growth a pivot of two rows is taken (Bunch and Kaufman).
_GROWTH = (1 + sqrt(17)) / 8


def _size(x: np.ndarray) -> np.ndarray:
    return np.abs(x.real) + np.abs(x.imag) if x.dtype.kind == "c" else np.abs(x)


def _exchange(a: np.ndarray, i: int, j: int, hermitian: bool) -> None:
    """Rows and columns i < j of the symmetric matrix whose lower triangle is ``a``."""
    a[j + 1 :, [i, j]] = a[j + 1 :, [j, i]]
    between = a[i + 1 : j, i].copy()
    conj = np.conj if hermitian else np.positive
    a[i + 1 : j, i] = conj(a[j, i + 1 : j])
    a[j, i + 1 : j] = conj(between)
    if hermitian:
        a[j, i] = np.conj(a[j, i])
    a[i, i], a[j, j] = a[j, j], a[i, i]


def _choose(a: np.ndarray, k: int) -> tuple[int, int]:
    """The row to exchange at step k, and how many rows the pivot has."""
    size = float(_size(a[k : k + 1, k])[0])
    if k + 1 == len(a):
        return k, 1
    column = _size(a[k + 1 :, k])
    chosen = int(np.argmax(column)) + k + 1
    largest = float(column[chosen - k - 1])
    if max(size, largest) == 0 or size >= _GROWTH * largest:
        return k, 1
    beside = float(_size(a[chosen, k:chosen]).max())
    if chosen + 1 < len(a):
        beside = max(beside, float(_size(a[chosen + 1 :, chosen]).max()))
    if size * beside >= _GROWTH * largest * largest:
        return k, 1
    if float(_size(a[chosen : chosen + 1, chosen])[0]) >= _GROWTH * beside:
        return chosen, 1
    return chosen, 2


def _factored(a: np.ndarray, hermitian: bool) -> tuple[np.ndarray, np.ndarray, int]:
    """One matrix, of which the lower triangle is read, as LAPACK's ``sytf2`` leaves it."""
    a, pivots, info, k = np.tril(a), np.zeros(len(a), INT32), 0, 0
    conj = np.conj if hermitian else np.positive
    if hermitian:
        np.fill_diagonal(a, a.diagonal().real)
    while k < len(a):
        row, width = _choose(a, k)
        last = k + width - 1
        if row != last:
            _exchange(a, last, row, hermitian)
            if width == 2:
                a[last, k], a[row, k] = a[row, k], a[last, k]
        pivots[k : k + width] = row + 1 if width == 1 else -(row + 1)
        rest = slice(k + width, None)
        block = a[k : k + width, k : k + width]
        full = np.tril(block) + conj(np.tril(block, -1).T)
        if not full.any():
            info = info or k + 1
        elif k + width < len(a):
            columns = a[rest, k : k + width].copy()
            multipliers = np.linalg.solve(full.T, columns.T).T
            a[rest, rest] -= np.tril(multipliers @ conj(columns.T))
            a[rest, k : k + width] = multipliers
            if hermitian:
                places = np.arange(k + width, len(a))
                a[places, places] = a[places, places].real
        k += width
    return a, pivots, info


def _ldl(a: np.ndarray, hermitian: bool, check: bool) -> tuple[np.ndarray, ...]:
    found = [_factored(m, hermitian) for m in stacked(a)]
    batch = a.shape[:-2]
    info = np.array([i for _, _, i in found], INT32).reshape(batch)
    if check and info.any():
        raise singular("ldl_factor", info)
    factors = np.array([f for f, _, _ in found], a.dtype).reshape(a.shape)
    return factors, np.array([p for _, p, _ in found], INT32).reshape(a.shape[:-1]), info


def _infer(x: Any, hermitian: bool, check: bool) -> tuple[Spec, ...]:
    check_square("ldl_factor", x)
    batch = x.shape[:-2]
    return Spec(x.shape, x.dtype), Spec(x.shape[:-1], INT32), Spec(batch, INT32)


def _symmetric(x: Any) -> Any:
    return x + x.mT


LDL_FACTOR = Operation(
    "linalg_ldl_factor_ex",
    inputs="input",
    params="hermitian check",
    evaluate=_ldl,
    infer=_infer,
    strict=True,
    samples=lambda make: [
        make.sample((_symmetric(make.tensor((4, 4))),), (False, True)),
        make.sample((_symmetric(make.tensor((2, 3, 3))),), (True, False)),
        make.sample((make.tensor((0, 0)),), (False, False)),
        make.error((make.tensor((2, 2)) * 0.0,), (False, True), RuntimeError),
        make.error((make.tensor((2, 3)),), (False, True), RuntimeError),
    ],
)


def _parts(a: np.ndarray, pivots: np.ndarray, hermitian: bool) -> tuple[np.ndarray, ...]:
    """The unit lower triangle, the blocks, and the order of rows of one factored matrix."""
    n = len(a)
    lower, blocks = np.tril(a, -1) + np.eye(n, dtype=a.dtype), np.zeros_like(a)
    order, k = np.arange(n), 0
    steps = []
    while k < n:
        width = 1 if pivots[k] > 0 else 2
        here = slice(k, k + width)
        block = np.tril(a[here, here])
        below = np.tril(a[here, here], -1).T
        blocks[here, here] = block + (below.conj() if hermitian else below)
        lower[here, here] = np.eye(width)
        steps.append((k, width, abs(int(pivots[k + width - 1])) - 1))
        k += width
    # Each step's exchange was not carried out on the multipliers of earlier steps.
    for k, width, row in steps:
        last = k + width - 1
        if row != last:
            order[[last, row]] = order[[row, last]]
            lower[[last, row], :k] = lower[[row, last], :k]
    return lower, blocks, order


def _solve_one(a: Any, pivots: Any, b: Any, hermitian: bool) -> np.ndarray:
    lower, blocks, order = _parts(a, pivots, hermitian)
    half = substituted(lower, b[order], False, True)
    middle = np.linalg.solve(blocks, half)
    upper = lower.T.conj() if hermitian else lower.T
    out = np.empty_like(b)
    out[order] = substituted(upper, middle, True, True)
    return out


def _ldl_solve(a: np.ndarray, pivots: np.ndarray, b: np.ndarray, hermitian: bool) -> np.ndarray:
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    matrices = stacked(np.broadcast_to(a, (*batch, *a.shape[-2:])))
    exchanges = stacked(np.broadcast_to(pivots[..., None, :], (*batch, 1, a.shape[-1])))[:, 0]
    right = stacked(np.broadcast_to(b, (*batch, *b.shape[-2:])))
    found = [
        _solve_one(m, p, r, hermitian) for m, p, r in zip(matrices, exchanges, right, strict=True)
    ]
    return np.array(found, b.dtype).reshape((*batch, *b.shape[-2:]))


def _infer_solve(a: Any, pivots: Any, b: Any, hermitian: bool) -> Spec:
    check_square("ldl_solve", a, "LD")
    check_matrix("ldl_solve", b, "B")
    check_same_type("ldl_solve", a, b)
    if b.shape[-2] != a.shape[-1] or tuple(pivots.shape) != tuple(a.shape[:-1]):
        raise ShapeError(
            message(
                "ldl_solve: the shapes do not fit",
                expected="LD (n, n), pivots (n,) and B (n, k)",
                got=f"{tuple(a.shape)}, {tuple(pivots.shape)} and {tuple(b.shape)}",
            )
        )
    if pivots.dtype.kind not in "iu":
        raise RuntimeError(
            message("ldl_solve: pivots of a wrong type", expected="int32", got=str(pivots.dtype))
        )
    batch = np.broadcast_shapes(tuple(a.shape[:-2]), tuple(b.shape[:-2]))
    return Spec((*batch, *b.shape[-2:]), b.dtype)


def _system(make: Any, shape: tuple[int, ...], hermitian: bool) -> tuple[Any, ...]:
    factors, pivots, _ = apply(LDL_FACTOR, (_symmetric(make.tensor(shape)),), (hermitian, False))
    return factors, pivots, make.tensor((*shape[:-1], 2))


LDL_SOLVE = Operation(
    "linalg_ldl_solve",
    inputs="LD pivots B",
    params="hermitian",
    evaluate=_ldl_solve,
    infer=_infer_solve,
    strict=True,
    samples=lambda make: [
        make.sample(_system(make, (4, 4), False), (False,)),
        make.sample(_system(make, (2, 3, 3), True), (True,)),
        make.error((*_system(make, (3, 3), False)[:2], make.tensor((2, 1))), (False,)),
    ],
)


def ldl_factor_ex(
    A: Tensor, *, hermitian: bool = False, check_errors: bool = False, out: Any = None
) -> Any:
    """Factors of symmetric matrices with exchanged rows, and where a pivot was zero.

    :math:`P^T A P = L D L^T`, with blocks of one or two rows on the diagonal of D.

    Args:
        A: matrices, of which the lower triangle is read.
        hermitian: whether complex matrices are hermitian rather than symmetric.
        check_errors: raise where a pivot is zero.
        out: three tensors to write the results into.

    Shape: (..., n, n) -> (..., n, n), (..., n), (...).

    Raises:
        RuntimeError: for shapes that are not square, integers, and if ``check_errors``.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.ldl_factor_ex(fb.tensor([[0., 1.], [1., 0.]])).pivots
        tensor([-2, -2], dtype=torch.int32)

    Reference: J. Bunch and L. Kaufman, Some stable methods for calculating inertia and solving
    symmetric linear systems, 1977.
    """
    check_square("ldl_factor", A)
    params = (bool(hermitian) and A.is_complex(), bool(check_errors))
    result = return_types.linalg_ldl_factor_ex(*apply(LDL_FACTOR, (A,), params))
    return result if out is None else write_out("ldl_factor_ex", out, result)


def ldl_factor(A: Tensor, *, hermitian: bool = False, out: Any = None) -> Any:
    """Factors of symmetric matrices with exchanged rows.

    :math:`P^T A P = L D L^T`, with blocks of one or two rows on the diagonal of D.

    Args:
        A: matrices, of which the lower triangle is read.
        hermitian: whether complex matrices are hermitian rather than symmetric.
        out: a pair of tensors to write the results into.

    Shape: (..., n, n) -> (..., n, n), (..., n).

    Raises:
        RuntimeError: for a zero pivot, shapes that are not square, or integers.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.ldl_factor(fb.tensor([[2., 0.], [4., 9.]])).LD
        tensor([[9.0000, 0.0000],
                [0.4444, 0.2222]])
    """
    found = ldl_factor_ex(A, hermitian=hermitian, check_errors=True)[:2]
    result = return_types.linalg_ldl_factor(*found)
    return result if out is None else write_out("ldl_factor", out, result)


def ldl_solve(
    LD: Tensor,
    pivots: Tensor,
    B: Tensor,
    *,
    hermitian: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """The solution of a system of equations from the factors of its symmetric matrix.

    Args:
        LD, pivots: what :func:`flambeau.linalg.ldl_factor` gives.
        B: right-hand sides.
        hermitian: whether the complex matrices are hermitian rather than symmetric.
        out: a tensor to write the result into.

    Shape: (..., n, n), (..., n), (..., n, k) -> (..., n, k).

    Raises:
        RuntimeError: if shapes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> factors = fb.linalg.ldl_factor(fb.tensor([[0., 2.], [2., 0.]]))
        >>> fb.linalg.ldl_solve(*factors, fb.tensor([[2.], [4.]]))
        tensor([[2.],
                [1.]])
    """
    check_square("ldl_solve", LD, "LD")
    check_matrix("ldl_solve", B, "B")
    result = apply(LDL_SOLVE, (LD, pivots, B), (bool(hermitian) and LD.is_complex(),))
    return result if out is None else write_out("ldl_solve", out, result)
