"""Loops inside ``vmap`` that last longer for some examples than for others.

Those that are done keep their value. The body still runs for them, as it runs for all at once, and
is given what an example that goes on is given: on a value that the loop has ended with it might
read out of range, or have an infinite slope, which the choice between results would not undo.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.func.batching.held import Batched, reshaped
from flambeau.func.batching.level import BatchLevel
from flambeau.func.forward.level import DualLevel
from flambeau.func.level import off_graph
from flambeau.tensor.dispatch import apply, wrap
from flambeau.tensor.interpreting import Passing
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor

_NUMBER, _TRUTH = np.dtype("int8"), np.dtype("bool")


def any_of(flags: Tensor) -> Tensor:
    """Whether any example goes on."""
    return apply(REGISTRY["any"], (flags,), ((0,), False))


def chosen(flags: Tensor, rows: Tensor, others: Tensor) -> Tensor:
    """Example by example, ``rows`` where its flag is set, otherwise ``others``."""
    shape = (*flags._array.shape, *(1,) * (rows._array.ndim - 1))
    return apply(REGISTRY["where"], (reshaped(flags, shape), rows, others))


def going_on(flags: Tensor, rows: Tensor) -> Tensor:
    """What the body is given: the rows of examples that go on, in the place of others, too.

    Args:
        flags: which examples go on.
        rows: the values of all examples.
    """
    return rows if flags._array.shape[0] == 0 else chosen(flags, rows, _one_row(flags, rows))


def _one_row(flags: Tensor, rows: Tensor) -> Tensor:
    """The row of an example that goes on, if one does; its first dimension has size 1."""
    numbers = apply(REGISTRY["to_dtype"], (flags,), (_NUMBER,))
    place = apply(REGISTRY["argmax"], (numbers,), (0, True))
    return apply(REGISTRY["index_select"], (off_graph(rows), place), (0,))


def fed(goes_on: Tensor, value: Tensor) -> Tensor:
    """What the body of an eager loop is given, inside any number of transformations.

    Args:
        goes_on: one truth value in each example.
        value: with which the loop goes on, or has ended.
    """
    return apply(REGISTRY["where"], (goes_on, value, _substitute(goes_on, value)))


def _substitute(goes_on: Tensor, value: Tensor) -> Tensor:
    """The value of an example that goes on, for all examples, outside the graph."""
    level = MODE.interpreter if MODE.code & INTERPRETED else None
    if isinstance(level, Passing):
        return level.below(_substitute, goes_on, value)
    if not isinstance(level, (BatchLevel, DualLevel)):
        return off_graph(value)
    flag, held = (level.held(level.lifted(x)) for x in (goes_on, value))
    return wrap(level._below(MODE.code, _held_substitute, level, flag, held))


def _held_substitute(level: Any, flag: Any, held: Any) -> Any:
    if isinstance(level, DualLevel):
        return level.constant(_substitute(flag.primal, held.primal))
    if not flag.is_batched:
        return Batched(level, _substitute(flag.value, held.value), held.is_batched)
    if not held.is_batched:
        return level.constant(off_graph(held.value))
    row = reshaped(_one_row(flag.value, held.value), held.shape)
    # Where none of these examples goes on, others of an outer batch do.
    return level.constant(fed(any_of(flag.value), row))
