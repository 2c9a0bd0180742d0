"""Where the largest values of regions lie, as native code for eager mode."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from flambeau.compiler.llvm import Module
from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.value import Value
from flambeau.compiler.run import Array, Int, Signature, compile_module, define_entry
from flambeau.compiler.sharing import KINDS, share
from flambeau.core.native import plain

CHUNK = 2**14  # elements that one thread looks at at a time

_NUMBERS = ("m1", "m2", "m3", "n1", "n2", "n3", "grain")


def region_maxima(
    planes: np.ndarray, sizes: tuple[int, ...], bounds: np.ndarray
) -> np.ndarray | None:
    """The places of the regions' largest values, the first of equal ones, or of NaNs.

    Args:
        planes: (n, *whole), row-major, of two or three dimensions each.
        sizes: how many regions there are in each dimension.
        bounds: first and behind the last element of each region, dimension after dimension.

    Returns:
        flat places in a plane, (n, *sizes); ``None`` for arrays of another kind.
    """
    kind = KINDS.get(planes.dtype)
    if kind is None or not planes.size:
        return None
    whole = planes.shape[1:]
    if len(sizes) == 2:
        whole, sizes = (1, *whole), (1, *sizes)
        bounds = np.concatenate((np.array((0, 1), np.int64), bounds))
    out = np.empty((len(planes), *sizes), np.int64)
    grain = max(1, CHUNK // (planes.size // len(planes)))
    entry = _entry(kind)
    flat = out.reshape(-1), plain(planes).reshape(-1), bounds
    return out if entry(*flat, *sizes, *whole, grain, len(planes)) else None


@lru_cache(maxsize=2)
def _entry(dtype: str) -> Any:
    module = Module()
    signature = Signature(
        (
            Array("int64", (None,), True), Array(dtype, (None,)), Array("int64", (None,)),
            *[Int()] * (len(_NUMBERS) + 1),
        ),
        release_gil=True,
        flush_denormals=False,
    )  # fmt: skip
    parameters = [("ptr", "out"), ("ptr", "x"), ("ptr", "bounds"), *[("i64", n) for n in _NUMBERS]]
    with module.function("span", [*parameters, ("i64", "begin"), ("i64", "end")]) as f:
        _write(f, dtype)
    share(module, parameters, "grain")
    exported = define_entry(module, "region_maxima", "kernel", signature)
    return compile_module(module, [exported]).entry(exported, signature, "region_maxima")


def _write(f: Function, dtype: str) -> None:
    n = {name: f.value(f"%{name}", "int64") for name in _NUMBERS}
    sizes, whole = [n["m1"], n["m2"], n["m3"]], [n["n1"], n["n2"], n["n3"]]

    def bounds(dim: int, region: Value) -> tuple[Value, Value]:
        ahead = sum(sizes[1:dim], sizes[0]) if dim else region * 0
        place = f.offset("%bounds", (ahead + region) * 2, "int64")
        return f.load(place, "int64"), f.load(f.offset(place, 1, "int64"), "int64")

    begin, end = f.value("%begin", "int64"), f.value("%end", "int64")
    with f.loop(begin, end) as turn:
        plane = f.offset("%x", turn.index * whole[0] * whole[1] * whole[2], dtype)
        with f.loop(0, sizes[0]) as i, f.loop(0, sizes[1]) as j, f.loop(0, sizes[2]) as k:
            edges = [bounds(dim, at.index) for dim, at in enumerate((i, j, k))]
            (a, a_end), (b, b_end), (c, c_end) = edges
            first = (a * whole[1] + b) * whole[2] + c
            best = [f.load(f.offset(plane, first, dtype), dtype), first]
            with f.loop(a, a_end, carried=best) as deep:
                with f.loop(b, b_end, carried=deep.values) as down:
                    row = (deep.index * whole[1] + down.index) * whole[2]
                    with f.loop(c, c_end, carried=down.values) as across:
                        across.carry(*_larger(f, plane, dtype, row + across.index, across.values))
                    down.carry(*across.results)
                deep.carry(*down.results)
            out = ((turn.index * sizes[0] + i.index) * sizes[1] + j.index) * sizes[2] + k.index
            f.store(deep.results[1], f.offset("%out", out, "int64"))


def _larger(
    f: Function, plane: str, dtype: str, place: Value, best: list[Value]
) -> tuple[Value, Value]:
    """The best so far, or an element that is larger, or the first NaN."""
    value, at = best
    x = f.load(f.offset(plane, place, dtype), dtype)
    unordered = f.scalar.compare("not_equal", x, x)
    known = f.scalar.compare("equal", value, value)
    chosen = (x > value) | (unordered & known)
    return f.scalar.where(chosen, x, value), f.scalar.where(chosen, place, at)
