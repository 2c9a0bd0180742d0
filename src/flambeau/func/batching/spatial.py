"""Rules for convolutions and pooling: examples join the batch, or become groups of channels."""

from __future__ import annotations

from math import prod
from typing import Any

from flambeau.func.batching.held import Batched, reshaped
from flambeau.func.level import Held
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor


def _folded(x: Tensor) -> Tensor:
    """Examples and their own batches as one batch."""
    shape = tuple(x._array.shape)
    return reshaped(x, (shape[0] * shape[1], *shape[2:]))


def _grouped(x: Tensor) -> Tensor:
    """Channels of all examples side by side: (examples, n, c, ...) to (n, examples * c, ...)."""
    x = apply(REGISTRY["transpose"], (x,), (0, 1))
    shape = tuple(x._array.shape)
    return reshaped(x, (shape[0], shape[1] * shape[2], *shape[3:]))


def _apart(x: Tensor, size: int) -> Tensor:
    """The inverse of :func:`_grouped`."""
    shape = tuple(x._array.shape)
    x = reshaped(x, (shape[0], size, shape[1] // size, *shape[2:]))
    return apply(REGISTRY["transpose"], (x,), (0, 1))


def _convolution(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    x, weight, bias = operands
    size, (*options, groups) = x.level.size, params
    if not weight.is_batched:
        own = bias.value if bias is not None and not bias.is_batched else None
        if x.is_batched:
            out = apply(op, (_folded(x.value), weight.value, own), params)
            shape = tuple(out._array.shape)
            out = reshaped(out, (size, shape[0] // size if size else 0, *shape[1:]))
        else:
            out = apply(
                REGISTRY["unsqueeze"], (apply(op, (x.value, weight.value, own), params),), (0,)
            )
        return out if own is not None or bias is None else _with_bias(out, bias)
    shared = not x.is_batched and groups == 1 and not options[3]
    given = x.value if shared else _grouped(x.full())
    count = 1 if shared else groups * size
    found = apply(op, (given, _folded(weight.value), None), (*options, count))
    out = _apart(found, size)
    return out if bias is None else _with_bias(out, bias)


def _with_bias(out: Tensor, bias: Batched) -> Tensor:
    """Add a number to each channel: (examples, n, c, ...) and (examples, c)."""
    ones = (1,) * (out.ndim - 3)
    first = bias.level.size if bias.is_batched else 1
    spread = reshaped(bias.value, (first, 1, *bias.shape, *ones))
    return apply(REGISTRY["add"], (out, spread), (1,))


def _convolution_weight(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    x, places = operands
    size, (*options, groups) = x.level.size, params
    inputs = _grouped(x.full()), _grouped(places.full())
    out = apply(op, inputs, (*options, groups * size))
    shape = tuple(out._array.shape)
    return reshaped(out, (size, shape[0] // size if size else 0, *shape[1:]))


def _pooling(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    """An operation on (n, c, ...) or (c, ...), whose first tuple of numbers counts the rest."""
    spatial = len(next(p for p in params if isinstance(p, tuple)))
    x = operands[0]
    inputs = [h.full() if isinstance(h, Held) else h for h in operands]
    if x.ndim < spatial + 2:
        return apply(op, tuple(inputs), params)
    return apply(op, tuple(_folded(t) if isinstance(t, Tensor) else t for t in inputs), params)


def _fractional(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    x, samples = operands
    if x.ndim < len(params[0]) + 2:  # samples have a dimension of size 1 in place of a batch
        rows = reshaped(samples.full(), (x.level.size, *samples.shape[1:]))
        return apply(op, (x.full(), rows), params)
    return apply(op, (_folded(x.full()), _folded(samples.full())), params)


def _pad_backward(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    (g,), (record, mode, sizes, pad) = operands, params
    spatial = len(pad) // 2
    lead = prod((g.level.size, *sizes[: len(sizes) - spatial - 1]))
    inner = tuple(sizes[len(sizes) - spatial - 1 :])
    rows = reshaped(g.value, (lead, *g.shape[g.ndim - spatial - 1 :]))
    return apply(op, (rows,), (record, mode, (lead, *inner), pad))


def _place_sums(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    return apply(op, tuple(x.full() for x in operands), params)


_POOLING = (
    "adaptive_max_pool2d adaptive_max_pool2d_indices adaptive_max_pool3d "
    "adaptive_max_pool3d_indices max_pool2d_indices max_pool2d_with_indices max_pool3d_indices "
    "max_pool3d_with_indices max_unpool2d max_unpool3d"
)


def _grid_sample(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    """Examples join the batch: each image has a grid of its own there."""
    images, grids = (x.full() for x in operands)
    found = apply(op, (_folded(images), _folded(grids)), params)
    first = tuple(images._array.shape[:2])
    return reshaped(found, (*first, *found._array.shape[1:]))


RULES: dict[str, Any] = {
    "convolution": _convolution,
    "convolution_weight": _convolution_weight,
    "fractional_max_pool2d": _fractional,
    "fractional_max_pool3d": _fractional,
    "fractional_max_pool_indices": _fractional,
    "grid_sampler_2d": _grid_sample,
    "grid_sampler_3d": _grid_sample,
    "pad_backward": _pad_backward,
    "place_sums": _place_sums,
    **dict.fromkeys(_POOLING.split(), _pooling),
}
