"""Fourier transforms along several dimensions."""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import ShapeError, message
from flambeau.ops.fourier import FROM_REAL, TO_REAL, transform
from flambeau.ops.fourier_arguments import (
    all_fitted,
    as_complex,
    as_real,
    positive,
    scale_of,
    sizes_and_dims,
)
from flambeau.ops.view_record import require_tensor
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.tensor import Tensor

LAST_TWO = (-2, -1)


def _complex(name: str, input: Tensor, s: Any, dim: Any, norm: Any, forward: bool) -> Any:
    require_tensor(name, input)
    x = as_complex(name, input)
    sizes, dims = sizes_and_dims(name, x, s, dim)
    scale = scale_of(name, norm, forward)
    x = all_fitted(x, sizes, dims)
    return transform(x, dims, scale, forward) if dims else x.clone()


def _some(name: str, dims: tuple[int, ...]) -> tuple[int, ...]:
    if not dims:
        raise ShapeError(
            message(f"{name}: no dimension to transform", expected="at least one", got="none")
        )
    return dims


def _from_real(name: str, input: Tensor, s: Any, dim: Any, norm: Any, forward: bool) -> Any:
    x = as_real(name, input)
    sizes, dims = sizes_and_dims(name, x, s, dim)
    dims, scale = _some(name, dims), scale_of(name, norm, forward)
    x = all_fitted(x, sizes, dims)
    if forward:
        return apply(FROM_REAL, (x,), (dims, scale, True))
    # The last dimension is the one that is halved, and its transform is conjugated.
    turned: Any = apply(FROM_REAL, (x,), (dims[-1:], scale, True))
    turned = turned.conj_physical()
    return transform(turned, dims[:-1], scale, False) if dims[1:] else turned


