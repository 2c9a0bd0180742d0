"""Runs element expressions natively on whole arrays, for the tests of this folder."""

from __future__ import annotations

import ctypes

import numpy as np

from flambeau.compiler.llvm import Module, Target, default
from flambeau.compiler.run.engine import compile_module
from flambeau.core.scalar_numpy import numpy_dtype


def kernel(expression, dtypes, count, target: Target | None = None, lanes=None):
    """A module whose function ``kernel`` applies the expression; and the result's data type."""
    module = Module(target or default())
    lanes = lanes or module.target.lanes(32)
    names = [f"x{k}" for k in range(len(dtypes))]
    result = []
    with module.function("kernel", [*names, "out"]) as f:

        def body(index, mask):
            inputs = [
                f.load(f.offset(f"%{n}", index, d), d, lanes, mask)
                for n, d in zip(names, dtypes, strict=True)
            ]
            value = expression(f.scalar, *inputs)
            result[:] = [value.dtype]
            f.store(value, f.offset("%out", index, value.dtype), mask, lanes=lanes)

        whole = count // lanes * lanes
        if whole:
            with f.loop(0, whole, lanes) as loop:
                body(loop.index, None)
        if count - whole:
            body(f.constant(whole), count - whole)
    return module, result[0]


def run(expression, *arrays, target=None, lanes=None):
    """The expression's value on arrays of one shape, computed natively."""
    arrays = [np.ascontiguousarray(a) for a in arrays]
    dtypes = [a.dtype.name for a in arrays]
    module, dtype = kernel(expression, dtypes, arrays[0].size, target, lanes)
    out = np.zeros(arrays[0].shape, numpy_dtype(dtype))
    handle = compile_module(module, ["kernel"])
    function = handle.function("kernel", None, *[ctypes.c_void_p] * (len(arrays) + 1))
    function(*[a.ctypes.data for a in arrays], out.ctypes.data)
    return out


def units_of_last_place(found, nearest, rest):
    """Errors of float64 results against exact values kept as the nearest number and the rest."""
    return np.abs((found - nearest) / np.spacing(np.abs(nearest)) - rest)
