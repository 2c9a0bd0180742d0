"""Convolutions and norms that take their number of channels from the first input."""

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


class _LazyKernels(LazyModuleMixin):
    """What lazy convolutions have in common: their kernels wait for the first input."""

    def _wait(self, out_channels: int, bias: bool, device: Any, dtype: Any) -> None:
        factory = {"device": device, "dtype": dtype}
        self.weight = UninitializedParameter(**factory)
        self.out_channels = out_channels
        if bias:
            self.bias = UninitializedParameter(**factory)

    def reset_parameters(self) -> None:
        """Draw initial values, once the shapes are known."""
        if not self.has_uninitialized_params() and self.in_channels != 0:
            super().reset_parameters()  # type: ignore[misc]

    def initialize_parameters(self, input: Any, *args: Any, **kwargs: Any) -> None:
        """Take ``in_channels`` from the input."""
        loaded = not self.has_uninitialized_params()
        if loaded and self.in_channels:
            return
        self.in_channels = self._channels_of(input)
        if loaded:
            return
        if self.in_channels % self.groups:
            raise ValueError(
                message(
                    f"{type(self).__name__}: in_channels does not divide into the groups",
                    expected=f"a multiple of groups={self.groups}",
                    got=str(self.in_channels),
                )
            )
        self.weight.materialize(self._weight_shape())
        if self.bias is not None:
            self.bias.materialize((self.out_channels,))
        self.reset_parameters()

    def _channels_of(self, input: Any) -> int:
        if input.ndim not in (self.ndim + 1, self.ndim + 2):
            raise RuntimeError(
                message(
                    f"{type(self).__name__}: wrong number of dimensions",
                    expected=f"{self.ndim + 2}, or {self.ndim + 1} without a batch",
                    got=f"shape {tuple(input.shape)}",
                )
            )
        return input.shape[1 if input.ndim == self.ndim + 2 else 0]


class _LazyConv(_LazyKernels):
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
        self._wait(out_channels, bias, device, dtype)


class _LazyConvTranspose(_LazyKernels):
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
        self._wait(out_channels, bias, device, dtype)


