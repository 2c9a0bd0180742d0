"""A stream of uniforms for samplers that cannot say beforehand how many they need."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType

import numpy as np

from flambeau.random.generator import Generator
from flambeau.random.uniforms import unit53_list

_FIRST_BLOCK, _LARGEST_BLOCK = 16, 2048


class UniformStream:
    """Uniforms of 53 bits, one at a time; a context that holds the generator's lock.

    They are drawn in blocks, which is many times quicker than one by one. When the context is
    left, the generator is as if only those had been drawn that were taken.

    Example:
        >>> from flambeau.random import Generator
        >>> from flambeau.random.rejection import UniformStream
        >>> generator = Generator()
        >>> with UniformStream(generator) as stream:
        ...     taken = [stream.next(), stream.next(), stream.next()]
        >>> twin = Generator()
        >>> twin.advance(6)
        >>> generator.peek(1) == twin.peek(1)
        array([ True])
    """

    def __init__(self, generator: Generator) -> None:
        self.generator = generator
        self._before: np.ndarray | None = None
        self._block: list[float] = []
        self._taken = 0

    def next(self) -> float:
        """The next uniform in [0, 1)."""
        if self._taken == len(self._block):
            self._refill()
        value = self._block[self._taken]
        self._taken += 1
        return value

    def __iter__(self) -> Iterator[float]:
        return iter(self.next, None)

    def _refill(self) -> None:
        engine = self.generator.engine
        self._before = engine.words.copy()
        size = min(max(2 * len(self._block), _FIRST_BLOCK), _LARGEST_BLOCK)
        self._block = unit53_list(self.generator, size)
        self._taken = 0

    def __enter__(self) -> UniformStream:
        self.generator.lock.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None:
            engine = self.generator.engine
            engine.words[:] = self._before
            engine.skip(2 * self._taken)
        self.generator.lock.release()
