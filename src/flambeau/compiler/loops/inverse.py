"""Samples by the C library's functions, one at a time, with the bits of eager code.

Uniform samples of 53 bits through the inverse of a distribution function; and normal samples in
pairs, of which a half that is left over waits in the generator.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.types import literal
from flambeau.compiler.llvm.value import Value

WIDE_MASK = (1 << 53) - 1


def call(f: Function, function: str, *arguments: str) -> str:
    """A function of the C library, or an intrinsic, of numbers in double precision."""
    kinds = ", ".join(["double"] * len(arguments))
    f.module.declare(function, f"double @{function}({kinds})")
    return f.emit(f"call double @{function}({', '.join(f'double {x}' for x in arguments)})")


def pair_of_words(f: Function, words: str, index: int) -> str:
    """Two of the generator's words as one of 64 bits, of which the first makes the upper half."""
    halves = []
    for number in (2 * index, 2 * index + 1):
        place = f.emit(f"getelementptr i32, ptr {words}, i64 {number}")
        halves.append(f.emit(f"zext i32 {f.emit(f'load i32, ptr {place}, align 4')} to i64"))
    return f.emit(f"or i64 {f.emit(f'shl i64 {halves[0]}, 32')}, {halves[1]}")


def unit53(f: Function, bits: str) -> str:
    """A multiple of 2**-53 in [0, 1), of 64 bits."""
    made = f.emit(f"sitofp i64 {f.emit(f'and i64 {bits}, {WIDE_MASK}')} to double")
    return f.emit(f"fmul double {made}, {_number(2.0**-53)}")


def rounded(f: Function, x: str, dtype: str) -> str:
    """A number in double precision in the samples' own."""
    return x if dtype == "float64" else f.emit(f"fptrunc double {x} to float")


def _number(x: float) -> str:
    return literal(x, "float64")


def _fused(f: Function, x: str, factor: float, summand: float) -> str:
    return call(f, "llvm.fma.f64", x, _number(factor), _number(summand))


# --- inverse functions ------------------------------------------------------------------------


def _exponential(f: Function, u: str, factor: float) -> str:
    logarithm = call(f, "log1p", f.emit(f"fneg double {u}"))
    return f.emit(f"fmul double {_number(factor)}, {logarithm}")


def _geometric(f: Function, u: str, scale: float) -> str:
    trials = f.emit(f"fdiv double {call(f, 'log', u)}, {_number(scale)}")
    return call(f, "llvm.ceil.f64", trials)


def _cauchy(f: Function, u: str, median: float, sigma: float) -> str:
    centred = f.emit(f"fsub double {u}, 0.5")
    angle = f.emit(f"fmul double {_number(math.pi)}, {centred}")
    return _fused(f, call(f, "tan", angle), sigma, median)


INVERSE: dict[str, Callable[..., str]] = {
    "exponential": _exponential,
    "geometric": _geometric,
    "cauchy": _cauchy,
}


# --- normal samples in pairs --------------------------------------------------------------------


def _write_pairs(
    f: Function, count: Value, dtype: str, mean: float, std: float, *, exponential: bool
) -> None:
    """radius = sqrt(-2 log1p(-u2)), angle = 2 pi u1: the cosine first, then the sine."""
    words = f.allocate("int32", 4)

    def put(sample: str, index: Value | int) -> None:
        made = _fused(f, sample, std, mean)
        made = rounded(f, call(f, "exp", made) if exponential else made, dtype)
        f.store(f.value(made, dtype), f.offset("%out", index, dtype))

    waiting = f.load("%waiting", "float64")
    is_there = f.value(f.emit(f"fcmp ord double {waiting.name}, {waiting.name}"), "bool")
    with f.when(is_there):
        put(waiting.name, 0)
        f.line(f"store double {_number(math.nan)}, ptr %waiting")
    with f.loop(f.scalar.cast(is_there, "int64"), count, 2) as loop:
        f.call(f"@flambeau.words(ptr %state, ptr {words}, i64 4)")
        first, second = (unit53(f, pair_of_words(f, words, i)) for i in (0, 1))
        logarithm = call(f, "log1p", f.emit(f"fneg double {second}"))
        square = f.emit(f"fmul double {_number(-2.0)}, {logarithm}")
        radius = call(f, "llvm.sqrt.f64", square)
        angle = f.emit(f"fmul double {_number(2.0 * math.pi)}, {first}")
        put(f.emit(f"fmul double {radius}, {call(f, 'cos', angle)}"), loop.index)
        sine = f.emit(f"fmul double {radius}, {call(f, 'sin', angle)}")
        after = loop.index + 1
        with f.when(after < count):
            put(sine, after)
        with f.when(after == count):
            f.line(f"store double {sine}, ptr %waiting")


PAIRED: dict[str, Callable[..., None]] = {
    "pairs": partial(_write_pairs, exponential=False),
    "log_normal": partial(_write_pairs, exponential=True),
}
