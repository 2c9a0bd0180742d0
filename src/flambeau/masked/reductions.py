"""Reductions that leave elements out."""

from __future__ import annotations

from math import inf, nan
from typing import Any

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.shapes import wrap_dim
from flambeau.masked.masking import filled, greatest, least, mask_of
from flambeau.ops.norms import vector_norm
from flambeau.tensor.tensor import Tensor


def dims_of(name: str, dim: Any, input: Tensor) -> tuple[int, ...]:
    """The reduced dimensions, counted from the front; all if there are none."""
    ndim = input.ndim
    given = () if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    wrapped = tuple(wrap_dim(name, d, ndim) for d in given)
    return wrapped or tuple(range(ndim))


def _summed_type(input: Tensor, dtype: Any) -> Any:
    """Integers and truth values are summed and multiplied as int64."""
    if dtype is not None:
        return dtype
    return dtypes.int64 if input.dtype.category < dtypes.FLOATING else input.dtype


def _reduced(name: str, reduce: Any, input: Any, dim: Any, keepdim: Any) -> Any:
    """A reduction along several dimensions by one along each."""
    if input.ndim == 0:
        return reduce(input, 0, False)
    for d in sorted(dims_of(name, dim, input), reverse=True):
        input = reduce(input, d, bool(keepdim))
    return input


