"""Where the windows of a pooling layer lie, and what is computed over them on arrays.

Arrays are seen as planes: (planes, *sizes), one plane for each sample and channel.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from flambeau.core.errors import message

Ints = tuple[int, ...]

# Elements of the planes that are gone through at once: they stay in the cache.
_BLOCK = 1 << 16
_BITS = {size: np.dtype(f"i{size}") for size in (1, 2, 4, 8)}


def place_count(
    size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool
) -> int:
    """How many windows lie along a dimension.

    With ``ceil_mode`` the last one may reach beyond the end, but must begin before it.
    """
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    if not ceil_mode:
        return room // stride + 1
    places = -(-room // stride) + 1
    return places - 1 if (places - 1) * stride >= size + padding else places


class Pool:
    """The windows of one pooling over planes.

    Args:
        sizes: of a plane.
        kernel, stride, padding, dilation: one number for each dimension.
        ceil_mode: whether a last window may reach beyond the end.

    Attributes:
        places: how many windows there are in each dimension.
        extent: the sizes with borders that the windows lie within.
        is_apart: whether no two windows overlap.
    """

    __slots__ = (
        "_inner", "_meets", "dilation", "extent", "is_apart", "kernel", "padding", "places",
        "sizes", "stride",
    )  # fmt: skip

    def __init__(
        self, sizes: Ints, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, ceil: bool
    ) -> None:
        self.sizes = sizes
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        parts = zip(sizes, kernel, stride, padding, dilation)
        self.places = tuple([place_count(n, k, s, p, d, ceil) for n, k, s, p, d in parts])
        extents = [d * (k - 1) + 1 for k, d in zip(kernel, dilation)]
        reach = [(n - 1) * s + e for n, s, e in zip(self.places, stride, extents)]
        self.extent = tuple([max(n + p, r) for n, p, r in zip(sizes, padding, reach)])
        self.is_apart = all(s >= e for s, e in zip(stride, extents))
        self._inner = (slice(None), *[slice(p, p + n) for p, n in zip(padding, sizes)])
        self._meets: list[tuple[Ints, tuple[slice, ...]]] | None = None

    def interior(self, planes: Any) -> Any:
        """The part of bordered planes that is the planes themselves."""
        return planes[self._inner]

    def bordered(self, planes: np.ndarray, value: Any) -> np.ndarray:
        """The planes with borders of a value, as far as windows reach."""
        if self.extent == self.sizes:
            return planes
        out = np.full((len(planes), *self.extent), value, planes.dtype)
        self.interior(out)[...] = planes
        return out

    def along(self, axis: int, offset: int) -> slice:
        """What an element of the windows meets along one dimension."""
        start = offset * self.dilation[axis]
        return slice(start, start + (self.places[axis] - 1) * self.stride[axis] + 1,
                     self.stride[axis])  # fmt: skip

    def offsets(self) -> list[tuple[Ints, tuple[slice, ...]]]:
        """Each element of the windows, and what it meets of bordered planes."""
        if self._meets is None:
            self._meets = []
            for offset in itertools.product(*[range(k) for k in self.kernel]):
                found = [self.along(axis, o) for axis, o in enumerate(offset)]
                self._meets.append((offset, (slice(None), *found)))
        return self._meets

    def blocks(self, count: int) -> Iterator[slice]:
        """The planes, some at a time."""
        step = max(1, _BLOCK // max(prod(self.extent), 1))
        for start in range(0, count, step):
            yield slice(start, min(start + step, count))


@lru_cache(maxsize=256)
def pool_of(
    sizes: Ints, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, ceil: bool
) -> Pool:
    """The windows over planes of these sizes."""
    return Pool(sizes, kernel, stride, padding, dilation, ceil)


@lru_cache(maxsize=256)
def _windows(name: str, shape: Ints, ndim: int, numbers: tuple[Ints, ...], ceil: bool) -> Pool:
    kernel, stride, padding, dilation = numbers
    for what, values in (("kernel_size", kernel), ("stride", stride), ("dilation", dilation)):
        if min(values) < 1:
            raise _refuse(name, f"{what} is too small", f"{what} >= 1", f"{what}={values}")
    if any(p < 0 or 2 * p > d * (k - 1) + 1 for p, k, d in zip(padding, kernel, dilation)):
        expected = "0 <= padding <= half of the kernel's extent"
        got = f"padding={padding}, kernel_size={kernel}, dilation={dilation}"
        raise _refuse(name, "padding does not fit the kernel", expected, got)
    if len(shape) not in (ndim + 1, ndim + 2) or 0 in shape[len(shape) - ndim - 1 :]:
        expected = f"{ndim + 1} dimensions, or {ndim + 2} with a batch, none but the batch empty"
        raise _refuse(name, "the input is no plane or empty", expected, f"shape {shape}")
    pool = pool_of(shape[-ndim:], kernel, stride, padding, dilation, ceil)
    if min(pool.places) < 1:
        got = f"sizes {pool.sizes} and kernel_size={kernel}"
        raise _refuse(name, "the kernel does not fit the input", "a smaller kernel", got)
    return pool


def check_pool(name: str, x: Any, ndim: int, numbers: tuple[Ints, ...], ceil: bool) -> Pool:
    """The windows over an input.

    Raises:
        RuntimeError: if the numbers, or the input's shape, allow none.
    """
    return _windows(name, tuple(x.shape), ndim, numbers, ceil)


def _refuse(name: str, problem: str, expected: str, got: str) -> RuntimeError:
    return RuntimeError(message(f"{name}: {problem}", expected=expected, got=got))


# --- largest values ---------------------------------------------------------------------------


def lowest(kind: np.dtype) -> Any:
    """What no value of a type lies below."""
    return -np.inf if kind.kind in "fV" else np.iinfo(kind).min


def largest(planes: np.ndarray, pool: Pool) -> np.ndarray:
    """The largest value of each window (NaN if there is one)."""
    out = np.empty((len(planes), *pool.places), planes.dtype)
    low = lowest(planes.dtype)
    for part in pool.blocks(len(planes)):
        _reduce(pool.bordered(planes[part], low), pool, np.maximum, out[part])
    return out


def _reduce(block: np.ndarray, pool: Pool, ufunc: Any, out: np.ndarray) -> None:
    """Reduce dimension by dimension, the last one last: fewer steps, and rows without gaps."""
    last = len(pool.kernel) - 1
    for axis, kernel in enumerate(pool.kernel):
        ahead = (slice(None),) * (axis + 1)
        parts = [block[(*ahead, pool.along(axis, o))] for o in range(kernel)]
        into = out if axis == last else None
        if kernel == 1:
            block = parts[0]
            if axis == last:
                out[...] = block
            continue
        block = ufunc(parts[0], parts[1], out=into)
        for part in parts[2:]:
            ufunc(block, part, out=block)


def largest_places(planes: np.ndarray, pool: Pool) -> np.ndarray:
    """Where in its plane each window's largest value lies: the first one, or the last NaN."""
    out = np.empty((len(planes), *pool.places), np.int64)
    low = lowest(planes.dtype)
    first, steps = _first_places(pool)
    floating = planes.dtype.kind in "fV"
    for part in pool.blocks(len(planes)):
        block = pool.bordered(planes[part], low)
        found = out[part]
        found[...] = first
        best = np.full(found.shape, low, planes.dtype)
        for offset, where in pool.offsets():
            values = block[where]
            better = values > best
            if floating:
                better |= values != values  # NaN
            np.copyto(best, values, where=better)
            np.copyto(found, steps[offset], where=better)
    return out


