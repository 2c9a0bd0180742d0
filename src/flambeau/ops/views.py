"""Views: new shapes and strides over the same memory."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.shapes import size_arguments, wrap_dim
from flambeau.ops.publish import public
from flambeau.ops.view_record import view_operation
from flambeau.tensor.dispatch import apply
from flambeau.tensor.tensor import Tensor


def complete_sizes(name: str, sizes: tuple[int, ...], count: int) -> tuple[int, ...]:
    """Sizes with a ``-1`` replaced by what ``count`` elements leave for it."""
    if -1 in sizes:
        known = prod(s for s in sizes if s != -1)
        if sizes.count(-1) == 1 and known and count % known == 0:
            return tuple(count // known if s == -1 else s for s in sizes)
    elif prod(sizes) == count and min(sizes, default=0) >= 0:
        return sizes
    raise RuntimeError(
        message(
            f"{name}: the sizes do not hold the elements",
            expected=f"sizes whose product is {count}, at most one of them -1",
            got=str(tuple(sizes)),
        )
    )


RESHAPE = view_operation(
    "reshape",
    lambda array, shape: array.reshape(shape),
    params="shape",
    gradient={"input": lambda g, input_shape: apply(RESHAPE, (g,), (input_shape,))},
    node_name="ViewBackward0",
)


@public(method=True)
def reshape(input: Tensor, *shape: Any) -> Tensor:
    """The same elements, in order, in another shape; shares memory where strides allow.

    Args:
        input: a tensor.
        shape: sizes, one of which may be -1.

    Raises:
        RuntimeError: if the number of elements differs.

    Example:
        >>> import flambeau as fb
        >>> fb.arange(4).reshape(2, -1)
        tensor([[0, 1],
                [2, 3]])
    """
    sizes = size_arguments("reshape", shape)
    return apply(RESHAPE, (input,), (complete_sizes("reshape", sizes, input._array.size),))


EXPAND = view_operation(
    "expand",
    lambda array, shape: np.broadcast_to(array, shape),
    params="shape",
    gradient={"input": lambda g: g},  # the engine sums over what was expanded
)

TRANSPOSE = view_operation(
    "transpose",
    lambda array, dim0, dim1: array.swapaxes(dim0, dim1),
    params="dim0 dim1",
    gradient={"input": lambda g, dim0, dim1: apply(TRANSPOSE, (g,), (dim0, dim1))},
)


@public(method=True, aliases=("swapaxes", "swapdims"))
def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Swap two dimensions; the result shares the tensor's memory.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(2, 3).transpose(0, 1).shape
        torch.Size([3, 2])
    """
    ndim = input._array.ndim
    if ndim == 0:
        return input
    dims = wrap_dim("transpose", dim0, ndim), wrap_dim("transpose", dim1, ndim)
    return apply(TRANSPOSE, (input,), dims)
