"""Convolutions with few channels in a group, as sums of shifted images: no windows are copied."""

from __future__ import annotations

from math import prod
from typing import Any

from flambeau.compiler.passes.windows import Ints, Windows, padded
from flambeau.ops.creation import zeros
from flambeau.ops.joining import stack

MOST_CHANNELS = 4  # pairs of an input's and an output's channel in a group
MOST_TERMS = 64  # elements of a kernel


def is_depthwise(kernel: Ints, inputs: int, outputs: int) -> bool:
    """Whether the sums are short: ``inputs`` and ``outputs`` are the channels of one group."""
    return inputs * outputs <= MOST_CHANNELS and prod(kernel) <= MOST_TERMS


def correlated(x: Any, weight: Any, windows: Windows, groups: int) -> Any:
    """``out[n, go, p] = sum_ck weight[g, c, o, k] x[n, gc, p + k]``.

    Args:
        x: padded images.
        weight: (g, c, o, k).
        windows: where kernels lie.
        groups: how many.
    """
    apart = _apart(x, groups)
    total: Any = None
    for number, position in enumerate(windows.positions()):
        seen = apart[windows.where(position)]
        for channel in range(weight.shape[1]):
            factor = _beside(weight[:, channel, :, number], windows)
            part = seen[:, :, channel].unsqueeze(2) * factor
            total = part if total is None else total + part
    return total.reshape(x.shape[0], -1, *windows.sizes)


def spread(x: Any, weight: Any, windows: Windows, groups: int, whole: Ints) -> Any:
    """What each place adds to its window: the transpose of :func:`correlated`.

    Args:
        x: a number for each place.
        weight: (g, c, o, k), c the channels of ``x``.
        windows: where kernels lie.
        groups: how many.
        whole: sizes of the padded images that are returned.
    """
    if all(s == 1 for s in windows.stride):
        # Each element of the result sees the kernel turned round.
        margins = tuple(d * (k - 1) for k, d in zip(windows.kernel, windows.dilation, strict=True))
        inner = windows.reach()
        turned = weight.flip(-1)
        seen = Windows(windows.kernel, inner, windows.stride, windows.dilation)
        made = correlated(padded(x, margins), turned, seen, groups)
        return made if inner == whole else _enlarged(made, whole)
    apart = _apart(x, groups)
    total = zeros(x.shape[0], groups, weight.shape[2], *whole, dtype=x.dtype)
    for number, position in enumerate(windows.positions()):
        part: Any = None
        for channel in range(weight.shape[1]):
            factor = _beside(weight[:, channel, :, number], windows)
            term = apart[:, :, channel].unsqueeze(2) * factor
            part = term if part is None else part + term
        total[windows.where(position)].add_(part)
    return total.reshape(x.shape[0], -1, *whole)


def weights(x: Any, places: Any, windows: Windows, groups: int) -> Any:
    """``out[g, o, c, k] = sum_np places[n, go, p] x[n, gc, p + k]``."""
    apart, outside = _apart(x, groups).unsqueeze(2), _apart(places, groups).unsqueeze(3)
    over = (0, *range(4, 4 + len(windows.kernel)))
    found = [
        (outside * apart[windows.where(position)]).sum(over) for position in windows.positions()
    ]
    return stack(found, -1)


def _apart(x: Any, groups: int) -> Any:
    """Groups as a dimension: (n, g, c, ...)."""
    return x.reshape(x.shape[0], groups, -1, *x.shape[2:])


def _beside(factor: Any, windows: Windows) -> Any:
    """One weight of each group and output, beside images."""
    return factor.reshape(*factor.shape, *(1,) * len(windows.kernel))


def _enlarged(x: Any, whole: Ints) -> Any:
    result = zeros(*x.shape[:2], *whole, dtype=x.dtype)
    result[(..., *[slice(0, n) for n in x.shape[2:]])] = x
    return result
