"""Locks that a forked process finds free."""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any

_locks: weakref.WeakSet[Any] = weakref.WeakSet()


def reentrant_lock() -> Any:
    """A ``threading.RLock``; in a forked child it is free if another thread held it.

    That thread does not exist there and would never let it go.
    """
    lock = threading.RLock()
    _locks.add(lock)
    return lock


def _free() -> None:
    for lock in list(_locks):
        if lock.acquire(False):  # nobody's, or our own
            lock.release()
        else:
            lock._at_fork_reinit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free)
