"""Views that keep the elements' order: other sizes over the same memory."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, message
from flambeau.core.shapes import size_arguments, wrap_dim, wrap_dims
from flambeau.core.spec import Spec
from flambeau.core.strides import can_view
from flambeau.ops.copying import CLONE, ROW_MAJOR, contiguous
from flambeau.ops.numpy_style import axis_as_dim
from flambeau.ops.publish import public
from flambeau.ops.view_record import require_tensor, view_of, view_operation, view_over
from flambeau.tensor.dispatch import apply
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor, shared_counter


def complete_sizes(name: str, sizes: tuple[int, ...], count: int) -> tuple[int, ...]:
    """Sizes with a ``-1`` replaced by what ``count`` elements leave for it."""
    if -1 in sizes:
        known = prod([s for s in sizes if s != -1])
        if sizes.count(-1) == 1 and known > 0 and count % known == 0:
            return tuple([count // known if s == -1 else s for s in sizes])
    elif prod(sizes) == count and min(sizes, default=0) >= 0:
        return sizes
    raise ShapeError(
        message(
            f"{name}: the sizes do not hold the elements",
            expected=f"sizes whose product is {count}, at most one of them -1",
            got=str(tuple(sizes)),
        )
    )


def _back(g: Tensor, input_shape: tuple[int, ...]) -> Tensor:
    return apply(RESHAPE, (g,), (input_shape,))


def _check_reshape(input: Any, shape: tuple[int, ...]) -> None:
    complete_sizes("reshape", shape, input.size)


# Shares memory where strides allow and copies elsewhere; what gradient rules use.
RESHAPE = view_operation(
    "reshape",
    lambda array, shape: array.reshape(shape),
    params="shape",
    gradient={"input": _back},
    node_name="ReshapeAliasBackward0",
    check=_check_reshape,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 6)),), params=((3, 4),)),
        make.sample(inputs=(make.tensor(()),), params=((1, 1),)),
        make.sample(inputs=(make.tensor((0,)),), params=((0, 3),)),
        make.sample(inputs=(make.transposed((2, 6)),), params=((12,),)),
        make.error((make.tensor((2, 3)),), ((4,),), RuntimeError),
    ],
)


def _check_view(input: Any, shape: tuple[int, ...]) -> None:
    complete_sizes("view", shape, input.size)
    if not can_view(input.shape, input.strides, shape):
        raise ShapeError(_view_error(input, shape))


def _view_error(input: Any, shape: tuple[int, ...]) -> str:
    strides = tuple(s // input.dtype.itemsize for s in input.strides)
    return message(
        "view: view size is not compatible with input tensor's size and stride",
        expected="sizes that split or join dimensions which lie in memory without gaps",
        got=f"shape {tuple(input.shape)}, strides {strides}, view size {tuple(shape)}",
        help="use .reshape(...), which copies where it must",
    )


VIEW = view_operation(
    "view",
    lambda array, shape: array.reshape(shape),
    params="shape",
    gradient={"input": _back},
    check=_check_view,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 6)),), params=((3, 2, 2),)),
        make.sample(inputs=(make.tensor(()),), params=((1,),)),
        make.sample(inputs=(make.tensor((0,)),), params=((2, 0),)),
        make.sample(inputs=(make.transposed((2, 6)),), params=(make.transposed((2, 6)).shape,)),
        make.error((make.tensor((2, 3)),), ((4,),), RuntimeError),
        make.error((make.transposed((2, 3)),), ((6,),), RuntimeError),
    ],
)

UNSAFE_VIEW = Operation(
    "unsafe_view",
    inputs="input",
    params="shape",
    evaluate=lambda array, shape: array.reshape(shape),
    infer=lambda input, shape: RESHAPE.infer(input, shape),
    gradient={"input": _back},
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 6)),), params=((3, 4),)),
        make.sample(inputs=(make.tensor((0,)),), params=((0, 3),)),
        make.error((make.tensor((2, 3)),), ((4,),), RuntimeError),
    ],
)


def _viewable(array: Any, sizes: tuple[int, ...]) -> bool:
    flags = array.flags  # a symbol has none
    if flags is not None and flags.c_contiguous:
        return True
    return can_view(array.shape, array.strides, sizes)


def reshaped(input: Tensor, sizes: tuple[int, ...]) -> Tensor:
    """A view of other ``sizes``, which hold the elements, or a copy where there is none."""
    array = input._array
    if _viewable(array, sizes):
        return view_of(VIEW if input.is_contiguous() else RESHAPE, input, (sizes,))
    # A copy in row-major order can be seen in every shape. Nobody else holds it, and so the
    # result is no view for the graph.
    return apply(UNSAFE_VIEW, (apply(CLONE, (input,), (ROW_MAJOR,)),), (sizes,))


def _quickly(input: Tensor, shape: tuple[Any, ...]) -> Tensor | None:
    """A view of a tensor without gaps; ``None`` for others, and where something is wrong."""
    try:
        array = input._array
        if not array.flags.c_contiguous:
            return None
        result = array.reshape(*shape)
    except (AttributeError, TypeError, ValueError):
        return None
    if result.shape != shape:  # a -1, or sizes in a tuple; NumPy takes any negative size for a -1
        sizes = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
        if min(sizes, default=0) < -1:
            return None
    return view_over(VIEW, input, result, (result.shape,))


@public(method=True)
def reshape(input: Tensor, *sizes: Any, shape: Any = None) -> Tensor:
    """The same elements, in order, in another shape; shares memory where strides allow.

    Args:
        input: a tensor.
        shape: sizes, one of which may be -1.

    Raises:
        RuntimeError: if the number of elements differs.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([0, 1, 2, 3]).reshape(2, -1)
        tensor([[0, 1],
                [2, 3]])
    """
    shape = sizes if shape is None else (shape,)
    if MODE.code < INTERPRETED:
        view = _quickly(input, shape)
        if view is not None:
            return view
    array = require_tensor("reshape", input)
    sizes = size_arguments("reshape", shape)
    return reshaped(input, complete_sizes("reshape", sizes, array.size))


@public(method=True, function=False)
def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """The same elements in the shape of ``other``.

    Raises:
        RuntimeError: if the number of elements differs.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(4).reshape_as(fb.zeros(2, 2)).shape
        torch.Size([2, 2])
    """
    return reshape(input, require_tensor("reshape_as", other).shape)


@public(method=True, function=False)
def view_as(input: Tensor, other: Tensor) -> Tensor:
    """A view in the shape of ``other``.

    Raises:
        RuntimeError: if the number of elements differs, or strides do not allow it.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(4).view_as(fb.zeros(2, 2)).shape
        torch.Size([2, 2])
    """
    return view(input, require_tensor("view_as", other).shape)


def view(self: Tensor, *sizes: Any, size: Any = None, dtype: Any = None) -> Tensor:
    """A view of the same memory in another shape, or as another data type.

    Args:
        shape: sizes, one of which may be -1; or one data type. The bytes are then read as that
            type: a smaller one makes the last dimension longer, a larger one shorter.
        dtype: the data type by name.

    Raises:
        RuntimeError: if the number of elements differs, or no strides show this memory in that
            shape (``reshape`` copies in that case).

    Example:
        >>> import flambeau as fb
        >>> x = fb.zeros(2, 3)
        >>> y = x.view(6); y[0] = 1.; x
        tensor([[1., 0., 0.],
                [0., 0., 0.]])
        >>> x.view(fb.int32)[0, 0]
        tensor(1065353216, dtype=torch.int32)
    """
    shape = sizes if size is None else (size,)
    if dtype is not None:
        shape = (dtype,)
    if len(shape) == 1 and shape[0].__class__ is dtypes.dtype:
        return _view_dtype(self, shape[0].numpy)
    if MODE.code < INTERPRETED:
        result = _quickly(self, shape)
        if result is not None:
            return result
    array = self._array
    sizes = complete_sizes("view", size_arguments("view", shape), array.size)
    if not _viewable(array, sizes):
        raise ShapeError(_view_error(array, sizes))
    return view_of(VIEW, self, (sizes,))


Tensor.view = view  # type: ignore[attr-defined]


def _as_bytes(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    return array.view(dtype) if array.ndim else array.reshape(1).view(dtype).reshape(())


def _infer_view_dtype(input: Any, dtype: np.dtype) -> Any:
    old, new = input.dtype.itemsize, dtype.itemsize
    shape, strides = tuple(input.shape), tuple(input.strides)
    if old == new:
        return Spec(shape, dtype, strides)
    problem = "view: the type's size does not fit the elements"
    if not shape:
        raise RuntimeError(
            message(problem, expected="a type of the same size for a 0-d tensor", got=str(dtype))
        )
    length = shape[-1] * old
    apart = list(strides[:-1]) if new > old else []
    if length % new or strides[-1] != old or any(s % new for s in apart):
        raise RuntimeError(
            message(
                problem,
                expected=f"a last dimension without gaps, and bytes that are multiples of {new}",
                got=f"shape {shape}, strides of {strides} bytes",
                help="use contiguous() first, or another type",
            )
        )
    return Spec((*shape[:-1], length // new), dtype, (*strides[:-1], new))


# No gradient flows through a change of what bytes mean.
VIEW_DTYPE = Operation(
    "view_dtype",
    inputs="input",
    params="dtype",
    evaluate=_as_bytes,
    infer=_infer_view_dtype,
    strict=True,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 4)),), params=(np.dtype(np.int32),)),
        make.sample(inputs=(make.tensor(()),), params=(np.dtype(np.int64),)),
        make.error((make.tensor(()),), (np.dtype(np.int8),), RuntimeError),
    ],
)


def _view_dtype(self: Tensor, numpy_type: np.dtype) -> Tensor:
    result = apply(VIEW_DTYPE, (self,), (numpy_type,))
    result._counter = shared_counter(self)
    return result


@public(method=True)
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Join consecutive dimensions into one.

    Args:
        input: a tensor.
        start_dim, end_dim: the first and the last of them.

    Shape: a 0-d tensor becomes one of shape (1,).

    Raises:
        RuntimeError: if ``start_dim`` lies behind ``end_dim``.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(2, 3, 4).flatten(1).shape
        torch.Size([2, 12])
    """
    array = require_tensor("flatten", input)
    shape = array.shape
    ndim = len(shape)
    if start_dim == 0 and end_dim == -1 and ndim > 1 and MODE.code < INTERPRETED:
        result = _quickly(input, (array.size,))
        if result is not None:
            return result
    first, last = wrap_dim("flatten", start_dim, ndim), wrap_dim("flatten", end_dim, ndim)
    if first > last:
        raise RuntimeError(
            message(
                "flatten: start_dim comes after end_dim",
                expected="start_dim <= end_dim",
                got=f"start_dim={start_dim}, end_dim={end_dim}",
            )
        )
    if ndim == 0:
        return reshaped(input, (1,))
    if first == last:
        return input
    joined = prod(shape[first : last + 1])
    return reshaped(input, (*shape[:first], joined, *shape[last + 1 :]))


