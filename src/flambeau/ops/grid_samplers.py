"""Sampling at points of a grid under PyTorch's names for its kernels, with rules as numbers."""

from __future__ import annotations

from flambeau.core.errors import message
from flambeau.ops.grid_sampling import GRID_SAMPLER
from flambeau.ops.publish import public
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.dispatch import apply
from flambeau.tensor.tensor import Tensor

MODES = ("bilinear", "nearest", "bicubic")
PADDINGS = ("zeros", "border", "reflection")


def _sampled(
    ndim: int, input: Tensor, grid: Tensor, mode: int, padding: int, align_corners: bool
) -> Tensor:
    name = f"grid_sampler_{ndim}d"
    for x in (input, grid):
        require_tensor(name, x)
    if not (0 <= mode < len(MODES) and 0 <= padding < len(PADDINGS)):
        raise RuntimeError(
            message(f"{name}: unknown rules", expected="0, 1 or 2", got=f"{mode} and {padding}")
        )
    params = (MODES[mode], PADDINGS[padding], bool(align_corners))
    return apply(GRID_SAMPLER[ndim], (input, grid), params)


@public()
def grid_sampler_2d(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """Planes sampled at points; see :func:`flambeau.nn.functional.grid_sample`.

    Args:
        input: planes.
        grid: points from -1 to 1.
        interpolation_mode: 0 for bilinear, 1 for nearest, 2 for bicubic.
        padding_mode: what lies outside: 0 for zeros, 1 for the border, 2 for the reflection.
        align_corners: whether -1 and 1 are the middles of the outer elements.

    Shape: (n, c, h, w), (n, p, q, 2) -> (n, c, p, q).

    Raises:
        RuntimeError: if shapes or types do not fit, or for unknown rules.

    Example:
        >>> import flambeau as fb
        >>> fb.grid_sampler_2d(fb.ones(1, 1, 2, 2), fb.zeros(1, 1, 1, 2), 0, 0, False)
        tensor([[[[1.]]]])
    """
    return _sampled(2, input, grid, interpolation_mode, padding_mode, align_corners)


@public()
def grid_sampler_3d(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """Volumes sampled at points; see :func:`flambeau.nn.functional.grid_sample`.

    Args:
        input: volumes.
        grid: points from -1 to 1.
        interpolation_mode: 0 for trilinear, 1 for nearest.
        padding_mode: what lies outside: 0 for zeros, 1 for the border, 2 for the reflection.
        align_corners: whether -1 and 1 are the middles of the outer elements.

    Shape: (n, c, d, h, w), (n, o, p, q, 3) -> (n, c, o, p, q).

    Raises:
        RuntimeError: if shapes or types do not fit, or for unknown rules.

    Example:
        >>> import flambeau as fb
        >>> fb.grid_sampler_3d(fb.ones(1, 1, 2, 2, 2), fb.zeros(1, 1, 1, 1, 3), 0, 0, False)
        tensor([[[[[1.]]]]])
    """
    return _sampled(3, input, grid, interpolation_mode, padding_mode, align_corners)


@public()
def grid_sampler(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """:func:`grid_sampler_2d` for planes, :func:`grid_sampler_3d` for volumes.

    Args:
        input: planes or volumes.
        grid: points from -1 to 1.
        interpolation_mode: 0 for linear, 1 for nearest, 2 for bicubic.
        padding_mode: what lies outside: 0 for zeros, 1 for the border, 2 for the reflection.
        align_corners: whether -1 and 1 are the middles of the outer elements.

    Raises:
        RuntimeError: if shapes or types do not fit, or for unknown rules.

    Example:
        >>> import flambeau as fb
        >>> fb.grid_sampler(fb.ones(1, 1, 2, 2), fb.zeros(1, 1, 1, 2), 0, 0, False)
        tensor([[[[1.]]]])
    """
    ndim = 3 if require_tensor("grid_sampler", input).ndim == 5 else 2
    return _sampled(ndim, input, grid, interpolation_mode, padding_mode, align_corners)
