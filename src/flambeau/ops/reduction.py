"""Reductions: sums, means, extremes over dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.shapes import wrap_dims
from flambeau.core.spec import Spec
from flambeau.ops.publish import public
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor


def reduced_shape(shape: tuple[int, ...], dims: tuple[int, ...], keepdim: bool) -> tuple[int, ...]:
    """The shape that is left of ``shape`` after reducing over ``dims``."""
    if keepdim:
        return tuple(1 if axis in dims else size for axis, size in enumerate(shape))
    return tuple(size for axis, size in enumerate(shape) if axis not in dims)


def expand_reduced(g: Tensor, shape: tuple[int, ...], dims: tuple[int, ...], keepdim: bool) -> Tensor:
    """A reduction's gradient (or output) spread over the input's shape again."""
    if not keepdim and dims:
        g = apply(REGISTRY["reshape"], (g,), (reduced_shape(shape, dims, True),))
    return apply(REGISTRY["expand"], (g,), (shape,))


def _sum_type(numpy_type: np.dtype, dtype: np.dtype | None) -> np.dtype:
    if dtype is not None:
        return dtype
    return dtypes.int64.numpy if numpy_type.kind in "iub" else numpy_type


def _sum(array: np.ndarray, dim: tuple[int, ...], keepdim: bool, dtype: Any) -> Any:
    kind = _sum_type(array.dtype, dtype)
    if kind in (dtypes.float16.numpy, dtypes.bfloat16.numpy):  # round once, at the end
        return np.add.reduce(array, dim, np.float32, keepdims=keepdim).astype(kind)
    return np.add.reduce(array, dim, kind, keepdims=keepdim)


SUM = Operation(
    "sum",
    inputs="input",
    params="dim keepdim dtype",
    evaluate=_sum,
    infer=lambda x, dim, keepdim, dtype: Spec(
        reduced_shape(x.shape, dim, keepdim), _sum_type(x.dtype, dtype)
    ),
    gradient={
        "input": lambda g, input_shape, dim, keepdim: expand_reduced(g, input_shape, dim, keepdim)
    },
)


@public(method=True)
def sum(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Any = None
) -> Tensor:
    """The sum over all dimensions, or over some.

    Args:
        input: a tensor; integers and truth values are summed as int64.
        dim: a dimension, a tuple of them, or ``None`` for all.
        keepdim: keep the reduced dimensions with size 1.
        dtype: the type to convert to before summing.
        out: a tensor to write the result into.

    Example:
        >>> import flambeau as fb
        >>> fb.ones(2, 3).sum(dim=1)
        tensor([3., 3.])
    """
    array = input._array
    if dim is None or dim == ():
        dims = tuple(range(array.ndim))
    else:
        dims = wrap_dims("sum", dim, array.ndim) if array.ndim else ()
    kind = None if dtype is None else dtypes.as_numpy(dtype)
    result = apply(SUM, (input,), (dims, keepdim, kind))
    return result if out is None else write_out("sum", out, result)
