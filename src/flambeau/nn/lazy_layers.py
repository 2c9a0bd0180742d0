"""Convolutions and norms that take their channels from their first input."""

from __future__ import annotations

from typing import Any

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.nn.batch_norm import BatchNorm1d, BatchNorm2d, BatchNorm3d
from flambeau.nn.convolution import Conv1d, Conv2d, Conv3d
from flambeau.nn.convolution_transposed import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from flambeau.nn.instance_norm import InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from flambeau.nn.lazy import LazyModuleMixin
from flambeau.nn.parameter import UninitializedBuffer, UninitializedParameter
from flambeau.ops.creation import zeros


class _LazyConv(LazyModuleMixin):
    """The channels of a convolution's input, from the first one."""

    def reset_parameters(self: Any) -> None:
        """Draw initial values, once the shapes are known."""
        if not self.has_uninitialized_params() and self.in_channels != 0:
            super().reset_parameters()

    def initialize_parameters(self: Any, input: Any, *others: Any, **named: Any) -> None:
        """Take ``in_channels`` from the input."""
        loaded = not self.has_uninitialized_params()
        self.in_channels = self.in_channels or self._channels_of(input)
        if loaded:  # the kernels came with a state dict
            return
        if self.in_channels % self.groups:
            raise ValueError(
                message(
                    f"{type(self).__name__}: the channels do not divide into the groups",
                    expected=f"a multiple of groups={self.groups}",
                    got=str(self.in_channels),
                )
            )
        self.weight.materialize(self._weight_shape())
        if self.bias is not None:
            self.bias.materialize((self.out_channels,))
        self.reset_parameters()

    def _channels_of(self: Any, input: Any) -> int:
        ndim = self.ndim
        if input.dim() not in (ndim + 1, ndim + 2):
            raise RuntimeError(
                message(
                    f"{type(self).__name__}: the input has another number of dimensions",
                    expected=f"{ndim + 1} dimensions, or {ndim + 2} with a batch",
                    got=f"shape {tuple(input.shape)}",
                )
            )
        return input.shape[-ndim - 1]

    def _wait(self: Any, out_channels: int, bias: bool, factory: dict[str, Any]) -> None:
        """Put parameters without a shape in the place of those made without channels."""
        self.out_channels = out_channels
        self.weight = UninitializedParameter(**factory)
        if bias:
            self.bias = UninitializedParameter(**factory)


class LazyConv1d(_LazyConv, Conv1d):
    """A :class:`Conv1d` that takes ``in_channels`` from its first input.

    Args:
        out_channels: channels of the output.
        kernel_size, stride, padding, dilation, groups, bias, padding_mode: those of
            :class:`Conv1d`.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyConv1d(2, 3)
        >>> layer(fb.zeros(1, 4, 5)).shape, layer.in_channels
        (torch.Size([1, 2, 3]), 4)
    """

    cls_to_become = Conv1d

    def __init__(
        self,
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
            0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode, device, dtype
        )
        self._wait(out_channels, bias, {"device": device, "dtype": dtype})


class LazyConv2d(_LazyConv, Conv2d):
    """A :class:`Conv2d` that takes ``in_channels`` from its first input.

    Args:
        out_channels: channels of the output.
        kernel_size, stride, padding, dilation, groups, bias, padding_mode: those of
            :class:`Conv2d`.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyConv2d(2, 3)
        >>> layer(fb.zeros(1, 4, 5, 5)).shape, layer.in_channels
        (torch.Size([1, 2, 3, 3]), 4)
    """

    cls_to_become = Conv2d

    def __init__(
        self,
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
            0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode, device, dtype
        )
        self._wait(out_channels, bias, {"device": device, "dtype": dtype})


class LazyConv3d(_LazyConv, Conv3d):
    """A :class:`Conv3d` that takes ``in_channels`` from its first input.

    Args:
        out_channels: channels of the output.
        kernel_size, stride, padding, dilation, groups, bias, padding_mode: those of
            :class:`Conv3d`.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyConv3d(2, 3)
        >>> layer(fb.zeros(1, 4, 5, 5, 5)).shape, layer.in_channels
        (torch.Size([1, 2, 3, 3, 3]), 4)
    """

    cls_to_become = Conv3d

    def __init__(
        self,
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
            0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode, device, dtype
        )
        self._wait(out_channels, bias, {"device": device, "dtype": dtype})


