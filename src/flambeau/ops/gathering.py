"""Picking elements by index: gather and index_select, and the way back of whatever picks."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.shapes import wrap_dim
from flambeau.core.spec import Spec
from flambeau.ops.publish import public
from flambeau.ops.reduction import dimensions, is_reduced
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

_FEW = 512  # rows whose beginnings are remembered
_UNSIGNED = {8: np.dtype(np.uint64), 4: np.dtype(np.uint32)}


# --- index tensors ------------------------------------------------------------------------------


def check_index_type(name: str, index: Any) -> None:
    """Raises: RuntimeError: unless an index is of type int64 or int32."""
    if index.dtype.kind != "i" or index.dtype.itemsize < 4:
        raise RuntimeError(
            message(
                f"{name}: index has a wrong type",
                expected="an index of type torch.int64 (or torch.int32)",
                got=str(dtypes.of(index.dtype)),
                help="convert it with .long()",
            )
        )


def check_bounds(
    name: str, index: np.ndarray, size: int, dim: int, error: type[Exception] = RuntimeError
) -> None:
    """Raises: ``error``: if an entry is not in ``0 .. size-1``: none counts from the end."""
    if index.size == 0:
        return
    # Read as unsigned, negative entries are too large: one pass finds both.
    unsigned = index.view(_UNSIGNED[index.dtype.itemsize])
    if unsigned.item(unsigned.argmax()) >= size:
        wrong = index[(index < 0) | (index >= size)].flat[0]
        raise error(
            message(
                f"{name}: index {wrong} is out of bounds for dimension {dim} with size {size}",
                expected=f"entries from 0 to {size - 1}" if size else "an empty index",
                got=str(wrong),
            )
        )


def along(index: np.ndarray, dim: int) -> tuple[np.ndarray, ...]:
    """NumPy's indices for "``index`` along ``dim``, and one's own place along the others"."""
    ndim = index.ndim
    if ndim == 1:
        return (index,)
    places = []
    for axis, size in enumerate(index.shape):
        if axis == dim:
            places.append(index)
        else:
            places.append(np.arange(size).reshape((1,) * axis + (size,) + (1,) * (ndim - 1 - axis)))
    return tuple(places)


def row_starts(rows: int, columns: int) -> np.ndarray:
    """Where the rows of a row-major matrix begin."""
    return _few_starts(rows, columns) if rows <= _FEW else np.arange(rows) * columns


@lru_cache(maxsize=256)
def _few_starts(rows: int, columns: int) -> np.ndarray:
    starts = np.arange(rows) * columns
    starts.flags.writeable = False
    return starts


def take_along(array: np.ndarray, index: np.ndarray, dim: int) -> np.ndarray:
    """The elements that an index (known to be in bounds) points to along ``dim``."""
    if array.ndim == 2 and array.flags.c_contiguous:
        columns = array.shape[1]
        if dim == 1:
            return array.ravel().take(index + row_starts(len(index), columns)[:, None])
        places = np.multiply(index, columns, dtype=np.int64)
        if index.shape[1] != 1:
            places += row_starts(index.shape[1], 1)
        return array.ravel().take(places)
    return array[along(index, dim)]


def flat_places(shape: tuple[int, ...], dim: int, index: np.ndarray) -> np.ndarray:
    """Where :func:`along` points, as places in a row-major block of ``shape``."""
    if index.ndim == 1:
        return index
    place: Any = 0
    step = 1
    for axis in reversed(range(len(shape))):
        here = index if axis == dim else np.arange(index.shape[axis])
        if axis != dim:
            here = here.reshape((-1,) + (1,) * (len(shape) - 1 - axis))
        place = place + here * step
        step *= shape[axis]
    return place.reshape(-1)


def as_vector(array: np.ndarray) -> np.ndarray:
    """A 0-d array with one dimension."""
    return array if array.ndim else array.reshape(1)


def add_into_zeros(
    shape: tuple[int, ...], dim: int, index: np.ndarray, values: np.ndarray
) -> np.ndarray:
    """A block of zeros to which ``values`` were added at the places of ``index``."""
    wide = np.dtype(np.float32) if is_reduced(values.dtype) else values.dtype
    out = np.zeros(shape or (1,), wide)
    places = flat_places(out.shape, dim, as_vector(index))
    np.add.at(out.reshape(-1), places, values.astype(wide, copy=False).reshape(-1))
    return out.reshape(shape).astype(values.dtype, copy=False)


# --- gather -------------------------------------------------------------------------------------


