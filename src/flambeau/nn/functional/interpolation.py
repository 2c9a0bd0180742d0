"""Images, sequences and volumes in other sizes."""

from __future__ import annotations

import warnings
from typing import Any

from flambeau.core.errors import message
from flambeau.core.repeated import integers
from flambeau.ops.adaptive_pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
)
from flambeau.ops.upsampling import UPSAMPLE
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.dispatch import apply
from flambeau.tensor.tensor import Tensor

_AREA = {1: adaptive_avg_pool1d, 2: adaptive_avg_pool2d, 3: adaptive_avg_pool3d}
_NEAREST = ("nearest", "nearest-exact")
_DIMENSIONS = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3, "lanczos": 2}
_SMOOTH = {"bilinear": "smooth linear", "bicubic": "smooth cubic", "lanczos": "smooth lanczos"}


def _refuse(problem: str, expected: str, got: str) -> ValueError:
    return ValueError(message(f"interpolate: {problem}", expected=expected, got=got))


def _sizes_and_scales(
    shape: tuple[int, ...], size: Any, scale_factor: Any, recompute: bool | None
) -> tuple[tuple[int, ...], tuple[float | None, ...]]:
    """The new sizes, and the scales to compute positions with (``None``: from the sizes)."""
    ndim = len(shape)
    if (size is None) == (scale_factor is None):
        got = "neither" if size is None else "both"
        raise _refuse("not one of size and scale_factor", "size or scale_factor", got)
    given = scale_factor if size is None else size
    if isinstance(given, (tuple, list)) and len(given) != ndim:
        expected = f"one number, or {ndim} for an input of sizes {shape}"
        raise _refuse("size or scale_factor does not fit the dimensions", expected, str(given))
    if size is not None:
        if recompute:
            expected = "recompute_scale_factor with a scale_factor"
            raise _refuse("there is no scale factor to compute", expected, f"size={size}")
        return integers("interpolate", "size", size, ndim), (None,) * ndim
    scales = tuple(given) if isinstance(given, (tuple, list)) else (given,) * ndim
    sizes = tuple([int(n * s) for n, s in zip(shape, scales)])
    kept = [None if recompute else float(s) for s in scales]
    return sizes, tuple(kept)


def _check_mode(mode: str, ndim: int, shape: Any, align_corners: Any, antialias: bool) -> None:
    if align_corners is not None and mode in (*_NEAREST, "area"):
        expected = "a mode of linear, bilinear, bicubic or trilinear"
        raise _refuse("align_corners has no meaning here", expected, repr(mode))
    if antialias and not (mode in _SMOOTH and ndim == 2):
        expected = "mode bilinear, bicubic or lanczos, and an input of 4 dimensions"
        raise _refuse("antialias is not defined here", expected, f"{mode!r} and shape {shape}")
    known = ndim in (1, 2, 3) and (mode in (*_NEAREST, "area") or _DIMENSIONS.get(mode) == ndim)
    if not known:
        raise NotImplementedError(
            message(
                "interpolate: no such mode for these dimensions",
                expected="nearest, nearest-exact or area; linear for 3 dimensions, bilinear, "
                "bicubic or lanczos for 4, trilinear for 5",
                got=f"{mode!r} and shape {shape}",
            )
        )
    if mode == "lanczos" and (align_corners or not antialias):
        expected = "antialias=True and align_corners=False"
        got = f"antialias={antialias}, align_corners={align_corners}"
        raise _refuse("lanczos has one form only", expected, got)


def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """The input in another size.

    Args:
        input: (n, c, length), (n, c, height, width) or (n, c, depth, height, width).
        size: the new sizes, one number or one for each dimension.
        scale_factor: how many times as large, instead of ``size``.
        mode: 'nearest', 'nearest-exact', 'linear' (sequences), 'bilinear', 'bicubic', 'lanczos'
            (images), 'trilinear' (volumes), or 'area' for means of regions.
        align_corners: whether corners keep their values and elements are points; otherwise
            elements are squares whose outer edges stay where they are.
        recompute_scale_factor: compute positions with the quotient of the sizes instead of
            ``scale_factor``.
        antialias: where images shrink, take means of what each new element covers.

    Shape: (n, c, *sizes) -> (n, c, *size), or sizes floor(size · scale_factor).

    Raises:
        ValueError: unless one of ``size`` and ``scale_factor`` is given, and fits the dimensions.
        NotImplementedError: for a mode that is not defined for the dimensions.

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor([[[1., 3.]]])
        >>> fb.nn.functional.interpolate(x, scale_factor=2)
        tensor([[[1., 1., 3., 3.]]])
        >>> fb.nn.functional.interpolate(x, size=4, mode="linear")
        tensor([[[1.0000, 1.5000, 2.5000, 3.0000]]])

    Reference: for 'bicubic' Keys, Cubic convolution interpolation, 1981.
    """
    array = require_tensor("interpolate", input)
    shape, ndim = tuple(array.shape[2:]), array.ndim - 2
    sizes, scales = _sizes_and_scales(shape, size, scale_factor, recompute_scale_factor)
    _check_mode(mode, ndim, tuple(array.shape), align_corners, antialias)
    if mode == "area":
        return _AREA[ndim](input, sizes)
    if min((array.shape[1], *shape, *sizes)) < 1:
        raise RuntimeError(
            message(
                "interpolate: an empty size",
                expected="sizes >= 1",
                got=f"shape {tuple(array.shape)} and size {sizes}",
            )
        )
    aligned = bool(align_corners)
    if antialias:
        kind = _SMOOTH[mode]
    elif mode in _NEAREST:
        kind = mode
    else:
        kind = "cubic" if mode == "bicubic" else "linear"
    rules = [(kind, n, m, aligned, s) for n, m, s in zip(shape, sizes, scales)]
    return apply(UPSAMPLE[kind, ndim], (input,), (tuple(rules),))


def _deprecated(name: str) -> None:
    text = f"nn.functional.{name} is an old name: use nn.functional.interpolate"
    warnings.warn(text, UserWarning, stacklevel=3)


def upsample(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """An old name of :func:`interpolate`; warns."""
    _deprecated("upsample")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """An old name of :func:`interpolate` with mode 'nearest'; warns."""
    _deprecated("upsample_nearest")
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """An old name of :func:`interpolate` with mode 'bilinear' and aligned corners; warns."""
    _deprecated("upsample_bilinear")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)
