"""New tensors in the shape, type and layout of another: zeros_like, ones_like and so on."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.spec import Spec, elementwise_strides
from flambeau.ops.creation import (
    EMPTY,
    FULL,
    as_number,
    checked_options,
    fill_value,
    finish,
    is_channels_last,
)
from flambeau.ops.publish import public
from flambeau.ops.single import apply_one
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

# --- records ----------------------------------------------------------------------------------


def like(x: Any, kind: np.dtype | None = None) -> Spec:
    """A row of elements laid out as ``x`` is."""
    held: np.dtype = x.dtype if kind is None else kind
    strides = elementwise_strides(x.shape, [x])
    return Spec(x.shape, held, strides and tuple(s * held.itemsize for s in strides))


def _samples_like(make: Any) -> list[Any]:
    return [
        make.sample(inputs=(make.tensor((2, 3)),), params=(None,)),
        make.sample(inputs=(make.transposed((2, 3)),), params=(np.dtype("int64"),)),
        make.sample(inputs=(make.tensor(()),), params=(None,)),
        make.sample(inputs=(make.tensor((0,)),), params=(None,)),
    ]


def _zeros_like(array: np.ndarray, kind: np.dtype | None) -> np.ndarray:
    if array.flags.c_contiguous:  # memory that the system has cleared
        return np.zeros(array.shape, array.dtype if kind is None else kind)
    return np.zeros_like(array, kind)


def _ones_like(array: np.ndarray, kind: np.dtype | None) -> np.ndarray:
    result = np.empty_like(array, kind)
    result.fill(1)
    return result


ZEROS_LIKE = Operation(
    "zeros_like",
    inputs="input",
    params="dtype",
    evaluate=_zeros_like,
    infer=like,
    samples=_samples_like,
)

ONES_LIKE = Operation(
    "ones_like",
    inputs="input",
    params="dtype",
    evaluate=_ones_like,
    infer=like,
    samples=_samples_like,
)

EMPTY_LIKE = Operation(
    "empty_like",
    inputs="input",
    params="dtype",
    evaluate=np.empty_like,
    infer=like,
    # Shapes without elements: the values of others are not set.
    samples=lambda make: [
        make.sample(inputs=(make.tensor((0,)),), params=(None,)),
        make.sample(inputs=(make.tensor((2, 0)),), params=(np.dtype("int32"),)),
    ],
)


def _full_like(array: Any, value: Any, kind: np.dtype | None) -> np.ndarray:
    result = np.empty_like(array, kind)
    result.fill(fill_value("full_like", value, result.dtype))
    return result


def _infer_full_like(x: Any, value: Any, kind: np.dtype | None) -> Spec:
    fill_value("full_like", value, x.dtype if kind is None else kind)
    return like(x, kind)


FULL_LIKE = Operation(
    "full_like",
    inputs="input",
    params="value dtype",
    evaluate=_full_like,
    infer=_infer_full_like,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)),), params=(1.5, None)),
        make.sample(inputs=(make.transposed((2, 3)),), params=(2, np.dtype("int32"))),
        make.sample(inputs=(make.tensor(()),), params=(-1, None)),
        make.sample(inputs=(make.tensor((0,)),), params=(0, None)),
        make.error((make.integers((2,), 0, 5),), (float("inf"), None), RuntimeError),
    ],
)


# --- public functions -------------------------------------------------------------------------


@public()
def zeros_like(
    input: Tensor,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Zeros in the shape, type and layout of another tensor.

    Args:
        input: the tensor to be like.
        dtype: another type.
        layout, device: selectors with one choice each.
        requires_grad: whether a gradient is wanted.
        memory_format: another order in memory.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros_like(fb.tensor([1, 2]))
        tensor([0, 0])
    """
    return _like(ZEROS_LIKE, FULL, 0, input, dtype, layout, device, requires_grad, memory_format)


@public()
def ones_like(
    input: Tensor,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Ones in the shape, type and layout of another tensor.

    Args:
        input: the tensor to be like.
        dtype: another type.
        layout, device: selectors with one choice each.
        requires_grad: whether a gradient is wanted.
        memory_format: another order in memory.

    Example:
        >>> import flambeau as fb
        >>> fb.ones_like(fb.tensor([1, 2]))
        tensor([1, 1])
    """
    return _like(ONES_LIKE, FULL, 1, input, dtype, layout, device, requires_grad, memory_format)


@public()
def full_like(
    input: Tensor,
    fill_value: Any,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """One value everywhere, in the shape, type and layout of another tensor.

    Args:
        input: the tensor to be like.
        fill_value: a number.
        dtype: another type.
        layout, device: selectors with one choice each.
        requires_grad: whether a gradient is wanted.
        memory_format: another order in memory.

    Raises:
        RuntimeError: for a value that the type cannot hold.

    Example:
        >>> import flambeau as fb
        >>> fb.full_like(fb.tensor([1, 2]), 7)
        tensor([7, 7])
    """
    value = as_number("full_like", fill_value)
    return _like(FULL_LIKE, FULL, value, input, dtype, layout, device, requires_grad, memory_format)


@public()
def empty_like(
    input: Tensor,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Values that are not set, in the shape, type and layout of another tensor.

    Args:
        input: the tensor to be like.
        dtype: another type.
        layout, device: selectors with one choice each.
        requires_grad: whether a gradient is wanted.
        memory_format: another order in memory.

    Example:
        >>> import flambeau as fb
        >>> fb.empty_like(fb.zeros(2, 3).t()).stride()
        (1, 3)
    """
    return _like(
        EMPTY_LIKE, EMPTY, None, input, dtype, layout, device, requires_grad, memory_format
    )


def _like(
    op: Operation,
    in_order: Operation,
    value: Any,
    input: Tensor,
    dtype: Any,
    layout: Any,
    device: Any,
    requires_grad: bool,
    memory_format: Any,
) -> Tensor:
    """``op`` keeps the layout; ``in_order`` makes the same where another one is asked for."""
    name = op.name
    if not isinstance(input, Tensor):
        raise TypeError(
            message(f"{name}: not a tensor", expected="a tensor", got=type(input).__name__)
        )
    if device is not None or layout is not None:
        checked_options(name, device, layout)
    kind = None if dtype is None else dtypes.as_numpy(dtype)
    if memory_format is None or memory_format.name == "preserve_format":
        params = (kind,) if op is not FULL_LIKE else (value, kind)
        tensor = apply_one(op, input, params)
    else:
        array = input._array
        channels_last = is_channels_last(name, memory_format, array.ndim)
        kind = array.dtype if kind is None else kind
        filling = () if in_order is EMPTY else (value,)
        tensor = apply(in_order, (), (tuple(array.shape), *filling, kind, channels_last))
    return finish(name, tensor, True) if requires_grad else tensor
