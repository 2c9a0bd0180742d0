"""Filling elements under a mask."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.number import concrete
from flambeau.core.shapes import broadcast
from flambeau.core.spec import Spec
from flambeau.ops.operands import (
    CONSTANTS32,
    CONSTANTS64,
    FLOAT32,
    FLOAT64,
    as_operand,
    elementwise_spec,
    not_a_tensor,
)
from flambeau.ops.publish import public
from flambeau.ops.selection import where
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor


def _masked_fill(input: Any, mask: Any, value: Any) -> np.ndarray:
    kind = input.dtype
    if mask.dtype.kind != "b":
        raise TypeError  # infer says why
    given = value.__class__
    if given is float and (kind is FLOAT32 or kind is FLOAT64):
        value = (CONSTANTS32 if kind is FLOAT32 else CONSTANTS64)[value]
    else:
        if given is complex or getattr(value, "ndim", 0) or getattr(value, "dtype", kind) != kind:
            _infer_masked_fill(input, mask, value)
        if not hasattr(value, "ndim"):
            value = np.asarray(concrete(value)).astype(kind)
        elif value.dtype != kind:
            value = value.astype(kind)
    return np.where(mask, value, input)


def _infer_masked_fill(input: Any, mask: Any, value: Any) -> Spec:
    if mask.dtype.kind != "b":
        raise RuntimeError(
            message(
                "masked_fill: the mask must be a bool tensor",
                expected="torch.bool",
                got=str(dtypes.of(mask.dtype)),
                help="compare it with something, or convert it with .bool()",
            )
        )
    is_tensor = hasattr(value, "ndim")
    if is_tensor and value.ndim:
        raise RuntimeError(
            message(
                "masked_fill: the value must be a number or a 0-d tensor",
                expected="0 dimensions",
                got=f"shape {tuple(value.shape)}",
            )
        )
    given = dtypes.of(value.dtype) if is_tensor else dtypes.of_number(value)
    wanted = dtypes.of(input.dtype)
    if given.category == dtypes.COMPLEX != wanted.category:
        raise RuntimeError(
            message(
                f"masked_fill: the value cannot be converted to {wanted}",
                expected=f"a value that {wanted} can hold",
                got=repr(value) if not is_tensor else str(given),
            )
        )
    shape = broadcast("masked_fill", input.shape, mask.shape)
    return elementwise_spec(shape, input.dtype, [input, mask])


def _masked_samples(number: bool) -> Any:
    def samples(make: Any) -> list[Any]:
        value = 2.0 if number else make.tensor(())
        return [
            make.sample(inputs=(make.tensor((2, 3)), make.booleans((2, 3)), value)),
            make.sample(inputs=(make.transposed((2, 3)), make.booleans((3,)), value)),
            make.sample(inputs=(make.tensor((3,)), make.booleans((2, 1)), value)),
            make.sample(inputs=(make.tensor(()), make.booleans(()), value)),
            make.sample(inputs=(make.tensor((0,)), make.booleans((1,)), value)),
            make.error((make.tensor((2,)), make.booleans((3,)), value), (), RuntimeError),
            make.error((make.tensor((2,)), make.tensor((2,)), value), (), RuntimeError),
        ]

    return samples


def _total(g: Tensor) -> Tensor:
    return apply(REGISTRY["sum"], (g,), (tuple(range(g._array.ndim)), False, None))


def _masked_fill_record(name: str, node_name: str, number: bool) -> Operation:
    return Operation(
        name,
        inputs="input mask value",
        evaluate=_masked_fill,
        infer=_infer_masked_fill,
        gradient={
            "input": lambda g, mask: where(mask, 0, g),
            "value": lambda g, mask: _total(where(mask, g, 0)),
        },
        scalar=lambda s, x, mask, value: s.where(mask, value, x),
        samples=_masked_samples(number),
        node_name=node_name,
    )


MASKED_FILL = _masked_fill_record("masked_fill", "MaskedFillBackward1", False)
MASKED_FILL_NUMBER = _masked_fill_record("masked_fill_scalar", "MaskedFillBackward0", True)


def _masked_operands(name: str, input: Any, mask: Any, value: Any) -> tuple[Operation, Any]:
    for x in (input, mask):
        if not isinstance(x, Tensor):
            raise not_a_tensor(name, x)
    value = as_operand(name, value)
    return (MASKED_FILL if isinstance(value, Tensor) else MASKED_FILL_NUMBER), value


@public(method=True)
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """Replace elements under a mask by one value.

    :math:`out_i = value` if :math:`mask_i`, else :math:`input_i`

    Args:
        input: a tensor.
        mask: a bool tensor whose shape broadcasts with it.
        value: a number or a 0-d tensor.

    Shape: the broadcast of ``input`` and ``mask``.

    Raises:
        RuntimeError: if the shapes do not broadcast, the mask is not of type bool, or the
            tensor's type cannot hold the value.

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor([1., 2., 3.])
        >>> x.masked_fill(x > 1.5, -1.)
        tensor([ 1., -1., -1.])
    """
    op, value = _masked_operands("masked_fill", input, mask, value)
    return apply(op, (input, mask, value))


@public(method=True, function=False)
def masked_fill_(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """In-place version of :func:`flambeau.masked_fill`; returns the tensor itself."""
    op, value = _masked_operands("masked_fill_", input, mask, value)
    return apply_inplace(op, input, (mask, value))