def _first_places(pool: Pool) -> tuple[np.ndarray, dict[Ints, np.ndarray]]:
    """For each window its first place within the plane, and that of each of its elements."""
    starts = [np.arange(n) * s - p for n, s, p in zip(pool.places, pool.stride, pool.padding)]
    inside = [s + -(np.minimum(s, 0) // d) * d for s, d in zip(starts, pool.dilation)]
    steps = {}
    for offset in itertools.product(*[range(k) for k in pool.kernel]):
        moved = [s + o * d for s, o, d in zip(starts, offset, pool.dilation)]
        steps[offset] = flat_places(moved, pool.sizes)
    return flat_places(inside, pool.sizes), steps


def flat_places(positions: list[np.ndarray], sizes: Ints) -> np.ndarray:
    """One number for each combination of positions: row-major places in a plane."""
    total = np.zeros((), np.int64)
    for position, size in zip(positions, sizes):
        total = total[..., None] * size + position
    return total


def spread_to_largest(g: np.ndarray, planes: np.ndarray, pool: Pool) -> np.ndarray:
    """Each window's ``g`` added to where its largest value lies."""
    out = np.zeros(planes.shape, g.dtype)
    low = lowest(planes.dtype)
    for part in pool.blocks(len(planes)):
        block, along = pool.bordered(planes[part], low), g[part]
        best = np.empty(along.shape, planes.dtype)
        _reduce(block, pool, np.maximum, best)
        if not np.isfinite(best).all():  # NaN is not equal to itself, borders are equal to -inf
            out[part] = place_sums(along, largest_places(planes[part], pool), pool.sizes)
            continue
        target = np.zeros(block.shape, g.dtype)
        left = np.ones(along.shape, bool)
        # A product of bits with 0 or 1 picks values; a product of values would make nan of inf.
        bits = along.view(_BITS[along.itemsize])
        share = np.empty(0 if pool.is_apart else bits.shape, bits.dtype)
        for _, where in pool.offsets():
            mask = block[where] == best
            mask &= left
            left ^= mask
            if pool.is_apart:
                np.multiply(bits, mask, out=target.view(bits.dtype)[where])
            else:
                np.multiply(bits, mask, out=share)
                target[where] += share.view(g.dtype)
        out[part] = pool.interior(target)
    return out


def place_sums(g: np.ndarray, places: np.ndarray, sizes: Ints) -> np.ndarray:
    """Planes of zeros with each ``g`` added at its place."""
    count, size = len(g), prod(sizes)
    flat = places.reshape(count, -1) + (np.arange(count) * size)[:, None]
    out = np.zeros(count * size, g.dtype)
    np.add.at(out, flat.reshape(-1), g.reshape(-1))
    return out.reshape(count, *sizes)


# --- sums -------------------------------------------------------------------------------------


def window_sums(planes: np.ndarray, pool: Pool) -> np.ndarray:
    """The sum over each window."""
    out = np.empty((len(planes), *pool.places), planes.dtype)
    for part in pool.blocks(len(planes)):
        _reduce(pool.bordered(planes[part], 0), pool, np.add, out[part])
    return out


def window_spread(g: np.ndarray, pool: Pool) -> np.ndarray:
    """The transpose of :func:`window_sums`: each ``g`` added to all of its window."""
    out = np.empty((len(g), *pool.sizes), g.dtype)
    for part in pool.blocks(len(g)):
        block = g[part]
        for axis in reversed(range(len(pool.kernel))):
            block = _spread_along(block, pool, axis)
        out[part] = pool.interior(block)
    return out


def _spread_along(block: np.ndarray, pool: Pool, axis: int) -> np.ndarray:
    shape = list(block.shape)
    shape[axis + 1] = pool.extent[axis]
    target = np.zeros(shape, block.dtype)
    ahead = (slice(None),) * (axis + 1)
    for offset in range(pool.kernel[axis]):
        place = target[(*ahead, pool.along(axis, offset))]
        np.add(place, block, place)
    return target
