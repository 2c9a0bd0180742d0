"""Choosing between two values by a condition."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.shapes import broadcast
from flambeau.core.spec import Spec
from flambeau.ops.elementwise_calls import UNUSUAL
from flambeau.ops.operands import (
    BOOL,
    CONSTANTS32,
    CONSTANTS64,
    FLOAT32,
    FLOAT64,
    as_operand,
    as_type,
    common_type,
    elementwise_spec,
    not_a_tensor,
)
from flambeau.ops.publish import public
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, attach, wrap
from flambeau.tensor.modes import GRAD, INTERPRETED, MODE
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

# --- where ---------------------------------------------------------------------------------------


def _where(condition: Any, input: Any, other: Any) -> np.ndarray:
    if condition.dtype != BOOL:
        _check_condition(condition)
        condition = condition.astype(BOOL)
    common = common_type((input, other))
    return np.where(condition, as_type(input, common), as_type(other, common))


def _check_condition(condition: Any) -> None:
    if condition.dtype.kind != "b" and condition.dtype != np.uint8:
        raise RuntimeError(
            message(
                "where: the condition must be a bool tensor",
                expected="torch.bool",
                got=str(dtypes.of(condition.dtype)),
                help="compare it with something, or convert it with .bool()",
            )
        )


def _infer_where(condition: Any, input: Any, other: Any) -> Spec:
    _check_condition(condition)
    arrays = [x for x in (condition, input, other) if hasattr(x, "ndim")]
    shape = broadcast("where", *[x.shape for x in arrays])
    return elementwise_spec(shape, common_type((input, other)), arrays)


def _where_samples(make: Any) -> list[Any]:
    return [
        make.sample(inputs=(make.booleans((2, 3)), make.tensor((2, 3)), make.tensor((2, 3)))),
        make.sample(inputs=(make.booleans((2, 1)), make.tensor((3,)), make.tensor(()))),
        make.sample(inputs=(make.booleans((2, 3)), make.transposed((2, 3)), 2.0)),
        make.sample(inputs=(make.booleans((2, 3)), 1, make.tensor((2, 3)))),
        make.sample(inputs=(make.booleans(()), make.tensor(()), make.tensor(()))),
        make.sample(inputs=(make.booleans((0,)), make.tensor((0,)), make.tensor((1,)))),
        make.error((make.booleans((2,)), make.tensor((3,)), make.tensor((3,))), (), RuntimeError),
        make.error((make.tensor((2,)), make.tensor((2,)), make.tensor((2,))), (), RuntimeError),
    ]


WHERE = Operation(
    "where",
    inputs="condition input other",
    evaluate=_where,
    infer=_infer_where,
    gradient={
        "input": lambda g, condition: apply(WHERE, (condition, g, 0)),
        "other": lambda g, condition: apply(WHERE, (condition, 0, g)),
    },
    scalar=lambda s, condition, x, y: s.where(condition, x, y),
    samples=_where_samples,
)


def where(condition: Any, input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """``input`` where a condition holds, ``other`` elsewhere.

    :math:`out_i = input_i` if :math:`condition_i`, else :math:`other_i`

    Args:
        condition: a bool tensor.
        input, other: tensors or numbers; shapes broadcast, types are promoted.
        out: a tensor to write the result into.

    Shape: the broadcast of all three.

    Raises:
        RuntimeError: if the shapes do not broadcast, or the condition is not of type bool.

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor([1., -2.])
        >>> fb.where(x > 0, x, 0.)
        tensor([1., 0.])
    """
    if MODE.code < INTERPRETED and out is None:
        try:
            found = _where_of_floats(condition, input, other)
            if found is not None:
                return found
        except UNUSUAL:
            pass
    if not isinstance(condition, Tensor):
        raise not_a_tensor("where", condition)
    operands = as_operand("where", input), as_operand("where", other)
    result = apply(WHERE, (condition, *operands))
    return result if out is None else write_out("where", out, result)


def _where_of_floats(condition: Tensor, input: Any, other: Any) -> Tensor | None:
    """The usual case: one floating-point type, where one choice may be a number."""
    array = condition._array
    x = input._array if isinstance(input, Tensor) else None
    y = other._array if isinstance(other, Tensor) else None
    kind = y.dtype if x is None else x.dtype
    constants = CONSTANTS32 if kind is FLOAT32 else CONSTANTS64 if kind is FLOAT64 else None
    if constants is None or array.dtype is not BOOL:
        return None
    if x is None:
        if input.__class__ is not int and input.__class__ is not float:
            return None
        x = constants[input]
    elif y is None:
        if other.__class__ is not int and other.__class__ is not float:
            return None
        y = constants[other]
    elif y.dtype is not kind:
        return None
    return finished(WHERE, (condition, input, other), np.where(array, x, y))


def finished(op: Operation, inputs: tuple[Any, ...], array: Any) -> Tensor:
    """The tensor around a result that was computed without ``apply``, recorded where needed."""
    tensor = wrap(array if array.__class__ is np.ndarray else np.asarray(array))
    if MODE.code & GRAD:
        for x in inputs:
            if isinstance(x, Tensor) and (x._requires or x._view is not None):
                attach(op, inputs, (), tensor)
                break
    return tensor


@public("where")
def _where_function(
    condition: Tensor, input: Any = None, other: Any = None, *, out: Tensor | None = None
) -> Any:
    if input is None and other is None and out is None:
        return condition.nonzero(as_tuple=True)  # type: ignore[attr-defined]
    return where(condition, input, other, out=out)


_where_function.__doc__ = where.__doc__
_where_function.__name__ = _where_function.__qualname__ = "where"


@public("where", method=True)
def _where_method(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    return where(condition, self, other)


# The method takes the tensor itself as the first choice, the function takes the condition first.
public("where")(_where_function)
_where_method.__doc__ = "The tensor where a condition holds, ``other`` elsewhere."
_where_method.__name__ = _where_method.__qualname__ = "where"
