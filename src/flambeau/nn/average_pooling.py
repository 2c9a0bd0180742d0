"""Layers that keep a mean or a norm of each window, and layers that pool to given sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from flambeau.core.repeated import integers
from flambeau.nn import functional
from flambeau.nn.module import Module
from flambeau.tensor.tensor import Tensor


class AvgPool1d(Module):
    """Keeps the mean of each window of sequences.

    Args:
        kernel_size: the windows' size.
        stride: steps between windows, >= 1; ``kernel_size`` if not given.
        padding: zeros on both sides, at most half of a window.
        ceil_mode: whether a last window may reach beyond the end.
        count_include_pad: whether the padding counts in the mean.

    Shape: (n, c, length) -> (n, c, floor((length + 2·padding - kernel_size) / stride) + 1),
        n optional.

    Raises:
        RuntimeError: if the numbers do not fit the input.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.AvgPool1d(2)(fb.tensor([[1., 3., 5., 9.]]))
        tensor([[2., 7.]])
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        self.kernel_size = integers(name, "kernel_size", kernel_size, 1)
        self.stride = integers(name, "stride", kernel_size if stride is None else stride, 1)
        self.padding = integers(name, "padding", padding, 1)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        """The means."""
        return functional.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _AvgPoolNd(Module):
    """The mean of each window, of two or three dimensions."""

    pool: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        """The means."""
        return type(self).pool(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad, self.divisor_override,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(_AvgPoolNd):
    """Keeps the mean of each window of images.

    Args:
        kernel_size: the windows' size, one number or two.
        stride: steps between windows, >= 1; ``kernel_size`` if not given.
        padding: zeros on both sides, at most half of a window.
        ceil_mode: whether a last window may reach beyond the end.
        count_include_pad: whether the padding counts in the mean.
        divisor_override: what sums are divided by instead of the windows' sizes.

    Shape: (n, c, height, width) -> (n, c, ...), sizes
        floor((size + 2·padding - kernel_size) / stride) + 1, n optional.

    Raises:
        RuntimeError: if the numbers do not fit the input.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.AvgPool2d(2)(fb.zeros(1, 3, 4, 4)).shape
        torch.Size([1, 3, 2, 2])
    """

    pool = functional.avg_pool2d


class AvgPool3d(_AvgPoolNd):
    """Keeps the mean of each window of volumes.

    Args:
        kernel_size: the windows' size, one number or three.
        stride: steps between windows, >= 1; ``kernel_size`` if not given.
        padding: zeros on both sides, at most half of a window.
        ceil_mode: whether a last window may reach beyond the end.
        count_include_pad: whether the padding counts in the mean.
        divisor_override: what sums are divided by instead of the windows' sizes.

    Shape: (n, c, depth, height, width) -> (n, c, ...), sizes
        floor((size + 2·padding - kernel_size) / stride) + 1, n optional.

    Raises:
        RuntimeError: if the numbers do not fit the input.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.AvgPool3d(2)(fb.zeros(1, 3, 4, 4, 4)).shape
        torch.Size([1, 3, 2, 2, 2])
    """

    pool = functional.avg_pool3d


class _LPPoolNd(Module):
    """The p-norm of each window, of any number of dimensions."""

    pool: ClassVar[Callable[..., Tensor]]

    def __init__(
        self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        """The norms."""
        return type(self).pool(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )

    def extra_repr(self) -> str:
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPoolNd):
    """Keeps the p-norm of each window of sequences.

    :math:`out = (Σ_k input_k^p)^{1/p}`

    Args:
        norm_type: p, not 0; ``inf`` for the largest absolute value.
        kernel_size: the windows' size, one number.
        stride: steps between windows, >= 1; ``kernel_size`` if not given.
        ceil_mode: whether a last window may reach beyond the end.

    Shape: (n, c, length) -> (n, c, ...), sizes floor((size - kernel_size) / stride) + 1,
        n optional.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.LPPool1d(2, 2)(fb.zeros(1, 3, 4)).shape
        torch.Size([1, 3, 2])
    """

    pool = functional.lp_pool1d


class LPPool2d(_LPPoolNd):
    """Keeps the p-norm of each window of images.

    :math:`out = (Σ_k input_k^p)^{1/p}`

    Args:
        norm_type: p, not 0; ``inf`` for the largest absolute value.
        kernel_size: the windows' size, one number or two.
        stride: steps between windows, >= 1; ``kernel_size`` if not given.
        ceil_mode: whether a last window may reach beyond the end.

    Shape: (n, c, height, width) -> (n, c, ...), sizes floor((size - kernel_size) / stride) + 1,
        n optional.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.LPPool2d(2, 2)(fb.zeros(1, 3, 4, 4)).shape
        torch.Size([1, 3, 2, 2])
    """

    pool = functional.lp_pool2d


class LPPool3d(_LPPoolNd):
    """Keeps the p-norm of each window of volumes.

    :math:`out = (Σ_k input_k^p)^{1/p}`

    Args:
        norm_type: p, not 0; ``inf`` for the largest absolute value.
        kernel_size: the windows' size, one number or three.
        stride: steps between windows, >= 1; ``kernel_size`` if not given.
        ceil_mode: whether a last window may reach beyond the end.

    Shape: (n, c, depth, height, width) -> (n, c, ...), sizes
        floor((size - kernel_size) / stride) + 1, n optional.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.LPPool3d(2, 2)(fb.zeros(1, 3, 4, 4, 4)).shape
        torch.Size([1, 3, 2, 2, 2])
    """

    pool = functional.lp_pool3d


class _AdaptivePoolNd(Module):
    """Regions that divide the input, of any number of dimensions."""

    pool: ClassVar[Callable[..., Any]]

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        """The means."""
        return type(self).pool(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptivePoolNd):
    """Keeps the means of as many regions of sequences as asked for.

    Args:
        output_size: how many regions, one number;
            ``None`` for as many as there are elements.

    Shape: (n, c, length) -> (n, c, *output_size), n optional.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.AdaptiveAvgPool1d(2)(fb.zeros(1, 3, 7)).shape
        torch.Size([1, 3, 2])
    """

    pool = functional.adaptive_avg_pool1d


class AdaptiveAvgPool2d(_AdaptivePoolNd):
    """Keeps the means of as many regions of images as asked for.

    Args:
        output_size: how many regions, one number or two;
            ``None`` for as many as there are elements.

    Shape: (n, c, height, width) -> (n, c, *output_size), n optional.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.AdaptiveAvgPool2d(2)(fb.zeros(1, 3, 7, 7)).shape
        torch.Size([1, 3, 2, 2])
    """

    pool = functional.adaptive_avg_pool2d


class AdaptiveAvgPool3d(_AdaptivePoolNd):
    """Keeps the means of as many regions of volumes as asked for.

    Args:
        output_size: how many regions, one number or three;
            ``None`` for as many as there are elements.

    Shape: (n, c, depth, height, width) -> (n, c, *output_size), n optional.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.AdaptiveAvgPool3d(2)(fb.zeros(1, 3, 7, 7, 7)).shape
        torch.Size([1, 3, 2, 2, 2])
    """

    pool = functional.adaptive_avg_pool3d


class _AdaptiveMaxPoolNd(_AdaptivePoolNd):
    """The largest values of regions, of any number of dimensions."""

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        """The largest values, and where they lie if ``return_indices``."""
        return type(self).pool(input, self.output_size, self.return_indices)


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """Keeps the largest values of as many regions of sequences as asked for.

    Args:
        output_size: how many regions, one number;
            ``None`` for as many as there are elements.
        return_indices: also return where the values lie.

    Shape: (n, c, length) -> (n, c, *output_size), n optional.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.AdaptiveMaxPool1d(2)(fb.zeros(1, 3, 7)).shape
        torch.Size([1, 3, 2])
    """

    pool = functional.adaptive_max_pool1d


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """Keeps the largest values of as many regions of images as asked for.

    Args:
        output_size: how many regions, one number or two;
            ``None`` for as many as there are elements.
        return_indices: also return where the values lie.

    Shape: (n, c, height, width) -> (n, c, *output_size), n optional.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.AdaptiveMaxPool2d(2)(fb.zeros(1, 3, 7, 7)).shape
        torch.Size([1, 3, 2, 2])
    """

    pool = functional.adaptive_max_pool2d


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """Keeps the largest values of as many regions of volumes as asked for.

    Args:
        output_size: how many regions, one number or three;
            ``None`` for as many as there are elements.
        return_indices: also return where the values lie.

    Shape: (n, c, depth, height, width) -> (n, c, *output_size), n optional.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.AdaptiveMaxPool3d(2)(fb.zeros(1, 3, 7, 7, 7)).shape
        torch.Size([1, 3, 2, 2, 2])
    """

    pool = functional.adaptive_max_pool3d
