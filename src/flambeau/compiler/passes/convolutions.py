"""Convolutions as products: windows of the image as columns, which the weights multiply."""

from __future__ import annotations

from math import prod
from typing import Any

from flambeau.compiler.passes import depthwise
from flambeau.compiler.passes.windows import Ints, Windows, blocks, padded
from flambeau.ops.convolution import places_of
from flambeau.ops.creation import zeros
from flambeau.ops.joining import cat

LARGEST_COLUMNS = 1 << 26  # bytes: more are made and used part by part
MOST_BLOCKS = 64


def convolution(
    input: Any, weight: Any, bias: Any, stride: Ints, padding: Ints, dilation: Ints,
    transposed: bool, output_padding: Ints, groups: int,
) -> Any:  # fmt: skip
    """``out[n, o, p] = sum_ck weight[o, ck] columns[n, ck, p]``, or its transpose."""
    if not _is_plain(input):
        return NotImplemented
    kernel = tuple(weight.shape[2:])
    if transposed:
        windows = Windows(kernel, tuple(input.shape[2:]), stride, dilation)
        made = _transposed(input, weight, windows, padding, output_padding, groups)
        if made is None:
            return NotImplemented
    else:
        sizes = places_of(input.shape[2:], kernel, stride, padding, dilation)
        windows = Windows(kernel, sizes, stride, dilation)
        made = _convolved(padded(input, padding), weight, windows, groups)
    return made if bias is None else made + bias.reshape(-1, *(1,) * len(kernel))


def convolution_weight(
    input: Any, places: Any, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, groups: int
) -> Any:
    """``out[o, ck] = sum_np places[n, o, p] columns[n, ck, p]``."""
    if not _is_plain(input) or not _is_plain(places):
        return NotImplemented
    windows = Windows(kernel, tuple(places.shape[2:]), stride, dilation)
    x, inputs, outputs = padded(input, padding), input.shape[1], places.shape[1]
    if depthwise.is_depthwise(kernel, inputs // groups, outputs // groups):
        made = depthwise.weights(x, places, windows, groups)
    else:
        made = None
        for images, rows, seen in _blocks(x, windows):
            part = windows._replace(sizes=(rows.stop - rows.start, *windows.sizes[1:]))
            columns = _grouped(part.columns(x[images, :, seen]), groups)
            given = places[images, :, rows]
            given = given.reshape(given.shape[0], groups, outputs // groups, -1)
            found = _product(given, columns.mT).sum(0)
            made = found if made is None else made + found
    return made.reshape(outputs, inputs // groups, *kernel)


def _is_plain(x: Any) -> bool:
    dtype = x._array.dtype
    return dtype.kind == "f" and dtype.itemsize >= 4 and 0 not in x.shape


# --- convolutions -----------------------------------------------------------------------------


def _convolved(x: Any, weight: Any, windows: Windows, groups: int) -> Any:
    """The places that kernels see, of a padded image."""
    outputs, inputs = weight.shape[0] // groups, weight.shape[1]
    if depthwise.is_depthwise(windows.kernel, inputs, outputs):
        apart = weight.reshape(groups, outputs, inputs, -1).permute(0, 2, 1, 3)
        return depthwise.correlated(x, apart, windows, groups)
    found: dict[int, list[Any]] = {}
    for images, rows, seen in _blocks(x, windows):
        part = windows._replace(sizes=(rows.stop - rows.start, *windows.sizes[1:]))
        columns = _grouped(part.columns(x[images, :, seen]), groups)
        made = _product(weight.reshape(groups, outputs, -1), columns)
        made = made.reshape(made.shape[0], -1, *part.sizes)
        found.setdefault(images.start, []).append(made)
    return _joined([_joined(rows, 2) for rows in found.values()], 0)


def _blocks(x: Any, windows: Windows) -> list[Any]:
    """Parts of the places, all in one where their columns are few."""
    each = x.shape[1] * prod(windows.kernel) * prod(windows.sizes) * x._array.dtype.itemsize
    whole = x.shape[0] * each
    if whole <= LARGEST_COLUMNS:
        everything = slice(0, x.shape[0]), slice(0, windows.sizes[0]), slice(0, x.shape[2])
        return [everything]
    return list(blocks(x.shape[0], windows, each, max(LARGEST_COLUMNS // 4, whole // MOST_BLOCKS)))


def _joined(parts: list[Any], dim: int) -> Any:
    return parts[0] if len(parts) == 1 else cat(parts, dim)


def _grouped(columns: Any, groups: int) -> Any:
    """Columns (n, c, k, p) as (n, g, ck, p)."""
    count, channels, size, places = columns.shape
    return columns.reshape(count, groups, channels // groups * size, places)


def _product(first: Any, second: Any) -> Any:
    """(..., g, i, j) by (n, g, j, k), as (n, g, i, k)."""
    count, groups = second.shape[:2]
    if groups == 1:
        first = first[..., 0, :, :]
        first = first.expand(count, *first.shape[-2:])
        return first.bmm(second[:, 0]).unsqueeze(1)
    return first.matmul(second)


# --- transposed convolutions --------------------------------------------------------------------


def _transposed(
    x: Any, weight: Any, windows: Windows, padding: Ints, more: Ints, groups: int
) -> Any:
    """What each place adds to its window; ``None`` if all that would fill the memory."""
    inputs, outputs = weight.shape[0] // groups, weight.shape[1]
    whole = tuple(n + m for n, m in zip(windows.reach(), more, strict=True))
    if depthwise.is_depthwise(windows.kernel, inputs, outputs):
        apart = weight.reshape(groups, inputs, outputs, -1)
        total = depthwise.spread(x, apart, windows, groups, whole)
    else:
        total = _spread(x, weight, windows, groups, whole)
    if total is None:
        return None
    inner = [slice(p, n - p) for n, p in zip(whole, padding, strict=True)]
    return total[(..., *inner)].clone() if any(padding) else total


def _spread(x: Any, weight: Any, windows: Windows, groups: int, whole: Ints) -> Any:
    """Products for all elements of a kernel, added up for each of them in turn."""
    count, outputs = x.shape[0], weight.shape[1]
    size = groups * outputs * prod(windows.kernel) * prod(windows.sizes) * x._array.dtype.itemsize
    matrices = weight.reshape(groups, weight.shape[0] // groups, -1).mT
    images = max(1, min(count, LARGEST_COLUMNS // size))
    if size > 4 * LARGEST_COLUMNS or count > MOST_BLOCKS * images:
        return None
    total = zeros(count, groups * outputs, *whole, dtype=x.dtype)
    for first in range(0, count, images):
        taken = x[first : first + images]
        given = taken.reshape(taken.shape[0], groups, x.shape[1] // groups, -1)
        columns = _product(matrices, given)
        columns = columns.reshape(taken.shape[0], groups * outputs, *windows.kernel, *windows.sizes)
        for position in windows.positions():
            target = total[first : first + images][windows.where(position)]
            target.add_(columns[(slice(None), slice(None), *position)])
    return total
