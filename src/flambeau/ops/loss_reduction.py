"""What all losses share: their reduction, their operands' shapes and types."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, message
from flambeau.core.spec import Spec
from flambeau.ops.elementwise_calls import remember
from flambeau.ops.operands import (
    CONSTANTS32,
    CONSTANTS64,
    FLOAT32,
    FLOAT64,
    REDUCED,
    common_type,
    converted,
    elementwise_spec,
    not_a_tensor,
)
from flambeau.ops.reduction import SMALL, ones
from flambeau.ops.shown_graph import show
from flambeau.tensor.dispatch import apply, attach, evaluate, wrap
from flambeau.tensor.graph import Node
from flambeau.tensor.modes import GRAD, MODE
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import refresh

REDUCTIONS = {"mean": "mean", "sum": "sum", "none": "none"}

# How many calls lie between a warning here and the user's line.
_USER = 4


# --- the reduction's name -------------------------------------------------------------------------


def reduction_of(name: str, size_average: Any, reduce: Any, reduction: Any) -> str:
    """The reduction that a user asks for, by the present argument or the two old ones.

    Raises:
        ValueError: if there is no such reduction.
    """
    if size_average is None and reduce is None:
        found = REDUCTIONS.get(reduction) if reduction.__class__ is str else None
        return found or _unusual(name, reduction)
    return legacy_reduction(size_average, reduce)


def legacy_reduction(size_average: bool | None, reduce: bool | None) -> str:
    """What the two arguments that ``reduction=`` has replaced stand for; warns."""
    if reduce is not None and not reduce:
        found = "none"
    else:
        found = "mean" if size_average is None or size_average else "sum"
    warnings.warn(
        f"size_average and reduce are deprecated: write reduction={found!r}", stacklevel=_USER
    )
    return found


def _unusual(name: str, reduction: Any) -> str:
    if reduction == "elementwise_mean":
        warnings.warn(
            "reduction='elementwise_mean' is deprecated: write reduction='mean'", stacklevel=_USER
        )
        return "mean"
    raise ValueError(
        message(
            f"{name}: no such reduction", expected="'none', 'mean' or 'sum'", got=repr(reduction)
        )
    )


# --- reducing -------------------------------------------------------------------------------------


def reduced(losses: Any, reduction: str) -> Tensor:
    """A tensor of losses, their mean or their sum."""
    if reduction == "mean":
        return losses.mean()
    return losses.sum() if reduction == "sum" else losses


def reduced_array(losses: Any, reduction: str) -> Any:
    """An array of losses, their mean or their sum, computed in the array's type."""
    if reduction == "none":
        return losses
    kind = losses.dtype
    if losses.size <= SMALL and (kind is FLOAT32 or kind is FLOAT64):
        total = losses.ravel("K").dot(ones(losses.size, kind))
    else:
        total = np.add.reduce(losses, None)
    return total / losses.size if reduction == "mean" else total


def reduced_spec(like: Any, numpy_type: np.dtype, reduction: str) -> Spec:
    """The spec of a loss with one element for each element of ``like``."""
    return (
        elementwise_spec(like.shape, numpy_type, [like])
        if reduction == "none"
        else Spec((), numpy_type)
    )


def share(reduction: str, count: int) -> float:
    """By what each element's loss enters the result.

    The mean of nothing is nan, and has no element that a gradient could reach.
    """
    return 1.0 / (count or 1) if reduction == "mean" else 1.0


# --- the short way of the usual case --------------------------------------------------------------


def apply_pair(op: Operation, input: Any, target: Any, params: tuple[Any, ...]) -> Tensor:
    """``apply`` for a loss of two tensors, the first of which mostly wants a gradient."""
    if MODE.code <= GRAD and input.__class__ is Tensor and target.__class__ is Tensor:
        try:
            array = op.evaluate(input._array, target._array, *params)
        except UNUSUAL:
            return apply(op, (input, target), params)
        out = wrap(array if array.__class__ is np.ndarray else np.asarray(array))
        if MODE.code:
            if input._view is not None:
                refresh(input)
            if input._requires and target._counter is None and not target._requires:
                remember(op, _FIRST, (input, target), 0, params, out)
            else:
                attach(op, (input, target), params, out)
        return out
    for x in (input, target):
        if not isinstance(x, Tensor):
            raise not_a_tensor(op.name, x)
    return apply(op, (input, target), params)