@public(method=True)
def unflatten(input: Tensor, dim: int, sizes: Any) -> Tensor:
    """Split one dimension into several.

    Args:
        input: a tensor.
        dim: the dimension.
        sizes: what it becomes; one of them may be -1.

    Raises:
        RuntimeError: if their product is not the dimension's size.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(2, 6).unflatten(1, (2, -1)).shape
        torch.Size([2, 2, 3])
    """
    shape = require_tensor("unflatten", input).shape
    axis = wrap_dim("unflatten", dim, len(shape))
    parts = size_arguments("unflatten", (sizes,))
    if not parts:
        raise RuntimeError(message("unflatten: sizes are empty", expected="at least one size"))
    inner = complete_sizes("unflatten", parts, shape[axis] if shape else 1)
    return view(input, (*shape[:axis], *inner, *shape[axis + 1 :]))


@public(method=True)
def ravel(input: Tensor) -> Tensor:
    """All elements in one dimension; a copy only where strides demand it.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(2, 3).ravel().shape
        torch.Size([6])
    """
    require_tensor("ravel", input)
    return view(contiguous(input), -1)


UNSQUEEZE = view_operation(
    "unsqueeze",
    lambda array, dim: array.reshape((*array.shape[:dim], 1, *array.shape[dim:])),
    params="dim",
    gradient={"input": _back},
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)),), params=(1,)),
        make.sample(inputs=(make.transposed((2, 3)),), params=(2,)),
        make.sample(inputs=(make.tensor(()),), params=(0,)),
        make.sample(inputs=(make.tensor((0,)),), params=(0,)),
    ],
)


