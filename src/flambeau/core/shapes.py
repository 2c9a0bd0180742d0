"""Shapes: broadcasting, dimension numbers, and the strides that go with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

from flambeau.core.dtypes import NAME_PREFIX
from flambeau.core.errors import ShapeError, message


class Size(tuple):
    """A tensor's shape: a tuple of integers that prints as PyTorch's does.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(2, 3).shape, fb.zeros(2, 3).shape.numel()
        (torch.Size([2, 3]), 6)
    """

    __slots__ = ()

    def numel(self) -> int:
        """The number of elements of a tensor of this shape."""
        return prod(self)

    def __repr__(self) -> str:
        return f"{NAME_PREFIX}Size([{', '.join(map(str, self))}])"

    def __getitem__(self, index: Any) -> Any:
        found = tuple.__getitem__(self, index)
        return Size(found) if isinstance(index, slice) else found

    def __add__(self, other: Any) -> Any:
        return Size(tuple.__add__(self, tuple(other)))

    def __reduce__(self) -> tuple[Any, ...]:
        return Size, (tuple(self),)


def broadcast(name: str, *shapes: Sequence[int]) -> tuple[int, ...]:
    """The shape that all ``shapes`` broadcast to.

    Raises:
        ShapeError: if two of them do not fit; the text names the operation ``name``.
    """
    ndim = max((len(s) for s in shapes), default=0)
    result = [1] * ndim
    for shape in shapes:
        offset = ndim - len(shape)
        for axis, size in enumerate(shape):
            if size == 1:
                continue
            if result[offset + axis] not in (1, size):
                raise ShapeError(
                    message(
                        f"{name}: shapes do not broadcast",
                        expected="sizes that are equal or 1, compared from the last dimension",
                        got=" and ".join(str(tuple(s)) for s in shapes),
                        help="insert dimensions with .unsqueeze(dim) or match sizes with .expand()",
                    )
                )
            result[offset + axis] = size
    return tuple(result)


def wrap_dim(name: str, dim: int, ndim: int) -> int:
    """A dimension number in ``0 .. ndim-1`` from one that may count from the end.

    0-d tensors accept -1 and 0, as in PyTorch.

    Raises:
        TypeError: if it is not an integer.
        IndexError: if it is out of range.
    """
    if dim.__class__ is not int:
        dim = _as_dim(name, dim)
    limit = ndim or 1
    if not -limit <= dim < limit:
        raise IndexError(
            message(
                f"{name}: dimension out of range",
                expected=f"dim from {-limit} to {limit - 1}",
                got=str(dim),
            )
        )
    return dim + limit if dim < 0 else dim


def _as_dim(name: str, dim: Any) -> int:
    if hasattr(dim, "__index__") and not isinstance(dim, bool):
        return dim.__index__()
    raise TypeError(
        message(f"{name}: dim must be an integer", expected="an integer", got=repr(dim))
    )


def wrap_dims(name: str, dims: int | Iterable[int] | None, ndim: int) -> tuple[int, ...]:
    """All of ``dims`` wrapped and in the order given; every dimension for ``None``.

    Raises:
        TypeError: if one is not an integer.
        IndexError: if one is out of range.
        RuntimeError: if one stands twice.
    """
    if dims is None:
        return tuple(range(ndim))
    given: Any = dims if isinstance(dims, Iterable) and not hasattr(dims, "__index__") else (dims,)
    wrapped = tuple([wrap_dim(name, d, ndim) for d in given])
    if len(set(wrapped)) != len(wrapped):
        raise RuntimeError(
            message(f"{name}: a dimension stands twice", expected="distinct dims", got=str(dims))
        )
    return wrapped


def contiguous_strides(shape: Sequence[int], itemsize: int = 1) -> tuple[int, ...]:
    """Strides of a row-major block, in units of ``itemsize``."""
    strides = []
    step = itemsize
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


def size_arguments(name: str, sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """``f(2, 3)``, ``f((2, 3))`` and ``f(Size)`` alike, as a tuple of integers."""
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = tuple(sizes[0])
    try:
        return tuple(s if s.__class__ is int else s.__index__() for s in sizes)
    except (AttributeError, TypeError):
        raise TypeError(
            message(f"{name}: sizes must be integers", expected="integers", got=repr(sizes))
        ) from None
