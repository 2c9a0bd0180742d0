"""Truth values inside transformations: whether a decision can be taken, and which."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.func.batching.held import Batched
from flambeau.func.forward.level import Dual
from flambeau.func.level import Level
from flambeau.tensor.construction import tensor
from flambeau.tensor.dispatch import apply
from flambeau.tensor.interpreting import Passing
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor


def known_values(x: Tensor) -> tuple[np.ndarray | None, bool]:
    """The values of a tensor below all transformations, and whether examples are among them.

    The values are ``None`` in a function that is being compiled: they are another at each call.
    """
    array, is_batched = x._array, False
    while isinstance(array, (Dual, Batched)):
        is_batched = is_batched or (isinstance(array, Batched) and array.is_batched)
        array = array.parts()[0]._array  # type: ignore[union-attr]
    return (None if is_recording() else array), is_batched


def is_recording() -> bool:
    """Whether an interpreter at the bottom records, so that no values are known."""
    interpreter = MODE.interpreter if MODE.code & INTERPRETED else None
    while isinstance(interpreter, (Level, Passing)):
        interpreter = interpreter.outer
    return interpreter is not None


def decided(condition: Any) -> bool | None:
    """The truth of a condition; ``None`` if it is not known, or differs between examples."""
    if not isinstance(condition, Tensor):
        return bool(condition)
    values, is_batched = known_values(condition)
    return None if values is None or is_batched else bool(values)


def truth(x: Any) -> Tensor:
    """A condition as a 0-d tensor of type bool."""
    x = x if isinstance(x, Tensor) else tensor(x)
    x = x if x.ndim == 0 else apply(REGISTRY["reshape"], (x,), ((),))
    return apply(REGISTRY["to_dtype"], (x,), (dtypes.bool_.numpy,))
