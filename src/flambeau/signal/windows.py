"""Windows as ``torch.signal.windows`` has them: symmetric unless told otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

import flambeau as fb
from flambeau.core.errors import message
from flambeau.ops.windows import cosines, triangle, window
from flambeau.ops.windows import kaiser as kaiser_of
from flambeau.tensor.tensor import Tensor


def _check(name: str, M: int, dtype: Any, layout: Any) -> int:
    if M < 0:
        raise ValueError(message(f"{name}: a negative length", expected="M >= 0", got=str(M)))
    if layout is not None and layout != fb.strided:
        raise ValueError(message(f"{name}: a wrong layout", expected="strided", got=str(layout)))
    if dtype is not None and dtype not in (fb.float32, fb.float64):
        raise ValueError(
            message(f"{name}: a wrong type", expected="float32 or float64", got=str(dtype))
        )
    return int(M)


def _positive(name: str, what: str, value: float) -> None:
    if value <= 0:
        raise ValueError(
            message(f"{name}: {what} is not positive", expected=f"{what} > 0", got=str(value))
        )


def _distances(M: int, sym: bool, center: float | None = None) -> np.ndarray:
    """From the middle, in points."""
    middle = ((M if not sym and M > 1 else M - 1) / 2) if center is None else center
    return np.arange(M) - middle


def bartlett(
    M: int,
    *,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The Bartlett window: a triangle.

    :math:`out_i = 1 - |2 i / (M - 1) - 1|`

    Args:
        M: points.
        sym: whether the window is symmetric; otherwise the last point of a symmetric one of one
            more is left out, so that copies side by side make a period.
        dtype: float32 or float64.
        layout: must be strided.
        device: must be the CPU.
        requires_grad: whether the result shall collect gradients.

    Shape: (M,).

    Raises:
        ValueError: for a negative length, other types.

    Example:
        >>> import flambeau as fb
        >>> fb.signal.windows.bartlett(3)
        tensor([0., 1., 0.])
    """
    values = triangle(_check("bartlett", M, dtype, layout), not sym)
    return window(values, dtype, requires_grad)


