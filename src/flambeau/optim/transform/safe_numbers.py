"""Norms that can be differentiated at zero, and counts that do not overflow."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.ops.likes import ones_like
from flambeau.optim.scalars import where
from flambeau.tensor.tensor import Tensor


def safe_norm(
    x: Tensor, min_norm: Any, ord: Any = None, axis: Any = None, keepdims: bool = False
) -> Tensor:
    r"""A norm of at least some size, whose gradient is 0 where it is that size.

    .. math:: \max(‖x‖, m)

    Args:
        x: a tensor.
        min_norm: :math:`m`.
        ord: the order p; 2 if not given.
        axis: the dimensions; all if not given.
        keepdims: keep them with size 1.

    Example:
        >>> import flambeau as fb
        >>> x = fb.zeros(2, requires_grad=True)
        >>> fb.optim.transform.safe_norm(x, 1e-3).backward()
        >>> x.grad
        tensor([0., 0.])
    """
    order = 2 if ord is None else ord
    dims = tuple(range(x.ndim)) if axis is None else axis
    kept = x.detach().norm(order, dims, keepdim=True)
    # The root of zero has no slope: where the norm is small another vector takes its place.
    inner = where(kept <= min_norm, ones_like(x), x)
    small = kept if keepdims else x.detach().norm(order, dims)
    found = inner.norm(order, dims, keepdim=keepdims)
    return where(small <= min_norm, ones_like(found) * min_norm, found)


def safe_root_mean_squares(x: Tensor, min_rms: Any) -> Tensor:
    r"""A root mean square of at least some size, whose gradient is 0 where it is that size.

    .. math:: \max\left(\sqrt{\operatorname{mean}(|x|^2)}, m\right)

    Args:
        x: a tensor.
        min_rms: :math:`m`.
    """
    return safe_norm(x, min_rms * x.numel() ** 0.5) / x.numel() ** 0.5


def safe_increment(count: Any) -> Any:
    """One more, but never more than the type can hold.

    Args:
        count: a tensor, or a Python number, which has no limit.

    Example:
        >>> import flambeau as fb
        >>> count = fb.tensor([5, 127], dtype=fb.int8)
        >>> fb.optim.transform.safe_increment(count)
        tensor([  6, 127], dtype=torch.int8)
    """
    if not isinstance(count, Tensor):
        return count + 1
    kind = count.dtype.numpy
    most = np.finfo(kind).max if count.is_floating_point() else np.iinfo(kind).max
    return where(count < most, count + 1, count)
