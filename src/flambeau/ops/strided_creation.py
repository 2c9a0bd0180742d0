"""Tensors over memory that is not set, with the strides that are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from flambeau.core.dtypes import get_default_dtype
from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.creation import checked_options, checked_sizes, finish, full, numpy_type
from flambeau.ops.publish import public
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _empty_strided(shape: tuple[int, ...], strides: tuple[int, ...], kind: np.dtype) -> np.ndarray:
    last = sum((n - 1) * s for n, s in zip(shape, strides, strict=True)) if 0 not in shape else -1
    memory = np.zeros(last + 1, kind)
    in_bytes = [s * kind.itemsize for s in strides]
    return np.lib.stride_tricks.as_strided(memory, shape, in_bytes)


def _infer(shape: tuple[int, ...], strides: tuple[int, ...], kind: np.dtype) -> Spec:
    return Spec(shape, kind, [s * kind.itemsize for s in strides])


EMPTY_STRIDED = Operation(
    "empty_strided",
    inputs="",
    params="shape strides dtype",
    evaluate=_empty_strided,
    infer=_infer,
    samples=lambda make: [
        make.sample((), ((2, 3), (1, 2), np.dtype(np.float64))),
        make.sample((), ((), (), np.dtype(np.int64))),
        make.sample((), ((0, 3), (3, 1), np.dtype(np.float32))),
    ],
)


@public()
def empty_strided(
    size: Sequence[int],
    stride: Sequence[int],
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A tensor of some shape and strides, whose values mean nothing.

    Args:
        size: the shape.
        stride: for each dimension the distance of neighbours in memory, in elements.
        dtype: the type; the default type if not given.
        layout, device, pin_memory: selectors with one choice each.
        requires_grad: whether a gradient is wanted.

    Shape: ``size``.

    Raises:
        RuntimeError: for negative sizes or strides, or if both differ in number.

    Example:
        >>> import flambeau as fb
        >>> fb.empty_strided((2, 3), (1, 2)).stride()
        (1, 2)
    """
    checked_options("empty_strided", device, layout)
    shape, strides = checked_sizes("empty_strided", (tuple(size),)), tuple(map(int, stride))
    if len(shape) != len(strides) or min(strides, default=0) < 0:
        raise RuntimeError(
            message(
                "empty_strided: size and stride do not fit",
                expected="one stride of at least 0 for each size",
                got=f"{shape} and {strides}",
            )
        )
    tensor = apply(EMPTY_STRIDED, (), (shape, strides, numpy_type(dtype)))
    return finish("empty_strided", tensor, requires_grad, None)


@public(method=True, function=False)
def new_empty_strided(
    self: Tensor,
    size: Sequence[int],
    stride: Sequence[int],
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor of this one's type with some shape and strides, whose values mean nothing.

    Args:
        size: the shape.
        stride: for each dimension the distance of neighbours in memory, in elements.
        dtype: another type.
        layout, device, pin_memory: selectors with one choice each.
        requires_grad: whether a gradient is wanted.

    Raises:
        RuntimeError: for negative sizes or strides, or if both differ in number.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(1).new_empty_strided((2, 3), (1, 2)).shape
        torch.Size([2, 3])
    """
    require_tensor("new_empty_strided", self)
    kind = self.dtype if dtype is None else dtype
    return empty_strided(
        size, stride, dtype=kind, layout=layout, device=device, requires_grad=requires_grad
    )


@public()
def empty_permuted(
    size: Sequence[int],
    physical_layout: Sequence[int],
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A dense tensor whose dimensions lie in memory in some order, with values that mean nothing.

    Args:
        size: the shape.
        physical_layout: the dimensions, from the one whose neighbours lie farthest apart.
        dtype: the type; the default type if not given.
        layout, device, pin_memory: selectors with one choice each.
        requires_grad: whether a gradient is wanted.

    Shape: ``size``.

    Raises:
        RuntimeError: if ``physical_layout`` does not name each dimension once.

    Example:
        >>> import flambeau as fb
        >>> fb.empty_permuted((2, 3), (1, 0)).stride()
        (1, 2)
    """
    shape, order = checked_sizes("empty_permuted", (tuple(size),)), tuple(physical_layout)
    if sorted(order) != list(range(len(shape))):
        raise RuntimeError(
            message(
                "empty_permuted: not an order of the dimensions",
                expected=f"each of 0 to {len(shape) - 1} once",
                got=str(order),
            )
        )
    strides, step = [0] * len(shape), 1
    for d in reversed(order):
        strides[d] = step
        step *= max(shape[d], 1)
    options: dict[str, Any] = {"dtype": dtype, "layout": layout, "device": device}
    return empty_strided(shape, strides, requires_grad=requires_grad, **options)


@public()
def scalar_tensor(
    s: Any,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor of one number and no dimensions.

    Args:
        s: the number.
        dtype: the type; the default type if not given.
        layout, device, pin_memory: selectors with one choice each.
        requires_grad: whether a gradient is wanted.

    Shape: ().

    Example:
        >>> import flambeau as fb
        >>> fb.scalar_tensor(3)
        tensor(3.)
    """
    return full((), s, dtype=dtype or get_default_dtype(), requires_grad=requires_grad)
