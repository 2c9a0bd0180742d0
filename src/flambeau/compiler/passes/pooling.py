"""Where the largest values of windows lie, and borders put back, by operations on slices."""

from __future__ import annotations

from typing import Any

from flambeau.ops.creation import full, zeros
from flambeau.ops.max_pooling import MAX_POOL, bordered, gathered
from flambeau.ops.pooling_windows import Pool, lowest, pool_of
from flambeau.ops.selection import where
from flambeau.ops.sequences import arange
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY

MOST_ELEMENTS = 128  # of a window


def max_pool_places(ndim: int) -> Any:
    """The first of each window's largest values, or the last NaN."""

    def decompose(input: Any, *params: Any) -> Any:
        return _largest(input, MAX_POOL[ndim].pool(input._array, params), last_nan=True)[1]

    return decompose


def max_pool_with_places(ndim: int) -> Any:
    """The largest value of each window and its place."""

    def decompose(input: Any, *params: Any) -> Any:
        best, places = _largest(input, MAX_POOL[ndim].pool(input._array, params), last_nan=True)
        return NotImplemented if places is NotImplemented else (best, places)

    return decompose


def adaptive_places(input: Any, sizes: Any) -> Any:
    """Where each region's largest value lies, for regions of one size."""
    whole = tuple(input.shape[-len(sizes) :])
    if any(m == 0 or n % m for n, m in zip(whole, sizes, strict=True)):
        return NotImplemented
    kernel = tuple(n // m for n, m in zip(whole, sizes, strict=True))
    ones, none = (1,) * len(sizes), (0,) * len(sizes)
    pool = pool_of(whole, kernel, kernel, none, ones, False)
    return _largest(input, pool, last_nan=False)[1]


def adaptive_max_pool(input: Any, sizes: Any) -> Any:
    """Each region's largest value and its place."""
    places = adaptive_places(input, sizes)
    if places is NotImplemented:
        return NotImplemented
    return gathered(input, places, len(sizes)), places


def _largest(x: Any, pool: Pool, last_nan: bool) -> tuple[Any, Any]:
    """The largest values of windows, element by element of a window, and where they lie."""
    kind = x._array.dtype
    if len(pool.offsets()) > MOST_ELEMENTS or not (kind.kind == "f" and kind.itemsize >= 4):
        return NotImplemented, NotImplemented
    low = lowest(kind)
    block = bordered(x, pool, low)
    ahead = (slice(None),) * (x.ndim - len(pool.sizes))
    shape = (*x.shape[: len(ahead)], *pool.places)
    # A window begins before its plane where there is a border: then at its first element inside.
    starts = [
        arange(n) * s - p for n, s, p in zip(pool.places, pool.stride, pool.padding, strict=True)
    ]
    inside = [
        where(s < 0, s + (-s + d - 1) // d * d, s) if p else s
        for s, d, p in zip(starts, pool.dilation, pool.padding, strict=True)
    ]
    corner = _in_plane(starts, pool)
    places = _in_plane(inside, pool).expand(shape)
    best = full(shape, low, dtype=x.dtype)
    for offset, (_, *index) in pool.offsets():
        values = block[(*ahead, *index)]
        unknown = values != values
        if not last_nan:
            unknown = unknown & (best == best)
        better = (values > best) | unknown
        place = corner + _distance(offset, pool)
        best, places = where(better, values, best), where(better, place, places)
    return best, places


def _in_plane(positions: list[Any], pool: Pool) -> Any:
    """One number for each combination of positions: row-major places in a plane."""
    total: Any = None
    for axis, (position, size) in enumerate(zip(positions, pool.sizes, strict=True)):
        beside = position.reshape(-1, *(1,) * (len(positions) - 1 - axis))
        total = beside if total is None else total * size + beside
    return total


def _distance(offset: Any, pool: Pool) -> int:
    """How far an element of a window lies behind its first one, in the plane."""
    total = 0
    for o, d, size in zip(offset, pool.dilation, pool.sizes, strict=True):
        total = total * size + o * d
    return total


# --- borders --------------------------------------------------------------------------------------


def pad_backward(g: Any, record: str, mode: str, sizes: Any, pad: Any) -> Any:
    """What borders of copies were copied from receives their gradient, too."""
    x = g
    for number in range(len(pad) // 2):
        dim = g.ndim - 1 - number
        before, behind = pad[2 * number : 2 * number + 2]
        size = sizes[dim]
        if min(before, behind) < 0:
            return NotImplemented
        parts = x.narrow(dim, 0, before), x.narrow(dim, before + size, behind)
        x = x.narrow(dim, before, size).clone()
        for is_last, part in enumerate(parts):
            _add_border(x, part, mode, dim, size, bool(is_last))
    return x


def _add_border(x: Any, part: Any, mode: str, dim: int, size: int, is_last: bool) -> None:
    width = part.shape[dim]
    if not width:
        return
    if mode == "replicate":
        x.narrow(dim, size - 1 if is_last else 0, 1).add_(part.sum(dim, keepdim=True))
    elif mode == "reflect":
        start = size - 1 - width if is_last else 1
        x.narrow(dim, start, width).add_(part.flip(dim))
    else:
        x.narrow(dim, 0 if is_last else size - width, width).add_(part)


def unfold_backward(g: Any, shape: Any, dimension: int, size: int, step: int) -> Any:
    """Windows added to where they were seen."""
    if not shape or size > MOST_ELEMENTS:
        return NotImplemented
    whole = zeros(*shape, dtype=g.dtype)
    reach = (g.shape[dimension] - 1) * step + 1
    for place in range(size):
        params = dimension, place, place + reach, step
        apply(REGISTRY["slice"], (whole,), params).add_(g[..., place])
    return whole
