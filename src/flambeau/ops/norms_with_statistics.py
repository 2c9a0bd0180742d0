"""Normalisations that also give the statistics they used, under PyTorch's names for them."""

from __future__ import annotations

from math import prod
from typing import Any

from flambeau.ops.group_norm import group_norm
from flambeau.ops.normalisation import layer_norm
from flambeau.ops.publish import public
from flambeau.ops.running_statistics import batch_norm
from flambeau.ops.view_record import require_tensor
from flambeau.ops.writing import write_out
from flambeau.tensor.tensor import Tensor


def _statistics(x: Any, dims: tuple[int, ...], eps: float, keepdim: bool) -> tuple[Any, Any]:
    """The mean, and the inverse of the standard deviation."""
    spread = x.var(dims, correction=0, keepdim=keepdim)
    return x.mean(dims, keepdim=keepdim), (spread + eps).rsqrt()


@public()
def native_layer_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None, bias: Tensor | None, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Layer normalisation, the means, and the inverses of the standard deviations.

    Args:
        input, normalized_shape, weight, bias, eps: as for :func:`flambeau.layer_norm`.

    Shape: that of ``input``, and twice that with size 1 in the normalised dimensions.

    Raises:
        RuntimeError: if shapes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.native_layer_norm(fb.tensor([[1., 3.]]), (2,), None, None, 0.0)[1:]
        (tensor([[2.]]), tensor([[1.]]))
    """
    result = layer_norm(input, normalized_shape, weight, bias, eps)
    count = 1 if isinstance(normalized_shape, int) else len(tuple(normalized_shape))
    dims = tuple(range(input._array.ndim - count, input._array.ndim))
    return (result, *_statistics(input, dims, eps, True))


@public()
def native_group_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    N: int,
    C: int,
    HxW: int,
    group: int,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Group normalisation, the means, and the inverses of the standard deviations.

    Args:
        input, weight, bias, eps: as for :func:`flambeau.group_norm`.
        N, C, HxW: samples, channels, and elements of each channel.
        group: how many groups.

    Shape: that of ``input``, and twice (N, group).

    Raises:
        RuntimeError: if shapes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.native_group_norm(fb.tensor([[1., 3.]]), None, None, 1, 2, 1, 1, 0.0)[1:]
        (tensor([[2.]]), tensor([[1.]]))
    """
    result = group_norm(input, group, weight, bias, eps)
    size = prod(tuple(require_tensor("native_group_norm", input).shape)) // max(N * group, 1)
    rows: Any = input.reshape(N, group, size)  # type: ignore[attr-defined]
    return (result, *_statistics(rows, (2,), eps, False))


@public()
def native_batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
    *,
    out: Any = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Batch normalisation, the means, and the inverses of the standard deviations.

    Args:
        input, weight, bias, running_mean, running_var, training, momentum, eps: as for
            :func:`flambeau.batch_norm`.
        out: three tensors to write the results into.

    Shape: that of ``input``, and twice (channels,) in training, else (0,).

    Raises:
        RuntimeError: if shapes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor([[1.], [3.]])
        >>> fb.native_batch_norm(x, None, None, None, None, True, 0.1, 0.0)[1:]
        (tensor([2.]), tensor([1.]))
    """
    ndim = require_tensor("native_batch_norm", input).ndim
    if training:
        dims = (0, *range(2, ndim))
        statistics = _statistics(input, dims, eps, False)
    else:
        nothing = input.new_empty(0)  # type: ignore[attr-defined]
        statistics = (nothing, nothing.clone())
    normal = batch_norm(
        input, weight, bias, running_mean, running_var, training, momentum, eps, False
    )
    result: Any = (normal, *statistics)
    return result if out is None else write_out("native_batch_norm", out, result)
