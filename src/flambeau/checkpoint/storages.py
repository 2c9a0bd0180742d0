"""The memory of tensors, as files hold it: blocks of bytes that tensors show parts of."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from flambeau.checkpoint.archive_reading import Archive
from flambeau.checkpoint.errors import damaged
from flambeau.core.dtypes import dtype as DataType

MOST_DIMENSIONS = 64  # NumPy's limit
_LARGEST = 2**63 - 1


class Storage:
    """A block of a file; its memory is made when the first tensor shows a part of it.

    Args:
        archive: where it lies.
        name: its entry there.
        dtype: the type of its elements; ``None`` for one of bytes, whose tensors say it.
        count: how many elements (or bytes) the file says it has.
    """

    def __init__(self, archive: Archive, name: str, dtype: DataType | None, count: int) -> None:
        self.dtype = dtype
        self._archive = archive
        self._name = name
        self._nbytes = count * (1 if dtype is None else dtype.itemsize)
        self._array: np.ndarray | None = None
        if self._nbytes > archive.size(name):
            raise damaged(
                "a storage is shorter than the file says",
                expected=f"{self._nbytes} bytes",
                got=f"{archive.size(name)} bytes in {name!r}",
            )

    def shown(
        self, dtype: DataType, offset: int, shape: Sequence[int], strides: Sequence[int]
    ) -> np.ndarray:
        """A part of the memory as an array; arrays of one storage share it.

        Args:
            dtype: the type of the elements.
            offset: where it begins, in elements.
            shape: sizes.
            strides: in elements.

        Raises:
            DamagedFileError: if it would reach beyond the storage.
        """
        _check_layout(offset, shape, strides, dtype.itemsize)
        empty = 0 in shape
        last = offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
        if not empty and (last + 1) * dtype.itemsize > self._nbytes:
            raise damaged(
                "a tensor reaches beyond its storage",
                expected=f"at most {self._nbytes // dtype.itemsize} elements",
                got=f"shape {tuple(shape)}, strides {tuple(strides)}, offset {offset}",
            )
        memory = self._memory(dtype)
        if empty:
            return (
                np.ndarray(tuple(shape), dtype.numpy, memory)
                if memory.size
                else (np.empty(tuple(shape), dtype.numpy))
            )
        steps = tuple(s * dtype.itemsize for s in strides)
        return np.ndarray(tuple(shape), dtype.numpy, memory, offset * dtype.itemsize, steps)

    def _memory(self, dtype: DataType) -> np.ndarray:
        if self._array is None:
            kind = (self.dtype or dtype).numpy
            self._array = self._archive.array(self._name, kind, self._nbytes // kind.itemsize)
        return self._array


def _check_layout(offset: Any, shape: Sequence[Any], strides: Sequence[Any], itemsize: int) -> None:
    numbers = [offset, *shape, *strides]
    if not all(n.__class__ is int and 0 <= n <= _LARGEST for n in numbers):
        raise damaged(
            "a tensor's layout is impossible",
            expected="sizes, strides and an offset that are integers >= 0",
            got=f"{reprlib.repr(shape)}, {reprlib.repr(strides)}, {reprlib.repr(offset)}",
        )
    if len(shape) != len(strides) or len(shape) > MOST_DIMENSIONS:
        raise damaged(
            "a tensor's layout is impossible",
            expected=f"as many strides as sizes, at most {MOST_DIMENSIONS}",
            got=f"{len(shape)} sizes and {len(strides)} strides",
        )
    total = itemsize
    for size in shape:
        total *= max(size, 1)
    if total > _LARGEST:
        raise damaged(
            "a tensor is larger than any memory",
            expected=f"at most {_LARGEST} bytes",
            got=f"shape {reprlib.repr(shape)}",
        )
