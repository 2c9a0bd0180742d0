"""Layers that normalise each sample by itself."""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import message
from flambeau.nn import functional, init
from flambeau.nn.module import Module
from flambeau.nn.parameter import Parameter
from flambeau.ops.creation import empty
from flambeau.tensor.tensor import Tensor


def _as_shape(shape: Any) -> tuple[int, ...]:
    return (shape,) if isinstance(shape, int) else tuple(shape)


class LayerNorm(Module):
    """Brings the last dimensions of each sample to mean 0 and variance 1.

    :math:`out = (input - E[input]) / sqrt(Var[input] + eps) · weight + bias`

    Args:
        normalized_shape: the sizes of the last dimensions, or the size of the last one.
        eps: keeps the division finite, > 0.
        elementwise_affine: whether there are a weight and a bias, which start as 1 and 0.
        bias: whether there is a bias, where ``elementwise_affine``.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Shape: (*, normalized_shape) -> the same.

    Raises:
        RuntimeError: if the input does not end in ``normalized_shape``.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.LayerNorm(2)(fb.tensor([[1., 3.]])).detach()
        tensor([[-1.0000,  1.0000]])

    Reference: Ba, Kiros and Hinton, Layer normalization, 2016.
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = shape = _as_shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = affine = elementwise_affine
        factory = {"device": device, "dtype": dtype}
        self.register_parameter("weight", Parameter(empty(shape, **factory)) if affine else None)
        summands = Parameter(empty(shape, **factory)) if affine and bias else None
        self.register_parameter("bias", summands)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set factors to 1 and summands to 0."""
        if self.elementwise_affine:
            init.ones_(self.weight)
            if self.bias is not None:
                init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """The normalised input."""
        return functional.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """Brings the last dimensions of each sample to a mean square of 1.

    :math:`out = input / sqrt(E[input²] + eps) · weight`

    Args:
        normalized_shape: the sizes of the last dimensions, or the size of the last one.
        eps: keeps the division finite; the smallest step from 1 in the input's type if not given.
        elementwise_affine: whether there is a weight, which starts as 1.
        device: the CPU.
        dtype: the type of the weight; the default type if not given.

    Shape: (*, normalized_shape) -> the same.

    Raises:
        RuntimeError: if the input does not end in ``normalized_shape``.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.RMSNorm(2)(fb.tensor([[3., 4.]])).detach()
        tensor([[0.8485, 1.1314]])

    Reference: Zhang and Sennrich, Root mean square layer normalization, 2019.
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = shape = _as_shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        weight = Parameter(empty(shape, device=device, dtype=dtype)) if elementwise_affine else None
        self.register_parameter("weight", weight)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set factors to 1."""
        if self.elementwise_affine:
            init.ones_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        """The normalised input."""
        return functional.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


class GroupNorm(Module):
    """Brings each group of a sample's channels to mean 0 and variance 1.

    :math:`out = (input - E[input]) / sqrt(Var[input] + eps) · weight + bias`

    Args:
        num_groups: into how many groups the channels divide.
        num_channels: channels.
        eps: keeps the division finite, > 0.
        affine: whether there are a weight and a bias, one number of each for a channel, which start
            as 1 and 0.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.
        bias: whether there is a bias, where ``affine``.

    Shape: (n, num_channels, *) -> the same.

    Raises:
        ValueError: if the channels do not divide into the groups.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.GroupNorm(2, 4)(fb.tensor([[1., 3., 5., 9.]])).detach()
        tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])

    Reference: Wu and He, Group normalization, 2018.
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(
                message(
                    "GroupNorm: the channels do not divide into the groups",
                    expected=f"num_channels a multiple of num_groups={num_groups}",
                    got=f"num_channels={num_channels}",
                )
            )
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        factory = {"device": device, "dtype": dtype}
        weight = Parameter(empty(num_channels, **factory)) if affine else None
        self.register_parameter("weight", weight)
        summands = Parameter(empty(num_channels, **factory)) if affine and bias else None
        self.register_parameter("bias", summands)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set factors to 1 and summands to 0."""
        if self.affine:
            init.ones_(self.weight)
            if self.bias is not None:
                init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """The normalised input."""
        return functional.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class LocalResponseNorm(Module):
    """Divides each channel by what neighbouring channels have at the same place.

    :math:`out_c = input_c / (k + alpha/size · Σ_{|c' - c| <= size/2} input_{c'}²)^{beta}`

    Args:
        size: how many channels are neighbours, >= 1.
        alpha: factor of the sum.
        beta: exponent.
        k: summand.

    Shape: (n, c, *) -> the same.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.LocalResponseNorm(2, alpha=1.0, beta=1.0)(fb.ones(1, 2, 1))
        tensor([[[0.6667],
                 [0.5000]]])

    Reference: Krizhevsky, Sutskever and Hinton, ImageNet classification, 2012.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        """The divided input."""
        return functional.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
