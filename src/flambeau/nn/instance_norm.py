"""Instance norm layers."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

from flambeau.core.errors import message
from flambeau.nn import functional
from flambeau.nn.batch_norm import _NormBase, check_dimensions
from flambeau.tensor.tensor import Tensor


class _InstanceNorm(_NormBase):
    """Instance norm, of any number of dimensions."""

    ndim: ClassVar[int]

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )

    def _check_input_dim(self, input: Tensor) -> None:
        check_dimensions(self, input, (self.ndim + 1, self.ndim + 2))

    def _check_channels(self, input: Any) -> None:
        dim = input.dim() - self.ndim - 1
        channels = input.size(dim)
        if channels == self.num_features:
            return
        text = message(
            f"{type(self).__name__}: the channels are not num_features",
            expected=f"size {self.num_features} in dimension {dim}",
            got=f"shape {tuple(input.shape)}",
        )
        if self.affine:
            raise ValueError(text)
        warnings.warn(text, stacklevel=3)

    def forward(self, input: Tensor) -> Tensor:
        """The normalised input; running statistics, if any, move in training."""
        self._check_input_dim(input)
        self._check_channels(input)
        given: Any = input
        alone = given.dim() == self.ndim + 1
        out = functional.instance_norm(
            given.unsqueeze(0) if alone else given,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return out.squeeze(0) if alone else out  # type: ignore[attr-defined]

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, strict: Any, missing: Any,
        unexpected: Any, errors: list[str],
    ) -> None:  # fmt: skip
        if local_metadata.get("version", None) is None and not self.track_running_stats:
            keys = [prefix + name for name in ("running_mean", "running_var")]
            found = [key for key in keys if key in state_dict]
            if found:
                errors.append(
                    f"{type(self).__name__} does not track running statistics, but there are "
                    f"{' and '.join(found)}: leave them away, or give track_running_stats=True"
                )
                for key in found:
                    state_dict.pop(key)
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing, unexpected, errors
        )


class InstanceNorm1d(_InstanceNorm):
    """Brings each channel of each sequence to mean 0 and variance 1.

    :math:`out = (input - E[input]) / sqrt(Var[input] + eps) · weight + bias`

    Args:
        num_features: channels.
        eps: keeps the division finite, > 0.
        momentum: how far running statistics move, 0 to 1.
        affine: whether there are a weight and a bias, which start as 1 and 0.
        track_running_stats: whether statistics are kept, to be used after ``eval()``.
        device: the CPU.
        dtype: the type of parameters and statistics; the default type if not given.
        bias: whether there is a bias, where ``affine``.

    Shape: (n, c, length) or (c, length) -> the same.

    Raises:
        ValueError: for inputs of other dimensions, or one value per channel in training.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.InstanceNorm1d(1)(fb.tensor([[[1., 3.]]]))
        tensor([[[-1.0000,  1.0000]]])

    Reference: Ulyanov, Vedaldi and Lempitsky, Instance normalization, 2016.
    """

    ndim = 1


class InstanceNorm2d(_InstanceNorm):
    """Brings each channel of each image to mean 0 and variance 1, as :class:`InstanceNorm1d` does.

    Args:
        num_features: channels.
        eps: keeps the division finite, > 0.
        momentum: how far running statistics move, 0 to 1.
        affine: whether there are a weight and a bias, which start as 1 and 0.
        track_running_stats: whether statistics are kept, to be used after ``eval()``.
        device: the CPU.
        dtype: the type of parameters and statistics; the default type if not given.
        bias: whether there is a bias, where ``affine``.

    Shape: (n, c, height, width) or (c, height, width) -> the same.

    Raises:
        ValueError: for inputs of other dimensions, or one value per channel in training.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.InstanceNorm2d(3)(fb.zeros(2, 3, 4, 5)).shape
        torch.Size([2, 3, 4, 5])
    """

    ndim = 2


class InstanceNorm3d(_InstanceNorm):
    """Brings each channel of each volume to mean 0 and variance 1, as :class:`InstanceNorm1d` does.

    Args:
        num_features: channels.
        eps: keeps the division finite, > 0.
        momentum: how far running statistics move, 0 to 1.
        affine: whether there are a weight and a bias, which start as 1 and 0.
        track_running_stats: whether statistics are kept, to be used after ``eval()``.
        device: the CPU.
        dtype: the type of parameters and statistics; the default type if not given.
        bias: whether there is a bias, where ``affine``.

    Shape: (n, c, depth, height, width) or (c, depth, height, width) -> the same.

    Raises:
        ValueError: for inputs of other dimensions, or one value per channel in training.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.InstanceNorm3d(3)(fb.zeros(2, 3, 2, 4, 5)).shape
        torch.Size([2, 3, 2, 4, 5])
    """

    ndim = 3
