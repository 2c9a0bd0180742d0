"""Distinct elements. How many there are depends on the values, and so do the results' shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from flambeau.core.shapes import wrap_dim
from flambeau.ops.masks import size_depends_on_values
from flambeau.ops.publish import public
from flambeau.ops.reduction import widened
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def unknown_shape(name: str) -> Callable[..., NoReturn]:
    """The shape rule of operations whose result's shape depends on values: there is none."""

    def infer(*arguments: Any) -> NoReturn:
        raise size_depends_on_values(name, "call it outside of what is compiled")

    return infer


def _unique(array: np.ndarray, dim: int | None) -> tuple[Any, Any, Any]:
    # A nan is equal to nothing, so each of them is distinct.
    if dim is None or array.ndim == 0:
        values, inverse, counts = np.unique(
            widened(array), return_inverse=True, return_counts=True, equal_nan=False
        )
        return values.astype(array.dtype), inverse.reshape(array.shape), counts
    values, inverse, counts = np.unique(
        widened(array), return_inverse=True, return_counts=True, axis=dim, equal_nan=False
    )
    return values.astype(array.dtype), inverse.reshape(-1), counts


def _unique_consecutive(array: np.ndarray, dim: int | None) -> tuple[Any, Any, Any]:
    shape = array.shape
    rows = array.reshape(-1) if dim is None or not shape else np.moveaxis(array, dim, 0)
    size = len(rows)
    starts = np.ones(size, bool)
    if size > 1:
        differs = rows[1:] != rows[:-1]
        starts[1:] = differs.reshape(size - 1, -1).any(1)
    places = np.flatnonzero(starts)
    counts = np.diff(places, append=size)
    inverse = np.cumsum(starts) - 1
    values = rows[places]
    if dim is None or not shape:
        return values, inverse.reshape(shape), counts
    return np.moveaxis(values, 0, dim), inverse, counts


def _samples(make: Any) -> list[Any]:
    return [
        make.sample(inputs=(make.integers((6,), 0, 3),), params=(None,)),
        make.sample(inputs=(make.integers((2, 3), 0, 2),), params=(1,)),
        make.sample(inputs=(make.tensor((0,)),), params=(None,)),
        make.sample(inputs=(make.tensor(()),), params=(None,)),
    ]


UNIQUE = Operation(
    "unique",
    inputs="input",
    params="dim",
    evaluate=_unique,
    infer=unknown_shape("unique"),
    samples=_samples,
)
UNIQUE_CONSECUTIVE = Operation(
    "unique_consecutive",
    inputs="input",
    params="dim",
    evaluate=_unique_consecutive,
    infer=unknown_shape("unique_consecutive"),
    samples=_samples,
)


def _call(op: Operation, input: Tensor, dim: int | None, inverse: bool, counts: bool) -> Any:
    dim = None if dim is None else wrap_dim(op.name, dim, input._array.ndim)
    values, where, numbers = apply(op, (input,), (dim,))
    if not (inverse or counts):
        return values
    return (values, *((where,) if inverse else ()), *((numbers,) if counts else ()))


@public(method=True)
def unique(
    input: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False,
    dim: int | None = None,
) -> Any:  # fmt: skip
    """The distinct elements, or the distinct slices along a dimension, in ascending order.

    Args:
        input: a tensor; every nan is distinct.
        sorted: accepted; the results are always in order.
        return_inverse: also give, for each element, which of the results it is.
        return_counts: also give how often each result occurs.
        dim: compare slices along this dimension; elements if ``None``.

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.unique(fb.tensor([3, 1, 3]), return_counts=True)
        (tensor([1, 3]), tensor([1, 2]))

    Differs from PyTorch: the result never requires a gradient (there its backward raises).
    """
    return _call(UNIQUE, input, dim, return_inverse, return_counts)


@public(method=True)
def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """One element (or slice along a dimension) of each run of equal ones.

    Args:
        input: a tensor.
        return_inverse: also give, for each element, which of the results it is.
        return_counts: also give how long each run is.
        dim: compare slices along this dimension; elements if ``None``.

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.unique_consecutive(fb.tensor([3, 3, 1, 3]))
        tensor([3, 1, 3])

    Differs from PyTorch: the result never requires a gradient (there its backward raises).
    """
    return _call(UNIQUE_CONSECUTIVE, input, dim, return_inverse, return_counts)