class LazyConvTranspose1d(_LazyConv, ConvTranspose1d):
    """A :class:`ConvTranspose1d` that takes ``in_channels`` from its first input.

    Args:
        out_channels: channels of the output.
        kernel_size, stride, padding, output_padding, groups, bias, dilation, padding_mode: those of
            :class:`ConvTranspose1d`.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyConvTranspose1d(2, 3)
        >>> layer(fb.zeros(1, 4, 3)).shape, layer.in_channels
        (torch.Size([1, 2, 5]), 4)
    """

    cls_to_become = ConvTranspose1d

    def __init__(
        self,
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
        super().__init__(
            0, 0, kernel_size, stride, padding, output_padding, groups, False, dilation,
            padding_mode, device, dtype,
        )  # fmt: skip
        self._wait(out_channels, bias, {"device": device, "dtype": dtype})


class LazyConvTranspose2d(_LazyConv, ConvTranspose2d):
    """A :class:`ConvTranspose2d` that takes ``in_channels`` from its first input.

    Args:
        out_channels: channels of the output.
        kernel_size, stride, padding, output_padding, groups, bias, dilation, padding_mode: those of
            :class:`ConvTranspose2d`.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyConvTranspose2d(2, 3)
        >>> layer(fb.zeros(1, 4, 3, 3)).shape, layer.in_channels
        (torch.Size([1, 2, 5, 5]), 4)
    """

    cls_to_become = ConvTranspose2d

    def __init__(
        self,
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
        super().__init__(
            0, 0, kernel_size, stride, padding, output_padding, groups, False, dilation,
            padding_mode, device, dtype,
        )  # fmt: skip
        self._wait(out_channels, bias, {"device": device, "dtype": dtype})


class LazyConvTranspose3d(_LazyConv, ConvTranspose3d):
    """A :class:`ConvTranspose3d` that takes ``in_channels`` from its first input.

    Args:
        out_channels: channels of the output.
        kernel_size, stride, padding, output_padding, groups, bias, dilation, padding_mode: those of
            :class:`ConvTranspose3d`.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyConvTranspose3d(2, 3)
        >>> layer(fb.zeros(1, 4, 3, 3, 3)).shape, layer.in_channels
        (torch.Size([1, 2, 5, 5, 5]), 4)
    """

    cls_to_become = ConvTranspose3d

    def __init__(
        self,
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
        super().__init__(
            0, 0, kernel_size, stride, padding, output_padding, groups, False, dilation,
            padding_mode, device, dtype,
        )  # fmt: skip
        self._wait(out_channels, bias, {"device": device, "dtype": dtype})


class _LazyNorm(LazyModuleMixin):
    """The channels of a norm, from the first input."""

    def __init__(
        self: Any,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False, device, dtype, bias=False)
        self.affine = affine
        self.track_running_stats = track_running_stats
        factory = {"device": device, "dtype": dtype}
        if affine:
            self.weight = UninitializedParameter(**factory)
            if bias:
                self.bias = UninitializedParameter(**factory)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(**factory)
            self.running_var = UninitializedBuffer(**factory)
            self.num_batches_tracked = zeros((), dtype=dtypes.int64, device=device)

    def reset_parameters(self: Any) -> None:
        """Set initial values, once the shapes are known."""
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()

    def initialize_parameters(self: Any, input: Any) -> None:
        """Take ``num_features`` from the input."""
        loaded = not self.has_uninitialized_params()
        self.num_features = self.num_features or input.shape[1]
        if not loaded:
            for name in ("weight", "bias", "running_mean", "running_var"):
                if getattr(self, name) is not None:
                    getattr(self, name).materialize((self.num_features,))
            self.reset_parameters()


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """A :class:`BatchNorm1d` that takes ``num_features`` from its first input.

    Args:
        eps, momentum, affine, track_running_stats, bias: those of :class:`BatchNorm1d`.
        device: the CPU.
        dtype: the type of parameters and statistics; the default type if not given.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyBatchNorm1d()
        >>> layer(fb.zeros(2, 4, 3)).shape, layer.num_features
        (torch.Size([2, 4, 3]), 4)
    """

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    """A :class:`BatchNorm2d` that takes ``num_features`` from its first input.

    Args:
        eps, momentum, affine, track_running_stats, bias: those of :class:`BatchNorm2d`.
        device: the CPU.
        dtype: the type of parameters and statistics; the default type if not given.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyBatchNorm2d()
        >>> layer(fb.zeros(2, 4, 3, 3)).shape, layer.num_features
        (torch.Size([2, 4, 3, 3]), 4)
    """

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    """A :class:`BatchNorm3d` that takes ``num_features`` from its first input.

    Args:
        eps, momentum, affine, track_running_stats, bias: those of :class:`BatchNorm3d`.
        device: the CPU.
        dtype: the type of parameters and statistics; the default type if not given.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyBatchNorm3d()
        >>> layer(fb.zeros(2, 4, 3, 3, 3)).shape, layer.num_features
        (torch.Size([2, 4, 3, 3, 3]), 4)
    """

    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(_LazyNorm, InstanceNorm1d):
    """A :class:`InstanceNorm1d` that takes ``num_features`` from its first input.

    Args:
        eps, momentum, affine, track_running_stats, bias: those of :class:`InstanceNorm1d`.
        device: the CPU.
        dtype: the type of parameters and statistics; the default type if not given.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyInstanceNorm1d()
        >>> layer(fb.zeros(2, 4, 3)).shape, layer.num_features
        (torch.Size([2, 4, 3]), 4)
    """

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNorm, InstanceNorm2d):
    """A :class:`InstanceNorm2d` that takes ``num_features`` from its first input.

    Args:
        eps, momentum, affine, track_running_stats, bias: those of :class:`InstanceNorm2d`.
        device: the CPU.
        dtype: the type of parameters and statistics; the default type if not given.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyInstanceNorm2d()
        >>> layer(fb.zeros(2, 4, 3, 3)).shape, layer.num_features
        (torch.Size([2, 4, 3, 3]), 4)
    """

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNorm, InstanceNorm3d):
    """A :class:`InstanceNorm3d` that takes ``num_features`` from its first input.

    Args:
        eps, momentum, affine, track_running_stats, bias: those of :class:`InstanceNorm3d`.
        device: the CPU.
        dtype: the type of parameters and statistics; the default type if not given.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyInstanceNorm3d()
        >>> layer(fb.zeros(2, 4, 3, 3, 3)).shape, layer.num_features
        (torch.Size([2, 4, 3, 3, 3]), 4)
    """

    cls_to_become = InstanceNorm3d
