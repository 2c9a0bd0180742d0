"""Rules for elements by their places in a whole example: each example is a row."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from flambeau.func.batching.held import reshaped, typed
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor

_INT64 = np.dtype("int64")


def _rows(x: Any) -> Tensor:
    """All elements of each example in a row."""
    return reshaped(x.full(), (x.level.size, x.size))


def _places(index: Any, size: int) -> Tensor:
    """Places counted from the start, as rows; negative ones are counted from the end."""
    numbers = _rows(index)
    below = apply(REGISTRY["lt"], (numbers, 0))
    return apply(REGISTRY["where"], (below, apply(REGISTRY["add"], (numbers, size), (1,)), numbers))


def _take(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    x, index = operands
    return apply(REGISTRY["gather"], (_rows(x), _places(index, x.size)), (1,))


def _take_backward(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    (g, index), (shape,) = operands, params
    count = prod(shape)
    given = _rows(g), _places(index, count)
    return apply(REGISTRY["gather_backward"], given, ((g.level.size, count), 1))


def _put(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    x, index, source = operands
    given = _rows(x), _places(index, x.size), _rows(source)
    return apply(REGISTRY["scatter_add" if params[0] else "scatter"], given, (1,))


def _counts(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    """Numbers that no two examples share are counted all at once."""
    (index,) = operands
    size = index.level.size
    example = apply(REGISTRY["arange"], (), (0, size, 1, _INT64))
    column = reshaped(example, (size, *(1,) * index.ndim))
    spread = apply(REGISTRY["mul"], (typed(index.full(), _INT64), size))
    return apply(op, (apply(REGISTRY["add"], (spread, column), (1,)),), params)


# --- under masks ----------------------------------------------------------------------------------


def _masked(mask: Any, shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Masks of examples as rows, and for each element how many before it are chosen."""
    size = mask.level.size
    wide = apply(REGISTRY["expand"], (mask.full(len(shape)),), ((size, *shape),))
    rows = reshaped(wide, (size, prod(shape)))
    count = apply(REGISTRY["cumsum"], (rows,), (1, None))
    before = apply(REGISTRY["sub"], (count, typed(rows, _INT64)), (1,))
    return rows, before


def _masked_scatter(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    x, mask, source = operands
    shape = tuple(op.infer(*[h.spec() for h in operands]).shape)
    rows, before = _masked(mask, shape)
    # What is not chosen reads the first element, and forgets it.
    place = apply(REGISTRY["where"], (rows, before, 0))
    if source.size == 0:
        return None
    found = apply(REGISTRY["gather"], (_rows(source), place), (1,))
    kept = apply(REGISTRY["expand"], (x.full(len(shape)),), ((x.level.size, *shape),))
    return apply(REGISTRY["where"], (rows, found, reshaped(kept, tuple(rows._array.shape))))


def _masked_scatter_backward(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    (g, mask), (shape,) = operands, params
    if prod(shape) == 0:
        return None
    rows, before = _masked(mask, tuple(g.shape))
    place = apply(REGISTRY["where"], (rows, before, 0))
    given = apply(REGISTRY["where"], (rows, _rows(g), 0))
    return apply(REGISTRY["gather_backward"], (given, place), ((g.level.size, prod(shape)), 1))


RULES = {
    "take": _take,
    "take_backward": _take_backward,
    "put": _put,
    "index_counts": _counts,
    "masked_scatter": _masked_scatter,
    "masked_scatter_backward": _masked_scatter_backward,
}
