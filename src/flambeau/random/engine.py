"""The Mersenne Twister mt19937, seeded as PyTorch seeds it.

The recurrence itself is NumPy's. What is added is the seeding of the 2002 reference code
(``init_genrand``, multiplier 1812433253), and a view of the 624 state words and the position where
they lie, through which a state is saved and put back in well under a microsecond.

Reference: M. Matsumoto and T. Nishimura, "Mersenne Twister", ACM TOMACS 8(1), 1998.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from math import nan
from typing import Any

import numpy as np

# Words of state; after this many outputs the whole state is replaced by its successor.
STATE_WORDS = 624


class MersenneTwister:
    """A stream of 32-bit outputs.

    Attributes:
        words: ``uint32[625]`` that shares memory with the running generator: the 624 state words,
            and the number of them that have been used up (624: the next output begins a new
            block).
        address: where these words lie, for compiled code that draws from the same stream.
        waiting: one number, the half of a pair of normal samples that is left over; NaN for none.
        waiting_address: where it lies.
        raw: ``raw(n)`` gives the next ``n`` outputs as ``uint64[n]``.

    Example:
        >>> from flambeau.random.engine import MersenneTwister
        >>> MersenneTwister(5489).raw(2).tolist()
        [3499211612, 581869302]
    """

    __slots__ = ("_bits", "address", "raw", "waiting", "waiting_address", "words")

    raw: Callable[[int], np.ndarray]

    def __init__(self, seed: int) -> None:
        # Imported here: numpy.random alone would cost a third of this package's time to import.
        import ctypes

        from numpy.random import MT19937

        self._bits: Any = MT19937(0)
        self.raw = self._bits.random_raw
        # 624 words and an int: the layout is the public interface for foreign code.
        self.address = int(self._bits.ctypes.state_address)
        memory = (ctypes.c_uint32 * (STATE_WORDS + 1)).from_address(self.address)
        self.words = np.frombuffer(memoryview(memory), dtype=np.uint32)
        self.waiting = array("d", [nan])
        self.waiting_address = self.waiting.buffer_info()[0]
        self.seed(seed)

    def seed(self, seed: int) -> None:
        """Start the stream of a seed, of which the lowest 32 bits count."""
        self._bits._legacy_seeding(seed & 0xFFFFFFFF)

    def skip(self, count: int) -> None:
        """Pass over ``count`` outputs."""
        self._bits.random_raw(count, output=False)

    def is_fresh(self, seed: int) -> bool:
        """Whether the state is that of a seed from which nothing has been drawn yet."""
        if self.words[STATE_WORDS] != STATE_WORDS:
            return False
        now = self.words.copy()
        self.seed(seed)
        fresh = bool(np.array_equal(now, self.words))
        self.words[:] = now
        return fresh
