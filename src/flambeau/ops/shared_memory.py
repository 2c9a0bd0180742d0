"""The memory that a tensor shares with its views, as an object."""

from __future__ import annotations

from typing import Any

from flambeau.ops.publish import public
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.storage import TypedStorage, UntypedStorage
from flambeau.tensor.tensor import Tensor


def _memory_of(self: Tensor, name: str) -> Any:
    if MODE.code & INTERPRETED:
        MODE.interpreter.read_value(self, f"{name}()")
    return self._array


@public(method=True, function=False)
def untyped_storage(self: Tensor) -> UntypedStorage:
    """The bytes behind the tensor, all of its views' among them.

    Example:
        >>> import flambeau as fb
        >>> x = fb.zeros(4)
        >>> x.untyped_storage().data_ptr() == x[2:].untyped_storage().data_ptr()
        True
    """
    return UntypedStorage(_memory_of(self, "untyped_storage"))


@public(method=True, function=False)
def storage(self: Tensor) -> TypedStorage:
    """The elements behind the tensor in the order of memory, all of its views' among them.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1, 2, 3])[1:].storage().tolist()
        [1, 2, 3]
    """
    return TypedStorage(_memory_of(self, "storage"))


@public(method=True, function=False)
def dim_order(self: Tensor, *, ambiguity_check: Any = False) -> tuple[int, ...]:
    """The dimensions from the one with the largest steps in memory to that with the smallest.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(1, 2, 3, 4).to(memory_format=fb.channels_last).dim_order()
        (0, 2, 3, 1)
    """
    steps = self._array.strides
    return tuple(sorted(range(len(steps)), key=lambda d: -steps[d]))
