"""Orders: sort, argsort, msort, topk."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.shapes import wrap_dim
from flambeau.core.spec import Spec
from flambeau.ops import return_types
from flambeau.ops.extremes import check_order
from flambeau.ops.gathering import put_back, row_starts, take_along
from flambeau.ops.numpy_style import axis_as_dim
from flambeau.ops.publish import public
from flambeau.ops.reduction import dimensions, widened
from flambeau.ops.single import apply_one
from flambeau.ops.writing import write_out
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

_INT64 = np.dtype(np.int64)
# From this size on, topk sorts only the part that it was asked for.
_PARTITION = 256
# Up to so many of the largest elements are found one after the other.
_ONE_BY_ONE = 8
_SINGLE_DOUBLE = (np.dtype(np.float32), np.dtype(np.float64))


def ordered(array: np.ndarray, dim: int, descending: bool) -> np.ndarray:
    """Indices that sort along ``dim``; equal elements keep their order, and nan is the largest."""
    array = widened(array)
    if not descending:
        return array.argsort(dim, kind="stable")
    if array.dtype.kind in "iub":  # ~x is -x - 1, which cannot overflow
        return np.invert(array).argsort(dim, kind="stable")
    flat = array.ravel()
    top = flat[flat.argmax()] if flat.size else 0  # a nan if there is one
    if top == top:
        return np.negative(array).argsort(dim, kind="stable")
    # Sorting the reversed array keeps equal elements in reversed order; reversing undoes both.
    last = array.shape[dim] - 1
    return last - np.flip(np.flip(array, dim).argsort(dim, kind="stable"), dim)


def _sort(array: np.ndarray, dim: int, stable: bool, descending: bool) -> tuple[Any, Any]:
    if array.dtype.kind == "c":
        raise TypeError  # infer says why
    if array.ndim == 0:
        return array.copy(), np.zeros((), _INT64)
    index = ordered(array, dim, descending)
    return take_along(array, index, dim), index


def _sort_spec(x: Any, dim: int, stable: bool, descending: bool) -> tuple[Spec, Spec]:
    check_order("sort", x)
    return Spec(x.shape, x.dtype), Spec(x.shape, _INT64)


def _picked_gradient(g: tuple, input_shape: Any, out: tuple, dim: int) -> Tensor:
    return put_back(g[0], out[1], input_shape, dim)


SORT = Operation(
    "sort",
    inputs="input",
    params="dim stable descending",
    evaluate=_sort,
    infer=_sort_spec,
    gradient={"input": _picked_gradient},
    nondifferentiable_outputs=(1,),
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 5)),), params=(1, False, False)),
        make.sample(inputs=(make.tensor((4, 3)),), params=(0, True, True)),
        make.sample(inputs=(make.transposed((3, 4)),), params=(1, False, False)),
        make.sample(inputs=(make.tensor(()),), params=(0, False, False)),
        make.sample(inputs=(make.tensor((0, 3)),), params=(0, False, True)),
    ],
)


@public(method=True)
def sort(
    input: Tensor,
    dim: int = -1,
    descending: bool = False,
    stable: bool = False,
    *,
    out: Any = None,
    axis: Any = None,
) -> Any:
    """Elements in order along a dimension, and where each came from.

    Args:
        input: a real tensor; nan counts as the largest.
        dim: the dimension to sort along.
        descending: from the largest to the smallest.
        stable: accepted; equal elements always keep their order.
        out: a pair of tensors to write the results into.

    Shape: values and indices have the input's.

    Raises:
        RuntimeError: for complex tensors.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([3, 1, 2]).sort(descending=True)
        torch.return_types.sort(
        values=tensor([3, 2, 1]),
        indices=tensor([0, 2, 1]))
    """
    if axis is not None:
        dim = axis_as_dim("sort", dim, -1, axis)
    params = wrap_dim("sort", dim, dimensions("sort", input)), bool(stable), bool(descending)
    result = return_types.sort(*apply_one(SORT, input, params))
    return result if out is None else write_out("sort", out, result)


def _argsort(array: np.ndarray, dim: int, descending: bool) -> np.ndarray:
    return _sort(array, dim, True, descending)[1]


ARGSORT = Operation(
    "argsort",
    inputs="input",
    params="dim descending",
    evaluate=_argsort,
    infer=lambda x, dim, descending: _sort_spec(x, dim, True, descending)[1],
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 5)),), params=(1, False)),
        make.sample(inputs=(make.tensor((4, 3)),), params=(0, True)),
        make.sample(inputs=(make.tensor(()),), params=(0, False)),
        make.sample(inputs=(make.tensor((0,)),), params=(0, False)),
    ],
)


@public(method=True)
def argsort(
    input: Tensor,
    dim: int = -1,
    descending: bool = False,
    *,
    stable: bool = False,
    axis: Any = None,
) -> Tensor:
    """The indices that sort a tensor along a dimension.

    Args:
        input: a real tensor; nan counts as the largest.
        dim: the dimension to sort along.
        descending: from the largest to the smallest.
        stable: accepted; equal elements always keep their order.

    Shape: the input's.

    Raises:
        RuntimeError: for complex tensors.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([3, 1, 2]).argsort()
        tensor([1, 2, 0])
    """
    if axis is not None:
        dim = axis_as_dim("argsort", dim, -1, axis)
    dim = wrap_dim("argsort", dim, dimensions("argsort", input))
    return apply_one(ARGSORT, input, (dim, bool(descending)))


@public(method=True)
def msort(input: Tensor, *, out: Any = None) -> Tensor:
    """Elements in ascending order along the first dimension.

    Args:
        input: a real tensor.
        out: a tensor to write the result into.

    Shape: the input's.

    Example:
        >>> import flambeau as fb
        >>> fb.msort(fb.tensor([[3, 1], [2, 5]]))
        tensor([[2, 1],
                [3, 5]])
    """
    result = apply_one(SORT, input, (0, False, False))[0]
    return result if out is None else write_out("msort", out, result)


# --- topk ---------------------------------------------------------------------------------------


def _first(array: np.ndarray, k: int, dim: int) -> np.ndarray:
    return array[(slice(None),) * dim + (slice(0, k),)]


def _top_indices(array: np.ndarray, k: int, dim: int, largest: bool) -> np.ndarray:
    size = array.shape[dim]
    if size < _PARTITION or 4 * k > size:
        return _first(ordered(array, dim, largest), k, dim).copy()
    wide = widened(array)
    split = np.argpartition(wide, size - k if largest else k - 1, dim)
    chosen = np.flip(split, dim) if largest else split
    chosen = np.sort(_first(chosen, k, dim), dim)  # so that equal elements come in order
    order = ordered(take_along(wide, chosen, dim), dim, largest)
    return take_along(chosen, order, dim)


def _largest_of_rows(array: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray] | None:
    """The ``k`` largest elements along the last dimension, one after the other.

    Each is marked as taken by -inf. ``None`` where that mark could be mistaken for an element:
    some row has fewer than ``k`` elements above it, or a nan.
    """
    columns = array.shape[-1]
    left = array.reshape(-1, columns).copy()
    flat = left.ravel()
    rows = len(left)
    starts = row_starts(rows, columns)
    places, taken = np.empty((k, rows), _INT64), np.array(-np.inf, array.dtype)
    for found in places:
        np.add(left.argmax(1), starts, found)
        flat[found] = taken
    values = array.reshape(-1).take(places)
    last = values[-1]
    if not last.item(last.argmin()) > -np.inf:
        return None
    shape = (*array.shape[:-1], k)
    places -= starts
    return values.T.copy().reshape(shape), places.T.copy().reshape(shape)


def _topk(array: np.ndarray, k: int, dim: int, largest: bool, sorted: bool) -> tuple[Any, Any]:
    if array.dtype.kind == "c" or not 0 <= k <= (array.shape[dim] if array.ndim else 1):
        raise ValueError  # infer says why
    if array.ndim == 0:  # as in PyTorch, also for k=0
        return array.copy(), np.zeros((), _INT64)
    if k == 0:
        shape = _topk_shape(array, k, dim)
        return np.empty(shape, array.dtype), np.empty(shape, _INT64)
    if largest and k <= _ONE_BY_ONE and array.dtype in _SINGLE_DOUBLE and dim == array.ndim - 1:
        found = _largest_of_rows(array, k) if array.size else None
        if found is not None:
            return found
    index = _top_indices(array, k, dim, largest)
    return take_along(array, index, dim), index


def _topk_shape(x: Any, k: int, dim: int) -> tuple[int, ...]:
    return (*x.shape[:dim], k, *x.shape[dim + 1 :]) if x.shape else ()


def _topk_spec(x: Any, k: int, dim: int, largest: bool, sorted: bool) -> tuple[Spec, Spec]:
    check_order("topk", x)
    size = x.shape[dim] if x.shape else 1
    if not 0 <= k <= size:
        raise RuntimeError(
            message("topk: k is out of range", expected=f"k from 0 to {size}", got=str(k))
        )
    shape = _topk_shape(x, k, dim)
    return Spec(shape, x.dtype), Spec(shape, _INT64)


TOPK = Operation(
    "topk",
    inputs="input",
    params="k dim largest sorted",
    evaluate=_topk,
    infer=_topk_spec,
    gradient={"input": _picked_gradient},
    nondifferentiable_outputs=(1,),
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 5)),), params=(3, 1, True, True)),
        make.sample(inputs=(make.tensor((5, 2)),), params=(2, 0, False, True)),
        make.sample(inputs=(make.tensor(()),), params=(1, 0, True, True)),
        make.sample(inputs=(make.tensor((3,)),), params=(0, 0, True, True)),
        make.sample(inputs=(make.tensor((600,)),), params=(5, 0, True, True)),
        make.error((make.tensor((3,)),), (4, 0, True, True), RuntimeError),
    ],
)


@public(method=True)
def topk(
    input: Tensor,
    k: int,
    dim: int = -1,
    largest: bool = True,
    sorted: bool = True,
    *,
    out: Any = None,
    axis: Any = None,
) -> Any:
    """The ``k`` largest (or smallest) elements along a dimension, in order, and where they are.

    Args:
        input: a real tensor; nan counts as the largest.
        k: how many, from 0 to the size of ``dim``.
        dim: the dimension to pick from.
        largest: the largest, or else the smallest.
        sorted: accepted; the results are always in order.
        out: a pair of tensors to write the results into.

    Shape: the input's, with size ``k`` along ``dim``.

    Raises:
        RuntimeError: if ``k`` is out of range, or for complex tensors.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1, 5, 3, 4]).topk(2)
        torch.return_types.topk(
        values=tensor([5, 4]),
        indices=tensor([1, 3]))
    """
    if axis is not None:
        dim = axis_as_dim("topk", dim, -1, axis)
    params = k, wrap_dim("topk", dim, dimensions("topk", input)), bool(largest), bool(sorted)
    result = return_types.topk(*apply_one(TOPK, input, params))
    return result if out is None else write_out("topk", out, result)
