"""The data of the tutorial: a noisy linear function of three features."""

from __future__ import annotations

import flambeau as fb

FEATURES, HIDDEN, OBSERVATIONS, EPOCHS = 3, 32, 100, 200


def make_data(seed: int = 0) -> tuple[fb.Tensor, fb.Tensor]:
    """Features of shape (100, 3) and targets of shape (100, 1)."""
    fb.manual_seed(seed)
    x = fb.randn(OBSERVATIONS, FEATURES)
    y = 0.2 * x[:, 0:1] - 1.3 * x[:, 1:2] - 0.5 * x[:, 2:3] + fb.randn(OBSERVATIONS, 1)
    return x, y


def report(epoch: int, loss: float) -> None:
    """Print every tenth epoch."""
    if epoch % 10 == 0:
        print(f"Epoch: {epoch:4d}   Loss: {loss:.5f}")
