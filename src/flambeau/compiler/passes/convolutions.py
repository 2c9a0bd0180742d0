"""Convolutions as products: windows of the image as columns, which the weights multiply."""

from __future__ import annotations

from math import prod
from typing import Any

from flambeau.ops.convolution import places_of
from flambeau.ops.creation import zeros
from flambeau.ops.padding_constant import CONSTANT_PAD
from flambeau.tensor.dispatch import apply

Ints = tuple[int, ...]

LARGEST_COLUMNS = 1 << 26  # bytes: more would be better computed window by window


def convolution(
    input: Any, weight: Any, bias: Any, stride: Ints, padding: Ints, dilation: Ints,
    transposed: bool, output_padding: Ints, groups: int,
) -> Any:  # fmt: skip
    """``out[n, o, p] = sum_ck weight[o, ck] columns[n, ck, p]``, or its transpose."""
    kernel = tuple(weight.shape[2:])
    if groups != 1 or not _is_plain(input):
        return NotImplemented
    if transposed:
        made = _transposed(input, weight, stride, padding, dilation, output_padding)
    else:
        columns = _columns(input, kernel, stride, padding, dilation)
        if columns is None:
            return NotImplemented
        count, sizes = (
            columns.shape[0],
            places_of(input.shape[2:], kernel, stride, padding, dilation),
        )
        matrix = weight.reshape(weight.shape[0], -1)
        made = matrix.expand(count, *matrix.shape).bmm(columns)
        if bias is not None:
            return (made + bias.reshape(-1, 1)).reshape(count, -1, *sizes)
        return made.reshape(count, -1, *sizes)
    if made is None:
        return NotImplemented
    return made if bias is None else made + bias.reshape(-1, *(1,) * len(kernel))


def convolution_weight(
    input: Any, places: Any, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, groups: int
) -> Any:
    """``out[o, ck] = sum_np places[n, o, p] columns[n, ck, p]``."""
    if groups != 1 or not _is_plain(input):
        return NotImplemented
    taken = tuple(places.shape[2:])
    exact = places_of(input.shape[2:], kernel, stride, padding, dilation)
    columns = None if taken != exact else _columns(input, kernel, stride, padding, dilation)
    if columns is None:
        return NotImplemented
    count, outputs = places.shape[:2]
    made = places.reshape(count, outputs, -1).bmm(columns.mT).sum(0)
    return made.reshape(outputs, input.shape[1], *kernel)


def _is_plain(x: Any) -> bool:
    dtype = x._array.dtype
    return dtype.kind == "f" and dtype.itemsize >= 4 and 0 not in x.shape


def _columns(x: Any, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints) -> Any:
    """The windows that kernels see, (n, c k, p); ``None`` if they would fill the memory."""
    sizes, rank = places_of(x.shape[2:], kernel, stride, padding, dilation), len(kernel)
    size = prod(x.shape[:2]) * prod(kernel) * prod(sizes) * x._array.dtype.itemsize
    if size > LARGEST_COLUMNS:
        return None
    if any(padding):
        around = tuple(p for p in reversed(padding) for _ in range(2))
        x = apply(CONSTANT_PAD, (x,), (around, 0))
    for axis, (k, s, d) in enumerate(zip(kernel, stride, dilation, strict=True)):
        x = x.unfold(2 + axis, d * (k - 1) + 1, s)
        if d > 1:
            x = x[..., ::d]
    x = x.permute(0, 1, *range(2 + rank, 2 + 2 * rank), *range(2, 2 + rank))
    return x.reshape(x.shape[0], x.shape[1] * prod(kernel), prod(sizes))


def _transposed(
    x: Any, weight: Any, stride: Ints, padding: Ints, dilation: Ints, more: Ints
) -> Any:
    """What each place adds to its window, added up for each element of a kernel in turn."""
    kernel, taken = tuple(weight.shape[2:]), tuple(x.shape[2:])
    count, channels = x.shape[0], weight.shape[1]
    if count * channels * prod(kernel) * prod(taken) * x._array.dtype.itemsize > LARGEST_COLUMNS:
        return None
    matrix = weight.reshape(weight.shape[0], -1).mT
    columns = matrix.expand(count, *matrix.shape).bmm(x.reshape(count, x.shape[1], -1))
    columns = columns.reshape(count, channels, *kernel, *taken)
    parts = list(zip(taken, kernel, stride, dilation, more, strict=True))
    whole = [(n - 1) * s + d * (k - 1) + 1 + m for n, k, s, d, m in parts]
    total = zeros(count, channels, *whole, dtype=x.dtype)
    for position in _positions(kernel):
        where = [
            slice(i * d, i * d + (n - 1) * s + 1, s)
            for i, (n, _, s, d, _) in zip(position, parts, strict=True)
        ]
        window = total[(slice(None), slice(None), *where)]
        window.add_(columns[(slice(None), slice(None), *position)])
    inner = [slice(p, n - p) for n, p in zip(whole, padding, strict=True)]
    return total[(slice(None), slice(None), *inner)].clone()


def _positions(kernel: Ints) -> list[Ints]:
    found: list[Ints] = [()]
    for size in kernel:
        found = [(*position, i) for position in found for i in range(size)]
    return found
