"""Grids of coordinates that an affine map moves."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from flambeau.core.spec import Spec
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation

Ints = tuple[int, ...]


def _axis(size: int, aligned: bool, kind: np.dtype) -> np.ndarray:
    if size == 1:
        return np.zeros(1, kind)
    places = np.linspace(-1, 1, size, dtype=kind)
    return places if aligned else places * kind.type((size - 1) / size)


def _base(sizes: Ints, aligned: bool, dtype: np.dtype) -> np.ndarray:
    """The coordinates of all points, the last size's first, and a 1: (points, ndim + 1)."""
    kind = np.dtype(np.float32) if dtype.itemsize == 2 else dtype
    axes = [_axis(n, aligned, kind) for n in sizes]
    grids = np.meshgrid(*axes, indexing="ij")
    columns = [g.reshape(-1) for g in reversed(grids)]
    return np.stack([*columns, np.ones(prod(sizes), kind)], 1).astype(dtype)


# The points before they are moved; known before a compiled program runs.
BASE_GRID = Operation(
    "affine_grid_base",
    inputs="",
    params="sizes aligned dtype",
    evaluate=_base,
    infer=lambda sizes, aligned, dtype: Spec((prod(sizes), len(sizes) + 1), dtype),
    samples=lambda make: [
        make.sample((), ((2, 3), False, np.dtype(np.float64))),
        make.sample((), ((2, 1, 3), True, np.dtype(np.float32))),
    ],
)


def _evaluate(theta: np.ndarray, sizes: Ints, aligned: bool) -> np.ndarray:
    wide = theta.astype(np.float32) if theta.dtype.itemsize == 2 else theta
    points = _base(sizes, aligned, wide.dtype)
    found = np.matmul(points, wide.transpose(0, 2, 1))
    return found.reshape(len(theta), *sizes, len(sizes)).astype(theta.dtype, copy=False)


def _in_parts(theta: Any, sizes: Ints, aligned: bool) -> Any:
    points: Any = apply(BASE_GRID, (), (sizes, aligned, theta._array.dtype))
    moved = (theta @ points.T).transpose(1, 2)
    return moved.reshape(theta.shape[0], *sizes, len(sizes))


def _gradient(g: Any, sizes: Ints, aligned: bool) -> Any:
    points = apply(BASE_GRID, (), (sizes, aligned, g._array.dtype))
    return g.reshape(g.shape[0], prod(sizes), len(sizes)).transpose(1, 2) @ points


AFFINE_GRID = Operation(
    "affine_grid_generator",
    inputs="theta",
    params="sizes aligned",
    evaluate=_evaluate,
    infer=lambda theta, sizes, aligned: Spec((theta.shape[0], *sizes, len(sizes)), theta.dtype),
    gradient={"theta": _gradient},
    decompose=_in_parts,
    samples=lambda make: [
        make.sample((make.tensor((2, 2, 3)),), ((3, 2), False)),
        make.sample((make.tensor((1, 3, 4)),), ((2, 1, 3), True)),
        make.sample((make.transposed((2, 2, 3)),), ((1, 2), True)),
    ],
)
