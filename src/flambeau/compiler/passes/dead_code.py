"""Dead code: instructions that nothing depends on."""

from __future__ import annotations

from flambeau.compiler.record.program import Program


def remove_dead_code(program: Program) -> Program:
    """Keep the instructions that results and writes depend on, and those that draw numbers."""
    needed = {value for _, value in program.writes} | set(program.results)
    kept = []
    for instruction in reversed(program.instructions):
        draws = "generator" in instruction.operation.params
        if draws or any(o in needed for o in instruction.outputs):
            kept.append(instruction)
            needed.update(instruction.values())
    return Program(program.buffers, kept[::-1], program.writes, program.results)