class _LazyNorm(LazyModuleMixin):
    def __init__(
        self,
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

    def reset_parameters(self) -> None:
        """Set initial values, once the shapes are known."""
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()  # type: ignore[misc]

    def initialize_parameters(self, input: Any) -> None:
        """Take ``num_features`` from the input."""
        loaded = not self.has_uninitialized_params()
        self.num_features = self.num_features or input.shape[1]
        if loaded:
            return
        waiting = [self.weight, self.bias] if self.affine else []
        waiting += [self.running_mean, self.running_var] if self.track_running_stats else []
        for tensor in waiting:
            if tensor is not None:
                tensor.materialize((self.num_features,))
        self.reset_parameters()


class LazyConv1d(_LazyConv, Conv1d):
    """A :class:`Conv1d` that takes ``in_channels`` from its first input.

    Args:
        out_channels: channels of the output.
        kernel_size, stride, padding, dilation, groups, bias, padding_mode: as for
            :class:`Conv1d`.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Raises:
        ValueError: on the first call, if the groups do not divide the channels.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyConv1d(4, 3)
        >>> _ = layer(fb.zeros(2, 3, 8))
        >>> layer.in_channels, type(layer).__name__
        (3, 'Conv1d')
    """

    cls_to_become = Conv1d


class LazyConv2d(_LazyConv, Conv2d):
    """A :class:`Conv2d` that takes ``in_channels`` from its first input.

    Args:
        out_channels: channels of the output.
        kernel_size, stride, padding, dilation, groups, bias, padding_mode: as for
            :class:`Conv2d`.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Raises:
        ValueError: on the first call, if the groups do not divide the channels.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyConv2d(4, 3)
        >>> _ = layer(fb.zeros(2, 3, 8, 8))
        >>> layer.in_channels, type(layer).__name__
        (3, 'Conv2d')
    """

    cls_to_become = Conv2d


class LazyConv3d(_LazyConv, Conv3d):
    """A :class:`Conv3d` that takes ``in_channels`` from its first input.

    Args:
        out_channels: channels of the output.
        kernel_size, stride, padding, dilation, groups, bias, padding_mode: as for
            :class:`Conv3d`.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Raises:
        ValueError: on the first call, if the groups do not divide the channels.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyConv3d(4, 3)
        >>> _ = layer(fb.zeros(2, 3, 4, 4, 4))
        >>> layer.in_channels, type(layer).__name__
        (3, 'Conv3d')
    """

    cls_to_become = Conv3d


class LazyConvTranspose1d(_LazyConvTranspose, ConvTranspose1d):
    """A :class:`ConvTranspose1d` that takes ``in_channels`` from its first input.

    Args:
        out_channels: channels of the output.
        kernel_size, stride, padding, output_padding, groups, bias, dilation, padding_mode: as for
            :class:`ConvTranspose1d`.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Raises:
        ValueError: on the first call, if the groups do not divide the channels.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyConvTranspose1d(4, 3)
        >>> _ = layer(fb.zeros(2, 3, 8))
        >>> layer.in_channels, type(layer).__name__
        (3, 'ConvTranspose1d')
    """

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyConvTranspose, ConvTranspose2d):
    """A :class:`ConvTranspose2d` that takes ``in_channels`` from its first input.

    Args:
        out_channels: channels of the output.
        kernel_size, stride, padding, output_padding, groups, bias, dilation, padding_mode: as for
            :class:`ConvTranspose2d`.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Raises:
        ValueError: on the first call, if the groups do not divide the channels.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyConvTranspose2d(4, 3)
        >>> _ = layer(fb.zeros(2, 3, 8, 8))
        >>> layer.in_channels, type(layer).__name__
        (3, 'ConvTranspose2d')
    """

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyConvTranspose, ConvTranspose3d):
    """A :class:`ConvTranspose3d` that takes ``in_channels`` from its first input.

    Args:
        out_channels: channels of the output.
        kernel_size, stride, padding, output_padding, groups, bias, dilation, padding_mode: as for
            :class:`ConvTranspose3d`.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Raises:
        ValueError: on the first call, if the groups do not divide the channels.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyConvTranspose3d(4, 3)
        >>> _ = layer(fb.zeros(2, 3, 4, 4, 4))
        >>> layer.in_channels, type(layer).__name__
        (3, 'ConvTranspose3d')
    """

    cls_to_become = ConvTranspose3d


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """A :class:`BatchNorm1d` that takes ``num_features`` from its first input.

    Args:
        eps, momentum, bias: as for :class:`BatchNorm1d`.
        affine, track_running_stats: as for :class:`BatchNorm1d`, but true if not given.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyBatchNorm1d()
        >>> _ = layer(fb.zeros(2, 3, 8))
        >>> layer.num_features, type(layer).__name__
        (3, 'BatchNorm1d')
    """

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    """A :class:`BatchNorm2d` that takes ``num_features`` from its first input.

    Args:
        eps, momentum, bias: as for :class:`BatchNorm2d`.
        affine, track_running_stats: as for :class:`BatchNorm2d`, but true if not given.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyBatchNorm2d()
        >>> _ = layer(fb.zeros(2, 3, 8, 8))
        >>> layer.num_features, type(layer).__name__
        (3, 'BatchNorm2d')
    """

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    """A :class:`BatchNorm3d` that takes ``num_features`` from its first input.

    Args:
        eps, momentum, bias: as for :class:`BatchNorm3d`.
        affine, track_running_stats: as for :class:`BatchNorm3d`, but true if not given.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyBatchNorm3d()
        >>> _ = layer(fb.zeros(2, 3, 4, 4, 4))
        >>> layer.num_features, type(layer).__name__
        (3, 'BatchNorm3d')
    """

    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(_LazyNorm, InstanceNorm1d):
    """A :class:`InstanceNorm1d` that takes ``num_features`` from its first input.

    Args:
        eps, momentum, bias: as for :class:`InstanceNorm1d`.
        affine, track_running_stats: as for :class:`InstanceNorm1d`, but true if not given.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyInstanceNorm1d()
        >>> _ = layer(fb.zeros(2, 3, 8))
        >>> layer.num_features, type(layer).__name__
        (3, 'InstanceNorm1d')
    """

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNorm, InstanceNorm2d):
    """A :class:`InstanceNorm2d` that takes ``num_features`` from its first input.

    Args:
        eps, momentum, bias: as for :class:`InstanceNorm2d`.
        affine, track_running_stats: as for :class:`InstanceNorm2d`, but true if not given.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyInstanceNorm2d()
        >>> _ = layer(fb.zeros(2, 3, 8, 8))
        >>> layer.num_features, type(layer).__name__
        (3, 'InstanceNorm2d')
    """

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNorm, InstanceNorm3d):
    """A :class:`InstanceNorm3d` that takes ``num_features`` from its first input.

    Args:
        eps, momentum, bias: as for :class:`InstanceNorm3d`.
        affine, track_running_stats: as for :class:`InstanceNorm3d`, but true if not given.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.LazyInstanceNorm3d()
        >>> _ = layer(fb.zeros(2, 3, 4, 4, 4))
        >>> layer.num_features, type(layer).__name__
        (3, 'InstanceNorm3d')
    """

    cls_to_become = InstanceNorm3d
