"""Orders in which samples are taken.

A sampler of ours gives its indices in blocks too (arrays, which cost no Python per sample), and
draws random numbers when PyTorch's does: a block when its first index is asked for.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from flambeau.core.errors import message
from flambeau.random import Generator, draws_permutation, integers, multinomial, permutation

T = TypeVar("T", covariant=True)
_BLOCK = 32  # how many samples with replacement PyTorch draws at once


class Sampler(Generic[T]):
    """An order of samples: subclasses define ``__iter__``, which gives indices, and ``__len__``.

    Args:
        data_source: not used.
    """

    def __init__(self, data_source: Sized | None = None) -> None:
        pass

    if TYPE_CHECKING:

        def __iter__(self) -> Iterator[T]: ...


class BlockSampler(Sampler[int], ABC):
    """A sampler that gives its indices in blocks: subclasses define ``blocks``."""

    @abstractmethod
    def blocks(self) -> Iterator[np.ndarray]:
        """The indices, as arrays that follow each other."""

    def __iter__(self) -> Iterator[int]:
        for block in self.blocks():
            yield from block.tolist()


class SequentialSampler(BlockSampler):
    """All samples in their order.

    Args:
        data_source: the dataset.

    Example:
        >>> import flambeau as fb
        >>> list(fb.utils.data.SequentialSampler("abc"))
        [0, 1, 2]
    """

    data_source: Sized

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def blocks(self) -> Iterator[np.ndarray]:
        yield np.arange(len(self.data_source))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(BlockSampler):
    """Samples at random, all of them once for each permutation.

    Args:
        data_source: the dataset.
        replacement: draw each sample from all, so that some may come several times.
        num_samples: how many; the dataset's length if not given.
        generator: the random stream. Without one, each epoch seeds a stream of its own with a
            number that the process's stream gives.

    Raises:
        TypeError: if ``replacement`` is not a boolean.
        ValueError: if ``num_samples`` is not a positive integer.

    Example:
        >>> import flambeau as fb
        >>> g = fb.Generator().manual_seed(0)
        >>> list(fb.utils.data.RandomSampler(range(5), generator=g))
        [4, 0, 1, 3, 2]
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Any = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise TypeError(
                message(
                    "RandomSampler: replacement is not a boolean",
                    expected="True or False",
                    got=repr(replacement),
                )
            )
        _check_positive("RandomSampler", "num_samples", self.num_samples)

    @property
    def num_samples(self) -> int:
        """How many samples are drawn."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def blocks(self) -> Iterator[np.ndarray]:
        generator, n = self.generator, len(self.data_source)
        if generator is None:
            seed = int(integers(None, ()))
            generator = Generator().manual_seed(seed)
        if self.replacement:
            for _ in range(self.num_samples // _BLOCK):
                yield integers(generator, (_BLOCK,), low=0, high=n)
            yield integers(generator, (self.num_samples % _BLOCK,), low=0, high=n)
            return
        for _ in range(self.num_samples // n):
            yield permutation(generator, n)
        # PyTorch draws one more permutation for the rest, even if there is none.
        rest = self.num_samples % n
        if rest:
            yield permutation(generator, n)[:rest]
        else:
            generator.advance(draws_permutation(n))

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(BlockSampler):
    """Some samples at random, each once.

    Args:
        indices: which samples.
        generator: the random stream; the process's own if not given.

    Example:
        >>> import flambeau as fb
        >>> g = fb.Generator().manual_seed(0)
        >>> list(fb.utils.data.SubsetRandomSampler([10, 20, 30], generator=g))
        [30, 10, 20]
    """

    indices: Sequence[int]

    def __init__(self, indices: Sequence[int], generator: Any = None) -> None:
        self.indices = indices
        self.generator = generator

    def blocks(self) -> Iterator[np.ndarray]:
        order = permutation(self.generator, len(self.indices))
        yield np.asarray(self.indices)[order]

    def __iter__(self) -> Iterator[int]:
        for place in permutation(self.generator, len(self.indices)).tolist():
            yield self.indices[place]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(BlockSampler):
    """Samples 0 ... len(weights) - 1 with given probabilities.

    Args:
        weights: one per sample, >= 0; they need not add up to 1.
        num_samples: how many are drawn.
        replacement: whether a sample may be drawn again.
        generator: the random stream; the process's own if not given.

    Raises:
        ValueError: if ``num_samples`` is not a positive integer, ``replacement`` not a boolean,
            or ``weights`` not one-dimensional.

    Example:
        >>> import flambeau as fb
        >>> list(fb.utils.data.WeightedRandomSampler([0, 1, 0], 4))
        [1, 1, 1, 1]
    """

    def __init__(
        self,
        weights: Any,
        num_samples: int,
        replacement: bool = True,
        generator: Any = None,
    ) -> None:
        from flambeau.core.dtypes import float64
        from flambeau.tensor.construction import as_tensor

        _check_positive("WeightedRandomSampler", "num_samples", num_samples)
        _check_boolean("WeightedRandomSampler", "replacement", replacement)
        self.weights = as_tensor(weights, dtype=float64)
        if self.weights.ndim != 1:
            raise ValueError(
                message(
                    "WeightedRandomSampler: weights are not a sequence",
                    expected="one dimension",
                    got=f"shape {tuple(self.weights.shape)}",
                )
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def blocks(self) -> Iterator[np.ndarray]:
        yield multinomial(self.generator, self.weights._array, self.num_samples, self.replacement)

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """The indices of another sampler, in batches.

    Args:
        sampler: any iterable of indices.
        batch_size: how many in a batch, >= 1.
        drop_last: leave away a last batch that is smaller.

    Raises:
        ValueError: if ``batch_size`` is not a positive integer or ``drop_last`` not a boolean.

    Example:
        >>> import flambeau as fb
        >>> list(fb.utils.data.BatchSampler(range(5), batch_size=2, drop_last=False))
        [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        _check_positive("BatchSampler", "batch_size", batch_size)
        _check_boolean("BatchSampler", "drop_last", drop_last)
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if self.drop_last and len(batch) < self.batch_size:
                return
            yield batch

    def batches(self, blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        """The batches as arrays; a block is asked for when a batch needs its first index."""
        size = self.batch_size
        rest = _NOTHING
        for block in blocks:
            if rest.size:
                block = np.concatenate([rest, block])
            whole = block.size - block.size % size
            for start in range(0, whole, size):
                yield block[start : start + size]
            rest = block[whole:]
        if rest.size and not self.drop_last:
            yield rest

    def __len__(self) -> int:
        count = len(self.sampler)  # type: ignore[arg-type]
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)


_NOTHING = np.empty(0, np.int64)


def _check_positive(name: str, option: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(
            message(
                f"{name}: {option} is not a positive integer",
                expected=f"{option} >= 1",
                got=f"{option}={value!r}",
            )
        )


def _check_boolean(name: str, option: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise ValueError(
            message(f"{name}: {option} is not a boolean", expected="True or False", got=repr(value))
        )
