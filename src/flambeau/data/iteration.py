"""One pass over a loader's batches, in this process or through workers."""

from __future__ import annotations

import itertools
import os
import time
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from flambeau.core.errors import message
from flambeau.data.datasets import IterableDataset
from flambeau.data.fetching import fetcher
from flambeau.data.gathering import Gather, gather_of
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


class Resumption(NamedTuple):
    """Where a pass begins.

    Attributes:
        batches: how many were given before.
        tasks: the worker and the indices of batches that were asked for but not given.
        workers: what :meth:`WorkerPass.state` said of the workers; ``None`` if there were none,
            or not as many.
    """

    batches: int = 0
    tasks: tuple[tuple[int, Any], ...] = ()
    workers: Any = None

    def following(self, indices: Iterator[Any]) -> Iterator[Any]:
        """What is left of a sampler's indices, those of the tasks first."""
        for _ in range(self.batches + len(self.tasks)):
            next(indices, None)
        return itertools.chain([asked for _, asked in self.tasks], indices)


BEGINNING = Resumption()


class SinglePass(Pass):
    """A pass in this process."""

    def __init__(self, loader: DataLoader[Any], resumed: Resumption) -> None:
        super().__init__(loader)
        gather = gather_of(loader.dataset, loader.collate_fn)
        arrays = None if gather is None else index_arrays(loader)
        indices: Iterator[Any] = iter(loader._index_sampler) if arrays is None else arrays
        self.seed = base_seed(loader)
        if arrays is None or gather is None:
            self._fetch: Any = fetcher(
                loader.dataset, loader._batched, loader.collate_fn, loader.drop_last
            )
        else:
            self._fetch = _from_lists(gather) if resumed.tasks else gather
        if isinstance(loader.dataset, IterableDataset):
            for _ in range(resumed.batches):
                self._fetch(next(indices))
            self._indices = indices
        else:
            self._indices = resumed.following(indices) if resumed.batches else indices
        self.yielded = resumed.batches

    def _next(self) -> Any:
        return self._fetch(next(self._indices))


def _from_lists(gather: Gather) -> Gather:
    return lambda indices: gather(np.asarray(indices))


class WorkerPass(Pass):
    """Passes through workers, which stay for the next one if they are persistent."""

    def __init__(self, loader: DataLoader[Any], resumed: Resumption) -> None:
        super().__init__(loader)
        indices: Iterator[Any] = iter(loader._index_sampler)
        self.seed = base_seed(loader)
        self._epoch = 0
        self._pool = WorkerPool(
            loader.num_workers,
            loader.multiprocessing_context,
            self._job,
            loader.dataset,
        )
        self._begin(indices, resumed)

    def _job(self, number: int, dataset: Shared) -> Job:
        loader = self._loader
        return Job(
            number, loader.num_workers, self.seed + number, os.getpid(), dataset,
            loader._batched, loader.collate_fn, loader.drop_last, loader.worker_init_fn,
        )  # fmt: skip

    def again(self, resumed: Resumption) -> None:
        """Begin the next pass with the same workers."""
        self._epoch += 1
        self._begin(iter(self._loader._index_sampler), resumed)

    def close(self) -> None:
        """End the workers."""
        self._pool.close()

    def state(self) -> dict[str, Any]:
        """What the workers have done and are doing, in plain containers.

        Returns:
            ``tasks``: worker and indices of batches that were asked for but not given; for each
            worker, the batches ``given``, whether it is ``active``, and its random ``streams`` if
            anything was drawn; and whose turn is ``next``.
        """
        tasks = [(worker, asked) for _, (worker, asked) in sorted(self._tasks.items())]
        return {
            "tasks": tuple(tasks),
            "given": list(self._given),
            "active": list(self._active),
            "streams": dict(self._streams),
            "next": self._next_worker,
        }

    def _begin(self, indices: Iterator[Any], resumed: Resumption) -> None:
        count = self._loader.num_workers
        self.yielded = resumed.batches
        self.exhausted = False
        self._asked = 0
        self._tasks: dict[int, tuple[int, Any]] = {}
        self._answers: dict[int, Answer] = {}
        before = resumed.workers
        follows = isinstance(self._loader.dataset, IterableDataset)
        if follows and resumed.batches and before is None:
            raise ValueError(
                message(
                    "DataLoader: an iterable-style dataset is continued by as many workers only",
                    expected="the number of workers that the state was made with",
                    got=f"num_workers={count}",
                )
            )
        self._indices = resumed.following(indices) if resumed.batches else indices
        self._given = [0] * count if before is None else list(before["given"])
        self._skips = list(self._given) if follows else [0] * count
        self._active = [True] * count if before is None else list(before["active"])
        self._streams = {} if before is None else dict(before["streams"])
        self._starting = dict(self._streams)
        self._next_worker = 0 if before is None else before["next"]
        if before is not None:
            for worker, _ in resumed.tasks:
                self._ask(worker)
        while len(self._tasks) < count * (self._loader.prefetch_factor or 1) and self._ask():
            pass

    def _ask(self, worker: int | None = None) -> bool:
        """Give a task to a worker; to the next one that has not come to the end of its samples.

        Returns:
            Whether there was one to give, and somebody to give it to.
        """
        count = len(self._active)
        if worker is None:
            turns = [(self._next_worker + n) % count for n in range(count)]
            worker = next((n for n in turns if self._active[n]), None)
            if worker is None:
                return False
            following = (worker + 1) % count
        else:
            following = self._next_worker
        try:
            indices = next(self._indices)
        except StopIteration:
            return False
        self._next_worker = following
        states = self._starting.pop(worker, None)
        task = Task(self._epoch, self._asked, indices, self._skips[worker], states)
        self._pool.ask(worker, task)
        self._tasks[self._asked] = worker, indices
        self._asked += 1
        return True

    def _next(self) -> Any:
        try:
            answer = self._next_answer()
        except BaseException:
            if not self._loader.persistent_workers or not self.exhausted:
                self._abandon()
            raise
        return answer.batch

    def _next_answer(self) -> Answer:
        while self._tasks:
            number = self._number_of_next()
            answer = self._answers.pop(number)
            worker, _ = self._tasks.pop(number)
            if answer.ended:
                if self._active[worker]:
                    self._active[worker] = False
                    self._ask()
                continue
            if answer.failure is not None:
                raise _raised(worker, *answer.failure)
            if answer.states is not None:
                self._streams[worker] = answer.states
            self._given[worker] += 1
            self._ask()
            return answer
        self.exhausted = True
        raise StopIteration

    def _number_of_next(self) -> int:
        """The number of the answer that is given next; waits for it."""
        in_order = self._loader.in_order
        deadline = time.monotonic() + self._loader.timeout
        while True:
            number = min(self._tasks)
            if number in self._answers:
                return number
            if self._answers and not in_order:
                return next(iter(self._answers))
            left = deadline - time.monotonic() if self._loader.timeout else None
            _, answer = self._pool.wait(self._tasks[number][0], number, left)
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
