"""Step 3: layers hold the weights and know how to start them.

Run it with ``python -m examples.tutorial.step3_modules``.
"""

from __future__ import annotations

import flambeau as fb
from examples.pictures import save_curves
from examples.tutorial.data import EPOCHS, FEATURES, HIDDEN, make_data, report
from flambeau import nn


def train(epochs: int = EPOCHS, rate: float = 1e-4) -> list[float]:
    """Gradient descent over the parameters of a module; returns the losses."""
    x, y = make_data()
    model = nn.Sequential(nn.Linear(FEATURES, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1))
    losses = []
    for epoch in range(1, epochs + 1):
        loss = (model(x) - y).pow(2).sum()
        losses.append(loss.item())
        report(epoch, losses[-1])
        model.zero_grad()
        loss.backward()
        with fb.no_grad():
            for parameter in model.parameters():
                parameter -= rate * parameter.grad
    return losses


if __name__ == "__main__":
    print("saved", save_curves("tutorial_step3", "Layers", {"loss": train()}))
