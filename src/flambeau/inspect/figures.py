"""Single figures of a run: what may be watched, and how it is written."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.tensor.tensor import Tensor

Figure = float | int | str


def held(value: Any) -> Any:
    """A value to be looked at later; of a tensor not more than its data."""
    return value.detach() if isinstance(value, Tensor) else value


def figure(name: str, value: Any) -> Figure:
    """A number or a text.

    Args:
        name: what it is called.
        value: a number, a tensor or array with one element, or text.

    Raises:
        TypeError: if it is none of these.
    """
    if isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, Tensor) and value.numel() == 1:
        return value.item()  # type: ignore[return-value]
    if isinstance(value, (np.ndarray, np.generic)) and value.size == 1:
        return value.item()
    raise TypeError(
        message(
            f"{name}: not a single figure",
            expected="a number, text, or a tensor with one element",
            got=f"shape {tuple(value.shape)}" if hasattr(value, "shape") else type(value).__name__,
            help="reduce it first: x.mean()",
        )
    )


def written(value: Figure) -> str:
    """A figure as people read it: four digits of a fraction, integers and text as they are."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
