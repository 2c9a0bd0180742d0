"""Step 1: nothing but tensors. Every gradient is worked out by hand.

Run it with ``python -m examples.tutorial.step1_tensors``.
"""

from __future__ import annotations

import flambeau as fb
from examples.pictures import save_curves
from examples.tutorial.data import EPOCHS, FEATURES, HIDDEN, make_data, report


def train(epochs: int = EPOCHS, rate: float = 1e-4) -> list[float]:
    """Gradient descent on a network of one hidden layer; returns the losses."""
    x, y = make_data()
    w1, b1 = fb.randn(FEATURES, HIDDEN), fb.zeros(1, HIDDEN)
    w2, b2 = fb.randn(HIDDEN, 1), fb.zeros(1, 1)
    losses = []
    for epoch in range(1, epochs + 1):
        hidden = x.mm(w1) + b1
        active = hidden.clamp(min=0)
        error = active.mm(w2) + b2 - y
        losses.append(error.pow(2).sum().item())
        report(epoch, losses[-1])

        # The chain rule, from the loss back to each weight.
        grad_output = 2 * error  # (100, 1)
        grad_w2 = active.t().mm(grad_output)
        grad_b2 = grad_output.sum(dim=0, keepdim=True)
        grad_hidden = grad_output.mm(w2.t())  # (100, 32)
        grad_hidden[hidden < 0] = 0
        grad_w1 = x.t().mm(grad_hidden)
        grad_b1 = grad_hidden.sum(dim=0, keepdim=True)

        for weight, gradient in ((w1, grad_w1), (b1, grad_b1), (w2, grad_w2), (b2, grad_b2)):
            weight.sub_(rate * gradient)
    return losses


if __name__ == "__main__":
    print("saved", save_curves("tutorial_step1", "Gradients by hand", {"loss": train()}))
