"""The memory behind tensors as an object: ``storage()`` and ``untyped_storage()``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.memory import address, as_block, owner
from flambeau.tensor.device import CPU, device


class UntypedStorage:
    """The bytes that a tensor and its views share.

    Args:
        array: any array over them.

    Example:
        >>> import flambeau as fb
        >>> x = fb.zeros(2, 3)
        >>> x.untyped_storage().nbytes()
        24
        >>> x[1].untyped_storage().data_ptr() == x.data_ptr()
        True
    """

    def __init__(self, array: np.ndarray) -> None:
        self._whole = owner(array)
        self._elements = as_block(self._whole).reshape(-1).view(np.uint8)

    device: device = CPU

    def data_ptr(self) -> int:
        """Where the memory begins."""
        return address(self._whole)

    def nbytes(self) -> int:
        """How many bytes it has."""
        return self._elements.nbytes

    def element_size(self) -> int:
        """How many bytes one element has."""
        return self._elements.itemsize

    def size(self) -> int:
        """How many elements it has."""
        return len(self._elements)

    def tolist(self) -> list[Any]:
        """The elements as Python numbers."""
        return self._elements.tolist()

    def __len__(self) -> int:
        return len(self._elements)

    def __getitem__(self, place: Any) -> Any:
        return self._elements[place].tolist()

    def __setitem__(self, place: Any, value: Any) -> None:
        self._elements[place] = value

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def _describe(self) -> str:
        return f"device={self.device}"

    def __repr__(self) -> str:
        shown = "".join(f" {value}\n" for value in self.tolist())
        name = f"{dtypes.NAME_PREFIX}storage.{type(self).__name__}"
        return f"{shown}[{name}({self._describe()}) of size {len(self)}]"


class TypedStorage(UntypedStorage):
    """The elements that a tensor and its views share, in one dimension.

    Args:
        array: any array over them.

    Example:
        >>> import flambeau as fb
        >>> list(fb.tensor([[1., 2.], [3., 4.]]).t().storage())
        [1.0, 2.0, 3.0, 4.0]
    """

    def __init__(self, array: np.ndarray) -> None:
        super().__init__(array)
        self._elements = self._elements.view(array.dtype)
        self.dtype = dtypes.of(array.dtype)

    def untyped(self) -> UntypedStorage:
        """The same memory as bytes."""
        return UntypedStorage(self._whole)

    def _describe(self) -> str:
        return f"dtype={self.dtype}, device={self.device}"
