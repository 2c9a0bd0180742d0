"""Changing the type or the memory of all parameters and buffers of a module."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from flambeau.autograd.modes import no_grad
from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.strides import CHANNELS_LAST
from flambeau.nn.members import BUFFERS, PARAMETERS, members
from flambeau.ops.casting import parse_to
from flambeau.ops.copying import CLONE
from flambeau.tensor.device import check_device
from flambeau.tensor.dispatch import apply, wrap
from flambeau.tensor.tensor import Tensor

Self = TypeVar("Self", bound="Conversion")


class Conversion:
    """The part of :class:`~flambeau.nn.Module` that converts tensors.

    Parameters stay the same objects, so optimizers that hold them go on.
    """

    def _apply(self: Self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Replace all parameters' data, their gradients' data, and all buffers by ``fn`` of it."""
        if recurse:
            for module in self.children():  # type: ignore[attr-defined]
                module._apply(fn)
        with no_grad():
            for _, parameter in members(self, PARAMETERS):
                if parameter is None:
                    continue
                gradient = parameter.grad
                parameter.data = fn(parameter)
                if gradient is not None:
                    gradient.data = fn(gradient)
            for name, buffer in members(self, BUFFERS):
                if buffer is not None:
                    self._buffers[name] = fn(buffer)  # type: ignore[attr-defined]
        return self

    def to(self: Self, *args: Any, **kwargs: Any) -> Self:
        """Convert floating-point and complex parameters and buffers in place.

        ``to(dtype)``, ``to(device, dtype)``, ``to(tensor)`` and ``to(memory_format=...)`` as in
        PyTorch.

        Args:
            args: a data type, a device, or a tensor whose type to take.
            kwargs: ``device``, ``dtype``, ``non_blocking``, ``memory_format``.

        Raises:
            TypeError: for an integer type.
            RuntimeError: for another device than the CPU.

        Example:
            >>> import flambeau as fb
            >>> fb.nn.Linear(1, 1).to(fb.float64).weight.dtype
            torch.float64
        """
        numpy_type, _, layout = parse_to(args, dict(kwargs))
        dtype = None if numpy_type is None else dtypes.of(numpy_type)
        if dtype is not None and dtype.category < dtypes.FLOATING:
            raise TypeError(
                message(
                    "Module.to: parameters can only be floating-point or complex",
                    expected="a floating-point or complex dtype",
                    got=repr(dtype),
                )
            )

        def convert(tensor: Tensor) -> Tensor:
            result = tensor if dtype is None or not _is_inexact(tensor) else tensor.to(dtype)
            if layout is None or CHANNELS_LAST.get(layout, tensor.ndim) != tensor.ndim:
                return result
            return apply(CLONE, (result,), (layout,))

        return self._apply(convert)

    def type(self: Self, dst_type: Any) -> Self:
        """Convert all parameters and buffers, integers too, to one type.

        Args:
            dst_type: a data type.
        """
        return self._apply(lambda tensor: tensor.type(dst_type))

    def float(self: Self) -> Self:
        """Convert floating-point parameters and buffers to float32."""
        return self._floating(dtypes.float32)

    def double(self: Self) -> Self:
        """Convert floating-point parameters and buffers to float64."""
        return self._floating(dtypes.float64)

    def half(self: Self) -> Self:
        """Convert floating-point parameters and buffers to float16."""
        return self._floating(dtypes.float16)

    def bfloat16(self: Self) -> Self:
        """Convert floating-point parameters and buffers to bfloat16."""
        return self._floating(dtypes.bfloat16)

    def _floating(self: Self, dtype: dtypes.dtype) -> Self:
        return self._apply(lambda t: t.to(dtype) if t.is_floating_point() else t)

    def cpu(self: Self) -> Self:
        """Move to the CPU, where everything is."""
        return self

    def to_empty(self: Self, *, device: Any, recurse: bool = True) -> Self:
        """Give parameters and buffers new memory without setting their values.

        Args:
            device: the CPU.
            recurse: whether those of submodules are included.
        """
        check_device("to_empty", device)
        return self._apply(lambda tensor: wrap(np.empty_like(tensor._array)), recurse)

    def share_memory(self: Self) -> Self:
        """Move parameters and buffers to memory that forked processes share.

        Differs from PyTorch: a process that is not forked from this one gets copies.
        """
        return self._apply(_in_shared_memory)


def _is_inexact(tensor: Tensor) -> bool:
    return tensor.is_floating_point() or tensor.is_complex()


def _in_shared_memory(tensor: Tensor) -> Tensor:
    array = tensor._array
    if array.size == 0:
        return tensor
    shared = np.frombuffer(mmap.mmap(-1, array.nbytes), array.dtype).reshape(array.shape)
    shared[...] = array
    return wrap(shared)
