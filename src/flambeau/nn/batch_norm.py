"""Batch norm layers, and what they have in common with instance norm layers."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.nn import functional, init
from flambeau.nn.module import Module
from flambeau.nn.parameter import Parameter
from flambeau.ops.creation import empty, ones, zeros
from flambeau.ops.running_statistics import count_batch
from flambeau.tensor.tensor import Tensor


class _NormBase(Module):
    """Weight, bias and running statistics, one number of each for a channel."""

    _version = 2

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        factory = {"device": device, "dtype": dtype}
        weight = Parameter(empty(num_features, **factory)) if affine else None
        self.register_parameter("weight", weight)
        summand = Parameter(empty(num_features, **factory)) if affine and bias else None
        self.register_parameter("bias", summand)
        tracked = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, **factory) if tracked else None)
        self.register_buffer("running_var", ones(num_features, **factory) if tracked else None)
        self.register_buffer(
            "num_batches_tracked",
            zeros((), dtype=dtypes.int64, device=device) if tracked else None,
        )
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget the batches seen so far."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Set factors to 1, summands to 0, and forget the batches seen so far."""
        self.reset_running_stats()
        if self.affine:
            init.ones_(self.weight)
            if self.bias is not None:
                init.zeros_(self.bias)

    def _check_input_dim(self, input: Tensor) -> None:
        raise NotImplementedError(
            message(
                f"{type(self).__name__}: _check_input_dim is missing",
                expected="a method _check_input_dim(self, input)",
                got="none",
            )
        )

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, *reports: Any
    ) -> None:
        version = local_metadata.get("version", None)
        if (version is None or version < 2) and self.track_running_stats:
            # Version 1 did not count batches.
            count = self.num_batches_tracked
            state_dict.setdefault(
                prefix + "num_batches_tracked",
                zeros((), dtype=dtypes.int64) if count is None else count,
            )
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *reports)


def check_dimensions(module: Module, input: Tensor, allowed: tuple[int, ...]) -> None:
    """Refuse an input with another number of dimensions.

    Raises:
        ValueError: if it has one.
    """
    ndim = input.dim()  # type: ignore[attr-defined]
    if ndim not in allowed:
        raise ValueError(
            message(
                f"{type(module).__name__}: the input has another number of dimensions",
                expected=" or ".join(map(str, allowed)) + " dimensions",
                got=f"{ndim}: shape {tuple(input.shape)}",
            )
        )


class _BatchNorm(_NormBase):
    """Batch norm, of any number of dimensions."""

    dimensions: ClassVar[tuple[int, ...]]

    def _check_input_dim(self, input: Tensor) -> None:
        check_dimensions(self, input, self.dimensions)

    def forward(self, input: Tensor) -> Tensor:
        """The normalised input; in training the running statistics move towards the batch's."""
        self._check_input_dim(input)
        momentum: Any = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            count_batch(self.num_batches_tracked)
            if self.momentum is None:  # the mean of all batches so far
                kind = dtypes.float64 if self.running_mean is None else self.running_mean.dtype
                momentum = 1.0 / self.num_batches_tracked.to(kind)
        used = not self.training or self.track_running_stats
        return functional.batch_norm(
            input,
            self.running_mean if used else None,
            self.running_var if used else None,
            self.weight,
            self.bias,
            self.training or (self.running_mean is None and self.running_var is None),
            momentum,
            self.eps,
        )


