"""Python functions called for each element: ``apply_``, ``map_``, ``map2_``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.shapes import broadcast
from flambeau.ops.publish import public
from flambeau.tensor.dispatch import bump
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.tensor import Tensor


def _called(name: str, function: Callable[..., Any], self: Tensor, *others: Tensor) -> Tensor:
    if any(x.requires_grad for x in (self, *others)):
        raise RuntimeError(
            message(
                f"{name}: a Python function has no gradient",
                expected="tensors that require none",
                got="a tensor that requires a gradient",
                help="write it in tensor operations, or use it on .detach()",
            )
        )
    if MODE.code & INTERPRETED:
        MODE.interpreter.read_value(self, f"{name}()")
    array = self._array
    arrays = [x._array for x in others]
    shape = array.shape
    for x in arrays:
        shape = broadcast(name, shape, x.shape)
    if shape != array.shape:
        raise RuntimeError(
            message(
                f"{name}: the result does not fit the tensor",
                expected=f"others that broadcast to {array.shape}",
                got=" and ".join(str(x.shape) for x in arrays),
            )
        )
    columns = [np.broadcast_to(x, shape).ravel().tolist() for x in (array, *arrays)]
    found = [function(*values) for values in zip(*columns, strict=True)]
    array[...] = np.array(found, array.dtype).reshape(shape)
    bump(self)
    return self


@public(method=True, function=False)
def apply_(self: Tensor, callable: Callable[[Any], Any]) -> Tensor:
    """Put what a Python function gives for each element in its place.

    Args:
        callable: takes a number and returns one.

    Raises:
        RuntimeError: if the tensor requires a gradient.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1., 4.]).apply_(lambda x: x + 1)
        tensor([2., 5.])
    """
    return _called("apply_", callable, self)


@public(method=True, function=False)
def map_(self: Tensor, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
    """Put what a Python function gives for each two elements in place of the first.

    Args:
        tensor: broadcasts to the tensor.
        callable: takes two numbers and returns one.

    Raises:
        RuntimeError: if a tensor requires a gradient, or shapes do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1., 4.]).map_(fb.tensor([2., 3.]), max)
        tensor([2., 4.])
    """
    return _called("map_", callable, self, tensor)


@public(method=True, function=False)
def map2_(self: Tensor, x: Tensor, y: Tensor, callable: Callable[[Any, Any, Any], Any]) -> Tensor:
    """As :meth:`map_`, with two further tensors.

    Args:
        x, y: broadcast to the tensor.
        callable: takes three numbers and returns one.

    Raises:
        RuntimeError: if a tensor requires a gradient, or shapes do not fit.

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor([1., 4.])
        >>> x.map2_(x, x, lambda a, b, c: a + b + c)
        tensor([ 3., 12.])
    """
    return _called("map2_", callable, self, x, y)
