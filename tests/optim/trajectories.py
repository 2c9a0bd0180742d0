"""Parameters and gradients that rules are tried on, the same for everybody."""

from __future__ import annotations

import numpy as np

SHAPES = {"w": (3, 4), "b": (5,), "s": (1,), "k": (2, 3, 4)}


def parameters(seed: int = 0, dtype=np.float64) -> dict[str, np.ndarray]:
    """Parameters of several shapes, by name."""
    random = np.random.default_rng(seed)
    return {name: random.standard_normal(shape).astype(dtype) for name, shape in SHAPES.items()}


def gradients(steps: int, seed: int = 1, dtype=np.float64) -> list[dict[str, np.ndarray]]:
    """Gradients of every parameter for each step: random, with some exact zeros, also rows."""
    random = np.random.default_rng(seed)
    found = []
    for step in range(steps):
        tree = {n: random.standard_normal(s).astype(dtype) * 1.5 for n, s in SHAPES.items()}
        tree["w"][0, step % 4] = 0.0
        tree["k"][step % 2] = 0.0
        found.append(tree)
    return found
