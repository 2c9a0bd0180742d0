"""Where samples go: a new array, or an existing one filled in the order of its memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from flambeau.core.errors import message


class Destination:
    """One-dimensional room for samples, in the order in which they are drawn.

    PyTorch fills a tensor in the order of its memory, whatever the order of its dimensions: the
    first sample of a transposed view is its element [0, 0], the second is [1, 0].

    Attributes:
        result: the array that is filled in the end.
        flat: contiguous and one-dimensional; samplers write here.

    Example:
        >>> import numpy as np
        >>> from flambeau.random.destination import Destination
        >>> destination = Destination("example", into=np.zeros((2, 3), int).T)
        >>> destination.flat[:] = range(6)
        >>> destination.finish().tolist()
        [[0, 3], [1, 4], [2, 5]]
    """

    __slots__ = ("_ordered", "flat", "result")

    def __init__(
        self,
        operation: str,
        shape: Sequence[int] | int | None = None,
        dtype: DTypeLike | None = None,
        into: np.ndarray | None = None,
    ) -> None:
        self._ordered: np.ndarray | None = None
        if into is None:
            self.result = np.empty(() if shape is None else shape, dtype)
            self.flat = self.result.reshape(-1)
            return
        check_writable(operation, into)
        self.result = into
        ordered = in_memory_order(into)
        if ordered.flags.c_contiguous:
            self.flat = ordered.reshape(-1)
        else:
            self._ordered = ordered
            self.flat = np.empty(into.size, into.dtype)

    @property
    def contiguous(self) -> bool:
        """Whether the logical order of the elements is the order of memory, without gaps."""
        return self.result.flags.c_contiguous

    def finish(self) -> np.ndarray:
        """Move the samples to where they belong, if they are not there, and return the result."""
        if self._ordered is not None:
            self._ordered[...] = self.flat.reshape(self._ordered.shape)
        return self.result


def in_memory_order(array: np.ndarray) -> np.ndarray:
    """A view of the same elements whose strides decrease."""
    strides = array.strides
    axes = sorted(range(array.ndim), key=lambda axis: -abs(strides[axis]))
    return array.transpose(axes)


def check_writable(operation: str, target: np.ndarray) -> None:
    """Refuse a target whose elements share memory or must not be changed."""
    shared = any(
        stride == 0 and size > 1 for stride, size in zip(target.strides, target.shape, strict=True)
    )
    if shared and target.size:
        text = message(
            f"{operation}: several elements of the target lie in one place",
            expected="a target with memory for each element",
            got=f"shape {target.shape} with strides {target.strides} bytes",
            help="clone() the expanded tensor first",
        )
        raise RuntimeError(text)
    if not target.flags.writeable:
        text = message(f"{operation}: the target is read-only", help="copy it first")
        raise RuntimeError(text)
