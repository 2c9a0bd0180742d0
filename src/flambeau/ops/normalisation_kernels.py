"""Normalisation on arrays: means and variances of rows, and what is computed from them.

Arrays are seen as rows: of features (layer norm), or one for each sample and channel (batch and
group norm). They are gone through in blocks that stay in the cache, because each value is looked at
several times. Large arrays are gone through by native code (:mod:`flambeau.compiler.norm_kernels`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np

from flambeau.core.native import LEAST, kernels

# How many elements are looked at again and again before the next block.
_BLOCK = 1 << 15
# Up to here a product with ones adds precisely enough, and quicker than a pairwise sum.
_SHORT = 1 << 14
# Native code goes along rows: those of one channel's places must be worth a loop.
_LEAST_PLACES = 16
_EVERYTHING = slice(None)
# Up to here all that counts is how often NumPy is called.
_FEW = 1 << 13
_ONES: dict[Any, np.ndarray] = {}


def _native(x: np.ndarray, places: int = _LEAST_PLACES) -> ModuleType | None:
    """The native kernels, if an array is worth them."""
    return kernels() if x.size >= LEAST and places >= _LEAST_PLACES else None


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Slices of rows, each of about a block."""
    step = max(1, _BLOCK // max(columns, 1))
    if rows <= step:
        yield _EVERYTHING
        return
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def _ones(count: int, kind: np.dtype) -> np.ndarray:
    found = _ONES.get(kind)
    if found is None:
        found = _ONES[kind] = np.ones(_SHORT, kind)
    return found[:count]


def row_sums(x: np.ndarray) -> np.ndarray:
    """The sum of each row."""
    if 0 < x.shape[1] <= _SHORT:
        return x.dot(_ones(x.shape[1], x.dtype))
    return np.add.reduce(x, 1)


def row_products(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The inner product of each pair of rows."""
    if x.shape[1] <= _SHORT:
        return np.vecdot(x, y)
    return np.add.reduce(x * y, 1)


def column_sums(x: np.ndarray) -> np.ndarray:
    """The sum of each column."""
    if 0 < x.shape[0] <= _SHORT:
        return _ones(x.shape[0], x.dtype).dot(x)
    return np.add.reduce([column_sums(x[i : i + _SHORT]) for i in range(0, len(x), _SHORT)], 0)


def inverse_root(variance: np.ndarray, eps: float) -> np.ndarray:
    """1 / sqrt(variance + eps)."""
    return np.reciprocal(np.sqrt(variance + variance.dtype.type(eps)))


# --- rows of features ---------------------------------------------------------------------


def _block_normalised(
    x: np.ndarray, eps: float, centre: bool, out: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """A block of rows with mean 0 and variance 1, and the factor that made the variance 1."""
    columns = x.shape[1]
    if 0 < x.size <= _FEW:
        return _few_normalised(x, eps, centre, out)
    if centre:
        mean = row_sums(x)
        mean /= columns
        x = out = np.subtract(x, mean[:, None], out)
    variance = row_products(x, x)
    variance /= columns
    factor = inverse_root(variance, eps)
    return np.multiply(x, factor[:, None], out), factor


def _few_normalised(
    x: np.ndarray, eps: float, centre: bool, out: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The same for few elements, where calls of NumPy cost more than memory."""
    shape, columns, kind = x.shape, x.shape[1], x.dtype
    ones, count = _ones(columns, kind), _number(columns, kind)
    if centre:
        mean = x.dot(ones)
        np.divide(mean, count, mean)
        x = out = np.subtract(x, mean.repeat(columns).reshape(shape), out)
    factor = np.multiply(x, x).dot(ones)
    np.divide(factor, count, factor)
    np.add(factor, _number(eps, kind), factor)
    np.sqrt(factor, factor)
    np.reciprocal(factor, factor)
    return np.multiply(x, factor.repeat(columns).reshape(shape), out), factor


@lru_cache(maxsize=256)
def _number(value: float, kind: np.dtype) -> np.ndarray:
    """A number as a 0-d array, which NumPy takes quicker."""
    return np.array(value, kind)


def normalised_rows(
    x: np.ndarray, weight: np.ndarray | None, bias: np.ndarray | None, eps: float, centre: bool
) -> np.ndarray:
    """Each row with mean 0 and variance 1 (or only mean square 1), times weight, plus bias."""
    native = _native(x)
    found = native and native.normalised_rows(x, weight, bias, eps, centre)
    if found is not None:
        return found
    out = np.empty(x.shape, x.dtype)
    if not x.size:
        return out
    for part in blocks(*x.shape):
        block = out[part]
        _block_normalised(x[part], eps, centre, block)
        if weight is not None:
            np.multiply(block, weight, block)
        if bias is not None:
            np.add(block, bias, block)
    return out


def normalised_rows_gradient(
    g: np.ndarray, x: np.ndarray, weight: np.ndarray | None, eps: float, centre: bool,
    needs: tuple[bool, ...],
) -> tuple[Any, Any, Any]:  # fmt: skip
    """The gradients of input, weight and bias; only those needed."""
    native = _native(x)
    found = native and native.normalised_rows_gradient(g, x, weight, eps, centre)
    if found is not None:
        return found
    rows, columns = x.shape
    kind = x.dtype
    dx = np.empty(x.shape, kind) if needs[0] else None
    dw = np.zeros(columns, kind) if needs[1] else None
    db = np.zeros(columns, kind) if needs[2] else None
    if not x.size:
        return (dx if dx is None else np.zeros(x.shape, kind)), dw, db
    for part in blocks(rows, columns):
        block = g[part]
        unit, factor = _block_normalised(x[part], eps, centre)
        if db is not None:
            db += column_sums(block)
        if dw is not None:
            dw += column_sums(block * unit)
        if dx is None:
            continue
        target = dx[part]
        np.multiply(block, 1 if weight is None else weight, target)
        _finish_gradient(target, unit, factor, centre)
    return dx, dw, db


def _finish_gradient(
    target: np.ndarray, unit: np.ndarray, factor: np.ndarray, centre: bool
) -> None:
    """From the gradient of ``unit`` to that of what was normalised, in place, using up ``unit``."""
    columns = target.shape[1]
    along = row_products(target, unit)
    along /= columns
    if centre:
        mean = row_sums(target)
        mean /= columns
        target -= mean[:, None]
    unit *= along[:, None]
    target -= unit
    target *= factor[:, None]


# --- rows of groups of channels -----------------------------------------------------------------


def normalised_groups(
    x: np.ndarray, groups: int, weight: np.ndarray | None, bias: np.ndarray | None, eps: float
) -> np.ndarray:
    """Each group of (samples, channels, places) normalised, times weight, plus bias."""
    samples, channels, places = x.shape
    native = _native(x, places)
    moments = native and _group_moments(native, x, groups, eps)
    if native and moments:
        mean, scale = moments
        scale = scale if weight is None else scale * weight
        shift = -mean * scale
        shift = shift if bias is None else shift + bias
        return _by_rows(native, x, scale, shift)
    size = channels * places
    rows, out = x.reshape(samples, size), np.empty((samples, size), x.dtype)
    weight, bias = (None if v is None else spread(v, places) for v in (weight, bias))
    for part in blocks(samples, size):
        target = out[part]
        split = (-1, size // groups)
        _block_normalised(rows[part].reshape(split), eps, True, target.reshape(split))
        if weight is not None:
            np.multiply(target, weight, target)
        if bias is not None:
            np.add(target, bias, target)
    return out.reshape(x.shape)


def normalised_groups_gradient(
    g: np.ndarray, x: np.ndarray, groups: int, weight: np.ndarray | None, eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The gradients of input, weight and bias."""
    samples, channels, places = x.shape
    native = _native(x, places)
    moments = native and _group_moments(native, x, groups, eps)
    if native and moments:
        return _group_gradient(native, g, x, groups, weight, *moments)
    size = channels * places
    count = size // groups
    rows, along = x.reshape(samples, size), g.reshape(samples, size)
    out = np.empty(rows.shape, x.dtype)
    dw, db = np.zeros(channels, x.dtype), np.zeros(channels, x.dtype)
    weight = None if weight is None else spread(weight, places)
    for part in blocks(samples, size):
        unit, factor = _block_normalised(rows[part].reshape(-1, count), eps, True)
        block = along[part]
        by_channel = (block * unit.reshape(block.shape)).reshape(-1, places)
        dw += np.add.reduce(row_sums(by_channel).reshape(-1, channels), 0)
        db += np.add.reduce(row_sums(block.reshape(-1, places)).reshape(-1, channels), 0)
        target = out[part]
        np.multiply(block, 1 if weight is None else weight, target)
        _finish_gradient(target.reshape(-1, count), unit, factor, True)
    return out.reshape(x.shape), dw, db


def _group_moments(
    native: ModuleType, x: np.ndarray, groups: int, eps: float
) -> tuple[np.ndarray, np.ndarray] | None:
    """Mean, and 1 over the standard deviation, of each channel's group: (samples, channels)."""
    samples, channels, places = x.shape
    count = channels // groups * places
    found = native.row_moments(x.reshape(-1, count))
    if found is None:
        return None
    mean, squares = found
    factor = inverse_root(squares / x.dtype.type(count), eps)
    each = channels // groups
    mean, factor = (np.repeat(v, each).reshape(samples, channels) for v in (mean, factor))
    return mean, factor


def _group_gradient(
    native: ModuleType, g: np.ndarray, x: np.ndarray, groups: int, weight: np.ndarray | None,
    mean: np.ndarray, factor: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    samples, channels, places = x.shape
    each = channels // groups
    count = x.dtype.type(each * places)
    rows, along = x.reshape(-1, places), g.reshape(-1, places)
    sums = native.row_sums_about(along, rows, mean.reshape(-1))
    first, second = (v.reshape(samples, channels) for v in sums)

    def over_group(v: np.ndarray) -> np.ndarray:
        v = v if weight is None else v * weight
        total = np.add.reduce(v.reshape(-1, each), 1) / count
        return np.repeat(total, each).reshape(samples, channels)

    a = factor if weight is None else factor * weight
    b, c = -(factor**3) * over_group(second), -factor * over_group(first)
    numbers = [v.reshape(-1) for v in (mean, a, b, c)]
    out = native.combined_rows(along, rows, *numbers).reshape(x.shape)
    return out, np.add.reduce(second * factor, 0), np.add.reduce(first, 0)


def _by_rows(native: ModuleType, x: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Each sample's channels times numbers, plus numbers."""
    rows = x.reshape(-1, x.shape[2])
    return native.scaled_rows(rows, scale.reshape(-1), shift.reshape(-1)).reshape(x.shape)


# --- channels of a batch, (samples, channels, places) ----------------------------------------


def spread(values: np.ndarray, places: int) -> np.ndarray:
    """One number for each channel at all of its places: NumPy computes with long rows sooner than
    with one number for each short one."""
    return np.repeat(values, places)


def scaled_channels(x: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Each channel times a number, plus a number."""
    samples, channels, places = x.shape
    native = _native(x, places)
    if native and x.dtype in native.KINDS:
        return _by_rows(native, x, np.tile(scale, samples), np.tile(shift, samples))
    rows = x.reshape(samples, channels * places)
    out = np.empty(rows.shape, x.dtype)
    scale, shift = spread(scale, places), spread(shift, places)
    for part in blocks(*rows.shape):
        np.multiply(rows[part], scale, out[part])
        np.add(out[part], shift, out[part])
    return out.reshape(x.shape)


def channel_sums_about(
    g: np.ndarray, x: np.ndarray, mean: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """For each channel, Σ g and Σ g (x - mean)."""
    samples, channels, places = x.shape
    native = _native(x, places)
    if native and x.dtype in native.KINDS:
        along, rows = g.reshape(-1, places), x.reshape(-1, places)
        sums = native.row_sums_about(along, rows, np.tile(mean, samples))
        first, second = (np.add.reduce(v.reshape(samples, channels), 0) for v in sums)
        return first, second
    first, second = np.zeros(channels, x.dtype), np.zeros(channels, x.dtype)
    rows, level = x.reshape(samples, channels * places), spread(mean, places)
    for part in blocks(*rows.shape):
        centred = (rows[part] - level).reshape(-1, places)
        along = g[part].reshape(-1, places)
        first += np.add.reduce(row_sums(along).reshape(-1, channels), 0)
        second += np.add.reduce(row_products(along, centred).reshape(-1, channels), 0)
    return first, second


def combined_channels(
    g: np.ndarray, x: np.ndarray, mean: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray
) -> np.ndarray:
    """a·g + b·(x - mean) + c, with one number of each for a channel."""
    samples, channels, places = x.shape
    native = _native(x, places)
    if native and x.dtype in native.KINDS:
        along, rows = g.reshape(-1, places), x.reshape(-1, places)
        numbers = [np.tile(v, samples) for v in (mean, a, b, c)]
        return native.combined_rows(along, rows, *numbers).reshape(x.shape)
    rows = x.reshape(samples, channels * places)
    along, out = g.reshape(rows.shape), np.empty(rows.shape, x.dtype)
    mean, a, b, c = (spread(v, places) for v in (mean, a, b, c))
    for part in blocks(*rows.shape):
        target = out[part]
        np.subtract(rows[part], mean, target)
        np.multiply(target, b, target)
        np.add(target, along[part] * a, target)
        np.add(target, c, target)
    return out.reshape(x.shape)


def channel_moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of each channel."""
    samples, channels, places = x.shape
    count = samples * places
    if places == 1:
        flat = x.reshape(samples, channels)
        mean = column_sums(flat) if samples else np.zeros(channels, x.dtype)
        mean /= count or 1
        centred = flat - mean
        return mean, column_sums(centred * centred) / x.dtype.type(count)
    native = _native(x, places)
    if native and x.dtype in native.KINDS:
        means, squares = (
            v.reshape(samples, channels) for v in native.row_moments(x.reshape(-1, places))
        )
        mean = np.add.reduce(means, 0) / x.dtype.type(samples)
        between = np.add.reduce((means - mean) ** 2, 0) * x.dtype.type(places)
        return mean, (np.add.reduce(squares, 0) + between) / x.dtype.type(count)
    mean = np.add.reduce(row_sums(x.reshape(-1, places)).reshape(samples, channels), 0)
    mean /= count or 1
    squares, level = np.zeros(channels, x.dtype), spread(mean, places)
    rows = x.reshape(samples, channels * places)
    for part in blocks(*rows.shape):
        centred = (rows[part] - level).reshape(-1, places)
        squares += np.add.reduce(row_products(centred, centred).reshape(-1, channels), 0)
    return mean, squares / x.dtype.type(count)
