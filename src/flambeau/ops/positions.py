"""Where the largest and the smallest element is."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.shapes import wrap_dim
from flambeau.core.spec import Spec
from flambeau.ops.extremes import check_not_empty, check_order, check_some
from flambeau.ops.numpy_style import numpy_names
from flambeau.ops.publish import public
from flambeau.ops.reduction import dimensions, reduced_shape, refuse, widened
from flambeau.ops.single import apply_one
from flambeau.ops.writing import write_out
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

_INT64 = np.dtype(np.int64)


def _arg_spec(name: str) -> Any:
    def infer(x: Any, dim: int | None, keepdim: bool) -> Spec:
        check_order(name, x)
        if x.dtype.kind == "b":
            raise refuse(name, "not defined on bool tensors", "numbers", x)
        dims = tuple(range(len(x.shape))) if dim is None else (dim,) if x.shape else ()
        if dim is None:
            check_some(name, x, IndexError)
        check_not_empty(name, x, dims)
        return Spec(reduced_shape(x.shape, dims, keepdim), _INT64)

    return infer


def _arg_record(name: str, find: Any) -> Operation:
    def evaluate(array: np.ndarray, dim: int | None, keepdim: bool) -> Any:
        if array.dtype.kind in "bc":
            raise TypeError  # infer says why
        if array.ndim == 0:
            return np.zeros((), _INT64)
        if array.dtype.itemsize == 2:
            array = widened(array)
        if dim is not None:
            return find(array, dim, None, keepdims=keepdim)
        if not array.size:
            raise ValueError  # infer says why
        found = find(array, None, np.empty((), _INT64))
        return found.reshape((1,) * array.ndim) if keepdim else found

    return Operation(
        name,
        inputs="input",
        params="dim keepdim",
        evaluate=evaluate,
        infer=_arg_spec(name),
        samples=lambda make: [
            make.sample(inputs=(make.tensor((2, 3)),), params=(1, False)),
            make.sample(inputs=(make.tensor((2, 3)),), params=(None, True)),
            make.sample(inputs=(make.tensor(()),), params=(None, False)),
            make.sample(inputs=(make.transposed((3, 4)),), params=(0, True)),
            make.sample(inputs=(make.tensor((0, 3)),), params=(1, False)),
            make.error((make.tensor((0,)),), (None, False), IndexError),
            make.error((make.booleans((3,)),), (None, False), RuntimeError),
        ],
    )


ARGMAX = _arg_record("argmax", np.ndarray.argmax)
ARGMIN = _arg_record("argmin", np.ndarray.argmin)


def _wrapped(name: str, dim: int | None, ndim: int) -> int | None:
    return None if dim is None else wrap_dim(name, dim, ndim)


@public(method=True)
def argmax(
    input: Tensor,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    out: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Where the largest element is; the first place if several are equal.

    Args:
        input: a real tensor; nan counts as the largest.
        dim: a dimension, or ``None`` for the place in the flattened tensor.
        keepdim: keep the reduced dimension with size 1.
        out: an int64 tensor to write the result into.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        RuntimeError: for bool and complex tensors.
        IndexError: if there is no such dimension, or it has size 0.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[1., 5.], [3., 2.]]).argmax(dim=1)
        tensor([1, 0])
    """
    if axis is not None or keepdims is not None:
        dim, keepdim = numpy_names("argmax", dim, None, keepdim, axis, keepdims)
    dim = _wrapped("argmax", dim, dimensions("argmax", input))
    result = apply_one(ARGMAX, input, (dim, bool(keepdim)))
    return result if out is None else write_out("argmax", out, result)


@public(method=True)
def argmin(
    input: Tensor,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    out: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Where the smallest element is; the first place if several are equal.

    Args:
        input: a real tensor; nan counts as the smallest.
        dim: a dimension, or ``None`` for the place in the flattened tensor.
        keepdim: keep the reduced dimension with size 1.
        out: an int64 tensor to write the result into.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        RuntimeError: for bool and complex tensors.
        IndexError: if there is no such dimension, or it has size 0.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[1., 5.], [3., 2.]]).argmin(dim=1)
        tensor([0, 1])
    """
    if axis is not None or keepdims is not None:
        dim, keepdim = numpy_names("argmin", dim, None, keepdim, axis, keepdims)
    dim = _wrapped("argmin", dim, dimensions("argmin", input))
    result = apply_one(ARGMIN, input, (dim, bool(keepdim)))
    return result if out is None else write_out("argmin", out, result)
