"""The arena: one block of memory in which all intermediate values lie, each while it is needed."""

from __future__ import annotations

import heapq
from collections.abc import Hashable

ALIGNMENT = 64


class Arena:
    """Gives out places in a block; a place is given again when the value in it is not needed.

    Attributes:
        size: bytes of the block, known when :meth:`settle` has run.
        offsets: where each thing lies.
    """

    def __init__(self) -> None:
        self.size = 0
        self.offsets: dict[Hashable, int] = {}
        self._wanted: dict[Hashable, tuple[int, int, int]] = {}

    def ask(self, key: Hashable, size: int, first: int, last: int) -> None:
        """Ask for memory.

        Args:
            key: what it is for.
            size: in bytes.
            first, last: the steps from and to which it is needed, both included.
        """
        self._wanted[key] = (-(-max(size, 1) // ALIGNMENT) * ALIGNMENT, first, last)

    def settle(self) -> None:
        """Decide all places: in the order of first need, each in the smallest gap that fits."""
        ending: list[tuple[int, int, int]] = []  # a heap of (last step, offset, size)
        free: list[tuple[int, int]] = []  # (offset, size), by offset, never touching
        for key, (size, first, last) in sorted(self._wanted.items(), key=lambda item: item[1][1]):
            while ending and ending[0][0] < first:
                _, offset, length = heapq.heappop(ending)
                _release(free, offset, length)
            self.offsets[key] = offset = self._take(free, size)
            heapq.heappush(ending, (last, offset, size))

    def _take(self, free: list[tuple[int, int]], size: int) -> int:
        fitting = [(length, offset) for offset, length in free if length >= size]
        if fitting:
            length, offset = min(fitting)
            place = free.index((offset, length))
            free[place : place + 1] = [(offset + size, length - size)] if length > size else []
            return offset
        if free and sum(free[-1]) == self.size:  # the gap at the end grows
            offset, _ = free.pop()
        else:
            offset = self.size
        self.size = offset + size
        return offset


def _release(free: list[tuple[int, int]], offset: int, size: int) -> None:
    """Add a gap, joined with the gaps that it touches."""
    end = offset + size
    place = sum(start < offset for start, _ in free)
    if place < len(free) and free[place][0] == end:
        end += free.pop(place)[1]
    if place and sum(free[place - 1]) == offset:
        place -= 1
        offset = free.pop(place)[0]
    free.insert(place, (offset, end - offset))
