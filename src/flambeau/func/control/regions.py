"""Loops and choices inside regions of mixed precision, in a function that is being compiled.

A region does the same to every step. The loop is recorded below it, of a step that runs in it; so
it does when the step is computed again for its gradient, after the region has been left.
"""

from __future__ import annotations

from typing import Any

from flambeau.tensor.interpreting import Passing
from flambeau.tensor.modes import INTERPRETED, MODE


def steady_region() -> Passing | None:
    """The active interpreter, if it is a region that does the same to every step."""
    found = MODE.interpreter if MODE.code & INTERPRETED else None
    return found if isinstance(found, Passing) and found.steady else None


def below_regions() -> Any:
    """The interpreter below the regions that do the same to every step."""
    found = MODE.interpreter
    while isinstance(found, Passing) and found.steady:
        found = found.outer
    return found
