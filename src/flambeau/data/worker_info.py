"""What code in a worker process can learn of its worker."""

from __future__ import annotations

from typing import Any, NamedTuple


class WorkerInfo(NamedTuple):
    """Which worker of a loader this process is.

    Attributes:
        id: its number, from 0.
        num_workers: how many there are.
        seed: of its random streams: the loader's base seed + its number.
        dataset: its copy of the dataset.
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any


class _Process:
    """One for each process."""

    worker: WorkerInfo | None = None


PROCESS = _Process()


def get_worker_info() -> WorkerInfo | None:
    """Which worker of a :class:`DataLoader` this process is; ``None`` in the main process.

    Example:
        >>> import flambeau as fb
        >>> fb.utils.data.get_worker_info() is None
        True
    """
    return PROCESS.worker
