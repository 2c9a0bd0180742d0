"""Dividing a dataset at random."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Sequence
from typing import Any

from flambeau.core.errors import message
from flambeau.data.datasets import Subset
from flambeau.random import permutation


def random_split(
    dataset: Any, lengths: Sequence[int | float], generator: Any = None
) -> list[Subset[Any]]:
    """Divide a dataset at random into parts that do not overlap.

    The parts follow each other in one random permutation.

    Args:
        dataset: any dataset by index.
        lengths: how many samples each part has, or which fraction of all; fractions add up to 1.
            They are rounded down, and the samples that are left go to the first parts, one each.
        generator: the random stream; the process's own if not given.

    Raises:
        ValueError: if the lengths do not add up to the dataset's.

    Example:
        >>> import flambeau as fb
        >>> g = fb.Generator().manual_seed(0)
        >>> first, second = fb.utils.data.random_split(range(5), [0.6, 0.4], generator=g)
        >>> list(first), list(second)
        ([4, 0, 1], [3, 2])
    """
    total = len(dataset)
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        lengths = _from_fractions(total, lengths)
    if sum(lengths) != total:
        raise ValueError(
            message(
                "random_split: the lengths do not add up",
                expected=f"lengths with the sum {total}, or fractions with the sum 1",
                got=f"{list(lengths)} with the sum {sum(lengths)}",
            )
        )
    order = permutation(generator, total).tolist()
    ends = itertools.accumulate(lengths)
    return [
        Subset(dataset, order[int(end) - int(n) : int(end)])
        for end, n in zip(ends, lengths, strict=True)
    ]


def _from_fractions(total: int, fractions: Sequence[float]) -> list[int]:
    for number, fraction in enumerate(fractions):
        if not 0 <= fraction <= 1:
            raise ValueError(
                message(
                    f"random_split: fraction {number} is none",
                    expected="from 0 to 1",
                    got=str(fraction),
                )
            )
    lengths = [math.floor(total * fraction) for fraction in fractions]
    for number in range(total - sum(lengths)):
        lengths[number % len(lengths)] += 1
    for number, length in enumerate(lengths):
        if length == 0:
            warnings.warn(f"random_split: part {number} has no samples", stacklevel=3)
    return lengths
