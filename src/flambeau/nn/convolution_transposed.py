"""Transposed convolution layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from flambeau.core.errors import message
from flambeau.nn import functional
from flambeau.nn.convolution import _ConvNd
from flambeau.ops.convolution import sizes_from
from flambeau.tensor.tensor import Tensor


class _ConvTransposeNd(_ConvNd):
    """A transposed convolution, of any number of dimensions."""

    transposed = True
    convolve: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(
                message(
                    f"{type(self).__name__}: no such padding mode",
                    expected="padding_mode='zeros'",
                    got=repr(padding_mode),
                )
            )
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding,
            groups, bias, padding_mode, device, dtype,
        )  # fmt: skip

    def _output_padding(self, input: Tensor, output_size: Any) -> tuple[int, ...]:
        """The output padding with which the output gets these sizes."""
        if output_size is None:
            return self.output_padding
        ndim, places = self.ndim, tuple(input.shape[-self.ndim :])
        sizes = tuple(output_size)
        if input.ndim == ndim + 2 and len(sizes) == ndim + 2:
            sizes = sizes[2:]
        numbers = (self.kernel_size, self.stride, self.padding, self.dilation, (0,) * ndim)
        least = sizes_from(places, *numbers)  # type: ignore[arg-type]
        most = tuple([n + s - 1 for n, s in zip(least, self.stride)])
        if len(sizes) != ndim or not all(a <= n <= b for a, n, b in zip(least, sizes, most)):
            raise ValueError(
                message(
                    f"{type(self).__name__}: output_size cannot be reached",
                    expected=f"sizes from {least} to {most}",
                    got=str(tuple(output_size)),
                )
            )
        return tuple([n - a for n, a in zip(sizes, least)])

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        """The input led through the transpose of a convolution.

        Args:
            input: the input.
            output_size: the output's sizes, where several are possible.
        """
        more = self._output_padding(input, output_size)
        convolve = type(self).convolve
        return convolve(
            input, self.weight, self.bias, self.stride, self.padding, more, self.groups,
            self.dilation,
        )  # fmt: skip


class ConvTranspose1d(_ConvTransposeNd):
    """The transpose of a convolution of sequences: what leads gradients through one.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: how many elements a kernel has.
        stride: steps between the places that an element spreads to, >= 1.
        padding: how much is cut from both sides, >= 0.
        output_padding: how much longer the output is at its end; less than stride or dilation.
        groups: of how many parts the channels consist that do not meet.
        bias: whether something is added.
        dilation: steps between a kernel's elements, >= 1.
        padding_mode: 'zeros'.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Shape: (n, in_channels, length) -> (n, out_channels, (length - 1)·stride - 2·padding +
        dilation·(kernel_size - 1) + output_padding + 1), n optional.

    Raises:
        ValueError: if channels do not divide into the groups.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.ConvTranspose1d(16, 33, 3, stride=2)(fb.zeros(20, 16, 50)).shape
        torch.Size([20, 33, 101])
    """

    ndim = 1
    convolve = functional.conv_transpose1d


class ConvTranspose2d(_ConvTransposeNd):
    """The transpose of a convolution of images: what leads gradients through one.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: a kernel's height and width, one number for both or two.
        stride: steps between the places that an element spreads to, >= 1.
        padding: how much is cut from both sides, >= 0.
        output_padding: how much longer the output is at its end; less than stride or dilation.
        groups: of how many parts the channels consist that do not meet.
        bias: whether something is added.
        dilation: steps between a kernel's elements, >= 1.
        padding_mode: 'zeros'.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Shape: (n, in_channels, height, width) -> (n, out_channels, ...), sizes
        (size - 1)·stride - 2·padding + dilation·(kernel_size - 1) + output_padding + 1.

    Raises:
        ValueError: if channels do not divide into the groups.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.ConvTranspose2d(16, 16, 3, stride=2, padding=1)
        >>> layer(fb.zeros(1, 16, 6, 6), output_size=(12, 12)).shape
        torch.Size([1, 16, 12, 12])
    """

    ndim = 2
    convolve = functional.conv_transpose2d


class ConvTranspose3d(_ConvTransposeNd):
    """The transpose of a convolution of volumes: what leads gradients through one.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: a kernel's depth, height and width, one number for all or three.
        stride: steps between the places that an element spreads to, >= 1.
        padding: how much is cut from both sides, >= 0.
        output_padding: how much longer the output is at its end; less than stride or dilation.
        groups: of how many parts the channels consist that do not meet.
        bias: whether something is added.
        dilation: steps between a kernel's elements, >= 1.
        padding_mode: 'zeros'.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Shape: (n, in_channels, depth, height, width) -> (n, out_channels, ...), sizes as those of
        :class:`ConvTranspose2d`.

    Raises:
        ValueError: if channels do not divide into the groups.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.ConvTranspose3d(3, 2, 3, stride=2)(fb.zeros(1, 3, 2, 3, 4)).shape
        torch.Size([1, 2, 5, 7, 9])
    """

    ndim = 3
    convolve = functional.conv_transpose3d
