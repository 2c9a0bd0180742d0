"""Layers that keep the largest value of each window, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from flambeau.core.errors import message
from flambeau.core.repeated import integers
from flambeau.nn import functional
from flambeau.nn.module import Module
from flambeau.tensor.tensor import Tensor


class _MaxPoolNd(Module):
    """The largest value of each window, of any number of dimensions."""

    pool: ClassVar[Callable[..., Any]]

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        """The largest values, and where they lie if ``return_indices``."""
        return type(self).pool(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
            self.return_indices,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPoolNd):
    """Keeps the largest value of each window of sequences.

    Args:
        kernel_size: the windows' size, one number.
        stride: steps between windows, >= 1; ``kernel_size`` if not given.
        padding: borders on both sides that no window's largest value lies in, at most half of a
            window.
        dilation: steps between a window's elements, >= 1.
        return_indices: also return where the values lie, for :class:`MaxUnpool1d`.
        ceil_mode: whether a last window may reach beyond the end.

    Shape: (n, c, length) -> (n, c, ...), sizes
        floor((size + 2·padding - dilation·(kernel_size - 1) - 1) / stride) + 1, n optional.

    Raises:
        RuntimeError: if the numbers do not fit the input.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.MaxPool1d(2)(fb.zeros(1, 3, 4)).shape
        torch.Size([1, 3, 2])
    """

    pool = functional.max_pool1d


class MaxPool2d(_MaxPoolNd):
    """Keeps the largest value of each window of images.

    Args:
        kernel_size: the windows' size, one number or two.
        stride: steps between windows, >= 1; ``kernel_size`` if not given.
        padding: borders on both sides that no window's largest value lies in, at most half of a
            window.
        dilation: steps between a window's elements, >= 1.
        return_indices: also return where the values lie, for :class:`MaxUnpool2d`.
        ceil_mode: whether a last window may reach beyond the end.

    Shape: (n, c, height, width) -> (n, c, ...), sizes
        floor((size + 2·padding - dilation·(kernel_size - 1) - 1) / stride) + 1, n optional.

    Raises:
        RuntimeError: if the numbers do not fit the input.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.MaxPool2d(2)(fb.zeros(1, 3, 4, 4)).shape
        torch.Size([1, 3, 2, 2])
    """

    pool = functional.max_pool2d


class MaxPool3d(_MaxPoolNd):
    """Keeps the largest value of each window of volumes.

    Args:
        kernel_size: the windows' size, one number or three.
        stride: steps between windows, >= 1; ``kernel_size`` if not given.
        padding: borders on both sides that no window's largest value lies in, at most half of a
            window.
        dilation: steps between a window's elements, >= 1.
        return_indices: also return where the values lie, for :class:`MaxUnpool3d`.
        ceil_mode: whether a last window may reach beyond the end.

    Shape: (n, c, depth, height, width) -> (n, c, ...), sizes
        floor((size + 2·padding - dilation·(kernel_size - 1) - 1) / stride) + 1, n optional.

    Raises:
        RuntimeError: if the numbers do not fit the input.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.MaxPool3d(2)(fb.zeros(1, 3, 4, 4, 4)).shape
        torch.Size([1, 3, 2, 2, 2])
    """

    pool = functional.max_pool3d


class _MaxUnpoolNd(Module):
    """Largest values back to where they were, of any number of dimensions."""

    ndim: ClassVar[int]
    unpool: ClassVar[Callable[..., Tensor]]

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        name, ndim = type(self).__name__, self.ndim
        self.kernel_size = integers(name, "kernel_size", kernel_size, ndim)
        steps = kernel_size if stride is None else stride
        self.stride = integers(name, "stride", steps, ndim)
        self.padding = integers(name, "padding", padding, ndim)

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        """The values at ``indices``, zeros elsewhere."""
        return type(self).unpool(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpoolNd):
    """Puts what :class:`MaxPool1d` kept back to where it was, with zeros elsewhere.

    Args:
        kernel_size, stride, padding: those of the pooling.

    Shape: (n, c, length) -> (n, c, ...), sizes
        (size - 1)·stride - 2·padding + kernel_size, n optional.

    Raises:
        ValueError: if ``output_size`` cannot be reached.

    Example:
        >>> import flambeau as fb
        >>> pool, back = fb.nn.MaxPool1d(2, return_indices=True), fb.nn.MaxUnpool1d(2)
        >>> back(*pool(fb.ones(1, 3, 4))).shape
        torch.Size([1, 3, 4])
    """

    ndim = 1
    unpool = functional.max_unpool1d


class MaxUnpool2d(_MaxUnpoolNd):
    """Puts what :class:`MaxPool2d` kept back to where it was, with zeros elsewhere.

    Args:
        kernel_size, stride, padding: those of the pooling.

    Shape: (n, c, height, width) -> (n, c, ...), sizes
        (size - 1)·stride - 2·padding + kernel_size, n optional.

    Raises:
        ValueError: if ``output_size`` cannot be reached.

    Example:
        >>> import flambeau as fb
        >>> pool, back = fb.nn.MaxPool2d(2, return_indices=True), fb.nn.MaxUnpool2d(2)
        >>> back(*pool(fb.ones(1, 3, 4, 4))).shape
        torch.Size([1, 3, 4, 4])
    """

    ndim = 2
    unpool = functional.max_unpool2d


class MaxUnpool3d(_MaxUnpoolNd):
    """Puts what :class:`MaxPool3d` kept back to where it was, with zeros elsewhere.

    Args:
        kernel_size, stride, padding: those of the pooling.

    Shape: (n, c, depth, height, width) -> (n, c, ...), sizes
        (size - 1)·stride - 2·padding + kernel_size, n optional.

    Raises:
        ValueError: if ``output_size`` cannot be reached.

    Example:
        >>> import flambeau as fb
        >>> pool, back = fb.nn.MaxPool3d(2, return_indices=True), fb.nn.MaxUnpool3d(2)
        >>> back(*pool(fb.ones(1, 3, 4, 4, 4))).shape
        torch.Size([1, 3, 4, 4, 4])
    """

    ndim = 3
    unpool = functional.max_unpool3d


class _FractionalMaxPoolNd(Module):
    """The largest values of windows at random places, of any number of dimensions."""

    ndim: ClassVar[int]
    pool: ClassVar[Callable[..., Any]]

    def __init__(
        self,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Any = None,
    ) -> None:
        super().__init__()
        name, ndim = type(self).__name__, self.ndim
        if (output_size is None) == (output_ratio is None):
            raise ValueError(
                message(
                    f"{name}: not one of size and ratio",
                    expected="output_size or output_ratio",
                    got="neither" if output_size is None else "both",
                )
            )
        self.kernel_size = integers(name, "kernel_size", kernel_size, ndim)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = self.output_ratio = None
        if output_size is not None:
            self.output_size = integers(name, "output_size", output_size, ndim)
        else:
            given = isinstance(output_ratio, (tuple, list))
            self.output_ratio = tuple(output_ratio) if given else (output_ratio,) * ndim
            if not all(0 < ratio < 1 for ratio in self.output_ratio):
                raise ValueError(
                    message(
                        f"{name}: no ratio", expected="0 < output_ratio < 1", got=str(output_ratio)
                    )
                )

    def forward(self, input: Tensor) -> Any:
        """The largest values, and where they lie if ``return_indices``."""
        return type(self).pool(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices,
            _random_samples=self._random_samples,
        )  # fmt: skip


class FractionalMaxPool2d(_FractionalMaxPoolNd):
    """Keeps the largest values of windows of images that lie at random places.

    Args:
        kernel_size: the windows' size, one number or two.
        output_size: how many windows, one number or two.
        output_ratio: how many, as a part of the input's sizes, 0 to 1.
        return_indices: also return where the values lie.

    Shape: (n, c, height, width) -> (n, c, *output_size), n optional.

    Raises:
        ValueError: unless one of size and ratio is given.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.FractionalMaxPool2d(2, output_ratio=0.5)(fb.ones(1, 3, 8, 8)).shape
        torch.Size([1, 3, 4, 4])

    Reference: Graham, Fractional max-pooling, 2014.
    """

    ndim = 2
    pool = functional.fractional_max_pool2d


class FractionalMaxPool3d(_FractionalMaxPoolNd):
    """Keeps the largest values of windows of volumes that lie at random places.

    Args:
        kernel_size: the windows' size, one number or three.
        output_size: how many windows, one number or three.
        output_ratio: how many, as a part of the input's sizes, 0 to 1.
        return_indices: also return where the values lie.

    Shape: (n, c, depth, height, width) -> (n, c, *output_size), n optional.

    Raises:
        ValueError: unless one of size and ratio is given.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.FractionalMaxPool3d(2, output_ratio=0.5)(fb.ones(1, 3, 8, 8, 8)).shape
        torch.Size([1, 3, 4, 4, 4])

    Reference: Graham, Fractional max-pooling, 2014.
    """

    ndim = 3
    pool = functional.fractional_max_pool3d
