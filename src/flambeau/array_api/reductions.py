"""One number for many: sums, extremes, statistics."""

from __future__ import annotations

from typing import Any

from flambeau.array_api.types import isdtype
from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.ops.publish import PUBLIC
from flambeau.tensor.tensor import Tensor

Axis = int | tuple[int, ...] | None


def _axes(x: Tensor, axis: Axis) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(x._array.ndim))
    return (axis,) if isinstance(axis, int) else axis


def _sum_type(x: Tensor, dtype: Any) -> Any:
    """Integers are summed in 64 bits unless the caller says otherwise."""
    if dtype is not None:
        return dtype
    if isdtype(x.dtype, "unsigned integer"):
        return dtypes.uint64
    return dtypes.int64 if isdtype(x.dtype, "signed integer") else x.dtype


def sum(x: Tensor, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Tensor:
    """The sum over axes, over all if ``None``."""
    axes, kind = _axes(x, axis), _sum_type(x, dtype)
    if not axes:
        return x.to(kind)  # type: ignore[attr-defined]
    return PUBLIC["sum"](x, axes, keepdims, dtype=kind)


def prod(x: Tensor, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Tensor:
    """The product over axes, over all if ``None``."""
    result = x.to(_sum_type(x, dtype))  # type: ignore[attr-defined]
    rank = x._array.ndim
    axes = sorted({a % rank for a in _axes(x, axis)}, reverse=True) if rank else []
    for each in axes:
        result = PUBLIC["prod"](result, each, keepdims, dtype=result.dtype)
    return result


def max(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest element over axes, over all if ``None``."""
    axes = _axes(x, axis)
    return PUBLIC["amax"](x, axes, keepdims) if axes else x.clone()  # type: ignore[attr-defined]


def min(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest element over axes, over all if ``None``."""
    axes = _axes(x, axis)
    return PUBLIC["amin"](x, axes, keepdims) if axes else x.clone()  # type: ignore[attr-defined]


def mean(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean over axes, over all if ``None``."""
    axes = _axes(x, axis)
    return PUBLIC["mean"](x, axes, keepdims) if axes else x.clone()  # type: ignore[attr-defined]


def std(
    x: Tensor, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> Tensor:
    """The standard deviation over axes, with ``N - correction`` in the denominator."""
    axes = _axes(x, axis)
    if not axes:
        return PUBLIC["zeros_like"](x)
    return PUBLIC["std"](x, axes, correction=correction, keepdim=keepdims)


def var(
    x: Tensor, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> Tensor:
    """The variance over axes, with ``N - correction`` in the denominator."""
    axes = _axes(x, axis)
    if not axes:
        return PUBLIC["zeros_like"](x)
    return PUBLIC["var"](x, axes, correction=correction, keepdim=keepdims)


def all(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether all elements along axes are true."""
    axes = _axes(x, axis)
    return PUBLIC["all"](x, axes, keepdims) if axes else x.bool()  # type: ignore[attr-defined]


def any(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether some element along axes is true."""
    axes = _axes(x, axis)
    return PUBLIC["any"](x, axes, keepdims) if axes else x.bool()  # type: ignore[attr-defined]


def count_nonzero(x: Tensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """How many elements along axes are not zero."""
    return sum((x != 0).to(dtypes.int64), axis=axis, keepdims=keepdims)  # type: ignore[attr-defined]


def argmax(x: Tensor, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the first largest element along an axis, or in the flattened array."""
    return _position("argmax", x, axis, keepdims)


def argmin(x: Tensor, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the first smallest element along an axis, or in the flattened array."""
    return _position("argmin", x, axis, keepdims)


def _position(name: str, x: Tensor, axis: int | None, keepdims: bool) -> Tensor:
    if axis is not None:
        return PUBLIC[name](x, axis, keepdims)
    found = PUBLIC[name](x)
    return found.reshape((1,) * x._array.ndim) if keepdims else found


def _cumulative(
    name: str, x: Tensor, axis: int | None, dtype: Any, include_initial: bool, first: int
) -> Tensor:
    rank = x._array.ndim
    if axis is None:
        if rank != 1:
            raise ValueError(
                message(
                    f"cumulative_{'sum' if first == 0 else 'prod'}: the axis is missing",
                    expected="axis= for an array that has not one dimension",
                    got=f"shape {tuple(x.shape)}",
                )
            )
        axis = 0
    found = PUBLIC[name](x, axis, dtype=_sum_type(x, dtype))
    if not include_initial:
        return found
    shape = list(found.shape)
    shape[axis] = 1
    return PUBLIC["cat"]((PUBLIC["full"](shape, first, dtype=found.dtype), found), axis)


def cumulative_sum(
    x: Tensor,
    /,
    *,
    axis: int | None = None,
    dtype: Any = None,
    include_initial: bool = False,
) -> Tensor:
    """Sums of the elements up to each one."""
    return _cumulative("cumsum", x, axis, dtype, include_initial, 0)


def cumulative_prod(
    x: Tensor,
    /,
    *,
    axis: int | None = None,
    dtype: Any = None,
    include_initial: bool = False,
) -> Tensor:
    """Products of the elements up to each one."""
    return _cumulative("cumprod", x, axis, dtype, include_initial, 1)


def diff(
    x: Tensor,
    /,
    *,
    axis: int = -1,
    n: int = 1,
    prepend: Tensor | None = None,
    append: Tensor | None = None,
) -> Tensor:
    """The ``n``-th differences of neighbours along an axis."""
    return PUBLIC["diff"](x, n, axis, prepend, append)
