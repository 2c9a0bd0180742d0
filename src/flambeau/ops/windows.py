"""Windows: what a signal is multiplied with before its transform."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.ops.publish import PUBLIC, public
from flambeau.tensor.construction import from_numpy
from flambeau.tensor.tensor import Tensor


def window(values: np.ndarray, dtype: Any, requires_grad: bool) -> Tensor:
    """A tensor around a window's values."""
    kind = dtype or PUBLIC["empty"](0).dtype
    made = from_numpy(np.asarray(values, np.float64))
    return made.to(kind).requires_grad_(requires_grad)  # type: ignore[attr-defined]


def cosines(points: int, coefficients: Sequence[float], periodic: bool) -> np.ndarray:
    """A sum of cosines with alternating signs over a period, of ``points`` points."""
    if points <= 1:
        return np.ones(points)
    angle = 2 * np.pi * np.arange(points) / (points if periodic else points - 1)
    terms = [a * (-1) ** k * np.cos(k * angle) for k, a in enumerate(coefficients)]
    return np.sum(terms, axis=0)


def triangle(points: int, periodic: bool) -> np.ndarray:
    """Rising from 0 to 1 in the middle, and falling."""
    if points <= 1:
        return np.ones(points)
    last = points if periodic else points - 1
    return 1 - np.abs(2 * np.arange(points) / last - 1)


def kaiser(points: int, beta: float, periodic: bool) -> np.ndarray:
    """I_0(beta sqrt(1 - x^2)) / I_0(beta) for x from -1 to 1."""
    if points <= 1:
        return np.ones(points)
    x = 2 * np.arange(points) / (points if periodic else points - 1) - 1
    return np.i0(beta * np.sqrt(np.maximum(1 - x * x, 0))) / np.i0(beta)


def _length(name: str, window_length: int, dtype: Any) -> int:
    if window_length < 0 or (dtype is not None and dtype.category != dtypes.FLOATING):
        raise RuntimeError(
            message(
                f"{name}: wrong arguments",
                expected="a length of at least 0 and a floating-point type",
                got=f"{window_length} and {dtype}",
            )
        )
    return int(window_length)


@public()
def hann_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The Hann window.

    :math:`out_i = \\frac{1}{2} - \\frac{1}{2} \\cos(2π i / n)`

    Args:
        window_length: points.
        periodic: leave out the last point of a symmetric window of one more, so that copies
            side by side make a period.
        dtype: a floating-point type.
        layout: must be strided.
        device: must be the CPU.
        requires_grad: whether the result shall collect gradients.

    Shape: (window_length,).

    Raises:
        RuntimeError: for a negative length, or another type.

    Example:
        >>> import flambeau as fb
        >>> fb.hann_window(4)
        tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    points = _length("hann_window", window_length, dtype)
    return window(cosines(points, (0.5, 0.5), periodic), dtype, requires_grad)


@public()
def hamming_window(
    window_length: int,
    periodic: bool = True,
    alpha: float = 0.54,
    beta: float = 0.46,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The Hamming window.

    :math:`out_i = α - β \\cos(2π i / n)`

    Args:
        window_length: points.
        periodic: leave out the last point of a symmetric window of one more, so that copies
            side by side make a period.
        alpha, beta: the coefficients.
        dtype: a floating-point type.
        layout: must be strided.
        device: must be the CPU.
        requires_grad: whether the result shall collect gradients.

    Shape: (window_length,).

    Raises:
        RuntimeError: for a negative length, or another type.

    Example:
        >>> import flambeau as fb
        >>> fb.hamming_window(4)
        tensor([0.0800, 0.5400, 1.0000, 0.5400])
    """
    points = _length("hamming_window", window_length, dtype)
    return window(cosines(points, (alpha, beta), periodic), dtype, requires_grad)


@public()
def blackman_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The Blackman window.

    :math:`out_i = 0.42 - 0.5 \\cos(2π i / n) + 0.08 \\cos(4π i / n)`

    Args:
        window_length: points.
        periodic: leave out the last point of a symmetric window of one more, so that copies
            side by side make a period.
        dtype: a floating-point type.
        layout: must be strided.
        device: must be the CPU.
        requires_grad: whether the result shall collect gradients.

    Shape: (window_length,).

    Raises:
        RuntimeError: for a negative length, or another type.

    Example:
        >>> import flambeau as fb
        >>> fb.blackman_window(4)[1:]
        tensor([0.3400, 1.0000, 0.3400])
    """
    points = _length("blackman_window", window_length, dtype)
    return window(cosines(points, (0.42, 0.5, 0.08), periodic), dtype, requires_grad)


@public()
def bartlett_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The Bartlett window: a triangle.

    :math:`out_i = 1 - |2 i / n - 1|`

    Args:
        window_length: points.
        periodic: leave out the last point of a symmetric window of one more, so that copies
            side by side make a period.
        dtype: a floating-point type.
        layout: must be strided.
        device: must be the CPU.
        requires_grad: whether the result shall collect gradients.

    Shape: (window_length,).

    Raises:
        RuntimeError: for a negative length, or another type.

    Example:
        >>> import flambeau as fb
        >>> fb.bartlett_window(4)
        tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    points = _length("bartlett_window", window_length, dtype)
    return window(triangle(points, periodic), dtype, requires_grad)


@public()
def kaiser_window(
    window_length: int,
    periodic: bool = True,
    beta: float = 12.0,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The Kaiser window.

    :math:`out_i = I_0(β \\sqrt{1 - x_i^2}) / I_0(β)` for :math:`x_i = 2 i / n - 1`

    Args:
        window_length: points.
        periodic: leave out the last point of a symmetric window of one more, so that copies
            side by side make a period.
        beta: how narrow it is.
        dtype: a floating-point type.
        layout: must be strided.
        device: must be the CPU.
        requires_grad: whether the result shall collect gradients.

    Shape: (window_length,).

    Raises:
        RuntimeError: for a negative length, or another type.

    Example:
        >>> import flambeau as fb
        >>> fb.kaiser_window(4, beta=0.0)
        tensor([1., 1., 1., 1.])
    """
    points = _length("kaiser_window", window_length, dtype)
    return window(kaiser(points, beta, periodic), dtype, requires_grad)
