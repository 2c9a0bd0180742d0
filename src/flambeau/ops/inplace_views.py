"""Views in place: the tensor itself gets other sizes and strides over its memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.memory import address, owner, strided
from flambeau.core.shapes import contiguous_strides, size_arguments
from flambeau.ops.axes import t, transpose
from flambeau.ops.publish import public
from flambeau.ops.strided import as_strided
from flambeau.ops.views import squeeze, unsqueeze
from flambeau.tensor.dispatch import bump, wrap
from flambeau.tensor.modes import GRAD, MODE
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import check_inplace


def _become(name: str, self: Tensor, view: Any) -> Tensor:
    """Turn a tensor into the view that a function takes of it."""
    check_inplace(name, self)
    before = _present(self)
    after = view(before)
    self._array = after._array
    if MODE.code & GRAD:
        self._node, self._requires = after._node, after._requires
    if self._view is not None:
        self._view = after._view
    bump(self)
    if self._view is not None:
        self._view.version = self._counter.value  # type: ignore[union-attr]
    return self


def _present(self: Tensor) -> Tensor:
    """A tensor that takes the place in the graph which another one has now."""
    tensor = wrap(self._array)
    tensor._node, tensor._requires = self._node, self._requires
    tensor._view, tensor._counter = self._view, self._counter
    return tensor


@public(method=True, function=False)
def squeeze_(self: Tensor, dim: Any = None) -> Tensor:
    """In-place version of :func:`flambeau.squeeze`; returns the tensor itself."""
    return _become("squeeze_", self, lambda x: squeeze(x, dim))


@public(method=True, function=False)
def unsqueeze_(self: Tensor, dim: int) -> Tensor:
    """In-place version of :func:`flambeau.unsqueeze`; returns the tensor itself."""
    return _become("unsqueeze_", self, lambda x: unsqueeze(x, dim))


@public(method=True, function=False, aliases=("swapaxes_", "swapdims_"))
def transpose_(self: Tensor, dim0: int, dim1: int) -> Tensor:
    """In-place version of :func:`flambeau.transpose`; returns the tensor itself."""
    return _become("transpose_", self, lambda x: transpose(x, dim0, dim1))


@public(method=True, function=False)
def t_(self: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.t`; returns the tensor itself."""
    return _become("t_", self, t)


@public(method=True)
def as_strided_(self: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """In-place version of :func:`flambeau.as_strided`; returns the tensor itself."""
    return _become("as_strided_", self, lambda x: as_strided(x, size, stride, storage_offset))


# --- other memory ---------------------------------------------------------------------------------


def set_(self: Tensor, source: Tensor | None = None) -> Tensor:
    """Let this tensor show the memory of another one; an empty one if none is given.

    Args:
        source: a tensor of the same type.

    Raises:
        RuntimeError: if it is of another type.

    Example:
        >>> import flambeau as fb
        >>> x = fb.zeros(2); y = fb.ones(3); x.set_(y).shape
        torch.Size([3])
    """
    check_inplace("set_", self)
    if source is None:
        self._array = np.empty((0,), self._array.dtype)
        self._counter = None
        return self
    if source._array.dtype != self._array.dtype:
        raise RuntimeError(
            message(
                "set_: the tensors are of different types",
                expected=str(self.dtype),
                got=str(source.dtype),
            )
        )
    self._array = source._array
    bump(self)
    return self


def resize_(self: Tensor, *sizes: Any, memory_format: Any = None) -> Tensor:
    """Give this tensor another shape over its memory, in row-major order; it grows if it must.

    New elements are not initialised.

    Args:
        sizes: the shape.
        memory_format: without effect.

    Raises:
        RuntimeError: if the tensor requires a gradient.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1, 2, 3, 4]).resize_(2, 2)
        tensor([[1, 2],
                [3, 4]])
    """
    shape = size_arguments("resize_", sizes)
    if min(shape, default=0) < 0:
        raise RuntimeError(message("resize_: sizes must not be negative", got=str(shape)))
    if self.requires_grad:
        raise RuntimeError(
            message(
                "resize_: a tensor that requires a gradient cannot be resized",
                expected="a tensor without history",
                got="one that requires a gradient",
                help="use reshape, or detach() first",
            )
        )
    array = self._array
    if array.shape == shape:
        return self
    whole = owner(array)
    room = whole.nbytes - (address(array) - address(whole))
    count = int(np.prod(shape, dtype=np.int64))
    if count * array.itemsize <= room:
        offset = address(array) - address(whole)
        self._array = strided(array, shape, contiguous_strides(shape, array.itemsize), offset)
    else:
        grown = np.zeros(count, array.dtype)
        kept = strided(array, (room // array.itemsize,), (array.itemsize,), whole.nbytes - room)
        grown[: kept.size] = kept
        self._array = grown.reshape(shape)
        self._counter = None
    return self


for _function in (set_, resize_):
    setattr(Tensor, _function.__name__, _function)


@public(method=True)
def resize_as_(input: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """Give a tensor the shape of another one; see :meth:`flambeau.Tensor.resize_`.

    Args:
        input: the tensor to resize.
        the_template: a tensor of the shape.
        memory_format: without effect.

    Raises:
        RuntimeError: if the tensor requires a gradient.

    Example:
        >>> import flambeau as fb
        >>> fb.resize_as_(fb.tensor([1, 2, 3, 4]), fb.zeros(2, 2))
        tensor([[1, 2],
                [3, 4]])
    """
    return resize_(input, tuple(the_template._array.shape))
