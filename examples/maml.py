"""Learning to learn: a network that fits a new sine wave after one gradient step on ten points.

The outer gradient goes through the inner gradient step, for a whole batch of tasks by ``vmap``.

Run it with ``python -m examples.maml``.

Reference: Finn et al. 2017, Model-Agnostic Meta-Learning, algorithm 2.
"""

from __future__ import annotations

from typing import Any

import flambeau as fb
from flambeau import func, nn

State = dict[str, fb.Tensor]
INNER_RATE = 0.01
POINTS = 10


def make_tasks(count: int) -> tuple[fb.Tensor, ...]:
    """Points to learn from and to be tested on, of waves with random heights and phases.

    Shape: four tensors (count, points, 1).
    """
    height = 0.1 + 4.9 * fb.rand(count, 1, 1)
    phase = 3.1416 * fb.rand(count, 1, 1)
    x, test_x = (10 * fb.rand(count, POINTS, 1) - 5 for _ in range(2))
    return x, height * fb.sin(x + phase), test_x, height * fb.sin(test_x + phase)


class Learner:
    """A network and how it adapts to a task.

    Attributes:
        state: its parameters; training changes them.
    """

    def __init__(self) -> None:
        model = nn.Sequential(
            nn.Linear(1, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 1)
        )
        self.predict, state = func.make_functional(model)
        self.state = {name: p.requires_grad_() for name, p in state.items()}

    def loss(self, state: State, x: fb.Tensor, y: fb.Tensor) -> fb.Tensor:
        """The mean squared error."""
        return ((self.predict(state, x) - y) ** 2).mean()

    def adapted(self, state: State, x: fb.Tensor, y: fb.Tensor) -> State:
        """The parameters after one gradient step on a task."""
        gradients = func.grad(self.loss)(state, x, y)
        return {name: p - INNER_RATE * gradients[name] for name, p in state.items()}

    def after_adapting(self, state: State, *task: fb.Tensor) -> fb.Tensor:
        """The error on a task's test points after learning from its other points."""
        x, y, test_x, test_y = task
        return self.loss(self.adapted(state, x, y), test_x, test_y)

    def over_tasks(self, state: State, tasks: tuple[fb.Tensor, ...]) -> fb.Tensor:
        """The mean of :meth:`after_adapting`."""
        return fb.vmap(self.after_adapting, in_dims=(None, 0, 0, 0, 0))(state, *tasks).mean()

    def train(self, steps: int, tasks_per_step: int = 25) -> None:
        """Learn to adapt."""
        optimizer = fb.optim.Adam(self.state.values(), lr=1e-3)

        @fb.compile
        def step(*tasks: fb.Tensor) -> fb.Tensor:
            loss = self.over_tasks(self.state, tasks)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        for _ in range(steps):
            step(*make_tasks(tasks_per_step))


def measure(steps: int = 5000, seed: int = 0) -> dict[str, Any]:
    """Errors on 200 new tasks, before and after training, before and after one step on the task."""
    fb.manual_seed(seed)
    learner = Learner()
    found = {"adapted, untrained": learner.over_tasks(learner.state, make_tasks(200)).item()}
    learner.train(steps)
    tasks = make_tasks(200)
    plain = fb.vmap(learner.loss, in_dims=(None, 0, 0))(learner.state, *tasks[2:]).mean()
    found["trained, not adapted"] = plain.item()
    found["trained, adapted"] = learner.over_tasks(learner.state, tasks).item()
    return found


def main() -> None:
    """Train and print."""
    for name, value in measure().items():
        print(f"mean squared error, {name:21} {value:.3f}")


if __name__ == "__main__":
    main()