def _to_real(name: str, input: Tensor, s: Any, dim: Any, norm: Any, forward: bool) -> Any:
    x: Any = as_complex(name, input)
    sizes, dims = sizes_and_dims(name, x, s, dim)
    dims, scale = _some(name, dims), scale_of(name, norm, forward)
    last = sizes[-1]
    size = positive(name, 2 * (x._array.shape[dims[-1]] - 1) if last is None else last)
    x = all_fitted(x, (*sizes[:-1], size // 2 + 1), dims)
    if not forward:
        return apply(TO_REAL, (x,), (dims, scale, size))
    if dims[1:]:
        x = transform(x, dims[:-1], scale, True)
    return apply(TO_REAL, (x.conj(),), (dims[-1:], scale, size))


def fftn(
    input: Tensor,
    s: Any = None,
    dim: Any = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The discrete Fourier transform along several dimensions.

    Args:
        input: a tensor.
        s: points along each dimension; the input is cut off or continued with zeros.
        dim: the dimensions; the last ones, as many as ``s`` has, or all, if not given.
        norm: where 1/n belongs: ``"backward"`` (the usual) to the inverse transform,
            ``"forward"`` to the other one, ``"ortho"`` its root to both.
        out: a tensor to write the result into.

    Shape: the input's, with ``s`` along ``dim``.

    Raises:
        RuntimeError: for an unknown ``norm``, sizes below 1, or sizes that do not fit.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.fft.fftn(fb.ones(2, 2))
        tensor([[4.+0.j, 0.+0.j],
                [0.+0.j, 0.+0.j]])
    """
    result = _complex("fftn", input, s, dim, norm, True)
    return result if out is None else write_out("fftn", out, result)


def fft2(
    input: Tensor,
    s: Any = None,
    dim: Any = LAST_TWO,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The discrete Fourier transform along two dimensions.

    Args:
        input: a tensor.
        s: points along each dimension; the input is cut off or continued with zeros.
        dim: the dimensions, the last two if not given.
        norm: where 1/n belongs: ``"backward"`` (the usual) to the inverse transform,
            ``"forward"`` to the other one, ``"ortho"`` its root to both.
        out: a tensor to write the result into.

    Shape: the input's, with ``s`` along ``dim``.

    Raises:
        RuntimeError: for an unknown ``norm``, sizes below 1, or sizes that do not fit.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.fft.fft2(fb.ones(2, 2))
        tensor([[4.+0.j, 0.+0.j],
                [0.+0.j, 0.+0.j]])
    """
    result = _complex("fft2", input, s, dim, norm, True)
    return result if out is None else write_out("fft2", out, result)


def ifftn(
    input: Tensor,
    s: Any = None,
    dim: Any = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The inverse of the discrete Fourier transform along several dimensions.

    Args:
        input: a tensor.
        s: points along each dimension; the input is cut off or continued with zeros.
        dim: the dimensions; the last ones, as many as ``s`` has, or all, if not given.
        norm: where 1/n belongs: ``"backward"`` (the usual) to the inverse transform,
            ``"forward"`` to the other one, ``"ortho"`` its root to both.
        out: a tensor to write the result into.

    Shape: the input's, with ``s`` along ``dim``.

    Raises:
        RuntimeError: for an unknown ``norm``, sizes below 1, or sizes that do not fit.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.fft.ifftn(fb.ones(2, 2))
        tensor([[1.+0.j, 0.+0.j],
                [0.+0.j, 0.+0.j]])
    """
    result = _complex("ifftn", input, s, dim, norm, False)
    return result if out is None else write_out("ifftn", out, result)


def ifft2(
    input: Tensor,
    s: Any = None,
    dim: Any = LAST_TWO,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The inverse of the discrete Fourier transform along two dimensions.

    Args:
        input: a tensor.
        s: points along each dimension; the input is cut off or continued with zeros.
        dim: the dimensions, the last two if not given.
        norm: where 1/n belongs: ``"backward"`` (the usual) to the inverse transform,
            ``"forward"`` to the other one, ``"ortho"`` its root to both.
        out: a tensor to write the result into.

    Shape: the input's, with ``s`` along ``dim``.

    Raises:
        RuntimeError: for an unknown ``norm``, sizes below 1, or sizes that do not fit.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.fft.ifft2(fb.ones(2, 2))
        tensor([[1.+0.j, 0.+0.j],
                [0.+0.j, 0.+0.j]])
    """
    result = _complex("ifft2", input, s, dim, norm, False)
    return result if out is None else write_out("ifft2", out, result)


def rfftn(
    input: Tensor,
    s: Any = None,
    dim: Any = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """Half of the Fourier transform of real numbers along several dimensions.

    Args:
        input: a tensor of real numbers.
        s: points along each dimension; the input is cut off or continued with zeros.
        dim: the dimensions; the last ones, as many as ``s`` has, or all, if not given.
        norm: where 1/n belongs: ``"backward"`` (the usual) to the inverse transform,
            ``"forward"`` to the other one, ``"ortho"`` its root to both.
        out: a tensor to write the result into.

    Shape: the input's with ``s`` along ``dim``, of the last one half and one more.

    Raises:
        RuntimeError: for an unknown ``norm``, sizes below 1, or sizes that do not fit.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.fft.rfftn(fb.ones(2, 2))
        tensor([[4.+0.j, 0.+0.j],
                [0.+0.j, 0.+0.j]])
    """
    result = _from_real("rfftn", input, s, dim, norm, True)
    return result if out is None else write_out("rfftn", out, result)


def rfft2(
    input: Tensor,
    s: Any = None,
    dim: Any = LAST_TWO,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """Half of the Fourier transform of real numbers along two dimensions.

    Args:
        input: a tensor of real numbers.
        s: points along each dimension; the input is cut off or continued with zeros.
        dim: the dimensions, the last two if not given.
        norm: where 1/n belongs: ``"backward"`` (the usual) to the inverse transform,
            ``"forward"`` to the other one, ``"ortho"`` its root to both.
        out: a tensor to write the result into.

    Shape: the input's with ``s`` along ``dim``, of the last one half and one more.

    Raises:
        RuntimeError: for an unknown ``norm``, sizes below 1, or sizes that do not fit.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.fft.rfft2(fb.ones(2, 2))
        tensor([[4.+0.j, 0.+0.j],
                [0.+0.j, 0.+0.j]])
    """
    result = _from_real("rfft2", input, s, dim, norm, True)
    return result if out is None else write_out("rfft2", out, result)


def irfftn(
    input: Tensor,
    s: Any = None,
    dim: Any = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The real numbers of whose Fourier transform one half is given.

    Args:
        input: a tensor.
        s: points along each dimension; the input is cut off or continued with zeros.
        dim: the dimensions; the last ones, as many as ``s`` has, or all, if not given.
        norm: where 1/n belongs: ``"backward"`` (the usual) to the inverse transform,
            ``"forward"`` to the other one, ``"ortho"`` its root to both.
        out: a tensor to write the result into.

    Shape: the input's with ``s`` along ``dim``.

    Raises:
        RuntimeError: for an unknown ``norm``, sizes below 1, or sizes that do not fit.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.fft.irfftn(fb.ones(2, 2))
        tensor([[1., 0.],
                [0., 0.]])
    """
    result = _to_real("irfftn", input, s, dim, norm, False)
    return result if out is None else write_out("irfftn", out, result)


def irfft2(
    input: Tensor,
    s: Any = None,
    dim: Any = LAST_TWO,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The real numbers of whose Fourier transform one half is given, in two dimensions.

    Args:
        input: a tensor.
        s: points along each dimension; the input is cut off or continued with zeros.
        dim: the dimensions, the last two if not given.
        norm: where 1/n belongs: ``"backward"`` (the usual) to the inverse transform,
            ``"forward"`` to the other one, ``"ortho"`` its root to both.
        out: a tensor to write the result into.

    Shape: the input's with ``s`` along ``dim``.

    Raises:
        RuntimeError: for an unknown ``norm``, sizes below 1, or sizes that do not fit.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.fft.irfft2(fb.ones(2, 2))
        tensor([[1., 0.],
                [0., 0.]])
    """
    result = _to_real("irfft2", input, s, dim, norm, False)
    return result if out is None else write_out("irfft2", out, result)


def hfftn(
    input: Tensor,
    s: Any = None,
    dim: Any = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The Fourier transform, which is real, of numbers of which one half is given.

    Args:
        input: a tensor.
        s: points along each dimension; the input is cut off or continued with zeros.
        dim: the dimensions; the last ones, as many as ``s`` has, or all, if not given.
        norm: where 1/n belongs: ``"backward"`` (the usual) to the inverse transform,
            ``"forward"`` to the other one, ``"ortho"`` its root to both.
        out: a tensor to write the result into.

    Shape: the input's with ``s`` along ``dim``.

    Raises:
        RuntimeError: for an unknown ``norm``, sizes below 1, or sizes that do not fit.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.fft.hfftn(fb.ones(2, 2))
        tensor([[4., 0.],
                [0., 0.]])
    """
    result = _to_real("hfftn", input, s, dim, norm, True)
    return result if out is None else write_out("hfftn", out, result)


def hfft2(
    input: Tensor,
    s: Any = None,
    dim: Any = LAST_TWO,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The real Fourier transform of numbers of which one half is given, in two dimensions.

    Args:
        input: a tensor.
        s: points along each dimension; the input is cut off or continued with zeros.
        dim: the dimensions, the last two if not given.
        norm: where 1/n belongs: ``"backward"`` (the usual) to the inverse transform,
            ``"forward"`` to the other one, ``"ortho"`` its root to both.
        out: a tensor to write the result into.

    Shape: the input's with ``s`` along ``dim``.

    Raises:
        RuntimeError: for an unknown ``norm``, sizes below 1, or sizes that do not fit.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.fft.hfft2(fb.ones(2, 2))
        tensor([[4., 0.],
                [0., 0.]])
    """
    result = _to_real("hfft2", input, s, dim, norm, True)
    return result if out is None else write_out("hfft2", out, result)


def ihfftn(
    input: Tensor,
    s: Any = None,
    dim: Any = None,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """Half of the inverse Fourier transform of real numbers along several dimensions.

    Args:
        input: a tensor of real numbers.
        s: points along each dimension; the input is cut off or continued with zeros.
        dim: the dimensions; the last ones, as many as ``s`` has, or all, if not given.
        norm: where 1/n belongs: ``"backward"`` (the usual) to the inverse transform,
            ``"forward"`` to the other one, ``"ortho"`` its root to both.
        out: a tensor to write the result into.

    Shape: the input's with ``s`` along ``dim``, of the last one half and one more.

    Raises:
        RuntimeError: for an unknown ``norm``, sizes below 1, or sizes that do not fit.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.fft.ihfftn(fb.ones(2, 2))
        tensor([[1.-0.j, 0.-0.j],
                [0.+0.j, 0.+0.j]])
    """
    result = _from_real("ihfftn", input, s, dim, norm, False)
    return result if out is None else write_out("ihfftn", out, result)


def ihfft2(
    input: Tensor,
    s: Any = None,
    dim: Any = LAST_TWO,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """Half of the inverse Fourier transform of real numbers along two dimensions.

    Args:
        input: a tensor of real numbers.
        s: points along each dimension; the input is cut off or continued with zeros.
        dim: the dimensions, the last two if not given.
        norm: where 1/n belongs: ``"backward"`` (the usual) to the inverse transform,
            ``"forward"`` to the other one, ``"ortho"`` its root to both.
        out: a tensor to write the result into.

    Shape: the input's with ``s`` along ``dim``, of the last one half and one more.

    Raises:
        RuntimeError: for an unknown ``norm``, sizes below 1, or sizes that do not fit.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.fft.ihfft2(fb.ones(2, 2))
        tensor([[1.-0.j, 0.-0.j],
                [0.+0.j, 0.+0.j]])
    """
    result = _from_real("ihfft2", input, s, dim, norm, False)
    return result if out is None else write_out("ihfft2", out, result)
