"""Batches of what lies in memory already: one gather per tensor, no Python per sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.data.collation import default_collate
from flambeau.data.datasets import Subset, TensorDataset
from flambeau.data.row_copying import row_copier
from flambeau.tensor.dispatch import wrap
from flambeau.tensor.modes import GRAD, INTERPRETED, MODE
from flambeau.tensor.tensor import Tensor

Gather = Callable[[np.ndarray], Any]


def gather_of(dataset: Any, collate: Any) -> Gather | None:
    """What makes a batch of an array of indices at once; ``None`` where samples are made singly.

    It gives exactly what stacking the samples would. A subclass may have a ``__getitem__`` of its
    own, so that only the classes themselves count.

    Args:
        dataset: any dataset.
        collate: what would make a batch of samples.
    """
    if collate is not default_collate:
        return None
    order = None
    while type(dataset) is Subset:
        indices = np.asarray(dataset.indices)
        if indices.dtype.kind != "i" or indices.ndim != 1:
            return None
        order = indices if order is None else indices[order]
        dataset = dataset.dataset
    if type(dataset) is TensorDataset:
        tensors = list(dataset.tensors)
        rows = _rows_of(tensors)
    elif type(dataset) is Tensor:
        tensors = [dataset]
        rows = _rows_of(tensors)
    elif type(dataset) is np.ndarray and dataset.ndim > 1 and dataset.dtype.kind in "biufc":
        take = row_copier(dataset) or _taken
        return _through(order, lambda indices: wrap(take(dataset, indices)))
    else:
        return None
    if not tensors or any(type(t) is not Tensor or t.ndim == 0 for t in tensors):
        return None
    if type(dataset) is Tensor:
        return _through(order, lambda indices: rows(indices)[0])
    return _through(order, rows)


def _rows_of(tensors: list[Tensor]) -> Callable[[np.ndarray], list[Tensor]]:
    """Rows of several tensors; recorded where a gradient may be asked for."""
    takes = [row_copier(t._array) or _taken if type(t) is Tensor else _taken for t in tensors]

    def rows(indices: np.ndarray) -> list[Tensor]:
        code = MODE.code
        if code & INTERPRETED or code & GRAD and any([t.requires_grad for t in tensors]):
            return [t[wrap(indices)] for t in tensors]  # type: ignore[index]
        return [wrap(take(t._array, indices)) for take, t in zip(takes, tensors)]

    return rows


def _taken(array: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Rows of an array, in memory of their own."""
    if array.flags.c_contiguous:
        return array.take(indices, 0)
    rows = array[indices]  # `take` would copy all of the array first
    return rows if rows.flags.c_contiguous else rows.copy()


def _through(order: np.ndarray | None, gather: Gather) -> Gather:
    return gather if order is None else lambda indices: gather(order[indices])
