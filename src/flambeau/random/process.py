"""The process's own generator, which every sampler uses that is not given one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flambeau.random.generator import Generator, unforeseeable_seed

default_generator = Generator()
default_generator._seed = unforeseeable_seed()


def resolve(generator: Generator | None) -> Generator:
    """The generator that was given, or the process's own."""
    return default_generator if generator is None else generator


def manual_seed(seed: int) -> Generator:
    """Seed the process's generator, and return it.

    Args:
        seed: an integer in [-2**63, 2**64).

    Raises:
        ValueError: out of range.

    Example:
        >>> from flambeau.random import manual_seed, uniform
        >>> _ = manual_seed(0)
        >>> uniform(None, (1,)).tolist()
        [0.49625658988952637]
    """
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Seed the process's generator with a number that cannot be foreseen, and return it."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed that the process's generator was started from."""
    return default_generator.initial_seed()


@contextmanager
def fork_rng(
    devices: Any = None,
    enabled: bool = True,
    *,
    device_type: str = "cpu",
    generator: Generator | None = None,
) -> Iterator[None]:
    """Draw as one likes inside, and leave the stream as it was outside.

    Args:
        devices: other devices whose streams to save; there are none to save.
        enabled: when false, do nothing.
        device_type: ``"cpu"``.
        generator: the stream to keep; the process's own if none is given.

    Example:
        >>> from flambeau.random import fork_rng, manual_seed, uniform
        >>> _ = manual_seed(0)
        >>> with fork_rng():
        ...     inside = uniform(None, (1,))
        >>> bool(uniform(None, (1,)) == inside)
        True

    Differs from PyTorch: any generator can be kept, not the process's own only.
    """
    if not enabled:
        yield
        return
    kept = resolve(generator)
    snapshot = kept.snapshot()
    try:
        yield
    finally:
        kept.restore(snapshot)
