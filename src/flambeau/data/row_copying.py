"""Rows of arrays larger than the caches, copied by native code that asks for the next row early.

A row at a random place begins with cache lines that no hardware foresees; NumPy waits for them at
each row. While one row is copied the next one is prefetched line by line, and nobody waits.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from flambeau.core import dtypes

# From here on the native code's compilation (10 ms, or 5 ms from the disk) is little beside what
# one epoch takes.
LEAST_BYTES = 2**26
_LEAST_ROW = 512
_LINE = 64

Copy = Callable[[np.ndarray, np.ndarray], np.ndarray]


def row_copier(array: np.ndarray) -> Copy | None:
    """What takes rows of arrays like this one; ``None`` where NumPy does as well.

    Args:
        array: the rows; its data type and sizes count.

    Returns:
        ``copy(array, indices)``, which equals ``array.take(indices, 0)``.
    """
    row = prod(array.shape[1:]) * array.itemsize
    known = array.dtype.kind in "biuf" or array.dtype == dtypes.bfloat16.numpy
    if array.nbytes < LEAST_BYTES or row < _LEAST_ROW or row % 8:
        return None
    if not known or not array.flags.c_contiguous:
        return None
    from flambeau.compiler.run.engine import is_available

    if not is_available():
        return None
    return _copier(array.dtype.name, array.shape)


@lru_cache(maxsize=16)
def _copier(dtype: str, shape: tuple[int, ...]) -> Copy:
    entry = _entry(dtype, shape)
    kind = dtypes.bfloat16.numpy if dtype == "bfloat16" else np.dtype(dtype)
    sizes = shape[1:]

    def copy(array: np.ndarray, indices: np.ndarray) -> np.ndarray:
        out, wrong = np.empty((indices.size, *sizes), kind), np.zeros(1, np.int64)
        if entry(out, array, indices, wrong, indices.size) and not wrong[0]:
            return out
        return array.take(indices, 0)  # raises the error, or takes what the entry cannot

    return copy


def _entry(dtype: str, shape: tuple[int, ...]) -> Any:
    """The native function ``(out, array, indices, wrong, count)``."""
    from flambeau.compiler.llvm import Module
    from flambeau.compiler.run import Array, Int, Signature, compile_module, define_entry

    rows = Array(dtype, (None, *shape[1:]), writable=True)
    signature = Signature(
        (rows, Array(dtype, shape), Array("int64", (None,)), Array("int64", (1,), True), Int()),
        flush_denormals=False,
    )
    module = Module()
    itemsize = 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize
    _write_copy(module, shape[0], prod(shape[1:]) * itemsize)
    exported = define_entry(module, "rows", "copy_rows", signature)
    return compile_module(module, [exported]).entry(exported, signature, "copy_rows")


def _write_copy(module: Any, count: int, row: int) -> None:
    """Copy rows of ``row`` bytes, of an array with ``count`` of them, and prefetch the next."""
    parameters = [("ptr", n) for n in ("out", "rows", "indices", "wrong")] + [("i64", "n")]
    with module.function("copy_rows", parameters) as f:
        n = f.value("%n", "int64")
        with f.loop(0, n) as turn:
            source = _row(f, turn.index, count, row, report=True)
            following = f.scalar.binary("minimum", turn.index + 1, n - 1)
            ahead = _row(f, following, count, row)
            target = f.offset("%out", turn.index * row, "uint8")
            with f.loop(0, row // _LINE * _LINE, _LINE) as line:
                f.prefetch(f.offset(ahead, line.index, "uint8"))
                words = f.load(f.offset(source, line.index, "uint8"), "int64", 8, align=1)
                f.store(words, f.offset(target, line.index, "uint8"), align=1)
            for place in range(row // _LINE * _LINE, row, 8):
                word = f.load(f.offset(source, place, "uint8"), "int64", align=1)
                f.store(word, f.offset(target, place, "uint8"), align=1)


def _row(f: Any, turn: Any, count: int, row: int, report: bool = False) -> str:
    """Where the row of an index begins; the first one, and a note, for an index out of range."""
    index = f.load(f.offset("%indices", turn, "int64"), "int64")
    index = f.scalar.where(index < 0, index + count, index)
    outside = (index < 0) | (index >= count)
    if report:
        with f.when(outside):
            f.store(f.constant(1), "%wrong")
    return f.offset("%rows", f.scalar.where(outside, f.constant(0), index) * row, "uint8")
