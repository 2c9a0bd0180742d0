"""Rules for operations that name dimensions, and for those that need not be told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.func.batching.held import reshaped
from flambeau.func.level import Held
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY, Operation

DIMENSIONS = frozenset({"dim", "dims", "dim0", "dim1", "dim2", "dimension"})
SHAPES = frozenset({"shape", "size"})


def shifted(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    """The same operation with every dimension one further back.

    An example without dimensions is given one, since operations accept dimension 0 of a 0-d tensor.
    """
    tensors = [x for x in operands if isinstance(x, Held)]
    scalar = all(x.ndim == 0 for x in tensors)
    size = tensors[0].level.size
    named = tuple(
        _moved(name, value, scalar, size, op) for name, value in zip(op.params, params, strict=True)
    )
    if any(value is _WHOLE for value in named):
        return _flattened(op, operands, params)
    inputs = tuple(
        (x.at_least_1d() if scalar and _grows(op) else x.full()) if isinstance(x, Held) else x
        for x in operands
    )
    return apply(op, inputs, named)


# These name places between dimensions, or only the shape of the result.
_FROM_NOTHING = frozenset({"unsqueeze", "reshape", "view", "unsafe_view", "zeros_of_shape",
                           "spread", "select_backward"})  # fmt: skip
_WHOLE = object()


def _grows(op: Operation) -> bool:
    return op.name not in _FROM_NOTHING


def _moved(name: str, value: Any, scalar: bool, size: int, op: Operation) -> Any:
    if name in DIMENSIONS:
        if value is None or (value == () and op.name == "roll"):
            return _WHOLE
        if isinstance(value, tuple):
            if value == () and scalar and op.name not in ("flip", "squeeze_2", *_FROM_NOTHING):
                return (1,)
            return tuple([d + 1 for d in value])
        return value + 1
    if name in SHAPES and isinstance(value, tuple):
        if scalar and value == () and _grows(op):
            return (size, 1)
        return (size, *value)
    return value


def _flattened(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    """An operation on all elements, whatever their dimensions: examples as rows."""
    inputs = tuple(
        reshaped(x.full(), (x.level.size, x.size)) if isinstance(x, Held) else x for x in operands
    )
    moved = []
    for name, value in zip(op.params, params, strict=True):
        if name in DIMENSIONS:
            value = 1 if value is None else (1,)
        moved.append(value)
    return apply(op, inputs, tuple(moved))


def behind(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    """The operation as it is: it does the same for whatever stands in front."""
    inputs = tuple([x.full() if isinstance(x, Held) else x for x in operands])
    return apply(op, inputs, params)


def stacks(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    """An operation on the last dimensions of several tensors, whose leading ones broadcast."""
    ndim = max(x.ndim for x in operands if isinstance(x, Held))
    inputs = tuple([x.full(ndim) if isinstance(x, Held) else x for x in operands])
    return apply(op, inputs, params)


def solving(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    """Systems of equations whose sides have equally many dimensions: no vector on the right."""
    ndims = [x.ndim for x in operands if isinstance(x, Held)]
    return behind(op, operands, params) if ndims[-1] == ndims[0] else None


def over_everything(along: str) -> Callable[..., Any]:
    """The rule of a reduction of a whole tensor, by the one that reduces along a dimension."""
    tuples = along in ("sum", "mean", "amax", "amin")

    def rule(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
        (x,) = operands
        rows = reshaped(x.full(), (x.level.size, x.size))
        out = apply(REGISTRY[along], (rows,), ((1,) if tuples else 1, False, *params))
        return out[0] if isinstance(out, tuple) else out

    return rule
