"""Step 2: the same network; ``backward()`` works out the gradients.

Run it with ``python -m examples.tutorial.step2_autograd``.
"""

from __future__ import annotations

import flambeau as fb
from examples.pictures import save_curves
from examples.tutorial.data import EPOCHS, FEATURES, HIDDEN, make_data, report


def train(epochs: int = EPOCHS, rate: float = 1e-4) -> list[float]:
    """Gradient descent with recorded operations; returns the losses."""
    x, y = make_data()
    w1 = fb.randn(FEATURES, HIDDEN, requires_grad=True)
    b1 = fb.zeros(1, HIDDEN, requires_grad=True)
    w2 = fb.randn(HIDDEN, 1, requires_grad=True)
    b2 = fb.zeros(1, 1, requires_grad=True)
    losses = []
    for epoch in range(1, epochs + 1):
        prediction = x.mm(w1).add(b1).clamp(min=0).mm(w2).add(b2)
        loss = (prediction - y).pow(2).sum()
        losses.append(loss.item())
        report(epoch, losses[-1])
        loss.backward()
        with fb.no_grad():  # the update itself is not part of the function
            for weight in (w1, b1, w2, b2):
                weight.sub_(rate * weight.grad)
                weight.grad.zero_()  # gradients add up otherwise
    return losses


if __name__ == "__main__":
    print("saved", save_curves("tutorial_step2", "Gradients by autograd", {"loss": train()}))
