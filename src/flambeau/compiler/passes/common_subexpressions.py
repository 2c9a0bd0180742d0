"""Common subexpressions: the same operation on the same values is computed once."""

from __future__ import annotations

from typing import Any

from flambeau.compiler.record.program import Instruction, Program, Value
from flambeau.core.number import Number


def share_common_subexpressions(program: Program) -> Program:
    """Replace an instruction that repeats an earlier one by its outputs; random draws stay."""
    known: dict[Any, tuple[Value, ...]] = {}
    instead: dict[Value, Value] = {}
    kept = []
    for old in program.instructions:
        inputs = tuple(instead.get(x, x) if isinstance(x, Value) else x for x in old.inputs)
        new = Instruction(old.operation, inputs, old.params, old.outputs, old.line)
        key = None if "generator" in old.operation.params else _key(new)
        found = None if key is None else known.get(key)
        if found is None:
            kept.append(new)
            if key is not None:
                known[key] = new.outputs
        else:
            instead.update(zip(new.outputs, found, strict=True))
    return Program(
        program.buffers,
        kept,
        [(buffer, instead.get(value, value)) for buffer, value in program.writes],
        [instead.get(value, value) for value in program.results],
    )


def _key(instruction: Instruction) -> Any:
    key = (
        instruction.operation.name,
        tuple(_part(x) for x in instruction.inputs),
        tuple(_part(x) for x in instruction.params),
    )
    try:
        hash(key)
    except TypeError:
        return None
    return key


def _part(x: Any) -> Any:
    """What two equal inputs have in common; 1, 1.0, True and -0.0, 0.0 are different inputs."""
    if isinstance(x, Value):
        return x
    if isinstance(x, Number):
        return ("number", x.function, tuple(_operand(o) for o in x.operands))
    return type(x), x, repr(x) if isinstance(x, float) else None


def _operand(x: Any) -> Any:
    if isinstance(x, Number):
        return _part(x)
    try:
        hash(x)
    except TypeError:
        return id(x)
    return type(x), x
