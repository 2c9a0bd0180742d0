"""Sums, softmax and running sums of long or many rows as native code, for eager mode.

Each works on a row-major array of rows. A row is summed in a fixed number of partial sums, so that
results depend on its length alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from flambeau.compiler.llvm import Module
from flambeau.compiler.llvm.function import Function
from flambeau.compiler.run import Array, Int, Signature, compile_module, define_entry
from flambeau.compiler.sharing import CHUNK, KINDS, share

SUMS = 4  # vectors of partial sums
BLOCK = 4096  # elements of a part, where everything is summed
TOGETHER = 8  # rows whose running sums are computed side by side, as each waits for itself


def sums_of_rows(x: np.ndarray) -> np.ndarray | None:
    """Sums along the last dimension; ``None`` for arrays of another kind."""
    return _run("sum", x, x.shape[:-1])


def softmax(x: np.ndarray) -> np.ndarray | None:
    """Softmax along the last dimension; ``None`` for arrays of another kind."""
    return _run("softmax", x, x.shape)


def log_softmax(x: np.ndarray) -> np.ndarray | None:
    """Logarithm of the softmax along the last dimension; ``None`` for arrays of another kind."""
    return _run("log_softmax", x, x.shape)


def running_sums(x: np.ndarray) -> np.ndarray | None:
    """Running sums, in float64, along the last dimension; ``None`` for arrays of another kind."""
    return _run("running", x, x.shape)


def total(x: np.ndarray) -> Any:
    """The sum of all elements; ``None`` for few of them and for arrays of another kind.

    Parts of 4096 elements are summed in the array's type, their sums in float64.
    """
    return _in_parts("sum", x)


def total_of_squares(x: np.ndarray) -> Any:
    """The sum of the squares of all elements, as :func:`total` adds them."""
    return _in_parts("squares", x)


def _in_parts(name: str, x: np.ndarray) -> Any:
    if not x.flags.c_contiguous:
        x = x.T  # the order of summing does not matter, that of the memory does
    if not x.flags.c_contiguous:
        return None
    flat = x.reshape(-1)
    whole = flat.size // BLOCK * BLOCK
    if not whole:
        return None
    parts = _run(name, flat[:whole].reshape(-1, BLOCK), (whole // BLOCK,))
    if parts is None:
        return None
    result = np.add.reduce(parts, dtype=np.float64)
    if whole < flat.size:
        rest = _run(name, flat[whole:].reshape(1, -1), (1,))
        result += rest[0]  # type: ignore[index]
    return np.asarray(result).astype(x.dtype)


def _run(name: str, x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    if x.dtype not in KINDS or not x.flags.c_contiguous or not x.size:
        return None
    columns = x.shape[-1]
    rows = x.size // columns
    out = np.empty(shape, x.dtype)
    entry = _entry(name, KINDS[x.dtype])
    grain = max(1, CHUNK // columns)
    if name == "running":  # rows go together
        grain = -(-grain // TOGETHER) * TOGETHER
    done = entry(out.reshape(-1), x.reshape(-1), columns, grain, rows)
    return out if done else None


@lru_cache(maxsize=16)
def _entry(name: str, dtype: str) -> Any:
    """The native function ``(out, x, columns, grain, rows)``."""
    module = Module()
    signature = Signature(
        (Array(dtype, (None,), True), Array(dtype, (None,)), Int(), Int(), Int()),
        release_gil=True,
        flush_denormals=False,
    )
    parameters = [("ptr", "out"), ("ptr", "x"), ("i64", "columns"), ("i64", "grain")]
    with module.function("span", [*parameters, ("i64", "begin"), ("i64", "end")]) as f:
        _WRITERS[name](_Rows(f, dtype))
    share(module, parameters, "grain")
    exported = define_entry(module, f"rows_{name}", "kernel", signature)
    return compile_module(module, [exported]).entry(exported, signature, f"rows_{name}")


class _Rows:
    """Loops over rows and along them."""

    def __init__(self, f: Function, dtype: str) -> None:
        self.f, self.s, self.dtype = f, f.scalar, dtype
        self.lanes = f.module.target.lanes(32 if dtype == "float32" else 64)
        self.columns = f.value("%columns", "int64")
        self.begin, self.end = f.value("%begin", "int64"), f.value("%end", "int64")

    def row(self, array: str, index: Any) -> str:
        """Where a row begins."""
        return self.f.offset(array, index * self.columns, self.dtype)

    def reduce(
        self, operation: str, neutral: float, element: Callable[[Any, int, Any], Any]
    ) -> Any:
        """All elements of a row combined; ``element(index, lanes, mask)`` gives some of them."""
        f, s, lanes = self.f, self.s, self.lanes
        wide = SUMS * lanes
        whole = self.columns // wide * wide
        start = s.splat(s.constant(neutral, self.dtype), wide)
        with f.loop(0, whole, wide, carried=[start]) as turn:
            turn.carry(s.binary(operation, turn.values[0], element(turn.index, wide, None)))
        first = f.reduce(operation, turn.results[0])
        start = s.splat(s.constant(neutral, self.dtype), lanes)
        with f.loop(whole, self.columns, lanes, carried=[start]) as turn:
            mask = f.tail_mask(self.columns - turn.index, lanes)
            found = s.where(mask, element(turn.index, lanes, mask), start)
            turn.carry(s.binary(operation, turn.values[0], found))
        return s.binary(operation, first, f.reduce(operation, turn.results[0]))

    def each(self, source: str, target: str, meaning: Callable[[Any], Any]) -> None:
        """Write a function of the elements of one row to another."""
        f, wide = self.f, SUMS * self.lanes
        whole = self.columns // wide * wide
        for start, stop, lanes in ((0, whole, wide), (whole, self.columns, self.lanes)):
            with f.loop(start, stop, lanes) as turn:
                mask = None if lanes == wide else f.tail_mask(stop - turn.index, lanes)
                x = f.load(f.offset(source, turn.index, self.dtype), self.dtype, lanes, mask)
                f.store(meaning(x), f.offset(target, turn.index, self.dtype), mask)


def _write_sum(rows: _Rows, of: Callable[[Any], Any] = lambda x: x) -> None:
    f = rows.f
    with f.loop(rows.begin, rows.end) as turn:
        source = rows.row("%x", turn.index)

        def element(index: Any, lanes: int, mask: Any) -> Any:
            return of(f.load(f.offset(source, index, rows.dtype), rows.dtype, lanes, mask))

        result = rows.reduce("add", 0.0, element)
        f.store(result, f.offset("%out", turn.index, rows.dtype))


def _write_softmax(rows: _Rows, logarithm: bool = False) -> None:
    f, s = rows.f, rows.s
    with f.loop(rows.begin, rows.end) as turn:
        source, target = rows.row("%x", turn.index), rows.row("%out", turn.index)

        def loaded(index: Any, lanes: int, mask: Any) -> Any:
            return f.load(f.offset(source, index, rows.dtype), rows.dtype, lanes, mask)

        largest = rows.reduce("maximum", float("-inf"), loaded)

        def weight(index: Any, lanes: int, mask: Any) -> Any:
            found = s.exp(loaded(index, lanes, mask) - largest)
            if not logarithm:
                f.store(found, f.offset(target, index, rows.dtype), mask)
            return found

        added = rows.reduce("add", 0.0, weight)
        if logarithm:
            shift = s.log(added)
            rows.each(source, target, lambda x: (x - largest) - shift)
        else:
            rows.each(target, target, lambda x: x / added)


def _write_running(rows: _Rows) -> None:
    f = rows.f
    whole = rows.begin + (rows.end - rows.begin) // TOGETHER * TOGETHER
    for start, stop, together in ((rows.begin, whole, TOGETHER), (whole, rows.end, 1)):
        with f.loop(start, stop, together) as turn:
            sources = [rows.row("%x", turn.index + k) for k in range(together)]
            targets = [rows.row("%out", turn.index + k) for k in range(together)]
            zero = f.constant(0.0, "float64")
            with f.loop(0, rows.columns, carried=[zero] * together) as along:
                sums = []
                for k in range(together):
                    x = f.load(f.offset(sources[k], along.index, rows.dtype), rows.dtype)
                    found = along.values[k] + f.scalar.cast(x, "float64")
                    place = f.offset(targets[k], along.index, rows.dtype)
                    f.store(f.scalar.cast(found, rows.dtype), place)
                    sums.append(found)
                along.carry(*sums)


_WRITERS: dict[str, Callable[[_Rows], None]] = {
    "sum": _write_sum,
    "squares": lambda rows: _write_sum(rows, lambda x: x * x),
    "softmax": _write_softmax,
    "log_softmax": lambda rows: _write_softmax(rows, logarithm=True),
    "running": _write_running,
}
