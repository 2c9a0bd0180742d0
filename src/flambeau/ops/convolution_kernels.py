"""Convolutions on arrays: products of matrices over the columns that a kernel sees.

All three directions work on one layout. The input is cut into blocks of samples, so small that a
block's columns stay in the cache; a column holds what the kernel sees at one place. The forward
direction multiplies the kernels with the columns, the kernels' gradient multiplies the output's
gradient with them, and the input's gradient adds columns back to where they came from.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from flambeau.core.shapes import contiguous_strides
from flambeau.ops import native_convolution as native

Ints = tuple[int, ...]

# Bytes of the columns of one block: about what the second level of a core's cache holds.
_BLOCK_BYTES = 1 << 19
# Products with fewer columns than this leave BLAS waiting; small images share a product.
_COLUMNS = 512
_LEAST_COLUMNS = 192
# Rows shorter than this are worth copying together with what lies between them, unless that is
# more than this part, or is multiplied with so many kernels that the products take longer.
_SHORT_ROW = 48
_MOST_WASTE = 0.7
_WORTH = 300

_ndarray = np.ndarray


class Windows:
    """Where a kernel's elements lie on an image.

    Args:
        channels: of the input.
        sizes: of the input's other dimensions.
        kernel: sizes of the kernel.
        places: how many places the kernel takes, in each dimension.
        stride, padding, dilation: for each dimension.
        kind: the type of the elements.
        outputs: how many kernels each column is multiplied with.
    """

    __slots__ = (
        "_inner", "_meets", "_steps", "block", "channels", "columns", "dilation", "is_wide",
        "kernel", "kind", "padded", "padding", "places", "sizes", "stride",
    )  # fmt: skip

    def __init__(
        self,
        channels: int,
        sizes: Ints,
        kernel: Ints,
        places: Ints,
        stride: Ints,
        padding: Ints,
        dilation: Ints,
        kind: np.dtype,
        outputs: int = 1,
    ) -> None:
        self.channels = channels
        self.sizes = sizes
        self.kernel = kernel
        self.places = places
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.kind = kind
        # Where the places end before the padded image does, what lies behind them is not looked
        # at; where they end behind it (an output padding), zeros are added.
        self.padded = tuple(
            [
                max(n + 2 * p, (count - 1) * s + d * (k - 1) + 1)
                for n, p, count, s, d, k in zip(sizes, padding, places, stride, dilation, kernel)
            ]
        )
        # With a stride of 1, the places of all rows together are one stretch of the padded image
        # (with some columns between rows that nobody asked for): long copies instead of short.
        steps, row = contiguous_strides(self.padded), (places or (1,))[-1]
        stretch = sum([(n - 1) * s for n, s in zip(places, steps)]) + 1
        short = len(places) > 1 and row < _SHORT_ROW and min(places) > 0
        waste = stretch / max(prod(places), 1) - 1
        cheap = waste <= _MOST_WASTE and waste * outputs * row <= _WORTH
        self.is_wide = max(stride) == 1 and short and cheap
        self.columns = stretch if self.is_wide else prod(places)
        bytes_of_one = channels * prod(kernel) * self.columns * kind.itemsize
        few = -(-_COLUMNS // max(self.columns, 1))
        # Kernels are read anew for each block: it must not be too small for that either.
        least = -(-_LEAST_COLUMNS // max(self.columns, 1))
        self._steps = tuple([step * kind.itemsize for step in steps])
        inner = [slice(p, p + n) for p, n in zip(padding, sizes)]
        self._inner = (slice(None), slice(None), *inner)
        self._meets: list[tuple[Ints, tuple[slice, ...]]] | None = None
        self.block = max(least, min(_BLOCK_BYTES // max(bytes_of_one, 1), 4 * few))

    def blocks(self, count: int) -> Iterator[slice]:
        """The samples, block by block."""
        for start in range(0, count, self.block):
            yield slice(start, min(start + self.block, count))

    def padded_block(self, count: int) -> np.ndarray | None:
        """Room for the samples of a block with zeros around them, if there are any."""
        if self.padded == self.sizes:
            return None
        return np.zeros((min(self.block, count), self.channels, *self.padded), self.kind)

    def interior(self, padded: np.ndarray) -> np.ndarray:
        """The part of padded samples that is the image."""
        return padded[self._inner]

    def seen(self, block: np.ndarray) -> np.ndarray:
        """What the kernel sees, (channels, *kernel, samples, ...), as a view of a block."""
        step = block.strides
        if self.is_wide:
            between = [s * d for s, d in zip(self._steps, self.dilation)]
            strides = (step[1], *between, step[0], block.itemsize)
            shape = (self.channels, *self.kernel, block.shape[0], self.columns)
            return _ndarray(shape, block.dtype, block, 0, strides)
        strides = (
            step[1],
            *[s * d for s, d in zip(step[2:], self.dilation)],
            step[0],
            *[s * t for s, t in zip(step[2:], self.stride)],
        )
        shape = (self.channels, *self.kernel, block.shape[0], *self.places)
        return _ndarray(shape, block.dtype, block, 0, strides)

    def at_places(self, products: np.ndarray, samples: int) -> np.ndarray:
        """Of (rows, samples * columns) what belongs to places: (rows, samples, *places)."""
        rows, size = len(products), products.itemsize
        if not self.is_wide:
            return products.reshape(rows, samples, *self.places)
        ahead = (samples * self.columns * size, self.columns * size)
        return _ndarray(
            (rows, samples, *self.places), products.dtype, products, 0, (*ahead, *self._steps)
        )

    def shifts(self, padded: np.ndarray) -> Iterator[tuple[Ints, np.ndarray]]:
        """For each element of the kernel, the part of padded samples that it meets."""
        if self._meets is None:
            self._meets = []
            for offset in itertools.product(*[range(k) for k in self.kernel]):
                index = [
                    slice(o * d, o * d + (count - 1) * s + 1, s)
                    for o, d, count, s in zip(offset, self.dilation, self.places, self.stride)
                ]
                self._meets.append((offset, (slice(None), slice(None), *index)))
        for offset, index in self._meets:
            yield offset, padded[index]


@lru_cache(maxsize=256)
def windows_of(
    channels: int, sizes: Ints, kernel: Ints, places: Ints, stride: Ints, padding: Ints,
    dilation: Ints, kind: np.dtype, outputs: int = 1,
) -> Windows:  # fmt: skip
    """The windows of one kind of convolution, made once."""
    return Windows(channels, sizes, kernel, places, stride, padding, dilation, kind, outputs)


def _columns(windows: Windows, x: np.ndarray, groups: int) -> Iterator[tuple[slice, np.ndarray]]:
    """For each block of samples its columns, (groups, channels * kernel, samples * places)."""
    count = x.shape[0]
    room = windows.padded_block(count)
    rows = windows.channels * prod(windows.kernel)
    places = windows.columns
    memory = np.empty(rows * min(windows.block, max(count, 1)) * places, x.dtype)
    for part in windows.blocks(count):
        samples = part.stop - part.start
        block = x[part]
        if room is not None:
            windows.interior(room[:samples])[...] = block
            block = room[:samples]
        seen = windows.seen(block)
        columns = memory[: rows * samples * places]
        columns.reshape(seen.shape)[...] = seen
        yield part, columns.reshape(groups, rows // groups, samples * places)


def _is_pointwise(windows: Windows) -> bool:
    return (
        prod(windows.kernel) == 1
        and prod(windows.stride) == 1
        and windows.places == windows.sizes
        and not any(windows.padding)
    )


def _in_row_major(x: np.ndarray) -> np.ndarray:
    """The array without gaps; strides are computed from its shape."""
    return x if x.flags.c_contiguous else np.ascontiguousarray(x)


# --- forward -----------------------------------------------------------------------------


def correlate(
    x: np.ndarray, w: np.ndarray, places: Ints, stride: Ints, padding: Ints, dilation: Ints,
    groups: int,
) -> np.ndarray:  # fmt: skip
    """Each kernel's products with what it sees: (n, c, *sizes) -> (n, o, *places)."""
    count, channels = x.shape[:2]
    outputs = w.shape[0]
    out = np.empty((count, outputs, *places), x.dtype)
    if not out.size:
        return out
    found = native.correlate(x, w, places, stride, padding, dilation, groups)
    if found is not None:
        return found
    x = _in_row_major(x)
    args = (channels, x.shape[2:], w.shape[2:], places, stride, padding, dilation, x.dtype)
    windows = windows_of(*args, outputs // groups)
    if groups == channels == outputs and not windows.is_wide:
        return _by_channel(windows, x, w, out)
    kernels = w.reshape(groups, outputs // groups, -1)
    flat = out.reshape(count, groups, outputs // groups, -1)
    if _is_pointwise(windows):
        return _pointwise(x.reshape(count, groups, channels // groups, -1), kernels, out)
    for part, columns in _columns(windows, x, groups):
        samples = part.stop - part.start
        if samples == 1 and not windows.is_wide:
            if groups == 1:
                np.dot(kernels[0], columns[0], out=flat[part.start, 0])
            else:
                np.matmul(kernels, columns, out=flat[part.start])
            continue
        found = kernels[0].dot(columns[0]) if groups == 1 else np.matmul(kernels, columns)
        found = windows.at_places(found.reshape(outputs, -1), samples)
        out[part] = found.swapaxes(0, 1)
    return out


def _pointwise(x: np.ndarray, kernels: np.ndarray, out: np.ndarray) -> np.ndarray:
    count, groups, inputs, places = x.shape
    if groups == 1 and places < 64:  # many small products would mostly be calls
        rows = x.reshape(count, inputs, places).transpose(0, 2, 1).reshape(-1, inputs)
        found = rows.dot(kernels[0].T).reshape(count, places, -1)
        out.reshape(count, -1, places)[...] = found.transpose(0, 2, 1)
        return out
    np.matmul(kernels, x, out=out.reshape(count, groups, -1, places))
    return out


def _by_channel(windows: Windows, x: np.ndarray, w: np.ndarray, out: np.ndarray) -> np.ndarray:
    """One kernel for each channel: sums of shifted images."""
    room = windows.padded_block(x.shape[0])
    spread = (slice(None), *[None] * len(windows.kernel))
    for part in windows.blocks(x.shape[0]):
        block = x[part]
        if room is not None:
            samples = part.stop - part.start
            windows.interior(room[:samples])[...] = block
            block = room[:samples]
        total, term = out[part], None
        for offset, shifted in windows.shifts(block):
            factor = w[(slice(None), 0, *offset)][spread]
            if term is None:
                np.multiply(shifted, factor, total)
                term = np.empty(total.shape, total.dtype)
            else:
                np.multiply(shifted, factor, term)
                np.add(total, term, total)
    return out


# --- the input's gradient, which is the transposed convolution ---------------------------


def scatter(
    g: np.ndarray, w: np.ndarray, sizes: Ints, stride: Ints, padding: Ints, dilation: Ints,
    groups: int,
) -> np.ndarray:  # fmt: skip
    """The transpose of :func:`correlate` in its input: (n, o, *places) -> (n, c, *sizes)."""
    count, outputs, *places = g.shape
    channels = w.shape[1] * groups
    if not (g.size and w.size):
        return np.zeros((count, channels, *sizes), g.dtype)
    found = native.scatter(g, w, sizes, stride, padding, dilation, groups)
    if found is not None:
        return found
    g = _in_row_major(g)
    kernel = w.shape[2:]
    windows = windows_of(channels, sizes, kernel, tuple(places), stride, padding, dilation, g.dtype)
    out = np.empty((count, channels, *sizes), g.dtype)
    kernels = w.reshape(groups, outputs // groups, -1).transpose(0, 2, 1)
    flat = g.reshape(count, groups, outputs // groups, -1)
    if _is_pointwise(windows):
        return _pointwise(flat, kernels, out)
    if max(stride) == 1 and outputs <= 2 * channels:
        ends = [d * (k - 1) - p for d, k, p in zip(dilation, kernel, padding)]
        if min(ends) >= 0:  # the same as a convolution with turned kernels
            turned = _turned(w, groups)
            return correlate(g, turned, sizes, stride, tuple(ends), dilation, groups)
    by_channel = groups == channels == outputs
    padded = np.empty((min(windows.block, count), channels, *windows.padded), g.dtype)
    for part in windows.blocks(count):
        samples = part.stop - part.start
        target = padded[:samples]
        target.fill(0)
        if by_channel:
            _spread_by_channel(windows, g[part], w, target)
        else:
            _add_columns(windows, kernels, flat[part], target)
        out[part] = windows.interior(target)
    return out


def _turned(w: np.ndarray, groups: int) -> np.ndarray:
    """Kernels from the outputs to the channels, with their elements in the opposite order."""
    outputs, each, *kernel = w.shape
    split = w.reshape(groups, outputs // groups, each, *kernel).swapaxes(1, 2)
    turned = split[(..., *[slice(None, None, -1)] * len(kernel))]
    return np.ascontiguousarray(turned).reshape(groups * each, outputs // groups, *kernel)


def _add_columns(windows: Windows, kernels: np.ndarray, g: np.ndarray, target: np.ndarray) -> None:
    samples, groups, each, places = g.shape
    if samples == 1:
        values = g.reshape(groups, each, places)
    else:
        values = g.transpose(1, 2, 0, 3).reshape(groups, each, -1)
    if groups == 1:
        columns = kernels[0].dot(values[0])
    else:
        columns = np.matmul(kernels, values)
    columns = columns.reshape(windows.channels, *windows.kernel, samples, *windows.places)
    for offset, place in windows.shifts(target):
        part = columns[(slice(None), *offset)].swapaxes(0, 1)
        np.add(place, part, place)


def _spread_by_channel(windows: Windows, g: np.ndarray, w: np.ndarray, target: np.ndarray) -> None:
    spread = (slice(None), *[None] * len(windows.kernel))
    term = np.empty(g.shape, g.dtype)
    for offset, place in windows.shifts(target):
        np.multiply(g, w[(slice(None), 0, *offset)][spread], term)
        np.add(place, term, place)


# --- the kernels' gradient ----------------------------------------------------------------


def kernel_gradient(
    x: np.ndarray, g: np.ndarray, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints,
    groups: int,
) -> np.ndarray:  # fmt: skip
    """The transpose of :func:`correlate` in its kernels: (o, c / groups, *kernel)."""
    count, channels = x.shape[:2]
    outputs, places = g.shape[1], g.shape[2:]
    each = outputs // groups
    total = np.zeros((groups, each, channels // groups * prod(kernel)), g.dtype)
    if g.size and x.size:
        found = native.kernel_gradient(x, g, kernel, stride, padding, dilation, groups)
        if found is not None:
            return found
        x, g = _in_row_major(x), _in_row_major(g)
        windows = windows_of(
            channels, x.shape[2:], kernel, places, stride, padding, dilation, x.dtype, each
        )
        flat = g.reshape(count, groups, each, -1)
        for part, columns in _columns(windows, x, groups):
            samples = part.stop - part.start
            if windows.is_wide:
                values = np.zeros((outputs, samples * windows.columns), g.dtype)
                windows.at_places(values, samples)[...] = g[part].swapaxes(0, 1)
                values = values.reshape(groups, each, -1)
            elif samples == 1:
                values = flat[part.start]
            else:
                values = flat[part].transpose(1, 2, 0, 3).reshape(groups, each, -1)
            if groups == 1:
                total[0] += values[0].dot(columns[0].T)
            else:
                total += np.matmul(values, columns.transpose(0, 2, 1))
    return total.reshape(outputs, channels // groups, *kernel)


def add_bias(out: np.ndarray, bias: Any) -> np.ndarray:
    """Add one number to each channel of a fresh array, in place."""
    return np.add(out, bias.reshape(-1, *[1] * (out.ndim - 2)), out)
