"""The native code of a step inside another program, and the loop that calls it many times."""

from __future__ import annotations

import ctypes
import functools
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from flambeau.compiler.llvm.modes import define_modes
from flambeau.compiler.llvm.module import Module
from flambeau.compiler.loops.access import direct
from flambeau.compiler.native import NativeProgram
from flambeau.compiler.run.engine import compile_module
from flambeau.core.memory import address
from flambeau.core.shapes import contiguous_strides

if TYPE_CHECKING:
    from flambeau.compiler.scan import Body


class StepCode:
    """The native code of a step, for a loop in the midst of other native code.

    Args:
        body: the step.
        native: its code and memory, nobody else's.
        fixed, moving: entries of its table: see :func:`entries_of`.
        length, reverse: of the loop.

    Attributes:
        given: the buffers for the loop's inputs.
        walked: which inputs are walked along.
        moving: an entry, the first slice's distance from the array's start, and that of the next.
        pointers: addresses that the code around needs.
    """

    def __init__(
        self, body: Body, native: NativeProgram, fixed: list[int], moving: list[int], length: int,
        reverse: bool,
    ) -> None:  # fmt: skip
        self.body, self.native, self.fixed, self.length = body, native, fixed, length
        self.given = [*body.carried, *body.slices, *body.constants]
        first = len(body.carried)
        self.walked = range(first, first + len(body.slices))
        self.moving = []
        for entry, value in zip(moving, (*body.slices, *body.results), strict=True):
            stride = value.spec.size * value.spec.dtype.itemsize
            begin = (length - 1) * stride if reverse else 0
            self.moving.append((entry, begin, -stride if reverse else stride))
        self.table = native.tables[0].copy()
        self.moves = np.array([word for e, _, s in self.moving for word in (e, s)], np.int64)
        self.pointers = [
            native_loop().handle.address("loop"), native.kernel_address, address(self.table),
            address(self.moves), address(native.status_word),
        ]  # fmt: skip


def entries_of(native: NativeProgram, body: Body) -> tuple[list[int], list[int] | None]:
    """Entries of the pointer table: of what stays in its place, and of what moves.

    What moves are the slices that a step reads, then those that it leaves. The latter must lie
    where the table says, in order; otherwise there is ``None`` in their place.
    """
    fixed = [native.slots[v].table for v in (*body.carried, *body.constants)]
    moving = [native.slots[v].table for v in body.slices]
    roots = [native.schedule.accesses[v].root for v in native.program.results]
    if len(set(roots)) != len(roots):
        return fixed, None
    for value, root in zip(native.program.results, roots, strict=True):
        access, whole = native.schedule.accesses[value], direct(root)
        in_order = contiguous_strides(value.spec.shape)
        same = access.shape == whole.shape and access.strides == whole.strides
        ordered = prod(access.shape) <= 1 or tuple(whole.strides) == tuple(in_order)
        if root not in native.result_roots or not (same and ordered) or access.offset:
            return fixed, None
        moving.append(native.slots[root].table)
    return fixed, moving


@functools.lru_cache(maxsize=1)
def native_loop() -> Any:
    """``steps_done(kernel, table, moves, moving, count, status, watch)``."""
    module = Module()
    define_modes(module)
    module.add("loop", _LOOP)
    handle = compile_module(module, ["loop"])
    pointer, count = ctypes.c_void_p, ctypes.c_int64
    return handle.function(
        "loop", count, pointer, pointer, pointer, count, count, pointer, pointer
    )  # fmt: skip


# The kernel leaves a word other than 0 at %status if an index was out of range.
_LOOP = """
define i64 @loop(ptr %kernel, ptr %table, ptr %moves, i64 %moving, i64 %count, ptr %status,
                  ptr %watch) nounwind {
entry:
  %mode = call i64 @flambeau.flush()
  br label %head
head:
  %step = phi i64 [0, %entry], [%following, %latch], [%following, %look]
  %more = icmp slt i64 %step, %count
  br i1 %more, label %body, label %end
body:
  call void %kernel(ptr %table)
  %word = load i64, ptr %status
  %failed = icmp ne i64 %word, 0
  br i1 %failed, label %end, label %move
move:
  %row = phi i64 [0, %body], [%next, %shift]
  %left = icmp slt i64 %row, %moving
  br i1 %left, label %shift, label %latch
shift:
  %first = shl i64 %row, 1
  %second = or i64 %first, 1
  %entry.place = getelementptr i64, ptr %moves, i64 %first
  %stride.place = getelementptr i64, ptr %moves, i64 %second
  %position = load i64, ptr %entry.place
  %stride = load i64, ptr %stride.place
  %place = getelementptr i64, ptr %table, i64 %position
  %address = load i64, ptr %place
  %moved = add i64 %address, %stride
  store i64 %moved, ptr %place
  %next = add i64 %row, 1
  br label %move
latch:
  %following = add i64 %step, 1
  %watched = icmp ne ptr %watch, null
  br i1 %watched, label %look, label %head
look:
  %byte = load i8, ptr %watch
  %over = icmp eq i8 %byte, 0
  br i1 %over, label %end, label %head
end:
  %done = phi i64 [%step, %head], [%step, %body], [%following, %look]
  call void @flambeau.set_mode(i64 %mode)
  ret i64 %done
}
"""
