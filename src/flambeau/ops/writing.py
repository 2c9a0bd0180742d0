"""``out=``: write a result into a tensor that the user gives."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.tensor.dispatch import bump
from flambeau.tensor.modes import GRAD, INTERPRETED, MODE
from flambeau.tensor.tensor import Tensor


def write_out(name: str, out: Any, result: Any) -> Any:
    """Store ``result`` in ``out``, resizing an ``out`` of another shape, and return ``out``.

    Args:
        name: the operation, for errors.
        out: a tensor, or a tuple of them for operations with several outputs.
        result: what the operation returned.

    Raises:
        RuntimeError: if a gradient is recorded, or ``out`` cannot hold the result's type.
    """
    if isinstance(result, tuple):
        written = [write_out(name, o, r) for o, r in zip(out, result, strict=True)]
        return type(result)(*written) if hasattr(result, "_fields") else tuple(written)
    if not isinstance(out, Tensor):
        raise TypeError(
            message(f"{name}: out must be a tensor", expected="a tensor", got=type(out).__name__)
        )
    if MODE.code & GRAD and (out.requires_grad or result.requires_grad):
        raise RuntimeError(
            message(
                f"{name}: out= cannot be recorded for gradients",
                expected="tensors that require no gradient, or no_grad()",
                got="a tensor that requires a gradient",
                help="leave out= away",
            )
        )
    from_, to = result.dtype, out.dtype
    if not dtypes.can_cast(from_, to):
        raise RuntimeError(
            message(
                f"{name}: result type {from_} can't be cast to the type of out",
                expected=f"an out that can hold {from_}",
                got=str(to),
            )
        )
    if MODE.code & INTERPRETED:
        out.copy_(result)  # type: ignore[attr-defined]
        return out
    if out._array.shape != result._array.shape:
        out._array = np.empty(result._array.shape, out._array.dtype)
    np.copyto(out._array, result._array, casting="unsafe")
    bump(out)
    return out
