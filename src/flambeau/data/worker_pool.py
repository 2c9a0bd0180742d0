"""The parent's side of worker processes: starting, asking, waiting and ending."""

from __future__ import annotations

import multiprocessing
import os
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import connection as connections
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from flambeau.core.errors import message
from flambeau.data.sharing import Shared, receive
from flambeau.data.worker_process import TELL, Answer, Job, Task, work

_GRACE = 2.0  # seconds that workers have to end by themselves


class _Worker(NamedTuple):
    process: Any
    tasks: Connection
    answers: Connection
    traces: Connection


class WorkerPool:
    """Worker processes, each with pipes of its own, so that none can block another.

    Args:
        count: how many.
        context: how they are started, of :mod:`multiprocessing`; the platform's way if ``None``.
        make: from a worker's number and the shared dataset to its job.
        dataset: what they read from.
    """

    def __init__(
        self,
        count: int,
        context: Any,
        make: Callable[[int, Shared], Job],
        dataset: Any,
    ) -> None:
        context = multiprocessing.get_context() if context is None else context
        self._workers: list[_Worker] = []
        # Ends the workers when the pool is no more, and at the end of the program.
        self._finalizer = weakref.finalize(self, _end, self._workers, os.getpid())
        shared = Shared(dataset)
        try:
            for number in range(count):
                self._workers.append(_started(context, make(number, shared)))
        except BaseException:
            self.close()
            raise
        finally:
            shared.close()

    def ask(self, worker: int, task: Task) -> None:
        """Give a worker a task.

        Raises:
            RuntimeError: if it is no more.
        """
        try:
            self._workers[worker].tasks.send(task)
        except (BrokenPipeError, ConnectionResetError):
            raise self._death(worker) from None

    def wait(self, worker: int, number: int, seconds: float | None) -> tuple[int, Answer]:
        """The next answer of any worker, and whose it is.

        Args:
            worker, number: whose answer, to which task, is waited for.
            seconds: how long; without end for ``None``.

        Raises:
            RuntimeError: if a worker ends instead, or none answers within the timeout.
        """
        pipes: dict[Any, int] = {w.answers: n for n, w in enumerate(self._workers)}
        sentinels: dict[Any, int] = {w.process.sentinel: n for n, w in enumerate(self._workers)}
        ready = connections.wait(
            [*pipes, *sentinels], None if seconds is None else max(seconds, 0.0)
        )
        if not ready:
            raise self._silence(worker, number)
        answering = [pipes[pipe] for pipe in ready if pipe in pipes]
        if not answering:
            raise self._death(sentinels[ready[0]])
        found = worker if worker in answering else answering[0]
        try:
            return found, receive(self._workers[found].answers)
        except (EOFError, ConnectionResetError):
            raise self._death(found) from None

    def close(self) -> None:
        """End all workers: ask them first, then make them."""
        self._finalizer()

    def _silence(self, worker: int, number: int) -> RuntimeError:
        text = message(
            "DataLoader: no batch came in time",
            expected=f"batch {number} from worker {worker} within the timeout",
            got="nothing; it is still running",
            help="pass a longer timeout, or look for what blocks in the dataset",
        )
        return RuntimeError(f"{text}\n\n{self._place(worker)}")

    def _place(self, worker: int) -> str:
        """Where a worker is in its program."""
        process, _, _, traces = self._workers[worker]
        with suppress(ProcessLookupError):
            os.kill(process.pid, TELL)
        if not connections.wait([traces], _GRACE):
            return "It does not say where it is."
        time.sleep(0.05)  # until all of it is written
        return os.read(traces.fileno(), 1 << 16).decode("utf-8", "replace")

    def _death(self, number: int) -> RuntimeError:
        process = self._workers[number].process
        process.join(_GRACE)
        code = process.exitcode
        how = f"it was killed by signal {-code}" if code and code < 0 else f"exit status {code}"
        return RuntimeError(
            message(
                f"DataLoader: worker {number} (process {process.pid}) ended unexpectedly",
                expected="a batch",
                got=how,
                help="signal 9 often means too little memory, 11 an error in native code; "
                "num_workers=0 runs the dataset in this process",
            )
        )


def _started(context: Any, job: Job) -> _Worker:
    tasks_here, tasks_there = context.Pipe()
    answers_here, answers_there = context.Pipe()
    traces_here, traces_there = context.Pipe(duplex=False)
    there = tasks_there, answers_there, traces_there
    process = context.Process(target=work, args=(job, *there), daemon=True)
    try:
        process.start()
    except BaseException:
        for end in (tasks_here, answers_here, traces_here):
            end.close()
        raise
    finally:
        for end in there:
            end.close()
    return _Worker(process, tasks_here, answers_here, traces_here)


def _end(workers: list[_Worker], owner: int) -> None:
    """End processes: by asking, by SIGTERM, by SIGKILL."""
    if os.getpid() != owner:  # a child that was forked with the pool has no workers
        return
    for worker in workers:
        with suppress(OSError):
            worker.tasks.send(None)
        worker.tasks.close()
        worker.answers.close()  # one that is sending learns that nobody listens
        worker.traces.close()
    for force in (lambda process: None, lambda process: process.terminate(), _kill):
        deadline = time.monotonic() + _GRACE
        for worker in workers:
            force(worker.process)
        for worker in workers:
            worker.process.join(max(deadline - time.monotonic(), 0.0))
        if not any(worker.process.is_alive() for worker in workers):
            break
    for worker in workers:
        worker.process.close()
    workers.clear()


def _kill(process: Any) -> None:
    process.kill()
