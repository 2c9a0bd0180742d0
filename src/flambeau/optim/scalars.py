"""Functions of one number that is known now, at each call of compiled code, or only as a tensor.

Schedules and bias corrections are formulas of a step count. The count is a Python number in eager
code, a :class:`~flambeau.core.number.Number` while a step is recorded, and a 0-d tensor where it
depends on data (a step that was skipped because of a nan does not count). The formulas are
written once, with these functions.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.number import Number, call
from flambeau.ops.creation import zeros
from flambeau.ops.pairwise_extremes import maximum as maximum_of_tensors
from flambeau.ops.pairwise_extremes import minimum as minimum_of_tensors
from flambeau.ops.selection import where as where_of_tensors
from flambeau.tensor.tensor import Tensor


def at_each_call(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a pure function of numbers take numbers of a recording too.

    Its result is then such a number itself: the function runs again at each call of the compiled
    code, so it may compare and branch without being recorded anew.
    """

    @functools.wraps(function)
    def lifted(*operands: Any) -> Any:
        numbers = tensors = False
        for x in operands:
            numbers = numbers or x.__class__ is Number
            tensors = tensors or isinstance(x, Tensor)
        if numbers and tensors:
            return function(*map(_as_operand, operands))
        return call(function, *operands) if numbers else function(*operands)

    return lifted


def _as_operand(x: Any) -> Any:
    return as_tensor(x) if x.__class__ is Number else x


def as_tensor(x: Any) -> Tensor:
    """A number as a 0-d tensor of float64; tensors as they are."""
    return x if isinstance(x, Tensor) else zeros((), dtype=dtypes.float64) + x


@at_each_call
def is_first(step: Any) -> Any:
    """Whether an update is the first one: a condition for :func:`where`."""
    return step == 1 if isinstance(step, Tensor) else bool(step == 1)


@at_each_call
def is_due(step: Any, interval: Any) -> Any:
    """Whether an update is the first one or comes a whole number of intervals after it."""
    found = (step - 1) % interval == 0
    return found if isinstance(found, Tensor) else bool(found)


def _function(name: str) -> Callable[[Any], Any]:
    of_python, of_numpy = getattr(math, name), getattr(np, name)

    def function(x: Any) -> Any:
        if isinstance(x, Tensor):
            return getattr(x, name)()
        return of_numpy(x) if isinstance(x, np.floating) else of_python(x)

    function.__doc__ = f"The {name} of a number."
    return at_each_call(function)


sqrt = _function("sqrt")
cos = _function("cos")


@at_each_call
def floor(x: Any) -> Any:
    """The largest whole number that is not above ``x``, as a floating-point number."""
    return x.floor() if isinstance(x, Tensor) else type(x)(math.floor(x))


@at_each_call
def minimum(x: Any, y: Any) -> Any:
    """The smaller of two numbers."""
    if isinstance(x, Tensor) or isinstance(y, Tensor):
        return minimum_of_tensors(as_tensor(x), as_tensor(y))
    return type(x)(min(x, y)) if isinstance(x, np.floating) else min(x, y)


@at_each_call
def maximum(x: Any, y: Any) -> Any:
    """The larger of two numbers."""
    if isinstance(x, Tensor) or isinstance(y, Tensor):
        return maximum_of_tensors(as_tensor(x), as_tensor(y))
    return type(x)(max(x, y)) if isinstance(x, np.floating) else max(x, y)


def where(condition: Any, x: Any, y: Any) -> Any:
    """``x`` if the condition holds and ``y`` otherwise; the other may be anything, also nan.

    Args:
        condition: a truth value, a tensor of truth values, or a number of a recording (1 or 0).
        x, y: numbers or tensors.
    """
    if condition.__class__ is Number:
        condition = as_tensor(condition * 1.0) > 0.5
    if isinstance(condition, Tensor):
        return where_of_tensors(condition, as_tensor(x), as_tensor(y))
    return x if condition else y
