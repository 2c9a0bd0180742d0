"""Hyperparameters as a rule sees them."""

from __future__ import annotations

from typing import Any

from flambeau.tensor.dispatch import bump
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.tensor import Tensor


class Hyperparameters:
    """The options of one parameter group, read by name.

    Numbers become inputs of compiled code: while a step is recorded, reading one gives a number
    that is read again at each call, so that changing it neither recompiles nor goes unnoticed.

    Args:
        group: the parameter group.
    """

    __slots__ = ("group",)

    def __init__(self, group: dict[str, Any]) -> None:
        self.group = group

    def __getitem__(self, name: str) -> Any:
        value = self.group[name]
        if MODE.code & INTERPRETED:
            return _recorded(self.group, name, value)
        return value


def _recorded(group: dict[str, Any], name: str, value: Any) -> Any:
    if isinstance(value, (float, int)) and not isinstance(value, bool):
        return MODE.interpreter.number((group, name), value)
    if isinstance(value, tuple):
        return tuple(
            MODE.interpreter.number((group, name, i), v) if isinstance(v, float) else v
            for i, v in enumerate(value)
        )
    return value


def advance(step: Tensor) -> Any:
    """Count one more step, and return the count as a number.

    Args:
        step: the 0-d tensor that holds the count; it is changed in place.
    """
    if MODE.code & INTERPRETED:
        return MODE.interpreter.advance(step)
    array = step._array
    count = array.item() + 1
    array.fill(count)
    bump(step)
    return count
