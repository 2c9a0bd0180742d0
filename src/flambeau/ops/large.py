"""Large arrays: functions that NumPy takes several sweeps for are computed by native code.

Where llvmlite is installed, an elementwise function of at least ``LEAST`` elements
(:mod:`flambeau.core.native`) runs as one compiled sweep (:mod:`flambeau.compiler.kernels`), with
the elements' expression that compiled programs use. Which way is taken depends on the size alone,
so results can be repeated bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.core.native import LEAST, kernels


def in_one_sweep(name: str, function: Callable, scalar: Callable | None, count: int) -> Callable:
    """NumPy's meaning of an elementwise record, native for large arrays.

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
            native = kernels()
            operands, params = (x, *others[: count - 1]), others[count - 1 :]
            found = native and native.elementwise(name, scalar, operands, params)
            if found is not None:
                return found
        return function(x, *others)

    return meaning
