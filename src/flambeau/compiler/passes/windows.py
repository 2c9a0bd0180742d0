"""What a convolution's kernel sees of an image: one element of it at all places, or all of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

from flambeau.ops.padding_constant import CONSTANT_PAD
from flambeau.tensor.dispatch import apply

Ints = tuple[int, ...]


class Windows(NamedTuple):
    """Where kernels lie: at ``sizes`` places, ``stride`` apart; elements ``dilation`` apart."""

    kernel: Ints
    sizes: Ints
    stride: Ints
    dilation: Ints

    def reach(self) -> Ints:
        """How much of a padded image is seen."""
        return tuple(
            (n - 1) * s + d * (k - 1) + 1
            for k, n, s, d in zip(self.kernel, self.sizes, self.stride, self.dilation, strict=True)
        )

    def positions(self) -> list[Ints]:
        """The elements of a kernel, in order."""
        return list(itertools.product(*map(range, self.kernel)))

    def where(self, position: Ints) -> tuple[Any, ...]:
        """An index for what one element of the kernel sees, in the last dimensions."""
        parts = zip(position, self.sizes, self.stride, self.dilation, strict=True)
        return (..., *[slice(i * d, i * d + (n - 1) * s + 1, s) for i, n, s, d in parts])

    def columns(self, padded: Any) -> Any:
        """All windows as columns, (n, c, k, places), copied."""
        rank = len(self.kernel)
        x = padded[(..., *[slice(0, n) for n in self.reach()])]
        for axis, (k, s, d) in enumerate(zip(self.kernel, self.stride, self.dilation, strict=True)):
            x = x.unfold(2 + axis, d * (k - 1) + 1, s)
            if d > 1:
                x = x[..., ::d]
        x = x.permute(0, 1, *range(2 + rank, 2 + 2 * rank), *range(2, 2 + rank))
        return x.reshape(*x.shape[:2], prod(self.kernel), prod(self.sizes))


def padded(x: Any, padding: Ints) -> Any:
    """An image with zeros around it, or with less of it where ``padding`` is negative."""
    if not any(padding):
        return x
    around = tuple(p for p in reversed(padding) for _ in range(2))
    return apply(CONSTANT_PAD, (x,), (around, 0))


def _equal_share(count: int, most: int) -> int:
    """How many at a time: parts of one size share their functions, so some are a bit smaller."""
    most = max(1, min(most, count))
    return next((n for n in range(most, most // 2, -1) if count % n == 0), most)


def blocks(count: int, windows: Windows, places_bytes: int, largest: int) -> Iterator[Any]:
    """Parts of all images' places whose columns fit into memory.

    Args:
        count: how many images there are.
        windows: of the whole convolution.
        places_bytes: of one image's columns.
        largest: bytes that the columns of a part may have.

    Yields:
        A slice of images, a slice of rows (of the first dimension), and a slice of padded rows.
    """
    rows = windows.sizes[0]
    images = _equal_share(count, largest // places_bytes)
    taken = rows if images > 1 else _equal_share(rows, rows * largest // places_bytes)
    step, reach = windows.stride[0], windows.dilation[0] * (windows.kernel[0] - 1) + 1
    for first in range(0, count, images):
        for row in range(0, rows, taken):
            end = min(row + taken, rows)
            seen = slice(row * step, (end - 1) * step + reach)
            yield slice(first, min(first + images, count)), slice(row, end), seen
