"""Samples of a normal distribution restricted to an interval, by rejection."""

from __future__ import annotations

import math
import warnings
from typing import Any

from flambeau.ops.creation import full
from flambeau.ops.likes import empty_like
from flambeau.ops.selection import where
from flambeau.tensor.tensor import Tensor

# The part of the distribution that must lie in the interval for its own samples to be tried.
ENOUGH = 0.3


def fill_truncated_normal(
    tensor: Tensor, mean: float, std: float, a: float, b: float, generator: Any
) -> Tensor:
    """Fill ``tensor`` with samples in [a, b].

    Whole tensors are drawn again until every element has been accepted, in PyTorch's order, so
    that the stream is used up alike.
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "trunc_normal_: mean is more than 2 std from [a, b]; the distribution of values may "
            "be incorrect",
            stacklevel=3,
        )
    inside = _cumulative((b - mean) / std) - _cumulative((a - mean) / std)
    draw = _by_normal_samples if inside > ENOUGH else _by_uniform_samples
    return draw(tensor, mean, std, a, b, generator)


def _cumulative(x: float) -> float:
    """The standard normal distribution function."""
    return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0


def _by_normal_samples(
    tensor: Tensor, mean: float, std: float, a: float, b: float, generator: Any
) -> Tensor:
    """Draw from the whole distribution, again where a sample is outside."""
    low, high = (full((), bound, dtype=tensor.dtype).item() for bound in (a, b))
    result = tensor.normal_(mean, std, generator=generator)
    while True:
        outside = (result < low) | (result > high)
        if not outside.any():
            break
        again = empty_like(result).normal_(mean, std, generator=generator)
        result = where(outside, again, result)
    return tensor if result is tensor else tensor.copy_(result)


def _by_uniform_samples(
    tensor: Tensor, mean: float, std: float, a: float, b: float, generator: Any
) -> Tensor:
    """Draw uniformly and accept with the density relative to its greatest value."""
    greatest = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
    candidates, lots = empty_like(tensor), empty_like(tensor)
    result, pending = tensor, None
    while pending is None or pending.any():
        candidates.uniform_(a, b, generator=generator)
        result = candidates.clone() if pending is None else where(pending, candidates, result)
        density = candidates.sub(mean).div(std).pow(2).mul(-0.5).sub(greatest)
        rejected = lots.uniform_(generator=generator).log() > density
        pending = rejected if pending is None else pending & rejected
    return tensor.copy_(result)
