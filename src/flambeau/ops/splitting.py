"""Views of all parts of a tensor: split, chunk, unbind."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.shapes import wrap_dim
from flambeau.core.spec import Spec
from flambeau.ops.copying import zeros_of
from flambeau.ops.numpy_style import axis_as_dim
from flambeau.ops.publish import public
from flambeau.ops.slicing import SLICE
from flambeau.ops.view_record import require_tensor, view_of, view_operation, views_of
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor


def _parts(array: np.ndarray, sizes: tuple[int, ...], dim: int) -> tuple[np.ndarray, ...]:
    before = (slice(None),) * dim
    parts, start = [], 0
    for size in sizes:
        parts.append(array[(*before, slice(start, start + size))])
        start += size
    return tuple(parts)


def _joined(g: Any, shape: tuple[int, ...], sizes: tuple[int, ...], dim: int) -> Tensor:
    """The gradients of all parts in one; zeros for those that have none."""
    present = next(part for part in g if part is not None)
    parts = []
    for part, size in zip(g, sizes, strict=True):
        if part is None:
            part = zeros_of((*shape[:dim], size, *shape[dim + 1 :]), present)
        parts.append(part)
    return apply(REGISTRY["cat"], tuple(parts), (dim,))


def _samples(make: Any) -> list[Any]:
    return [
        make.sample(inputs=(make.tensor((2, 5)),), params=((2, 3), 1)),
        make.sample(inputs=(make.tensor((3,)),), params=((3,), 0)),
        make.sample(inputs=(make.transposed((2, 4)),), params=((1, 0, 1), 0)),
    ]


def _split_record(name: str, node_name: str, views: bool) -> Operation:
    gradient = {"input": lambda g, input_shape, sizes, dim: _joined(g, input_shape, sizes, dim)}
    if views:
        return view_operation(
            name,
            _parts,
            params="sizes dim",
            gradient=gradient,
            node_name=node_name,
            samples=_samples,
        )
    return Operation(
        name,
        inputs="input",
        params="sizes dim",
        evaluate=lambda array, sizes, dim: tuple(p.copy() for p in _parts(array, sizes, dim)),
        infer=lambda x, sizes, dim: tuple(
            Spec((*x.shape[:dim], size, *x.shape[dim + 1 :]), x.dtype) for size in sizes
        ),
        gradient=gradient,
        node_name=node_name,
        samples=_samples,
    )


SPLIT = _split_record("split", "SplitBackward0", True)
SPLIT_WITH_SIZES = _split_record("split_with_sizes", "SplitWithSizesBackward0", True)
UNSAFE_SPLIT = _split_record("unsafe_split", "UnsafeSplitBackward0", False)
UNSAFE_SPLIT_WITH_SIZES = _split_record(
    "unsafe_split_with_sizes", "UnsafeSplitWithSizesBackward0", False
)


def _axis(name: str, input: Tensor, dim: int) -> int:
    ndim = require_tensor(name, input).ndim
    if ndim == 0:
        raise RuntimeError(message(f"{name}: a 0-d tensor cannot be split"))
    return wrap_dim(name, dim, ndim)


def _equal_sizes(name: str, size: int, part: int) -> tuple[int, ...]:
    if part < 0 or (part == 0 and size):
        raise RuntimeError(
            message(
                f"{name}: parts must have a positive size",
                expected="a split size of at least 1",
                got=str(part),
            )
        )
    if part == 0 or size == 0:
        return (size,)
    whole, rest = divmod(size, part)
    return (part,) * whole + ((rest,) if rest else ())


def _given_sizes(name: str, size: int, sizes: Any) -> tuple[int, ...]:
    parts = tuple([int(s) for s in sizes])
    if sum(parts) != size or min(parts, default=0) < 0:
        raise RuntimeError(
            message(
                f"{name}: the sizes do not add up to the dimension",
                expected=f"sizes whose sum is {size}",
                got=str(list(parts)),
            )
        )
    return parts


@public()
def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of consecutive parts along a dimension.

    Args:
        tensor: a tensor.
        split_size_or_sections: the size of each part (the last may be smaller), or a list of
            sizes.
        dim: the dimension.

    Raises:
        RuntimeError: if sizes do not add up to the dimension's.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1, 2, 3]).split(2)
        (tensor([1, 2]), tensor([3]))
    """
    axis = _axis("split", tensor, dim)
    size = tensor._array.shape[axis]
    if isinstance(split_size_or_sections, (tuple, list)):
        sizes = _given_sizes("split", size, split_size_or_sections)
        return views_of(SPLIT_WITH_SIZES, tensor, (sizes, axis))
    return views_of(SPLIT, tensor, (_equal_sizes("split", size, int(split_size_or_sections)), axis))


