"""A part of a dataset for each of several processes."""

from __future__ import annotations

from collections.abc import Iterator, Sized

import numpy as np

from flambeau.core.errors import message
from flambeau.data.samplers import BlockSampler
from flambeau.random import Generator, permutation


class DistributedSampler(BlockSampler):
    """The samples that are one process's own: every ``num_replicas``-th, in a common order.

    All processes get the same number of samples: the first ones of the order come again at its
    end, or, with ``drop_last``, the last ones are left away.

    Args:
        dataset: the dataset.
        num_replicas: how many processes there are.
        rank: which of them this is, from 0.
        shuffle: whether the order is a random permutation, a new one for each epoch.
        seed: the permutation's seed, the same in all processes. The epoch is added to it.
        drop_last: leave away rather than repeat.

    Raises:
        RuntimeError: if it is not said how many processes there are, or which one this is.
        ValueError: if there is no such rank.

    Example:
        >>> import flambeau as fb
        >>> sampler = fb.utils.data.DistributedSampler(range(5), 2, 1, shuffle=False)
        >>> list(sampler)
        [1, 3, 0]
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        if num_replicas is None or rank is None:
            raise RuntimeError(
                message(
                    "DistributedSampler: the processes are not known",
                    expected="num_replicas and rank",
                    got=f"num_replicas={num_replicas}, rank={rank}",
                    help="pass the communicator's size and rank",
                )
            )
        if not 0 <= rank < num_replicas:
            raise ValueError(
                message(
                    "DistributedSampler: there is no such rank",
                    expected=f"from 0 to {num_replicas - 1}",
                    got=str(rank),
                )
            )
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.drop_last = drop_last
        self.shuffle = shuffle
        self.seed = seed
        whole = len(dataset) // num_replicas
        self.num_samples = whole if drop_last else -(-len(dataset) // num_replicas)
        self.total_size = self.num_samples * num_replicas

    def blocks(self) -> Iterator[np.ndarray]:
        n = len(self.dataset)
        if self.shuffle:
            order = permutation(Generator().manual_seed(self.seed + self.epoch), n)
        else:
            order = np.arange(n)
        yield np.resize(order, self.total_size)[self.rank :: self.num_replicas]

    def __iter__(self) -> Iterator[int]:
        (block,) = self.blocks()  # the order is that of the epoch now, whenever it is looked at
        return iter(block.tolist())

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch begins, so that it gets a permutation of its own.

        Args:
            epoch: its number.
        """
        self.epoch = epoch
