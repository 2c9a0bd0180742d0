"""Loops of known length and choices inside native code, which call code of their own.

That code has a table which says where its memory lies. Before it is called the memory of the
arrays outside is entered there; between two steps of a loop the entries of slices move on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flambeau.compiler.llvm.function import Function
from flambeau.compiler.loops.access import Access, direct, type_name
from flambeau.compiler.loops.steps import Choice, Loop, Nested
from flambeau.compiler.record.program import Instruction, Value
from flambeau.core.scalar import DTYPES
from flambeau.core.shapes import contiguous_strides

if TYPE_CHECKING:
    from flambeau.compiler.loops.schedule import Schedule

# Addresses that a table holds for each code, in this order.
POINTERS = ("loop", "kernel", "table", "moves", "status")
_MEMCPY = "llvm.memcpy.p0.p0.i64"


def nested_of(schedule: Schedule, instruction: Instruction) -> Nested | None:
    """The step that runs a loop or a choice natively; ``None`` if Python has to call it."""
    name = instruction.operation.name
    if name not in ("scan", "cond") or list(instruction.numbers()):
        return None
    values = [*instruction.values(), *instruction.outputs]
    if any(v.spec.size == 0 or type_name(v.spec.dtype) not in DTYPES for v in values):
        return None
    inputs = list(instruction.values())
    if name == "scan":
        body, length, reverse = instruction.params
        codes = (body.step_code(length, reverse),)
    else:
        codes = tuple(body.step_code(1, False) for body in instruction.params[:2])
    if any(code is None for code in codes):
        return None
    wanted = [tuple(direct(v).strides) for code in codes for v in code.given]
    if name == "scan":
        for i in codes[0].walked:  # whole arrays stand for slices there
            wanted[i] = tuple(contiguous_strides(inputs[i].spec.shape))
    else:
        wanted.insert(0, ())
    given = _placed(schedule, inputs, wanted)
    if given is None:
        return None
    made = Instruction(
        instruction.operation, given, instruction.params, instruction.outputs, instruction.line
    )
    return (Loop if name == "scan" else Choice)(made, codes)


def _placed(
    schedule: Schedule, inputs: list[Value], wanted: list[tuple[int, ...]]
) -> tuple[Value, ...] | None:
    """Inputs that lie in memory with certain strides: copies of them where they do not."""
    copied = []
    for x, strides in zip(inputs, wanted, strict=True):
        access = schedule.accesses[x]
        fits = access.root not in schedule.constants and _lies(access, x, strides)
        if not fits and strides != tuple(contiguous_strides(x.spec.shape)):
            return None
        copied.append(not fits)
    return tuple(schedule.copy_of(x) if c else x for x, c in zip(inputs, copied, strict=True))


def _lies(access: Access, value: Value, strides: tuple[int, ...]) -> bool:
    """Whether memory is laid out in this way."""
    rows = zip(value.spec.shape, access.strides, strides, strict=True)
    return tuple(access.shape) == tuple(value.spec.shape) and all(
        size == 1 or given == wanted for size, given, wanted in rows
    )


def write_nested(
    f: Function, step: Nested, pointers: list[str], inputs: list[str], outputs: list[str]
) -> None:
    """Write a loop or a choice.

    Args:
        f: the function that runs it.
        step: which one.
        pointers: for each code, the addresses that :data:`POINTERS` names.
        inputs, outputs: where the instruction's arrays lie.
    """
    if isinstance(step, Loop):
        _write_loop(f, step, pointers, inputs, outputs)
        return
    chosen = f.load(inputs[0], "bool")
    other = f.value(f.emit(f"xor i1 {chosen.name}, true"), "bool")
    count = 1 + step.instruction.params[2]
    sides = (chosen, inputs[1:count]), (other, inputs[count:])
    for number, (condition, given) in enumerate(sides):
        code, first = step.codes[number], number * len(POINTERS)
        _, kernel, table, _, _ = pointers[first : first + len(POINTERS)]
        with f.when(condition):
            left = _left(code, outputs)
            _enter(f, code, table, given, list(left.values()))
            f.line(f"call void {kernel}(ptr {table})")
            _repeat(f, code, left, outputs, step.instruction.outputs)


def _write_loop(
    f: Function, step: Loop, pointers: list[str], inputs: list[str], outputs: list[str]
) -> None:
    (code,), instruction = step.codes, step.instruction
    loop, kernel, table, moves, status = pointers
    count, first = code.walked.start, code.walked.stop
    for source, target, value in zip(inputs, outputs[:count], instruction.outputs):
        _copy(f, source, target, value)
    left = _left(code, outputs[count:])
    fixed = [*outputs[:count], *inputs[first:]]
    _enter(f, code, table, fixed, [*inputs[count:first], *left.values()])
    given = f"ptr {kernel}, ptr {table}, ptr {moves}, i64 {len(code.moving)}, i64 {code.length}"
    f.emit(f"call i64 {loop}({given}, ptr {status}, ptr null)")
    _repeat(f, code, left, outputs[count:], instruction.outputs[count:])


def _left(code: Any, outputs: list[str]) -> dict[int, str]:
    """For each thing that is left, in order, one of the outputs that it is."""
    found: dict[int, str] = {}
    for place, target in zip(code.body.places, outputs, strict=True):
        found.setdefault(place, target)
    return dict(sorted(found.items()))


def _enter(f: Function, code: Any, table: str, fixed: list[str], moving: list[str]) -> None:
    """Enter addresses in the table of a code."""
    for entry, address in zip(code.fixed, fixed, strict=True):
        f.line(f"store ptr {address}, ptr {f.offset(table, entry, 'int64')}, align 8")
    for (entry, begin, _), address in zip(code.moving, moving, strict=True):
        start = f.offset(address, begin, "int8")
        f.line(f"store ptr {start}, ptr {f.offset(table, entry, 'int64')}, align 8")


def _repeat(
    f: Function, code: Any, left: dict[int, str], outputs: list[str], values: Sequence[Value]
) -> None:
    """Copy what is left more than once to its other outputs."""
    for place, target, value in zip(code.body.places, outputs, values, strict=True):
        if left[place] != target:
            _copy(f, left[place], target, value)


def _copy(f: Function, source: str, target: str, value: Value) -> None:
    f.module.declare(_MEMCPY, f"void @{_MEMCPY}(ptr, ptr, i64, i1)")
    size = value.spec.size * value.spec.dtype.itemsize
    f.call(f"@{_MEMCPY}(ptr {target}, ptr {source}, i64 {size}, i1 false)")
