"""`multinomial`: indices drawn in proportion to weights."""

from __future__ import annotations

import numpy as np

from flambeau.core.errors import message
from flambeau.random.continuous import exponential
from flambeau.random.generator import Generator
from flambeau.random.precision import DIGITS, HALVES, float32
from flambeau.random.process import resolve
from flambeau.random.uniforms import unit53

# Beyond this float32 does not tell neighbouring categories apart.
MAX_CATEGORIES = 2**24


def multinomial(
    generator: Generator | None,
    weights: np.ndarray,
    num_samples: int,
    replacement: bool = False,
) -> np.ndarray:
    """Indices drawn with probabilities proportional to the weights, row by row.

    Without replacement (and for a single sample): the places of the largest w / q, where q is
    exponentially distributed, largest first. With replacement: the first k whose cumulative
    weight, divided by the row's sum, is at least u, for each of the samples.

    Shape: (n,) -> (num_samples,); (m, n) -> (m, num_samples). int64.

    Args:
        generator: the stream; None for the process's own.
        weights: >= 0, with a positive sum in each row; floating-point.
        num_samples: how many of each row, >= 1; at most n without replacement.
        replacement: whether an index can be drawn again.

    Raises:
        RuntimeError: the weights or the number of samples are not as said.

    Example:
        >>> import numpy as np
        >>> from flambeau.random import Generator, multinomial
        >>> multinomial(Generator(), np.array([0.0, 3.0, 0.0]), 4, replacement=True).tolist()
        [1, 1, 1, 1]

    Reference: P. S. Efraimidis and P. G. Spirakis, Information Processing Letters 97(5), 2006
    (without replacement).
    """
    generator = resolve(generator)
    _check_arguments(weights, num_samples, replacement)
    rows = weights.reshape(-1, weights.shape[-1]) if weights.size else weights
    if not rows.size:
        return np.empty((*weights.shape[:-1], num_samples), np.int64)
    _check_weights(rows)
    if num_samples == 1 or not replacement:
        chosen = _largest_ratios(generator, weights, num_samples)
    else:
        chosen = _inverted_rows(generator, rows, num_samples)
    return chosen.reshape(*weights.shape[:-1], num_samples)


def _largest_ratios(generator: Generator, weights: np.ndarray, num_samples: int) -> np.ndarray:
    noise = exponential(generator, into=np.empty_like(weights))
    with np.errstate(divide="ignore", over="ignore"):
        ratios = weights / noise
    if num_samples == 1:
        return ratios.argmax(-1)
    # Stable: among equal ratios (of weight zero, in practice) the first comes first.
    return np.argsort(-ratios, axis=-1, kind="stable")[..., :num_samples]


def _inverted_rows(generator: Generator, rows: np.ndarray, num_samples: int) -> np.ndarray:
    chosen = np.empty((len(rows), num_samples), np.int64)
    with generator.lock:
        for row, places in zip(rows, chosen, strict=True):
            uniforms = unit53(generator, num_samples)
            places[:] = np.searchsorted(_distribution(row), uniforms)
    return chosen


def _distribution(weights: np.ndarray) -> np.ndarray:
    """Cumulative probabilities of a row as float64, the last one being 1."""
    if weights.dtype in HALVES:
        sums = np.cumsum(weights.astype(float32), dtype=float32)
    else:
        sums = np.cumsum(weights)
    sums /= sums[-1]
    sums[-1] = 1
    return sums.astype(np.float64)


def _check_arguments(weights: np.ndarray, num_samples: int, replacement: bool) -> None:
    if weights.ndim not in (1, 2):
        _refuse("wrong number of dimensions", "weights of shape (n,) or (m, n)", f"{weights.shape}")
    if weights.dtype not in DIGITS:
        _refuse("weights are not floating-point", "a floating-point dtype", weights.dtype.name)
    categories = weights.shape[-1]
    if num_samples <= 0:
        _refuse("too few samples", "num_samples >= 1", f"num_samples = {num_samples}")
    if not replacement and num_samples > categories:
        _refuse(
            "more samples than categories",
            f"num_samples <= {categories} without replacement",
            f"num_samples = {num_samples}",
        )
    if categories > MAX_CATEGORIES:
        _refuse("too many categories", "at most 2**24", str(categories))
    if not categories and len(weights):
        _refuse("no categories", "at least one weight in each row", f"shape {weights.shape}")


def _check_weights(rows: np.ndarray) -> None:
    finite = np.isfinite(rows)
    if not (finite.all() and (rows >= 0).all()):
        wrong = rows[~(finite & (rows >= 0))]
        _refuse("not weights", "finite weights >= 0", f"a weight of {float(wrong[0]):g}")
    if not (rows.max(-1) > 0).all():
        _refuse("nothing to choose from", "a positive weight in each row", "a row of zeros")


def _refuse(problem: str, expected: str, got: str) -> None:
    raise RuntimeError(message(f"multinomial: {problem}", expected=expected, got=got))
