"""Arrays over memory that another array holds."""

from __future__ import annotations

import numpy as np

_ndarray = np.ndarray
_blank: np.ndarray | None = None
_LEAST_BLANK = 1 << 20


def owner(array: np.ndarray) -> np.ndarray:
    """The array that owns the buffer which ``array`` is a view of."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def address(array: np.ndarray) -> int:
    """Where the first element lies."""
    return array.__array_interface__["data"][0]


def strided(
    array: np.ndarray, shape: tuple[int, ...], strides: tuple[int, ...], offset: int | None = None
) -> np.ndarray:
    """The memory of ``array`` in another shape and with other strides.

    Does what ``np.lib.stride_tricks.as_strided`` does in a tenth of its time, and keeps the chain
    of bases that leads to the owner.

    Args:
        array: any array.
        shape: sizes.
        strides: in bytes.
        offset: where to begin, in bytes from the start of the owner's buffer; at the first
            element of ``array`` if not given.
    """
    if offset is None:
        try:
            return _ndarray(shape, array.dtype, array, 0, strides)
        except (ValueError, BufferError):  # only arrays without gaps are a buffer
            pass
    whole = owner(array)
    if offset is None:
        offset = address(array) - address(whole)
    view = _ndarray(shape, array.dtype, as_block(whole), offset, strides)
    if not array.flags.writeable:
        view.flags.writeable = False
    return view


def as_block(whole: np.ndarray) -> np.ndarray:
    """An owner's whole buffer in one dimension."""
    if whole.flags.c_contiguous:
        return whole
    block = whole.ravel("K")
    if np.may_share_memory(block, whole):
        return block
    # Memory that came from elsewhere and has gaps: as much of it as its elements reach over.
    reach = sum((n - 1) * s for n, s in zip(whole.shape, whole.strides)) // whole.itemsize + 1
    return np.lib.stride_tricks.as_strided(whole, (reach,), (whole.itemsize,))


def without_values(shape: tuple[int, ...], dtype: np.dtype, strides: tuple[int, ...]) -> np.ndarray:
    """A read-only array to move about, whose values mean nothing.

    Reading it is allowed, as what cannot be moved is copied: it lies in memory that is as large as
    it says, but takes room only where it is read.
    """
    first = last = 0
    for size, stride in zip(shape, strides, strict=True) if 0 not in shape else ():
        if stride < 0:
            first -= (size - 1) * stride
        else:
            last += (size - 1) * stride
    return _ndarray(shape, dtype, _blank_of(first + last + dtype.itemsize), first, strides)


def _blank_of(size: int) -> np.ndarray:
    """Read-only memory of at least that many bytes, the same for all who ask."""
    global _blank
    found = _blank
    if found is None or found.size < size:
        import mmap

        size = max(1 << (size - 1).bit_length(), _LEAST_BLANK)
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        _blank = found = np.frombuffer(mmap.mmap(-1, size, flags, mmap.PROT_READ), np.uint8)
    return found
