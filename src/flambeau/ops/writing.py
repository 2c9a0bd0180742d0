"""``out=``: write a result into a tensor that the user gives."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.memory import owner
from flambeau.tensor.dispatch import bump
from flambeau.tensor.modes import GRAD, INTERPRETED, MODE
from flambeau.tensor.tensor import Tensor


def write_out(
    name: str, out: Any, result: Any, exact: bool = False, apart: tuple[Any, ...] = ()
) -> Any:
    """Store ``result`` in ``out``, resizing an ``out`` of another shape, and return ``out``.

    Args:
        name: the operation, for errors.
        out: a tensor, or a tuple of them for operations with several outputs.
        result: what the operation returned.
        exact: whether ``out`` must be of the result's type.
        apart: tensors whose memory ``out`` must not share.

    Raises:
        RuntimeError: if a gradient is recorded, ``out`` cannot hold the result's type, or its
            elements share memory.
    """
    if isinstance(result, tuple):
        written = [write_out(name, o, r, exact, apart) for o, r in zip(out, result, strict=True)]
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
    if not dtypes.can_cast(from_, to) or (exact and from_ is not to):
        raise RuntimeError(
            message(
                f"{name}: result type {from_} can't be cast to the type of out",
                expected=f"an out of type {from_}" if exact else f"an out that can hold {from_}",
                got=str(to),
            )
        )
    if MODE.code & INTERPRETED:
        out.copy_(result)  # type: ignore[attr-defined]
        return out
    array = out._array
    if _overlaps(array, result._array.shape, apart):
        raise RuntimeError(
            message(
                f"{name}: elements of out share their memory",
                expected="a tensor whose elements have places of their own, apart from the inputs'",
                got=f"shape {tuple(array.shape)} with strides {out.stride()}",
                help="clone it first",
            )
        )
    if array.shape != result._array.shape:
        out._array = np.empty(result._array.shape, out._array.dtype)
    np.copyto(out._array, result._array, casting="unsafe")
    bump(out)
    return out


def _overlaps(array: Any, shape: tuple[int, ...], apart: tuple[Any, ...]) -> bool:
    """Whether elements share memory, with one another or with a tensor."""
    if 0 in array.strides and array.size > 1:
        return any(n > 1 and s == 0 for n, s in zip(array.shape, array.strides, strict=True))
    if apart and array.shape != shape:  # it would grow, in the buffer that it is a part of
        buffer = owner(array)
        return any(owner(x._array) is buffer for x in apart)
    return bool(apart) and any(np.may_share_memory(array, x._array) for x in apart)