def blackman(
    M: int,
    *,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The Blackman window.

    :math:`out_i = 0.42 - 0.5 \\cos(2π i / (M - 1)) + 0.08 \\cos(4π i / (M - 1))`

    Args:
        M: points.
        sym: whether the window is symmetric; otherwise the last point of a symmetric one of one
            more is left out, so that copies side by side make a period.
        dtype: float32 or float64.
        layout: must be strided.
        device: must be the CPU.
        requires_grad: whether the result shall collect gradients.

    Shape: (M,).

    Raises:
        ValueError: for a negative length, other types.

    Example:
        >>> import flambeau as fb
        >>> fb.signal.windows.blackman(4)[1:3]
        tensor([0.6300, 0.6300])
    """
    values = cosines(_check("blackman", M, dtype, layout), (0.42, 0.5, 0.08), not sym)
    return window(values, dtype, requires_grad)


def cosine(
    M: int,
    *,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The cosine window: half a period of the sine.

    :math:`out_i = \\sin(π (i + 1/2) / M)`

    Args:
        M: points.
        sym: whether the window is symmetric; otherwise the last point of a symmetric one of one
            more is left out, so that copies side by side make a period.
        dtype: float32 or float64.
        layout: must be strided.
        device: must be the CPU.
        requires_grad: whether the result shall collect gradients.

    Shape: (M,).

    Raises:
        ValueError: for a negative length, other types.

    Example:
        >>> import flambeau as fb
        >>> fb.signal.windows.cosine(3)
        tensor([0.5000, 1.0000, 0.5000])
    """
    points = _check("cosine", M, dtype, layout)
    values = np.sin(
        np.pi * (np.arange(points) + 0.5) / (points if sym or points < 2 else points + 1)
    )
    return window(values, dtype, requires_grad)


def exponential(
    M: int,
    *,
    center: float | None = None,
    tau: float = 1.0,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The exponential window.

    :math:`out_i = e^{-|i - center| / τ}`

    Args:
        M: points.
        center: where the window is 1; the middle if not given, which it must be if ``sym``.
        tau: how far it is to 1/e, in points.
        sym: whether the window is symmetric; otherwise the last point of a symmetric one of one
            more is left out, so that copies side by side make a period.
        dtype: float32 or float64.
        layout: must be strided.
        device: must be the CPU.
        requires_grad: whether the result shall collect gradients.

    Shape: (M,).

    Raises:
        ValueError: for a negative length, other types, or ``tau`` not positive.

    Example:
        >>> import flambeau as fb
        >>> fb.signal.windows.exponential(3)
        tensor([0.3679, 1.0000, 0.3679])
    """
    points = _check("exponential", M, dtype, layout)
    _positive("exponential", "tau", tau)
    if sym and center is not None:
        raise ValueError(
            message("exponential: not symmetric", expected="no center if sym", got=str(center))
        )
    values = np.exp(-np.abs(_distances(points, sym, center)) / tau)
    return window(values, dtype, requires_grad)


def gaussian(
    M: int,
    *,
    std: float = 1.0,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The Gaussian window.

    :math:`out_i = e^{-(i - (M - 1)/2)^2 / (2 std^2)}`

    Args:
        M: points.
        std: its standard deviation, in points.
        sym: whether the window is symmetric; otherwise the last point of a symmetric one of one
            more is left out, so that copies side by side make a period.
        dtype: float32 or float64.
        layout: must be strided.
        device: must be the CPU.
        requires_grad: whether the result shall collect gradients.

    Shape: (M,).

    Raises:
        ValueError: for a negative length, other types, or ``std`` not positive.

    Example:
        >>> import flambeau as fb
        >>> fb.signal.windows.gaussian(3)
        tensor([0.6065, 1.0000, 0.6065])
    """
    points = _check("gaussian", M, dtype, layout)
    _positive("gaussian", "std", std)
    values = np.exp(-((_distances(points, sym) / std) ** 2) / 2)
    return window(values, dtype, requires_grad)


def general_cosine(
    M: int,
    *,
    a: Iterable[float],
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """A sum of cosines with alternating signs.

    :math:`out_i = Σ_k (-1)^k a_k \\cos(2π k i / (M - 1))`

    Args:
        M: points.
        a: the coefficients.
        sym: whether the window is symmetric; otherwise the last point of a symmetric one of one
            more is left out, so that copies side by side make a period.
        dtype: float32 or float64.
        layout: must be strided.
        device: must be the CPU.
        requires_grad: whether the result shall collect gradients.

    Shape: (M,).

    Raises:
        ValueError: for a negative length, other types, or no coefficients.

    Example:
        >>> import flambeau as fb
        >>> fb.signal.windows.general_cosine(3, a=[0.5, 0.5])
        tensor([0., 1., 0.])
    """
    points = _check("general_cosine", M, dtype, layout)
    if not isinstance(a, Iterable):
        raise TypeError(
            message("general_cosine: no coefficients", expected="numbers", got=type(a).__name__)
        )
    coefficients = tuple(a)
    if not coefficients:
        raise ValueError(
            message("general_cosine: no coefficients", expected="at least one", got="none")
        )
    values = cosines(points, coefficients, not sym)
    return window(values, dtype, requires_grad)


def general_hamming(
    M: int,
    *,
    alpha: float = 0.54,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The Hamming window with a free coefficient.

    :math:`out_i = α - (1 - α) \\cos(2π i / (M - 1))`

    Args:
        M: points.
        alpha: the first coefficient; the second is 1 - alpha.
        sym: whether the window is symmetric; otherwise the last point of a symmetric one of one
            more is left out, so that copies side by side make a period.
        dtype: float32 or float64.
        layout: must be strided.
        device: must be the CPU.
        requires_grad: whether the result shall collect gradients.

    Shape: (M,).

    Raises:
        ValueError: for a negative length, other types.

    Example:
        >>> import flambeau as fb
        >>> fb.signal.windows.general_hamming(3)
        tensor([0.0800, 1.0000, 0.0800])
    """
    points = _check("general_hamming", M, dtype, layout)
    values = cosines(points, (alpha, 1 - alpha), not sym)
    return window(values, dtype, requires_grad)


def hamming(
    M: int,
    *,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The Hamming window.

    :math:`out_i = 0.54 - 0.46 \\cos(2π i / (M - 1))`

    Args:
        M: points.
        sym: whether the window is symmetric; otherwise the last point of a symmetric one of one
            more is left out, so that copies side by side make a period.
        dtype: float32 or float64.
        layout: must be strided.
        device: must be the CPU.
        requires_grad: whether the result shall collect gradients.

    Shape: (M,).

    Raises:
        ValueError: for a negative length, other types.

    Example:
        >>> import flambeau as fb
        >>> fb.signal.windows.hamming(3)
        tensor([0.0800, 1.0000, 0.0800])
    """
    values = cosines(_check("hamming", M, dtype, layout), (0.54, 0.46), not sym)
    return window(values, dtype, requires_grad)


def hann(
    M: int,
    *,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The Hann window.

    :math:`out_i = \\frac{1}{2} - \\frac{1}{2} \\cos(2π i / (M - 1))`

    Args:
        M: points.
        sym: whether the window is symmetric; otherwise the last point of a symmetric one of one
            more is left out, so that copies side by side make a period.
        dtype: float32 or float64.
        layout: must be strided.
        device: must be the CPU.
        requires_grad: whether the result shall collect gradients.

    Shape: (M,).

    Raises:
        ValueError: for a negative length, other types.

    Example:
        >>> import flambeau as fb
        >>> fb.signal.windows.hann(3)
        tensor([0., 1., 0.])
    """
    values = cosines(_check("hann", M, dtype, layout), (0.5, 0.5), not sym)
    return window(values, dtype, requires_grad)


def kaiser(
    M: int,
    *,
    beta: float = 12.0,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The Kaiser window.

    :math:`out_i = I_0(β \\sqrt{1 - x_i^2}) / I_0(β)` for x from -1 to 1

    Args:
        M: points.
        beta: how narrow it is, at least 0.
        sym: whether the window is symmetric; otherwise the last point of a symmetric one of one
            more is left out, so that copies side by side make a period.
        dtype: float32 or float64.
        layout: must be strided.
        device: must be the CPU.
        requires_grad: whether the result shall collect gradients.

    Shape: (M,).

    Raises:
        ValueError: for a negative length, other types, or ``beta`` negative.

    Example:
        >>> import flambeau as fb
        >>> fb.signal.windows.kaiser(3, beta=0.0)
        tensor([1., 1., 1.])
    """
    points = _check("kaiser", M, dtype, layout)
    if beta < 0:
        raise ValueError(message("kaiser: beta is negative", expected="beta >= 0", got=str(beta)))
    values = kaiser_of(points, beta, not sym)
    return window(values, dtype, requires_grad)


def nuttall(
    M: int,
    *,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The Nuttall window: four cosines.

    :math:`out_i = Σ_k (-1)^k a_k \\cos(2π k i / (M - 1))`

    Args:
        M: points.
        sym: whether the window is symmetric; otherwise the last point of a symmetric one of one
            more is left out, so that copies side by side make a period.
        dtype: float32 or float64.
        layout: must be strided.
        device: must be the CPU.
        requires_grad: whether the result shall collect gradients.

    Shape: (M,).

    Raises:
        ValueError: for a negative length, other types.

    Example:
        >>> import flambeau as fb
        >>> fb.signal.windows.nuttall(3)
        tensor([3.6280e-04, 1.0000e+00, 3.6280e-04])
    """
    points = _check("nuttall", M, dtype, layout)
    values = cosines(points, (0.3635819, 0.4891775, 0.1365995, 0.0106411), not sym)
    return window(values, dtype, requires_grad)
