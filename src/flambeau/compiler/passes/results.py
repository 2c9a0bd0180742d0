"""Results that were made apart, and turned out equal, get memory of their own."""

from __future__ import annotations

from flambeau.compiler.record.program import Instruction, Program, Value
from flambeau.core.spec import Spec
from flambeau.tensor.operation import REGISTRY


def separate_results(program: Program) -> Program:
    """Copy a result that is an earlier result, too: the caller may change one of them."""
    known: set[Value] = set()
    number = max(
        [v.number for v in program.buffers]
        + [o.number for i in program.instructions for o in i.outputs],
        default=0,
    )
    instructions, results = list(program.instructions), []
    for value in program.results:
        if value in known:
            number += 1
            spec = Spec(value.spec.shape, value.spec.dtype, value.spec.strides)
            copy = Value(number, spec, "result")
            instructions.append(Instruction(REGISTRY["clone"], (value,), (None,), (copy,)))
            value = copy
        known.add(value)
        results.append(value)
    return Program(program.buffers, instructions, program.writes, results)
