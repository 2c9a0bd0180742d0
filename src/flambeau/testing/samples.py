"""Tensors of random values for tests."""

from __future__ import annotations

from typing import Any

import flambeau as fb
from flambeau.core.errors import message
from flambeau.core.shapes import size_arguments
from flambeau.tensor.tensor import Tensor


def make_tensor(
    *shape: Any,
    dtype: Any,
    device: Any = None,
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """A tensor of values drawn evenly from a range.

    Args:
        shape: the shape.
        dtype: the type.
        device: the CPU.
        low, high: the range, without its end; -9 to 9 if not given, 0 to 9 for uint8, and both
            truth values for bool.
        requires_grad: whether a gradient is wanted.
        noncontiguous: leave gaps in memory.
        exclude_zero: give 1 instead of 0.
        memory_format: as for :meth:`flambeau.Tensor.clone`.

    Shape: ``shape``.

    Raises:
        ValueError: if the range is empty.

    Example:
        >>> import flambeau as fb
        >>> fb.testing.make_tensor(2, 3, dtype=fb.float32).shape
        torch.Size([2, 3])
    """
    size = size_arguments("make_tensor", shape)
    start = 0 if dtype in (fb.bool, fb.uint8) else -9
    low = start if low is None else low
    high = (2 if dtype is fb.bool else 10 if dtype is fb.uint8 else 9) if high is None else high
    if low >= high:
        raise ValueError(
            message("make_tensor: an empty range", expected="low < high", got=f"{low} to {high}")
        )
    drawn = (*size[:-1], 2 * size[-1]) if noncontiguous and size else size
    if dtype.is_complex:
        parts = [fb.rand(drawn, dtype=dtype.to_real()) * (high - low) + low for _ in range(2)]
        values: Any = fb.complex(*parts)
    elif dtype.is_floating_point:
        values = fb.rand(drawn).mul(high - low).add(low).to(dtype)
    else:
        values = fb.randint(int(low), int(high), drawn).to(dtype)
    if noncontiguous and size:
        values = values[..., ::2]
    if exclude_zero:
        values = fb.where(values == 0, fb.ones((), dtype=dtype), values)
    if memory_format is not None:
        values = values.clone(memory_format=memory_format)
    return values.requires_grad_(requires_grad)