def check_fits(name: str, x: Any, index: Any, dim: int) -> None:
    """What gather and the scatters ask of an index beside the tensor that it points into.

    Raises:
        RuntimeError: for another number of dimensions, or a larger size apart from ``dim``.
    """
    check_index_type(name, index)
    if index.size == 0:
        return
    own, given = x.shape, index.shape
    if len(own) == len(given) == 2 and given[1 - dim] <= own[1 - dim]:  # the usual case
        return
    own, given = own or (1,), given or (1,)
    if len(own) != len(given):
        raise RuntimeError(
            message(
                f"{name}: index must have the same number of dimensions as input",
                expected=f"an index with {len(x.shape)} dimension(s)",
                got=f"input {tuple(x.shape)} and index {tuple(index.shape)}",
            )
        )
    if any(i > s for axis, (i, s) in enumerate(zip(given, own, strict=True)) if axis != dim):
        raise RuntimeError(
            message(
                f"{name}: index is larger than input",
                expected=f"sizes of at most input's, apart from dimension {dim}",
                got=f"input {tuple(x.shape)} and index {tuple(index.shape)}",
            )
        )


def _gather(array: np.ndarray, index: np.ndarray, dim: int) -> np.ndarray:
    check_fits("gather", array, index, dim)
    if array.ndim == 2 and index.size:
        check_bounds("gather", index, array.shape[dim], dim)
        return take_along(array, index, dim)
    if index.size == 0:
        return np.empty(index.shape, array.dtype)
    array = as_vector(array)
    check_bounds("gather", index, array.shape[dim], dim)
    return take_along(array, as_vector(index), dim).reshape(index.shape)


def _gather_spec(x: Any, index: Any, dim: int) -> Spec:
    check_fits("gather", x, index, dim)
    return Spec(index.shape, x.dtype)


GATHER = Operation(
    "gather",
    inputs="input index",
    params="dim",
    evaluate=_gather,
    infer=_gather_spec,
    gradient={
        "input": lambda g, index, input_shape, dim: put_back(g, index, input_shape, dim),
    },
    samples=lambda make: [
        make.sample(inputs=(make.tensor((3, 4)), make.integers((2, 5), 0, 4)), params=(1,)),
        make.sample(inputs=(make.transposed((3, 4)), make.integers((6, 2), 0, 3)), params=(0,)),
        make.sample(inputs=(make.tensor(()), make.integers((), 0, 1)), params=(0,)),
        make.sample(inputs=(make.tensor((0,)), make.integers((0,), 0, 1)), params=(0,)),
        make.error((make.tensor((3,)), make.integers((2, 2), 0, 3)), (0,), RuntimeError),
    ],
)

PUT_BACK = Operation(
    "gather_backward",
    inputs="g index",
    params="shape dim",
    evaluate=lambda g, index, shape, dim: add_into_zeros(shape, dim, index, g),
    infer=lambda g, index, shape, dim: Spec(shape, g.dtype),
    gradient={"g": lambda g, index, dim: apply(GATHER, (g, index), (dim,))},
    node_name="ScatterAddBackward0",
    decompose=lambda g, index, shape, dim: g.new_zeros(shape).scatter_add(dim, index, g),
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 5)), make.integers((2, 5), 0, 4)), params=((3, 4), 1)),
        make.sample(inputs=(make.tensor(()), make.integers((), 0, 1)), params=((), 0)),
    ],
)


def put_back(g: Tensor, index: Tensor, shape: tuple[int, ...], dim: int) -> Tensor:
    """The gradient of :func:`gather`: each element added where it was taken from."""
    return apply(PUT_BACK, (g, index), (shape, dim))


def put_back_reduced(
    g: Tensor, index: Tensor, shape: tuple[int, ...], dim: int, keepdim: bool
) -> Tensor:
    """The gradient of a reduction that picked one element along ``dim``."""
    if shape and not keepdim:
        g, index = g.unsqueeze(dim), index.unsqueeze(dim)  # type: ignore[attr-defined]
    return put_back(g, index, shape, dim)


@public(method=True)
def gather(
    input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False, out: Any = None
) -> Tensor:
    """Pick one element along a dimension for each entry of an index.

    :math:`out[i, j] = input[index[i, j], j]` for ``dim=0``

    Args:
        input: a tensor.
        dim: the dimension that the index points along.
        index: int64 (or int32) entries from 0 to the size of ``dim`` less 1.
        sparse_grad: accepted; gradients are always dense.
        out: a tensor to write the result into.

    Shape: the index's, which must not be larger than the input's apart from ``dim``.

    Raises:
        RuntimeError: for an index of another type or shape, or an entry out of bounds.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.gather(fb.tensor([[1, 2], [3, 4]]), 1, fb.tensor([[0], [1]]))
        tensor([[1],
                [4]])
    """
    dim = wrap_dim("gather", dim, dimensions("gather", input))
    if isinstance(index, Tensor) and not index._array.size:
        index = index.long()  # type: ignore[attr-defined]  # PyTorch takes empty ones of any type
    result = apply(GATHER, (input, index), (dim,))
    return result if out is None else write_out("gather", out, result, True, (input, index))


