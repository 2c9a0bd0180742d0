"""The standard's extension for Fourier transforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau import fft as _fft
from flambeau.tensor.tensor import Tensor


def _along_one(name: str) -> Callable[..., Tensor]:
    function = getattr(_fft, name)

    def call(
        x: Tensor, /, *, n: int | None = None, axis: int = -1, norm: str = "backward"
    ) -> Tensor:
        return function(x, n, axis, norm)

    return _named(call, name)


def _along_several(name: str) -> Callable[..., Tensor]:
    function = getattr(_fft, name)

    def call(x: Tensor, /, *, s: Any = None, axes: Any = None, norm: str = "backward") -> Tensor:
        return function(x, s, axes, norm)

    return _named(call, name)


def _named(call: Callable[..., Any], name: str) -> Callable[..., Any]:
    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"The standard's ``{name}``: :func:`flambeau.fft.{name}`."
    return call


ONE = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
SEVERAL = ("fftn", "ifftn", "rfftn", "irfftn")
globals().update({name: _along_one(name) for name in ONE})
globals().update({name: _along_several(name) for name in SEVERAL})


def fftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies of a transform of ``n`` samples at distance ``d``."""
    return _fft.fftfreq(n, d, dtype=dtype, device=device)


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies of a transform of ``n`` real samples at distance ``d``."""
    return _fft.rfftfreq(n, d, dtype=dtype, device=device)


def fftshift(x: Tensor, /, *, axes: Any = None) -> Tensor:
    """A transform with frequency zero moved to the middle."""
    return _fft.fftshift(x, axes)


def ifftshift(x: Tensor, /, *, axes: Any = None) -> Tensor:
    """A transform with frequency zero moved to the front."""
    return _fft.ifftshift(x, axes)
