"""Getting a batch out of a dataset: by indices, or the next ones of an iterator."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from flambeau.data.datasets import IterableDataset

Fetch = Callable[[Any], Any]


def fetcher(dataset: Any, batched: bool, collate: Callable[[Any], Any], drop_last: bool) -> Fetch:
    """What makes a batch of what the sampler gave.

    It raises ``StopIteration`` when an iterable-style dataset has no more samples.

    Args:
        dataset: any dataset.
        batched: whether the sampler gives batches of indices rather than single ones.
        collate: makes a batch of a list of samples, or converts a single one.
        drop_last: leave away the last batch of an iterable-style dataset if it is smaller.
    """
    if isinstance(dataset, IterableDataset):
        return _following(iter(dataset), batched, collate, drop_last)
    if not batched:
        return lambda index: collate(dataset[index])
    if callable(getattr(dataset, "__getitems__", None)):
        return lambda indices: collate(dataset.__getitems__(indices))
    return lambda indices: collate([dataset[index] for index in indices])


def _following(
    samples: Any, batched: bool, collate: Callable[[Any], Any], drop_last: bool
) -> Fetch:
    if not batched:
        return lambda index: collate(next(samples))

    def batch(indices: list[Any]) -> Any:
        found = list(itertools.islice(samples, len(indices)))
        if not found or drop_last and len(found) < len(indices):
            raise StopIteration
        return collate(found)

    return batch
