"""Sorting, searching, and sets of values."""

from __future__ import annotations

from typing import Any, NamedTuple

from flambeau.core.errors import message
from flambeau.ops.publish import PUBLIC
from flambeau.tensor.tensor import Tensor


def sort(x: Tensor, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """The elements in order along an axis."""
    return PUBLIC["sort"](x, dim=axis, descending=descending, stable=stable)[0]


def argsort(
    x: Tensor, /, *, axis: int = -1, descending: bool = False, stable: bool = True
) -> Tensor:
    """The indices that put the elements in order along an axis."""
    return PUBLIC["sort"](x, dim=axis, descending=descending, stable=stable)[1]


def nonzero(x: Tensor, /) -> tuple[Tensor, ...]:
    """The indices of the elements that are not zero, one array for each axis.

    Raises:
        ValueError: if the array has no axes.
    """
    if x._array.ndim == 0:
        raise ValueError(
            message("nonzero: the array has no axes", expected="1 axis or more", got="shape ()")
        )
    return PUBLIC["nonzero"](x, as_tuple=True)


def searchsorted(
    x1: Tensor, x2: Tensor, /, *, side: str = "left", sorter: Tensor | None = None
) -> Tensor:
    """Where the elements of ``x2`` belong in the ordered ``x1``."""
    return PUBLIC["searchsorted"](x1, x2, side=side, sorter=sorter)


class UniqueAll(NamedTuple):
    """Distinct values, where each is first, where each element is among them, and how often."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """Distinct values, and how often each occurs."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """Distinct values, and where each element is among them."""

    values: Tensor
    inverse_indices: Tensor


def _unique(x: Tensor) -> tuple[Any, Any, Any]:
    return PUBLIC["unique"](x, return_inverse=True, return_counts=True)


def unique_all(x: Tensor, /) -> UniqueAll:
    """Distinct values in order, their first indices, each element's place, and counts."""
    values, inverse, counts = _unique(x)
    size = x._array.size
    places = PUBLIC["arange"](size)
    first = PUBLIC["full"](values.shape, size, dtype=places.dtype)
    first = first.scatter_reduce(0, inverse.flatten(), places, "amin")
    return UniqueAll(values, first, inverse.reshape(x.shape), counts)


def unique_counts(x: Tensor, /) -> UniqueCounts:
    """Distinct values in order, and their counts."""
    values, _, counts = _unique(x)
    return UniqueCounts(values, counts)


def unique_inverse(x: Tensor, /) -> UniqueInverse:
    """Distinct values in order, and each element's place among them."""
    values, inverse, _ = _unique(x)
    return UniqueInverse(values, inverse.reshape(x.shape))


def unique_values(x: Tensor, /) -> Tensor:
    """Distinct values in order."""
    return PUBLIC["unique"](x)
