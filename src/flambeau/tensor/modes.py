"""The state that decides what a call to :func:`flambeau.tensor.dispatch.apply` does.

It is one small integer per thread, read once on the way through every operation.
"""

from __future__ import annotations

import threading
from typing import Any

GRAD = 1  # graph nodes are attached where a gradient may be asked for
INTERPRETED = 2  # operations go to ``MODE.interpreter`` instead of NumPy
ANOMALY = 4  # nodes remember the user's line
# ``code < INTERPRETED`` therefore says that nothing unusual is on: the test of the hot paths.


class Mode(threading.local):
    """The calling thread's mode.

    Attributes:
        code: the sum of ``GRAD``, ``INTERPRETED`` and ``ANOMALY`` where they are on.
        interpreter: receives operations (recorder, vmap, ...) while ``INTERPRETED`` is on. It has
            ``apply(op, inputs, params)`` and ``apply_inplace(op, target, others, params)``.
        saving: the hooks that what the graph saves goes through, or ``None``.
        inference: whether ``inference_mode`` is on.
        check_nan: whether anomaly mode stops a backward pass at a nan.
    """

    code = GRAD
    interpreter: Any = None
    saving: Any = None
    inference = False
    check_nan = True


MODE = Mode()


def is_grad_enabled() -> bool:
    """Whether operations on tensors that require a gradient are recorded in this thread.

    Example:
        >>> import flambeau as fb
        >>> with fb.no_grad():
        ...     fb.is_grad_enabled()
        False
    """
    return bool(MODE.code & GRAD)


def set_grad(enabled: bool) -> bool:
    """Switch recording on or off in this thread; returns what it was."""
    before = bool(MODE.code & GRAD)
    MODE.code = (MODE.code | GRAD) if enabled else (MODE.code & ~GRAD)
    return before


class unrecorded:
    """``with unrecorded():`` runs operations at once, also while a function is recorded.

    For state that must exist before the recorded operations, such as an optimizer's.
    """

    def __enter__(self) -> None:
        self.before = MODE.code
        MODE.code &= ~INTERPRETED

    def __exit__(self, *error: object) -> None:
        MODE.code |= self.before & INTERPRETED
