"""Running sums, products and extremes along a dimension."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.native import kernels_for
from flambeau.core.shapes import wrap_dim
from flambeau.core.spec import Spec
from flambeau.ops import return_types
from flambeau.ops.extremes import check_order
from flambeau.ops.gathering import put_back
from flambeau.ops.numpy_style import axis_as_dim
from flambeau.ops.publish import public
from flambeau.ops.reduction import dimensions, kind_of, sum_type, widened
from flambeau.ops.single import apply_one
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

_INT64 = np.dtype(np.int64)
# From so many elements on native code, which adds in the same order, costs less to call.
_LEAST = 256


def running(ufunc: Any, array: np.ndarray, dim: int, kind: np.dtype) -> np.ndarray:
    """``ufunc`` accumulated along ``dim``, in a wider type that is rounded at the end.

    PyTorch does the same on the CPU; errors of a running float32 sum would grow along the way.
    """
    if array.ndim == 0:
        return array.astype(kind)
    if ufunc is np.add and array.size >= _LEAST and dim == array.ndim - 1 and array.dtype == kind:
        native = kernels_for(array.size)
        found = native and native.running_sums(array)
        if found is not None:
            return found
    wide = kind
    if kind.kind in "fV" and kind.itemsize < 8:
        wide = np.dtype(np.float64)
    return ufunc.accumulate(array.astype(kind, copy=False), dim, wide).astype(kind, copy=False)


def scan_samples(make: Any, *last: Any) -> list[Any]:
    """Inputs for records whose first parameter is ``dim``."""
    cases = [((2, 4), 1), ((4, 3), 0), ((), 0), ((0, 3), 0)]
    return [
        *[make.sample(inputs=(make.tensor(s),), params=(d, *last)) for s, d in cases],
        make.sample(inputs=(make.transposed((3, 4)),), params=(1, *last)),
    ]


def _like(x: Any, dim: int, dtype: Any) -> Spec:
    return Spec(x.shape, sum_type(x.dtype, dtype))


def from_the_end(g: Tensor, dim: int) -> Tensor:
    """The running sum from the last element to the first."""
    if not g._array.shape:
        return g
    return apply(CUMSUM, (g.flip(dim),), (dim, None)).flip(dim)  # type: ignore[attr-defined]


CUMSUM = Operation(
    "cumsum",
    inputs="input",
    params="dim dtype",
    evaluate=lambda array, dim, dtype: running(np.add, array, dim, sum_type(array.dtype, dtype)),
    infer=_like,
    gradient={"input": lambda g, dim: from_the_end(g, dim)},
    samples=lambda make: scan_samples(make, None),
)


@public(method=True)
def cumsum(
    input: Tensor, dim: Any = None, *, dtype: Any = None, out: Any = None, axis: Any = None
) -> Tensor:
    """Running sums along a dimension.

    :math:`out_i = Σ_{j ≤ i} input_j`

    Args:
        input: a tensor; integers and truth values are summed as int64.
        dim: the dimension to run along.
        dtype: the type to convert to first.
        out: a tensor to write the result into.

    Shape: the input's.

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1., 2., 3.]).cumsum(0)
        tensor([1., 3., 6.])
    """
    if axis is not None:
        dim = axis_as_dim("cumsum", dim, None, axis)
    dim = wrap_dim("cumsum", dim, dimensions("cumsum", input))
    result = apply_one(CUMSUM, input, (dim, kind_of(dtype)))
    return result if out is None else write_out("cumsum", out, result)


@public(method=True, function=False)
def cumsum_(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """In-place version of :func:`flambeau.cumsum`; returns the tensor itself."""
    dim = wrap_dim("cumsum_", dim, dimensions("cumsum_", input))
    return apply_inplace(CUMSUM, input, (), (dim, kind_of(dtype)))


# --- running extremes ---------------------------------------------------------------------------


def _running_extreme(ufunc: Any) -> Any:
    def evaluate(array: np.ndarray, dim: int) -> tuple[Any, Any]:
        if array.dtype.kind == "c":
            raise TypeError  # infer says why
        if array.ndim == 0:
            return array.copy(), np.zeros((), _INT64)
        wide = widened(array)
        values = ufunc.accumulate(wide, dim)
        chosen = wide == values  # the last of equal elements
        if wide.dtype.kind == "f":
            chosen |= np.isnan(wide)
        place = np.arange(array.shape[dim]).reshape((-1,) + (1,) * (array.ndim - 1 - dim))
        index = np.maximum.accumulate(np.where(chosen, place, 0), dim)
        return values.astype(array.dtype, copy=False), index

    return evaluate


def _extreme_spec(name: str) -> Any:
    def infer(x: Any, dim: int) -> tuple[Spec, Spec]:
        check_order(name, x)
        return Spec(x.shape, x.dtype), Spec(x.shape, _INT64)

    return infer


def _extreme_record(name: str, ufunc: Any) -> Operation:
    return Operation(
        name,
        inputs="input",
        params="dim",
        evaluate=_running_extreme(ufunc),
        infer=_extreme_spec(name),
        gradient={
            "input": lambda g, input_shape, out, dim: put_back(g[0], out[1], input_shape, dim)
        },
        nondifferentiable_outputs=(1,),
        samples=scan_samples,
    )


CUMMAX = _extreme_record("cummax", np.maximum)
CUMMIN = _extreme_record("cummin", np.minimum)


@public(method=True)
def cummax(input: Tensor, dim: Any = None, *, out: Any = None, axis: Any = None) -> Any:
    """Running maxima along a dimension, and where they are (the last of equal elements).

    Args:
        input: a real tensor; nan counts as the largest.
        dim: the dimension to run along.
        out: a pair of tensors to write the results into.

    Shape: values and indices have the input's.

    Raises:
        RuntimeError: for complex tensors.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1, 3, 2]).cummax(0).values
        tensor([1, 3, 3])
    """
    if axis is not None:
        dim = axis_as_dim("cummax", dim, None, axis)
    dim = wrap_dim("cummax", dim, dimensions("cummax", input))
    result = return_types.cummax(*apply_one(CUMMAX, input, (dim,)))
    return result if out is None else write_out("cummax", out, result)


@public(method=True)
def cummin(input: Tensor, dim: Any = None, *, out: Any = None, axis: Any = None) -> Any:
    """Running minima along a dimension, and where they are (the last of equal elements).

    Args:
        input: a real tensor; nan counts as the smallest.
        dim: the dimension to run along.
        out: a pair of tensors to write the results into.

    Shape: values and indices have the input's.

    Raises:
        RuntimeError: for complex tensors.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([3, 1, 2]).cummin(0).values
        tensor([3, 1, 1])
    """
    if axis is not None:
        dim = axis_as_dim("cummin", dim, None, axis)
    dim = wrap_dim("cummin", dim, dimensions("cummin", input))
    result = return_types.cummin(*apply_one(CUMMIN, input, (dim,)))
    return result if out is None else write_out("cummin", out, result)
