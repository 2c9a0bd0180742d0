"""Masks, and what stands for elements that are left out."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

import flambeau as fb
from flambeau.core.errors import message
from flambeau.tensor.tensor import Tensor


def mask_of(input: Tensor, mask: Tensor | None) -> Tensor:
    """The mask in the input's shape; without one nothing is left out.

    Raises:
        IndexError: if the mask has more dimensions.
        RuntimeError: if it does not broadcast to the input's shape.
    """
    shape = tuple(input.shape)
    if mask is None:
        return fb.ones(shape, dtype=fb.bool)
    if mask.ndim > len(shape):
        raise IndexError(
            message(
                "masked: the mask has too many dimensions",
                expected=f"a mask that broadcasts to {shape}",
                got=f"shape {tuple(mask.shape)}",
            )
        )
    return mask.to(fb.bool).expand(shape)  # type: ignore[attr-defined]


def filled(input: Tensor, mask: Tensor | None, value: Any) -> Tensor:
    """The input with a number in place of what is left out."""
    if mask is None:
        return input
    return fb.where(mask_of(input, mask), input, fb.full((), value, dtype=input.dtype))


def least(input: Tensor) -> Any:
    """The smallest number of the input's type."""
    kind = input.dtype
    if kind.is_floating_point or kind.is_complex:
        return -inf
    return False if kind is fb.bool else int(np.iinfo(kind.numpy).min)


def greatest(input: Tensor) -> Any:
    """The largest number of the input's type."""
    kind = input.dtype
    if kind.is_floating_point:
        return inf
    return True if kind is fb.bool else int(np.iinfo(kind.numpy).max)
