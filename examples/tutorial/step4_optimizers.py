"""Step 4: a loss function and Adam. This is how networks are usually trained.

Run it with ``python -m examples.tutorial.step4_optimizers``.
"""

from __future__ import annotations

import flambeau as fb
from examples.pictures import save_curves
from examples.tutorial.data import EPOCHS, FEATURES, HIDDEN, make_data, report
from flambeau import nn
from flambeau.nn import functional as F


def train(epochs: int = EPOCHS, rate: float = 0.08) -> list[float]:
    """Adam on the summed squared error; returns the losses."""
    x, y = make_data()
    model = nn.Sequential(nn.Linear(FEATURES, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1))
    optimizer = fb.optim.Adam(model.parameters(), lr=rate)
    losses = []
    for epoch in range(1, epochs + 1):
        loss = F.mse_loss(model(x), y, reduction="sum")
        losses.append(loss.item())
        report(epoch, losses[-1])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


if __name__ == "__main__":
    print("saved", save_curves("tutorial_step4", "Loss and optimizer", {"loss": train()}))