@public(method=True)
def unsqueeze(input: Tensor, dim: Any = None, *, axis: Any = None) -> Tensor:
    """A view with a dimension of size 1 inserted at ``dim``.

    Raises:
        IndexError: if ``dim`` is out of range.

    Example:
        >>> import flambeau as fb
        >>> fb.zeros(3).unsqueeze(-1).shape
        torch.Size([3, 1])
    """
    if axis is not None:
        dim = axis_as_dim("unsqueeze", dim, None, axis)
    ndim = require_tensor("unsqueeze", input).ndim
    return view_of(UNSQUEEZE, input, (wrap_dim("unsqueeze", dim, ndim + 1),))


def _squeezed(array: np.ndarray, dims: tuple[int, ...]) -> np.ndarray:
    return array.squeeze(dims) if dims else array[...]


def _squeeze_record(number: int) -> Operation:
    """PyTorch has three nodes: for all dimensions, for one, and for several."""
    return view_operation(
        "squeeze" if number == 0 else f"squeeze_{number}",
        _squeezed,
        params="dims",
        gradient={"input": _back},
        node_name=f"SqueezeBackward{number}",
        samples=lambda make: [
            make.sample(inputs=(make.tensor((2, 1, 3)),), params=((1,),)),
            make.sample(inputs=(make.transposed((3, 1)),), params=((1,),)),
            make.sample(inputs=(make.tensor(()),), params=((),)),
            make.sample(inputs=(make.tensor((1, 0)),), params=((0,),)),
        ],
    )


