"""Loops that threads share, for kernels whose sizes are arguments."""

from __future__ import annotations

import numpy as np

from flambeau.compiler.llvm import Module

KINDS = {np.dtype(np.float32): "float32", np.dtype(np.float64): "float64"}
CHUNK = 2**15  # elements that one thread computes at a time


def share(module: Module, parameters: list[tuple[str, str]], grain: int | str) -> None:
    """``kernel(parameters..., n)``: calls ``span(parameters..., begin, end)`` for parts of 0..n.

    Args:
        module: has ``span``.
        parameters: LLVM's types and names.
        grain: how long a part is, a number or one of the parameters; what is longer than four
            of them is shared among threads.
    """

    everything = [*parameters, ("i64", "n")]
    with module.function("chunk", [("ptr", "context"), ("i64", "number")]) as f:
        given = {}
        for place, (kind, name) in enumerate(everything):
            slot = f.offset("%context", 8 * place, "uint8")
            given[name] = kind, f.emit(f"load {kind}, ptr {slot}")
        n = f.value(given.pop("n")[1], "int64")
        part = f.constant(grain) if isinstance(grain, int) else f.value(given[grain][1], "int64")
        begin = f.value("%number", "int64") * part
        end = f.scalar.binary("minimum", begin + part, n)
        listed = ", ".join(f"{kind} {value}" for kind, value in given.values())
        f.call(f"@span({listed}, i64 {begin.name}, i64 {end.name})")
    with module.function("kernel", everything) as f:
        context = f.allocate("int64", len(everything))
        n = f.value("%n", "int64")
        part = f.constant(grain) if isinstance(grain, int) else f.value(f"%{grain}", "int64")
        with f.when(n < part * 4):
            listed = ", ".join(f"{kind} %{name}" for kind, name in parameters)
            f.call(f"@span({listed}, i64 0, i64 %n)")
        with f.when(n >= part * 4):
            for place, (kind, name) in enumerate(everything):
                f.line(f"store {kind} %{name}, ptr {f.offset(context, 8 * place, 'uint8')}")
            f.parallel_for("chunk", context, (n + part - 1) // part)
