"""Images looked up where a grid says, and grids of affine maps."""

from __future__ import annotations

import warnings
from typing import Any

from flambeau.core.errors import message
from flambeau.ops.affine_grids import AFFINE_GRID
from flambeau.ops.grid_sampling import GRID_SAMPLER
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.dispatch import apply
from flambeau.tensor.tensor import Tensor

_MODES = ("bilinear", "nearest", "bicubic")
_PADDINGS = ("zeros", "border", "reflection")


def _aligned(name: str, align_corners: bool | None) -> bool:
    if align_corners is None:
        warnings.warn(
            f"{name}: align_corners is not given; False is taken", UserWarning, stacklevel=3
        )
    return bool(align_corners)


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """Look an image up at the places of a grid.

    :math:`out[n, c, i, j] = input[n, c, y, x]` at :math:`(x, y) = grid[n, i, j]`, where the image
    reaches from -1 to 1

    Args:
        input: (n, c, height, width) or (n, c, depth, height, width).
        grid: coordinates, x first, in a last dimension of size 2 or 3.
        mode: what lies between pixels: 'bilinear', 'nearest', or 'bicubic' (images only).
        padding_mode: what lies outside: 'zeros', 'border' for the nearest pixel, 'reflection' for a
            mirror image.
        align_corners: whether -1 and 1 are the centres of the outer pixels, not their outer edges.

    Shape: (n, c, h, w), (n, i, j, 2) -> (n, c, i, j).

    Raises:
        ValueError: for another mode.
        RuntimeError: if shapes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> x, grid = fb.tensor([[[[1., 3.]]]]), fb.tensor([[[[0., 0.], [-1., 0.]]]])
        >>> fb.nn.functional.grid_sample(x, grid, align_corners=True)
        tensor([[[[2., 1.]]]])

    Reference: Jaderberg et al., Spatial transformer networks, 2015.
    """
    array = require_tensor("grid_sample", input)
    require_tensor("grid_sample", grid)
    for what, given, known in (("mode", mode, _MODES), ("padding_mode", padding_mode, _PADDINGS)):
        if given not in known:
            raise ValueError(
                message(
                    f"grid_sample: no such {what}",
                    expected=", ".join(map(repr, known)),
                    got=repr(given),
                )
            )
    params = (mode, padding_mode, _aligned("grid_sample", align_corners))
    return apply(GRID_SAMPLER[3 if array.ndim == 5 else 2], (input, grid), params)


def affine_grid(theta: Tensor, size: Any, align_corners: bool | None = None) -> Tensor:
    """The grid for :func:`grid_sample` that looks an image up through affine maps.

    :math:`grid[n, i, j] = theta_n · (x_j, y_i, 1)`

    Args:
        theta: a matrix for each sample, (n, 2, 3) or (n, 3, 4).
        size: the shape of the output of :func:`grid_sample`, (n, c, h, w) or (n, c, d, h, w).
        align_corners: that of :func:`grid_sample`.

    Shape: (n, 2, 3) -> (n, h, w, 2), or (n, 3, 4) -> (n, d, h, w, 3).

    Raises:
        ValueError: if theta does not fit the size.
        NotImplementedError: for sizes of other lengths.

    Example:
        >>> import flambeau as fb
        >>> theta = fb.tensor([[[1., 0., 0.], [0., 1., 0.]]])
        >>> fb.nn.functional.affine_grid(theta, (1, 1, 1, 2), align_corners=True)
        tensor([[[[-1.,  0.],
                  [ 1.,  0.]]]])
    """
    array = require_tensor("affine_grid", theta)
    aligned = _aligned("affine_grid", align_corners)
    sizes = tuple([int(n) for n in size])
    if array.dtype.kind not in "fV":
        raise ValueError(
            message(
                "affine_grid: theta is not of a floating-point type",
                expected="a floating-point tensor",
                got=str(theta.dtype),
            )
        )
    if len(sizes) not in (4, 5):
        raise NotImplementedError(
            message(
                "affine_grid: neither images nor volumes",
                expected="a size of length 4 or 5",
                got=str(sizes),
            )
        )
    ndim = len(sizes) - 2
    if array.ndim != 3 or array.shape[1:] != (ndim, ndim + 1) or min(sizes) < 1:
        raise ValueError(
            message(
                "affine_grid: theta does not fit the size",
                expected=f"theta of shape (n, {ndim}, {ndim + 1}) and sizes >= 1",
                got=f"theta {tuple(array.shape)} and size {sizes}",
            )
        )
    return apply(AFFINE_GRID, (theta,), (sizes[2:], aligned))
