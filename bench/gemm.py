"""Generated matrix products against NumPy's BLAS on one thread, interleaved.

Run as `OPENBLAS_NUM_THREADS=1 python bench/gemm.py [--dtype float64] [--only 512]`. Each line is
one product: our time and NumPy's (the quietest of interleaved rounds), the ratio, our speed as a
share of the multiply-add peak measured beside it, and what generating and compiling cost. Ours is
called from a loop of native code, as compiled steps call it; where an operand is packed ahead the
time includes that, except in the lines marked "kept packed". OpenBLAS may not know a new processor
and then uses older kernels: compare with `OPENBLAS_CORETYPE=SkylakeX` as well.
"""

from __future__ import annotations

import argparse
import ctypes
import time

import numpy as np

from flambeau.compiler.llvm import Module, default
from flambeau.compiler.loops.gemm import emit_gemm
from flambeau.compiler.loops.gemm_spec import Gemm, contiguous
from flambeau.compiler.run.engine import compile_module, emit_object

CASES = [
    ("cube", 512, 512, 512, "NN", 1, False),
    ("cube", 1024, 1024, 1024, "NN", 1, False),
    ("cube", 1024, 1024, 1024, "NT", 1, False),
    ("cube", 1024, 1024, 1024, "TN", 1, False),
    ("cube", 2048, 2048, 2048, "NN", 1, False),
    ("MLP forward", 128, 512, 784, "NT", 1, False),
    ("MLP forward, kept packed", 128, 512, 784, "NT", 1, True),
    ("MLP dX", 128, 784, 512, "NN", 1, False),
    ("MLP dW", 512, 784, 128, "TN", 1, False),
    ("wide linear", 64, 128, 9216, "NT", 1, False),
    ("wide linear, kept packed", 64, 128, 9216, "NT", 1, True),
    ("wide linear dX", 64, 9216, 128, "NN", 1, False),
    ("wide linear dW", 128, 9216, 64, "TN", 1, False),
    ("batched", 64, 64, 32, "NN", 48, False),
    ("batched", 64, 64, 32, "NT", 48, False),
    ("batched", 64, 32, 64, "NN", 48, False),
    ("small", 16, 16, 16, "NN", 1, False),
    ("small", 32, 32, 32, "NN", 1, False),
    ("small", 64, 64, 64, "NN", 1, False),
    ("tutorial forward", 100, 32, 3, "NT", 1, False),
    ("tutorial forward", 100, 1, 32, "NT", 1, False),
    ("tutorial dW", 32, 3, 100, "TN", 1, False),
    ("tutorial dW", 1, 32, 100, "TN", 1, False),
    ("outer product", 100, 32, 1, "NN", 1, False),
    ("regression forward", 10000, 1, 21, "NN", 1, False),
    ("regression gradient", 21, 1, 10000, "TN", 1, False),
    ("head", 1000, 10, 784, "NT", 1, False),
    *[
        (f"batch {rows} {what}", *shape, layout, 1, False)
        for rows in (1, 8, 32)
        for what, shape, layout in (
            ("forward", (rows, 512, 784), "NT"),
            ("dX", (rows, 784, 512), "NN"),
            ("dW", (512, 784, rows), "TN"),
        )
    ],
]
ROUNDS = 25
ROUND_SECONDS = 3e-3


class Repeated:
    """A product in native code that runs it a number of times a call."""

    def __init__(self, gemm: Gemm, keep: bool) -> None:
        self.compile_seconds = min(timed(lambda: compiled(gemm)) for _ in range(3))
        module = Module(default())
        done = emit_gemm(module, "product", gemm)
        operands = {"a": "%a", "b": "%b"}
        parameters = [("ptr", name) for name in ("a", "b", "c", "packed", "scratch")]
        with module.function("repeat", [*parameters, ("i64", "turns")]) as f:
            if done.pack:
                packing = f"@{done.pack}(ptr {operands[done.packs]}, ptr %packed, "
                packing += f"i64 0, i64 {done.pack_tasks})"
                operands[done.packs] = "%packed"
                if keep:
                    f.call(packing)
            with f.loop(0, f.value("%turns", "int64")):
                if done.pack and not keep:
                    f.call(packing)
                f.call(
                    f"@product(ptr {operands['a']}, ptr {operands['b']}, ptr %c, "
                    f"ptr %scratch, i64 0, i64 {done.tasks})"
                )
        handle = compile_module(module, ["repeat"])
        pointers = [ctypes.c_void_p] * 5
        self.function = handle.function("repeat", None, *pointers, ctypes.c_int64)
        self.plan, self.tasks = done.plan, done.tasks
        self.packed, self.scratch = aligned(done.packed_bytes), aligned(done.scratch_bytes)

    def __call__(self, a: np.ndarray, b: np.ndarray, c: np.ndarray, turns: int) -> None:
        memory = (a, b, c, self.packed, self.scratch)
        self.function(*[x.ctypes.data for x in memory], turns)


