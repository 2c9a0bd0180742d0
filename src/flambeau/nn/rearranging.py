"""Layers that rearrange: shuffles of pixels and channels, sliding blocks."""

from __future__ import annotations

from typing import Any

from flambeau.nn import functional
from flambeau.nn.module import Module
from flambeau.tensor.tensor import Tensor


class PixelShuffle(Module):
    """Makes images of r times the height and width from the values of r² channels.

    Args:
        upscale_factor: r, >= 1.

    Shape: (*, c·r², h, w) -> (*, c, h·r, w·r).

    Example:
        >>> import flambeau as fb
        >>> fb.nn.PixelShuffle(3)(fb.zeros(1, 9, 4, 4)).shape
        torch.Size([1, 1, 12, 12])
    """

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """The larger images."""
        return functional.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """The way back from :class:`PixelShuffle`.

    Args:
        downscale_factor: r, >= 1.

    Shape: (*, c, h·r, w·r) -> (*, c·r², h, w).

    Example:
        >>> import flambeau as fb
        >>> fb.nn.PixelUnshuffle(3)(fb.zeros(1, 1, 12, 12)).shape
        torch.Size([1, 9, 4, 4])
    """

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """The smaller images with more channels."""
        return functional.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Module):
    """Takes the channels of several groups by turns.

    Args:
        groups: how many groups the channels are in.

    Shape: (n, c, *) -> the same.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.ChannelShuffle(2)(fb.arange(4).reshape(1, 4, 1, 1)).flatten()
        tensor([0, 2, 1, 3])
    """

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        """The input with its channels in another order."""
        return functional.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        return f"groups={self.groups}"


class Unfold(Module):
    """Takes the blocks that slide over images, each as a column.

    Args:
        kernel_size: a block's height and width, one number or two.
        dilation: steps between a block's elements, >= 1.
        padding: zeros on both sides, >= 0.
        stride: steps between blocks, >= 1.

    Shape: (n, c, height, width) -> (n, c · elements of a block, blocks), n optional.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Unfold((2, 3))(fb.zeros(2, 5, 3, 4)).shape
        torch.Size([2, 30, 4])
    """

    def __init__(
        self, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        """The columns."""
        return functional.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, "
            f"stride={self.stride}"
        )


class Fold(Module):
    """Adds columns to where :class:`Unfold` took them from.

    Args:
        output_size: the image's height and width, one number or two.
        kernel_size, dilation, padding, stride: those of :class:`Unfold`.

    Shape: (n, c · elements of a block, blocks) -> (n, c, *output_size), n optional.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Fold((4, 5), (2, 2))(fb.zeros(1, 12, 12)).shape
        torch.Size([1, 3, 4, 5])
    """

    def __init__(
        self,
        output_size: Any,
        kernel_size: Any,
        dilation: Any = 1,
        padding: Any = 0,
        stride: Any = 1,
    ) -> None:
        super().__init__()
        self.output_size = output_size
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        """The sums."""
        return functional.fold(
            input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride
        )

    def extra_repr(self) -> str:
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, "
            f"dilation={self.dilation}, padding={self.padding}, stride={self.stride}"
        )
