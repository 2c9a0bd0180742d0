"""Rules for looking up values in others."""

from __future__ import annotations

from typing import Any

from flambeau.func.batching.held import reshaped
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY, Operation


def _searchsorted(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    sequence, values = operands
    size = values.level.size
    if not sequence.is_batched and sequence.ndim == 1:
        return apply(op, (sequence.value, values.value), params)
    if sequence.ndim == 1:  # the examples' sequences, each with a row of values
        wanted = reshaped(values.full(), (size, values.size))
        return apply(op, (sequence.full(), wanted), params)
    return apply(op, (sequence.full(), values.full()), params)


def _isin(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    elements, tests = operands
    if not tests.is_batched:
        return apply(op, (elements.value, tests.value), params)
    size, last = tests.level.size, elements.ndim + 1
    others = reshaped(tests.value, (size, *(1,) * elements.ndim, tests.size))
    column = apply(REGISTRY["unsqueeze"], (elements.full(),), (last,))
    found = apply(REGISTRY["any"], (apply(REGISTRY["eq"], (column, others)),), ((last,), False))
    return apply(REGISTRY["logical_not"], (found,)) if params[0] else found


RULES = {"searchsorted": _searchsorted, "isin": _isin}
