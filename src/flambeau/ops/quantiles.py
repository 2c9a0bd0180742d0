"""Quantiles, and reductions that leave nan out."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.shapes import wrap_dim
from flambeau.core.spec import Spec
from flambeau.ops.numpy_style import numpy_names
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.reduction import (
    SUM,
    add_along,
    dimensions,
    expand_reduced,
    kind_of,
    reduced_dims,
    reduced_shape,
    refuse,
    sum_type,
)
from flambeau.ops.single import apply_one
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.interpreting import in_single_precision
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


# --- sums and means without nan -----------------------------------------------------------------


def _nansum(array: np.ndarray, dim: tuple[int, ...], keepdim: bool, dtype: Any) -> Any:
    if array.dtype.kind == "c":
        raise TypeError  # infer says why
    kept = np.where(array != array, array.dtype.type(0), array)
    return add_along(kept, dim, keepdim, sum_type(array.dtype, dtype))


def _nansum_spec(x: Any, dim: tuple[int, ...], keepdim: bool, dtype: Any) -> Spec:
    if x.dtype.kind == "c":
        raise refuse("nansum", "not defined on complex tensors", "real numbers", x)
    return Spec(reduced_shape(x.shape, dim, keepdim), sum_type(x.dtype, dtype))


NANSUM = Operation(
    "nansum",
    inputs="input",
    params="dim keepdim dtype",
    evaluate=_nansum,
    infer=_nansum_spec,
    gradient={
        "input": lambda g, input, dim, keepdim: PUBLIC["where"](
            input != input, 0, expand_reduced(g, input._array.shape, dim, keepdim)
        )
    },
    decompose=lambda input, dim, keepdim, dtype: apply(
        SUM, (PUBLIC["where"](input != input, 0, input),), (dim, keepdim, dtype)
    ),
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)),), params=((1,), False, None)),
        make.sample(inputs=(make.tensor((2, 3)),), params=((0, 1), True, None)),
        make.sample(inputs=(make.tensor(()),), params=((), False, None)),
        make.sample(inputs=(make.tensor((0,)),), params=((0,), False, None)),
    ],
)


@public(method=True)
def nansum(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """The sum over all dimensions, or over some, with nan as 0.

    Args:
        input: a real tensor.
        dim: a dimension, a tuple of them, or ``None`` for all.
        keepdim: keep the reduced dimensions with size 1.
        dtype: the type to convert to before summing.
        out: a tensor to write the result into.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        RuntimeError: for complex tensors.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.nansum(fb.tensor([1., float("nan"), 4.]))
        tensor(5.)
    """
    if axis is not None or keepdims is not None:
        dim, keepdim = numpy_names("nansum", dim, None, keepdim, axis, keepdims)
    dims = reduced_dims("nansum", dim, dimensions("nansum", input))
    result = apply_one(NANSUM, input, (dims, bool(keepdim), kind_of(dtype)))
    return result if out is None else write_out("nansum", out, result)


@public(method=True)
def nanmean(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """The mean, over all dimensions or over some, of the elements that are not nan.

    Args:
        input: a floating-point tensor.
        dim: a dimension, a tuple of them, or ``None`` for all.
        keepdim: keep the reduced dimensions with size 1.
        dtype: the type to convert to before summing.
        out: a tensor to write the result into.

    Shape: the input's without ``dim`` (or with size 1 there). Of nothing but nan it is nan.

    Raises:
        RuntimeError: for integers and truth values.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.nanmean(fb.tensor([1., float("nan"), 4.]))
        tensor(2.5000)
    """
    if axis is not None or keepdims is not None:
        dim, keepdim = numpy_names("nanmean", dim, None, keepdim, axis, keepdims)
    if input._array.dtype.kind in "iub":
        raise refuse(
            "nanmean", "needs a floating-point or complex tensor", "such a tensor", input._array,
            help="convert with .float()",
        )  # fmt: skip
    dims = reduced_dims("nanmean", dim, dimensions("nanmean", input))
    total = nansum(input, dims, keepdim, dtype=dtype)
    values: Any = input.detach()  # type: ignore[attr-defined]
    count = apply(SUM, (values == values,), (dims, bool(keepdim), None))
    result = total / count  # type: ignore[operator]
    return result if out is None else write_out("nanmean", out, result)


# --- quantiles ----------------------------------------------------------------------------------


def _check(name: str, input: Any, q: Any, interpolation: str) -> None:
    if input._array.dtype.kind != "f" or input._array.dtype.itemsize < 4:
        raise refuse(name, "has a wrong type", "a float32 or float64 tensor", input._array)
    if not input._array.size:
        raise RuntimeError(
            message(f"{name}: the tensor is empty", expected="at least one element", got="none")
        )
    if interpolation not in INTERPOLATIONS:
        raise RuntimeError(
            message(
                f"{name}: unknown interpolation",
                expected=", ".join(INTERPOLATIONS),
                got=repr(interpolation),
            )
        )
    if isinstance(q, Tensor):
        if q._array.ndim > 1 or q._array.dtype != input._array.dtype:
            raise RuntimeError(
                message(
                    f"{name}: q does not fit",
                    expected=f"a number, or a vector of type {input.dtype}",
                    got=f"shape {tuple(q._array.shape)} of type {q.dtype}",
                )
            )
    elif not 0 <= q <= 1:
        raise RuntimeError(
            message(f"{name}: q is out of range", expected="q from 0 to 1", got=str(q))
        )


def _interpolated(rows: Any, ranks: Any, interpolation: str) -> Any:
    """Values of sorted rows at ranks that lie between two of them."""
    if interpolation == "nearest":
        return rows.gather(-1, ranks.round().long())
    if interpolation == "higher":
        return rows.gather(-1, ranks.ceil().long())
    below = ranks.floor()
    low = rows.gather(-1, below.long())
    if interpolation == "lower":
        return low
    high = rows.gather(-1, ranks.ceil().long())
    if interpolation == "midpoint":
        return low + (high - low) * 0.5
    weight = ranks - below
    away = high - low
    # From the nearer end, so that a weight of 1 gives the upper value exactly.
    return PUBLIC["where"](weight < 0.5, low + away * weight, high - away * (1 - weight))


def _quantile(
    name: str, input: Any, q: Any, dim: Any, keepdim: bool, interpolation: str, ignore_nan: bool
) -> Tensor:
    _check(name, input, q, interpolation)
    shape = input._array.shape
    if dim is None or not shape:
        axis = None
        rows = input.reshape(-1).sort(-1)[0]
    else:
        axis = wrap_dim(name, dim, len(shape))
        rows = input.transpose(axis, -1).sort(-1)[0]
    places = q if isinstance(q, Tensor) else PUBLIC["full"]((), q, dtype=input.dtype)
    vector = places.reshape(-1)
    nan = rows.detach() != rows.detach()
    size = rows._array.shape[-1]
    if ignore_nan:
        count = size - nan.sum(-1, True)
        ranks = (vector * (count - 1).to(input.dtype)).clamp(min=0)
    else:
        ranks = vector * float(size - 1)
        ranks = PUBLIC["where"](nan.any(-1, True), float(size - 1), ranks)
    found = _interpolated(rows, ranks, interpolation)  # (..., number of q)
    if axis is None:
        found = found.reshape(((1,) * len(shape) if keepdim else ()) + (-1,))
    else:
        found = found.unsqueeze(-2).transpose(axis, -2)
        found = found if keepdim else found.squeeze(axis)
    return found.movedim(-1, 0) if places._array.ndim else found.squeeze(-1)


@public(method=True)
@in_single_precision
def quantile(
    input: Tensor,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
    out: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """The values below which given parts of the elements lie; nan if there is a nan.

    Args:
        input: a float32 or float64 tensor.
        q: a number from 0 to 1, or a vector of them.
        dim: a dimension, or ``None`` for all.
        keepdim: keep the reduced dimension with size 1.
        interpolation: what lies between two elements: ``"linear"``, ``"lower"``, ``"higher"``,
            ``"midpoint"`` or ``"nearest"``.
        out: a tensor to write the result into.

    Shape: the input's without ``dim`` (or with size 1 there); behind a leading dimension for the
    entries of ``q``, if that is a vector.

    Raises:
        RuntimeError: for other types, an empty input, ``q`` out of range, or an unknown
            interpolation.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.quantile(fb.tensor([0., 1., 2., 3.]), 0.6)
        tensor(1.8000)
    """
    if axis is not None or keepdims is not None:
        dim, keepdim = numpy_names("quantile", dim, None, keepdim, axis, keepdims)
    result = _quantile("quantile", input, q, dim, keepdim, interpolation, False)
    return result if out is None else write_out("quantile", out, result)


@public(method=True)
@in_single_precision
def nanquantile(
    input: Tensor,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
    out: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Quantiles of the elements that are not nan, as :func:`quantile` gives them.

    Args:
        input: a float32 or float64 tensor.
        q: a number from 0 to 1, or a vector of them.
        dim: a dimension, or ``None`` for all.
        keepdim: keep the reduced dimension with size 1.
        interpolation: what lies between two elements: ``"linear"``, ``"lower"``, ``"higher"``,
            ``"midpoint"`` or ``"nearest"``.
        out: a tensor to write the result into.

    Shape: as that of :func:`quantile`. Of nothing but nan it is nan.

    Raises:
        RuntimeError: for other types, an empty input, ``q`` out of range, or an unknown
            interpolation.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.nanquantile(fb.tensor([0., float("nan"), 2.]), 0.5)
        tensor(1.)
    """
    if axis is not None or keepdims is not None:
        dim, keepdim = numpy_names("nanquantile", dim, None, keepdim, axis, keepdims)
    result = _quantile("nanquantile", input, q, dim, keepdim, interpolation, True)
    return result if out is None else write_out("nanquantile", out, result)
