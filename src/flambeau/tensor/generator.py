"""`Generator` as users see it: its states are tensors of bytes."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau import random as room
from flambeau.core.errors import message
from flambeau.random import process
from flambeau.random.generator import Generator as Stream
from flambeau.random.process import fork_rng, initial_seed, seed
from flambeau.tensor.device import CPU, check_device
from flambeau.tensor.dispatch import wrap
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.tensor import Tensor


class Generator(Stream):
    """A stream of random numbers, the same as PyTorch's CPU generator for the same seed.

    Args:
        device: the CPU.

    Raises:
        RuntimeError: for another device.

    Example:
        >>> import flambeau as fb
        >>> g = fb.Generator().manual_seed(0)
        >>> fb.rand(2, generator=g)
        tensor([0.4963, 0.7682])
    """

    def __init__(self, device: Any = "cpu") -> None:
        check_device("Generator", device)
        super().__init__("cpu")

    @property
    def device(self) -> Any:
        """Where the numbers are made: the CPU."""
        return CPU

    def manual_seed(self, seed: int) -> Generator:
        _check_recording("manual_seed")
        super().manual_seed(seed)
        return self

    def snapshot(self) -> room.Snapshot:
        _check_recording("the state of a generator")
        return super().snapshot()

    def restore(self, snapshot: room.Snapshot) -> None:
        _check_recording("setting the state of a generator")
        super().restore(snapshot)

    def get_state(self) -> Tensor:
        """The state as 5056 bytes in PyTorch's layout.

        Example:
            >>> import flambeau as fb
            >>> fb.Generator().get_state().shape
            torch.Size([5056])
        """
        _check_recording("the state of a generator")
        return wrap(self.state_bytes())

    def set_state(self, new_state: Tensor) -> None:
        """Continue from a state that ``get_state`` returned, PyTorch's own for instance.

        Args:
            new_state: 5056 bytes.

        Raises:
            TypeError: if it is not a tensor of bytes.
            RuntimeError: if it is not a state. The stream is as it was then.

        Example:
            >>> import flambeau as fb
            >>> g = fb.Generator()
            >>> state = g.get_state(); first = fb.rand(3, generator=g)
            >>> g.set_state(state)
            >>> bool((fb.rand(3, generator=g) == first).all())
            True
        """
        if not isinstance(new_state, Tensor):
            raise TypeError(
                message(
                    "set_state: not a tensor",
                    expected="a tensor of bytes that get_state() returned",
                    got=type(new_state).__name__,
                )
            )
        self.load_state_bytes(np.ascontiguousarray(new_state._array))


def _check_recording(what: str) -> None:
    """Refuse what happens to a stream while a function is recorded: it would not happen again."""
    if MODE.code & INTERPRETED:
        MODE.interpreter.refuse_state(what)


# The process's own stream is one object, whoever got hold of it before tensors existed; from here
# on it speaks of tensors too.
default_generator = process.default_generator
default_generator.__class__ = Generator


def manual_seed(seed: Any) -> Generator:
    """Seed the process's generator, which draws wherever none is given, and return it.

    Args:
        seed: an integer in [-2**63, 2**64).

    Raises:
        ValueError: out of range.

    Example:
        >>> import flambeau as fb
        >>> _ = fb.manual_seed(0)
        >>> fb.rand(2)
        tensor([0.4963, 0.7682])
    """
    return default_generator.manual_seed(int(seed))  # type: ignore[return-value]


def get_rng_state() -> Tensor:
    """The state of the process's generator, as 5056 bytes in PyTorch's layout.

    Example:
        >>> import flambeau as fb
        >>> fb.get_rng_state().dtype
        torch.uint8
    """
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Let the process's generator continue from a state that ``get_rng_state`` returned.

    Args:
        new_state: 5056 bytes.

    Raises:
        TypeError: if it is not a tensor of bytes.
        RuntimeError: if it is not a state.

    Example:
        >>> import flambeau as fb
        >>> state = fb.get_rng_state(); first = fb.rand(3)
        >>> fb.set_rng_state(state)
        >>> bool((fb.rand(3) == first).all())
        True
    """
    default_generator.set_state(new_state)


# PyTorch's names for them stand in ``flambeau.random`` too, the room that knows no tensors.
room.get_rng_state = get_rng_state  # type: ignore[attr-defined]
room.set_rng_state = set_rng_state  # type: ignore[attr-defined]

__all__ = [
    "Generator", "default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed",
    "seed", "set_rng_state",
]  # fmt: skip
