"""Composite operations on float16 and bfloat16."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.core import dtypes

REDUCED = (dtypes.float16.numpy, dtypes.bfloat16.numpy)


def in_single_precision(evaluate: Callable[..., Any]) -> Callable[..., Any]:
    """Let an operation compute float16 and bfloat16 in float32, and round its results once.

    Args:
        evaluate: gives a tuple of arrays; the first array that it is given says the type.
    """

    def call(*given: Any) -> Any:
        kind = next(x.dtype for x in given if x.__class__ is np.ndarray)
        if kind not in REDUCED:
            return evaluate(*given)
        wide = [
            x.astype(np.float32) if x.__class__ is np.ndarray and x.dtype is kind else x
            for x in given
        ]
        return tuple([x.astype(kind) for x in evaluate(*wide)])

    return call