SQUEEZE = tuple(_squeeze_record(number) for number in range(3))


@public(method=True)
def squeeze(input: Tensor, dim: Any = None, *, axis: Any = None) -> Tensor:
    """A view without dimensions of size 1.

    Args:
        input: a tensor.
        dim: the dimension, or dimensions, to leave out if their size is 1; all if not given.

    Raises:
        IndexError: if ``dim`` is out of range.

    Example:
        >>> import flambeau as fb
        >>> x = fb.zeros(2, 1, 1)
        >>> x.squeeze().shape, x.squeeze(1).shape, x.squeeze(0).shape
        (torch.Size([2]), torch.Size([2, 1]), torch.Size([2, 1, 1]))
    """
    if axis is not None:
        dim = axis_as_dim("squeeze", dim, None, axis)
    shape = require_tensor("squeeze", input).shape
    if dim is None:
        number, dims = 0, range(len(shape))
    elif dim.__class__ is int:
        number, dims = 1, (wrap_dim("squeeze", dim, len(shape)),)
    else:
        number, dims = 2, wrap_dims("squeeze", dim, len(shape))
    if 1 not in shape:
        return view_of(SQUEEZE[number], input, ((),))
    ones = tuple(sorted([d for d in dims if shape and shape[d] == 1]))
    return view_of(SQUEEZE[number], input, (ones,))
