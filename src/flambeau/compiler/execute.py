"""Running a program instruction by instruction through NumPy.

It is the meaning of compiled programs: what native code is compared with, and what runs where
there is no native code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from flambeau.compiler.record.program import Instruction, Program, Value
from flambeau.core.number import Number, evaluate
from flambeau.tensor.dispatch import evaluate as evaluate_operation


def execute(
    program: Program, buffers: Sequence[np.ndarray], read: Callable[[Number], Any]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Compute a program's results, and the arrays to be written to its buffers.

    Nothing is written: the caller does that, so that a failure leaves everything as it was.

    Args:
        program: the operations.
        buffers: an array for each of the program's buffers.
        read: the value of a number's source.

    Returns:
        The results, and the new contents for ``program.writes``, both in order.
    """
    values: dict[Value, np.ndarray] = dict(zip(program.buffers, buffers, strict=True))
    for instruction in program.instructions:
        outs = execute_instruction(instruction, values, read)
        values.update(zip(instruction.outputs, outs, strict=True))
    written = [values[value] for _, value in program.writes]
    return [values[v] for v in program.results], written


def execute_instruction(
    instruction: Instruction, values: Mapping[Value, np.ndarray], read: Callable[[Number], Any]
) -> tuple[np.ndarray, ...]:
    """The outputs of one instruction, computed by its record's NumPy meaning."""
    inputs = [values[x] if isinstance(x, Value) else evaluate(x, read) for x in instruction.inputs]
    params = tuple([evaluate(p, read) for p in instruction.params])
    out = evaluate_operation(instruction.operation, inputs, params)
    return tuple([np.asarray(o) for o in out]) if out.__class__ is tuple else (np.asarray(out),)
