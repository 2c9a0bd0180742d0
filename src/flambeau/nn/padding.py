"""Layers that add borders."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.core.repeated import integers
from flambeau.nn import functional
from flambeau.nn.batch_norm import check_dimensions
from flambeau.nn.module import Module
from flambeau.tensor.tensor import Tensor


class _ConstantPadNd(Module):
    """Borders of one value, of any number of dimensions."""

    ndim: ClassVar[int]

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__()
        self.padding = integers(type(self).__name__, "padding", padding, 2 * self.ndim)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """The input with borders."""
        return functional.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class _ContinuedPadNd(Module):
    """Borders that continue the input, of any number of dimensions."""

    ndim: ClassVar[int]
    mode: ClassVar[str]

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = integers(type(self).__name__, "padding", padding, 2 * self.ndim)

    def forward(self, input: Tensor) -> Tensor:
        """The input with borders."""
        return functional.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ConstantPad1d(_ConstantPadNd):
    """Adds borders of one value.

    Args:
        padding: how much is added on each side (left and right), one number or
            2; negative ones cut.
        value: what borders are filled with.

    Shape: (*, length) -> the same with larger sizes.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.ConstantPad1d(1, 3.5)(fb.zeros(1, 1, 3)).shape
        torch.Size([1, 1, 5])
    """

    ndim = 1


class ConstantPad2d(_ConstantPadNd):
    """Adds borders of one value.

    Args:
        padding: how much is added on each side (left, right, top and bottom), one number or
            4; negative ones cut.
        value: what borders are filled with.

    Shape: (*, height, width) -> the same with larger sizes.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.ConstantPad2d(1, 3.5)(fb.zeros(1, 1, 3, 3)).shape
        torch.Size([1, 1, 5, 5])
    """

    ndim = 2


class ConstantPad3d(_ConstantPadNd):
    """Adds borders of one value.

    Args:
        padding: how much is added on each side (left, right, top, bottom, front, back), one
            number or 6; negative ones cut.
        value: what borders are filled with.

    Shape: (*, depth, height, width) -> the same with larger sizes.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.ConstantPad3d(1, 3.5)(fb.zeros(1, 1, 3, 3, 3)).shape
        torch.Size([1, 1, 5, 5, 5])
    """

    ndim = 3


class ZeroPad1d(ConstantPad1d):
    """Adds borders of zeros.

    Args:
        padding: how much is added on each side (left and right), one number or
            2; negative ones cut.

    Shape: (*, length) -> the same with larger sizes.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.ZeroPad1d(1)(fb.zeros(1, 1, 3)).shape
        torch.Size([1, 1, 5])
    """

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad2d(ConstantPad2d):
    """Adds borders of zeros.

    Args:
        padding: how much is added on each side (left, right, top and bottom), one number or
            4; negative ones cut.

    Shape: (*, height, width) -> the same with larger sizes.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.ZeroPad2d(1)(fb.zeros(1, 1, 3, 3)).shape
        torch.Size([1, 1, 5, 5])
    """

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad3d(ConstantPad3d):
    """Adds borders of zeros.

    Args:
        padding: how much is added on each side (left, right, top, bottom, front, back), one
            number or 6; negative ones cut.

    Shape: (*, depth, height, width) -> the same with larger sizes.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.ZeroPad3d(1)(fb.zeros(1, 1, 3, 3, 3)).shape
        torch.Size([1, 1, 5, 5, 5])
    """

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ReflectionPad1d(_ContinuedPadNd):
    """Adds borders that mirror the input without repeating its edge.

    Args:
        padding: how much is added on each side (left and right), one number or
            2; negative ones cut.

    Shape: (*, length) -> the same with larger sizes.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.ReflectionPad1d(1)(fb.zeros(1, 1, 3)).shape
        torch.Size([1, 1, 5])
    """

    ndim = 1
    mode = "reflect"


class ReflectionPad2d(_ContinuedPadNd):
    """Adds borders that mirror the input without repeating its edge.

    Args:
        padding: how much is added on each side (left, right, top and bottom), one number or
            4; negative ones cut.

    Shape: (*, height, width) -> the same with larger sizes.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.ReflectionPad2d(1)(fb.zeros(1, 1, 3, 3)).shape
        torch.Size([1, 1, 5, 5])
    """

    ndim = 2
    mode = "reflect"


class ReflectionPad3d(_ContinuedPadNd):
    """Adds borders that mirror the input without repeating its edge.

    Args:
        padding: how much is added on each side (left, right, top, bottom, front, back), one
            number or 6; negative ones cut.

    Shape: (*, depth, height, width) -> the same with larger sizes.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.ReflectionPad3d(1)(fb.zeros(1, 1, 3, 3, 3)).shape
        torch.Size([1, 1, 5, 5, 5])
    """

    ndim = 3
    mode = "reflect"


class ReplicationPad1d(_ContinuedPadNd):
    """Adds borders that repeat the input's edge.

    Args:
        padding: how much is added on each side (left and right), one number or
            2; negative ones cut.

    Shape: (*, length) -> the same with larger sizes.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.ReplicationPad1d(1)(fb.zeros(1, 1, 3)).shape
        torch.Size([1, 1, 5])
    """

    ndim = 1
    mode = "replicate"


class ReplicationPad2d(_ContinuedPadNd):
    """Adds borders that repeat the input's edge.

    Args:
        padding: how much is added on each side (left, right, top and bottom), one number or
            4; negative ones cut.

    Shape: (*, height, width) -> the same with larger sizes.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.ReplicationPad2d(1)(fb.zeros(1, 1, 3, 3)).shape
        torch.Size([1, 1, 5, 5])
    """

    ndim = 2
    mode = "replicate"


class ReplicationPad3d(_ContinuedPadNd):
    """Adds borders that repeat the input's edge.

    Args:
        padding: how much is added on each side (left, right, top, bottom, front, back), one
            number or 6; negative ones cut.

    Shape: (*, depth, height, width) -> the same with larger sizes.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.ReplicationPad3d(1)(fb.zeros(1, 1, 3, 3, 3)).shape
        torch.Size([1, 1, 5, 5, 5])
    """

    ndim = 3
    mode = "replicate"


class CircularPad1d(_ContinuedPadNd):
    """Adds borders that show the input's other end.

    Args:
        padding: how much is added on each side (left and right), one number or
            2; negative ones cut.

    Shape: (*, length) -> the same with larger sizes.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.CircularPad1d(1)(fb.zeros(1, 1, 3)).shape
        torch.Size([1, 1, 5])
    """

    ndim = 1
    mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        """The input with borders."""
        check_dimensions(self, input, (2, 3))
        return super().forward(input)


class CircularPad2d(_ContinuedPadNd):
    """Adds borders that show the input's other end.

    Args:
        padding: how much is added on each side (left, right, top and bottom), one number or
            4; negative ones cut.

    Shape: (*, height, width) -> the same with larger sizes.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.CircularPad2d(1)(fb.zeros(1, 1, 3, 3)).shape
        torch.Size([1, 1, 5, 5])
    """

    ndim = 2
    mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        """The input with borders."""
        check_dimensions(self, input, (3, 4))
        return super().forward(input)


class CircularPad3d(_ContinuedPadNd):
    """Adds borders that show the input's other end.

    Args:
        padding: how much is added on each side (left, right, top, bottom, front, back), one
            number or 6; negative ones cut.

    Shape: (*, depth, height, width) -> the same with larger sizes.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.CircularPad3d(1)(fb.zeros(1, 1, 3, 3, 3)).shape
        torch.Size([1, 1, 5, 5, 5])
    """

    ndim = 3
    mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        """The input with borders."""
        check_dimensions(self, input, (4, 5))
        return super().forward(input)
