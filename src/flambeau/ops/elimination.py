"""Triangular systems and elimination with pivots on stacks of matrices, in NumPy.

NumPy's LAPACK solves and inverts, but keeps the factors to itself. Work is split in halves, so
that nearly all of it is done by matrix products.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

_SMALL = 16  # up to here row by row


def stacked(matrices: np.ndarray) -> np.ndarray:
    """Matrices in one row, whatever the dimensions in front of them."""
    return matrices.reshape((prod(matrices.shape[:-2]), *matrices.shape[-2:]))


def substituted(triangle: np.ndarray, x: np.ndarray, upper: bool, unit: bool) -> np.ndarray:
    """The solution of a triangular system; a zero on the diagonal gives inf and nan.

    Args:
        triangle: (..., n, n); the other triangle is not read.
        x: (..., n, k), whose stack broadcasts with that of ``triangle``.
        upper: which triangle.
        unit: take the diagonal for ones.
    """
    n = triangle.shape[-1]
    if n <= _SMALL:
        return _row_by_row(triangle, x, upper, unit)
    half = n // 2
    first, second = slice(None, half), slice(half, None)
    if upper:
        first, second = second, first
    solved = substituted(triangle[..., first, first], x[..., first, :], upper, unit)
    rest = x[..., second, :] - triangle[..., second, first] @ solved
    other = substituted(triangle[..., second, second], rest, upper, unit)
    return np.concatenate([other, solved] if upper else [solved, other], axis=-2)


def _row_by_row(triangle: np.ndarray, x: np.ndarray, upper: bool, unit: bool) -> np.ndarray:
    n, columns = x.shape[-2:]
    batch = np.broadcast_shapes(triangle.shape[:-2], x.shape[:-2])
    out = np.empty((*batch, n, columns), x.dtype)
    for i in reversed(range(n)) if upper else range(n):
        known = slice(i + 1, None) if upper else slice(None, i)
        row = x[..., i, :]
        if known.start != n and known.stop != 0:
            row = row - (triangle[..., i, None, known] @ out[..., known, :])[..., 0, :]
        out[..., i, :] = row if unit else row / triangle[..., i, i, None]
    return out


def eliminated(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """P A = L U with the largest element of each column as its pivot.

    Args:
        matrices: (..., m, n).

    Returns:
        L below the diagonal (whose diagonal is 1) and U in one array; for each step the row that
        was exchanged, counted from 1; and for each matrix the step, counted from 1, whose pivot
        is zero, or 0 if there is none.
    """
    *batch, rows, columns = matrices.shape
    count = min(rows, columns)
    work = stacked(matrices).copy()
    stack = len(work)
    pivots = np.zeros((stack, count), np.int32)
    info = np.zeros(stack, np.int32)
    _eliminate(work, pivots, info, 0, count)
    if columns > count:
        work[:, :, count:] = substituted(work[:, :, :count], work[:, :, count:], False, True)
    shape = tuple(batch)
    return (
        work.reshape(matrices.shape), pivots.reshape((*shape, count)), info.reshape(shape),
    )  # fmt: skip


def _eliminate(work: Any, pivots: Any, info: Any, first: int, last: int) -> None:
    """Columns ``first`` to ``last`` from row ``first`` on; rows are exchanged as a whole."""
    if last - first <= _SMALL:
        for k in range(first, last):
            _step(work, pivots, info, k, last)
        return
    middle = (first + last) // 2
    _eliminate(work, pivots, info, first, middle)
    here, right, below = slice(first, middle), slice(middle, last), slice(middle, None)
    work[:, here, right] = substituted(work[:, here, here], work[:, here, right], False, True)
    work[:, below, right] -= work[:, below, here] @ work[:, here, right]
    _eliminate(work, pivots, info, middle, last)


def _step(work: Any, pivots: Any, info: Any, k: int, last: int) -> None:
    stack = np.arange(len(work))
    column = work[:, k:, k]
    size = np.abs(column.real) + np.abs(column.imag) if work.dtype.kind == "c" else np.abs(column)
    chosen = np.argmax(size, axis=1) + k
    pivots[:, k] = chosen + 1
    work[stack, k], work[stack, chosen] = work[stack, chosen], work[stack, k]
    pivot = work[:, k, k]
    info[(pivot == 0) & (info == 0)] = k + 1
    work[:, k + 1 :, k] /= np.where(pivot == 0, 1, pivot)[:, None]
    work[:, k + 1 :, k + 1 : last] -= work[:, k + 1 :, k, None] * work[:, k, None, k + 1 : last]


def order_of(pivots: np.ndarray, rows: int) -> np.ndarray:
    """Where each row of P A comes from in A, from the exchanges of :func:`eliminated`."""
    flat = stacked(pivots[..., None, :])[:, 0]
    order = np.tile(np.arange(rows), (len(flat), 1))
    stack = np.arange(len(flat))
    for k in range(flat.shape[-1]):
        other = flat[:, k] - 1
        order[stack, k], order[stack, other] = order[stack, other], order[stack, k]
    return order.reshape((*pivots.shape[:-1], rows))
