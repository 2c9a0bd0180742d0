"""Softmax and its relatives with a dimension that may be left out, as in older programs."""

from __future__ import annotations

import warnings
from typing import Any

from flambeau.core.errors import message
from flambeau.ops import softmax as records
from flambeau.ops.likes import empty_like, zeros_like
from flambeau.tensor.tensor import Tensor


def _dimension(name: str, input: Tensor, dim: int | None) -> int:
    """The dimension that is meant where none is given."""
    if dim is not None:
        return dim
    warnings.warn(f"{name}: leaving out dim is deprecated; say dim=... explicitly", stacklevel=4)
    return 0 if input.ndim in (0, 1, 3) else 1


def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """Positive numbers that sum to 1 along a dimension.

    :math:`out_i = exp(x_i) / Σ_j exp(x_j)`

    Args:
        input: a floating-point tensor.
        dim: the dimension.
        dtype: the type to convert to first.

    Shape: the input's.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.softmax(fb.zeros(4), dim=0)
        tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    return records.softmax(input, _dimension("softmax", input, dim), dtype)


def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """The logarithm of softmax, without overflow.

    :math:`out_i = x_i - log Σ_j exp(x_j)`

    Args:
        input: a floating-point tensor.
        dim: the dimension.
        dtype: the type to convert to first.

    Shape: the input's.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.log_softmax(fb.zeros(2), dim=0)
        tensor([-0.6931, -0.6931])
    """
    return records.log_softmax(input, _dimension("log_softmax", input, dim), dtype)


def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """Softmax of the negative.

    :math:`out_i = exp(-x_i) / Σ_j exp(-x_j)`

    Args:
        input: a floating-point tensor.
        dim: the dimension.
        dtype: the type to convert to first.

    Shape: the input's.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.softmin(fb.tensor([1., 1., 2.]), dim=0)
        tensor([0.4223, 0.4223, 0.1554])
    """
    return records.softmax(-input, _dimension("softmin", input, dim), dtype)


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    """A sample of a relaxed categorical distribution.

    :math:`out = softmax((logits + G) / tau)` with :math:`G` standard Gumbel noise.

    Args:
        logits: logarithms of unnormalised probabilities.
        tau: the temperature, > 0.
        hard: return the nearest one-hot vector, with the gradient of the relaxed sample.
        eps: without effect, as in PyTorch.
        dim: the dimension of the categories.

    Shape: that of ``logits``.

    Reference: Jang, Gu and Poole (2017).

    Example:
        >>> import flambeau as fb
        >>> sample = fb.nn.functional.gumbel_softmax(fb.zeros(3), hard=True)
        >>> sample.sum()
        tensor(1.)
    """
    if not isinstance(logits, Tensor):
        raise TypeError(
            message("gumbel_softmax: not a tensor", expected="a tensor", got=type(logits).__name__)
        )
    noise = -empty_like(logits.detach()).exponential_().log()
    soft = records.softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    index = soft.detach().argmax(dim, keepdim=True)
    one_hot = zeros_like(soft.detach()).scatter_(dim, index, 1.0)
    return one_hot - soft.detach() + soft