def apply_back(op: Operation, inputs: tuple[Any, ...], params: tuple[Any, ...]) -> Tensor:
    """``apply`` for the way back, which mostly nobody records."""
    if MODE.code == 0:
        return wrap(np.asarray(evaluate(op, [x._array for x in inputs], params)))
    return apply(op, inputs, params)


_FIRST = (True, False)
# What NumPy raises where a computation is not as usual; apply() finds out what it was.
UNUSUAL = (ValueError, TypeError, IndexError, OverflowError, RuntimeWarning, FloatingPointError)


# --- the graph ------------------------------------------------------------------------------------


class NumberNode(Node):
    """A node of arithmetic with a number, as PyTorch names it inside a composite operation.

    From Python a number becomes a tensor first, and the node is ``AddBackward0``.
    """

    __slots__ = ()

    def name(self) -> str:
        return Node.name(self).removesuffix("0") + "1"


def number_node(result: Tensor) -> Tensor:
    """The result of arithmetic with a number, its node named so."""
    return show(result, NumberNode)


# --- operands -------------------------------------------------------------------------------------


def one_type(*arrays: np.ndarray) -> tuple[tuple[Any, ...], np.dtype]:
    """Operands as they are computed with, and the type of the result.

    Raises:
        TypeError: if that is no floating-point type (which ``infer`` explains).
    """
    kind = arrays[0].dtype
    if kind is FLOAT32 or kind is FLOAT64:
        for each in arrays:
            if each.dtype is not kind:
                break
        else:
            return arrays, kind
    common = common_type(arrays)
    if common.kind not in "fV":
        raise TypeError("not a floating-point type")
    return tuple(converted(arrays, common)), common


def constant(number: float, numpy_type: np.dtype) -> Any:
    """A number as a 0-d array of a type that is computed in, which NumPy takes quicker."""
    return (CONSTANTS32 if numpy_type is FLOAT32 else CONSTANTS64)[number]


def rounded(result: Any, numpy_type: np.dtype) -> Any:
    """A result of float16 or bfloat16 operands, which are computed with in float32, rounded."""
    return np.asarray(result).astype(numpy_type) if numpy_type in REDUCED else result


def loss_type(name: str, *operands: Any) -> np.dtype:
    """The type that a loss of operands of these types has.

    Raises:
        RuntimeError: if that is no real floating-point type.
    """
    common = dtypes.result_numpy(list(operands))
    if common.kind not in "fV":
        raise RuntimeError(
            message(
                f"{name}: only defined on floating-point tensors",
                expected="float16, bfloat16, float32 or float64",
                got=str(dtypes.of(common)),
                help="convert with .float()",
            )
        )
    return common


def check_same_shape(
    name: str, input: Any, target: Any, names: tuple[str, str] = ("input", "target")
) -> None:
    """Refuse two tensors of different shapes.

    Raises:
        TypeError: if one of them is no tensor.
        ShapeError: if their shapes differ.
    """
    try:
        if input._array.shape == target._array.shape:
            return
    except AttributeError:
        raise not_a_tensor(name, target if isinstance(input, Tensor) else input) from None
    raise unequal_shapes(name, input._array.shape, target._array.shape, names)


def unequal_shapes(
    name: str,
    first: tuple[int, ...],
    second: tuple[int, ...],
    names: tuple[str, str] = ("input", "target"),
    error: type[Exception] = ShapeError,
) -> Exception:
    """The error for two tensors of different shapes, with what would make them equal."""
    return error(
        message(
            f"{name}: {names[0]} and {names[1]} have different shapes",
            expected="two tensors of one shape",
            got=f"{names[0]} {tuple(first)} and {names[1]} {tuple(second)}",
            help=_remedy(names, tuple(first), tuple(second)),
        )
    )


def _remedy(names: tuple[str, str], first: tuple[int, ...], second: tuple[int, ...]) -> str | None:
    """What makes two shapes equal, if broadcasting does."""
    (a, x), (b, y) = (names[0], first), (names[1], second)
    if len(x) < len(y):
        (a, x), (b, y) = (b, y), (a, x)
    if len(x) == len(y) + 1:
        for dim, size in enumerate(x):
            if size == 1 and x[:dim] + x[dim + 1 :] == y:
                return f"{b}.unsqueeze({dim}), or {a}.squeeze({dim})"
    for (small, given), full in (((b, y), x), ((a, x), y)):
        if all([s in (1, f) for s, f in zip(reversed(given), reversed(full))]):
            return f"if broadcasting is meant, write {small}.expand({', '.join(map(str, full))})"
    return None
