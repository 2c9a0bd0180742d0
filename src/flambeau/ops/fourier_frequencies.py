"""The frequencies of a Fourier transform, and their order."""

from __future__ import annotations

from typing import Any

from flambeau.ops.publish import PUBLIC
from flambeau.ops.view_record import require_tensor
from flambeau.ops.writing import write_out
from flambeau.tensor.tensor import Tensor


def _frequencies(first: int, last: int, n: int, d: float, dtype: Any) -> Any:
    if dtype is None:
        dtype = PUBLIC["zeros"](0).dtype
    return PUBLIC["arange"](first, last, dtype=dtype) * (1.0 / (n * d))


def fftfreq(
    n: int,
    d: float = 1.0,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The frequencies that the elements of :func:`flambeau.fft.fft` belong to, in cycles per unit.

    Args:
        n: points.
        d: the distance between two points.
        out: a tensor to write the result into.
        dtype: of the result.
        layout: must be strided.
        device: must be the CPU.
        requires_grad: whether the result shall collect gradients.

    Shape: (n,).

    Example:
        >>> import flambeau as fb
        >>> fb.fft.fftfreq(4)
        tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """
    middle = (n + 1) // 2
    parts = [_frequencies(0, middle, n, d, dtype), _frequencies(-(n // 2), 0, n, d, dtype)]
    result = PUBLIC["cat"](parts).requires_grad_(requires_grad)
    return result if out is None else write_out("fftfreq", out, result)


def rfftfreq(
    n: int,
    d: float = 1.0,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The frequencies that the elements of :func:`flambeau.fft.rfft` belong to, in cycles per unit.

    Args:
        n: points.
        d: the distance between two points.
        out: a tensor to write the result into.
        dtype: of the result.
        layout: must be strided.
        device: must be the CPU.
        requires_grad: whether the result shall collect gradients.

    Shape: (n // 2 + 1,).

    Example:
        >>> import flambeau as fb
        >>> fb.fft.rfftfreq(4)
        tensor([0.0000, 0.2500, 0.5000])
    """
    result = _frequencies(0, n // 2 + 1, n, d, dtype).requires_grad_(requires_grad)
    return result if out is None else write_out("rfftfreq", out, result)


def _rolled(name: str, input: Any, dim: Any, back: bool) -> Any:
    shape = require_tensor(name, input).shape
    dims = (
        tuple(range(len(shape))) if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    )
    shifts = tuple((shape[d] + 1) // 2 if back else shape[d] // 2 for d in dims)
    return PUBLIC["roll"](input, shifts, dims) if dims else input.clone()


def fftshift(input: Tensor, dim: Any = None) -> Tensor:
    """Put the frequency 0 in the middle.

    Args:
        input: a tensor.
        dim: a dimension or several; all if not given.

    Shape: the input's.

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.fft.fftshift(fb.tensor([0, 1, -2, -1]))
        tensor([-2, -1,  0,  1])
    """
    return _rolled("fftshift", input, dim, False)


def ifftshift(input: Tensor, dim: Any = None) -> Tensor:
    """Put the frequency 0, which stands in the middle, first; undoes :func:`fftshift`.

    Args:
        input: a tensor.
        dim: a dimension or several; all if not given.

    Shape: the input's.

    Raises:
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.fft.ifftshift(fb.tensor([-2, -1, 0, 1]))
        tensor([ 0,  1, -2, -1])
    """
    return _rolled("ifftshift", input, dim, True)
