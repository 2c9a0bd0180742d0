"""What users write for a Fourier transform, as the records take it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, message
from flambeau.core.shapes import wrap_dim
from flambeau.ops.fourier import FULL, NONE, ROOT, complex_kind, fitted
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.interpreting import in_single_precision
from flambeau.tensor.tensor import Tensor


def scale_of(name: str, norm: str | None, forward: bool) -> int:
    """How a transform is scaled.

    Raises:
        RuntimeError: for an unknown ``norm``.
    """
    if norm not in (None, "backward", "forward", "ortho"):
        raise RuntimeError(
            message(
                f"{name}: unknown norm",
                expected="'backward' (the usual), 'ortho' or 'forward'",
                got=repr(norm),
            )
        )
    if norm == "ortho":
        return ROOT
    return FULL if (norm == "forward") is forward else NONE


@in_single_precision
def as_complex(name: str, x: Tensor) -> Any:
    """The tensor in the complex type beside its own."""
    array = require_tensor(name, x)
    kind = _floating(name, array.dtype)
    wanted = dtypes.of(complex_kind(kind))
    return x if array.dtype == wanted.numpy else x.to(wanted)  # type: ignore[attr-defined]


@in_single_precision
def as_real(name: str, x: Tensor) -> Any:
    """The tensor in a floating-point type.

    Raises:
        RuntimeError: if it is complex.
    """
    array = require_tensor(name, x)
    if array.dtype.kind == "c":
        raise RuntimeError(
            message(
                f"{name}: a complex tensor",
                expected="real numbers",
                got=str(x.dtype),
                help="use the transform of complex numbers",
            )
        )
    kind = _floating(name, array.dtype)
    return x if array.dtype == kind else x.to(dtypes.of(kind))  # type: ignore[attr-defined]


def _floating(name: str, kind: Any) -> Any:
    kind = dtypes.as_floating(kind)
    if kind.itemsize == 2:
        raise RuntimeError(
            message(
                f"{name}: not enough precision",
                expected="float32, float64 or complex",
                got=str(dtypes.of(kind)),
                help="convert with .float()",
            )
        )
    return kind


def one_size(name: str, x: Any, n: int | None, dim: int) -> tuple[Any, int]:
    """The tensor with ``n`` elements along ``dim``, and ``dim`` from the front."""
    dim = one_dim(name, x, dim)
    if n is None:
        return x, dim
    return fitted(x, dim, positive(name, n)), dim


def one_dim(name: str, x: Any, dim: int) -> int:
    """A dimension counted from the front.

    Raises:
        IndexError: if there is no such dimension.
    """
    ndim = x._array.ndim
    if ndim == 0:
        raise IndexError(
            message(f"{name}: no dimension to transform", expected="a vector", got="shape ()")
        )
    return wrap_dim(name, dim, ndim)


def positive(name: str, n: int) -> int:
    """A number of points.

    Raises:
        RuntimeError: if there are none.
    """
    if n < 1:
        raise ShapeError(message(f"{name}: too few points", expected="n >= 1", got=str(n)))
    return int(n)


def sizes_and_dims(
    name: str, x: Any, s: Any, dim: Any
) -> tuple[tuple[int | None, ...], tuple[int, ...]]:
    """For each transformed dimension its size (``None``: as it is), and the dimensions.

    Raises:
        RuntimeError: if both do not fit, or a dimension is named twice.
        IndexError: if there is no such dimension.
    """
    ndim = x._array.ndim
    sizes = None if s is None else (s,) if isinstance(s, int) else tuple(s)
    dims = None if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    if dims is None:
        count = ndim if sizes is None else len(sizes)
        if count > ndim:
            raise _unfit(name, f"{count} sizes for {ndim} dimensions")
        dims = tuple(range(ndim - count, ndim))
    wrapped = tuple(wrap_dim(name, d, ndim) for d in dims)
    if len(set(wrapped)) != len(wrapped):
        raise _unfit(name, f"dim {tuple(dims)}, which names one twice")
    if sizes is None:
        return (None,) * len(wrapped), wrapped
    if len(sizes) != len(wrapped):
        raise _unfit(name, f"{len(sizes)} sizes for {len(wrapped)} dimensions")
    return tuple(None if n == -1 else positive(name, n) for n in sizes), wrapped


def _unfit(name: str, got: str) -> ShapeError:
    return ShapeError(
        message(
            f"{name}: sizes and dimensions do not fit",
            expected="one size for each dimension, and different dimensions",
            got=got,
        )
    )


def all_fitted(x: Any, sizes: Sequence[int | None], dims: Sequence[int]) -> Any:
    """The tensor cut off, or continued with zeros, along dimensions."""
    for n, dim in zip(sizes, dims, strict=True):
        if n is not None:
            x = fitted(x, dim, n)
    return x
