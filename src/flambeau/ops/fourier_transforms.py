"""Fourier transforms along one dimension."""

from __future__ import annotations

from typing import Any

from flambeau.ops.fourier import FROM_REAL, TO_REAL, fitted, transform
from flambeau.ops.fourier_arguments import (
    as_complex,
    as_real,
    one_dim,
    one_size,
    positive,
    scale_of,
)
from flambeau.ops.view_record import require_tensor
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.tensor import Tensor


def _both_halves(x: Tensor, n: int | None, dim: int, norm: str | None, name: str) -> Any:
    """The transform of real numbers, whose type is kept real until then, as PyTorch does."""
    x, dim = one_size(name, as_real(name, x), n, dim)
    return apply(FROM_REAL, (x,), ((dim,), scale_of(name, norm, True), False))


def _is_complex(name: str, x: Tensor) -> bool:
    return require_tensor(name, x).dtype.kind == "c"


def fft(
    input: Tensor,
    n: int | None = None,
    dim: int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The discrete Fourier transform.

    :math:`out_k = Σ_j input_j · e^{-2πi jk/n}`

    Args:
        input: a tensor.
        n: points; the input is cut off or continued with zeros.
        dim: the dimension to transform.
        norm: where 1/n belongs: ``"backward"`` (the usual) to the inverse transform,
            ``"forward"`` to the other one, ``"ortho"`` its root to both.
        out: a tensor to write the result into.

    Shape: the input's, with ``n`` along ``dim``.

    Raises:
        RuntimeError: for an unknown ``norm``, ``n`` below 1, float16.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.fft.fft(fb.tensor([1., 2., 3., 4.]))
        tensor([10.+0.j, -2.+2.j, -2.+0.j, -2.-2.j])
    """
    if not _is_complex("fft", input):
        result = _both_halves(input, n, dim, norm, "fft")
    else:
        x, dim = one_size("fft", as_complex("fft", input), n, dim)
        result = transform(x, (dim,), scale_of("fft", norm, True), True)
    return result if out is None else write_out("fft", out, result)


def ifft(
    input: Tensor,
    n: int | None = None,
    dim: int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The inverse of the discrete Fourier transform.

    :math:`out_j = \\frac{1}{n} Σ_k input_k · e^{2πi jk/n}`

    Args:
        input: a tensor.
        n: points; the input is cut off or continued with zeros.
        dim: the dimension to transform.
        norm: where 1/n belongs: ``"backward"`` (the usual) to the inverse transform,
            ``"forward"`` to the other one, ``"ortho"`` its root to both.
        out: a tensor to write the result into.

    Shape: the input's, with ``n`` along ``dim``.

    Raises:
        RuntimeError: for an unknown ``norm``, ``n`` below 1, float16.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.fft.ifft(fb.fft.fft(fb.tensor([1., 2.])))
        tensor([1.+0.j, 2.+0.j])
    """
    if not _is_complex("ifft", input):
        x, dim = one_size("ifft", as_real("ifft", input), n, dim)
        turned: Any = apply(FROM_REAL, (x,), ((dim,), scale_of("ifft", norm, False), False))
        result = turned.conj_physical()
    else:
        x, dim = one_size("ifft", as_complex("ifft", input), n, dim)
        result = transform(x, (dim,), scale_of("ifft", norm, False), False)
    return result if out is None else write_out("ifft", out, result)


def rfft(
    input: Tensor,
    n: int | None = None,
    dim: int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The first half of the Fourier transform of real numbers; the other half mirrors it.

    :math:`out_k = Σ_j input_j · e^{-2πi jk/n}` for :math:`k ≤ n/2`

    Args:
        input: a tensor of real numbers.
        n: points; the input is cut off or continued with zeros.
        dim: the dimension to transform.
        norm: where 1/n belongs: ``"backward"`` (the usual) to the inverse transform,
            ``"forward"`` to the other one, ``"ortho"`` its root to both.
        out: a tensor to write the result into.

    Shape: the input's, with ``n // 2 + 1`` along ``dim``.

    Raises:
        RuntimeError: for an unknown ``norm``, ``n`` below 1, complex numbers, float16.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.fft.rfft(fb.tensor([1., 2., 3., 4.]))
        tensor([10.+0.j, -2.+2.j, -2.+0.j])
    """
    x, dim = one_size("rfft", as_real("rfft", input), n, dim)
    result = apply(FROM_REAL, (x,), ((dim,), scale_of("rfft", norm, True), True))
    return result if out is None else write_out("rfft", out, result)


def irfft(
    input: Tensor,
    n: int | None = None,
    dim: int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The real numbers of whose Fourier transform the first half is given.

    :math:`out = rfft^{-1}(input)`

    Args:
        input: a tensor.
        n: points of the result; twice the input's, less 2, if not given.
        dim: the dimension to transform.
        norm: where 1/n belongs: ``"backward"`` (the usual) to the inverse transform,
            ``"forward"`` to the other one, ``"ortho"`` its root to both.
        out: a tensor to write the result into.

    Shape: the input's, with ``n`` along ``dim``.

    Raises:
        RuntimeError: for an unknown ``norm``, ``n`` below 1, float16.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.fft.irfft(fb.fft.rfft(fb.tensor([1., 2., 3.])), n=3)
        tensor([1., 2., 3.])
    """
    x: Any = as_complex("irfft", input)
    dim = one_dim("irfft", x, dim)
    size = positive("irfft", 2 * (x._array.shape[dim] - 1) if n is None else n)
    x = fitted(x, dim, size // 2 + 1)
    result = apply(TO_REAL, (x,), ((dim,), scale_of("irfft", norm, False), size))
    return result if out is None else write_out("irfft", out, result)


def hfft(
    input: Tensor,
    n: int | None = None,
    dim: int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The Fourier transform, which is real, of numbers of which the first half is given.

    :math:`out = fft(x)` for the x whose second half mirrors the first, conjugated.

    Args:
        input: a tensor.
        n: points of the result; twice the input's, less 2, if not given.
        dim: the dimension to transform.
        norm: where 1/n belongs: ``"backward"`` (the usual) to the inverse transform,
            ``"forward"`` to the other one, ``"ortho"`` its root to both.
        out: a tensor to write the result into.

    Shape: the input's, with ``n`` along ``dim``.

    Raises:
        RuntimeError: for an unknown ``norm``, ``n`` below 1, float16.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.fft.hfft(fb.tensor([1., 2., 3.]))
        tensor([ 8., -2.,  0., -2.])
    """
    x: Any = as_complex("hfft", input)
    dim = one_dim("hfft", x, dim)
    size = positive("hfft", 2 * (x._array.shape[dim] - 1) if n is None else n)
    x = fitted(x, dim, size // 2 + 1).conj()
    result = apply(TO_REAL, (x,), ((dim,), scale_of("hfft", norm, True), size))
    return result if out is None else write_out("hfft", out, result)


def ihfft(
    input: Tensor,
    n: int | None = None,
    dim: int = -1,
    norm: str | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The first half of the inverse Fourier transform of real numbers.

    :math:`out = hfft^{-1}(input)`

    Args:
        input: a tensor of real numbers.
        n: points; the input is cut off or continued with zeros.
        dim: the dimension to transform.
        norm: where 1/n belongs: ``"backward"`` (the usual) to the inverse transform,
            ``"forward"`` to the other one, ``"ortho"`` its root to both.
        out: a tensor to write the result into.

    Shape: the input's, with ``n // 2 + 1`` along ``dim``.

    Raises:
        RuntimeError: for an unknown ``norm``, ``n`` below 1, complex numbers, float16.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.fft.ihfft(fb.tensor([8., -2., 0., -2.]))
        tensor([1.-0.j, 2.-0.j, 3.-0.j])
    """
    x, dim = one_size("ihfft", as_real("ihfft", input), n, dim)
    turned: Any = apply(FROM_REAL, (x,), ((dim,), scale_of("ihfft", norm, False), True))
    result = turned.conj_physical()
    return result if out is None else write_out("ihfft", out, result)
