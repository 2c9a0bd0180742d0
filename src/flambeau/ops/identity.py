"""Questions about tensors as objects: whether something is one, their sizes and memory."""

from __future__ import annotations

from typing import Any

from flambeau.core.memory import address
from flambeau.ops.publish import public
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.tensor import Tensor


@public()
def is_tensor(obj: Any) -> bool:
    """Whether an object is a tensor.

    Example:
        >>> import flambeau as fb
        >>> fb.is_tensor(fb.zeros(1)), fb.is_tensor([0.])
        (True, False)
    """
    return isinstance(obj, Tensor)


@public()
def numel(input: Tensor) -> int:
    """The number of elements.

    Example:
        >>> import flambeau as fb
        >>> fb.numel(fb.zeros(2, 3))
        6
    """
    return require_tensor("numel", input).size


@public(method=True)
def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape.

    Example:
        >>> import flambeau as fb
        >>> fb.is_same_size(fb.zeros(2), fb.ones(2))
        True
    """
    return tuple(require_tensor("is_same_size", input).shape) == tuple(
        require_tensor("is_same_size", other).shape
    )


def is_set_to(self: Tensor, tensor: Tensor) -> bool:
    """Whether both tensors show the same memory with the same sizes and strides.

    Example:
        >>> import flambeau as fb
        >>> x = fb.zeros(2)
        >>> x.is_set_to(x.detach()), x.is_set_to(x.clone())
        (True, False)
    """
    a, b = self._array, tensor._array
    return a.shape == b.shape and a.strides == b.strides and address(a) == address(b)


def share_memory_(self: Tensor) -> Tensor:
    """Without effect: memory is not moved to where other processes could see it.

    Differs from PyTorch: there the tensor's memory is moved into shared memory.
    """
    return self


def is_shared(self: Tensor) -> bool:
    """Whether other processes can see the memory: never."""
    return False


def pin_memory(self: Tensor, device: Any = None) -> Tensor:
    """The tensor itself: there is one kind of memory."""
    return self


def is_pinned(self: Tensor, device: Any = None) -> bool:
    """Whether the memory is pinned for a faster device: never."""
    return False


for _function in (is_set_to, share_memory_, is_shared, pin_memory, is_pinned):
    setattr(Tensor, _function.__name__, _function)
