"""Copies of parts of tensors, where the function of a similar name gives a view."""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import message
from flambeau.core.shapes import wrap_dim
from flambeau.ops.publish import public
from flambeau.ops.view_record import require_tensor
from flambeau.ops.writing import write_out
from flambeau.tensor.device import CONTIGUOUS_FORMAT
from flambeau.tensor.tensor import Tensor


def copied(name: str, view: Any, out: Tensor | None) -> Tensor:
    """A copy of a view in memory of its own, or in that of ``out``."""
    if out is not None:
        return write_out(name, out, view)
    return view.clone(memory_format=CONTIGUOUS_FORMAT)


def _copies(name: str, views: Any, out: Any) -> Any:
    if out is not None:
        write_out(name, tuple(out), tuple(views))
        return None
    return type(views)([copied(name, view, None) for view in views])


def sliced(input: Any, dim: int, start: int | None, end: int | None, step: int) -> Any:
    """A view of every ``step``-th entry along a dimension, from ``start`` to before ``end``."""
    ndim = require_tensor("slice", input).ndim
    place = (slice(None),) * wrap_dim("slice", dim, ndim)
    return input[(*place, slice(start, end, step))]


@public()
def alias_copy(
    input: Tensor,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A copy of what :func:`flambeau.alias` would show.

    Args:
        input: a tensor.
        out: a tensor to write the result into.

    Shape: the input's.

    Raises:
        RuntimeError: for what :func:`flambeau.alias` refuses.

    Example:
        >>> import flambeau as fb
        >>> fb.alias_copy(fb.tensor([1, 2]))
        tensor([1, 2])
    """
    require_tensor("alias_copy", input)
    view: Any = input.view_as(input)  # type: ignore[attr-defined]
    return copied("alias_copy", view, out)


@public()
def as_strided_copy(
    input: Tensor,
    size: Any,
    stride: Any,
    storage_offset: int | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A copy of what :func:`flambeau.as_strided` shows.

    Args:
        input: a tensor.
        size, stride, storage_offset: as for :func:`flambeau.as_strided`.
        out: a tensor to write the result into.

    Shape: ``size``.

    Raises:
        RuntimeError: for what :func:`flambeau.as_strided` refuses.

    Example:
        >>> import flambeau as fb
        >>> fb.as_strided_copy(fb.tensor([1, 2, 3]), (2,), (2,))
        tensor([1, 3])
    """
    require_tensor("as_strided_copy", input)
    view: Any = input.as_strided(size, stride, storage_offset)  # type: ignore[attr-defined]
    return copied("as_strided_copy", view, out)


@public()
def diagonal_copy(
    input: Tensor,
    offset: int = 0,
    dim1: int = 0,
    dim2: int = 1,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A copy of what :func:`flambeau.diagonal` shows.

    Args:
        input: a tensor.
        offset, dim1, dim2: as for :func:`flambeau.diagonal`.
        out: a tensor to write the result into.

    Shape: the diagonal's.

    Raises:
        RuntimeError: for what :func:`flambeau.diagonal` refuses.

    Example:
        >>> import flambeau as fb
        >>> fb.diagonal_copy(fb.tensor([[1, 2], [3, 4]]))
        tensor([1, 4])
    """
    require_tensor("diagonal_copy", input)
    view: Any = input.diagonal(offset, dim1, dim2)  # type: ignore[attr-defined]
    return copied("diagonal_copy", view, out)


@public(method=True)
def narrow_copy(
    input: Tensor,
    dim: int,
    start: Any,
    length: int,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A copy of what :func:`flambeau.narrow` shows.

    Args:
        input: a tensor.
        dim, start, length: as for :func:`flambeau.narrow`.
        out: a tensor to write the result into.

    Shape: the input's with ``length`` along ``dim``.

    Raises:
        RuntimeError: for what :func:`flambeau.narrow` refuses.

    Example:
        >>> import flambeau as fb
        >>> fb.narrow_copy(fb.tensor([1, 2, 3]), 0, 1, 2)
        tensor([2, 3])
    """
    ndim = require_tensor("narrow_copy", input).ndim
    if dim >= ndim:
        raise RuntimeError(
            message(
                "narrow_copy: there is no such dimension",
                expected=f"dim below {ndim}",
                got=str(dim),
            )
        )
    view: Any = input.narrow(dim, start, length)  # type: ignore[attr-defined]
    return copied("narrow_copy", view, out)


@public()
def select_copy(
    input: Tensor,
    dim: int,
    index: int,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A copy of what :func:`flambeau.select` shows.

    Args:
        input: a tensor.
        dim, index: as for :func:`flambeau.select`.
        out: a tensor to write the result into.

    Shape: the input's without ``dim``.

    Raises:
        RuntimeError: for what :func:`flambeau.select` refuses.

    Example:
        >>> import flambeau as fb
        >>> fb.select_copy(fb.tensor([1, 2]), 0, 1)
        tensor(2)
    """
    require_tensor("select_copy", input)
    view: Any = input.select(dim, index)  # type: ignore[attr-defined]
    return copied("select_copy", view, out)


@public()
def slice_copy(
    input: Tensor,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A copy of what :func:`flambeau.slice` shows.

    Args:
        input: a tensor.
        dim, start, end, step: which entries, as in a slice.
        out: a tensor to write the result into.

    Shape: the input's with the entries along ``dim``.

    Raises:
        RuntimeError: for what :func:`flambeau.slice` refuses.

    Example:
        >>> import flambeau as fb
        >>> fb.slice_copy(fb.tensor([1, 2, 3]), 0, 1)
        tensor([2, 3])
    """
    require_tensor("slice_copy", input)
    view: Any = sliced(input, dim, start, end, step)
    return copied("slice_copy", view, out)


@public()
def unfold_copy(
    input: Tensor,
    dimension: int,
    size: int,
    step: int,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A copy of what :func:`flambeau.unfold` shows.

    Args:
        input: a tensor.
        dimension, size, step: as for :meth:`flambeau.Tensor.unfold`.
        out: a tensor to write the result into.

    Shape: the input's with the windows' count along ``dimension``, and ``size`` last.

    Raises:
        RuntimeError: for what :func:`flambeau.unfold` refuses.

    Example:
        >>> import flambeau as fb
        >>> fb.unfold_copy(fb.tensor([1, 2, 3]), 0, 2, 1)
        tensor([[1, 2],
                [2, 3]])
    """
    require_tensor("unfold_copy", input)
    view: Any = input.unfold(dimension, size, step)  # type: ignore[attr-defined]
    return copied("unfold_copy", view, out)


@public()
def split_copy(
    input: Tensor,
    split_size: Any,
    dim: int = 0,
    *,
    out: Any = None,
) -> Any:
    """Copies of what :func:`flambeau.split` shows.

    Args:
        input: a tensor.
        split_size, dim: as for :func:`flambeau.split`.
        out: tensors to write the results into; then nothing is returned.

    Raises:
        RuntimeError: for what :func:`flambeau.split` refuses.

    Example:
        >>> import flambeau as fb
        >>> fb.split_copy(fb.tensor([1, 2]), 1)
        (tensor([1]), tensor([2]))
    """
    require_tensor("split_copy", input)
    views: Any = input.split(split_size, dim)  # type: ignore[attr-defined]
    return _copies("split_copy", views, out)


@public()
def split_with_sizes_copy(
    input: Tensor,
    split_sizes: Any,
    dim: int = 0,
    *,
    out: Any = None,
) -> Any:
    """Copies of what :func:`flambeau.split_with_sizes` shows.

    Args:
        input: a tensor.
        split_sizes, dim: the sizes of the parts, and along which dimension.
        out: tensors to write the results into; then nothing is returned.

    Raises:
        RuntimeError: for what :func:`flambeau.split_with_sizes` refuses.

    Example:
        >>> import flambeau as fb
        >>> fb.split_with_sizes_copy(fb.tensor([1, 2]), [1, 1])
        (tensor([1]), tensor([2]))
    """
    require_tensor("split_with_sizes_copy", input)
    views: Any = input.split_with_sizes(split_sizes, dim)  # type: ignore[attr-defined]
    return _copies("split_with_sizes_copy", views, out)


@public()
def unbind_copy(
    input: Tensor,
    dim: int = 0,
    *,
    out: Any = None,
) -> Any:
    """Copies of what :func:`flambeau.unbind` shows.

    Args:
        input: a tensor.
        dim: the dimension.
        out: tensors to write the results into; then nothing is returned.

    Raises:
        RuntimeError: for what :func:`flambeau.unbind` refuses.

    Example:
        >>> import flambeau as fb
        >>> fb.unbind_copy(fb.tensor([1, 2]))
        (tensor(1), tensor(2))
    """
    require_tensor("unbind_copy", input)
    views: Any = input.unbind(dim)  # type: ignore[attr-defined]
    return _copies("unbind_copy", views, out)
