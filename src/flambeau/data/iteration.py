"""One pass over a loader's batches, in this process or through workers."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from flambeau.core.errors import message
from flambeau.data.datasets import IterableDataset
from flambeau.data.fetching import fetcher
from flambeau.data.gathering import gather_of
from flambeau.data.samplers import BatchSampler, BlockSampler
from flambeau.data.sharing import Shared
from flambeau.data.worker_pool import WorkerPool
from flambeau.data.worker_process import Answer, Job, Task
from flambeau.random import integers

if TYPE_CHECKING:
    from flambeau.data.loader import DataLoader


def base_seed(loader: DataLoader[Any]) -> int:
    """The number that each new iterator draws, from which workers' seeds follow."""
    return int(integers(loader.generator, ()))


def index_arrays(loader: DataLoader[Any]) -> Iterator[np.ndarray] | None:
    """The batches of indices as arrays, if the samplers are ours as they are."""
    batches, sampler = loader.batch_sampler, loader.sampler
    if type(batches) is not BatchSampler or batches.sampler is not sampler:
        return None
    if not isinstance(sampler, BlockSampler) or not type(sampler).__module__.startswith(
        "flambeau.data."
    ):
        return None
    return batches.batches(_checked(sampler.blocks()))


def _checked(blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    for block in blocks:
        if block.dtype != np.int64:
            block = block.astype(np.int64)
        yield block


class Pass:
    """What passes in one process and through workers have in common.

    Attributes:
        yielded: how many batches were given.
        exhausted: whether all were.
    """

    def __init__(self, loader: DataLoader[Any]) -> None:
        self._loader = loader
        self.yielded = 0
        self.exhausted = False

    def __iter__(self) -> Pass:
        return self

    def __len__(self) -> int:
        return len(self._loader)

    def __next__(self) -> Any:
        try:
            batch = self._next()
        except StopIteration:
            self.exhausted = True
            raise
        self.yielded += 1
        expected = self._loader._expected_length
        if expected is not None and self.yielded > expected:
            warnings.warn(
                f"DataLoader: the dataset said that it has {expected} samples, and more than "
                f"{expected} batches were taken",
                stacklevel=2,
            )
        return batch

    def _next(self) -> Any:
        raise StopIteration


class SinglePass(Pass):
    """A pass in this process."""

    def __init__(self, loader: DataLoader[Any], skip: int) -> None:
        super().__init__(loader)
        gather = gather_of(loader.dataset, loader.collate_fn)
        arrays = None if gather is None else index_arrays(loader)
        self._indices: Iterator[Any] = iter(loader._index_sampler) if arrays is None else arrays
        self.seed = base_seed(loader)
        if arrays is None or gather is None:
            self._fetch: Any = fetcher(
                loader.dataset, loader._batched, loader.collate_fn, loader.drop_last
            )
        else:
            self._fetch = gather
        follows = isinstance(loader.dataset, IterableDataset)
        for _ in range(skip):
            indices = next(self._indices)
            if follows:
                self._fetch(indices)
        self.yielded = skip

    def _next(self) -> Any:
        return self._fetch(next(self._indices))


class WorkerPass(Pass):
    """Passes through workers, which stay for the next one if they are persistent."""

    def __init__(self, loader: DataLoader[Any], skip: int, states: dict[int, Any]) -> None:
        super().__init__(loader)
        self._indices: Iterator[Any] = iter(loader._index_sampler)
        self.seed = base_seed(loader)
        self._epoch = 0
        self._pool = WorkerPool(
            loader.num_workers,
            loader.multiprocessing_context,
            loader.timeout,
            self._job,
            loader.dataset,
        )
        self._begin(skip, states)

    def _job(self, number: int, dataset: Shared) -> Job:
        loader = self._loader
        return Job(
            number, loader.num_workers, self.seed + number, os.getpid(), dataset,
            loader._batched, loader.collate_fn, loader.drop_last, loader.worker_init_fn,
        )  # fmt: skip

    def again(self, skip: int, states: dict[int, Any]) -> None:
        """Begin the next pass with the same workers."""
        self._indices = iter(self._loader._index_sampler)
        self._epoch += 1
        self._begin(skip, states)

    def close(self) -> None:
        """End the workers."""
        self._pool.close()

    def _begin(self, skip: int, states: dict[int, Any]) -> None:
        count = self._loader.num_workers
        self.yielded = skip
        self.exhausted = False
        self.states = dict(states)
        self._starting = dict(states)
        self._skips = [0] * count
        self._active = [True] * count
        self._next_worker = skip % count
        self._asked = self._given = 0
        self._workers: dict[int, int] = {}
        self._answers: dict[int, Answer] = {}
        follows = isinstance(self._loader.dataset, IterableDataset)
        for number in range(skip):
            next(self._indices)
            self._skips[number % count] += follows
        for _ in range(count * (self._loader.prefetch_factor or 1)):
            self._ask()

    def _ask(self) -> None:
        """Give the next task to the next worker that has not come to the end of its samples."""
        count = len(self._active)
        free = [(self._next_worker + n) % count for n in range(count)]
        worker = next((n for n in free if self._active[n]), None)
        if worker is None:
            return
        try:
            indices = next(self._indices)
        except StopIteration:
            return
        self._next_worker = (worker + 1) % count
        states = self._starting.pop(worker, None)
        task = Task(self._epoch, self._asked, indices, self._skips[worker], states)
        self._pool.ask(worker, task)
        self._workers[self._asked] = worker
        self._asked += 1

    def _next(self) -> Any:
        try:
            answer = self._next_answer()
        except BaseException:
            if not self._loader.persistent_workers or not self.exhausted:
                self._abandon()
            raise
        return answer.batch

    def _next_answer(self) -> Answer:
        while self._workers:
            number = self._number_of_next()
            answer = self._answers.pop(number)
            worker = self._workers.pop(number)
            if answer.ended:
                if self._active[worker]:
                    self._active[worker] = False
                    self._ask()
                continue
            if answer.failure is not None:
                raise _raised(worker, *answer.failure)
            if answer.states is not None:
                self.states[worker] = answer.states
            self._ask()
            return answer
        self.exhausted = True
        raise StopIteration

    def _number_of_next(self) -> int:
        """The number of the answer that is given next; waits for it."""
        in_order = self._loader.in_order
        while True:
            if in_order:
                number = min(self._workers)
                if number in self._answers:
                    return number
            elif self._answers:
                return next(iter(self._answers))
            _, answer = self._pool.wait()
            if answer.epoch == self._epoch:  # others were asked for by a pass that was left
                self._answers[answer.number] = answer

    def _abandon(self) -> None:
        self._pool.close()
        self._loader._forget(self)


class _Unquoted(str):
    """Text that a KeyError, which shows its argument as code, shows as it is."""

    __repr__ = str.__str__


def _raised(worker: int, kind: type[Exception], trace: str) -> Exception:
    """The error of a worker as one of this process, of the same class where it takes a text."""
    text = message(
        f"DataLoader: worker {worker} raised {kind.__name__}",
        expected="a batch",
        got="this error in the worker:",
    )
    text = f"{text}\n\n{trace}"
    if kind is KeyError:
        return KeyError(_Unquoted(text))
    try:
        return kind(text)
    except TypeError:
        return RuntimeError(text)
