"""Large arrays: functions that NumPy takes several sweeps for are computed by native code.

Where llvmlite is installed, an elementwise function of at least :data:`LEAST` elements runs as one
compiled sweep (:mod:`flambeau.compiler.kernels`), with the elements' expression that compiled
programs use. Which way is taken depends on the size alone, so results can be repeated bit for bit.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np

# Loading the compiler (60 ms, once) and a kernel (3 ms) is not worth it for less.
LEAST = 2**15


def in_one_sweep(name: str, function: Callable, scalar: Callable | None, count: int) -> Callable:
    """NumPy's meaning of an elementwise record, native from :data:`LEAST` elements on.

    Args:
        name: of the record.
        function: its meaning on operands of the computing type, which is the result's, too.
        scalar: its expression for one element.
        count: how many operands it has; what follows are parameters.
    """
    if scalar is None or isinstance(function, np.ufunc):
        return function

    def meaning(x: Any, *others: Any) -> Any:
        if x.size >= LEAST:
            operands = (x, *others[: count - 1])
            found = _native()(name, scalar, operands, others[count - 1 :])
            if found is not None:
                return found
        return function(x, *others)

    return meaning


def _none(*arguments: Any) -> None:
    """Without a compiler nothing is native."""


@lru_cache(maxsize=1)
def _native() -> Callable:
    """The compiler's function, imported when it is first needed."""
    engine = import_module("flambeau.compiler.run.engine")
    if engine.is_available() and os.environ.get("FLAMBEAU_COMPILE") != "0":
        return import_module("flambeau.compiler.kernels").elementwise
    return _none
