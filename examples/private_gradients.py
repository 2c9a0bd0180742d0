"""Training with the gradient of each example clipped, and noise added: differentially private SGD.

No example may move the parameters by more than the clipping norm, whatever it says; that takes
the gradient of every example, which ``vmap(grad(loss))`` gives in one pass.

Run it with ``python -m examples.private_gradients``.

Reference: Abadi et al. 2016, Deep Learning with Differential Privacy, algorithm 1.
"""

from __future__ import annotations

from typing import Any

import flambeau as fb
import flambeau.nn.functional as F
from flambeau import func, nn

State = dict[str, fb.Tensor]


def make_data(count: int, seed: int = 0) -> tuple[fb.Tensor, fb.Tensor]:
    """Points in two rings, and which ring they are in."""
    generator = fb.Generator().manual_seed(seed)
    labels = (fb.arange(count) % 2).long()
    radius = 1.0 + labels + 0.15 * fb.randn(count, generator=generator)
    angle = 6.2832 * fb.rand(count, generator=generator)
    return fb.stack([radius * angle.cos(), radius * angle.sin()], 1), labels


def clipped_mean(gradients: State, norm: float) -> State:
    """The mean over examples of gradients that are no longer than ``norm``.

    Args:
        gradients: with the examples along dimension 0.
        norm: what longer gradients are shortened to, all parameters taken together.
    """
    squares = [g.flatten(1).pow(2).sum(1) for g in gradients.values()]
    lengths = fb.stack(squares).sum(0).sqrt()
    factors = (norm / (lengths + 1e-6)).clamp(max=1.0)
    return {
        name: fb.einsum("b,b...->...", factors, g) / g.shape[0] for name, g in gradients.items()
    }


def noisy(gradients: State, scale: float) -> State:
    """Gradients with normal noise added."""
    return {name: g + scale * fb.randn(g.shape) for name, g in gradients.items()}


def train(
    steps: int = 200, batch: int = 128, norm: float = 1.0, noise: float = 0.5, seed: int = 0
) -> tuple[float, float]:
    """Accuracy on fresh data before and after training."""
    fb.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 2))
    predict, state = func.make_functional(model)
    x, y = make_data(2048)
    test_x, test_y = make_data(1000, seed=1)

    def loss(state: State, x: fb.Tensor, y: fb.Tensor) -> fb.Tensor:
        return F.cross_entropy(predict(state, x), y)

    each = fb.vmap(func.grad(loss), in_dims=(None, 0, 0))

    @fb.compile
    def step(state: State, x: fb.Tensor, y: fb.Tensor) -> State:
        gradients = noisy(clipped_mean(each(state, x, y), norm), noise * norm / batch)
        return {name: p - 1.0 * gradients[name] for name, p in state.items()}

    def accuracy(state: State) -> Any:
        return (predict(state, test_x).argmax(1) == test_y).float().mean().item()

    before = accuracy(state)
    for _ in range(steps):
        rows = fb.randint(0, x.shape[0], (batch,))
        state = step(state, x[rows], y[rows])
    return before, accuracy(state)


def main() -> None:
    """Train and print."""
    before, after = train()
    print(f"accuracy on fresh data: {before:.3f} before training, {after:.3f} after")


if __name__ == "__main__":
    main()
