"""What a mask selects, and where elements differ from zero: sizes that depend on values."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ValueDependentError, message
from flambeau.core.shapes import broadcast, wrap_dim
from flambeau.core.spec import Spec
from flambeau.ops.numpy_style import axis_as_dim
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.view_record import require_tensor
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def size_depends_on_values(name: str, help: str) -> ValueDependentError:
    """The error of an operation that cannot be recorded with a fixed shape."""
    return ValueDependentError(
        message(
            f"{name}: the size of the result depends on the values of the tensor",
            expected="an operation whose result has a known shape, while recording",
            got=f"{name} of a recorded tensor",
            help=help,
        )
    )


def _check_mask(input: Any, mask: Any) -> tuple[int, ...]:
    if mask.dtype.kind != "b":
        raise RuntimeError(
            message(
                "masked_select: the mask must be of type bool",
                expected="torch.bool",
                got=str(dtypes.of(mask.dtype)),
                help="compare it with something, or convert it with .bool()",
            )
        )
    return broadcast("masked_select", input.shape, mask.shape)


def _masked_select(array: np.ndarray, mask: np.ndarray) -> np.ndarray:
    shape = _check_mask(array, mask)
    if array.shape != shape:
        array = np.broadcast_to(array, shape)
    return array[mask if mask.shape == shape else np.broadcast_to(mask, shape)]


def _infer_masked_select(input: Any, mask: Any) -> Spec:
    _check_mask(input, mask)
    raise size_depends_on_values("masked_select", "use flambeau.where(mask, x, 0)")


def _selected_back(g: Tensor, mask: Tensor, input_shape: tuple[int, ...]) -> Tensor:
    shape = broadcast("masked_select", tuple(input_shape), mask._array.shape)
    return apply(MASKED_PLACE, (g, mask), (shape,))  # the engine sums over what was broadcast


MASKED_SELECT = Operation(
    "masked_select",
    inputs="input mask",
    evaluate=_masked_select,
    infer=_infer_masked_select,
    gradient={"input": _selected_back},
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)), make.booleans((2, 3)))),
        make.sample(inputs=(make.tensor((2, 1)), make.booleans((3,)))),
        make.sample(inputs=(make.transposed((2, 3)), make.booleans((2, 3)))),
        make.sample(inputs=(make.tensor(()), make.booleans(()))),
        make.error((make.tensor((2,)), make.integers((2,))), (), RuntimeError),
        make.error((make.tensor((2,)), make.booleans((3,))), (), RuntimeError),
    ],
)


def _place(g: np.ndarray, mask: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    whole = np.zeros(shape, g.dtype)
    whole[np.broadcast_to(mask, shape)] = g
    return whole


MASKED_PLACE = Operation(
    "masked_select_backward",
    inputs="g mask",
    params="shape",
    evaluate=_place,
    infer=lambda g, mask, shape: Spec(shape, g.dtype),
    gradient={"g": lambda g, mask: apply(MASKED_SELECT, (g, mask))},
    # Half of the values that a sample is made of are positive.
    samples=lambda make: [
        make.sample(inputs=(make.tensor((3,)), make.tensor((2, 3)) > 0), params=((2, 3),)),
        make.sample(inputs=(make.tensor((4,)), make.tensor((2,)) > 0), params=((4, 2),)),
    ],
)


@public(method=True)
def masked_select(input: Tensor, mask: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The elements for which a mask holds, in order, in one dimension.

    Args:
        input: a tensor.
        mask: a bool tensor that broadcasts with it.
        out: a tensor to write the result into.

    Raises:
        RuntimeError: if the mask is of another type, or the shapes do not broadcast.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1, 2, 3]).masked_select(fb.tensor([True, False, True]))
        tensor([1, 3])
    """
    require_tensor("masked_select", input)
    require_tensor("masked_select", mask)
    result = apply(MASKED_SELECT, (input, mask))
    return result if out is None else write_out("masked_select", out, result, apart=(input, mask))


