"""Passes: from a recorded program to one that is cheaper to run and means the same.

The list below is the order in which they run. The program is verified before the first and after
the last; each pass takes a program and returns one.
"""

from __future__ import annotations

from collections.abc import Callable

from flambeau.compiler.passes.common_subexpressions import share_common_subexpressions
from flambeau.compiler.passes.constants import fold_constants
from flambeau.compiler.passes.copies import share_copies
from flambeau.compiler.passes.dead_code import remove_dead_code
from flambeau.compiler.passes.draws import lower_draws
from flambeau.compiler.passes.expansion import expand_composites
from flambeau.compiler.passes.results import separate_results
from flambeau.compiler.record.program import Program, verify

PASSES: tuple[Callable[[Program], Program], ...] = (
    expand_composites,
    lower_draws,
    fold_constants,
    share_common_subexpressions,
    share_copies,
    remove_dead_code,
    separate_results,
)


def optimise(program: Program) -> Program:
    """Run all passes."""
    verify(program)
    for run in PASSES:
        program = run(program)
    verify(program)
    return program
