"""What a tensor inside ``vmap`` holds: a tensor of the level below, with the examples in front."""

from __future__ import annotations

from typing import Any

from flambeau.func.level import Held
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor


class Batched(Held):
    """One example's shape and type, and the values of all examples.

    Attributes:
        value: a tensor of the level below. If ``is_batched``, its dimension 0 counts examples.
        is_batched: whether examples differ.
    """

    __slots__ = ("is_batched", "value")

    def __init__(self, level: Any, value: Tensor, is_batched: bool) -> None:
        array = value._array
        skip = 1 if is_batched else 0
        super().__init__(level, array.shape[skip:], array.dtype, array.strides[skip:])
        self.value = value
        self.is_batched = is_batched

    def detached(self) -> Batched:
        """The same values, without a graph below."""
        return Batched(self.level, self.value.detach(), self.is_batched)

    def readable(self) -> Tensor | None:
        return None if self.is_batched else self.value

    def describe(self) -> str:
        what = "of each example" if self.is_batched else "in all examples"
        return f"vmap({what}, size={self.level.size}): {self.value!r}"

    def parts(self) -> tuple[Tensor | None, ...]:
        return (self.value,)

    def full(self, ndim: int = 0) -> Tensor:
        """The values with the dimension of examples, also where they are all the same.

        Args:
            ndim: how many dimensions each example has at least, of size 1 where it has none.
        """
        if self.is_batched:
            return self.aligned(ndim)
        shape = (self.level.size, *(1,) * (ndim - self.ndim), *self.shape)
        return apply(REGISTRY["expand"], (self.value,), (shape,))

    def aligned(self, ndim: int) -> Tensor:
        """Values that broadcast against those of examples with ``ndim`` dimensions."""
        missing = ndim - self.ndim
        if not self.is_batched or missing <= 0:
            return self.value
        return reshaped(self.value, (self.level.size, *(1,) * missing, *self.shape))

    def at_least_1d(self) -> Tensor:
        """Values with the dimension of examples and one more where an example is 0-d."""
        value = self.full()
        return value if self.ndim else apply(REGISTRY["unsqueeze"], (value,), (1,))


def reshaped(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """``x`` in another shape; itself if it has that shape."""
    if tuple(x._array.shape) == shape:
        return x
    return apply(REGISTRY["reshape"], (x,), (shape,))


def typed(x: Tensor, dtype: Any) -> Tensor:
    """``x`` in another type; itself if it has that type."""
    return x if x._array.dtype == dtype else apply(REGISTRY["to_dtype"], (x,), (dtype,))