def _infer_nonzero(input: Any) -> Spec:
    raise size_depends_on_values("nonzero", "use a mask and flambeau.where()")


def _nonzero(array: np.ndarray) -> np.ndarray:
    if array.ndim == 0:
        return np.zeros((int(array != 0), 0), np.int64)
    # The coordinates of one dimension lie side by side, as PyTorch lays them out.
    return np.ascontiguousarray(np.stack(np.nonzero(array))).T


NONZERO = Operation(
    "nonzero",
    inputs="input",
    evaluate=_nonzero,
    infer=_infer_nonzero,
    samples=lambda make: [
        make.sample(inputs=(make.booleans((2, 3)),)),
        make.sample(inputs=(make.tensor(()),)),
        make.sample(inputs=(make.tensor((0,)),)),
    ],
)


@public(method=True)
def nonzero(input: Tensor, *, out: Tensor | None = None, as_tuple: bool = False) -> Any:
    """The places of all elements that are not 0.

    Args:
        input: a tensor.
        out: a tensor to write the result into.
        as_tuple: return one tensor of coordinates for each dimension, fit to index with.

    Shape: (count, ndim), or ``ndim`` tensors of shape (count,).

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor([[0, 7], [8, 0]])
        >>> x.nonzero()
        tensor([[0, 1],
                [1, 0]])
        >>> x[x.nonzero(as_tuple=True)]
        tensor([7, 8])
    """
    array = require_tensor("nonzero", input)
    if as_tuple:
        if array.ndim == 0:
            input = input.reshape(1)  # type: ignore[attr-defined]
        return apply(NONZERO, (input,)).unbind(1)
    result = apply(NONZERO, (input,))
    return result if out is None else write_out("nonzero", out, result)


@public(method=True)
def argwhere(input: Tensor) -> Tensor:
    """The places of all elements that are not 0, a row of coordinates for each.

    Example:
        >>> import flambeau as fb
        >>> fb.argwhere(fb.tensor([0, 5, 6]))
        tensor([[1],
                [2]])
    """
    require_tensor("argwhere", input)
    return apply(NONZERO, (input,))


def contains(self: Tensor, element: Any) -> bool:
    """Whether an element equal to a number or 0-d tensor is in the tensor.

    Raises:
        RuntimeError: for what is neither.
    """
    if not isinstance(element, (Tensor, int, float, complex)):
        raise RuntimeError(
            message(
                "in: only numbers and tensors can be looked for",
                expected="a number or a tensor",
                got=type(element).__name__,
            )
        )
    return bool((self == element).any())


Tensor.__contains__ = contains  # type: ignore[attr-defined]

# --- by place in the flattened tensor -------------------------------------------------------------


def _checked_places(array: Any, index: np.ndarray) -> np.ndarray:
    if index.dtype != np.int64:
        raise RuntimeError(
            message(
                "take: the index must be of type int64",
                expected="torch.int64",
                got=str(dtypes.of(index.dtype)),
            )
        )
    size = array.size
    if index.size and (int(index.min()) < -size or int(index.max()) >= size):
        raise IndexError(
            message(
                "take: an index is out of range",
                expected=f"indices from {-size} to {size - 1}",
                got=f"indices from {int(index.min())} to {int(index.max())}",
            )
        )
    return index


def _take(array: np.ndarray, index: np.ndarray) -> np.ndarray:
    return array.reshape(-1)[_checked_places(array, index)]


def _add_at_places(g: np.ndarray, index: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    whole = np.zeros(shape, g.dtype)
    np.add.at(whole.reshape(-1), index, g)
    return whole


TAKE = Operation(
    "take",
    inputs="input index",
    evaluate=_take,
    infer=lambda x, index: Spec(index.shape, x.dtype),
    gradient={
        "input": lambda g, index, input_shape: apply(
            TAKE_BACKWARD, (g, index), (tuple(input_shape),)
        )
    },
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)), make.integers((4,), -6, 6))),
        make.sample(inputs=(make.transposed((2, 3)), make.integers((2, 2), 0, 6))),
        make.sample(inputs=(make.tensor(()), make.integers((), 0, 1))),
    ],
)

