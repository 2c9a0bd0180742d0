"""``new_*`` methods: tensors of the type of another one."""

from __future__ import annotations

from typing import Any

from flambeau.core import dtypes
from flambeau.core.shapes import Size
from flambeau.ops.creation import empty, full, ones, zeros
from flambeau.tensor.construction import array_of
from flambeau.tensor.device import check_device
from flambeau.tensor.dispatch import wrap
from flambeau.tensor.tensor import Tensor


def _sizes(size: tuple[Any, ...], given: dict[str, Any]) -> tuple[Any, ...]:
    return (given.pop("size"),) if "size" in given else size


def _options(self: Tensor, given: dict[str, Any]) -> dict[str, Any]:
    given.pop("pin_memory", None)
    if given.get("dtype") is None:
        given["dtype"] = self.dtype
    return given


def new_tensor(
    self: Tensor,
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """A tensor with a copy of ``data``, of this tensor's type if no other is given.

    Args:
        data: numbers, nested sequences of them, an array, or a tensor.
        dtype: another type.
        device: the CPU.
        requires_grad: whether a gradient is wanted.
        layout, pin_memory: without effect.

    Raises:
        ValueError: if rows have different lengths.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(1).new_tensor([1, 2])
        tensor([1., 2.])
    """
    check_device("new_tensor", device)
    kind = self._array.dtype if dtype is None else dtypes.as_numpy(dtype)
    result = wrap(array_of(data, kind, copy=True))
    if requires_grad:
        result.requires_grad = True
    return result


def new_zeros(self: Tensor, *size: Any, **options: Any) -> Tensor:
    """Zeros of this tensor's type.

    Args:
        size: the shape.
        options: ``dtype``, ``device``, ``requires_grad`` as for :func:`flambeau.zeros`.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1]).new_zeros(2)
        tensor([0, 0])
    """
    return zeros(*_sizes(size, options), **_options(self, options))


def new_ones(self: Tensor, *size: Any, **options: Any) -> Tensor:
    """Ones of this tensor's type.

    Args:
        size: the shape.
        options: ``dtype``, ``device``, ``requires_grad`` as for :func:`flambeau.ones`.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1]).new_ones(2)
        tensor([1, 1])
    """
    return ones(*_sizes(size, options), **_options(self, options))


def new_empty(self: Tensor, *size: Any, **options: Any) -> Tensor:
    """An uninitialised tensor of this tensor's type.

    Args:
        size: the shape.
        options: ``dtype``, ``device``, ``requires_grad`` as for :func:`flambeau.empty`.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1]).new_empty(2, 3).shape
        torch.Size([2, 3])
    """
    return empty(*_sizes(size, options), **_options(self, options))


def new_full(self: Tensor, size: Any, fill_value: Any, **options: Any) -> Tensor:
    """A tensor of this tensor's type with one value everywhere.

    Args:
        size: the shape.
        fill_value: the value.
        options: ``dtype``, ``device``, ``requires_grad`` as for :func:`flambeau.full`.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(1).new_full((2,), 7)
        tensor([7., 7.])
    """
    return full(size, fill_value, **_options(self, options))


def new(self: Tensor, *data: Any, device: Any = None) -> Tensor:
    """A tensor of this one's type: with some sizes and without values, or of some data.

    Args:
        data: sizes, or one sequence of numbers, or a tensor.
        device: the CPU.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1.]).new([2, 3]), fb.tensor([1.]).new(2, 3).shape
        (tensor([2., 3.]), torch.Size([2, 3]))
    """
    if len(data) == 1 and not isinstance(data[0], (int, Size)):
        return new_tensor(self, data[0], device=device)
    return new_empty(self, *(data or (0,)), device=device)


for _function in (new, new_tensor, new_zeros, new_ones, new_empty, new_full):
    setattr(Tensor, _function.__name__, _function)
