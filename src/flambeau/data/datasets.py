"""Datasets: what gives a sample for an index, or one sample after the other."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from flambeau.core.errors import message
from flambeau.tensor.tensor import Tensor

T = TypeVar("T", covariant=True)


class Dataset(Generic[T]):
    """Samples by index: subclasses define ``__getitem__`` and, for most samplers, ``__len__``.

    A subclass may define ``__getitems__(indices)`` too, which gives the samples of a whole batch.

    Example:
        >>> import flambeau as fb
        >>> class Squares(fb.utils.data.Dataset):
        ...     def __getitem__(self, index):
        ...         return index**2
        ...     def __len__(self):
        ...         return 4
        >>> list(fb.utils.data.DataLoader(Squares(), batch_size=2))
        [tensor([0, 1]), tensor([4, 9])]
    """

    if TYPE_CHECKING:

        def __getitem__(self, index: Any) -> T: ...

    def __add__(self, other: Dataset[Any]) -> ConcatDataset:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T], Iterable[T]):
    """Samples one after the other: subclasses define ``__iter__``.

    Each worker process iterates a copy of its own; :func:`get_worker_info` tells it which part of
    the samples is meant to be its.

    Example:
        >>> import flambeau as fb
        >>> class Counting(fb.utils.data.IterableDataset):
        ...     def __iter__(self):
        ...         return iter(range(3))
        >>> list(fb.utils.data.DataLoader(Counting(), batch_size=2))
        [tensor([0, 1]), tensor([2])]
    """

    def __add__(self, other: Dataset[Any]) -> ChainDataset:
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Rows of tensors: sample i is the tuple of ``tensor[i]``.

    A loader in the same process takes each batch with one gather per tensor.

    Args:
        tensors: of the same size in their first dimension.

    Raises:
        AssertionError: if the sizes differ.

    Example:
        >>> import flambeau as fb
        >>> x, y = fb.arange(6.0).view(3, 2), fb.tensor([0, 1, 0])
        >>> fb.utils.data.TensorDataset(x, y)[2]
        (tensor([4., 5.]), tensor(0))
    """

    tensors: tuple[Tensor, ...]

    def __init__(self, *tensors: Tensor) -> None:
        sizes = [tensor.size(0) for tensor in tensors]
        if len(set(sizes)) > 1:
            raise AssertionError(
                message(
                    "TensorDataset: tensors have different numbers of rows",
                    expected="the same size in the first dimension",
                    got=", ".join(str(tuple(tensor.shape)) for tensor in tensors),
                )
            )
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple([tensor[index] for tensor in self.tensors])

    def __len__(self) -> int:
        return self.tensors[0].size(0)


class StackDataset(Dataset[Any]):
    """Datasets side by side: sample i is the tuple, or dict, of their samples i.

    Args:
        args: datasets of the same length, for tuples.
        kwargs: datasets of the same length by name, for dicts.

    Raises:
        ValueError: if the lengths differ, there are both kinds, or none.

    Example:
        >>> import flambeau as fb
        >>> fb.utils.data.StackDataset(image=[10, 20], label=["a", "b"])[1]
        {'image': 20, 'label': 'b'}
    """

    datasets: tuple[Any, ...] | dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        parts = args or tuple(kwargs.values())
        if bool(args) == bool(kwargs):
            raise ValueError(
                message(
                    "StackDataset: datasets are given in one way",
                    expected="datasets without names (for tuples), or all with names (for dicts)",
                    got=f"{len(args)} without and {len(kwargs)} with",
                )
            )
        lengths = [len(part) for part in parts]
        if len(set(lengths)) > 1:
            raise ValueError(
                message(
                    "StackDataset: datasets have different lengths",
                    expected="the same length",
                    got=", ".join(map(str, lengths)),
                )
            )
        self._length = lengths[0]
        self.datasets = args or kwargs

    def __getitem__(self, index: Any) -> Any:
        if isinstance(self.datasets, dict):
            return {name: dataset[index] for name, dataset in self.datasets.items()}
        return tuple([dataset[index] for dataset in self.datasets])

    def __getitems__(self, indices: list[Any]) -> list[Any]:
        """The samples of a whole batch."""
        if isinstance(self.datasets, dict):
            columns = [_samples(dataset, indices) for dataset in self.datasets.values()]
            return [dict(zip(self.datasets, row, strict=True)) for row in zip(*columns)]
        return list(zip(*[_samples(dataset, indices) for dataset in self.datasets]))

    def __len__(self) -> int:
        return self._length


