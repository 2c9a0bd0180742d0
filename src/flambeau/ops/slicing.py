"""Views of a part of a tensor, and the operations that put a part's gradient in its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.memory import strided
from flambeau.core.shapes import wrap_dim
from flambeau.core.spec import Spec
from flambeau.ops.publish import public
from flambeau.ops.view_record import require_tensor, view_of, view_operation
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

_ALL = slice(None)


def placing_operation(
    name: str,
    part: Callable[..., np.ndarray],
    params: str,
    forward: Callable[[], Operation],
    samples: Callable[[Any], list[Any]],
) -> Operation:
    """Zeros of the input's shape with a gradient added where the part was taken.

    Args:
        name: of the record.
        part: the view's own meaning: array and parameters to the part.
        params: names of the view's parameters.
        forward: returns the view's record: it is the gradient of this one.
        samples: for the contract tests.
    """

    def evaluate(g: np.ndarray, shape: tuple[int, ...], *params: Any) -> np.ndarray:
        whole = np.zeros(shape, g.dtype)
        part(whole, *params)[...] = g
        return whole

    return Operation(
        name,
        inputs="g",
        params=f"shape {params}",
        evaluate=evaluate,
        infer=lambda g, shape, *params: Spec(shape, g.dtype),
        gradient=_gradient_of_placing(params, forward),
        samples=samples,
    )


def _gradient_of_placing(params: str, forward: Callable[[], Operation]) -> dict[str, Callable]:
    names = params.split()
    source = f"lambda g, {', '.join(names)}: apply(forward(), (g,), ({', '.join(names)},))"
    # A rule says what it needs by the names of its arguments, which differ from view to view.
    return {"g": eval(source, {"apply": apply, "forward": forward})}


def _select(array: np.ndarray, dim: int, index: int) -> np.ndarray:
    # The ellipsis keeps the result an array, and a view, where no dimension is left.
    return array[index, ...] if dim == 0 else array[(_ALL,) * dim + (index, ...)]


SELECT_BACKWARD = placing_operation(
    "select_backward",
    _select,
    "dim index",
    lambda: SELECT,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2,)),), params=((2, 3), 1, 2)),
        make.sample(inputs=(make.tensor(()),), params=((3,), 0, 1)),
    ],
)

SELECT = view_operation(
    "select",
    _select,
    params="dim index",
    gradient={
        "input": lambda g, input_shape, dim, index: apply(
            SELECT_BACKWARD, (g,), (tuple(input_shape), dim, index)
        )
    },
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)),), params=(1, 2)),
        make.sample(inputs=(make.tensor((3,)),), params=(0, 1)),
        make.sample(inputs=(make.transposed((2, 3)),), params=(0, 0)),
        make.sample(inputs=(make.tensor((2, 0)),), params=(0, 1)),
    ],
)


def _slice(array: np.ndarray, dim: int, start: int, end: int, step: int) -> np.ndarray:
    return array[(_ALL,) * dim + (slice(start, end, step),)]


SLICE_BACKWARD = placing_operation(
    "slice_backward",
    _slice,
    "dim start end step",
    lambda: SLICE,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 2)),), params=((2, 5), 1, 1, 4, 2)),
        make.sample(inputs=(make.tensor((0,)),), params=((3,), 0, 2, 2, 1)),
    ],
)

SLICE = view_operation(
    "slice",
    _slice,
    params="dim start end step",
    gradient={
        "input": lambda g, input_shape, dim, start, end, step: apply(
            SLICE_BACKWARD, (g,), (tuple(input_shape), dim, start, end, step)
        )
    },
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 5)),), params=(1, 1, 4, 2)),
        make.sample(inputs=(make.tensor((3,)),), params=(0, 2, 2, 1)),
        make.sample(inputs=(make.transposed((2, 3)),), params=(0, 0, 1, 1)),
        make.sample(inputs=(make.tensor((0,)),), params=(0, 0, 0, 1)),
    ],
)


def checked_index(name: str, index: int, dim: int, size: int) -> int:
    """An index in ``0 .. size-1`` from one that may count from the end.

    Raises:
        IndexError: if it is out of range.
    """
    if not -size <= index < size:
        raise IndexError(
            message(
                f"{name}: index {index} is out of bounds for dimension {dim} with size {size}",
                expected=f"an index from {-size} to {size - 1}" if size else "a size of at least 1",
                got=str(index),
            )
        )
    return index + size if index < 0 else index


@public(method=True)
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """A view of one entry along a dimension, which the result does not have.

    Args:
        input: a tensor.
        dim: the dimension.
        index: which entry; counted from the end if negative.

    Raises:
        IndexError: if ``dim`` or ``index`` is out of range, or the tensor is 0-d.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[1, 2], [3, 4]]).select(1, 0)
        tensor([1, 3])
    """
    shape = require_tensor("select", input).shape
    if not shape:
        raise IndexError(message("select: a 0-d tensor has no dimension", help="use item()"))
    axis = wrap_dim("select", dim, len(shape))
    position = checked_index("select", int(index), axis, shape[axis])
    return view_of(SELECT, input, (axis, position))


@public(method=True)
def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """A view of ``length`` entries along a dimension, from ``start`` on.

    Args:
        input: a tensor.
        dim: the dimension.
        start: the first entry; a number, or a 0-d integer tensor.
        length: how many.

    Raises:
        RuntimeError: if they do not lie in the dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1, 2, 3, 4]).narrow(0, 1, 2)
        tensor([2, 3])
    """
    shape = require_tensor("narrow", input).shape
    if not shape:
        raise RuntimeError(message("narrow: a 0-d tensor has no dimension"))
    axis = wrap_dim("narrow", dim, len(shape))
    if isinstance(start, Tensor) and (start._array.ndim or start._array.dtype.kind not in "iu"):
        raise RuntimeError(
            message(
                "narrow: start is not an integer",
                expected="a number, or a 0-d integer tensor",
                got=f"shape {tuple(start.shape)} of {start.dtype}",
            )
        )
    size, first = shape[axis], int(start)
    if not -size <= first <= size:
        raise IndexError(
            message(
                "narrow: start is out of range",
                expected=f"a start from {-size} to {size}",
                got=str(first),
            )
        )
    first = first + size if first < 0 else first
    if length < 0 or first + length > size:
        raise RuntimeError(
            message(
                "narrow: the entries do not lie in the dimension",
                expected=f"start + length <= {size} and length >= 0",
                got=f"start={first}, length={length}",
            )
        )
    return view_of(SLICE, input, (axis, first, first + length, 1))


# --- diagonal, windows, arbitrary strides ---------------------------------------------------------


def _diagonal(array: np.ndarray, offset: int, dim1: int, dim2: int) -> np.ndarray:
    view = np.diagonal(array, offset, dim1, dim2)
    if array.flags.writeable and not view.flags.writeable:
        view.flags.writeable = True  # NumPy marks diagonals as read-only to be cautious
    return view


DIAGONAL_BACKWARD = placing_operation(
    "diagonal_backward",
    _diagonal,
    "offset dim1 dim2",
    lambda: DIAGONAL,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((3,)),), params=((3, 4), 1, 0, 1)),
    ],
)

DIAGONAL = view_operation(
    "diagonal",
    _diagonal,
    params="offset dim1 dim2",
    gradient={
        "input": lambda g, input_shape, offset, dim1, dim2: apply(
            DIAGONAL_BACKWARD, (g,), (tuple(input_shape), offset, dim1, dim2)
        )
    },
    samples=lambda make: [
        make.sample(inputs=(make.tensor((3, 4)),), params=(1, 0, 1)),
        make.sample(inputs=(make.tensor((2, 3, 4)),), params=(-1, 2, 0)),
        make.sample(inputs=(make.transposed((2, 2)),), params=(5, 0, 1)),
    ],
)


@public(method=True)
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """A view of a diagonal of two dimensions; it becomes the last dimension.

    Args:
        input: a tensor of at least two dimensions.
        offset: 0 for the main diagonal, positive ones above it, negative ones below.
        dim1, dim2: the two dimensions.

    Raises:
        RuntimeError: if they are the same.
        IndexError: if one is out of range.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[1, 2], [3, 4]]).diagonal()
        tensor([1, 4])
    """
    ndim = require_tensor("diagonal", input).ndim
    first, second = wrap_dim("diagonal", dim1, ndim), wrap_dim("diagonal", dim2, ndim)
    if first == second:
        raise RuntimeError(
            message(
                "diagonal: the two dimensions are the same",
                expected="different dims",
                got=f"dim1={dim1}, dim2={dim2}",
            )
        )
    return view_of(DIAGONAL, input, (offset, first, second))


def _windows(array: np.ndarray, dimension: int, size: int, step: int) -> np.ndarray:
    spec = _infer_windows(array, dimension, size, step)
    return strided(array, spec.shape, spec.strides)


def _infer_windows(input: Any, dimension: int, size: int, step: int) -> Spec:
    shape, strides = tuple(input.shape), tuple(input.strides)
    if not shape:
        return Spec((size,), input.dtype, (input.dtype.itemsize,))
    own = strides[dimension]
    return Spec(
        (*shape[:dimension], (shape[dimension] - size) // step + 1, *shape[dimension + 1 :], size),
        input.dtype,
        (*strides[:dimension], own * step, *strides[dimension + 1 :], own),
    )


def _evaluate_windows_back(
    g: np.ndarray, shape: tuple[int, ...], dimension: int, size: int, step: int
) -> np.ndarray:
    whole = np.zeros(shape, g.dtype)
    if not shape:
        return whole + g.sum().astype(g.dtype)
    # Entries of different windows may be one element: each place in the window is added by itself.
    for place in range(size):
        count = g.shape[dimension]
        part = _slice(whole, dimension, place, place + (count - 1) * step + 1, step)
        part += g[..., place]
    return whole


UNFOLD_BACKWARD = Operation(
    "unfold_backward",
    inputs="g",
    params="shape dimension size step",
    evaluate=_evaluate_windows_back,
    infer=lambda g, shape, dimension, size, step: Spec(shape, g.dtype),
    gradient={"g": lambda g, dimension, size, step: apply(UNFOLD, (g,), (dimension, size, step))},
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 4, 2)),), params=((2, 5), 1, 2, 1)),
        make.sample(inputs=(make.tensor((2, 3)),), params=((6,), 0, 3, 2)),
    ],
)

UNFOLD = view_operation(
    "tensor_unfold",
    _windows,
    params="dimension size step",
    infer=_infer_windows,
    gradient={
        "input": lambda g, input_shape, dimension, size, step: apply(
            UNFOLD_BACKWARD, (g,), (tuple(input_shape), dimension, size, step)
        )
    },
    node_name="UnfoldBackward0",
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 5)),), params=(1, 2, 1)),
        make.sample(inputs=(make.tensor((6,)),), params=(0, 3, 2)),
        make.sample(inputs=(make.transposed((4, 3)),), params=(0, 2, 2)),
    ],
)


def unfold(self: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """A view of all windows of ``size`` entries along a dimension, as a new last dimension.

    Args:
        dimension: the dimension.
        size: entries in a window.
        step: from one window's start to the next.

    Raises:
        RuntimeError: if a window does not fit or ``step`` is not positive.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1, 2, 3, 4]).unfold(0, 2, 1)
        tensor([[1, 2],
                [2, 3],
                [3, 4]])
    """
    shape = self._array.shape
    axis = wrap_dim("unfold", dimension, len(shape))
    limit = shape[axis] if shape else 1
    if not 0 <= size <= limit or step <= 0:
        raise RuntimeError(
            message(
                "unfold: windows do not fit",
                expected=f"a size from 0 to {limit} and a step of at least 1",
                got=f"size={size}, step={step}",
            )
        )
    return view_of(UNFOLD, self, (axis, size, step))


Tensor.unfold = unfold  # type: ignore[attr-defined]