def sum(
    input: Tensor,
    dim: Any = None,
    *,
    keepdim: bool | None = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The sum of the elements that are not left out; 0 of none.

    :math:`out = Σ_i mask_i · input_i`

    Args:
        input: a tensor.
        dim: a dimension, several, or ``None`` for all.
        keepdim: keep the reduced dimensions with size 1.
        dtype: the type of the result.
        mask: truth values that broadcast to the input; false elements are left out.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> mask = fb.tensor([True, False, True])
        >>> fb.masked.sum(fb.tensor([1., 2., 3.]), mask=mask)
        tensor(4.)
    """
    dims = dims_of("sum", dim, input)
    kept: Any = filled(input, mask, 0)
    return kept.sum(dims, bool(keepdim), dtype=_summed_type(input, dtype))


def prod(
    input: Tensor,
    dim: Any = None,
    *,
    keepdim: bool | None = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The product of the elements that are not left out; 1 of none.

    :math:`out = Π_{i: mask_i} input_i`

    Args:
        input: a tensor.
        dim: a dimension, several, or ``None`` for all.
        keepdim: keep the reduced dimensions with size 1.
        dtype: the type of the result.
        mask: truth values that broadcast to the input; false elements are left out.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> mask = fb.tensor([True, False, True])
        >>> fb.masked.prod(fb.tensor([1., 2., 3.]), mask=mask)
        tensor(3.)
    """
    kept: Any = filled(input, mask, 1).to(_summed_type(input, dtype))  # type: ignore[attr-defined]
    return _reduced("prod", lambda x, d, keep: x.prod(d, keep), kept, dim, keepdim)


def amax(
    input: Tensor,
    dim: Any = None,
    *,
    keepdim: bool | None = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The largest of the elements that are not left out.

    :math:`out = \\max_{i: mask_i} input_i`

    Args:
        input: a tensor.
        dim: a dimension, several, or ``None`` for all.
        keepdim: keep the reduced dimensions with size 1.
        dtype: the type of the result.
        mask: truth values that broadcast to the input; false elements are left out.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        IndexError: if there is no such dimension, or nothing along it.

    Example:
        >>> import flambeau as fb
        >>> mask = fb.tensor([True, False, True])
        >>> fb.masked.amax(fb.tensor([1., 2., 3.]), mask=mask)
        tensor(3.)
    """
    kept: Any = filled(input, mask, least(input))
    result = kept.amax(dims_of("amax", dim, input), bool(keepdim))
    return result if dtype is None else result.to(dtype)


def amin(
    input: Tensor,
    dim: Any = None,
    *,
    keepdim: bool | None = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The smallest of the elements that are not left out.

    :math:`out = \\min_{i: mask_i} input_i`

    Args:
        input: a tensor.
        dim: a dimension, several, or ``None`` for all.
        keepdim: keep the reduced dimensions with size 1.
        dtype: the type of the result.
        mask: truth values that broadcast to the input; false elements are left out.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        IndexError: if there is no such dimension, or nothing along it.

    Example:
        >>> import flambeau as fb
        >>> mask = fb.tensor([True, False, True])
        >>> fb.masked.amin(fb.tensor([1., 2., 3.]), mask=mask)
        tensor(1.)
    """
    kept: Any = filled(input, mask, greatest(input))
    result = kept.amin(dims_of("amin", dim, input), bool(keepdim))
    return result if dtype is None else result.to(dtype)


def argmax(
    input: Tensor,
    dim: int | None = None,
    *,
    keepdim: bool | None = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The place of the largest of the elements that are not left out.

    :math:`out = \\arg\\max_{i: mask_i} input_i`

    Args:
        input: a tensor.
        dim: a dimension, or ``None`` for the place among all elements.
        keepdim: keep the reduced dimension with size 1.
        dtype: the type of the result; the input's if not given.
        mask: truth values that broadcast to the input; false elements are left out.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> mask = fb.tensor([True, False, True])
        >>> fb.masked.argmax(fb.tensor([1., 2., 3.]), mask=mask)
        tensor(2.)
    """
    kept: Any = filled(input, mask, least(input))
    return kept.argmax(dim, bool(keepdim)).to(dtype or input.dtype)


def argmin(
    input: Tensor,
    dim: int | None = None,
    *,
    keepdim: bool | None = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The place of the smallest of the elements that are not left out.

    :math:`out = \\arg\\min_{i: mask_i} input_i`

    Args:
        input: a tensor.
        dim: a dimension, or ``None`` for the place among all elements.
        keepdim: keep the reduced dimension with size 1.
        dtype: the type of the result; the input's if not given.
        mask: truth values that broadcast to the input; false elements are left out.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> mask = fb.tensor([True, False, True])
        >>> fb.masked.argmin(fb.tensor([1., 2., 3.]), mask=mask)
        tensor(0.)
    """
    kept: Any = filled(input, mask, greatest(input))
    return kept.argmin(dim, bool(keepdim)).to(dtype or input.dtype)


def mean(
    input: Tensor,
    dim: Any = None,
    *,
    keepdim: bool | None = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The mean of the elements that are not left out; nan of none.

    :math:`out = Σ_i mask_i · input_i / Σ_i mask_i`

    Args:
        input: a tensor.
        dim: a dimension, several, or ``None`` for all.
        keepdim: keep the reduced dimensions with size 1.
        dtype: the type of the result.
        mask: truth values that broadcast to the input; false elements are left out.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        ValueError: for integers and truth values.

    Example:
        >>> import flambeau as fb
        >>> mask = fb.tensor([True, False, True])
        >>> fb.masked.mean(fb.tensor([1., 2., 3.]), mask=mask)
        tensor(2.)
    """
    kind = dtype or input.dtype
    if kind.category < dtypes.FLOATING:
        raise ValueError(
            message(
                "mean: needs a floating-point or complex type",
                expected="dtype, or a tensor of such a type",
                got=str(kind),
            )
        )
    total: Any = sum(input, dim, keepdim=keepdim, dtype=kind, mask=mask)
    return total / _count(input, dim, keepdim, mask)


def _count(input: Tensor, dim: Any, keepdim: Any, mask: Tensor | None) -> Any:
    """How many elements are not left out."""
    inside: Any = mask_of(input, mask)
    return inside.sum(dims_of("mean", dim, input), bool(keepdim))


def median(
    input: Tensor,
    dim: int = -1,
    *,
    keepdim: bool = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The median of the elements that are not left out: the lower one of two.

    :math:`out` is not smaller than half of them.

    Args:
        input: a tensor.
        dim: a dimension.
        keepdim: keep it with size 1.
        dtype: the type of the result for integers.
        mask: truth values that broadcast to the input; false elements are left out.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        ValueError: if of a row of integers nothing is left.

    Example:
        >>> import flambeau as fb
        >>> mask = fb.tensor([True, False, True])
        >>> fb.masked.median(fb.tensor([1., 2., 3.]), mask=mask)
        tensor(1.)
    """
    dim = wrap_dim("median", dim, input.ndim)
    floating = input.is_floating_point()
    values: Any = input if floating else input.float()  # type: ignore[attr-defined]
    result: Any = filled(values, mask, nan).nanmedian(dim, keepdim).values  # type: ignore[attr-defined]
    if floating:
        return result
    if bool(result.isnan().any()):
        raise ValueError(
            message(
                "median: nothing is left of some rows",
                expected="an element in each row, or floating-point numbers, which can be nan",
                got="a row that is left out as a whole",
            )
        )
    return result.to(dtype or input.dtype)


def logsumexp(
    input: Tensor,
    dim: Any = None,
    *,
    keepdim: bool = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The logarithm of the sum of the exponentials of the elements that are not left out.

    :math:`out = \\ln Σ_{i: mask_i} e^{input_i}`

    Args:
        input: a tensor.
        dim: a dimension, several, or ``None`` for all.
        keepdim: keep the reduced dimensions with size 1.
        dtype: the type of the result.
        mask: truth values that broadcast to the input; false elements are left out.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> mask = fb.tensor([True, False, True])
        >>> fb.masked.logsumexp(fb.zeros(3), mask=mask)
        tensor(0.6931)
    """
    kept: Any = filled(input, mask, least(input))
    return kept.logsumexp(dims_of("logsumexp", dim, input), keepdim).to(dtype or input.dtype)


def norm(
    input: Tensor,
    ord: float | None = 2.0,
    dim: Any = None,
    *,
    keepdim: bool | None = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The norm of the elements that are not left out.

    :math:`out = (Σ_{i: mask_i} |input_i|^{ord})^{1/ord}`

    Args:
        input: a tensor.
        ord: the exponent, ``inf`` or ``-inf``.
        dim: a dimension, several, or ``None`` for all.
        keepdim: keep the reduced dimensions with size 1.
        dtype: the type of the result.
        mask: truth values that broadcast to the input; false elements are left out.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> mask = fb.tensor([True, False, True])
        >>> fb.masked.norm(fb.tensor([3., 9., 4.]), mask=mask)
        tensor(5.)
    """
    kept = filled(input, mask, inf if ord == -inf else 0)
    dims = dims_of("norm", dim, input)
    return vector_norm(kept, 2.0 if ord is None else ord, dims, bool(keepdim), dtype=dtype)


def var(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    *,
    correction: float | None = None,
    keepdim: bool | None = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The variance of the elements that are not left out.

    :math:`out = Σ_{i: mask_i} |input_i - mean|^2 / (n - correction)`

    Args:
        input: a tensor.
        dim: a dimension, several, or ``None`` for all.
        unbiased: ``correction`` 1 or 0.
        correction: what the count is lowered by; 1 if not given.
        keepdim: keep the reduced dimensions with size 1.
        dtype: the type of the result.
        mask: truth values that broadcast to the input; false elements are left out.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> mask = fb.tensor([True, False, True])
        >>> fb.masked.var(fb.tensor([1., 2., 3.]), mask=mask)
        tensor(2.)
    """
    kind = dtype or (dtypes.float32 if input.dtype.category < dtypes.FLOATING else input.dtype)
    lowered = float(unbiased) if unbiased is not None else 1.0 if correction is None else correction
    count = _count(input, dim, True, mask)
    total: Any = sum(input, dim, keepdim=True, dtype=kind, mask=mask)
    away: Any = input - total / count
    squares = away * away.conj()
    result: Any = sum(squares, dim, keepdim=keepdim, dtype=kind, mask=mask)
    count = count.reshape(result.shape).to(kind.to_real())
    return result / (count - lowered).clamp(min=0)


def std(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    *,
    correction: float | None = None,
    keepdim: bool | None = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The standard deviation of the elements that are not left out.

    :math:`out = \\sqrt{var}`

    Args:
        input: a tensor.
        dim: a dimension, several, or ``None`` for all.
        unbiased: ``correction`` 1 or 0.
        correction: what the count is lowered by; 1 if not given.
        keepdim: keep the reduced dimensions with size 1.
        dtype: the type of the result.
        mask: truth values that broadcast to the input; false elements are left out.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> mask = fb.tensor([True, False, True])
        >>> fb.masked.std(fb.tensor([1., 2., 3.]), mask=mask)
        tensor(1.4142)
    """
    options: dict[str, Any] = {"keepdim": keepdim, "dtype": dtype, "mask": mask}
    spread: Any = var(input, dim, unbiased, correction=correction, **options)
    return spread.sqrt()