# --- index_select -------------------------------------------------------------------------------


def check_vector(name: str, x: Any, index: Any) -> None:
    """Raises: IndexError: for an index of more than one dimension; RuntimeError: for its type."""
    check_index_type(name, index)
    if len(index.shape) > 1:
        raise IndexError(
            message(
                f"{name}: index must be a vector",
                expected="an index of at most 1 dimension",
                got=f"shape {tuple(index.shape)}",
            )
        )


def selected_shape(shape: tuple[int, ...], dim: int, index: Any) -> tuple[int, ...]:
    """The shape with ``dim`` as long as a vector of indices."""
    return shape[:dim] + (index.size,) + shape[dim + 1 :] if shape else ()


def _index_select(array: np.ndarray, index: np.ndarray, dim: int) -> np.ndarray:
    check_vector("index_select", array, index)
    source, index = as_vector(array), as_vector(index)
    check_bounds("index_select", index, source.shape[dim], dim, IndexError)
    result = source.take(index, dim)
    return result if array.ndim else result.reshape(())


def _index_select_spec(x: Any, index: Any, dim: int) -> Spec:
    check_vector("index_select", x, index)
    return Spec(selected_shape(x.shape, dim, index), x.dtype)


def _selected_back(g: np.ndarray, index: np.ndarray, shape: tuple[int, ...], dim: int) -> Any:
    index = as_vector(index)
    full = shape or (1,)
    view = index.reshape((-1,) + (1,) * (len(full) - 1 - dim))
    picked = full[:dim] + (index.size,) + full[dim + 1 :]
    return add_into_zeros(shape, dim, np.broadcast_to(view, picked), g.reshape(picked))


INDEX_SELECT = Operation(
    "index_select",
    inputs="input index",
    params="dim",
    evaluate=_index_select,
    infer=_index_select_spec,
    gradient={
        "input": lambda g, index, input_shape, dim: apply(
            INDEX_SELECT_BACKWARD, (g, index), (input_shape, dim)
        ),
    },
    samples=lambda make: [
        make.sample(inputs=(make.tensor((3, 4)), make.integers((6,), 0, 4)), params=(1,)),
        make.sample(inputs=(make.transposed((3, 4)), make.integers((2,), 0, 3)), params=(0,)),
        make.sample(inputs=(make.tensor((3, 4)), make.integers((0,), 0, 3)), params=(0,)),
        make.sample(inputs=(make.tensor(()), make.integers((1,), 0, 1)), params=(0,)),
        make.error((make.tensor((3,)), make.integers((2, 2), 0, 3)), (0,), IndexError),
    ],
)

INDEX_SELECT_BACKWARD = Operation(
    "index_select_backward",
    inputs="g index",
    params="shape dim",
    evaluate=_selected_back,
    infer=lambda g, index, shape, dim: Spec(shape, g.dtype),
    gradient={"g": lambda g, index, dim: apply(INDEX_SELECT, (g, index), (dim,))},
    node_name="IndexAddBackward0",
    decompose=lambda g, index, shape, dim: g.new_zeros(shape).index_add(dim, index, g),
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 5)), make.integers((5,), 0, 4)), params=((2, 4), 1)),
        make.sample(inputs=(make.tensor(()), make.integers((), 0, 1)), params=((), 0)),
    ],
)


@public(method=True)
def index_select(input: Tensor, dim: int, index: Tensor, *, out: Any = None) -> Tensor:
    """Pick whole slices along a dimension.

    Args:
        input: a tensor.
        dim: the dimension along which slices are numbered.
        index: a vector of int64 (or int32) numbers from 0 to the size of ``dim`` less 1.
        out: a tensor to write the result into.

    Shape: the input's, with ``dim`` as long as the index.

    Raises:
        IndexError: if a number is out of range, the index is no vector, or there is no such
            dimension.
        RuntimeError: for an index of another type.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[1, 2], [3, 4]]).index_select(0, fb.tensor([1, 1]))
        tensor([[3, 4],
                [3, 4]])
    """
    dim = wrap_dim("index_select", dim, dimensions("index_select", input))
    result = apply(INDEX_SELECT, (input, index), (dim,))
    return result if out is None else write_out("index_select", out, result, apart=(input, index))
