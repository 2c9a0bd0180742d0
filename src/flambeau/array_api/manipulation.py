"""Shapes, and elements taken by index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flambeau.array_api.types import promoted
from flambeau.core.errors import message
from flambeau.ops.publish import PUBLIC
from flambeau.tensor.tensor import Tensor


def broadcast_arrays(*arrays: Tensor) -> list[Tensor]:
    """Arrays in the shape that all of them broadcast to."""
    return list(PUBLIC["broadcast_tensors"](*arrays))


def broadcast_to(x: Tensor, /, shape: tuple[int, ...]) -> Tensor:
    """An array in a shape that it broadcasts to."""
    return PUBLIC["broadcast_to"](x, shape)


def concat(arrays: Sequence[Tensor], /, *, axis: int | None = 0) -> Tensor:
    """Arrays one after the other along an axis; flattened first if it is ``None``."""
    given = promoted(*arrays)
    if axis is None:
        given, axis = [x.flatten() for x in given], 0
    return PUBLIC["cat"](given, axis)


def stack(arrays: Sequence[Tensor], /, *, axis: int = 0) -> Tensor:
    """Arrays of one shape along a new axis."""
    return PUBLIC["stack"](promoted(*arrays), axis)


def unstack(x: Tensor, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """The parts of an array along an axis."""
    return tuple(PUBLIC["unbind"](x, axis))


def expand_dims(x: Tensor, /, *, axis: int = 0) -> Tensor:
    """An array with a new axis of size 1.

    Raises:
        IndexError: if ``axis`` is out of range.
    """
    return PUBLIC["unsqueeze"](x, axis)


def squeeze(x: Tensor, /, axis: int | tuple[int, ...]) -> Tensor:
    """An array without axes of size 1.

    Raises:
        ValueError: if one of them has another size.
    """
    axes = (axis,) if isinstance(axis, int) else axis
    for each in axes:
        if x.shape[each] != 1:
            raise ValueError(
                message(
                    "squeeze: the axis has elements to lose",
                    expected=f"axis {each} of size 1",
                    got=f"size {x.shape[each]}",
                )
            )
    return PUBLIC["squeeze"](x, axes)


def flip(x: Tensor, /, *, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """An array with the order along axes reversed; along all if ``None``."""
    if axis is None:
        axis = tuple(range(x._array.ndim))
    return PUBLIC["flip"](x, (axis,) if isinstance(axis, int) else axis)


def moveaxis(x: Tensor, source: Any, destination: Any, /) -> Tensor:
    """An array with axes moved to other places."""
    return PUBLIC["moveaxis"](x, source, destination)


def permute_dims(x: Tensor, /, axes: tuple[int, ...]) -> Tensor:
    """An array with its axes in another order."""
    return PUBLIC["permute"](x, axes)


def repeat(x: Tensor, repeats: int | Tensor, /, *, axis: int | None = None) -> Tensor:
    """An array with each element repeated."""
    return PUBLIC["repeat_interleave"](x, repeats, axis)


def reshape(x: Tensor, /, shape: tuple[int, ...], *, copy: bool | None = None) -> Tensor:
    """The same elements in another shape.

    Raises:
        RuntimeError: if ``copy`` is false and they cannot be shared.
    """
    if copy:
        x = x.clone()  # type: ignore[attr-defined]
    return x.view(shape) if copy is False else PUBLIC["reshape"](x, shape)  # type: ignore[attr-defined]


def roll(x: Tensor, /, shift: Any, *, axis: Any = None) -> Tensor:
    """An array with its elements moved along axes, the last ones to the front."""
    if axis is not None and not isinstance(axis, int) and isinstance(shift, int):
        shift = (shift,) * len(axis)
    return PUBLIC["roll"](x, shift) if axis is None else PUBLIC["roll"](x, shift, axis)


def tile(x: Tensor, repetitions: tuple[int, ...], /) -> Tensor:
    """Copies of an array beside each other."""
    return PUBLIC["tile"](x, repetitions)


def take(x: Tensor, indices: Tensor, /, *, axis: int | None = None) -> Tensor:
    """The parts of an array at indices along an axis.

    Raises:
        ValueError: if no axis is given and there are several.
    """
    if axis is None:
        if x._array.ndim != 1:
            raise ValueError(
                message(
                    "take: the axis is missing",
                    expected="axis= for an array of several dimensions",
                    got=f"shape {tuple(x.shape)}",
                )
            )
        axis = 0
    return PUBLIC["index_select"](x, axis, indices)


def take_along_axis(x: Tensor, indices: Tensor, /, *, axis: int = -1) -> Tensor:
    """The elements at indices of their own along an axis."""
    return PUBLIC["take_along_dim"](x, indices, axis)
