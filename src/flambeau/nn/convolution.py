"""Convolution layers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

from flambeau.core.errors import message
from flambeau.core.repeated import integers
from flambeau.nn import functional, init
from flambeau.nn.module import Module
from flambeau.nn.parameter import Parameter
from flambeau.ops.creation import empty
from flambeau.tensor.tensor import Tensor

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


def _refuse(name: str, problem: str, expected: str, got: Any) -> ValueError:
    return ValueError(message(f"{name}: {problem}", expected=expected, got=str(got)))


class _ConvNd(Module):
    """What all convolution layers have in common.

    Weight and bias start uniform on (-k, k), k = 1 / sqrt(fan_in).
    """

    ndim: ClassVar[int]
    transposed: ClassVar[bool] = False

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any, padding: Any,
        dilation: Any, output_padding: Any, groups: int, bias: bool, padding_mode: str,
        device: Any, dtype: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        self._check(in_channels, out_channels, groups, stride, padding, padding_mode)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = self._each("kernel_size", kernel_size)
        self.stride = self._each("stride", stride)
        same = isinstance(padding, str)
        self.padding = padding if same else self._each("padding", padding)
        self.dilation = self._each("dilation", dilation)
        self.output_padding = self._each("output_padding", output_padding)
        self.groups = groups
        self.padding_mode = padding_mode
        self._reversed_padding_repeated_twice = self._padding_in_pairs()
        factory = {"device": device, "dtype": dtype}
        self.weight = Parameter(empty(self._weight_shape(), **factory))
        self.register_parameter("bias", Parameter(empty(out_channels, **factory)) if bias else None)
        self.reset_parameters()

    def _each(self, what: str, value: Any) -> tuple[int, ...]:
        if isinstance(value, (tuple, list)):
            return tuple(value)
        return integers(type(self).__name__, what, value, self.ndim)

    def _check(
        self, inputs: int, outputs: int, groups: int, stride: Any, padding: Any, mode: str
    ) -> None:
        name = type(self).__name__
        if groups <= 0:
            raise _refuse(name, "no groups", "groups >= 1", groups)
        for what, channels in (("in_channels", inputs), ("out_channels", outputs)):
            if channels % groups:
                raise _refuse(
                    name, f"{what} does not divide into the groups",
                    f"a multiple of groups={groups}", channels,
                )  # fmt: skip
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise _refuse(name, "no such padding", "integers, 'same' or 'valid'", repr(padding))
            if padding == "same" and any(s != 1 for s in self._each("stride", stride)):
                raise _refuse(name, "padding='same' needs a stride of 1", "stride=1", stride)
        if mode not in PADDING_MODES:
            raise _refuse(name, "no such padding mode", ", ".join(PADDING_MODES), repr(mode))

    def _padding_in_pairs(self) -> list[int]:
        """The padding as :func:`functional.pad` takes it."""
        if self.padding == "valid":
            return [0, 0] * self.ndim
        if self.padding == "same":
            totals = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size)]
            return [size for t in reversed(totals) for size in (t // 2, t - t // 2)]
        return [size for p in reversed(self.padding) for size in (p, p)]  # type: ignore[arg-type]

    def _weight_shape(self) -> tuple[int, ...]:
        if self.transposed:
            return (self.in_channels, self.out_channels // self.groups, *self.kernel_size)
        return (self.out_channels, self.in_channels // self.groups, *self.kernel_size)

    def reset_parameters(self) -> None:
        """Draw initial values."""
        # a = sqrt(5) makes the bound of the weight 1 / sqrt(fan_in), up to rounding.
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            if fan_in != 0:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        parts = [
            f"{self.in_channels}, {self.out_channels}",
            f"kernel_size={self.kernel_size}",
            f"stride={self.stride}",
        ]
        if self.padding != (0,) * len(self.padding):
            parts.append(f"padding={self.padding}")
        if self.dilation != (1,) * len(self.dilation):
            parts.append(f"dilation={self.dilation}")
        if self.output_padding != (0,) * len(self.output_padding):
            parts.append(f"output_padding={self.output_padding}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class _Conv(_ConvNd):
    """A convolution, of any number of dimensions."""

    convolve: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias,
            padding_mode, device, dtype,
        )  # fmt: skip

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        padding = self.padding
        if self.padding_mode != "zeros":
            pairs = self._reversed_padding_repeated_twice
            input, padding = functional.pad(input, pairs, self.padding_mode), 0
        convolve = type(self).convolve
        return convolve(input, weight, bias, self.stride, padding, self.dilation, self.groups)

    def forward(self, input: Tensor) -> Tensor:
        """The convolved input."""
        return self._conv_forward(input, self.weight, self.bias)


class Conv1d(_Conv):
    """Slides kernels over a sequence.

    :math:`out_{n, o} = bias_o + Σ_c weight_{o, c} ⋆ input_{n, c}`

    Weight and bias start uniform on (-k, k), k = 1 / sqrt(in_channels / groups · kernel_size).

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: how many elements a kernel has.
        stride: steps between places, >= 1.
        padding: what is added on both sides, >= 0; or 'valid' for nothing, 'same' for as much as
            keeps the size.
        dilation: steps between a kernel's elements, >= 1.
        groups: of how many parts the channels consist that do not meet.
        bias: whether something is added.
        padding_mode: 'zeros', 'reflect', 'replicate' or 'circular'.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Shape: (n, in_channels, length) -> (n, out_channels,
        floor((length + 2·padding - dilation·(kernel_size - 1) - 1) / stride) + 1), n optional.

    Raises:
        ValueError: if channels do not divide into the groups, or there is no such padding.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Conv1d(16, 33, 3, stride=2)(fb.zeros(20, 16, 50)).shape
        torch.Size([20, 33, 24])
    """

    ndim = 1
    convolve = functional.conv1d


class Conv2d(_Conv):
    """Slides kernels over an image.

    :math:`out_{n, o} = bias_o + Σ_c weight_{o, c} ⋆ input_{n, c}`

    Weight and bias start uniform on (-k, k), k = 1 / sqrt(in_channels / groups · elements of a
    kernel).

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: a kernel's height and width, one number for both or two.
        stride: steps between places, >= 1.
        padding: what is added on both sides, >= 0; or 'valid' for nothing, 'same' for as much as
            keeps the sizes.
        dilation: steps between a kernel's elements, >= 1.
        groups: of how many parts the channels consist that do not meet.
        bias: whether something is added.
        padding_mode: 'zeros', 'reflect', 'replicate' or 'circular'.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Shape: (n, in_channels, height, width) -> (n, out_channels, ...), sizes
        floor((size + 2·padding - dilation·(kernel_size - 1) - 1) / stride) + 1, n optional.

    Raises:
        ValueError: if channels do not divide into the groups, or there is no such padding.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.Conv2d(16, 33, (3, 5), stride=(2, 1), padding=(4, 2))
        >>> layer(fb.zeros(20, 16, 50, 9)).shape
        torch.Size([20, 33, 28, 9])
    """

    ndim = 2
    convolve = functional.conv2d


class Conv3d(_Conv):
    """Slides kernels over a volume.

    :math:`out_{n, o} = bias_o + Σ_c weight_{o, c} ⋆ input_{n, c}`

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: a kernel's depth, height and width, one number for all or three.
        stride: steps between places, >= 1.
        padding: what is added on both sides, >= 0; or 'valid' for nothing, 'same' for as much as
            keeps the sizes.
        dilation: steps between a kernel's elements, >= 1.
        groups: of how many parts the channels consist that do not meet.
        bias: whether something is added.
        padding_mode: 'zeros', 'reflect', 'replicate' or 'circular'.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Shape: (n, in_channels, depth, height, width) -> (n, out_channels, ...), sizes as those of
        :class:`Conv2d`.

    Raises:
        ValueError: if channels do not divide into the groups, or there is no such padding.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Conv3d(3, 4, 3, stride=2)(fb.zeros(2, 3, 5, 7, 9)).shape
        torch.Size([2, 4, 2, 3, 4])
    """

    ndim = 3
    convolve = functional.conv3d
