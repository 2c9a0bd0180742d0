"""`DataLoader`: a dataset's samples in batches, in an order, through workers if wanted."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.context import BaseContext
from typing import Any, Generic, TypeVar

from flambeau.core.errors import message
from flambeau.data.collation import default_collate, default_convert
from flambeau.data.datasets import IterableDataset
from flambeau.data.iteration import Pass, Resumption, SinglePass, WorkerPass
from flambeau.data.position import Position
from flambeau.data.samplers import BatchSampler, RandomSampler, SequentialSampler

T = TypeVar("T", covariant=True)
_FIXED = frozenset(
    {"batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"}
)


class _Endless:
    """What an iterable-style dataset has in place of indices."""

    def __iter__(self) -> Iterator[None]:
        while True:
            yield None


class DataLoader(Generic[T]):
    """Batches of a dataset, for loops over them; each loop is one epoch.

    Orders and random numbers are PyTorch's for the same seed. For a :class:`TensorDataset` (and
    subsets of one, and plain tensors and arrays) without workers a batch is one gather per tensor.

    Args:
        dataset: anything with ``__getitem__`` and ``__len__``, or an :class:`IterableDataset`.
        batch_size: samples per batch; ``None`` for samples without batches.
        shuffle: take them at random, in a new permutation each epoch.
        sampler: gives the indices instead.
        batch_sampler: gives lists of indices instead.
        num_workers: processes that load; 0 for this one.
        collate_fn: makes a batch of a list of samples; :func:`default_collate` if not given.
        pin_memory: a selector without effect: there is one kind of memory.
        drop_last: leave away a last batch that is smaller.
        timeout: seconds to wait for a batch of a worker; without end for 0.
        worker_init_fn: called with its number in each worker, after its streams were seeded. A
            worker's seed is the loader's base seed + its number.
        multiprocessing_context: ``"fork"``, ``"forkserver"``, ``"spawn"``, or a context.
        generator: the random stream of orders and base seeds; the process's own if not given.
        prefetch_factor: how many batches each worker loads ahead; 2 if not given.
        persistent_workers: keep the workers for the next epoch.
        pin_memory_device: a selector without effect.
        in_order: give the batches of workers in the order of the sampler.

    Raises:
        ValueError: if arguments contradict each other.
        TypeError: if ``multiprocessing_context`` is none.
        RuntimeError: from the loop, if a worker ends or does not answer in time. What a worker
            raises is raised again, with its traceback in the text.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.utils.data import DataLoader, TensorDataset
        >>> _ = fb.manual_seed(0)
        >>> for (batch,) in DataLoader(TensorDataset(fb.arange(5)), batch_size=2, shuffle=True):
        ...     print(batch)
        tensor([1, 4])
        tensor([2, 3])
        tensor([0])

    Differs from PyTorch: ``state_dict()`` and ``load_state_dict()`` continue in the middle of an
    epoch.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Any = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        _check_order(dataset, batch_size, shuffle, sampler, batch_sampler, drop_last)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = _context(multiprocessing_context, num_workers)
        self.generator = generator
        self.in_order = in_order
        self.persistent_workers = persistent_workers
        order = _sampler_for(dataset, bool(shuffle), generator) if sampler is None else sampler
        if batch_sampler is not None:
            batch_size = None
        elif batch_size is not None:
            batch_sampler = BatchSampler(order, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = order
        self.batch_sampler = batch_sampler
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate
        self.collate_fn = collate_fn
        self._expected_length: int | None = None
        self._kept: WorkerPass | None = None
        self._position = Position()
        self._ready = True

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and self.__dict__.get("_ready"):
            raise ValueError(
                message(
                    f"DataLoader: {name} cannot be changed",
                    expected="a new loader",
                    got=f"another {name}",
                )
            )
        super().__setattr__(name, value)

    @property
    def _batched(self) -> bool:
        return self.batch_sampler is not None

    @property
    def _index_sampler(self) -> Any:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __iter__(self) -> Pass:
        return self._position.start(self, self._pass)

    def _pass(self, resumed: Resumption) -> Pass:
        """A new pass that begins after some batches."""
        if not self.num_workers:
            return SinglePass(self, resumed)
        if self._kept is not None:
            self._kept.again(resumed)
            return self._kept
        fresh = WorkerPass(self, resumed)
        if self.persistent_workers:
            self._kept = fresh
        return fresh

    def _forget(self, used: WorkerPass) -> None:
        if self._kept is used:
            self._kept = None

    def __len__(self) -> int:
        if not isinstance(self.dataset, IterableDataset):
            return len(self._index_sampler)
        length = self._expected_length = len(self.dataset)  # type: ignore[arg-type]
        if self.batch_size is None:
            return length
        return length // self.batch_size if self.drop_last else -(-length // self.batch_size)

    def state_dict(self) -> dict[str, Any]:
        """Where the loop is: how many batches were given, and from which random numbers.

        Its contents can be saved with :func:`flambeau.save`.

        Example:
            >>> import flambeau as fb
            >>> loader = fb.utils.data.DataLoader(range(6), batch_size=2)
            >>> batches = iter(loader); first = next(batches)
            >>> state = loader.state_dict()
            >>> loader.load_state_dict(state)
            >>> list(loader)
            [tensor([2, 3]), tensor([4, 5])]
        """
        return self._position.state_dict(self)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Let the next loop continue where :meth:`state_dict` was called.

        The order is drawn again from the random numbers of the epoch's beginning, without
        touching what the process's stream is at now; set that yourself, or with
        :class:`flambeau.checkpoint.Run`. Workers continue with their own random numbers, if there
        are as many. An iterable-style dataset is iterated again up to the place.

        Args:
            state_dict: of a loader with the same dataset, samplers and batches.

        Raises:
            ValueError: if it is of another kind; nothing has changed then.
        """
        self._position.load_state_dict(state_dict)


def _sampler_for(dataset: Any, shuffle: bool, generator: Any) -> Any:
    if isinstance(dataset, IterableDataset):
        return _Endless()
    return RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)


def _context(given: Any, num_workers: int) -> BaseContext | None:
    if given is None:
        return None
    if not num_workers:
        raise _contradiction("multiprocessing_context without workers", "num_workers > 0", given)
    if isinstance(given, str):
        known = multiprocessing.get_all_start_methods()
        if given not in known:
            raise _contradiction("unknown way to start processes", ", ".join(known), given)
        return multiprocessing.get_context(given)
    if not isinstance(given, BaseContext):
        raise TypeError(
            message(
                "DataLoader: multiprocessing_context is no context",
                expected="the name of a start method, or a context",
                got=type(given).__name__,
            )
        )
    return given


def _contradiction(problem: str, expected: str, got: Any) -> ValueError:
    return ValueError(message(f"DataLoader: {problem}", expected=expected, got=str(got)))


def _check_workers(count: int, timeout: float, ahead: int | None, persistent: bool) -> None:
    if count < 0:
        raise _contradiction("a negative number of workers", "num_workers >= 0", count)
    if timeout < 0:
        raise _contradiction("a negative timeout", "timeout >= 0", timeout)
    if not count and ahead is not None:
        raise _contradiction("prefetch_factor without workers", "num_workers > 0", ahead)
    if ahead is not None and ahead < 1:
        raise _contradiction("nothing would be loaded", "prefetch_factor >= 1", ahead)
    if persistent and not count:
        raise _contradiction("persistent_workers without workers", "num_workers > 0", count)


def _check_order(
    dataset: Any, size: Any, shuffle: Any, sampler: Any, batch_sampler: Any, drop_last: bool
) -> None:
    """Refuse arguments that say the order of samples twice."""
    if isinstance(dataset, IterableDataset):
        given = {"shuffle": shuffle or None, "sampler": sampler, "batch_sampler": batch_sampler}
        for name, value in given.items():
            if value is not None:
                raise _contradiction(
                    f"an iterable-style dataset has its own order, without {name}",
                    f"{name} left away",
                    value,
                )
    if sampler is not None and shuffle:
        raise _contradiction("two orders", "shuffle or sampler", "both")
    if batch_sampler is not None and (size != 1 or shuffle or sampler is not None or drop_last):
        raise _contradiction(
            "two ways to make batches",
            "batch_sampler, or batch_size, shuffle, sampler and drop_last",
            "both",
        )
    if batch_sampler is None and size is None and drop_last:
        raise _contradiction("drop_last without batches", "a batch_size", "batch_size=None")
