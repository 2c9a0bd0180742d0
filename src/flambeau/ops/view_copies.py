"""Copies where the function of a similar name gives a view."""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import message
from flambeau.core.shapes import wrap_dim
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.view_record import require_tensor
from flambeau.ops.writing import write_out
from flambeau.tensor.device import CONTIGUOUS_FORMAT
from flambeau.tensor.tensor import Tensor


def _copy(name: str, view: Any, out: Tensor | None) -> Tensor:
    """A copy of a view in memory of its own, or in that of ``out``."""
    if out is not None:
        return write_out(name, out, view)
    return view.clone(memory_format=CONTIGUOUS_FORMAT)


def _copies(name: str, views: Any, out: Any) -> Any:
    if out is not None:
        write_out(name, tuple(out), tuple(views))
        return None
    return type(views)([_copy(name, view, None) for view in views])


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
        the whole tensor
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
    return _copy("alias_copy", view, out)


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
    return _copy("as_strided_copy", view, out)


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
    return _copy("diagonal_copy", view, out)


@public()
def expand_copy(
    input: Tensor,
    size: Any,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A copy of what :func:`flambeau.expand` shows.

    Args:
        input: a tensor.
        size: the shape to repeat the tensor to.
        out: a tensor to write the result into.

    Shape: ``size``.

    Raises:
        RuntimeError: for what :func:`flambeau.expand` refuses.

    Example:
        >>> import flambeau as fb
        >>> fb.expand_copy(fb.tensor([1]), (2,))
        tensor([1, 1])
    """
    require_tensor("expand_copy", input)
    view: Any = input.expand(size)  # type: ignore[attr-defined]
    return _copy("expand_copy", view, out)


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
    return _copy("narrow_copy", view, out)


@public()
def permute_copy(
    input: Tensor,
    dims: Any,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A copy of what :func:`flambeau.permute` shows.

    Args:
        input: a tensor.
        dims: the order of dimensions.
        out: a tensor to write the result into.

    Shape: the input's, reordered.

    Raises:
        RuntimeError: for what :func:`flambeau.permute` refuses.

    Example:
        >>> import flambeau as fb
        >>> fb.permute_copy(fb.zeros(2, 3), (1, 0)).shape
        torch.Size([3, 2])
    """
    require_tensor("permute_copy", input)
    view: Any = input.permute(dims)  # type: ignore[attr-defined]
    return _copy("permute_copy", view, out)


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
    return _copy("select_copy", view, out)


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
    return _copy("slice_copy", view, out)


@public()
def squeeze_copy(
    input: Tensor,
    dim: Any = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A copy of what :func:`flambeau.squeeze` shows.

    Args:
        input: a tensor.
        dim: dimensions of size 1 to leave out; all of them if not given.
        out: a tensor to write the result into.

    Shape: the input's without them.

    Raises:
        RuntimeError: for what :func:`flambeau.squeeze` refuses.

    Example:
        >>> import flambeau as fb
        >>> fb.squeeze_copy(fb.zeros(1, 2)).shape
        torch.Size([2])
    """
    require_tensor("squeeze_copy", input)
    view: Any = input.squeeze() if dim is None else input.squeeze(dim)  # type: ignore[attr-defined]
    return _copy("squeeze_copy", view, out)


@public()
def t_copy(
    input: Tensor,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A copy of what :func:`flambeau.t` shows.

    Args:
        input: a tensor.
        out: a tensor to write the result into.

    Shape: the input's, reversed.

    Raises:
        RuntimeError: for what :func:`flambeau.t` refuses.

    Example:
        >>> import flambeau as fb
        >>> fb.t_copy(fb.zeros(2, 3)).shape
        torch.Size([3, 2])
    """
    require_tensor("t_copy", input)
    view: Any = input.t()  # type: ignore[attr-defined]
    return _copy("t_copy", view, out)


@public()
def transpose_copy(
    input: Tensor,
    dim0: int,
    dim1: int,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A copy of what :func:`flambeau.transpose` shows.

    Args:
        input: a tensor.
        dim0, dim1: dimensions to exchange.
        out: a tensor to write the result into.

    Shape: the input's with both exchanged.

    Raises:
        RuntimeError: for what :func:`flambeau.transpose` refuses.

    Example:
        >>> import flambeau as fb
        >>> fb.transpose_copy(fb.zeros(2, 3), 0, 1).shape
        torch.Size([3, 2])
    """
    require_tensor("transpose_copy", input)
    view: Any = input.transpose(dim0, dim1)  # type: ignore[attr-defined]
    return _copy("transpose_copy", view, out)


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
    return _copy("unfold_copy", view, out)


@public()
def unsqueeze_copy(
    input: Tensor,
    dim: int,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A copy of what :func:`flambeau.unsqueeze` shows.

    Args:
        input: a tensor.
        dim: where a dimension of size 1 is put in.
        out: a tensor to write the result into.

    Shape: the input's with it.

    Raises:
        RuntimeError: for what :func:`flambeau.unsqueeze` refuses.

    Example:
        >>> import flambeau as fb
        >>> fb.unsqueeze_copy(fb.tensor([1]), 0)
        tensor([[1]])
    """
    require_tensor("unsqueeze_copy", input)
    view: Any = input.unsqueeze(dim)  # type: ignore[attr-defined]
    return _copy("unsqueeze_copy", view, out)


@public()
def view_copy(
    input: Tensor,
    size: Any,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A copy of what :func:`flambeau.view` shows.

    Args:
        input: a tensor.
        size: the shape, or a data type.
        out: a tensor to write the result into.

    Shape: ``size``.

    Raises:
        RuntimeError: for what :func:`flambeau.view` refuses.

    Example:
        >>> import flambeau as fb
        >>> fb.view_copy(fb.tensor([1, 2]), (2, 1))
        tensor([[1],
                [2]])
    """
    require_tensor("view_copy", input)
    view: Any = input.view(size)  # type: ignore[attr-defined]
    return _copy("view_copy", view, out)


@public()
def view_as_real_copy(
    input: Tensor,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A copy of what :func:`flambeau.view_as_real` shows.

    Args:
        input: a tensor.
        out: a tensor to write the result into.

    Shape: the input's, and 2.

    Raises:
        RuntimeError: for what :func:`flambeau.view_as_real` refuses.

    Example:
        >>> import flambeau as fb
        >>> fb.view_as_real_copy(fb.tensor([1j]))
        tensor([[0., 1.]])
    """
    require_tensor("view_as_real_copy", input)
    view: Any = PUBLIC["view_as_real"](input)
    return _copy("view_as_real_copy", view, out)


@public()
def view_as_complex_copy(
    input: Tensor,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A copy of what :func:`flambeau.view_as_complex` shows.

    Args:
        input: a tensor.
        out: a tensor to write the result into.

    Shape: the input's without the last dimension.

    Raises:
        RuntimeError: for what :func:`flambeau.view_as_complex` refuses.

    Example:
        >>> import flambeau as fb
        >>> fb.view_as_complex_copy(fb.tensor([[0., 1.]]))
        tensor([0.+1.j])
    """
    require_tensor("view_as_complex_copy", input)
    view: Any = PUBLIC["view_as_complex"](input)
    return _copy("view_as_complex_copy", view, out)


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
