"""Operations along a dimension that leave elements out and keep the shape."""

from __future__ import annotations

from typing import Any

import flambeau as fb
from flambeau.core.shapes import wrap_dim
from flambeau.masked.masking import filled, greatest, least
from flambeau.masked.reductions import norm
from flambeau.tensor.tensor import Tensor


def cumsum(
    input: Tensor,
    dim: int,
    *,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """Running sums along a dimension; what is left out adds nothing.

    :math:`out_i = Σ_{j ≤ i} mask_j · input_j`

    Args:
        input: a tensor.
        dim: a dimension.
        dtype: the type of the result.
        mask: truth values that broadcast to the input; false elements are left out.

    Shape: the input's.

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> mask = fb.tensor([True, False, True])
        >>> fb.masked.cumsum(fb.tensor([1., 2., 3.]), 0, mask=mask)
        tensor([1., 1., 4.])
    """
    kind = dtype or input.dtype
    kept: Any = filled(input, mask, 0)
    return kept.cumsum(wrap_dim("cumsum", dim, input.ndim), dtype=kind).to(kind)


def cumprod(
    input: Tensor,
    dim: int,
    *,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """Running products along a dimension; what is left out counts as 1.

    :math:`out_i = Π_{j ≤ i: mask_j} input_j`

    Args:
        input: a tensor.
        dim: a dimension.
        dtype: the type of the result.
        mask: truth values that broadcast to the input; false elements are left out.

    Shape: the input's.

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> mask = fb.tensor([True, False, True])
        >>> fb.masked.cumprod(fb.tensor([1., 2., 3.]), 0, mask=mask)
        tensor([1., 1., 3.])
    """
    kind = dtype or input.dtype
    kept: Any = filled(input, mask, 1)
    return kept.cumprod(wrap_dim("cumprod", dim, input.ndim), dtype=kind).to(kind)


def softmax(
    input: Tensor,
    dim: int,
    *,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """Exponentials along a dimension, divided by their sum; what is left out gets 0.

    :math:`out_i = mask_i e^{input_i} / Σ_j mask_j e^{input_j}`

    Args:
        input: a tensor.
        dim: a dimension.
        dtype: the type of the result.
        mask: truth values that broadcast to the input; false elements are left out.

    Shape: the input's.

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> mask = fb.tensor([True, False, True])
        >>> fb.masked.softmax(fb.ones(3), 0, mask=mask)
        tensor([0.5000, 0.0000, 0.5000])
    """
    kept = filled(input, mask, least(input))
    return fb.softmax(kept, wrap_dim("softmax", dim, input.ndim), dtype=dtype or input.dtype)


def log_softmax(
    input: Tensor,
    dim: int,
    *,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The logarithm of :func:`softmax`; what is left out gets -inf.

    :math:`out_i = input_i - \\ln Σ_{j: mask_j} e^{input_j}`

    Args:
        input: a tensor.
        dim: a dimension.
        dtype: the type of the result.
        mask: truth values that broadcast to the input; false elements are left out.

    Shape: the input's.

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> mask = fb.tensor([True, False, True])
        >>> fb.masked.log_softmax(fb.ones(3), 0, mask=mask)
        tensor([-0.6931,    -inf, -0.6931])
    """
    kept = filled(input, mask, least(input))
    return fb.log_softmax(
        kept, wrap_dim("log_softmax", dim, input.ndim), dtype=dtype or input.dtype
    )


def softmin(
    input: Tensor,
    dim: int,
    *,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The softmax of the negated input; what is left out gets 0.

    :math:`out_i = mask_i e^{-input_i} / Σ_j mask_j e^{-input_j}`

    Args:
        input: a tensor.
        dim: a dimension.
        dtype: the type of the result.
        mask: truth values that broadcast to the input; false elements are left out.

    Shape: the input's.

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> mask = fb.tensor([True, False, True])
        >>> fb.masked.softmin(fb.ones(3), 0, mask=mask)
        tensor([0.5000, 0.0000, 0.5000])
    """
    kept = filled(input, mask, greatest(input))
    return fb.nn.functional.softmin(
        kept, wrap_dim("softmin", dim, input.ndim), dtype=dtype or input.dtype
    )


def normalize(
    input: Tensor,
    ord: float,
    dim: int,
    *,
    eps: float = 1e-12,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The input divided by its norm along a dimension; what is left out gets 0.

    :math:`out = mask · input / \\max(‖input‖_{ord}, eps)`

    Args:
        input: a tensor.
        ord: the norm's exponent.
        dim: a dimension.
        eps: what is divided by at least.
        dtype: the type of the result.
        mask: truth values that broadcast to the input; false elements are left out.

    Shape: the input's.

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> mask = fb.tensor([True, False, True])
        >>> fb.masked.normalize(fb.tensor([3., 9., 4.]), 2, 0, mask=mask)
        tensor([0.6000, 0.0000, 0.8000])
    """
    kind = dtype or input.dtype
    size: Any = norm(input, ord, dim, keepdim=True, dtype=kind, mask=mask)
    kept: Any = filled(input, mask, 0)
    return kept / size.maximum(size.new_full((), eps))


def logaddexp(
    input: Tensor,
    other: Tensor,
    *,
    dtype: Any = None,
    input_mask: Tensor | None = None,
    other_mask: Tensor | None = None,
) -> Tensor:
    """The logarithm of a sum of exponentials, of which each may be left out.

    :math:`out = \\ln(e^{input} + e^{other})`

    Args:
        input, other: tensors whose shapes broadcast.
        dtype: the type of the result.
        input_mask, other_mask: truth values; false elements are left out.

    Shape: the broadcast of both.

    Raises:
        RuntimeError: if the shapes do not broadcast.

    Example:
        >>> import flambeau as fb
        >>> fb.masked.logaddexp(fb.zeros(1), fb.ones(1), other_mask=fb.tensor([False]))
        tensor([0.])
    """
    first, second = filled(input, input_mask, least(input)), filled(other, other_mask, least(other))
    return fb.logaddexp(first, second).to(dtype or input.dtype)