class BatchNorm1d(_BatchNorm):
    """Brings each channel to mean 0 and variance 1 over the batch.

    :math:`out = (input - E[input]) / sqrt(Var[input] + eps) · weight + bias`

    In training E and Var are the batch's (Var with divisor n), and running statistics move towards
    them: ``running = (1 - momentum) · running + momentum · batch`` (Var with divisor n - 1). After
    ``eval()`` the running statistics are used.

    Args:
        num_features: channels.
        eps: keeps the division finite, > 0.
        momentum: how far running statistics move, 0 to 1; ``None`` for the mean of all batches.
        affine: whether there are a weight and a bias, which start as 1 and 0.
        track_running_stats: whether there are running statistics; if not, the batch's own are
            always used.
        device: the CPU.
        dtype: the type of parameters and statistics; the default type if not given.
        bias: whether there is a bias.

    Shape: (n, c) or (n, c, length) -> the same.

    Raises:
        ValueError: for inputs of other dimensions, or one value per channel in training.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.BatchNorm1d(1)
        >>> layer(fb.tensor([[1.], [3.]])).detach()
        tensor([[-1.0000],
                [ 1.0000]])
        >>> layer.running_mean
        tensor([0.2000])

    Reference: Ioffe and Szegedy, Batch normalization, 2015.
    """

    dimensions = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Brings each channel of images to mean 0 and variance 1 over the batch.

    Formula, training and evaluation are those of :class:`BatchNorm1d`.

    Args:
        num_features: channels.
        eps: keeps the division finite, > 0.
        momentum: how far running statistics move, 0 to 1; ``None`` for the mean of all batches.
        affine: whether there are a weight and a bias, which start as 1 and 0.
        track_running_stats: whether there are running statistics.
        device: the CPU.
        dtype: the type of parameters and statistics; the default type if not given.
        bias: whether there is a bias.

    Shape: (n, c, height, width) -> the same.

    Raises:
        ValueError: for inputs of other dimensions, or one value per channel in training.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.BatchNorm2d(3)(fb.zeros(2, 3, 4, 5)).shape
        torch.Size([2, 3, 4, 5])

    Reference: Ioffe and Szegedy, Batch normalization, 2015.
    """

    dimensions = (4,)


class BatchNorm3d(_BatchNorm):
    """Brings each channel of volumes to mean 0 and variance 1 over the batch.

    Formula, training and evaluation are those of :class:`BatchNorm1d`.

    Args:
        num_features: channels.
        eps: keeps the division finite, > 0.
        momentum: how far running statistics move, 0 to 1; ``None`` for the mean of all batches.
        affine: whether there are a weight and a bias, which start as 1 and 0.
        track_running_stats: whether there are running statistics.
        device: the CPU.
        dtype: the type of parameters and statistics; the default type if not given.
        bias: whether there is a bias.

    Shape: (n, c, depth, height, width) -> the same.

    Raises:
        ValueError: for inputs of other dimensions, or one value per channel in training.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.BatchNorm3d(3)(fb.zeros(2, 3, 2, 4, 5)).shape
        torch.Size([2, 3, 2, 4, 5])

    Reference: Ioffe and Szegedy, Batch normalization, 2015.
    """

    dimensions = (5,)


class SyncBatchNorm(_BatchNorm):
    """Batch norm over the batches of all processes; here, of the one process there is.

    Args:
        num_features: channels.
        eps: keeps the division finite, > 0.
        momentum: how far running statistics move, 0 to 1; ``None`` for the mean of all batches.
        affine: whether there are a weight and a bias.
        track_running_stats: whether there are running statistics.
        process_group: has no effect.
        device: the CPU.
        dtype: the type of parameters and statistics; the default type if not given.
        bias: whether there is a bias.

    Shape: (n, c, *) -> the same.

    Raises:
        ValueError: for inputs of less than 2 dimensions.

    Example:
        >>> import flambeau as fb
        >>> model = fb.nn.Sequential(fb.nn.Linear(2, 3), fb.nn.BatchNorm1d(3))
        >>> type(fb.nn.SyncBatchNorm.convert_sync_batchnorm(model)[1]).__name__
        'SyncBatchNorm'

    Differs from PyTorch: batches of several processes stay apart.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )
        self.process_group = process_group

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:  # type: ignore[attr-defined]
            raise ValueError(
                message(
                    "SyncBatchNorm: the input has no channels",
                    expected="2 dimensions or more",
                    got=f"shape {tuple(input.shape)}",
                )
            )

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """The module with every batch norm layer replaced by one of this class.

        Parameters and statistics are handed on.

        Args:
            module: a module; its children are replaced in place.
            process_group: handed on.
        """
        converted = module
        if isinstance(module, _BatchNorm):
            converted = cls(
                module.num_features, module.eps, module.momentum, module.affine,
                module.track_running_stats, process_group, bias=module.bias is not None,
            )  # fmt: skip
            for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
                setattr(converted, name, getattr(module, name))
            converted.training = module.training
        for name, child in module.named_children():
            converted.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return converted
