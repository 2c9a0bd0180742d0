"""Running a program instruction by instruction through NumPy.

It is the meaning of compiled programs: what native code is compared with, and what runs where
there is no native code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from flambeau.compiler.record.program import Program, Value
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
        inputs = [values[x] if isinstance(x, Value) else evaluate(x, read) for x in instruction.inputs]
        params = tuple([evaluate(p, read) for p in instruction.params])
        out = evaluate_operation(instruction.operation, inputs, params)
        if out.__class__ is tuple:
            for value, array in zip(instruction.outputs, out, strict=True):
                values[value] = np.asarray(array)
        else:
            values[instruction.outputs[0]] = np.asarray(out)
    written = [values[value] for _, value in program.writes]
    return [values[v] for v in program.results], written
