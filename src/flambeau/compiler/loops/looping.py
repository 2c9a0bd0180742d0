"""Loops of known length inside native code: the code of one step is called many times.

The step's code has a table of its own, which says where its memory lies. Before the loop that of
the arrays outside is entered there; between two steps the entries of slices move on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flambeau.compiler.llvm.function import Function
from flambeau.compiler.loops.access import Access, direct, type_name
from flambeau.compiler.loops.steps import Loop
from flambeau.compiler.record.program import Instruction, Value
from flambeau.core.scalar import DTYPES
from flambeau.core.shapes import contiguous_strides

if TYPE_CHECKING:
    from flambeau.compiler.loops.schedule import Schedule

# Addresses that a table holds for each loop, in this order.
POINTERS = ("loop", "kernel", "table", "moves", "status")
_MEMCPY = "llvm.memcpy.p0.p0.i64"


def loop_of(schedule: Schedule, instruction: Instruction) -> Loop | None:
    """The step that runs a loop natively; ``None`` if it has to be called from Python."""
    values = [*instruction.values(), *instruction.outputs]
    if list(instruction.numbers()) or any(v.spec.size == 0 for v in values):
        return None
    if any(type_name(v.spec.dtype) not in DTYPES for v in values):
        return None
    body, length, reverse = instruction.params
    code = body.step_code(length, reverse)
    if code is None:
        return None
    inputs = [x for x in instruction.inputs if isinstance(x, Value)]
    wanted = [tuple(direct(v).strides) for v in code.given]
    wanted = [
        tuple(contiguous_strides(x.spec.shape)) if i in code.walked else strides
        for i, (x, strides) in enumerate(zip(inputs, wanted, strict=True))
    ]
    copied = []
    for x, strides in zip(inputs, wanted, strict=True):
        access = schedule.accesses[x]
        fits = access.root not in schedule.constants and _lies(access, x, strides)
        if not fits and strides != tuple(contiguous_strides(x.spec.shape)):
            return None
        copied.append(not fits)
    given = tuple(schedule.copy_of(x) if c else x for x, c in zip(inputs, copied, strict=True))
    made = Instruction(
        instruction.operation, given, instruction.params, instruction.outputs, instruction.line
    )
    return Loop(made, code)


def _lies(access: Access, value: Value, strides: tuple[int, ...]) -> bool:
    """Whether memory is laid out in this way."""
    rows = zip(value.spec.shape, access.strides, strides, strict=True)
    return tuple(access.shape) == tuple(value.spec.shape) and all(
        size == 1 or given == wanted for size, given, wanted in rows
    )


def write_loop(
    f: Function, step: Loop, pointers: list[str], inputs: list[str], outputs: list[str]
) -> None:
    """Write the loop.

    Args:
        f: the function that runs it.
        step: the loop.
        pointers: the addresses that :data:`POINTERS` names.
        inputs, outputs: where the instruction's arrays lie.
    """
    loop, kernel, table, moves, status = pointers
    code, instruction = step.code, step.instruction
    count = len(code.body.carried)
    for source, target, value in zip(inputs, outputs[:count], instruction.outputs):
        _copy(f, source, target, value)
    left = {}
    for place, target in zip(code.body.places, outputs[count:], strict=True):
        left.setdefault(place, target)
    first = count + len(code.body.slices)
    fixed = [*outputs[:count], *inputs[first:]]
    moving = [*inputs[count:first], *[left[i] for i in range(len(left))]]
    for entry, address in zip(code.fixed, fixed, strict=True):
        f.line(f"store ptr {address}, ptr {f.offset(table, entry, 'int64')}, align 8")
    for (entry, begin, _), address in zip(code.moving, moving, strict=True):
        start = f.offset(address, begin, "int8")
        f.line(f"store ptr {start}, ptr {f.offset(table, entry, 'int64')}, align 8")
    given = f"ptr {kernel}, ptr {table}, ptr {moves}, i64 {len(code.moving)}, i64 {code.length}"
    f.emit(f"call i64 {loop}({given}, ptr {status}, ptr null)")
    values = instruction.outputs[count:]
    for place, target, value in zip(code.body.places, outputs[count:], values, strict=True):
        if left[place] != target:  # what a step leaves twice
            _copy(f, left[place], target, value)


def _copy(f: Function, source: str, target: str, value: Value) -> None:
    f.module.declare(_MEMCPY, f"void @{_MEMCPY}(ptr, ptr, i64, i1)")
    size = value.spec.size * value.spec.dtype.itemsize
    f.call(f"@{_MEMCPY}(ptr {target}, ptr {source}, i64 {size}, i1 false)")
