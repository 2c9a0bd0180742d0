"""A number on the diagonal, in place."""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import message
from flambeau.ops.publish import public
from flambeau.tensor.tensor import Tensor


@public(method=True, function=False)
def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Put a number on the diagonal.

    Args:
        fill_value: a number.
        wrap: whether the diagonal of a tall matrix begins again below a row that it leaves out.

    Shape: a matrix, or more dimensions of one size.

    Raises:
        RuntimeError: for fewer than two dimensions, or more of different sizes.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(2, 3).fill_diagonal_(5)
        tensor([[5., 0., 0.],
                [0., 5., 0.]])
    """
    shape = tuple(self._array.shape)
    if len(shape) < 2 or (len(shape) > 2 and len(set(shape)) > 1):
        raise RuntimeError(
            message(
                "fill_diagonal_: no such diagonal",
                expected="a matrix, or more dimensions of one size",
                got=f"shape {shape}",
            )
        )
    x: Any = self
    if len(shape) > 2:
        while x.ndim > 1:  # the diagonal of two dimensions becomes the last one
            x = x.diagonal(0, 0, x.ndim - 1)
        x.fill_(fill_value)
        return self
    rows, columns = shape
    for first in range(0, rows, columns + 1) if wrap else (0,):
        x[first:].diagonal().fill_(fill_value)
    return self