def _split(self: Tensor, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of consecutive parts along a dimension; see :func:`flambeau.split`.

    Args:
        split_size: the size of each part (the last may be smaller), or a list of sizes.
        dim: the dimension.
    """
    return split(self, split_size, dim)


_split.__name__ = "split"
Tensor.split = _split  # type: ignore[attr-defined]


@public(method=True)
def split_with_sizes(input: Tensor, split_sizes: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of consecutive parts of the given sizes; see :func:`flambeau.split`."""
    axis = _axis("split_with_sizes", input, dim)
    sizes = _given_sizes("split_with_sizes", input._array.shape[axis], split_sizes)
    return views_of(SPLIT_WITH_SIZES, input, (sizes, axis))


@public(method=True)
def unsafe_split(tensor: Tensor, split_size: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Parts as :func:`flambeau.split` gives them, but not tied to the tensor by the graph.

    Differs from PyTorch: they are copies.
    """
    axis = _axis("unsafe_split", tensor, dim)
    sizes = _equal_sizes("unsafe_split", tensor._array.shape[axis], split_size)
    return apply(UNSAFE_SPLIT, (tensor,), (sizes, axis))


@public(method=True)
def unsafe_split_with_sizes(input: Tensor, split_sizes: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Parts of the given sizes, not tied to the tensor by the graph.

    Differs from PyTorch: they are copies.
    """
    axis = _axis("unsafe_split_with_sizes", input, dim)
    sizes = _given_sizes("unsafe_split_with_sizes", input._array.shape[axis], split_sizes)
    return apply(UNSAFE_SPLIT_WITH_SIZES, (input,), (sizes, axis))


def _chunk_sizes(name: str, size: int, chunks: int) -> tuple[int, ...]:
    if chunks <= 0:
        raise RuntimeError(
            message(f"{name}: chunks must be positive", expected="at least 1", got=str(chunks))
        )
    part = -(-size // chunks)
    return (0,) * chunks if size == 0 else _equal_sizes(name, size, part)


@public(method=True)
def chunk(input: Tensor, chunks: int, dim: int = 0, *, axis: Any = None) -> tuple[Tensor, ...]:
    """At most ``chunks`` views of consecutive parts of equal size; the last may be smaller.

    Args:
        input: a tensor.
        chunks: how many at most.
        dim: the dimension.

    Raises:
        RuntimeError: if ``chunks`` is not positive.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1, 2, 3, 4, 5]).chunk(3)
        (tensor([1, 2]), tensor([3, 4]), tensor([5]))
    """
    if axis is not None:
        dim = axis_as_dim("chunk", dim, 0, axis)
    axis = _axis("chunk", input, dim)
    size = input._array.shape[axis]
    sizes = _chunk_sizes("chunk", size, chunks)
    return views_of(SPLIT if size else SPLIT_WITH_SIZES, input, (sizes, axis))


@public(method=True)
def unsafe_chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Parts as :func:`flambeau.chunk` gives them, but not tied to the tensor by the graph.

    Differs from PyTorch: they are copies.
    """
    axis = _axis("unsafe_chunk", input, dim)
    sizes = _chunk_sizes("unsafe_chunk", input._array.shape[axis], chunks)
    return apply(UNSAFE_SPLIT, (input,), (sizes, axis))


def _bounds(name: str, size: int, given: Any) -> list[int]:
    """Where the parts of ``tensor_split`` begin and end."""
    if isinstance(given, Tensor):
        given = given.tolist()
    if isinstance(given, (tuple, list)):
        return [0, *[int(i) for i in given], size]
    if given <= 0:
        raise RuntimeError(
            message(f"{name}: the number of sections must be positive", got=str(given))
        )
    small, larger = divmod(size, given)
    bounds = [0]
    for part in range(given):
        bounds.append(bounds[-1] + small + (part < larger))
    return bounds


@public(method=True)
def tensor_split(
    input: Tensor,
    indices_or_sections: Any = None,
    dim: int = 0,
    *,
    sections: Any = None,
    indices: Any = None,
    axis: Any = None,
) -> tuple[Tensor, ...]:
    """Views of parts along a dimension, by their number or by the places of the cuts.

    Args:
        input: a tensor.
        indices_or_sections: the number of parts, of which the first may be larger by one; or a
            list of indices to cut at.
        dim: the dimension.

    Raises:
        RuntimeError: if the number is not positive.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1, 2, 3, 4]).tensor_split([1, 3])
        (tensor([1]), tensor([2, 3]), tensor([4]))
    """
    if axis is not None:
        dim = axis_as_dim("tensor_split", dim, 0, axis)
    given = next(x for x in (indices_or_sections, sections, indices, ()) if x is not None)
    axis = _axis("tensor_split", input, dim)
    return _cut(input, _bounds("tensor_split", input._array.shape[axis], given), axis)


def _cut(input: Tensor, bounds: list[int], axis: int) -> tuple[Tensor, ...]:
    size = input._array.shape[axis]
    parts = []
    for start, end in itertools.pairwise(bounds):
        first, last, _ = slice(start, end).indices(size)
        parts.append(view_of(SLICE, input, (axis, first, max(first, last), 1)))
    return tuple(parts)


def _split_along(name: str, input: Tensor, given: Any, axis: int, least: int) -> tuple[Tensor, ...]:
    shape = require_tensor(name, input).shape
    if len(shape) < least:
        raise RuntimeError(
            message(
                f"{name}: too few dimensions",
                expected=f"at least {least}",
                got=f"{len(shape)}",
            )
        )
    if not isinstance(given, (tuple, list, Tensor)) and (given <= 0 or shape[axis] % given):
        raise RuntimeError(
            message(
                f"{name}: the dimension cannot be divided into equal parts",
                expected=f"a divisor of {shape[axis]}",
                got=str(given),
                help="use tensor_split for parts of unequal size",
            )
        )
    return _cut(input, _bounds(name, shape[axis], given), axis)


@public(method=True)
def hsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Views of parts along dimension 1 (dimension 0 of a 1-d tensor).

    Raises:
        RuntimeError: if the dimension cannot be divided equally.

    Example:
        >>> import flambeau as fb
        >>> [part.shape[1] for part in fb.zeros(2, 6).hsplit([1, 3])]
        [1, 2, 3]
    """
    axis = 0 if require_tensor("hsplit", input).ndim == 1 else 1
    return _split_along("hsplit", input, indices_or_sections, axis, 1)


@public(method=True)
def vsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Views of parts along dimension 0 of a tensor with at least two dimensions.

    Raises:
        RuntimeError: if the dimension cannot be divided equally.

    Example:
        >>> import flambeau as fb
        >>> len(fb.zeros(6, 2).vsplit(3))
        3
    """
    return _split_along("vsplit", input, indices_or_sections, 0, 2)


@public(method=True)
def dsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Views of parts along dimension 2 of a tensor with at least three dimensions.

    Raises:
        RuntimeError: if the dimension cannot be divided equally.

    Example:
        >>> import flambeau as fb
        >>> len(fb.zeros(1, 2, 4).dsplit(2))
        2
    """
    return _split_along("dsplit", input, indices_or_sections, 2, 3)


# --- unbind -------------------------------------------------------------------------------------


def _entries(array: np.ndarray, dim: int) -> tuple[np.ndarray, ...]:
    moved = array if dim == 0 else np.moveaxis(array, dim, 0)
    return tuple([moved[i, ...] for i in range(moved.shape[0])])


def _stacked(g: Any, shape: tuple[int, ...], dim: int) -> Tensor:
    present = next(part for part in g if part is not None)
    rest = (*shape[:dim], *shape[dim + 1 :])
    parts = tuple([zeros_of(rest, present) if part is None else part for part in g])
    return apply(REGISTRY["stack"], parts, (dim,))


UNBIND = view_operation(
    "unbind",
    _entries,
    params="dim",
    gradient={"input": lambda g, input_shape, dim: _stacked(g, input_shape, dim)},
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)),), params=(1,)),
        make.sample(inputs=(make.tensor((3,)),), params=(0,)),
        make.sample(inputs=(make.transposed((2, 3)),), params=(0,)),
    ],
)


@public(method=True)
def unbind(input: Tensor, dim: int = 0, *, axis: Any = None) -> tuple[Tensor, ...]:
    """Views of all entries along a dimension, which the results do not have.

    Args:
        input: a tensor.
        dim: the dimension.

    Raises:
        RuntimeError: for a 0-d tensor.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([[1, 2], [3, 4]]).unbind()
        (tensor([1, 2]), tensor([3, 4]))
    """
    if axis is not None:
        dim = axis_as_dim("unbind", dim, 0, axis)
    ndim = require_tensor("unbind", input).ndim
    axis = wrap_dim("unbind", dim, ndim)
    if ndim == 0:
        raise IndexError(message("unbind: a 0-d tensor has no dimension"))
    return views_of(UNBIND, input, (axis,))


def _iterate(self: Tensor) -> Iterator[Tensor]:
    """The entries along the first dimension.

    Raises:
        TypeError: for a 0-d tensor.
    """
    if self._array.ndim == 0:
        raise TypeError(message("iter: a 0-d tensor cannot be iterated over", help="use item()"))
    return iter(views_of(UNBIND, self, (0,)))


Tensor.__iter__ = _iterate  # type: ignore[attr-defined]
