"""Layers that change sizes."""

from __future__ import annotations

from typing import Any

from flambeau.nn import functional
from flambeau.nn.module import Module
from flambeau.tensor.tensor import Tensor


class Upsample(Module):
    """Brings sequences, images or volumes to another size.

    Args:
        size: the new sizes, one number or one for each dimension.
        scale_factor: how many times as large, instead of ``size``.
        mode: 'nearest', 'linear', 'bilinear', 'bicubic' or 'trilinear'.
        align_corners: whether corners keep their values.
        recompute_scale_factor: compute positions with the quotient of the sizes instead of
            ``scale_factor``.

    Shape: (n, c, *sizes) -> (n, c, *size), or sizes floor(size · scale_factor).

    Raises:
        ValueError: unless one of ``size`` and ``scale_factor`` is given.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Upsample(scale_factor=2)(fb.tensor([[[1., 3.]]]))
        tensor([[[1., 1., 3., 3.]]])
    """

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.name = type(self).__name__
        self.size = size
        if isinstance(scale_factor, tuple):
            self.scale_factor: Any = tuple([float(factor) for factor in scale_factor])
        else:
            self.scale_factor = float(scale_factor) if scale_factor else None
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        """The input in its new size."""
        return functional.interpolate(
            input, self.size, self.scale_factor, self.mode, self.align_corners,
            self.recompute_scale_factor,
        )  # fmt: skip

    def extra_repr(self) -> str:
        if self.scale_factor is not None:
            return f"scale_factor={self.scale_factor!r}, mode={self.mode!r}"
        return f"size={self.size!r}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Brings images to another size: each new pixel is the nearest old one.

    Args:
        size: the new height and width.
        scale_factor: how many times as large, instead of ``size``.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.UpsamplingNearest2d(scale_factor=2)(fb.zeros(1, 1, 2, 3)).shape
        torch.Size([1, 1, 4, 6])
    """

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """Brings images to another size: linear between pixels, corners keep their values.

    Args:
        size: the new height and width.
        scale_factor: how many times as large, instead of ``size``.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.UpsamplingBilinear2d(size=(3, 2))(fb.zeros(1, 1, 2, 3)).shape
        torch.Size([1, 1, 3, 2])
    """

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)
