"""Ctrl-C waits until a step is done: a step happens as a whole or not at all."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

# Without the wrappers that turn numbers into names: they cost more than a small step.
_set: Any = getattr(signal.signal, "__wrapped__", signal.signal)
_get: Any = getattr(signal.getsignal, "__wrapped__", signal.getsignal)
_NUMBER = int(signal.SIGINT)


class Deferred:
    """``with Deferred():`` an interrupt that arrives inside is raised at the end.

    In other threads than the main one Python raises none.
    """

    __slots__ = ("before", "noted")

    def __enter__(self) -> None:
        self.noted: FrameType | bool | None = False
        self.before: Any = None
        if threading.current_thread() is not threading.main_thread():
            return
        handler = _get(_NUMBER)
        if callable(handler):  # Python's own, or the user's; not one that C has installed
            self.before = handler
            _set(_NUMBER, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.noted = frame if frame is not None else True

    def __exit__(self, *error: object) -> None:
        if self.before is None:
            return
        _set(_NUMBER, self.before)
        if self.noted is not False:
            self.before(_NUMBER, None if self.noted is True else self.noted)
