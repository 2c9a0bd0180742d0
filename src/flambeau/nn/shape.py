"""Layers that change the shape only."""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import message
from flambeau.nn.module import Module
from flambeau.tensor.tensor import Tensor


class Flatten(Module):
    """Joins a range of dimensions to one.

    Args:
        start_dim: the first of them.
        end_dim: the last.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Flatten()(fb.zeros(32, 1, 5, 5)).shape
        torch.Size([32, 25])
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        """The input with joined dimensions."""
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Splits one dimension into several.

    Args:
        dim: the dimension.
        unflattened_size: the sizes it is split into, one of which may be -1.

    Raises:
        TypeError: if the dimension or the sizes are not integers.

    Differs from PyTorch: dimensions have no names.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Unflatten(1, (2, 5))(fb.zeros(3, 10)).shape
        torch.Size([3, 2, 5])
    """

    def __init__(self, dim: int, unflattened_size: Any) -> None:
        super().__init__()
        self._check(dim, unflattened_size)
        self.dim = dim
        self.unflattened_size = unflattened_size

    def _check(self, dim: Any, sizes: Any) -> None:
        if not isinstance(dim, int):
            raise TypeError(
                message("Unflatten: dim is not an int", expected="an int", got=type(dim).__name__)
            )
        if not isinstance(sizes, (tuple, list)) or not all(isinstance(s, int) for s in sizes):
            raise TypeError(
                message(
                    "Unflatten: sizes are not integers",
                    expected="a tuple or list of integers",
                    got=repr(sizes),
                )
            )

    def forward(self, input: Tensor) -> Tensor:
        """The input with the dimension split."""
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
