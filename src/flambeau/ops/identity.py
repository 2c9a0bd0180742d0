"""Questions about tensors as objects: whether something is one, their sizes and memory."""

from __future__ import annotations

from typing import Any

from flambeau.core import dtypes
from flambeau.core.memory import address
from flambeau.ops.operands import as_operand
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


@public()
def is_signed(input: Tensor) -> bool:
    """Whether elements can be negative.

    Example:
        >>> import flambeau as fb
        >>> fb.is_signed(fb.zeros(1)), fb.is_signed(fb.zeros(1, dtype=fb.uint8))
        (True, False)
    """
    require_tensor("is_signed", input)
    return input.is_signed()


@public(method=True)
def is_nonzero(input: Tensor) -> bool:
    """Whether the only element is not 0.

    Raises:
        RuntimeError: if there is not exactly one element.

    Example:
        >>> import flambeau as fb
        >>> fb.is_nonzero(fb.tensor([0.5]))
        True
    """
    require_tensor("is_nonzero", input)
    return bool(input)


@public(method=True)
def get_device(input: Tensor) -> int:
    """The number of the tensor's device; -1 stands for the CPU.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(1).get_device()
        -1
    """
    require_tensor("get_device", input)
    return -1


@public()
def detach(input: Tensor) -> Tensor:
    """The same data outside the graph; see :meth:`flambeau.Tensor.detach`.

    Example:
        >>> import flambeau as fb
        >>> fb.detach(fb.ones(1, requires_grad=True))
        tensor([1.])
    """
    require_tensor("detach", input)
    return input.detach()


@public()
def result_type(tensor1: Any, tensor2: Any) -> dtypes.dtype:
    """The type that arithmetic on two operands gives.

    Args:
        tensor1, tensor2: tensors or numbers. A number, or a 0-d tensor beside one with
            dimensions, only decides if its category is higher: bool, integer, floating, complex.

    Example:
        >>> import flambeau as fb
        >>> fb.result_type(fb.tensor([1, 2], dtype=fb.int32), 1.0)
        torch.float32
    """
    operands = [as_operand("result_type", x) for x in (tensor1, tensor2)]
    arrays = [x._array if isinstance(x, Tensor) else x for x in operands]
    return dtypes.of(dtypes.result_numpy(arrays))


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
