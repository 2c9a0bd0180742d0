"""The gates of recurrent layers as native code, for eager mode: a step of a batch in one sweep."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from flambeau.compiler.llvm import Module
from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.value import Value
from flambeau.compiler.run import Array, Int, Signature, compile_module, define_entry
from flambeau.compiler.sharing import KINDS, share

CHUNK = 2**12  # elements of the state that one thread computes at a time

_WRITTEN = ("out", "cell", "gates")
_READ = ("projected", "product", "bias", "before")
_NUMBERS = ("place", "cell_at", "before_at", "gates_apart", "size", "grain")


def lstm_step(dtype: np.dtype, saved: bool) -> Any:
    """The native function of one step of an LSTM, from its products to its states.

    It takes flat arrays: the output of all rows, cells, gates (written only if ``saved``, each
    ``gates_apart`` after the other), all rows' projected inputs, the step's products, the bias, and
    the cells before it; then the step's first row, where in the cells it writes, where the cells
    before it begin, ``gates_apart``, the size of a state, how many sequences a thread takes, and
    how many there are.
    """
    return _lstm_entry(KINDS[dtype], saved)


def sequences_of_a_thread(size: int) -> int:
    """How many sequences one thread computes at a time."""
    return max(1, CHUNK // max(size, 1))


@lru_cache(maxsize=4)
def _lstm_entry(dtype: str, saved: bool) -> Any:
    module = Module()
    signature = Signature(
        (
            *[Array(dtype, (None,), True) for _ in _WRITTEN],
            *[Array(dtype, (None,)) for _ in _READ],
            *[Int()] * (len(_NUMBERS) + 1),
        ),
        release_gil=True,
        flush_denormals=False,
    )
    parameters = [*[("ptr", p) for p in (*_WRITTEN, *_READ)], *[("i64", n) for n in _NUMBERS]]
    with module.function("span", [*parameters, ("i64", "begin"), ("i64", "end")]) as f:
        _write_lstm_step(f, dtype, saved)
    share(module, parameters, "grain")
    name = f"lstm_step_{'saved' if saved else 'only'}"
    exported = define_entry(module, name, "kernel", signature)
    return compile_module(module, [exported]).entry(exported, signature, name)


def _write_lstm_step(f: Function, dtype: str, saved: bool) -> None:
    n = {name: f.value(f"%{name}", "int64") for name in _NUMBERS}
    lanes = f.module.target.lanes(32 if dtype == "float32" else 64)
    begin, end = f.value("%begin", "int64"), f.value("%end", "int64")
    size = n["size"]
    whole = size // lanes * lanes
    with f.loop(begin, end) as turn:
        row = turn.index + n["place"]
        for start, stop, masked in ((size * 0, whole, False), (whole, size, True)):
            with f.loop(start, stop, lanes) as along:
                j = along.index
                mask = f.tail_mask(stop - j, lanes) if masked else None

                def load(name: str, index: Value, mask: Value | None = mask) -> Value:
                    return f.load(f.offset(f"%{name}", index, dtype), dtype, lanes, mask)

                def store(x: Value, name: str, index: Value, mask: Value | None = mask) -> None:
                    f.store(x, f.offset(f"%{name}", index, dtype), mask)

                z = [
                    load("projected", row * size * 4 + size * k + j)
                    + load("product", turn.index * size * 4 + size * k + j)
                    + load("bias", size * k + j)
                    for k in range(4)
                ]
                gates = [f.scalar.tanh(x) if k == 2 else _sigmoid(f, x) for k, x in enumerate(z)]
                place = turn.index * size + j
                cell = gates[1] * load("before", n["before_at"] + place) + gates[0] * gates[2]
                store(cell, "cell", n["cell_at"] + place)
                store(gates[3] * f.scalar.tanh(cell), "out", row * size + j)
                if saved:
                    for k, gate in enumerate(gates):
                        store(gate, "gates", n["gates_apart"] * k + row * size + j)


def _sigmoid(f: Function, x: Value) -> Value:
    one = f.constant(1.0, x.dtype)
    return one / (one + f.scalar.exp(-x))
