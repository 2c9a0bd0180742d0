"""Normalisation of many or long rows as native code, for eager mode.

Means and variances of rows, rows times numbers, and whole layer norms with their gradients: each
row is read while it lies in the cache. A row is summed in a fixed number of partial sums, and what
is summed over rows in parts that the shape alone decides, so results do not depend on threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from flambeau.compiler.llvm import Module
from flambeau.compiler.llvm.function import Function
from flambeau.compiler.run import Array, Float, Int, Signature, compile_module, define_entry
from flambeau.compiler.sharing import KINDS, share
from flambeau.core.native import plain

CHUNK = 2**15  # elements that one thread computes at a time
PARTS = 64  # at most so many partial sums over rows
SUMS = 4  # vectors of partial sums along a row
TURNS = 64  # so many elements in a partial sum; the sums of these are added in float64


def row_moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The mean of each row, and the sum of the squares of its differences from it."""
    mean, squares = np.empty(len(x), x.dtype), np.empty(len(x), x.dtype)
    return (mean, squares) if _run("moments", x, mean, squares, x) else None


def row_sums_about(
    g: np.ndarray, x: np.ndarray, level: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """For each row, Σ g and Σ g (x - level), with one level for a row."""
    first, second = np.empty(len(x), x.dtype), np.empty(len(x), x.dtype)
    return (first, second) if _run("sums_about", x, first, second, g, x, level) else None


def scaled_rows(x: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> np.ndarray | None:
    """Each row times a number, plus a number."""
    out = np.empty(x.shape, x.dtype)
    return out if _run("scaled", x, out, x, scale, shift) else None


def rectified_rows(x: np.ndarray, slope: np.ndarray) -> np.ndarray | None:
    """Each row where it is positive, elsewhere times a number."""
    out = np.empty(x.shape, x.dtype)
    return out if _run("rectified", x, out, x, slope) else None


def combined_rows(
    g: np.ndarray, x: np.ndarray, level: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray
) -> np.ndarray | None:
    """a·g + b·(x - level) + c, with one number of each for a row."""
    out = np.empty(x.shape, x.dtype)
    return out if _run("combined", x, out, g, x, level, a, b, c) else None


def normalised_rows(
    x: np.ndarray, weight: Any, bias: Any, eps: float, centre: bool
) -> np.ndarray | None:
    """Each row with mean 0 (if ``centre``) and mean square 1, times weight, plus bias."""
    out = np.empty(x.shape, x.dtype)
    weight = np.ones(x.shape[1], x.dtype) if weight is None else weight
    bias = np.zeros(x.shape[1], x.dtype) if bias is None else bias
    name = "layer" if centre else "rms"
    return out if _run(name, x, out, x, weight, bias, numbers=(eps,)) else None


def normalised_rows_gradient(
    g: np.ndarray, x: np.ndarray, weight: Any, eps: float, centre: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """The gradients of input, weight and bias of :func:`normalised_rows`."""
    rows, columns = x.shape
    weight = np.ones(columns, x.dtype) if weight is None else weight
    grain = max(1, CHUNK // columns, -(-rows // PARTS))
    parts = -(-rows // grain) if rows >= 4 * grain else 1  # as share() divides them
    out = np.empty(x.shape, x.dtype)
    dw, db = np.zeros((parts, columns), x.dtype), np.zeros((parts, columns), x.dtype)
    name = "layer_gradient" if centre else "rms_gradient"
    if not _run(name, x, out, dw, db, g, x, weight, numbers=(eps,), grain=grain):
        return None
    return out, np.add.reduce(dw, 0), np.add.reduce(db, 0)


def _run(
    name: str, like: np.ndarray, *arrays: np.ndarray, numbers: tuple[float, ...] = (),
    grain: int = 0,
) -> bool:  # fmt: skip
    """Call a kernel; False for arrays of another kind, and where there is nothing to do."""
    if like.dtype not in KINDS or not like.size:
        return False
    if not all([x.dtype == like.dtype for x in arrays]):
        return False
    rows, columns = like.shape
    flat = [plain(x).reshape(-1) for x in arrays]
    grain = grain or max(1, CHUNK // columns)
    return _entry(name, KINDS[like.dtype])(*flat, *numbers, columns, grain, rows)


@lru_cache(maxsize=32)
def _entry(name: str, dtype: str) -> Any:
    """The native function ``(arrays, numbers, columns, grain, rows)``."""
    written, read, numbers, write = _WRITERS[name]
    module = Module()
    signature = Signature(
        (
            *[Array(dtype, (None,), True) for _ in written],
            *[Array(dtype, (None,)) for _ in read],
            *[Float() for _ in numbers],
            *[Int()] * 3,
        ),
        release_gil=True,
        flush_denormals=False,
    )
    parameters = [
        *[("ptr", x) for x in (*written, *read)],
        *[("double", x) for x in numbers],
        ("i64", "columns"),
        ("i64", "grain"),
    ]
    with module.function("span", [*parameters, ("i64", "begin"), ("i64", "end")]) as f:
        write(_Sweep(f, dtype))
    share(module, parameters, "grain")
    exported = define_entry(module, f"norm_{name}", "kernel", signature)
    return compile_module(module, [exported]).entry(exported, signature, f"norm_{name}")


class _Sweep:
    """Loops along rows, over vectors of elements."""

    def __init__(self, f: Function, dtype: str) -> None:
        self.f, self.s, self.dtype = f, f.scalar, dtype
        self.lanes = f.module.target.lanes(32 if dtype == "float32" else 64)
        self.columns = f.value("%columns", "int64")
        self.begin, self.end = f.value("%begin", "int64"), f.value("%end", "int64")
        self.length = f.scalar.cast(self.columns, dtype)

    def row(self, array: str, index: Any) -> str:
        """Where a row begins."""
        return self.f.offset(array, index * self.columns, self.dtype)

    def load(self, array: str, index: Any, lanes: int = 1, mask: Any = None) -> Any:
        """Some elements of an array."""
        return self.f.load(self.f.offset(array, index, self.dtype), self.dtype, lanes, mask)

    def store(self, x: Any, array: str, index: Any, mask: Any = None) -> None:
        """Write some elements of an array."""
        self.f.store(x, self.f.offset(array, index, self.dtype), mask)

    def sums(self, count: int, elements: Callable[[Any, int, Any], Sequence[Any]]) -> list[Any]:
        """Sums along a row; ``elements(index, lanes, mask)`` gives what is added to each."""
        f, s, lanes = self.f, self.s, self.lanes
        wide = SUMS * lanes
        whole = self.columns // wide * wide
        zero = s.constant(0.0, self.dtype)
        none = s.constant(0.0, "float64")
        with f.loop(0, whole, TURNS * wide, carried=[none] * count) as block:
            end = s.binary("minimum", block.index + TURNS * wide, whole)
            with f.loop(block.index, end, wide, carried=[s.splat(zero, wide)] * count) as turn:
                found = elements(turn.index, wide, None)
                turn.carry(*[x + y for x, y in zip(turn.values, found, strict=True)])
            parts = [s.cast(f.reduce("add", x), "float64") for x in turn.results]
            block.carry(*[x + y for x, y in zip(block.values, parts, strict=True)])
        firsts = block.results
        with f.loop(whole, self.columns, lanes, carried=[s.splat(zero, lanes)] * count) as turn:
            mask = f.tail_mask(self.columns - turn.index, lanes)
            found = [s.where(mask, x, zero) for x in elements(turn.index, lanes, mask)]
            turn.carry(*[x + y for x, y in zip(turn.values, found, strict=True)])
        lasts = [s.cast(f.reduce("add", x), "float64") for x in turn.results]
        return [s.cast(x + y, self.dtype) for x, y in zip(firsts, lasts, strict=True)]

    def each(self, write: Callable[[Any, int, Any], None]) -> None:
        """``write(index, lanes, mask)`` for all elements of a row."""
        f, wide = self.f, SUMS * self.lanes
        whole = self.columns // wide * wide
        for start, stop, lanes in ((0, whole, wide), (whole, self.columns, self.lanes)):
            with f.loop(start, stop, lanes) as turn:
                mask = None if lanes == wide else f.tail_mask(stop - turn.index, lanes)
                write(turn.index, lanes, mask)

    def mean_of(self, x: str) -> Any:
        """The mean of a row."""
        (total,) = self.sums(1, lambda *where: [self.load(x, *where)])
        return total / self.length

    def squares_about(self, x: str, mean: Any) -> Any:
        """The sum of the squares of a row's differences from a number; of itself if ``None``."""

        def square(*where: Any) -> list[Any]:
            centred = self.load(x, *where)
            centred = centred if mean is None else centred - mean
            return [centred * centred]

        return self.sums(1, square)[0]

    def statistics(self, x: str, centre: bool) -> tuple[Any, Any]:
        """The mean of a row (``None`` if it stays), and 1 over its standard deviation."""
        mean = self.mean_of(x) if centre else None
        variance = self.squares_about(x, mean) / self.length
        eps = self.s.cast(self.f.value("%eps", "float64"), self.dtype)
        one = self.s.constant(1.0, self.dtype)
        return mean, one / self.s.sqrt(variance + eps)


def _write_moments(w: _Sweep) -> None:
    with w.f.loop(w.begin, w.end) as turn:
        x = w.row("%x", turn.index)
        mean = w.mean_of(x)
        w.store(mean, "%mean", turn.index)
        w.store(w.squares_about(x, mean), "%squares", turn.index)


def _write_sums_about(w: _Sweep) -> None:
    with w.f.loop(w.begin, w.end) as turn:
        g, x, level = w.row("%g", turn.index), w.row("%x", turn.index), w.load("%level", turn.index)

        def elements(*where: Any) -> list[Any]:
            along = w.load(g, *where)
            return [along, along * (w.load(x, *where) - level)]

        first, second = w.sums(2, elements)
        w.store(first, "%first", turn.index)
        w.store(second, "%second", turn.index)


def _write_scaled(w: _Sweep) -> None:
    with w.f.loop(w.begin, w.end) as turn:
        x, out = w.row("%x", turn.index), w.row("%out", turn.index)
        scale, shift = w.load("%scale", turn.index), w.load("%shift", turn.index)

        def write(index: Any, lanes: int, mask: Any) -> None:
            w.store(w.load(x, index, lanes, mask) * scale + shift, out, index, mask)

        w.each(write)


def _write_rectified(w: _Sweep) -> None:
    with w.f.loop(w.begin, w.end) as turn:
        x, out = w.row("%x", turn.index), w.row("%out", turn.index)
        slope = w.load("%slope", turn.index)

        def write(index: Any, lanes: int, mask: Any) -> None:
            found = w.load(x, index, lanes, mask)
            w.store(w.s.where(found > 0, found, found * slope), out, index, mask)

        w.each(write)


def _write_combined(w: _Sweep) -> None:
    with w.f.loop(w.begin, w.end) as turn:
        g, x, out = (w.row(name, turn.index) for name in ("%g", "%x", "%out"))
        level, a, b, c = (w.load(name, turn.index) for name in ("%level", "%a", "%b", "%c"))

        def write(index: Any, lanes: int, mask: Any) -> None:
            centred = w.load(x, index, lanes, mask) - level
            w.store(w.load(g, index, lanes, mask) * a + (centred * b + c), out, index, mask)

        w.each(write)


def _write_layer(w: _Sweep, centre: bool = True) -> None:
    with w.f.loop(w.begin, w.end) as turn:
        x, out = w.row("%x", turn.index), w.row("%out", turn.index)
        mean, factor = w.statistics(x, centre)

        def write(index: Any, lanes: int, mask: Any) -> None:
            unit = w.load(x, index, lanes, mask)
            unit = (unit if mean is None else unit - mean) * factor
            weight, bias = (w.load(name, index, lanes, mask) for name in ("%weight", "%bias"))
            w.store(unit * weight + bias, out, index, mask)

        w.each(write)


def _write_layer_gradient(w: _Sweep, centre: bool = True) -> None:
    number = w.begin // w.f.value("%grain", "int64")
    dw, db = w.row("%dw", number), w.row("%db", number)
    with w.f.loop(w.begin, w.end) as turn:
        g, x, out = (w.row(name, turn.index) for name in ("%g", "%x", "%out"))
        mean, factor = w.statistics(x, centre)

        def seen(*where: Any) -> tuple[Any, Any, Any]:
            unit = w.load(x, *where)
            unit = (unit if mean is None else unit - mean) * factor
            along = w.load(g, *where)
            return along, along * w.load("%weight", *where), unit

        def elements(*where: Any) -> list[Any]:
            _, weighted, unit = seen(*where)
            return [weighted * unit, weighted] if centre else [weighted * unit]

        means = [total / w.length for total in w.sums(2 if centre else 1, elements)]

        def write(index: Any, lanes: int, mask: Any) -> None:
            along, weighted, unit = seen(index, lanes, mask)
            w.store(w.load(dw, index, lanes, mask) + along * unit, dw, index, mask)
            w.store(w.load(db, index, lanes, mask) + along, db, index, mask)
            inner = weighted - unit * means[0]
            inner = inner - means[1] if centre else inner
            w.store(inner * factor, out, index, mask)

        w.each(write)


# Arrays that are written, arrays that are read, numbers, and the code.
_WRITERS: dict[str, tuple[Sequence[str], Sequence[str], Sequence[str], Callable]] = {
    "moments": (("mean", "squares"), ("x",), (), _write_moments),
    "sums_about": (("first", "second"), ("g", "x", "level"), (), _write_sums_about),
    "scaled": (("out",), ("x", "scale", "shift"), (), _write_scaled),
    "rectified": (("out",), ("x", "slope"), (), _write_rectified),
    "combined": (("out",), ("g", "x", "level", "a", "b", "c"), (), _write_combined),
    "layer": (("out",), ("x", "weight", "bias"), ("eps",), _write_layer),
    "rms": (("out",), ("x", "weight", "bias"), ("eps",), lambda w: _write_layer(w, False)),
    "layer_gradient": (
        ("out", "dw", "db"), ("g", "x", "weight"), ("eps",), _write_layer_gradient,
    ),
    "rms_gradient": (
        ("out", "dw", "db"), ("g", "x", "weight"), ("eps",),
        lambda w: _write_layer_gradient(w, False),
    ),
}  # fmt: skip
