"""`Generator`: one random stream, seeded, consumed and saved as PyTorch's CPU generator is."""

from __future__ import annotations

import operator
import os
from functools import cached_property
from math import nan
from typing import Any, NamedTuple

import numpy as np

from flambeau.core.errors import message
from flambeau.core.locks import reentrant_lock
from flambeau.random.engine import STATE_WORDS, MersenneTwister
from flambeau.random.state_layout import State, pack, unpack

# The seed of a generator that was given none.
DEFAULT_SEED = 67280421310721


class Snapshot(NamedTuple):
    """A generator's whole state as it was; opaque, for `Generator.restore`."""

    seed: int
    words: np.ndarray
    cached_normal: float | None
    cached_float_normal: float | None


class Generator:
    """A stream of random numbers that equals that of PyTorch's CPU generator for the same seed.

    x_{k+1} = mt19937(x_k), started by `init_genrand(seed mod 2**32)`. A new generator starts at
    seed 67280421310721.

    Two threads may draw from one generator: each draw takes `lock` and gets a contiguous part of
    the stream.

    Args:
        device: ``"cpu"``.

    Raises:
        RuntimeError: another device.

    Example:
        >>> from flambeau.random import Generator, uniform
        >>> generator = Generator().manual_seed(0)
        >>> uniform(generator, (2,), "float32").tolist()
        [0.49625658988952637, 0.7682217955589294]
    """

    # PyTorch's layout has room for a single-precision one; it is carried along, never made.
    cached_float_normal: float | None = None

    def __init__(self, device: Any = "cpu") -> None:
        if getattr(device, "type", device) != "cpu":
            text = message(
                "Generator: no such device", expected="device 'cpu'", got=f"device {device!r}"
            )
            raise RuntimeError(text)
        self._seed = DEFAULT_SEED
        self.lock = reentrant_lock()

    @cached_property
    def engine(self) -> MersenneTwister:
        """The source of 32-bit outputs, made when it is first needed; take `lock` around it."""
        return MersenneTwister(self._seed)

    @property
    def cached_normal(self) -> float | None:
        """The second half of the last pair of normal samples, see `normals.standard_normals`."""
        sample = self.engine.waiting[0]
        return sample if sample == sample else None

    @cached_normal.setter
    def cached_normal(self, sample: float | None) -> None:
        self.engine.waiting[0] = nan if sample is None else sample

    @property
    def device(self) -> Any:
        """Where the numbers come to be: ``"cpu"``."""
        return "cpu"

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of a seed, and forget a normal sample that is waiting.

        Args:
            seed: an integer in [-2**63, 2**64); taken modulo 2**64. Its lowest 32 bits select the
                stream.

        Raises:
            RuntimeError: not an integer.
            ValueError: out of range.

        Example:
            >>> from flambeau.random import Generator
            >>> Generator().manual_seed(-1).initial_seed()
            18446744073709551615
        """
        value = checked_seed(seed)
        with self.lock:
            self._seed = value
            self.engine.seed(value)
            self.cached_normal = self.cached_float_normal = None
        return self

    def seed(self) -> int:
        """Start at a seed that cannot be foreseen, and return it.

        Example:
            >>> from flambeau.random import Generator
            >>> generator = Generator()
            >>> generator.seed() == generator.initial_seed()
            True
        """
        value = unforeseeable_seed()
        self.manual_seed(value)
        return value

    def initial_seed(self) -> int:
        """The seed this stream was started from, in [0, 2**64).

        Example:
            >>> from flambeau.random import Generator
            >>> Generator().initial_seed()
            67280421310721
        """
        return self._seed

    # -- saving and restoring

    def snapshot(self) -> Snapshot:
        """The whole state, cheaply, to return to with `restore`.

        Example:
            >>> from flambeau.random import Generator, uniform
            >>> generator = Generator()
            >>> before = generator.snapshot()
            >>> first = uniform(generator, (3,))
            >>> generator.restore(before)
            >>> bool((uniform(generator, (3,)) == first).all())
            True
        """
        with self.lock:
            words = self.engine.words.copy()
            return Snapshot(self._seed, words, self.cached_normal, self.cached_float_normal)

    def restore(self, snapshot: Snapshot) -> None:
        """Return to the state of a snapshot, of this generator or of another one."""
        with self.lock:
            self._seed = snapshot.seed
            self.engine.words[:] = snapshot.words
            self.cached_normal = snapshot.cached_normal
            self.cached_float_normal = snapshot.cached_float_normal

    def state_bytes(self) -> np.ndarray:
        """The state as ``uint8[5056]`` in PyTorch's layout.

        Example:
            >>> from flambeau.random import Generator
            >>> Generator().state_bytes().shape
            (5056,)
        """
        with self.lock:
            words = self.engine.words.copy()
            state = State(
                self._seed,
                words,
                self.engine.is_fresh(self._seed),
                self.cached_normal,
                self.cached_float_normal,
            )
        return pack(state)

    def load_state_bytes(self, data: np.ndarray) -> None:
        """Continue from a state in PyTorch's layout, one of PyTorch's own for instance.

        Args:
            data: ``uint8[5056]``.

        Raises:
            TypeError: not bytes.
            RuntimeError: another size, or not a state. Nothing has changed then.
        """
        state = unpack(data)
        self.restore(Snapshot(state.seed, state.words, state.normal, state.float_normal))

    def get_state(self) -> Any:
        """The state as ``uint8[5056]``, see `state_bytes`."""
        return self.state_bytes()

    def set_state(self, new_state: Any) -> Generator:
        """Continue from a state that `get_state` returned, see `load_state_bytes`."""
        self.load_state_bytes(new_state)
        return self

    def clone_state(self) -> Generator:
        """A second generator that will draw what this one would.

        Example:
            >>> from flambeau.random import Generator, uniform
            >>> generator = Generator().manual_seed(3)
            >>> twin = generator.clone_state()
            >>> bool((uniform(generator, (5,)) == uniform(twin, (5,))).all())
            True
        """
        twin = type(self)()
        twin.restore(self.snapshot())
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ("cpu",), self.state_bytes().tobytes()

    def __setstate__(self, data: bytes) -> None:
        self.load_state_bytes(np.frombuffer(data, np.uint8))

    # -- for compiled code, which may draw on its own

    def peek(self, count: int) -> np.ndarray:
        """The next ``count`` 32-bit outputs as ``uint64[count]``, without consuming them.

        Example:
            >>> from flambeau.random import Generator
            >>> generator = Generator().manual_seed(5489)
            >>> generator.peek(1).tolist(), generator.peek(2).tolist()
            ([3499211612], [3499211612, 581869302])
        """
        with self.lock:
            words = self.engine.words.copy()
            outputs = self.engine.raw(count)
            self.engine.words[:] = words
        return outputs

    def advance(self, count: int) -> None:
        """Consume ``count`` 32-bit outputs.

        Example:
            >>> from flambeau.random import Generator
            >>> generator = Generator().manual_seed(5489)
            >>> generator.advance(1)
            >>> generator.peek(1).tolist()
            [581869302]
        """
        with self.lock:
            self.engine.skip(count)

    @property
    def position(self) -> int:
        """How many of the block's 624 words have been used; 624 before the first draw."""
        with self.lock:
            return int(self.engine.words[STATE_WORDS])


def checked_seed(seed: Any) -> int:
    """A seed modulo 2**64."""
    try:
        if isinstance(seed, bool):
            raise TypeError
        value = operator.index(seed)
    except TypeError:
        text = message(
            "manual_seed: not an integer", expected="an integer", got=type(seed).__name__
        )
        raise RuntimeError(text) from None
    if not -(2**63) <= value < 2**64:
        text = message(
            "manual_seed: seed out of range", expected="-2**63 <= seed < 2**64", got=str(value)
        )
        raise ValueError(text)
    return value % 2**64


def unforeseeable_seed() -> int:
    """A seed from the system's entropy. 53 bits, so that it survives a trip through a float."""
    return int.from_bytes(os.urandom(8), "little") >> 11
