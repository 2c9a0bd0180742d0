"""Copies: a clone of a value that nobody else keeps is that value."""

from __future__ import annotations

from flambeau.compiler.record.program import Instruction, Program, Value

VIEWS = {"reshape", "view", "unsafe_view"}  # of these a record does not say so: some are copies


def share_copies(program: Program) -> Program:
    """Replace clones by what they copy.

    Nothing changes in a program, so both are equal for ever. Only memory that outlives the
    program must not be shared: of a value and its clones one may be a result or be written.
    """
    owners: dict[Value, Value] = {}

    def owner(value: Value) -> Value:
        return owners.get(value, value)

    for instruction in program.instructions:
        if instruction.operation.view or instruction.operation.name in VIEWS:
            (source,) = instruction.values()
            owners.update((output, owner(source)) for output in instruction.outputs)
    lasting = {owner(v) for v in [*program.results, *[v for _, v in program.writes]]}
    made: set[Value] = set()
    instead: dict[Value, Value] = {}
    kept = []
    for old in program.instructions:
        inputs = tuple(instead.get(x, x) if isinstance(x, Value) else x for x in old.inputs)
        new = Instruction(old.operation, inputs, old.params, old.outputs, old.line)
        if old.operation.name == "clone" and inputs[0] in made:
            (source,), (copy,) = inputs, old.outputs
            if _is_alike(source, copy) and not (source in lasting and copy in lasting):
                instead[copy] = source
                if copy in lasting:
                    lasting.add(source)
                continue
        kept.append(new)
        made.update(v for v in old.outputs if owner(v) is v)
    return Program(
        program.buffers,
        kept,
        [(buffer, instead.get(value, value)) for buffer, value in program.writes],
        [instead.get(value, value) for value in program.results],
    )


def _is_alike(source: Value, copy: Value) -> bool:
    one, other = source.spec, copy.spec
    return one.dtype == other.dtype and one.strides == other.strides and one.size > 0
