"""Single operations on large arrays as native code, for eager mode.

Where NumPy needs several sweeps over an array, or has no vector instructions for a function,
one compiled sweep takes a tenth of the time. The code is the same as in compiled programs: each
element by the record's expression (:mod:`flambeau.core.scalar`). It is compiled for a type and
for parameters, not for a shape, and is found on the disk the next time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from flambeau.compiler.draws import fill_normal as fill_normal
from flambeau.compiler.draws import fill_permutation as fill_permutation
from flambeau.compiler.llvm import Module
from flambeau.compiler.llvm.function import Function
from flambeau.compiler.norm_kernels import combined_rows as combined_rows
from flambeau.compiler.norm_kernels import normalised_rows as normalised_rows
from flambeau.compiler.norm_kernels import normalised_rows_gradient as normalised_rows_gradient
from flambeau.compiler.norm_kernels import rectified_rows as rectified_rows
from flambeau.compiler.norm_kernels import row_moments as row_moments
from flambeau.compiler.norm_kernels import row_sums_about as row_sums_about
from flambeau.compiler.norm_kernels import scaled_rows as scaled_rows
from flambeau.compiler.pooling_kernels import region_maxima as region_maxima
from flambeau.compiler.product_kernels import copy as copy
from flambeau.compiler.product_kernels import products as products
from flambeau.compiler.recurrent_kernels import lstm_step as lstm_step
from flambeau.compiler.recurrent_kernels import sequences_of_a_thread as sequences_of_a_thread
from flambeau.compiler.row_kernels import log_softmax as log_softmax
from flambeau.compiler.row_kernels import running_sums as running_sums
from flambeau.compiler.row_kernels import softmax as softmax
from flambeau.compiler.row_kernels import sums_of_rows as sums_of_rows
from flambeau.compiler.row_kernels import total as total
from flambeau.compiler.row_kernels import total_of_squares as total_of_squares
from flambeau.compiler.run import Array, Float, Int, Signature, compile_module, define_entry
from flambeau.compiler.scatter_kernels import add_rows as add_rows
from flambeau.compiler.sharing import CHUNK, KINDS, share

WIDE = 4  # vectors that are computed side by side

Expression = Callable[..., Any]


def elementwise(
    name: str, expression: Expression, operands: tuple[Any, ...], params: tuple[Any, ...]
) -> np.ndarray | None:
    """An elementwise operation on arrays of one shape, type and layout, and on numbers.

    Args:
        name: of the record.
        expression: its ``scalar``; the result has the operands' type.
        operands: arrays; those without dimensions are numbers.
        params: the record's parameters.

    Returns:
        the result; ``None`` for operands of another kind.
    """
    arrays = [x for x in operands if x is not None and x.ndim]
    if not arrays:
        return None
    shape, dtype = arrays[0].shape, arrays[0].dtype
    order = "C" if arrays[0].flags.c_contiguous else "F"
    contiguous = "c_contiguous" if order == "C" else "f_contiguous"
    if dtype not in KINDS or not all(
        [x.shape == shape and x.dtype == dtype and getattr(x.flags, contiguous) for x in arrays]
    ):
        return None
    pattern = "".join(["_" if x is None else "a" if x.ndim else "n" for x in operands])
    given = [x.ravel(order) if x.ndim else float(x) for x in operands if x is not None]
    entry = _elementwise_entry(name, expression, KINDS[dtype], pattern, params)
    out = np.empty(shape, dtype, order)
    return out if entry(out.ravel(order), *given, out.size) else None


@lru_cache(maxsize=256)
def _elementwise_entry(
    name: str, expression: Expression, dtype: str, pattern: str, params: tuple[Any, ...]
) -> Any:
    """The native function ``(out, *arrays and numbers, count)``."""
    module = Module()
    kinds = [k for k in pattern if k != "_"]
    memory = [Array(dtype, (None,)) if k == "a" else Float() for k in kinds]
    signature = Signature(
        (Array(dtype, (None,), writable=True), *memory, Int()),
        release_gil=True,
        flush_denormals=False,
    )

    def compute(f: Function, start: Any, lanes: int, mask: Any) -> None:
        f.store(
            expression(f.scalar, *_values(f, dtype, pattern, start, lanes, mask), *params),
            f.offset("%out", start, dtype),
            mask,
            lanes=lanes,
        )

    _write_sweep(module, dtype, kinds, compute)
    exported = define_entry(module, name, "kernel", signature)
    return compile_module(module, [exported]).entry(exported, signature, name)


def _values(f: Function, dtype: str, pattern: str, start: Any, lanes: int, mask: Any) -> list[Any]:
    """The operands of some elements, in the record's order."""
    values, position = [], 0
    for kind in pattern:
        if kind == "_":
            values.append(None)
            continue
        if kind == "a":
            values.append(f.load(f.offset(f"%x{position}", start, dtype), dtype, lanes, mask))
        else:
            values.append(f.scalar.cast(f.value(f"%x{position}", "float64"), dtype))
        position += 1
    return values


def _write_sweep(
    module: Module, dtype: str, kinds: list[str], compute: Callable[[Function, Any, int, Any], None]
) -> None:
    """``kernel(out, operands..., n)``: computes all elements, in chunks if there are many."""
    lanes = module.target.lanes(32 if dtype == "float32" else 64)
    operands = [("ptr" if kind == "a" else "double", f"x{i}") for i, kind in enumerate(kinds)]
    parameters = [("ptr", "out"), *operands]
    with module.function("span", [*parameters, ("i64", "begin"), ("i64", "end")]) as f:
        begin, end = f.value("%begin", "int64"), f.value("%end", "int64")
        whole = begin + (end - begin) // (WIDE * lanes) * (WIDE * lanes)
        with f.loop(begin, whole, WIDE * lanes) as turn:
            compute(f, turn.index, WIDE * lanes, None)
        with f.loop(whole, end, lanes) as turn:
            compute(f, turn.index, lanes, f.tail_mask(end - turn.index, lanes))
    share(module, parameters, CHUNK)
