"""Which buffers must lie apart: what a program writes must not be what it reads elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.compiler.record.program import Value
from flambeau.compiler.record.trace import Argument, GradientOf
from flambeau.compiler.run.number_plan import NotNative
from flambeau.compiler.run.plan_layout import WORD
from flambeau.compiler.specialisation import Specialisation, span_of

MOST_PAIRS = 1 << 14  # of buffers that are compared at each call


class OverlapPlan:
    """Tables of buffers that are compared natively, where their addresses have changed.

    Some buffers stay where they are; arguments and gradients *move*. What moves must lie apart
    from the fixed memory that is written, and what is written of it from all fixed memory: that
    is found by halving in sorted spans. Arguments are compared with each other, and with
    gradients, pair by pair.

    Args:
        specialisation: what runs.
        arrays: its buffers now.
        position: the place of a buffer in the table of pointers.

    Attributes:
        apart: rows of buffers and the spans that they must not touch.
        pairs: rows of two buffers.

    Raises:
        NotNative: if there are too many pairs.
    """

    def __init__(
        self,
        specialisation: Specialisation,
        arrays: list[np.ndarray],
        position: Callable[[Value], int],
    ) -> None:
        sources = specialisation.trace.sources
        written = set(specialisation.write_indices)
        moving = [i for i, s in enumerate(sources) if isinstance(s, (Argument, GradientOf))]
        fixed = sorted(set(range(len(sources))) - set(moving))
        self.spans = {
            True: spans([arrays[i] for i in fixed]),
            False: spans([arrays[i] for i in fixed if i in written]),
        }
        buffers = specialisation.program.buffers
        place = {i: (position(buffers[i]), extent(buffers[i])) for i in moving}
        self.apart: list[tuple[int, ...]] = []
        for i in moving if fixed else ():
            made, bits = self.spans[i in written]
            self.apart.append((*place[i], made.ctypes.data, bits))
        self.pairs = [(*place[i], *place[j]) for i, j in _pairs(sources, moving, written)]


def _pairs(sources: list[Any], moving: list[int], written: set[int]) -> list[tuple[int, int]]:
    if not written.intersection(moving):
        return []
    given = {i for i in moving if isinstance(sources[i], Argument)}
    if len(given) * len(moving) > MOST_PAIRS:
        raise NotNative("too many arguments that are compared with each other")
    return [
        (i, j)
        for i in sorted(given)
        for j in moving
        if (i in written or j in written) and (i < j or (i > j and j not in given))
    ]


def spans(arrays: list[np.ndarray]) -> tuple[np.ndarray, int]:
    """Where arrays lie, merged where they touch, with the power of two that holds them."""
    merged: list[list[int]] = []
    for begin, end in sorted(span_of(x) for x in arrays if x.size):
        if merged and begin <= merged[-1][1]:
            merged[-1][1] = max(end, merged[-1][1])
        else:
            merged.append([begin, end])
    bits = len(merged).bit_length()
    made = np.full((1 << bits, 2), WORD, np.uint64)
    made[: len(merged)] = np.array(merged, np.uint64).reshape(len(merged), 2)
    return made, bits


def extent(value: Value) -> int:
    """How many bytes a buffer spans from its first element on."""
    spec = value.spec
    if any(s < 0 for s in spec.strides):
        raise NotNative("a buffer that runs backward")
    if spec.size == 0:
        return 0
    steps = zip(spec.shape, spec.strides, strict=True)
    return sum((n - 1) * s for n, s in steps) + spec.dtype.itemsize
