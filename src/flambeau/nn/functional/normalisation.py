"""Normalisation as functions, with the arguments of ``torch.nn.functional``."""

from __future__ import annotations

from math import prod
from typing import Any

from flambeau.core.errors import message
from flambeau.ops.group_norm import group_norm as _group_norm
from flambeau.ops.normalisation import layer_norm as _layer_norm
from flambeau.ops.padding_constant import CONSTANT_PAD
from flambeau.ops.running_statistics import batch_norm as _batch_norm
from flambeau.ops.running_statistics import instance_norm as _instance_norm
from flambeau.ops.view_record import require_tensor
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.tensor import Tensor


def _check_values(name: str, shape: tuple[int, ...], count: int, what: str) -> None:
    if count == 1:
        raise ValueError(
            message(
                f"{name}: one value has no variance",
                expected=f"more than 1 value per {what} when training",
                got=f"shape {tuple(shape)}",
            )
        )


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: Any = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Bring each channel to mean 0 and variance 1 over the batch: :func:`flambeau.batch_norm`.

    Args:
        input: a floating-point tensor.
        running_mean, running_var: used unless ``training``; otherwise moved towards the batch's.
        weight: a factor for each channel, if any.
        bias: a summand for each channel, if any.
        training: whether the batch's own statistics are used.
        momentum: how far running statistics move, 0 to 1.
        eps: keeps the division finite; > 0 in training.

    Shape: (n, c, *) -> the same.

    Raises:
        ValueError: in training with one value per channel, or a bad ``eps``.
        RuntimeError: if shapes or types do not fit, or statistics are missing.

    Example:
        >>> import flambeau as fb
        >>> x, mean, var = fb.tensor([[1.], [3.]]), fb.zeros(1), fb.ones(1)
        >>> fb.nn.functional.batch_norm(x, mean, var, training=True)
        tensor([[-1.0000],
                [ 1.0000]])
        >>> mean, var
        (tensor([0.2000]), tensor([1.1000]))
    """
    shape = require_tensor("batch_norm", input).shape
    if training:
        _check_values("batch_norm", shape, prod((shape[0], *shape[2:])), "channel")
    if eps < 0 or (training and eps == 0):
        raise ValueError(
            message("batch_norm: eps is not positive", expected="eps > 0", got=f"eps={eps}")
        )
    if training and (running_mean is None) != (running_var is None):
        raise ValueError(
            message(
                "batch_norm: one of the running statistics is missing",
                expected="running_mean and running_var, or neither",
                got="one of them",
            )
        )
    if momentum is None:
        raise TypeError(
            message("batch_norm: momentum is not a number", expected="a number", got="None")
        )
    return _batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Bring each channel of each sample to mean 0, variance 1: :func:`flambeau.instance_norm`.

    Args:
        input: a floating-point tensor.
        running_mean, running_var: used unless ``use_input_stats``; otherwise moved towards the
            samples' mean ones.
        weight: a factor for each channel, if any.
        bias: a summand for each channel, if any.
        use_input_stats: whether each sample's own statistics are used.
        momentum: how far running statistics move, 0 to 1.
        eps: keeps the division finite, >= 0.

    Shape: (n, c, *) -> the same.

    Raises:
        ValueError: with one value per channel.
        RuntimeError: if shapes or types do not fit, or statistics are missing.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.instance_norm(fb.tensor([[[1., 3.]]]))
        tensor([[[-1.0000,  1.0000]]])
    """
    shape = require_tensor("instance_norm", input).shape
    if use_input_stats:
        _check_values("instance_norm", shape, prod(shape[2:]), "channel of a sample")
    return _instance_norm(
        input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps
    )


def layer_norm(
    input: Tensor,
    normalized_shape: Any,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Bring the last dimensions to mean 0 and variance 1: :func:`flambeau.layer_norm`.

    Args:
        input: a floating-point tensor.
        normalized_shape: the sizes of the last dimensions.
        weight: factors of that shape, if any.
        bias: summands of that shape, if any.
        eps: keeps the division finite, >= 0.

    Shape: (*, normalized_shape) -> the same.

    Raises:
        RuntimeError: if shapes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.layer_norm(fb.tensor([1., 3.]), (2,))
        tensor([-1.0000,  1.0000])
    """
    return _layer_norm(input, normalized_shape, weight, bias, eps)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Bring groups of channels to mean 0 and variance 1: :func:`flambeau.group_norm`.

    Args:
        input: a floating-point tensor.
        num_groups: into how many groups the channels divide.
        weight: a factor for each channel, if any.
        bias: a summand for each channel, if any.
        eps: keeps the division finite, >= 0.

    Shape: (n, c, *) -> the same.

    Raises:
        ValueError: with one value per group.
        RuntimeError: if shapes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.group_norm(fb.tensor([[1., 3., 5., 9.]]), 2)
        tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """
    shape = require_tensor("group_norm", input).shape
    if len(shape) > 1 and num_groups and shape[1] % num_groups == 0:
        count = shape[0] * (shape[1] // num_groups) * prod(shape[2:])
        _check_values("group_norm", shape, count, "group")
    return _group_norm(input, num_groups, weight, bias, eps)


def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """Divide each channel by what neighbouring channels have at the same place.

    :math:`out_c = input_c / (k + alpha/size · Σ_{|c' - c| <= size/2} input_{c'}²)^{beta}`

    Args:
        input: a tensor of 3 dimensions or more.
        size: how many channels are neighbours, >= 1.
        alpha: factor of the sum.
        beta: exponent.
        k: summand.

    Shape: (n, c, *) -> the same.

    Raises:
        ValueError: for less than 3 dimensions.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.local_response_norm(fb.ones(1, 2, 1), 2, alpha=1.0, beta=1.0)
        tensor([[[0.6667],
                 [0.5000]]])

    Reference: Krizhevsky, Sutskever and Hinton, ImageNet classification, 2012.
    """
    array = require_tensor("local_response_norm", input)
    if array.ndim < 3:
        raise ValueError(
            message(
                "local_response_norm: too few dimensions",
                expected="3 dimensions or more",
                got=f"shape {tuple(array.shape)}",
            )
        )
    if not array.size:
        return input
    squares: Any = input * input  # type: ignore[operator]
    before, behind = size // 2, (size - 1) // 2
    pad = (0, 0) * (array.ndim - 2) + (before, behind)
    padded = apply(CONSTANT_PAD, (squares,), (pad, 0))
    sums = padded.unfold(1, size, 1).sum(-1)
    neighbours = sums // size if array.dtype.kind in "iu" else sums / size
    return input / (neighbours * alpha + k) ** beta


def normalize(
    input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Any = None
) -> Tensor:
    """Divide vectors by their p-norm.

    :math:`out = input / max(‖input‖_p, eps)`

    Args:
        input: a tensor.
        p: the norm's degree.
        dim: along which dimension the vectors lie; a tuple for several.
        eps: the least norm to divide by.
        out: a tensor to write the result into.

    Shape: the input's.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.normalize(fb.tensor([[3., 4.]]))
        tensor([[0.6000, 0.8000]])
    """
    require_tensor("normalize", input)
    vectors: Any = input
    norms = vectors.norm(p, dim, keepdim=True).clamp_min(eps)
    result = vectors / norms.expand_as(vectors)
    return result if out is None else write_out("normalize", out, result)
