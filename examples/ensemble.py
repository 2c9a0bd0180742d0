"""An ensemble of 64 networks trained at once, and what it knows about what it does not know.

The parameters of all networks are stacked; ``vmap`` over them makes 64 training steps one. Where
there were no data the networks disagree.

Run it with ``python -m examples.ensemble``.
"""

from __future__ import annotations

import flambeau as fb
from flambeau import func, nn

NOISE = 0.1


def make_data(count: int = 80) -> tuple[fb.Tensor, fb.Tensor]:
    """Noisy values of a sine; none between -1 and 1."""
    side = (fb.arange(count) % 2) * 2.0 - 1.0
    x = side * (1 + 2 * fb.rand(count))
    return x.unsqueeze(1), (fb.sin(2 * x) + NOISE * fb.randn(count)).unsqueeze(1)


def make_network() -> nn.Module:
    """One member of the ensemble."""
    return nn.Sequential(
        nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1)
    )


class Ensemble:
    """Networks that are trained together.

    Args:
        count: how many.
    """

    def __init__(self, count: int = 64) -> None:
        networks = [make_network() for _ in range(count)]
        self.network = networks[0]
        self.params, _ = func.stack_module_state(networks)
        self.optimizer = fb.optim.Adam(self.params.values(), lr=1e-2)

    def predict(self, x: fb.Tensor) -> fb.Tensor:
        """What each network says: (networks, points, 1)."""
        call = lambda params: func.functional_call(self.network, params, x)  # noqa: E731
        return fb.vmap(call)(self.params)

    def fit(self, x: fb.Tensor, y: fb.Tensor, steps: int) -> None:
        """Train all networks."""

        @fb.compile
        def step() -> fb.Tensor:
            loss = ((self.predict(x) - y) ** 2).mean((1, 2)).sum()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            return loss

        for _ in range(steps):
            step()


def measure(steps: int = 600, count: int = 64, seed: int = 0) -> dict[str, float]:
    """Errors of single networks and of their mean, and their disagreement inside and outside."""
    fb.manual_seed(seed)
    x, y = make_data()
    ensemble = Ensemble(count)
    ensemble.fit(x, y, steps)
    with fb.no_grad():
        seen = fb.cat([fb.linspace(-3, -1, 50), fb.linspace(1, 3, 50)]).unsqueeze(1)
        said = ensemble.predict(seen)
        gap = ensemble.predict(fb.linspace(-0.7, 0.7, 50).unsqueeze(1))
    truth = fb.sin(2 * seen)
    return {
        "error of one": ((said - truth) ** 2).mean().sqrt().item(),
        "error of the mean": ((said.mean(0) - truth) ** 2).mean().sqrt().item(),
        "spread with data": said.std(0).mean().item(),
        "spread without data": gap.std(0).mean().item(),
    }


def main() -> None:
    """Train and print."""
    for name, value in measure().items():
        print(f"{name:20} {value:.3f}")


if __name__ == "__main__":
    main()
