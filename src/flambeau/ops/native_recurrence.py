"""Recurrent layers whose products and gates are native code."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from flambeau.core.native import plain
from flambeau.ops.native_convolution import native_for


@lru_cache(maxsize=256)
def _rows_of(depth: int, columns: int) -> np.ndarray:
    """Where the rows of a row-major matrix begin."""
    return np.arange(0, depth * columns, columns)


_FIRST = np.zeros(4, np.int64)


def dot(a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """``a @ b`` of two matrices of one type, native where that is worth it.

    Args:
        a, b: the factors.
        out: where the result goes: row-major, without gaps.
    """
    (rows, depth), columns = a.shape, b.shape[1]
    native = native_for(rows * depth * columns, a.dtype)
    if native is None:
        return a.dot(b, out)
    out = np.empty((rows, columns), a.dtype) if out is None else out
    b = plain(b)
    if a.flags.f_contiguous and not a.flags.c_contiguous:
        flat, row, step = plain(a.T).reshape(-1), 1, rows
    else:
        flat, row, step = plain(a).reshape(-1), depth, 1
    start = np.zeros(rows, a.dtype)
    native.products(
        out.reshape(-1), flat, b.reshape(-1), _rows_of(depth, columns), _FIRST, start, rows,
        columns, row, columns, a_step=step,
    )  # fmt: skip
    return out


def lstm_steps(
    x: np.ndarray, h: np.ndarray, c: np.ndarray, w_ih: np.ndarray, w_hh: np.ndarray, b_ih: Any,
    b_hh: Any, steps: list[tuple[int, int]], saved: bool,
) -> tuple[np.ndarray, ...] | None:  # fmt: skip
    """All steps of an LSTM on sequences of one length; ``None`` where native code is not worth it.

    Args:
        x: the rows of all steps.
        h, c: the states before.
        w_ih, w_hh, b_ih, b_hh: as PyTorch's layer has them.
        steps: first row, and the one after the last, of each step.
        saved: whether the gates and cells of all steps are wanted.

    Returns:
        the outputs, the last states, and gates and cells.
    """
    kind, size = x.dtype, w_hh.shape[1]
    native = native_for(x.shape[0] * w_hh.size, kind)
    if native is None:
        return None
    rows, count = len(x), len(h)
    projected = dot(x, w_ih.T)
    bias = np.zeros(4 * size, kind) if b_ih is None else plain(b_ih + b_hh)
    output = np.empty((rows, size), kind)
    kept = rows if saved else 0
    gates = np.empty((4, kept, size), kind)
    cells = np.empty((rows if saved else count, size), kind)
    flat_output, flat_cells, flat_gates = output.reshape(-1), cells.reshape(-1), gates.reshape(-1)
    flat_projected, made = projected.reshape(-1), np.empty(count * 4 * size, kind)
    recurrent = plain(w_hh.T).reshape(-1)
    table = _rows_of(size, 4 * size)
    bases, start = np.zeros((len(steps), 4), np.int64), np.zeros(count, kind)
    bases[1:, 1] = [first * size for first, _ in steps[:-1]]
    held, before, before_at = plain(h).reshape(-1), plain(c).reshape(-1), 0
    step, grain = native.lstm_step(kind, saved), native.sequences_of_a_thread(size)
    for base, (first, _) in zip(bases, steps):
        native.products(
            made, held, recurrent, table, base, start, count, 4 * size, size, 4 * size
        )  # fmt: skip
        cell_at = first * size if saved else 0
        step(
            flat_output, flat_cells, flat_gates, flat_projected, made, bias, before, first, cell_at,
            before_at, kept * size, size, grain, count,
        )  # fmt: skip
        held, before, before_at = flat_output, flat_cells, cell_at
    first, last = steps[-1]
    end = cells[first:last].copy() if saved else cells
    return output, output[first:last].copy(), end, gates, cells
