"""Products and running products, with gradients that are exact where factors are 0.

The gradient of a running product is a linear recurrence, and so is the gradient of that; nothing
is divided by a factor that may be 0, at any order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.shapes import wrap_dim
from flambeau.core.spec import Spec
from flambeau.ops.numpy_style import axis_as_dim, numpy_names
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.reduction import (
    dimensions,
    is_reduced,
    kind_of,
    multiply_reduce,
    reduced_shape,
    sum_type,
    widened,
)
from flambeau.ops.scans import running, scan_samples
from flambeau.ops.single import apply_one
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

# --- h[i] = decay[i] * h[i-1] + drive[i] --------------------------------------------------------


def _recurrence(decay: np.ndarray, drive: np.ndarray, dim: int, reverse: bool) -> np.ndarray:
    out = np.empty(drive.shape, widened(drive).dtype)
    a, b, h = (np.moveaxis(widened(x), dim, 0) for x in (decay, drive, out))
    if reverse:
        a, b, h = a[::-1], b[::-1], h[::-1]
    for step in range(len(h)):
        h[step] = b[step] + a[step] * h[step - 1] if step else b[step]
    return out.astype(drive.dtype, copy=False)


def _before(x: Any, dim: int, reverse: bool, first: int) -> Tensor:
    """The element that came one step earlier, ``first`` in place of what came before all."""
    size = x._array.shape[dim]
    start = PUBLIC["full_like"](x.narrow(dim, 0, 1), first)
    parts = (x.narrow(dim, 1, size - 1), start) if reverse else (start, x.narrow(dim, 0, size - 1))
    return PUBLIC["cat"](parts, dim)


def _recurrence_gradient(
    g: Tensor, decay: Tensor, out: Tensor, dim: int, reverse: bool
) -> tuple[Tensor, Tensor]:
    if not out._array.size:
        return g, g
    # The gradient runs the other way; its factor at a step is the next step's decay.
    factor = _before(_conjugate(decay), dim, not reverse, 0)
    drive = apply(RECURRENCE, (factor, g), (dim, not reverse))
    return drive * _conjugate(_before(out, dim, reverse, 0)), drive  # type: ignore[operator]


def _conjugate(x: Any) -> Tensor:
    return x.conj() if x._array.dtype.kind == "c" else x


RECURRENCE = Operation(
    "linear_recurrence",
    inputs="decay drive",
    params="dim reverse",
    evaluate=_recurrence,
    infer=lambda decay, drive, dim, reverse: Spec(drive.shape, drive.dtype),
    gradient=_recurrence_gradient,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 4)), make.tensor((2, 4))), params=(1, False)),
        make.sample(inputs=(make.tensor((4, 2)), make.tensor((4, 2))), params=(0, True)),
        make.sample(inputs=(make.tensor((0, 2)), make.tensor((0, 2))), params=(0, True)),
    ],
)


# --- cumprod ------------------------------------------------------------------------------------


def _cumprod_gradient(g: Any, input: Any, out: Any, dim: int) -> Any:
    if not input._array.shape or not input._array.size:
        return g
    factor = _before(_conjugate(input), dim, True, 0)
    later = apply(RECURRENCE, (factor, g), (dim, True))
    return later * _conjugate(_before(out, dim, False, 1))


CUMPROD = Operation(
    "cumprod",
    inputs="input",
    params="dim dtype",
    evaluate=lambda array, dim, dtype: running(
        np.multiply, array, dim, sum_type(array.dtype, dtype)
    ),
    infer=lambda x, dim, dtype: Spec(x.shape, sum_type(x.dtype, dtype)),
    gradient={"input": _cumprod_gradient},
    samples=lambda make: scan_samples(make, None),
)


@public(method=True)
def cumprod(
    input: Tensor, dim: Any = None, *, dtype: Any = None, out: Any = None, axis: Any = None
) -> Tensor:
    """Running products along a dimension; gradients are exact where factors are 0.

    :math:`out_i = Π_{j ≤ i} input_j`

    Args:
        input: a tensor; integers and truth values are multiplied as int64.
        dim: the dimension to run along.
        dtype: the type to convert to first.
        out: a tensor to write the result into.

    Shape: the input's.

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1., 2., 3.]).cumprod(0)
        tensor([1., 2., 6.])
    """
    if axis is not None:
        dim = axis_as_dim("cumprod", dim, None, axis)
    dim = wrap_dim("cumprod", dim, dimensions("cumprod", input))
    result = apply_one(CUMPROD, input, (dim, kind_of(dtype)))
    return result if out is None else write_out("cumprod", out, result)


@public(method=True, function=False)
def cumprod_(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """In-place version of :func:`flambeau.cumprod`; returns the tensor itself."""
    dim = wrap_dim("cumprod_", dim, dimensions("cumprod_", input))
    return apply_inplace(CUMPROD, input, (), (dim, kind_of(dtype)))


# --- prod ---------------------------------------------------------------------------------------


def _multiply_along(array: np.ndarray, dim: Any, keepdim: bool, kind: np.dtype) -> Any:
    if is_reduced(kind):  # round once
        wide = array.astype(kind).astype(np.float32)
        return multiply_reduce(wide, dim, np.float32, None, keepdim).astype(kind)
    return multiply_reduce(array, dim, kind, None, keepdim)


def _others(x: Any, dim: int) -> Tensor:
    """For each element the product of all others along ``dim``."""
    before = _before(x.cumprod(dim), dim, False, 1)
    behind = _before(x.flip(dim).cumprod(dim), dim, False, 1).flip(dim)  # type: ignore[attr-defined]
    return _conjugate(before * behind)  # type: ignore[operator]


def _prod_gradient(g: Any, input: Any, dim: int, keepdim: bool) -> Tensor:
    shape = input._array.shape
    if not shape:
        return g
    g = g if keepdim else g.unsqueeze(dim)
    return (g * _others(input, dim)) if input._array.size else g.expand(shape)


def _kept(shape: tuple[int, ...], dim: int, keepdim: bool) -> tuple[int, ...]:
    return reduced_shape(shape, (dim,), keepdim) if shape else ()


PROD = Operation(
    "prod",
    inputs="input",
    params="dim keepdim dtype",
    evaluate=lambda array, dim, keepdim, dtype: _multiply_along(
        array, dim if array.ndim else None, keepdim, sum_type(array.dtype, dtype)
    ),
    infer=lambda x, dim, keepdim, dtype: Spec(
        _kept(x.shape, dim, keepdim), sum_type(x.dtype, dtype)
    ),
    gradient={"input": _prod_gradient},
    node_name="ProdBackward1",
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)),), params=(1, False, None)),
        make.sample(inputs=(make.transposed((3, 4)),), params=(0, True, None)),
        make.sample(inputs=(make.tensor(()),), params=(0, False, None)),
        make.sample(inputs=(make.tensor((0, 3)),), params=(0, False, None)),
    ],
)


def _prod_all_gradient(g: Any, input: Any) -> Any:
    shape = input._array.shape
    if not shape or not input._array.size:
        return g.expand(shape)
    return (g * _others(input.reshape(-1), 0)).reshape(shape)


PROD_ALL = Operation(
    "prod_all",
    inputs="input",
    params="dtype",
    evaluate=lambda array, dtype: _multiply_along(array, None, False, sum_type(array.dtype, dtype)),
    infer=lambda x, dtype: Spec((), sum_type(x.dtype, dtype)),
    gradient={"input": _prod_all_gradient},
    decompose=lambda input, dtype: apply(PROD, (input.reshape(-1),), (0, False, dtype)),
    node_name="ProdBackward0",
    samples=lambda make: [
        make.sample(inputs=(make.tensor(shape),), params=(None,)) for shape in [(), (0,), (2, 3)]
    ],
)


@public(method=True)
def prod(
    input: Tensor,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """The product over all dimensions, or over one; gradients are exact where factors are 0.

    :math:`out = Π_i input_i`

    Args:
        input: a tensor; integers and truth values are multiplied as int64.
        dim: a dimension, or ``None`` for all.
        keepdim: keep the reduced dimension with size 1.
        dtype: the type to convert to first.
        out: a tensor to write the result into.

    Shape: the input's without ``dim`` (or with size 1 there). The product of nothing is 1.

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[1., 2.], [3., 4.]]).prod(dim=1)
        tensor([ 2., 12.])
    """
    if axis is not None or keepdims is not None:
        dim, keepdim = numpy_names("prod", dim, None, keepdim, axis, keepdims)
    if dim is None:
        result = apply_one(PROD_ALL, input, (kind_of(dtype),))
    else:
        dim = wrap_dim("prod", dim, dimensions("prod", input))
        result = apply_one(PROD, input, (dim, bool(keepdim), kind_of(dtype)))
    return result if out is None else write_out("prod", out, result)