def compiled(gemm: Gemm) -> bytes:
    """The machine code of a product's functions."""
    module = Module(default())
    emit_gemm(module, "product", gemm)
    return emit_object(module.text(), module.target)


def aligned(size: int) -> np.ndarray:
    """Memory at a multiple of 64."""
    memory = np.zeros(size + 64, np.uint8)
    return memory[-memory.ctypes.data % 64 :]


def peak(dtype: str) -> float:
    """Multiply-adds in registers: floating-point operations a second."""
    target = default()
    lanes = target.lanes(np.dtype(dtype).itemsize * 8)
    sums, turns = 24 if target.vector_registers > 16 else 12, 200_000
    module = Module(target)
    with module.function("peak", ["x"]) as f:
        factor = f.load("%x", dtype, lanes)
        start = [f.load("%x", dtype, lanes) for _ in range(sums)]
        with f.loop(0, turns, carried=start) as loop:
            loop.carry(*[f.scalar.ternary("fma", factor, factor, s) for s in loop.values])
        total = loop.results[0]
        for value in loop.results[1:]:
            total = total + value
        f.store(total, "%x")
    function = compile_module(module, ["peak"]).function("peak", None, ctypes.c_void_p)
    x = np.zeros(64, dtype)
    best = min(timed(lambda: function(x.ctypes.data)) for _ in range(20))
    return 2 * lanes * sums * turns / best


def timed(function) -> float:
    """Seconds that one call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(m: int, n: int, k: int, layout: str, batch: int, keep: bool, dtype: str):
    """Our seconds, NumPy's, and the compiled product."""
    gemm = contiguous(m, n, k, layout, batch, dtype=dtype, keep_b=keep)
    ours = Repeated(gemm, keep)
    generator = np.random.default_rng(0)

    def stored(rows: int, columns: int, how: str) -> np.ndarray:
        shape = (rows, columns) if how == "N" else (columns, rows)
        return generator.standard_normal((batch, *shape)).astype(dtype)

    a, b = stored(m, k, layout[0]), stored(k, n, layout[1])
    a_view = a if layout[0] == "N" else a.transpose(0, 2, 1)
    b_view = b if layout[1] == "N" else b.transpose(0, 2, 1)
    if batch == 1:
        a_view, b_view = a_view[0], b_view[0]
    c, expected = np.empty((batch, m, n), dtype), np.matmul(a_view, b_view)
    ours(a, b, c, 1)
    assert np.allclose(c, expected, rtol=1e-3, atol=1e-3 * k**0.5)

    def theirs(turns: int) -> None:
        for _ in range(turns):
            np.matmul(a_view, b_view, out=expected)

    def turns_for(function) -> int:
        function(1)
        return max(1, int(ROUND_SECONDS / timed(lambda: function(1))))

    def our_turns(turns: int) -> None:
        ours(a, b, c, turns)

    rounds = []
    counts = [turns_for(our_turns), turns_for(theirs)]
    for _ in range(ROUNDS):
        seconds = [
            timed(lambda f=f, t=t: f(t)) / t
            for f, t in zip((our_turns, theirs), counts, strict=True)
        ]
        rounds.append(seconds)
    return *(min(column) for column in zip(*rounds, strict=True)), ours


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dtype", default="float32", choices=["float32", "float64"])
    parser.add_argument("--only", default="", help="only cases whose line contains this text")
    options = parser.parse_args()
    top = peak(options.dtype)
    print(f"{options.dtype}; multiply-add peak {top / 1e9:.0f} GF/s\n")
    print("| product | ours us | GF/s | of peak | NumPy us | ratio | compile ms | plan |")
    print("|---|---|---|---|---|---|---|---|")
    for name, m, n, k, layout, batch, keep in CASES:
        title = f"{name} {f'{batch} x ' if batch > 1 else ''}{m}x{n}x{k} {layout}"
        if options.only not in title:
            continue
        ours, theirs, product = compare(m, n, k, layout, batch, keep, options.dtype)
        speed, plan = 2 * m * n * k * batch / ours, product.plan
        print(
            f"| {title} | {ours * 1e6:.3g} | {speed / 1e9:.0f} | {speed / top:.2f} "
            f"| {theirs * 1e6:.3g} | {theirs / ours:.2f} | {product.compile_seconds * 1e3:.0f} "
            f"| {plan.form}{' swapped' if plan.swapped else ''} {plan.rows}x{plan.columns}, "
            f"{product.tasks} tasks |",
            flush=True,
        )


if __name__ == "__main__":
    main()
