"""Random numbers natively: functions that draw from a generator's state.

What is drawn, and in which order, is what :mod:`flambeau.random` draws, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.module import Module
from flambeau.compiler.llvm.twister import define_words, load_words, splat, up_to
from flambeau.compiler.llvm.types import BYTES, ELEMENT, STORED, literal, suffix, vector_type
from flambeau.compiler.llvm.value import Value
from flambeau.compiler.loops.access import type_name
from flambeau.compiler.loops.inverse import INVERSE, PAIRED, pair_of_words, rounded, unit53
from flambeau.compiler.loops.normal import BLOCK, define_block
from flambeau.compiler.record.program import Instruction

CHUNK = 1024  # samples whose words lie on the stack
WIDE_MASK = 0x1FFFFF  # of the first of two words that make 53 bits


class DrawWriter:
    """Writes drawings as functions of the generator's state, the output, and perhaps a count.

    Args:
        mode: how samples are made: ``("uniform", low, span, high)``, ``("normal", mean, std)``,
            ``("below", bound, one)``, ``("integers", base, length, wide)``, ``("permutation",)``,
            ``("slopes", lower, span)``, or one of :mod:`flambeau.compiler.loops.inverse`.
        dtype: of the samples.
        count: how many; ``None`` if the function is told by a third argument.
    """

    def __init__(self, mode: tuple[Any, ...], dtype: str, count: int | None = None) -> None:
        self.mode, *self.given = mode
        self.dtype = dtype
        self.count = count

    @classmethod
    def of(cls, instruction: Instruction) -> DrawWriter:
        """For an instruction of the operation ``draw``, whose first parameter is the mode."""
        (output,) = instruction.outputs
        spec = output.spec
        return cls(instruction.params[0], type_name(spec.dtype), prod(spec.shape))

    def signature(self) -> tuple[object, ...]:
        """What decides the function's text."""
        return ("draw", self.mode, *map(repr, self.given), self.dtype, self.count)

    def write(self, module: Module, name: str) -> None:
        """Write the function."""
        define_words(module)
        chunk = f"{name}.chunk"
        if self.mode not in SINGLE:
            self._write_chunk(module, chunk)
        parameters = [("ptr", "state"), ("ptr", "out")]
        if self.waits:
            parameters.insert(1, ("ptr", "waiting"))
        if self.mode == "slopes":
            parameters.append(("ptr", "x"))
        if self.count is None:
            parameters.append(("i64", "count"))
        with module.function(name, parameters, internal=True) as f:
            count = f.value("%count", "int64") if self.count is None else f.constant(self.count)
            if self.mode in SINGLE:
                SINGLE[self.mode](f, count, self.dtype, *self.given)
                return
            with f.loop(0, count, CHUNK) as loop:
                size = f.scalar.binary("minimum", count - loop.index, f.constant(CHUNK))
                place = f.offset("%out", loop.index, self.dtype)
                f.call(f"@{chunk}(ptr %state, ptr {place}, i64 {size.name})")
            if self.mode == "normal":
                self._make_normal(f, chunk, count)

    @property
    def waits(self) -> bool:
        """Whether it uses and leaves halves of pairs of normal samples."""
        return self.mode in PAIRED

    # --- samples made of one or two words each --------------------------------------------------

    @property
    def _is_wide(self) -> bool:
        if self.mode == "integers":
            return self.given[2]
        return self.mode == "below" or self.mode in INVERSE or self.dtype == "float64"

    def _write_chunk(self, module: Module, name: str) -> None:
        """``void (ptr state, ptr out, i64 count)``: at most ``CHUNK`` samples."""
        each = 2 if self._is_wide else 1
        lanes = module.target.lanes(8 * max(4, BYTES[self.dtype]))
        if self.mode in INVERSE:
            lanes = 1  # the C library's functions take one number
        parameters = [("ptr", "state"), ("ptr", "out"), ("i64", "count")]
        with module.function(name, parameters, internal=True) as f:
            words = f.allocate("int32", each * CHUNK)
            total = f.emit(f"mul i64 %count, {each}")
            f.call(f"@flambeau.words(ptr %state, ptr {words}, i64 {total})")

            def sample(index: str, lanes: int) -> None:
                bits = self._bits(f, words, index, lanes)
                if self.mode in INVERSE:
                    unit = unit53(f, bits)
                    made = rounded(f, INVERSE[self.mode](f, unit, *self.given), self.dtype)
                else:
                    made = getattr(self, f"_{self.mode}")(f, bits, lanes)
                stored = STORED[self.dtype]
                place = f.emit(f"getelementptr {stored}, ptr %out, i64 {index}")
                kind = vector_type(stored, lanes)
                f.line(f"store {kind} {made}, ptr {place}, align {BYTES[self.dtype]}")

            up_to(f, "%count", lanes, sample)

    def _bits(self, f: Function, words: str, index: str, lanes: int) -> str:
        """One word, or two as an i64 of which the first makes the upper half."""
        if not self._is_wide:
            return load_words(f, words, index, lanes)
        start = f.emit(f"shl i64 {index}, 1")
        both = load_words(f, words, start, 2 * lanes)
        halves = []
        for first in (0, 1):
            if lanes == 1:
                half = f.emit(f"extractelement <2 x i32> {both}, i64 {first}")
            else:
                order = ", ".join(f"i32 {2 * k + first}" for k in range(lanes))
                half = f.emit(
                    f"shufflevector <{2 * lanes} x i32> {both}, <{2 * lanes} x i32> poison, "
                    f"<{lanes} x i32> <{order}>"
                )
            small, wide = vector_type("i32", lanes), vector_type("i64", lanes)
            halves.append(f.emit(f"zext {small} {half} to {wide}"))
        wide = vector_type("i64", lanes)
        high = f.emit(f"shl {wide} {halves[0]}, {splat(32, 'i64', lanes)}")
        return f.emit(f"or {wide} {high}, {halves[1]}")

    def _digits(self, f: Function, bits: str, lanes: int) -> tuple[str, str]:
        """The lowest 24 bits of a word, or 53 of two, with their type."""
        element, mask = ("i64", (1 << 53) - 1) if self._is_wide else ("i32", (1 << 24) - 1)
        kind = vector_type(element, lanes)
        return f.emit(f"and {kind} {bits}, {splat(mask, element, lanes)}"), kind

    def _unit(self, f: Function, bits: str, lanes: int) -> str:
        """A number in [0, 1)."""
        digits, kind = self._digits(f, bits, lanes)
        element = ELEMENT[self.dtype]
        real = vector_type(element, lanes)
        step = literal(2.0**-53 if self._is_wide else 2.0**-24, self.dtype)
        made = f.emit(f"sitofp {kind} {digits} to {real}")
        return f.emit(f"fmul {real} {made}, {splat(step, element, lanes)}")

    def _normal(self, f: Function, bits: str, lanes: int) -> str:
        return self._unit(f, bits, lanes)

    def _uniform(self, f: Function, bits: str, lanes: int) -> str:
        made = self._unit(f, bits, lanes)
        low, span, high = self.given
        if (low, high) == (0.0, 1.0):
            return made
        element = ELEMENT[self.dtype]
        real = vector_type(element, lanes)
        least = splat(literal(low, self.dtype), element, lanes)
        factor = splat(literal(span, self.dtype), element, lanes)
        intrinsic = f"llvm.fma.{suffix(element, lanes)}"
        f.module.declare(intrinsic, f"{real} @{intrinsic}({real}, {real}, {real})")
        made = f.emit(f"call {real} @{intrinsic}({real} {made}, {real} {factor}, {real} {least})")
        top = splat(literal(high, self.dtype), element, lanes)
        reached = f.emit(f"fcmp oeq {real} {made}, {top}")
        flags = vector_type("i1", lanes)
        return f.emit(f"select {flags} {reached}, {real} {least}, {real} {made}")

    def _below(self, f: Function, bits: str, lanes: int) -> str:
        digits, kind = self._digits(f, bits, lanes)
        bound, one = self.given
        element = STORED[self.dtype]
        real, flags = vector_type(element, lanes), vector_type("i1", lanes)
        below = f.emit(f"icmp ult {kind} {digits}, {splat(bound, 'i64', lanes)}")
        values = [
            int(bool(x)) if self.dtype == "bool" else literal(x, self.dtype) for x in (one, 0)
        ]
        first, second = (splat(value, element, lanes) for value in values)
        return f.emit(f"select {flags} {below}, {real} {first}, {real} {second}")

    def _integers(self, f: Function, bits: str, lanes: int) -> str:
        base, length, wide = self.given
        wide_kind = vector_type("i64", lanes)
        if wide:
            rest = bits if length == 1 << 64 else _remainder(f, bits, length, "i64", lanes)
        else:
            rest = _remainder(f, bits, length, "i32", lanes)
            rest = f.emit(f"zext {vector_type('i32', lanes)} {rest} to {wide_kind}")
        if base:
            rest = f.emit(f"add {wide_kind} {rest}, {splat(base, 'i64', lanes)}")
        if self.dtype in ("float32", "float64"):
            real = vector_type(ELEMENT[self.dtype], lanes)
            return f.emit(f"sitofp {wide_kind} {rest} to {real}")
        stored = STORED[self.dtype]
        if stored == "i64":
            return rest
        return f.emit(f"trunc {wide_kind} {rest} to {vector_type(stored, lanes)}")

    # --- samples made in blocks -----------------------------------------------------------------

    def _make_normal(self, f: Function, chunk: str, count: Value) -> None:
        """Normal samples in place of uniform ones, sixteen at a time; a last block of its own
        reaches back where their number is no multiple of sixteen."""
        block = define_block(f.module, self.dtype, *self.given)
        with f.loop(0, count // BLOCK * BLOCK, BLOCK) as loop:
            f.call(f"@{block}(ptr {f.offset('%out', loop.index, self.dtype)})")
        with f.when(count % BLOCK != 0):
            last = f.offset("%out", count - BLOCK, self.dtype)
            f.call(f"@{chunk}(ptr %state, ptr {last}, i64 {BLOCK})")
            f.call(f"@{block}(ptr {last})")


def _exchange(f: Function, count: Value, dtype: str) -> None:
    """A permutation: place i changes places with one of those from i on."""
    kind = STORED[dtype]
    word = f.allocate("int32", 1)
    with f.loop(0, count) as loop:
        number = loop.index.name
        if kind != "i64":
            number = f.emit(f"trunc i64 {number} to {kind}")
        f.line(f"store {kind} {number}, ptr {f.offset('%out', loop.index, dtype)}")
    with f.loop(0, count - 1) as loop:
        index = loop.index.name
        f.call(f"@flambeau.words(ptr %state, ptr {word}, i64 1)")
        drawn = f.emit(f"zext i32 {f.emit(f'load i32, ptr {word}')} to i64")
        left = f.emit(f"sub i64 {count.name}, {index}")
        aim = f.emit(f"add i64 {index}, {f.emit(f'urem i64 {drawn}, {left}')}")
        places = [f.emit(f"getelementptr {kind}, ptr %out, i64 {i}") for i in (index, aim)]
        values = [f.emit(f"load {kind}, ptr {place}") for place in places]
        for value, place in zip(values, reversed(places), strict=True):
            f.line(f"store {kind} {value}, ptr {place}")


def _slopes(f: Function, count: Value, dtype: str, lower: float, span: float) -> None:
    """Slopes of a randomised rectifier: a sample where its input is not above zero, else 1."""
    words = f.allocate("int32", 2)
    with f.loop(0, count) as loop:
        place = f.offset("%out", loop.index, dtype)
        f.store(f.constant(1.0, dtype), place)
        x = f.load(f.offset("%x", loop.index, dtype), dtype)
        with f.when(x <= 0):
            f.call(f"@flambeau.words(ptr %state, ptr {words}, i64 2)")
            unit = unit53(f, pair_of_words(f, words, 0))
            scaled = f.emit(f"fmul double {unit}, {literal(span, 'float64')}")
            made = f.emit(f"fadd double {scaled}, {literal(lower, 'float64')}")
            f.line(f"store {STORED[dtype]} {rounded(f, made, dtype)}, ptr {place}")


# What draws sample by sample: how many words it takes is known only when it runs.
SINGLE: dict[str, Callable[..., None]] = {
    "permutation": _exchange,
    "slopes": _slopes,
    **PAIRED,
}


def _remainder(f: Function, bits: str, length: int, element: str, lanes: int) -> str:
    kind = vector_type(element, lanes)
    if length & (length - 1) == 0:
        return f.emit(f"and {kind} {bits}, {splat(length - 1, element, lanes)}")
    return f.emit(f"urem {kind} {bits}, {splat(length, element, lanes)}")
