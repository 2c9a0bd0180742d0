"""The thread pool of compiled code: how many threads, and its life from import to exit.

Work is split into chunks that are fixed when code is generated, so results do not depend on how
many threads there are, nor on which of them ran what.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

from flambeau.compiler.llvm import target as targets
from flambeau.compiler.run.pool_text import EXPORTS, MAX_WORKERS, pool_text

_starting = threading.Lock()
_pool: _Pool | None = None
_chosen: int | None = None


class _Pool:
    """The loaded pool; it is never unloaded, for its workers run in it."""

    def __init__(self) -> None:
        from flambeau.compiler.run.engine import compile_text

        target = targets.host()
        self.handle = compile_text(pool_text(target), EXPORTS, target)
        self.reset = self.handle.function("flambeau_pool_reset", None)
        self.resize = self.handle.function("flambeau_pool_resize", None, ctypes.c_int)
        self.started = self.handle.function("flambeau_pool_started", ctypes.c_int)
        self.reset()
        self.resize(get_num_threads() - 1)


def _loaded() -> _Pool:
    global _pool
    if _pool is None:
        with _starting:
            if _pool is None:
                pool = _Pool()
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(pool))
                os.register_at_fork(after_in_child=_after_fork)
                atexit.register(_at_exit)
                _pool = pool
    return _pool


def _after_fork() -> None:
    """A child has none of its parent's threads: it begins without workers and makes its own."""
    global _starting
    _starting = threading.Lock()
    if _pool is not None:
        _pool.reset()


def _at_exit() -> None:
    """Ends the workers before the interpreter takes down what they stand on."""
    if _pool is not None:
        _pool.resize(0)


def symbols() -> dict[str, int]:
    """The address of ``void flambeau_parallel_for(ptr body, ptr context, i64 chunks)``.

    It calls ``body(context, i)`` for each i below ``chunks``, on all threads, and returns when all
    have returned. Called from a body, or from two threads at once, it still does.
    """
    return {"flambeau_parallel_for": _loaded().handle.address("flambeau_parallel_for")}


def started_workers() -> int:
    """How many worker threads exist now; they are made when first there is work for them."""
    return 0 if _pool is None else _pool.started()


def get_num_threads() -> int:
    """How many threads compiled code may use: see :func:`flambeau.get_num_threads`."""
    if _chosen is not None:
        return _chosen
    text = os.environ.get("FLAMBEAU_NUM_THREADS", "")
    wanted = int(text) if text.isdigit() else available_cores()
    return min(max(wanted, 1), MAX_WORKERS + 1)


def set_num_threads(count: int) -> None:
    """Sets how many threads compiled code may use: see :func:`flambeau.set_num_threads`."""
    global _chosen
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        from flambeau.core.errors import message

        raise RuntimeError(
            message(
                "set_num_threads: not a number of threads",
                expected="a positive integer",
                got=repr(count),
            )
        )
    _chosen = min(count, MAX_WORKERS + 1)
    if _pool is not None:
        _pool.resize(_chosen - 1)


@lru_cache(maxsize=1)
def available_cores() -> int:
    """Physical cores among the processors this process may use, within its container's quota."""
    allowed: Any = range(os.cpu_count() or 1)
    if hasattr(os, "sched_getaffinity"):
        allowed = os.sched_getaffinity(0)
    cores = set()
    for processor in allowed:
        siblings = Path(f"/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list")
        try:
            cores.add(siblings.read_text())
        except OSError:
            cores.add(str(processor))
    return max(1, min(len(cores), _quota()))


def _quota() -> int:
    """The container's share of processors, rounded up; large if there is no limit."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return -(-int(quota) // int(period))
    except (OSError, ValueError):
        return 1 << 16
