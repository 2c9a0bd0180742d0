"""Checks of hyperparameters, with messages that name what was expected."""

from __future__ import annotations

import math
from typing import Any

from flambeau.core.errors import message


def require(condition: Any, problem: str, expected: str, got: Any, help: str | None = None) -> None:
    """Raise ``ValueError`` unless the condition holds."""
    if not condition:
        raise ValueError(message(problem, expected=expected, got=str(got), help=help))


def is_known(x: Any) -> bool:
    """Whether ``x`` is a number whose value can be checked now (not a tensor, not a schedule)."""
    return isinstance(x, (int, float))


def in_range(
    name: str, option: str, x: Any, low: float, high: float = math.inf, *, open_low: bool = False
) -> None:
    """Refuse a number outside ``[low, high)``, or ``(low, high)``; what is not known now passes.

    Raises:
        ValueError: if it is outside.
    """
    if is_known(x) and not ((x > low if open_low else x >= low) and x < high):
        if high == math.inf:
            limits = f"above {low:g}" if open_low else f"at least {low:g}, and finite"
        else:
            limits = f"in {'(' if open_low else '['}{low:g}, {high:g})"
        raise ValueError(
            message(f"{name}: invalid {option}", expected=f"{option} {limits}", got=str(x))
        )
