"""What runs in a worker process: it takes tasks, and sends back batches."""

from __future__ import annotations

import faulthandler
import os
import signal
import traceback
from multiprocessing import connection as connections
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, NamedTuple

from flambeau.data.fetching import Fetch, fetcher
from flambeau.data.sharing import Shared, send
from flambeau.data.worker_info import PROCESS, WorkerInfo
from flambeau.tensor.streams import same_streams, seed_streams, set_streams, streams

TELL = signal.SIGUSR1
_LOOK = 5.0  # seconds between two looks whether the parent is still there


class Task(NamedTuple):
    """What a worker is asked for; ``None`` in its place means to end.

    Attributes:
        epoch, number: which batch of which epoch; a new epoch iterates a dataset anew.
        indices: what the sampler gave.
        skip: how many batches of an iterable-style dataset to pass over first.
        states: of the random streams to continue from; ``None`` to leave them as they are.
    """

    epoch: int
    number: int
    indices: Any
    skip: int = 0
    states: Any = None


class Answer(NamedTuple):
    """What a worker sends back.

    Attributes:
        epoch, number: of the task.
        batch: the result.
        failure: what was raised instead: its class and a text with the traceback.
        ended: whether an iterable-style dataset had no more samples.
        states: of the random streams, if the task drew from them.
    """

    epoch: int
    number: int
    batch: Any = None
    failure: tuple[Any, str] | None = None
    ended: bool = False
    states: Any = None


class Job(NamedTuple):
    """What a worker has to know from the start."""

    worker: int
    count: int
    seed: int
    parent: int
    dataset: Shared
    batched: bool
    collate: Any
    drop_last: bool
    initialise: Any


class _Caught:
    """A context that keeps an error instead of letting it end the process."""

    error: Exception | None = None

    def __enter__(self) -> _Caught:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None
    ) -> bool:
        self.error = error if isinstance(error, Exception) else None
        return self.error is not None


def work(job: Job, tasks: Connection, answers: Connection, traces: Connection) -> None:
    """Answer tasks until told to end, or until the parent is no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it too, and ends its workers
    # Asked by this signal, a worker that hangs says where.
    faulthandler.register(TELL, traces, all_threads=False)  # type: ignore[arg-type]
    dataset = job.dataset.value
    with _Caught() as start:
        seed_streams(job.seed, job.worker)
        PROCESS.worker = WorkerInfo(job.worker, job.count, job.seed, dataset)
        if job.initialise is not None:
            job.initialise(job.worker)
    state = _State(job, dataset, start.error)
    forked = os.getppid() == job.parent
    try:
        while (task := _next_task(tasks, job.parent if forked else None)) is not None:
            send(answers, state.answer(task), job.parent)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the parent does not want any more


def _next_task(tasks: Connection, parent: int | None) -> Task | None:
    """The next task; ``None`` when there will be none.

    Args:
        tasks: where they come from.
        parent: the parent's number if this process is its child. (Siblings that were forked
            later keep ends of pipes open, so that the end of the parent may not be seen there.)
    """
    above = parent_process()
    waiting: list[Any] = [tasks] if above is None else [tasks, above.sentinel]
    while True:
        ready = connections.wait(waiting, _LOOK)
        if tasks in ready:
            return tasks.recv()
        if ready or parent not in (None, os.getppid()):
            return None


class _State:
    """What a worker keeps from task to task."""

    def __init__(self, job: Job, dataset: Any, failure: Exception | None) -> None:
        self.job = job
        self.dataset = dataset
        self.failure = failure
        self.epoch: int | None = None
        self.fetch: Fetch | None = None
        self.ended = False
        self.streams = streams()

    def answer(self, task: Task) -> Answer:
        """Do what is asked."""
        batch = None
        with _Caught() as attempt:
            if self.failure is not None:
                raise self.failure
            if task.epoch != self.epoch:
                self._begin(task)
            if task.states is not None:  # after what is passed over, which draws too
                set_streams(task.states)
            if not self.ended:
                batch = self._batch(task)
        if attempt.error is not None:
            return Answer(task.epoch, task.number, failure=_described(attempt.error))
        if self.ended:
            return Answer(task.epoch, task.number, ended=True)
        return Answer(task.epoch, task.number, batch, states=self._drawn())

    def _begin(self, task: Task) -> None:
        job = self.job
        self.epoch, self.ended = task.epoch, False
        self.fetch = fetcher(self.dataset, job.batched, job.collate, job.drop_last)
        for _ in range(task.skip):
            self._batch(task)

    def _batch(self, task: Task) -> Any:
        assert self.fetch is not None
        try:
            return self.fetch(task.indices)
        except StopIteration:
            self.ended = True
            return None

    def _drawn(self) -> Any:
        """The states of the streams, if they have changed since they were last told."""
        now = streams()
        if same_streams(now, self.streams):
            return None
        self.streams = now
        return now


def _described(error: Exception) -> tuple[Any, str]:
    return type(error), "".join(traceback.format_exception(error))
