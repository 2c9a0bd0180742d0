"""Rules for operations on any number of tensors."""

from __future__ import annotations

from typing import Any

from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation


def _cat(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    ndim = max(x.ndim for x in operands)
    if any(x.ndim != ndim for x in operands):  # an empty vector may stand beside anything
        operands = [x for x in operands if x.ndim == ndim or x.shape != (0,)]
    return apply(op, tuple(x.full() for x in operands), (params[0] + 1,))


RULES = {"cat": _cat, "stack": _cat}
