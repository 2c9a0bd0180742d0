"""Histograms of values of any size, as TensorBoard draws them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from flambeau.core.errors import message

_LEAST, _MOST, _GROWTH = 1e-12, 1e20, 1.1


@lru_cache(maxsize=1)
def _growing_limits() -> np.ndarray:
    """Limits that grow by a tenth, from both sides of zero."""
    count = int(np.ceil(np.log(_MOST / _LEAST) / np.log(_GROWTH)))
    positive = _LEAST * _GROWTH ** np.arange(count)
    return np.concatenate([-positive[::-1], [0.0], positive])


def value_histogram(
    values: np.ndarray, bins: str, max_bins: int | None
) -> tuple[list[float], list[float], dict[str, float]]:
    """Counts between limits.

    Args:
        values: any shape, not empty.
        bins: ``"tensorflow"``, or a rule of NumPy's.
        max_bins: the most bins there may be; the rest is joined.

    Returns:
        Where each bin ends, how many values it holds, and the values' moments.

    Raises:
        ValueError: if there are no values.
    """
    flat = values.reshape(-1).astype(np.float64)
    if not flat.size:
        raise ValueError(
            message("add_histogram: no values", expected="at least one", got=str(values.shape))
        )
    edges = _growing_limits() if bins == "tensorflow" else np.histogram_bin_edges(flat, bins)
    counts, edges = np.histogram(flat, edges)
    if max_bins is not None and counts.size > max_bins:
        joined = -(-counts.size // max_bins)
        starts = np.arange(0, counts.size, joined)
        counts = np.add.reduceat(counts, starts)
        edges = np.append(edges[starts], edges[-1])
    ends, kept = _without_empty_ends(counts, edges)
    moments: dict[str, Any] = {
        "min": float(flat.min()),
        "max": float(flat.max()),
        "num": flat.size,
        "sum": float(flat.sum()),
        "sum_squares": float(flat @ flat),
    }
    return ends.tolist(), kept.astype(float).tolist(), moments


def _without_empty_ends(counts: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The bins that hold something, those between them, and an empty one before the first."""
    (filled,) = np.nonzero(counts)
    if not filled.size:
        return edges[1:2], counts[:1]
    first, last = filled[0], filled[-1] + 1
    return edges[first : last + 1], np.concatenate([[0], counts[first:last]])
