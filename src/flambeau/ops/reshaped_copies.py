"""Copies of tensors in other shapes, where the function of a similar name gives a view."""

from __future__ import annotations

from typing import Any

from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.view_copies import copied
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.tensor import Tensor


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
    return copied("expand_copy", view, out)


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
    return copied("permute_copy", view, out)


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
    return copied("squeeze_copy", view, out)


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
    return copied("t_copy", view, out)


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
    return copied("transpose_copy", view, out)


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
    return copied("unsqueeze_copy", view, out)


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
    return copied("view_copy", view, out)


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
    return copied("view_as_real_copy", view, out)


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
    return copied("view_as_complex_copy", view, out)
