"""The random streams that code may draw from: flambeau's, Python's and NumPy's, of one process."""

from __future__ import annotations

import random as python_random
from typing import Any

import numpy as np

from flambeau.tensor.construction import from_numpy
from flambeau.tensor.generator import default_generator


def streams() -> dict[str, Any]:
    """The states of the process's streams, in plain containers that a checkpoint can hold."""
    version, words, normal = python_random.getstate()
    kind, keys, place, has_normal, cached = np.random.get_state()
    return {
        "flambeau": default_generator.get_state(),
        "python": (version, from_numpy(np.array(words, np.int64)), normal),
        "numpy": (str(kind), from_numpy(np.array(keys)), place, has_normal, cached),
    }


def set_streams(states: dict[str, Any]) -> None:
    """Let the process's streams continue from what :func:`streams` gave."""
    version, words, normal = states["python"]
    kind, keys, place, has_normal, cached = states["numpy"]
    default_generator.set_state(states["flambeau"])
    python_random.setstate((version, tuple(words.tolist()), normal))
    np.random.set_state((kind, keys.numpy(), place, has_normal, cached))


def same_streams(a: dict[str, Any], b: dict[str, Any]) -> bool:
    """Whether nothing was drawn between two states."""
    return (
        np.array_equal(a["flambeau"]._array, b["flambeau"]._array)
        and a["python"][2] == b["python"][2]
        and np.array_equal(a["python"][1]._array, b["python"][1]._array)
        and a["numpy"][2:] == b["numpy"][2:]
        and np.array_equal(a["numpy"][1]._array, b["numpy"][1]._array)
    )


def seed_streams(seed: int, worker: int) -> None:
    """Seed a worker's streams: flambeau's and Python's with the seed, NumPy's apart from them.

    Args:
        seed: the worker's own, the loader's base seed + the worker's number.
        worker: its number.
    """
    base = seed - worker
    python_random.seed(seed)
    default_generator.manual_seed(seed)
    entropy = np.random.SeedSequence([worker, base & 0xFFFFFFFF, base >> 32, 0])
    np.random.seed(entropy.generate_state(4))
