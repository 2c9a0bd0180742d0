"""Batch norm: each channel is brought to mean 0 and variance 1 over the whole batch."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops import normalisation_kernels as kernels
from flambeau.ops.group_norm import check_channels, fits_channels
from flambeau.ops.normalisation import (
    arrays_of,
    check_kinds,
    gradient_of_normalised,
    mean_over,
    narrowed,
    normalised,
    summed_to,
    tensors_of,
    wide,
    widened,
)
from flambeau.tensor.dispatch import apply, wrap
from flambeau.tensor.modes import MODE
from flambeau.tensor.operation import Operation

Ints = tuple[int, ...]


def _view(shape: Ints) -> Ints:
    """The shape (samples, channels, places)."""
    return (shape[0], shape[1], prod(shape[2:]))


def _as_channels(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(x).reshape(_view(x.shape))


def _check(x: Any, *params: Any) -> None:
    if fits_channels(x, params):
        return
    if x.ndim < 2:
        raise RuntimeError(
            message(
                "batch_norm: the input has no channels",
                expected="an input of shape (n, c, *)",
                got=str(tuple(x.shape)),
            )
        )
    check_channels("batch_norm", x, *params)
    check_kinds("batch_norm", x, *params)


def _scaled(x: np.ndarray, mean: Any, factor: Any, weight: Any, bias: Any) -> np.ndarray:
    """(x - mean) · factor · weight + bias, with one number of each for a channel."""
    scale = factor if weight is None else factor * weight
    shift = -mean * scale
    if bias is not None:
        shift += bias
    if x.shape[2] == 1:
        return x * scale[:, None] + shift[:, None]
    return kernels.scaled_channels(x, scale, shift)


# --- with the batch's own statistics ---------------------------------------------------------


def _infer(x: Any, weight: Any, bias: Any, eps: float) -> tuple[Spec, Spec, Spec]:
    _check(x, weight, bias)
    statistics = Spec((x.shape[1],), np.dtype(np.float32) if x.dtype.itemsize == 2 else x.dtype)
    return Spec(x.shape, x.dtype), statistics, statistics


def _evaluate(x: np.ndarray, weight: Any, bias: Any, eps: float) -> tuple[np.ndarray, ...]:
    _check(x, weight, bias)
    channels = _as_channels(wide(x))
    mean, variance = kernels.channel_moments(channels)
    factor = kernels.inverse_root(variance, eps)
    out = _scaled(channels, mean, factor, wide(weight), wide(bias)).reshape(x.shape)
    return out.astype(x.dtype, copy=False), mean, variance


def _on_arrays(g: np.ndarray, x: np.ndarray, weight: Any, eps: float) -> tuple[Any, ...]:
    """The gradients of input, weight and bias."""
    mean, variance = kernels.channel_moments(x)
    factor = kernels.inverse_root(variance, eps)
    scale = factor if weight is None else factor * weight
    samples, _, places = x.shape
    count = x.dtype.type(samples * places)
    if places == 1:
        g, centred = g[:, :, 0], x[:, :, 0] - mean
        first, second = kernels.column_sums(g), kernels.column_sums(g * centred)
        slope, level = -scale * factor * factor * second / count, -scale * first / count
        return g * scale + centred * slope + level, second * factor, first
    first, second = kernels.channel_sums_about(g, x, mean)
    slope, level = -scale * factor * factor * second / count, -scale * first / count
    dx = kernels.combined_channels(g, x, mean, scale, slope, level)
    return dx, second * factor, first


def _gradient(g: Any, input: Any, weight: Any, eps: float, needs: Any) -> tuple[Any, Any, Any]:
    g = g[0]
    if g is None:
        return None, None, None
    shape = input._array.shape
    if MODE.code == 0 and input._array.size:
        along, x, factors = arrays_of(g, input, weight)
        dx, dw, db = _on_arrays(_as_channels(along), _as_channels(x), factors, eps)
        return tensors_of((dx.reshape(shape), dw, db))
    view, count = _view(shape), (shape[1],)
    g, x = widened(g).reshape(view), widened(input).reshape(view)
    w = None if weight is None else widened(weight).reshape(1, -1, 1)
    unit, factor = normalised(x, (0, 2), eps)
    dx = gradient_of_normalised(g, unit, factor, w, (0, 2), True) if needs[0] else None
    return (
        None if dx is None else dx.reshape(shape),
        summed_to(g * unit, count, (1,)) if needs[1] else None,
        summed_to(g, count, (1,)) if needs[2] else None,
    )


def _in_parts(input: Any, weight: Any, bias: Any, eps: float) -> tuple[Any, Any, Any]:
    shape, kind = input._array.shape, input._array.dtype
    x = widened(input).reshape(_view(shape))
    mean = mean_over(x, (0, 2))
    centred = x - mean
    variance = mean_over(centred * centred, (0, 2))
    out = _times(centred * (variance + eps).rsqrt(), weight, bias)
    return narrowed(out.reshape(shape), kind), mean.reshape(-1), variance.reshape(-1)


def _times(unit: Any, weight: Any, bias: Any) -> Any:
    unit = unit if weight is None else unit * widened(weight).reshape(1, -1, 1)
    return unit if bias is None else unit + widened(bias).reshape(1, -1, 1)


# Its outputs: the normalised batch, and mean and variance of each channel.
BATCH_NORM = Operation(
    "native_batch_norm",
    inputs="input weight bias",
    params="eps",
    evaluate=_evaluate,
    infer=_infer,
    gradient=_gradient,
    decompose=_in_parts,
    nondifferentiable_outputs=(1, 2),
    samples=lambda make: [
        make.sample((make.tensor((3, 2, 4)), make.tensor((2,)), make.tensor((2,))), (1e-5,)),
        make.sample((make.tensor((5, 3)), make.tensor((3,)), None), (0.1,)),
        make.sample((make.tensor((2, 2, 2, 3)), None, make.tensor((2,))), (1e-5,)),
        make.sample((make.transposed((3, 2, 4)), None, None), (1e-5,)),
        make.error((make.tensor((3,)), None, None), (1e-5,), RuntimeError),
        make.error((make.tensor((3, 2)), make.tensor((3,)), None), (1e-5,), RuntimeError),
        make.error((make.integers((3, 2)), None, None), (1e-5,), NotImplementedError),
    ],
)


# --- with statistics that are given ----------------------------------------------------------


def _infer_given(x: Any, weight: Any, bias: Any, mean: Any, variance: Any, eps: float) -> Spec:
    _check(x, weight, bias, mean, variance)
    return Spec(x.shape, x.dtype)


def _evaluate_given(
    x: np.ndarray, weight: Any, bias: Any, mean: np.ndarray, variance: np.ndarray, eps: float
) -> np.ndarray:
    _check(x, weight, bias, mean, variance)
    factor = kernels.inverse_root(wide(variance), eps)
    out = _scaled(_as_channels(wide(x)), wide(mean), factor, wide(weight), wide(bias))
    return out.reshape(x.shape).astype(x.dtype, copy=False)


def _factor(variance: Any, eps: float) -> Any:
    return (widened(variance) + eps).rsqrt().reshape(1, -1, 1)


def _input_gradient(g: Any, weight: Any, variance: Any, eps: float) -> Any:
    if MODE.code == 0 and g._array.size:
        along, factors, spread = arrays_of(g, weight, variance)
        each = kernels.inverse_root(spread, eps)
        each = each if factors is None else each * factors
        found = _scaled(_as_channels(along), each * 0, each, None, None)
        return wrap(found.reshape(g._array.shape))
    shape, scale = g._array.shape, _factor(variance, eps)
    scale = scale if weight is None else scale * widened(weight).reshape(1, -1, 1)
    return (widened(g).reshape(_view(shape)) * scale).reshape(shape)


def _weight_gradient(g: Any, input: Any, mean: Any, variance: Any, eps: float) -> Any:
    shape = input._array.shape
    if MODE.code == 0 and input._array.size:
        along, x, level, spread = arrays_of(g, input, mean, variance)
        sums = kernels.channel_sums_about(_as_channels(along), _as_channels(x), level)
        return wrap(sums[1] * kernels.inverse_root(spread, eps))
    centred = widened(input).reshape(_view(shape)) - widened(mean).reshape(1, -1, 1)
    unit = centred * _factor(variance, eps)
    return summed_to(widened(g).reshape(_view(shape)) * unit, (shape[1],), (1,))


def _bias_gradient(g: Any) -> Any:
    return summed_to(widened(g), (g._array.shape[1],), (1,))


def _given_in_parts(
    input: Any, weight: Any, bias: Any, mean: Any, variance: Any, eps: float
) -> Any:
    shape, kind = input._array.shape, input._array.dtype
    x = widened(input).reshape(_view(shape)) - widened(mean).reshape(1, -1, 1)
    return narrowed(_times(x * _factor(variance, eps), weight, bias).reshape(shape), kind)


BATCH_NORM_GIVEN = Operation(
    "batch_norm_with_statistics",
    inputs="input weight bias mean variance",
    params="eps",
    evaluate=_evaluate_given,
    infer=_infer_given,
    gradient={"input": _input_gradient, "weight": _weight_gradient, "bias": _bias_gradient},
    node_name="NativeBatchNormBackward0",
    decompose=_given_in_parts,
    samples=lambda make: [
        make.sample((make.tensor(shape), w, b, make.tensor((2,)), make.tensor((2,), 1, 2)), (0.1,))
        for shape, w, b in (
            ((3, 2, 4), make.tensor((2,)), make.tensor((2,))),
            ((3, 2), make.tensor((2,)), None),
            ((0, 2, 3), None, make.tensor((2,))),
        )
    ],
)  # fmt: skip


def with_statistics(
    input: Any, weight: Any, bias: Any, mean: Any, variance: Any, eps: float
) -> Any:
    """Batch norm with means and variances that are given, which get no gradient."""
    return apply(BATCH_NORM_GIVEN, (input, weight, bias, mean.detach(), variance.detach()), (eps,))
