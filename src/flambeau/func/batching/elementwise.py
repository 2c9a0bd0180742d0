"""The general rule: elementwise operations broadcast, once examples stand in front."""

from __future__ import annotations

from typing import Any

from flambeau.core import dtypes
from flambeau.func.batching.held import typed
from flambeau.func.level import Held
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def elementwise(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    """Line the dimensions of one example up from the right, as broadcasting does without vmap."""
    tensors = [x for x in operands if isinstance(x, Held)]
    ndim = max(x.ndim for x in tensors)
    common = _common(tensors)
    inputs = tuple([_operand(x, ndim, common) if isinstance(x, Held) else x for x in operands])
    return apply(op, inputs, params)


def _common(tensors: list[Any]) -> Any:
    """The type that operands must be converted to, since vmap hides that they are 0-d.

    A 0-d tensor takes part in promotion with its category only; with examples in front it would
    take part with its type.
    """
    if len({x.dtype for x in tensors}) == 1 or all(x.ndim for x in tensors):
        return None
    return dtypes.result_numpy(tensors)


def _operand(x: Any, ndim: int, common: Any) -> Tensor:
    value = x.aligned(ndim)
    if common is None or x.ndim or not x.is_batched or x.dtype.kind == "b":
        return value
    return typed(value, common)
