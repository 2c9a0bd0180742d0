"""Anomaly mode: operations remember the user's line, so that a failing gradient can name it."""

from __future__ import annotations

import sys
import traceback
from typing import Any

PACKAGE = __name__.partition(".")[0]
GO_BETWEENS = frozenset({"contextlib", "copy"})


def user_frame(depth: int = 1) -> Any:
    """The innermost frame that is not ours, nor of the library that calls us for the user."""
    frame = sys._getframe(depth)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        ours = name == PACKAGE or name.startswith(PACKAGE + ".")
        if not ours and name not in GO_BETWEENS:
            return frame
        frame = frame.f_back
    return None


def user_line() -> str:
    """``file:line`` of the user's call that is running."""
    frame = user_frame(2)
    return "unknown" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"


def remember_line(node: Any) -> None:
    """Keep the user's stack with the node of the operation that is running."""
    frame = user_frame(2)
    node.metadata["traceback_"] = [] if frame is None else traceback.format_stack(frame, 8)
