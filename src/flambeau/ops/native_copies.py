"""Copies between layouts whose rows are short: NumPy spends longer on going to a row than on it."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from flambeau.core.native import kernels_for, plain
from flambeau.core.shapes import contiguous_strides

Ints = tuple[int, ...]

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
SHORT_ROW = 512


def put(target: np.ndarray, x: np.ndarray, where: tuple[slice, ...]) -> None:
    """Write an array into a part of a new, row-major one.

    Args:
        target: the whole.
        x: what goes into it.
        where: a stretch of each of its dimensions.
    """
    native = None
    if x.dtype in FLOATS and x.ndim and x.shape[-1] < SHORT_ROW:
        native = kernels_for(x.size)
    if native is None:
        target[where] = x
        return
    steps = contiguous_strides(target.shape)
    begin = sum([part.start * step for part, step in zip(where, steps)])
    of = (0, *contiguous_strides(x.shape))
    copy(native, target.reshape(-1), plain(x).reshape(-1), x.shape, (begin, *steps), of)


def copy(
    native: ModuleType, target: np.ndarray, source: np.ndarray, sizes: Ints, to: Ints, of: Ints
) -> None:
    """A copy of any number of dimensions between flat arrays.

    Args:
        native: the native kernels.
        target, source: flat, of one type, float32 or float64.
        sizes: how many elements, in each dimension.
        to, of: where the first element lies, then how far apart they are in each dimension.
    """
    while len(sizes) > 4:
        if to[1] == sizes[1] * to[2] and of[1] == sizes[1] * of[2]:  # the first two are like one
            sizes = (sizes[0] * sizes[1], *sizes[2:])
            to, of = (to[0], *to[2:]), (of[0], *of[2:])
            continue
        for i in range(sizes[0]):
            here = (to[0] + i * to[1], *to[2:])
            copy(native, target, source, sizes[1:], here, (of[0] + i * of[1], *of[2:]))
        return
    missing = 4 - len(sizes)
    none = (0,) * missing
    first = (*sizes[:-1], *(1,) * missing, *sizes[-1:])
    native.copy(target, source, first, (*to[:-1], *none, *to[-1:]), (*of[:-1], *none, *of[-1:]))
