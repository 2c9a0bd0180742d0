"""Rules for operations that move elements and are not told by dimensions alone."""

from __future__ import annotations

from typing import Any

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.shapes import contiguous_strides
from flambeau.func.batching.held import reshaped, typed
from flambeau.func.level import Held, LevelError
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY, Operation


def _expand(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    x, shape = operands[0], params[0]
    return apply(op, (x.aligned(len(shape)),), ((x.level.size, *shape),))


def _permute(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    return apply(op, (operands[0].value,), ((0, *[d + 1 for d in params[0]]),))


def _t(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    x = operands[0]
    dims = (1, 2) if x.ndim == 2 else (0, 0)
    return apply(REGISTRY["transpose"], (x.value,), dims)


def _repeat(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    x, repeats = operands[0], params[0]
    return apply(op, (x.aligned(len(repeats)),), ((1, *repeats),))


def _clone(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    return apply(op, (operands[0].value,), (None,))


def _basic_index(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    return apply(op, (operands[0].value,), ((_EVERY, *_plain(params[0])),))


def _basic_index_backward(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    g, (shape, index) = operands[0], params
    return apply(op, (g.value,), ((g.level.size, *shape), (_EVERY, *_plain(index))))


_BOOL = dtypes.bool_.numpy
_EVERY = (None, None, None)  # how records write the slice `:`


def _plain(index: Any) -> tuple[Any, ...]:
    return index if isinstance(index, tuple) else (index,)


def _trace(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    diagonal = apply(REGISTRY["diagonal"], (operands[0].value,), (0, 1, 2))
    return apply(REGISTRY["sum"], (diagonal,), ((1,), False, None))


def _diagonal_copy(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    diagonal = apply(REGISTRY["diagonal"], (operands[0].value,), (params[0], 1, 2))
    return apply(REGISTRY["clone"], (diagonal,), (None,))


def _rows_sum(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    x = operands[0]
    if x.ndim == 1:
        return apply(REGISTRY["clone"], (x.value,), (None,))
    return apply(REGISTRY["sum"], (x.value,), (tuple(range(1, x.ndim)), False, None))


def _equal(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    x, y = operands
    if x.shape != y.shape:
        return apply(REGISTRY["full"], (), ((x.level.size,), False, _BOOL, False))
    same = apply(REGISTRY["eq"], (x.full(), y.full()))
    rows = reshaped(same, (x.level.size, x.size))
    return apply(REGISTRY["all"], (rows,), ((1,), False))


def _copy(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    target, source = operands
    return apply(op, (target.full(), source.aligned(target.ndim)))


def _fill(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    """The target with a value in all places: its own values do not matter."""
    target, value = operands
    if not isinstance(value, Held) or not value.is_batched:
        return apply(op, (target.full(), value.value if isinstance(value, Held) else value))
    return apply(REGISTRY["copy"], (target.full(), value.aligned(target.ndim)))


def _masked_fill(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    x, mask, value = operands
    ndim = max(x.ndim, mask.ndim)
    if value.is_batched:
        filler = typed(value.aligned(ndim), x.dtype)
        return apply(REGISTRY["where"], (mask.aligned(ndim), filler, x.aligned(ndim)))
    return apply(op, (x.full(ndim), mask.aligned(ndim), value.value))


def _as_strided(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    """Each example is read as memory of its own, which must lie in order."""
    x, (shape, strides, offset, _, _) = operands[0], params
    itemsize = x.dtype.itemsize
    if x.strides != tuple(s * itemsize for s in contiguous_strides(x.shape)):
        raise LevelError(
            message(
                "as_strided: inside vmap, an example does not lie in memory in order",
                expected="a contiguous tensor",
                got=f"strides {tuple(s // itemsize for s in x.strides)}",
                help="call contiguous() first",
            )
        )
    rows = apply(REGISTRY["clone"], (x.value,), ("contiguous_format",))
    own = tuple(contiguous_strides(rows._array.shape))
    size = x.level.size
    return apply(op, (rows,), ((size, *shape), (x.size, *strides), offset, own, 0))


def _unfold_backward(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    (g,), (shape, dimension, size, step) = operands, params
    if shape:
        return apply(op, (g.full(),), ((g.level.size, *shape), dimension + 1, size, step))
    # A number is its own window of size 1, without a dimension that counts windows.
    windows = reshaped(g.full(), (g.level.size, 1, 1))
    return apply(op, (windows,), ((g.level.size, 1), 1, 1, step))


RULES = {
    "unfold_backward": _unfold_backward,
    "copy": _copy,
    "fill": _fill,
    "masked_fill": _masked_fill,
    "as_strided": _as_strided,
    "expand": _expand,
    "permute": _permute,
    "t": _t,
    "repeat": _repeat,
    "clone": _clone,
    "basic_index": _basic_index,
    "basic_index_backward": _basic_index_backward,
    "trace": _trace,
    "diagonal_copy": _diagonal_copy,
    "rows_sum": _rows_sum,
    "equal": _equal,
}
