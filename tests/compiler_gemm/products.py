"""Compiles matrix products and runs them on NumPy arrays, for the tests of this folder."""

from __future__ import annotations

import ctypes
from itertools import pairwise

import numpy as np

from flambeau.compiler.llvm import Module, Target, default
from flambeau.compiler.loops.gemm import emit_gemm
from flambeau.compiler.loops.gemm_plan import GemmPlan
from flambeau.compiler.loops.gemm_spec import Gemm, Matrix
from flambeau.compiler.run.engine import compile_module
from flambeau.core.scalar_numpy import numpy_dtype

POINTERS = ctypes.c_void_p
COUNT = ctypes.c_int64


def aligned(size: int) -> np.ndarray:
    """Memory at a multiple of 64, full of bits that are NaN in every type."""
    memory = np.full(size + 64, 255, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size]


class Product:
    """A compiled product; its calls may deal out the tasks in ranges, in any order."""

    def __init__(self, gemm: Gemm, target: Target | None = None, plan: GemmPlan | None = None):
        module = Module(target or default())
        self.gemm = gemm
        self.functions = emit_gemm(module, "product", gemm, plan)
        exports = ["product"] + ([self.functions.pack] if self.functions.pack else [])
        self.handle = compile_module(module, exports)
        self.scratch = aligned(self.functions.scratch_bytes)
        self.packed = aligned(self.functions.packed_bytes)

    def pack(self, operand: np.ndarray, ranges: int = 1, hooks=()) -> None:
        """Packs the operand that is packed ahead, tasks dealt out in so many ranges."""
        done = self.functions
        pack = self.function(done.pack, 2, done.pack_parameters)
        for begin, end in dealt(done.pack_tasks, ranges):
            pack(address(operand), address(self.packed), begin, end, *hooks)

    def multiply(self, a, b, c, ranges: int = 1, hooks=()) -> None:
        """Computes C from operands of which one may be packed already."""
        done = self.functions
        if done.pack:
            a, b = (self.packed, b) if done.packs == "a" else (a, self.packed)
        product = self.function("product", 4, done.parameters)
        for begin, end in dealt(done.tasks, ranges):
            self.scratch[:] = 255
            product(*map(address, (a, b, c, self.scratch)), begin, end, *hooks)

    def __call__(self, a, b, c, ranges: int = 1, hooks=(), pack_hooks=()) -> None:
        if self.functions.pack:
            self.pack(a if self.functions.packs == "a" else b, ranges, pack_hooks)
        self.multiply(a, b, c, ranges, hooks)

    def function(self, name, pointers, parameters):
        kinds = [POINTERS] * pointers + [COUNT] * 2 + [POINTERS for _ in parameters]
        return self.handle.function(name, None, *kinds)


def address(array: np.ndarray) -> int:
    """Where an array's first element is."""
    return array.__array_interface__["data"][0]


def dealt(tasks: int, ranges: int) -> list[tuple[int, int]]:
    """All tasks in nearly equal ranges, the last first."""
    edges = [tasks * i // ranges for i in range(ranges + 1)]
    return list(pairwise(edges))[::-1]


def described(a, b, c, **options) -> Gemm:
    """The product that views A (m, k), B (k, n) and C (m, n), or batches of them, ask for."""
    c3 = c if c.ndim == 3 else c[None]
    m, n = c3.shape[1:]
    return Gemm(
        m, n, a.shape[-1], strides(a), strides(b), strides(c),
        dtype=c.dtype.name, batch=c3.shape[0], **options,
    )  # fmt: skip


def strides(x: np.ndarray) -> Matrix:
    """A view's strides in elements."""
    steps = [s // x.itemsize for s in x.strides]
    return Matrix(steps[-2], steps[-1], steps[0] if x.ndim == 3 else 0)


def random(shape, dtype="float32", seed=0) -> np.ndarray:
    """Normal numbers."""
    values = np.random.default_rng(seed).standard_normal(shape)
    return values.astype(numpy_dtype(dtype))


def operands(m, n, k, layout="NN", dtype="float32", batch=None, seed=0):
    """Row-major operands, each stored as is (N) or transposed (T), seen as A, B and an empty C."""
    lead = () if batch is None else (batch,)
    a = random((*lead, m, k) if layout[0] == "N" else (*lead, k, m), dtype, seed)
    b = random((*lead, k, n) if layout[1] == "N" else (*lead, n, k), dtype, seed + 1)
    a = a if layout[0] == "N" else np.swapaxes(a, -1, -2)
    b = b if layout[1] == "N" else np.swapaxes(b, -1, -2)
    result = "float64" if dtype == "float64" else "float32"
    return a, b, np.full((*lead, m, n), np.nan, result)


def assert_product(c, a, b, alpha=1.0, before=0.0):
    """C is alpha A B + before, within what rounding k products and their sums can do."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    k = a.shape[-1]
    exact = alpha * (a @ b) + before
    size = abs(alpha) * (np.abs(a) @ np.abs(b)) + np.abs(before)
    bound = (k + 3) * np.finfo(c.dtype).eps * size
    assert np.all(np.abs(c - exact) <= bound)