def _samples(dataset: Any, indices: list[Any]) -> list[Any]:
    """The samples of a batch, at once if the dataset knows how."""
    if callable(getattr(dataset, "__getitems__", None)):
        samples = dataset.__getitems__(indices)
        if len(samples) != len(indices):
            raise ValueError(
                message(
                    f"{type(dataset).__name__}: __getitems__ gave a wrong number of samples",
                    expected=str(len(indices)),
                    got=str(len(samples)),
                )
            )
        return samples
    return [dataset[index] for index in indices]


class ConcatDataset(Dataset[T]):
    """Datasets one behind the other, as one.

    Args:
        datasets: at least one, none of them iterable-style.

    Attributes:
        cumulative_sizes: where each dataset ends.

    Raises:
        AssertionError: if there is none, or an :class:`IterableDataset` among them.

    Example:
        >>> import flambeau as fb
        >>> both = fb.utils.data.ConcatDataset([[1, 2], [3]])
        >>> len(both), both[2], both[-3]
        (3, 3, 1)
    """

    datasets: list[Any]
    cumulative_sizes: list[int]

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets or any(isinstance(d, IterableDataset) for d in self.datasets):
            raise AssertionError(
                message(
                    "ConcatDataset: datasets by index are needed",
                    expected="at least one, and no IterableDataset",
                    got=", ".join(type(d).__name__ for d in self.datasets) or "none",
                    help="ChainDataset joins iterable-style datasets",
                )
            )
        self.cumulative_sizes = list(itertools.accumulate(len(d) for d in self.datasets))

    def __getitem__(self, index: int) -> T:
        length = len(self)
        place = index + length if index < 0 else index
        if place < 0:
            raise ValueError(
                message(
                    "ConcatDataset: index out of range",
                    expected=f"from {-length} to {length - 1}",
                    got=str(index),
                )
            )
        number = bisect.bisect_right(self.cumulative_sizes, place)
        before = self.cumulative_sizes[number - 1] if number else 0
        return self.datasets[number][place - before]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


class ChainDataset(IterableDataset[T]):
    """Iterable-style datasets, one after the other.

    Args:
        datasets: any number, all of them iterable-style.

    Example:
        >>> import flambeau as fb
        >>> class Counting(fb.utils.data.IterableDataset):
        ...     def __iter__(self):
        ...         return iter(range(2))
        >>> list(Counting() + Counting())
        [0, 1, 0, 1]
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        super().__init__()
        self.datasets = datasets

    def _checked(self) -> Iterator[Any]:
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise AssertionError(
                    message(
                        "ChainDataset: iterable-style datasets are needed",
                        expected="IterableDataset",
                        got=type(dataset).__name__,
                        help="ConcatDataset joins datasets by index",
                    )
                )
            yield dataset

    def __iter__(self) -> Iterator[T]:
        for dataset in self._checked():
            yield from dataset

    def __len__(self) -> int:
        return sum(len(dataset) for dataset in self._checked())


class Subset(Dataset[T]):
    """Some samples of a dataset.

    Args:
        dataset: any dataset by index.
        indices: which samples, in the order in which they are to stand.

    Example:
        >>> import flambeau as fb
        >>> subset = fb.utils.data.Subset(["a", "b", "c"], [2, 0])
        >>> subset[0], len(subset)
        ('c', 2)
    """

    dataset: Any
    indices: Sequence[int]

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> T:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: list[int]) -> list[T]:
        """The samples of a whole batch."""
        chosen = [self.indices[i] for i in indices]
        if callable(getattr(self.dataset, "__getitems__", None)):
            return self.dataset.__getitems__(chosen)
        return [self.dataset[i] for i in chosen]

    def __len__(self) -> int:
        return len(self.indices)
