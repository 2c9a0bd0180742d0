"""Other sizes along one dimension: which elements each new one is made of, and their weights."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, floor
from typing import Any

import numpy as np

# How one dimension is resampled: (mode, size, new size, align_corners, scale). The scale is the
# user's, new to old, or ``None`` where it follows from the sizes.
Rule = tuple[str, int, int, bool, float | None]


@lru_cache(maxsize=256)
def taps(rule: Rule, precision: str) -> tuple[np.ndarray, np.ndarray]:
    """Places (new size, taps) and weights of the elements that each new one is the sum of.

    Args:
        rule: of the dimension.
        precision: the type in which positions are computed.
    """
    kind = np.dtype(precision).type
    places, weights = _MODES[rule[0]](rule, kind)
    places.flags.writeable = weights.flags.writeable = False
    return places, weights


@lru_cache(maxsize=64)
def matrix(rule: Rule, precision: str) -> np.ndarray:
    """The same as a matrix, (new size, size)."""
    places, weights = taps(rule, precision)
    out = np.zeros((rule[2], rule[1]), weights.dtype)
    np.add.at(out, (np.arange(rule[2])[:, None], places), weights)
    out.flags.writeable = False
    return out


# --- means of regions ---------------------------------------------------------------------------


def region(place: int, size: int, new: int) -> tuple[int, int]:
    """First and behind the last element of a region of adaptive pooling."""
    return floor(place * size / new), ceil((place + 1) * size / new)


def _means(rule: Rule, kind: Any) -> tuple[np.ndarray, np.ndarray]:
    _, size, new, _, _ = rule
    regions = [region(i, size, new) for i in range(new)]
    return _padded(
        [range(a, b) for a, b in regions], [[1 / (b - a)] * (b - a) for a, b in regions], kind
    )


def _padded(places: list[Any], weights: list[Any], kind: Any) -> tuple[np.ndarray, np.ndarray]:
    """Rows of different lengths as a block; what is missing has weight 0."""
    longest = max((len(p) for p in places), default=1)
    block = np.zeros((len(places), longest), np.int64)
    factors = np.zeros((len(places), longest), kind)
    for row, (p, w) in enumerate(zip(places, weights)):
        block[row, : len(p)] = p
        block[row, len(p) :] = p[-1]
        factors[row, : len(w)] = w
    return block, factors


# --- nearest ------------------------------------------------------------------------------------


def _nearest(rule: Rule, kind: Any) -> tuple[np.ndarray, np.ndarray]:
    return _one_tap(rule, kind, 0.0)


def _nearest_exact(rule: Rule, kind: Any) -> tuple[np.ndarray, np.ndarray]:
    return _one_tap(rule, kind, 0.5)


def _one_tap(rule: Rule, kind: Any, shift: float) -> tuple[np.ndarray, np.ndarray]:
    """Positions are computed in float32 for every type, as PyTorch computes them."""
    _, size, new, _, scale = rule
    step = np.float32(_step(size, new, False, scale))
    position = (np.arange(new).astype(np.float32) + np.float32(shift)) * step
    places = np.minimum(np.floor(position).astype(np.int64), size - 1)
    if shift == 0 and new == size:
        places = np.arange(new)
    return places[:, None], np.ones((new, 1), kind)


# --- linear and cubic ---------------------------------------------------------------------------


def _step(size: int, new: int, align_corners: bool, scale: float | None) -> float:
    """How far apart new elements lie on the old ones."""
    if align_corners:
        return (size - 1) / (new - 1) if new > 1 else 0.0
    return 1 / scale if scale else size / new


def _positions(rule: Rule, kind: Any) -> np.ndarray:
    _, size, new, align_corners, scale = rule
    step, places = kind(_step(size, new, align_corners, scale)), np.arange(new).astype(kind)
    return places * step if align_corners else step * (places + kind(0.5)) - kind(0.5)


def _split(position: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The element before each position, and the way from it, 0 to 1."""
    before = np.minimum(np.floor(position).astype(np.int64), size - 1)
    return before, np.clip(position - before.astype(position.dtype), 0, 1).astype(position.dtype)


def _linear(rule: Rule, kind: Any) -> tuple[np.ndarray, np.ndarray]:
    size = rule[1]
    if rule[1] == rule[2]:
        return np.arange(size)[:, None], np.ones((size, 1), kind)
    before, way = _split(np.maximum(_positions(rule, kind), kind(0)), size)
    places = np.stack([before, np.minimum(before + 1, size - 1)], 1)
    return places, np.stack([1 - way, way], 1).astype(kind)


def _cubic(rule: Rule, kind: Any) -> tuple[np.ndarray, np.ndarray]:
    size = rule[1]
    before, way = _split(_positions(rule, kind), size)
    places = np.clip(before[:, None] + np.arange(-1, 3), 0, size - 1)
    distances = np.abs(way[:, None] - np.arange(-1, 3).astype(kind))
    return places, _cubic_kernel(distances, -0.75).astype(kind)


def _cubic_kernel(x: np.ndarray, a: float) -> np.ndarray:
    """Keys' kernel: 1 at 0, 0 at 1 and 2, with slope ``a`` at 1."""
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((x - 5) * x + 8) * x * a - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0))


# --- with antialiasing --------------------------------------------------------------------------


def _smooth(rule: Rule, kind: Any, width: int, kernel: Any) -> tuple[np.ndarray, np.ndarray]:
    """A kernel that is stretched where the image shrinks, and whose weights add up to 1."""
    _, size, new, align_corners, scale = rule
    step = _step(size, new, align_corners, scale)
    stretch = max(step, 1.0)
    support = width / 2 * stretch
    rows, weights = [], []
    for place in range(new):
        centre = step * (place + 0.5)
        first = max(int(centre - support + 0.5), 0)
        last = max(min(int(centre + support + 0.5), size), first + 1)
        values = kernel(np.abs((np.arange(first, last) - centre + 0.5) / stretch))
        total = values.sum()
        rows.append(range(first, last))
        weights.append(values / total if total else values)
    return _padded(rows, weights, kind)


def _smooth_linear(rule: Rule, kind: Any) -> tuple[np.ndarray, np.ndarray]:
    return _smooth(rule, kind, 2, lambda x: np.maximum(1 - x, 0))


def _smooth_cubic(rule: Rule, kind: Any) -> tuple[np.ndarray, np.ndarray]:
    return _smooth(rule, kind, 4, lambda x: _cubic_kernel(x, -0.5))


def _smooth_lanczos(rule: Rule, kind: Any) -> tuple[np.ndarray, np.ndarray]:
    return _smooth(rule, kind, 6, lambda x: np.where(x < 3, np.sinc(x) * np.sinc(x / 3), 0))


_MODES: dict[str, Any] = {
    "mean": _means,
    "nearest": _nearest,
    "nearest-exact": _nearest_exact,
    "linear": _linear,
    "cubic": _cubic,
    "smooth linear": _smooth_linear,
    "smooth cubic": _smooth_cubic,
    "smooth lanczos": _smooth_lanczos,
}
