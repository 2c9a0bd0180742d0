"""Random numbers for eager mode as native code: the stream's own bits, in any number."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from flambeau.compiler.llvm import Module
from flambeau.compiler.loops.draw import DrawWriter
from flambeau.compiler.run import Array, Int, Signature, compile_module, define_entry
from flambeau.random.engine import STATE_WORDS


def fill_normal(words: np.ndarray, out: np.ndarray) -> bool:
    """Fill a flat array with standard normal samples, sixteen or more.

    Args:
        words: the generator's state.
        out: float32 or float64, contiguous.

    Returns:
        whether it was done; nothing has changed otherwise.
    """
    return _entry("normal", out.dtype.name)(words, out, out.size)


def fill_permutation(words: np.ndarray, out: np.ndarray) -> bool:
    """Fill a flat array of int64 with a random order of 0, 1, 2..."""
    return _entry("permutation", out.dtype.name)(words, out, out.size)


@lru_cache(maxsize=8)
def _entry(mode: str, dtype: str) -> Any:
    module = Module()
    signature = Signature(
        (Array("uint32", (STATE_WORDS + 1,), True), Array(dtype, (None,), True), Int()),
        flush_denormals=False,
    )
    given = (0.0, 1.0) if mode == "normal" else ()
    DrawWriter((mode, *given), dtype).write(module, "fill")
    exported = define_entry(module, f"fill_{mode}", "fill", signature)
    return compile_module(module, [exported]).entry(exported, signature, f"fill_{mode}")
