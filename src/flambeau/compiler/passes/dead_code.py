"""Dead code: instructions that nothing depends on."""

from __future__ import annotations

from flambeau.compiler.passes.checks import GUARD
from flambeau.compiler.record.program import Program


def remove_dead_code(program: Program) -> Program:
    """Keep what results and writes depend on, guards, and what draws random numbers."""
    needed = {value for _, value in program.writes} | set(program.results)
    kept = []
    for instruction in reversed(program.instructions):
        acts = instruction.operation is GUARD or "generator" in instruction.operation.params
        if acts or any(o in needed for o in instruction.outputs):
            kept.append(instruction)
            needed.update(instruction.values())
    return Program(program.buffers, kept[::-1], program.writes, program.results)
