"""Rows added to the rows of a table that indices name, as native code for eager mode."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from flambeau.compiler.llvm import Module
from flambeau.compiler.run import Array, Int, Signature, compile_module, define_entry
from flambeau.compiler.sharing import CHUNK, KINDS, share
from flambeau.core.native import plain

VECTORS = 4  # vectors of columns that are added together; threads share these


def add_rows(table: np.ndarray, rows: np.ndarray, places: np.ndarray) -> bool:
    """``table[places[k]] += rows[k]``, for one k after the other.

    Args:
        table: (count, width), row-major.
        rows: (n, width).
        places: of n rows of the table, int64.

    Returns:
        False for arrays of another kind and places outside the table: nothing has happened then.
    """
    kind = KINDS.get(table.dtype)
    if kind is None or rows.dtype != table.dtype or not rows.size:
        return False
    if places.dtype != np.int64 or places.min() < 0 or places.max() >= len(table):
        return False
    entry, lanes = _entry(kind)
    count, width = rows.shape
    columns = VECTORS * lanes
    grain = max(1, CHUNK // (count * columns))
    flat = table.reshape(-1), plain(rows).reshape(-1), plain(places)
    return entry(*flat, count, width, grain, -(-width // columns))


@lru_cache(maxsize=2)
def _entry(dtype: str) -> tuple[Any, int]:
    """The native function, and how many elements a vector holds."""
    module = Module()
    lanes = module.target.lanes(32 if dtype == "float32" else 64)
    signature = Signature(
        (Array(dtype, (None,), True), Array(dtype, (None,)), Array("int64", (None,)), *[Int()] * 4),
        release_gil=True,
        flush_denormals=False,
    )
    parameters = [("ptr", p) for p in ("table", "rows", "places")]
    parameters += [("i64", n) for n in ("count", "width", "grain")]
    with module.function("span", [*parameters, ("i64", "begin"), ("i64", "end")]) as f:
        count, width = f.value("%count", "int64"), f.value("%width", "int64")
        wide = VECTORS * lanes
        first = f.value("%begin", "int64") * wide
        last = f.scalar.binary("minimum", f.value("%end", "int64") * wide, width)
        whole = first + (last - first) // wide * wide
        for start, stop, step in ((first, whole, wide), (whole, last, lanes)):
            with f.loop(start, stop, step) as along, f.loop(0, count) as turn:
                mask = f.tail_mask(stop - along.index, step) if step == lanes else None
                place = f.load(f.offset("%places", turn.index, "int64"), "int64")
                target = f.offset("%table", place * width + along.index, dtype)
                source = f.offset("%rows", turn.index * width + along.index, dtype)
                found = f.load(target, dtype, step, mask) + f.load(source, dtype, step, mask)
                f.store(found, target, mask)
    share(module, parameters, "grain")
    exported = define_entry(module, "add_rows", "kernel", signature)
    return compile_module(module, [exported]).entry(exported, signature, "add_rows"), lanes