TAKE_BACKWARD = Operation(
    "take_backward",
    inputs="g index",
    params="shape",
    evaluate=_add_at_places,
    infer=lambda g, index, shape: Spec(shape, g.dtype),
    gradient={"g": lambda g, index: apply(TAKE, (g, index))},
    samples=lambda make: [
        make.sample(inputs=(make.tensor((4,)), make.integers((4,), 0, 6)), params=((2, 3),)),
    ],
)


@public(method=True)
def take(input: Tensor, index: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Elements by their places, as if the tensor had one dimension.

    Args:
        input: a tensor.
        index: places, of type int64.
        out: a tensor to write the result into.

    Shape: that of ``index``.

    Raises:
        IndexError: if a place is out of range.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[1, 2], [3, 4]]).take(fb.tensor([0, 3]))
        tensor([1, 4])
    """
    require_tensor("take", input)
    require_tensor("take", index)
    result = apply(TAKE, (input, index))
    return result if out is None else write_out("take", out, result, apart=(input, index))


@public(method=True)
def take_along_dim(
    input: Tensor,
    indices: Tensor,
    dim: int | None = None,
    *,
    out: Tensor | None = None,
    axis: Any = None,
) -> Tensor:
    """Elements along a dimension, by indices that broadcast with the tensor elsewhere.

    Args:
        input: a tensor.
        indices: indices of type int64, as ``argmax`` and ``argsort`` return them.
        dim: the dimension; both are seen in one dimension if not given.
        out: a tensor to write the result into.

    Raises:
        RuntimeError: if the shapes do not broadcast, or an index is out of range.

    Example:
        >>> import flambeau as fb
        >>> fb.take_along_dim(fb.tensor([[3, 4], [6, 5]]), fb.tensor([[1], [0]]), dim=1)
        tensor([[4],
                [6]])
    """
    if axis is not None:
        dim = axis_as_dim("take_along_dim", dim, None, axis)
    array = require_tensor("take_along_dim", input)
    kind = require_tensor("take_along_dim", indices).dtype
    if kind != np.int64:
        raise RuntimeError(
            message(
                "take_along_dim: indices must be of type int64",
                expected="torch.int64",
                got=str(indices.dtype),
            )
        )
    if dim is None:
        result = input.reshape(-1).gather(0, indices.reshape(-1))  # type: ignore[attr-defined]
        return result if out is None else write_out("take_along_dim", out, result)
    if array.ndim != indices._array.ndim:
        raise RuntimeError(
            message(
                "take_along_dim: input and indices differ in their number of dimensions",
                expected=f"{array.ndim} dimensions",
                got=f"{indices._array.ndim}",
            )
        )
    axis = wrap_dim("take_along_dim", dim, array.ndim)
    common = list(broadcast_except(tuple(array.shape), tuple(indices._array.shape), axis))
    common[axis] = indices._array.shape[axis]
    size = array.shape[axis]
    places = PUBLIC["where"](indices < 0, indices + size, indices)
    wide = places.expand(common)
    common[axis] = array.shape[axis]
    result = input.expand(common).gather(axis, wide)  # type: ignore[attr-defined]
    return result if out is None else write_out("take_along_dim", out, result)


def broadcast_except(first: tuple[int, ...], second: tuple[int, ...], axis: int) -> tuple[int, ...]:
    """The broadcast of two shapes in which one dimension does not take part."""
    one = (1,)
    return broadcast(
        "take_along_dim",
        first[:axis] + one + first[axis + 1 :],
        second[:axis] + one + second[axis + 1 :],
    )
