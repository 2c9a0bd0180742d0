"""New arrays."""

from __future__ import annotations

from typing import Any

from flambeau.core import dtypes
from flambeau.ops.publish import PUBLIC
from flambeau.tensor import construction, exchange
from flambeau.tensor.tensor import Tensor


def _size(shape: Any) -> tuple[int, ...]:
    return (shape,) if isinstance(shape, int) else tuple(shape)


def asarray(
    obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None
) -> Tensor:
    """An array of numbers, sequences, arrays, or what has a buffer; shared where it can be."""
    return construction.asarray(obj, dtype=dtype, device=device, copy=copy)


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """An array of another library, in its own memory unless ``copy`` is true."""
    return exchange.from_dlpack(x, device=device, copy=copy)


def arange(
    start: float,
    /,
    stop: float | None = None,
    step: float = 1,
    *,
    dtype: Any = None,
    device: Any = None,
) -> Tensor:
    """Evenly spaced numbers from ``start`` up to, but not including, ``stop``."""
    if stop is None:
        start, stop = 0, start
    if (stop - start) / step <= 0:
        return PUBLIC["arange"](0, 0, 1, dtype=dtype or _kind_of(start, stop, step))
    return PUBLIC["arange"](start, stop, step, dtype=dtype, device=device)


def _kind_of(*numbers: float) -> Any:
    is_real = any(isinstance(x, float) for x in numbers)
    return dtypes.get_default_dtype() if is_real else dtypes.int64


def empty(shape: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """An array whose elements are not set."""
    return PUBLIC["empty"](_size(shape), dtype=dtype, device=device)


def zeros(shape: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """An array of zeros."""
    return PUBLIC["zeros"](_size(shape), dtype=dtype, device=device)


def ones(shape: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """An array of ones."""
    return PUBLIC["ones"](_size(shape), dtype=dtype, device=device)


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """An array of one number."""
    return PUBLIC["full"](_size(shape), fill_value, dtype=dtype, device=device)


def empty_like(x: Tensor, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """An array of the shape and type of another, whose elements are not set."""
    return PUBLIC["empty_like"](x, dtype=dtype, device=device)


def zeros_like(x: Tensor, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Zeros of the shape and type of another array."""
    return PUBLIC["zeros_like"](x, dtype=dtype, device=device)


def ones_like(x: Tensor, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Ones of the shape and type of another array."""
    return PUBLIC["ones_like"](x, dtype=dtype, device=device)


def full_like(x: Tensor, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """One number in the shape and type of another array."""
    return PUBLIC["full_like"](x, fill_value, dtype=dtype, device=device)


def eye(
    n_rows: int,
    n_cols: int | None = None,
    /,
    *,
    k: int = 0,
    dtype: Any = None,
    device: Any = None,
) -> Tensor:
    """A matrix with ones on its ``k``-th diagonal."""
    columns = n_rows if n_cols is None else n_cols
    made = PUBLIC["zeros"]((n_rows, columns), dtype=dtype, device=device)
    if -n_rows < k < columns:
        PUBLIC["diagonal"](made, k).fill_(1)
    return made


def linspace(
    start: complex,
    stop: complex,
    /,
    num: int,
    *,
    dtype: Any = None,
    device: Any = None,
    endpoint: bool = True,
) -> Tensor:
    """``num`` evenly spaced numbers from ``start`` to ``stop``, with or without the last."""
    if endpoint:
        return PUBLIC["linspace"](start, stop, num, dtype=dtype, device=device)
    return PUBLIC["linspace"](start, stop, num + 1, dtype=dtype, device=device)[:num]


def meshgrid(*arrays: Tensor, indexing: str = "xy") -> tuple[Tensor, ...]:
    """Matrices of coordinates of a grid."""
    return tuple(PUBLIC["meshgrid"](*arrays, indexing=indexing))


def tril(x: Tensor, /, *, k: int = 0) -> Tensor:
    """Matrices with zeros above their ``k``-th diagonal."""
    return PUBLIC["tril"](x, k)


def triu(x: Tensor, /, *, k: int = 0) -> Tensor:
    """Matrices with zeros below their ``k``-th diagonal."""
    return PUBLIC["triu"](x, k)
