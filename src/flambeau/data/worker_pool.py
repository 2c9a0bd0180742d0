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
from flambeau.data.worker_process import Answer, Job, Task, work

_GRACE = 2.0  # seconds that workers have to end by themselves


class _Worker(NamedTuple):
    process: Any
    tasks: Connection
    answers: Connection


class WorkerPool:
    """Worker processes, each with pipes of its own, so that none can block another.

    Args:
        count: how many.
        context: how they are started, of :mod:`multiprocessing`; the platform's way if ``None``.
        timeout: seconds to wait for an answer; without end for 0.
        make: from a worker's number and the shared dataset to its job.
        dataset: what they read from.
    """

    def __init__(
        self,
        count: int,
        context: Any,
        timeout: float,
        make: Callable[[int, Shared], Job],
        dataset: Any,
    ) -> None:
        context = multiprocessing.get_context() if context is None else context
        self._timeout = timeout
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

    def wait(self) -> tuple[int, Answer]:
        """The next answer of any worker, and whose it is.

        Raises:
            RuntimeError: if a worker ends instead, or none answers within the timeout.
        """
        deadline = time.monotonic() + self._timeout if self._timeout else None
        pipes: dict[Any, int] = {w.answers: number for number, w in enumerate(self._workers)}
        sentinels: dict[Any, int] = {
            w.process.sentinel: number for number, w in enumerate(self._workers)
        }
        left = None if deadline is None else max(deadline - time.monotonic(), 0.0)
        ready = connections.wait([*pipes, *sentinels], left)
        if not ready:
            raise self._silence()
        answering = [pipes[pipe] for pipe in ready if pipe in pipes]
        if not answering:
            raise self._death(sentinels[ready[0]])
        number = answering[0]
        try:
            return number, receive(self._workers[number].answers)
        except (EOFError, ConnectionResetError):
            raise self._death(number) from None

    def close(self) -> None:
        """End all workers: ask them first, then make them."""
        self._finalizer()

    def _silence(self) -> RuntimeError:
        alive = [str(n) for n, w in enumerate(self._workers) if w.process.is_alive()]
        return RuntimeError(
            message(
                "DataLoader: no worker answered in time",
                expected=f"a batch within {self._timeout:g} seconds",
                got=f"nothing from workers {', '.join(alive)}",
                help="pass a longer timeout, or look for what blocks in the dataset "
                "(num_workers=0 shows it)",
            )
        )

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
    process = context.Process(target=work, args=(job, tasks_there, answers_there), daemon=True)
    try:
        process.start()
    except BaseException:
        tasks_here.close()
        answers_here.close()
        raise
    finally:
        tasks_there.close()
        answers_there.close()
    return _Worker(process, tasks_here, answers_here)


def _end(workers: list[_Worker], owner: int) -> None:
    """End processes: by asking, by SIGTERM, by SIGKILL."""
    if os.getpid() != owner:  # a child that was forked with the pool has no workers
        return
    for worker in workers:
        with suppress(OSError):
            worker.tasks.send(None)
        worker.tasks.close()
        worker.answers.close()  # one that is sending learns that nobody listens
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
