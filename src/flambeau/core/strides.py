"""What strides allow: another shape over the same memory, writing without collisions."""

from __future__ import annotations

from collections.abc import Sequence


def can_view(shape: Sequence[int], strides: Sequence[int], sizes: Sequence[int]) -> bool:
    """Whether some strides show an array's elements, in order, in another shape.

    Dimensions that lie in memory without gaps form a block. Each block must be filled exactly by
    consecutive ``sizes``.

    Args:
        shape, strides: of the array.
        sizes: the new shape, of the same number of elements.
    """
    if 0 in shape or not shape:
        return True
    axis = len(sizes) - 1
    count, step = 1, strides[-1]
    for d in range(len(shape) - 1, -1, -1):
        count *= shape[d]
        if d and (shape[d - 1] == 1 or strides[d - 1] == count * step):
            continue
        filled = 1
        while axis >= 0 and (filled < count or sizes[axis] == 1):
            filled *= sizes[axis]
            axis -= 1
        if filled != count:
            return False
        if d:
            count, step = 1, strides[d - 1]
    return axis == -1


def overlaps_itself(shape: Sequence[int], strides: Sequence[int]) -> bool:
    """Whether two elements of a strided array may share one place in memory.

    Exact for arrays that were sliced, transposed or expanded. Where strides interleave in other
    ways (possible with ``as_strided`` only) the answer is ``False``, as in PyTorch.
    """
    if 0 not in strides:
        return False
    expanded = False
    for size, stride in zip(shape, strides, strict=True):
        if size == 0:
            return False
        expanded = expanded or (stride == 0 and size > 1)
    return expanded


# The formats in which channels, dimension 1, lie innermost: how many dimensions each is of.
CHANNELS_LAST = {"channels_last": 4, "channels_last_3d": 5}


def channels_last(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """The strides in bytes of an array without gaps whose channels lie innermost."""
    count = shape[1]
    inner, step = [], itemsize * count
    for size in reversed(shape[2:]):
        inner.append(step)
        step *= size
    return (step, itemsize, *reversed(inner))
