"""Which memory has to be written for some tensors, so that those which share it share it again.

Tensors whose memory overlaps get one block. Memory that none of them reaches is not written: one
row of a large matrix takes the room of a row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from flambeau.checkpoint.errors import UnstorableObjectError
from flambeau.core.dtypes import dtype as DataType
from flambeau.core.dtypes import of
from flambeau.core.errors import message
from flambeau.core.memory import address, owner


class Block(NamedTuple):
    """A piece of memory as a file will hold it.

    Attributes:
        name: its number, as text.
        start: its address.
        contents: its bytes.
        dtype: the type of all tensors in it, ``None`` if they have several.
    """

    name: str
    start: int
    contents: np.ndarray
    dtype: DataType | None

    def offset(self, array: np.ndarray) -> int:
        """Where an array begins, in elements."""
        return (address(array) - self.start) // array.itemsize if array.size else 0


def blocks_of(arrays: list[np.ndarray]) -> list[Block]:
    """The blocks that hold some arrays, one for each array, in their order.

    Raises:
        TypeError: if arrays of different types overlap without a common alignment.
    """
    spans = sorted((address(a), address(a) + _reach(a), i) for i, a in enumerate(arrays))
    blocks: list[Block | None] = [None] * len(arrays)
    members: list[int] = []
    groups: list[list[int]] = []
    end = -1
    for start, stop, index in spans:
        empty = start == stop
        overlaps = start < end
        touches = start == end and members and owner(arrays[members[-1]]) is owner(arrays[index])
        if empty or not (overlaps or touches):
            members = [index]
            groups.append(members)
            end = -1 if empty else stop
        else:
            members.append(index)
            end = max(end, stop)
    groups.sort(key=min)  # numbered as the tensors come, wherever they lie in memory
    for number, group in enumerate(groups):
        block = _block(str(number), [arrays[i] for i in group])
        for index in group:
            blocks[index] = block
    return [b for b in blocks if b is not None]


def _reach(array: np.ndarray) -> int:
    """How many bytes lie between an array's first and the end of its last element."""
    if array.size == 0:
        return 0
    steps = sum((n - 1) * s for n, s in zip(array.shape, array.strides, strict=True))
    return steps + array.itemsize


def _block(name: str, arrays: list[np.ndarray]) -> Block:
    start = min(address(a) for a in arrays)
    stop = max(address(a) + _reach(a) for a in arrays)
    for array in arrays:
        if array.size and (address(array) - start) % array.itemsize:
            raise UnstorableObjectError(
                message(
                    "save: tensors of different types overlap at an odd place",
                    expected=f"one that begins at a multiple of {array.itemsize} bytes",
                    got=f"{address(array) - start} bytes after another",
                    help="clone() one of them",
                )
            )
    kinds = {of(a.dtype) for a in arrays}
    contents = np.asarray(_Memory(start, stop - start, arrays))
    return Block(name, start, contents, kinds.pop() if len(kinds) == 1 else None)


class _Memory:
    """Bytes at an address, for NumPy; keeps alive what they belong to."""

    def __init__(self, start: int, length: int, owners: list[np.ndarray]) -> None:
        self._owners = owners
        self.__array_interface__ = {
            "data": (start, True),
            "shape": (length,),
            "typestr": "|u1",
            "version": 3,
        }
