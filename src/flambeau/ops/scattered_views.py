"""Copies of a tensor of which a part, that a view would show, is replaced."""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import ShapeError, message
from flambeau.ops.publish import public
from flambeau.ops.view_copies import sliced
from flambeau.ops.view_record import require_tensor
from flambeau.ops.writing import write_out
from flambeau.tensor.tensor import Tensor


def _replaced(name: str, copy: Any, part: Any, src: Any, out: Tensor | None) -> Tensor:
    """The copy, after the source was written into the part of it."""
    if tuple(part.shape) != tuple(require_tensor(name, src).shape):
        raise ShapeError(
            message(
                f"{name}: the source does not fit",
                expected=f"src of shape {tuple(part.shape)}",
                got=f"shape {tuple(src.shape)}",
            )
        )
    part.copy_(src)
    return copy if out is None else write_out(name, out, copy)


@public(method=True)
def select_scatter(
    input: Tensor,
    src: Tensor,
    dim: int,
    index: int,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A copy of a tensor with a source in place of what :func:`flambeau.select` shows.

    Args:
        input: a tensor.
        src: a tensor of the shape of the replaced part.
        dim, index: which entry of which dimension.
        out: a tensor to write the result into.

    Shape: the input's.

    Raises:
        RuntimeError: if the source has another shape.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.select_scatter(fb.zeros(2, 2), fb.ones(2), 0, 1)
        tensor([[0., 0.],
                [1., 1.]])
    """
    require_tensor("select_scatter", input)
    copy: Any = input.clone()  # type: ignore[attr-defined]
    return _replaced("select_scatter", copy, copy.select(dim, index), src, out)


@public(method=True)
def slice_scatter(
    input: Tensor,
    src: Tensor,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A copy of a tensor with a source in place of what :func:`flambeau.narrow` shows.

    Args:
        input: a tensor.
        src: a tensor of the shape of the replaced part.
        dim, start, end, step: which entries of which dimension, as in a slice.
        out: a tensor to write the result into.

    Shape: the input's.

    Raises:
        RuntimeError: if the source has another shape.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.slice_scatter(fb.zeros(3), fb.ones(2), 0, 1)
        tensor([0., 1., 1.])
    """
    require_tensor("slice_scatter", input)
    copy: Any = input.clone()  # type: ignore[attr-defined]
    return _replaced("slice_scatter", copy, sliced(copy, dim, start, end, step), src, out)


@public(method=True)
def diagonal_scatter(
    input: Tensor,
    src: Tensor,
    offset: int = 0,
    dim1: int = 0,
    dim2: int = 1,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A copy of a tensor with a source in place of what :func:`flambeau.diagonal` shows.

    Args:
        input: a tensor.
        src: a tensor of the shape of the replaced part.
        offset, dim1, dim2: which diagonal, as for :func:`flambeau.diagonal`.
        out: a tensor to write the result into.

    Shape: the input's.

    Raises:
        RuntimeError: if the source has another shape.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.diagonal_scatter(fb.zeros(2, 2), fb.ones(2))
        tensor([[1., 0.],
                [0., 1.]])
    """
    require_tensor("diagonal_scatter", input)
    copy: Any = input.clone()  # type: ignore[attr-defined]
    return _replaced("diagonal_scatter", copy, copy.diagonal(offset, dim1, dim2), src, out)


@public(method=True)
def as_strided_scatter(
    input: Tensor,
    src: Tensor,
    size: Any,
    stride: Any,
    storage_offset: int | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A copy of a tensor with a source in place of what :func:`flambeau.as_strided` shows.

    Args:
        input: a tensor.
        src: a tensor of the shape of the replaced part.
        size, stride, storage_offset: which elements, as for :func:`flambeau.as_strided`.
        out: a tensor to write the result into.

    Shape: the input's.

    Raises:
        RuntimeError: if the source has another shape.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.as_strided_scatter(fb.zeros(3), fb.ones(2), (2,), (2,))
        tensor([1., 0., 1.])
    """
    require_tensor("as_strided_scatter", input)
    copy: Any = input.clone()  # type: ignore[attr-defined]
    return _replaced(
        "as_strided_scatter", copy, copy.as_strided(size, stride, storage_offset), src, out
    )
