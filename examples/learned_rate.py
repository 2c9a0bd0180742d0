"""A learning rate found by gradient descent: training steps are differentiated themselves.

The loss on held-out data after a few steps of Adam is a function of Adam's learning rate. Updates
of transformations can be differentiated like any other computation: that function has a gradient.

    python -m examples.learned_rate
"""

from __future__ import annotations

import numpy as np

import flambeau as fb
from flambeau.optim import transform

Tensor = fb.Tensor
INNER = 8  # training steps whose outcome is differentiated


def data() -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Points of a linear law with noise, for training and for validation."""
    random = np.random.default_rng(0)
    law = random.standard_normal(5)

    def draw(count: int) -> tuple[Tensor, Tensor]:
        x = random.standard_normal((count, 5))
        return fb.tensor(x), fb.tensor(x @ law + 0.1 * random.standard_normal(count))

    return draw(40), draw(20)


def loss_of(w: Tensor, points: tuple[Tensor, Tensor]) -> Tensor:
    """The mean squared error of a linear model."""
    x, y = points
    return ((x @ w - y) ** 2).mean()


def validation_loss(rate: Tensor) -> Tensor:
    """The loss on held-out points after training with a learning rate."""
    training, validation = data()
    # Above 0, eps_root keeps the root differentiable where a gradient is 0.
    rule = transform.adam(rate, eps_root=1e-12)
    w = fb.zeros(5, dtype=fb.float64, requires_grad=True)
    state = rule.init(w)
    for _ in range(INNER):
        (g,) = fb.autograd.grad(loss_of(w, training), w, create_graph=True)
        updates, state = rule.update(g, state, w)
        w = transform.apply_updates(w, updates)
    return loss_of(w, validation)


def check(at: float = 0.05, step: float = 1e-6) -> tuple[float, float]:
    """The derivative by the learning rate, and the same from two nearby values."""
    rate = fb.tensor(at, dtype=fb.float64, requires_grad=True)
    validation_loss(rate).backward()
    low, high = (validation_loss(fb.tensor(at + d, dtype=fb.float64)).item() for d in (-step, step))
    return rate.grad.item(), (high - low) / (2 * step)


def learn(steps: int = 20, start: float = 0.02) -> tuple[list[float], list[float]]:
    """Improve the learning rate by its gradient; its logarithm is what is learned."""
    log_rate = fb.tensor(np.log(start), requires_grad=True)
    outer = fb.optim.Adam([log_rate], lr=0.3)
    rates, losses = [], []
    for _ in range(steps):
        outer.zero_grad()
        loss = validation_loss(log_rate.exp())
        loss.backward()
        rates.append(log_rate.exp().item())
        losses.append(loss.item())
        outer.step()
    return rates, losses


def main() -> None:
    """Print how the rate and the loss develop."""
    slope, differences = check()
    print(f"d loss / d rate at 0.05: {slope:.8f}; by differences {differences:.8f}")
    for rate, loss in zip(*learn(), strict=True):
        print(f"learning rate {rate:.4f}: validation loss {loss:.4f}")


if __name__ == "__main__":
    main()
