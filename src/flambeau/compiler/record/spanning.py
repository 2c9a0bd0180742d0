"""The array that spans the memory which a tensor's array is a view of."""

from __future__ import annotations

import numpy as np


def spanning(array: np.ndarray) -> np.ndarray:
    """The largest array of the same type that ``array`` is a view of; itself if it is none."""
    whole = array
    while isinstance(whole.base, np.ndarray):
        whole = whole.base
        if whole.dtype == array.dtype:
            array = whole
    return array
