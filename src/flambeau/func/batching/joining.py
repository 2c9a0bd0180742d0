"""Rules for operations on any number of tensors."""

from __future__ import annotations

from typing import Any

from flambeau.func.batching.held import reshaped, typed
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY, Operation


def _cat(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    ndim = max(x.ndim for x in operands)
    if any(x.ndim != ndim for x in operands):  # an empty vector may stand beside anything
        operands = [x for x in operands if x.ndim == ndim or x.shape != (0,)]
    return apply(op, tuple(x.full() for x in operands), (params[0] + 1,))


def _block_diag(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    """Each block in a row of its own between zeros, and the rows below one another."""
    spec = op.infer(*[x.spec() for x in operands])
    size, width = operands[0].level.size, spec.shape[1]
    rows, column = [], 0
    for x in operands:
        height, wide = ((1, 1) + tuple(x.shape))[-2:]
        block = typed(reshaped(x.full(), (size, height, wide)), spec.dtype)
        sides = [
            apply(REGISTRY["full"], (), ((size, height, count), 0, spec.dtype, False))
            for count in (column, width - column - wide)
        ]
        rows.append(apply(REGISTRY["cat"], (sides[0], block, sides[1]), (2,)))
        column += wide
    return apply(REGISTRY["cat"], tuple(rows), (1,))


def _pad_sequence(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    """Examples stand behind the steps while the sequences are joined."""
    inputs = tuple(apply(REGISTRY["transpose"], (x.full(),), (0, 1)) for x in operands)
    joined = apply(op, inputs, params)  # sequences and steps, then examples
    order = (2, 0, 1, *range(3, joined.ndim))
    return apply(REGISTRY["permute"], (joined,), (order,))


RULES = {"cat": _cat, "stack": _cat, "block_diag": _block_diag, "pad_sequence": _pad_sequence}
