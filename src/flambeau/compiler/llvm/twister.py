"""The Mersenne Twister as LLVM IR: it draws from, and moves on, the state of a generator.

A state is that of :class:`flambeau.random.engine.MersenneTwister`: 624 words of 32 bits and the
number of them that have been used up.

Reference: M. Matsumoto and T. Nishimura, "Mersenne Twister", ACM TOMACS 8(1), 1998.
"""

from __future__ import annotations

from collections.abc import Callable

from flambeau.compiler.llvm.function import Function
from flambeau.compiler.llvm.module import Module
from flambeau.compiler.llvm.types import vector_type

WORDS = 624
STATE_BYTES = 4 * (WORDS + 1)
SHIFTED = 397  # the recurrence takes the word that lies so far ahead
UPPER, LOWER, MATRIX = 0x80000000, 0x7FFFFFFF, 0x9908B0DF


def define_words(module: Module) -> str:
    """Adds ``void @flambeau.words(ptr state, ptr out, i64 count)``: the next outputs."""
    return module.helper("flambeau.words", lambda name: _write_words(module, name))


def in_ranges(
    f: Function, start: int, stop: int, lanes: int, body: Callable[[str, int], None]
) -> None:
    """``body(index, lanes)`` for all indices between two constants, as many at once as possible."""
    middle = start + (stop - start) // lanes * lanes
    with f.loop(start, middle, lanes) as loop:
        body(loop.index.name, lanes)
    with f.loop(middle, stop) as loop:
        body(loop.index.name, 1)


def up_to(f: Function, count: str, lanes: int, body: Callable[[str, int], None]) -> None:
    """``body(index, lanes)`` for all indices below ``count``, an i64."""
    whole = f.emit(f"and i64 {count}, {-lanes}")
    with f.loop(0, f.value(whole, "int64"), lanes) as loop:
        body(loop.index.name, lanes)
    with f.loop(f.value(whole, "int64"), f.value(count, "int64")) as loop:
        body(loop.index.name, 1)


def splat(number: int | str, element: str, lanes: int) -> str:
    """A constant in every lane."""
    return f"splat ({element} {number})" if lanes > 1 else str(number)


def load_words(f: Function, pointer: str, index: str, lanes: int, offset: int = 0) -> str:
    """Words from ``index + offset`` on."""
    place = f.emit(f"getelementptr i32, ptr {pointer}, i64 {index}")
    if offset:
        place = f.emit(f"getelementptr i32, ptr {place}, i64 {offset}")
    return f.emit(f"load {vector_type('i32', lanes)}, ptr {place}, align 4")


def _write_words(module: Module, name: str) -> None:
    module.helper("flambeau.words.next", lambda inner: _write_next(module, inner))
    lanes = module.target.lanes(32)
    parameters = [("ptr", "state"), ("ptr", "out"), ("i64", "count")]
    with module.function(name, parameters, internal=True) as f:
        place = f.emit(f"getelementptr i32, ptr %state, i64 {WORDS}")
        used = f.emit(f"zext i32 {f.emit(f'load i32, ptr {place}, align 4')} to i64")
        # A turn for every block of the state that the outputs come from; one more if the first
        # block is used up, which is renewed only if something is drawn at all.
        total = f.emit(f"add i64 {used}, %count")
        turns = f.emit(f"udiv i64 {f.emit(f'add i64 {total}, {WORDS - 1}')}, {WORDS}")
        carried = [f.constant(0), f.value(used, "int64")]
        with f.loop(0, f.value(turns, "int64"), carried=carried) as loop:
            done, position = (value.name for value in loop.values)
            rest = f.emit(f"sub i64 %count, {done}")
            full = f.emit(f"icmp eq i64 {position}, {WORDS}")
            wanted = f.emit(f"icmp ne i64 {rest}, 0")
            renews = f.emit(f"and i1 {full}, {wanted}")
            with f.when(f.value(renews, "bool")):
                f.call("@flambeau.words.next(ptr %state)")
            position = f.emit(f"select i1 {renews}, i64 0, i64 {position}")
            left = f.emit(f"sub i64 {WORDS}, {position}")
            fewer = f.emit(f"icmp ult i64 {rest}, {left}")
            chunk = f.emit(f"select i1 {fewer}, i64 {rest}, i64 {left}")
            source = f.emit(f"getelementptr i32, ptr %state, i64 {position}")
            target = f.emit(f"getelementptr i32, ptr %out, i64 {done}")

            def temper(index: str, lanes: int, source: str = source, target: str = target) -> None:
                made = _tempered(f, load_words(f, source, index, lanes), lanes)
                place = f.emit(f"getelementptr i32, ptr {target}, i64 {index}")
                f.line(f"store {vector_type('i32', lanes)} {made}, ptr {place}, align 4")

            up_to(f, chunk, lanes, temper)
            loop.carry(
                f.value(f.emit(f"add i64 {done}, {chunk}"), "int64"),
                f.value(f.emit(f"add i64 {position}, {chunk}"), "int64"),
            )
        last = f.emit(f"trunc i64 {loop.results[1].name} to i32")
        f.line(f"store i32 {last}, ptr {place}, align 4")


