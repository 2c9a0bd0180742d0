"""The way from the lower rooms to native code for single operations on large arrays.

The compiler stands above the rooms whose arrays are large. They reach its kernels through here, by
name and only when they are worth their loading.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from importlib import import_module
from types import ModuleType

import numpy as np

KERNELS = "flambeau.compiler.kernels"
ENGINE = "flambeau.compiler.run.engine"

# Loading the compiler (60 ms, once) and a kernel (3 ms) is not worth it for fewer elements.
LEAST = 2**15


@lru_cache(maxsize=1)
def kernels() -> ModuleType | None:
    """The compiler's kernels, loaded if need be; ``None`` without llvmlite or where
    ``FLAMBEAU_COMPILE=0`` switches native code off."""
    if os.environ.get("FLAMBEAU_COMPILE") == "0" or not import_module(ENGINE).is_available():
        return None
    return import_module(KERNELS)


# By so many elements NumPy has lost the time that loading takes.
ENOUGH = 2**21
_asked = [0]  # elements that kernels_for() was asked about


def kernels_for(size: int) -> ModuleType | None:
    """The kernels if they are loaded, or worth it: for ``size`` elements, or by all that was asked
    for before.

    For what gives the same bits either way.
    """
    _asked[0] += size
    worth = size >= LEAST or _asked[0] >= ENOUGH or ENGINE in sys.modules
    return kernels() if worth else None


def plain(x: np.ndarray) -> np.ndarray:
    """An array as native code takes it: row-major, aligned, of NumPy's own class; a copy if need
    be."""
    x = np.ascontiguousarray(x)
    return x if x.flags.aligned else x.copy()
