"""Random numbers for eager mode as native code: the stream's own bits, in any number.

Compiled programs know how many they draw (:mod:`flambeau.compiler.loops.draw`); here the number
is an argument.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from flambeau.compiler.llvm import Module
from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.twister import define_words
from flambeau.compiler.llvm.types import STORED
from flambeau.compiler.loops.draw import CHUNK, DrawWriter
from flambeau.compiler.loops.normal import BLOCK, define_block
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
    _Writer(mode, dtype).write(module, "fill")
    exported = define_entry(module, f"fill_{mode}", "fill", signature)
    return compile_module(module, [exported]).entry(exported, signature, f"fill_{mode}")


class _Writer(DrawWriter):
    """A drawing whose number of samples is the function's third argument."""

    def __init__(self, mode: str, dtype: str) -> None:
        self.mode, self.dtype = mode, dtype
        self.given = [0.0, 1.0]

    def write(self, module: Module, name: str) -> None:
        define_words(module)
        if self.mode == "normal":
            self._write_chunk(module, f"{name}.chunk")
        with module.function(name, [("ptr", "state"), ("ptr", "out"), ("i64", "n")]) as f:
            if self.mode == "normal":
                self._fill_normal(f, f"{name}.chunk")
            else:
                self._exchange(f)

    def _fill_normal(self, f: Function, chunk: str) -> None:
        n = f.value("%n", "int64")
        with f.loop(0, n, CHUNK) as loop:
            size = f.scalar.binary("minimum", n - loop.index, f.constant(CHUNK))
            place = f.offset("%out", loop.index, self.dtype)
            f.call(f"@{chunk}(ptr %state, ptr {place}, i64 {size.name})")
        block = define_block(f.module, self.dtype, 0.0, 1.0)
        with f.loop(0, n // BLOCK * BLOCK, BLOCK) as loop:
            f.call(f"@{block}(ptr {f.offset('%out', loop.index, self.dtype)})")
        with f.when(n % BLOCK != 0):
            last = f.offset("%out", n - BLOCK, self.dtype)
            f.call(f"@{chunk}(ptr %state, ptr {last}, i64 {BLOCK})")
            f.call(f"@{block}(ptr {last})")

    def _exchange(self, f: Function) -> None:
        """Place i changes places with one of those from i on."""
        kind, n = STORED[self.dtype], f.value("%n", "int64")
        word = f.allocate("int32", 1)
        with f.loop(0, n) as loop:
            f.store(loop.index, f.offset("%out", loop.index, self.dtype))
        with f.loop(0, n - 1) as loop:
            f.call(f"@flambeau.words(ptr %state, ptr {word}, i64 1)")
            drawn = f.emit(f"zext i32 {f.emit(f'load i32, ptr {word}')} to i64")
            left = f.emit(f"sub i64 %n, {loop.index.name}")
            aim = f.emit(f"add i64 {loop.index.name}, {f.emit(f'urem i64 {drawn}, {left}')}")
            places = [
                f.emit(f"getelementptr {kind}, ptr %out, i64 {i}") for i in (loop.index.name, aim)
            ]
            values = [f.emit(f"load {kind}, ptr {place}") for place in places]
            for value, place in zip(values, reversed(places), strict=True):
                f.line(f"store {kind} {value}, ptr {place}")