def _tempered(f: Function, word: str, lanes: int) -> str:
    kind = vector_type("i32", lanes)

    def mixed(word: str, shift: str, bits: int, mask: int | None) -> str:
        moved = f.emit(f"{shift} {kind} {word}, {splat(bits, 'i32', lanes)}")
        if mask is not None:
            moved = f.emit(f"and {kind} {moved}, {splat(mask, 'i32', lanes)}")
        return f.emit(f"xor {kind} {word}, {moved}")

    word = mixed(word, "lshr", 11, None)
    word = mixed(word, "shl", 7, 0x9D2C5680)
    word = mixed(word, "shl", 15, 0xEFC60000)
    return mixed(word, "lshr", 18, None)


def _write_next(module: Module, name: str) -> None:
    """``void (ptr state)``: the state's successor, in place."""
    lanes = module.target.lanes(32)
    with module.function(name, [("ptr", "state")], internal=True) as f:

        def renew(index: str, lanes: int, ahead: int, following: str = "") -> None:
            kind = vector_type("i32", lanes)
            here = load_words(f, "%state", index, lanes)
            after = following or load_words(f, "%state", index, lanes, 1)
            high = f.emit(f"and {kind} {here}, {splat(UPPER, 'i32', lanes)}")
            low = f.emit(f"and {kind} {after}, {splat(LOWER, 'i32', lanes)}")
            joined = f.emit(f"or {kind} {high}, {low}")
            odd = f.emit(f"and {kind} {joined}, {splat(1, 'i32', lanes)}")
            chosen = f.emit(f"sub {kind} {splat(0, 'i32', lanes)}, {odd}")
            twist = f.emit(f"and {kind} {chosen}, {splat(MATRIX, 'i32', lanes)}")
            half = f.emit(f"lshr {kind} {joined}, {splat(1, 'i32', lanes)}")
            other = load_words(f, "%state", index, lanes, ahead)
            made = f.emit(f"xor {kind} {f.emit(f'xor {kind} {other}, {half}')}, {twist}")
            place = f.emit(f"getelementptr i32, ptr %state, i64 {index}")
            f.line(f"store {kind} {made}, ptr {place}, align 4")

        first = WORDS - SHIFTED
        in_ranges(f, 0, first, lanes, lambda i, n: renew(i, n, SHIFTED))
        in_ranges(f, first, WORDS - 1, lanes, lambda i, n: renew(i, n, SHIFTED - WORDS))
        beginning = f.emit("load i32, ptr %state, align 4")
        renew(str(WORDS - 1), 1, SHIFTED - WORDS, beginning)
