"""Medians, modes and k-th values: one element of the sorted order."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.shapes import wrap_dim
from flambeau.core.spec import Spec
from flambeau.ops import return_types
from flambeau.ops.extremes import check_not_empty, check_order, pick, pick_samples, shared_gradient
from flambeau.ops.gathering import put_back_reduced, take_along
from flambeau.ops.numpy_style import numpy_names
from flambeau.ops.publish import public
from flambeau.ops.reduction import add_reduce, dimensions, reduced_shape, widened
from flambeau.ops.single import apply_one
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

_INT64 = np.dtype(np.int64)


# --- which element: functions of an array and a dimension, the dimension kept --------------------


def _median_place(array: np.ndarray, dim: int) -> np.ndarray:
    """The lower median, or the first nan."""
    size = array.shape[dim]
    index = array.argsort(dim, kind="stable").take([(size - 1) // 2], dim)
    if array.dtype.kind != "f":
        return index
    nan = np.isnan(array)
    return np.where(nan.any(dim, keepdims=True), nan.argmax(dim, keepdims=True), index)


def _nanmedian_place(array: np.ndarray, dim: int) -> np.ndarray:
    """The lower median of what is not nan (which is sorted last)."""
    if array.dtype.kind != "f":
        return _median_place(array, dim)
    order = array.argsort(dim, kind="stable")
    count = add_reduce(~np.isnan(array), dim, _INT64, None, True)
    return take_along(order, np.maximum(count - 1, 0) // 2, dim)


def _mode_place(array: np.ndarray, dim: int) -> np.ndarray:
    """The last place of the most frequent element, the smallest of equally frequent ones."""
    order = array.argsort(dim, kind="stable")
    rows = np.moveaxis(take_along(array, order, dim), dim, -1)
    size = rows.shape[-1]
    place = np.arange(size)
    starts = np.ones(rows.shape, bool)
    starts[..., 1:] = rows[..., 1:] != rows[..., :-1]
    run = place - np.maximum.accumulate(np.where(starts, place, 0), -1)
    last = np.expand_dims(run.argmax(-1), -1)  # the first run of the greatest length ends here
    return take_along(order, np.moveaxis(last, -1, dim), dim)


# --- records ------------------------------------------------------------------------------------


def _place_record(name: str, place: Any, node_name: str | None = None) -> Operation:
    """A record with parameters ``dim keepdim`` that picks one element along ``dim``."""

    def evaluate(array: np.ndarray, dim: int, keepdim: bool) -> tuple[Any, Any]:
        if array.dtype.kind == "c":
            raise TypeError  # infer says why
        if array.ndim == 0:
            return array.copy(), np.zeros((), _INT64)
        check_not_empty(name, array, (dim,))
        return pick(array, place(widened(array), dim), dim, keepdim)

    return Operation(
        name,
        inputs="input",
        params="dim keepdim",
        evaluate=evaluate,
        infer=_spec(name),
        gradient={
            "input": lambda g, input_shape, out, dim, keepdim: put_back_reduced(
                g[0], out[1], input_shape, dim, keepdim
            )
        },
        nondifferentiable_outputs=(1,),
        node_name=node_name,
        samples=pick_samples,
    )


def _spec(name: str) -> Any:
    def infer(x: Any, dim: int, keepdim: bool) -> tuple[Spec, Spec]:
        check_order(name, x)
        check_not_empty(name, x, (dim,) if x.shape else ())
        shape = reduced_shape(x.shape, (dim,), keepdim) if x.shape else ()
        return Spec(shape, x.dtype), Spec(shape, _INT64)

    return infer


def _whole_record(name: str, place: Any) -> Operation:
    """A record without parameters: one element of all; equal ones share its gradient."""

    def evaluate(array: np.ndarray) -> Any:
        if array.dtype.kind == "c":
            raise TypeError  # infer says why
        if array.size == 0:  # integers have no nan, so theirs is the smallest; PyTorch's truth
            kind = array.dtype.kind
            nothing = np.nan if kind in "fV" else kind == "b" or np.iinfo(array.dtype).min
            return np.asarray(nothing, array.dtype)
        flat = array.reshape(-1)
        return flat[place(widened(flat), 0)[0]]

    def infer(x: Any) -> Spec:
        check_order(name, x)
        return Spec((), x.dtype)

    return Operation(
        name + "_all",
        inputs="input",
        evaluate=evaluate,
        infer=infer,
        gradient={
            "input": lambda g, input, out: shared_gradient(
                g, input, out, tuple(range(input._array.ndim)), False
            )
        },
        node_name=f"{name.capitalize()}Backward0",
        samples=lambda make: [
            make.sample(inputs=(make.tensor(shape),), params=()) for shape in [(), (5,), (2, 4)]
        ],
    )


MEDIAN = _place_record("median", _median_place, "MedianBackward1")
MEDIAN_ALL = _whole_record("median", _median_place)
NANMEDIAN = _place_record("nanmedian", _nanmedian_place, "NanmedianBackward1")
NANMEDIAN_ALL = _whole_record("nanmedian", _nanmedian_place)
MODE = _place_record("mode", _mode_place)


def _median(
    whole: Operation, along: Operation, result_type: Any, input: Tensor, dim: Any, keepdim: bool,
    out: Any,
) -> Any:  # fmt: skip
    if dim is None:
        result = apply(whole, (input,))
    else:
        dim = wrap_dim(along.name, dim, dimensions(along.name, input))
        result = result_type(*apply(along, (input,), (dim, bool(keepdim))))
    return result if out is None else write_out(along.name, out, result)


@public(method=True)
def median(
    input: Tensor,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    out: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Any:
    """The median: of an even number of elements the lower of the two in the middle.

    Without ``dim`` the median of all elements, whose gradient equal ones share; with it the pair
    ``(values, indices)``. If there is a nan, that is the median.

    Args:
        input: a real tensor.
        dim: a dimension, or ``None`` for all.
        keepdim: keep the reduced dimension with size 1.
        out: with ``dim`` a pair of tensors, else a tensor, to write the result into.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        RuntimeError: for complex tensors.
        IndexError: if there is no such dimension, or it has size 0.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([4., 1., 3., 2.]).median()
        tensor(2.)
    """
    if axis is not None or keepdims is not None:
        dim, keepdim = numpy_names("median", dim, None, keepdim, axis, keepdims)
    return _median(MEDIAN_ALL, MEDIAN, return_types.median, input, dim, keepdim, out)


@public(method=True)
def nanmedian(
    input: Tensor,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    out: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Any:
    """The median of the elements that are not nan, as :func:`median` gives it.

    Args:
        input: a real tensor.
        dim: a dimension, or ``None`` for all.
        keepdim: keep the reduced dimension with size 1.
        out: with ``dim`` a pair of tensors, else a tensor, to write the result into.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        RuntimeError: for complex tensors.
        IndexError: if there is no such dimension, or it has size 0.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([4., float("nan"), 3.]).nanmedian()
        tensor(3.)
    """
    if axis is not None or keepdims is not None:
        dim, keepdim = numpy_names("nanmedian", dim, None, keepdim, axis, keepdims)
    return _median(NANMEDIAN_ALL, NANMEDIAN, return_types.nanmedian, input, dim, keepdim, out)


@public(method=True)
def mode(
    input: Tensor,
    dim: int = -1,
    keepdim: bool = False,
    *,
    out: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Any:
    """The most frequent element along a dimension, and the last place where it is.

    Args:
        input: a real tensor; of equally frequent elements the smallest is taken.
        dim: a dimension.
        keepdim: keep the reduced dimension with size 1.
        out: a pair of tensors to write the results into.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        RuntimeError: for complex tensors.
        IndexError: if there is no such dimension, or it has size 0.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([2, 1, 2, 1, 2]).mode()
        torch.return_types.mode(
        values=tensor(2),
        indices=tensor(4))
    """
    if axis is not None or keepdims is not None:
        dim, keepdim = numpy_names("mode", dim, -1, keepdim, axis, keepdims)
    params = wrap_dim("mode", dim, dimensions("mode", input)), bool(keepdim)
    result = return_types.mode(*apply_one(MODE, input, params))
    return result if out is None else write_out("mode", out, result)


# --- kthvalue -----------------------------------------------------------------------------------


def _check_k(x: Any, k: int, dim: int) -> None:
    size = x.shape[dim] if x.shape else 1
    if not 1 <= k <= size:
        raise RuntimeError(
            message(
                f"kthvalue: k is out of range for dimension {dim}",
                expected=f"k from 1 to {size}",
                got=str(k),
            )
        )


def _kthvalue(array: np.ndarray, k: int, dim: int, keepdim: bool) -> tuple[Any, Any]:
    _kth_spec(array, k, dim, keepdim)
    if array.ndim == 0:
        return array.copy(), np.zeros((), _INT64)
    index = widened(array).argsort(dim, kind="stable").take([k - 1], dim)
    return pick(array, index, dim, keepdim)


def _kth_spec(x: Any, k: int, dim: int, keepdim: bool) -> tuple[Spec, Spec]:
    _check_k(x, k, dim)
    return _spec("kthvalue")(x, dim, keepdim)


KTHVALUE = Operation(
    "kthvalue",
    inputs="input",
    params="k dim keepdim",
    evaluate=_kthvalue,
    infer=_kth_spec,
    gradient={
        "input": lambda g, input_shape, out, dim, keepdim: put_back_reduced(
            g[0], out[1], input_shape, dim, keepdim
        )
    },
    nondifferentiable_outputs=(1,),
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 5)),), params=(2, 1, False)),
        make.sample(inputs=(make.transposed((3, 4)),), params=(1, 0, True)),
        make.sample(inputs=(make.tensor(()),), params=(1, 0, False)),
        make.error((make.tensor((3,)),), (4, 0, False), RuntimeError),
    ],
)


@public(method=True)
def kthvalue(
    input: Tensor,
    k: int,
    dim: int = -1,
    keepdim: bool = False,
    *,
    out: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Any:
    """The ``k``-th smallest element along a dimension, and where it is.

    Args:
        input: a real tensor; nan counts as the largest.
        k: 1 for the smallest, up to the size of ``dim``.
        dim: a dimension.
        keepdim: keep the reduced dimension with size 1.
        out: a pair of tensors to write the results into.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        RuntimeError: if ``k`` is out of range, or for complex tensors.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([4, 1, 3]).kthvalue(2)
        torch.return_types.kthvalue(
        values=tensor(3),
        indices=tensor(2))
    """
    if axis is not None or keepdims is not None:
        dim, keepdim = numpy_names("kthvalue", dim, -1, keepdim, axis, keepdims)
    params = k, wrap_dim("kthvalue", dim, dimensions("kthvalue", input)), bool(keepdim)
    result = return_types.kthvalue(*apply_one(KTHVALUE, input, params))
    return result if out is None else write_out("kthvalue", out, result, apart=(input,))
