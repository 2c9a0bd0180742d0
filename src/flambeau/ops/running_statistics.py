"""Batch and instance norm as they are called: statistics of the batch, or running ones."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.batch_norm import BATCH_NORM, with_statistics
from flambeau.ops.publish import public
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.dispatch import apply, apply_inplace, bump
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

# (1 - factor) · input + factor · scale · value: one step of a running average.
RUNNING_AVERAGE = Operation(
    "running_average",
    inputs="input value factor",
    params="scale",
    evaluate=lambda x, value, factor, scale: (x * (1 - factor) + value * (factor * scale)).astype(
        x.dtype, copy=False
    ),
    infer=lambda x, value, factor, scale: Spec(x.shape, x.dtype),
    samples=lambda make: [
        make.sample((make.tensor((3,)), make.tensor((3,)), 0.1), (1.0,)),
        make.sample((make.tensor((3,)), make.tensor((3,)), make.tensor((), 0.1, 0.9)), (1.5,)),
        make.sample((make.tensor((0,)), make.tensor((0,)), 0.25), (1.0,)),
    ],
    scalar=lambda s, x, value, factor, scale: x * (1 - factor) + value * (factor * scale),
)


def _update(
    running_mean: Any, running_var: Any, mean: Any, variance: Any, momentum: Any, count: int
) -> None:
    """Move running statistics towards those of a batch; the variance without its bias."""
    unbiased = count / (count - 1) if count > 1 else np.nan
    if running_mean is not None:
        _move(running_mean, mean, momentum, 1.0)
    if running_var is not None:
        _move(running_var, variance, momentum, unbiased)


def _is_plain(buffer: Any) -> bool:
    """Whether nothing but a buffer's memory has to change with it."""
    return (
        MODE.code < INTERPRETED
        and not buffer._requires
        and buffer._view is None
        and buffer._array.flags.writeable
    )


def count_batch(counter: Any) -> None:
    """Add 1 to the number of batches seen."""
    if _is_plain(counter):
        counter._array[...] += 1
        bump(counter)
    else:
        counter.add_(1)


def _move(running: Any, value: Any, momentum: Any, scale: float) -> None:
    """One step of a running average; at once where nothing has to be recorded."""
    if momentum.__class__ is float and _is_plain(running):
        array = running._array
        array *= 1 - momentum
        array += value._array * (momentum * scale)
        bump(running)
    else:
        apply_inplace(RUNNING_AVERAGE, running, (value, momentum), (scale,))


def _check_running(name: str, input: Any, mean: Any, variance: Any, needed: bool) -> None:
    if needed and (mean is None or variance is None):
        raise RuntimeError(
            message(
                f"{name}: running statistics are missing",
                expected="running_mean and running_var where the batch's own are not used",
                got=f"running_mean={_named(mean)}, running_var={_named(variance)}",
            )
        )
    channels = input._array.shape[1] if input._array.ndim > 1 else 0
    for what, values in (("running_mean", mean), ("running_var", variance)):
        if values is not None and tuple(values._array.shape) != (channels,):
            raise RuntimeError(
                message(
                    f"{name}: {what} does not fit the channels",
                    expected=f"shape ({channels},)",
                    got=str(tuple(values._array.shape)),
                )
            )


def _repeated(values: Any, times: int) -> Any:
    """One number for each channel as one for each sample's channels."""
    return None if values is None else values.repeat(times)


def _named(value: Any) -> str:
    return "None" if value is None else f"a tensor of shape {tuple(value._array.shape)}"


@public()
def batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: Any,
    eps: float,
    cudnn_enabled: bool = True,
) -> Tensor:
    """Bring each channel to mean 0 and variance 1 over the batch.

    :math:`out = (input - E[input]) / sqrt(Var[input] + eps) · weight + bias`

    Args:
        input: a floating-point tensor; 16-bit types are computed in float32.
        weight: a factor for each channel, if any.
        bias: a summand for each channel, if any.
        running_mean, running_var: statistics that are used unless ``training``; otherwise they
            move, if given, towards the batch's (the variance's divisor is then n - 1).
        training: whether the batch's own statistics are used.
        momentum: how far running statistics move, 0 to 1; also a 0-d tensor.
        eps: keeps the division finite, >= 0.
        cudnn_enabled: has no effect.

    Shape: (n, c, *) -> the same.

    Raises:
        RuntimeError: if shapes or types do not fit, or statistics are missing.

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor([[1., 2.], [3., 2.]])
        >>> fb.batch_norm(x, None, None, None, None, True, 0.1, 1e-5)
        tensor([[-1.0000,  0.0000],
                [ 1.0000,  0.0000]])

    Reference: Ioffe and Szegedy, Batch normalization, 2015.
    """
    array = require_tensor("batch_norm", input)
    if array.shape == (0,):  # nothing, not even channels
        return input.clone()  # type: ignore[attr-defined]
    _check_running("batch_norm", input, running_mean, running_var, not training)
    if not training:
        return with_statistics(input, weight, bias, running_mean, running_var, float(eps))
    out, mean, variance = apply(BATCH_NORM, (input, weight, bias), (float(eps),))
    count = array.shape[0] * prod(array.shape[2:])
    if count:  # an empty batch says nothing
        _update(running_mean, running_var, mean, variance, momentum, count)
    return out


@public()
def instance_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool = True,
) -> Tensor:
    """Bring each channel of each sample to mean 0 and variance 1.

    :math:`out = (input - E[input]) / sqrt(Var[input] + eps) · weight + bias`

    Args:
        input: a floating-point tensor; 16-bit types are computed in float32.
        weight: a factor for each channel, if any.
        bias: a summand for each channel, if any.
        running_mean, running_var: statistics that are used unless ``use_input_stats``; otherwise
            they move, if given, towards the samples' mean ones.
        use_input_stats: whether each sample's own statistics are used.
        momentum: how far running statistics move, 0 to 1.
        eps: keeps the division finite, >= 0.
        cudnn_enabled: has no effect.

    Shape: (n, c, *) -> the same.

    Raises:
        RuntimeError: if shapes or types do not fit, or statistics are missing.

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor([[[1., 3.], [5., 9.]]])
        >>> fb.instance_norm(x, None, None, None, None, True, 0.1, 1e-5)
        tensor([[[-1.0000,  1.0000],
                 [-1.0000,  1.0000]]])

    Reference: Ulyanov, Vedaldi and Lempitsky, Instance normalization, 2016.
    """
    array = require_tensor("instance_norm", input)
    _check_running("instance_norm", input, running_mean, running_var, not use_input_stats)
    shape = array.shape
    samples, channels = shape[:2]
    # Samples are looked at as channels of one large sample.
    together: Any = input.reshape(1, samples * channels, *shape[2:])  # type: ignore[attr-defined]
    weight, bias = _repeated(weight, samples), _repeated(bias, samples)
    if not use_input_stats:
        mean, variance = _repeated(running_mean, samples), _repeated(running_var, samples)
        return with_statistics(together, weight, bias, mean, variance, float(eps)).reshape(shape)
    out, mean, variance = apply(BATCH_NORM, (together, weight, bias), (float(eps),))
    if running_mean is not None or running_var is not None:
        mean, variance = (s.reshape(samples, channels).mean(0) for s in (mean, variance))
        _update(running_mean, running_var, mean, variance, momentum, prod(shape[2:]))
    return out.reshape(shape)
