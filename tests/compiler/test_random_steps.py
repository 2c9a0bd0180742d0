"""Random training steps, and random changes of their surroundings between the calls."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import flambeau as fb
from flambeau import nn, optim
from flambeau.core import trees

Wrap = Callable[[Any], Any]
CALLS = 12
OPTIMIZERS = [
    lambda p: optim.SGD(p, 0.01, momentum=0.9),
    lambda p: optim.Adam(p, 0.01),
    lambda p: optim.AdamW(p, 0.01),
    lambda p: optim.RMSprop(p, 0.01),
]


class Scene:
    """A step that looks at state of many kinds, drawn by lot; and what may happen outside.

    Args:
        seed: decides everything.
        wrap: ``fb.compile``, or nothing.
    """

    def __init__(self, seed: int, wrap: Wrap) -> None:
        fb.manual_seed(seed)
        random = Random(seed)
        layers: list[nn.Module] = [nn.Linear(4, 4), nn.Linear(4, 4)]
        optimizers = OPTIMIZERS
        if random.random() < 0.5:
            # What follows takes the bias away: its gradient is noise, which Adam would enlarge.
            layers.append(nn.BatchNorm1d(4))
            optimizers = OPTIMIZERS[:1]
        if random.random() < 0.4:
            layers.append(nn.Dropout(0.3))
        self.layers = nn.ModuleList(layers).double()
        self.optimizer = random.choice(optimizers)(list(self.layers.parameters()))
        self.chances = [random.random() for _ in range(14)]
        self.mean = fb.zeros(4, dtype=fb.float64)
        self.count = fb.zeros((), dtype=fb.int64)
        self.last = fb.zeros(4, dtype=fb.float64)
        self.scale = 1.5
        self.table = {"shift": fb.ones(4, dtype=fb.float64), "times": 2}
        self.step = wrap(self.compute)

    def compute(self, x: fb.Tensor, y: fb.Tensor, number: float) -> Any:
        chances, hidden = self.chances, x
        for layer in self.layers:
            hidden = layer(hidden).tanh() if chances[0] < 0.5 else layer(hidden)
        if chances[1] < 0.5:
            hidden = hidden * self.scale
        if chances[2] < 0.4:
            self.mean.mul_(0.9).add_(hidden.detach().mean(0))
            hidden = hidden + self.mean
        if chances[3] < 0.4:
            hidden = hidden + fb.randn_like(hidden) * 0.01
        if chances[4] < 0.3:
            hidden = hidden * number
        if chances[5] < 0.3:
            hidden = hidden + self.table["shift"] * self.table["times"]
        if chances[6] < 0.3:
            self.last = hidden.detach().sum(0)
        if chances[7] < 0.2:
            hidden = hidden + self.last * 0.01
        loss = nn.functional.mse_loss(hidden, y)
        if chances[8] < 0.7:
            self.optimizer.zero_grad(set_to_none=chances[9] < 0.6)
        loss.backward()
        if chances[10] < 0.3:
            nn.utils.clip_grad_norm_(self.layers.parameters(), 0.5)
        if chances[11] < 0.8:
            self.optimizer.step()
        self.count.add_(1)
        if chances[12] < 0.2:
            return {"loss": loss, "rest": [hidden.detach()]}
        return (loss, hidden.detach()) if chances[12] < 0.4 else loss

    def happen(self, random: Random) -> None:
        """Something in the surroundings changes."""
        first, second = self.layers[0], self.layers[1]

        def zero_bias() -> None:
            with fb.no_grad():
                first.bias.zero_()

        random.choice([
            lambda: setattr(self, "scale", self.scale + 1),
            lambda: self.optimizer.param_groups[0].update(lr=0.005),
            lambda: first.weight.requires_grad_(not first.weight.requires_grad),
            lambda: self.layers.train(not self.layers.training),
            lambda: self.table.update(times=self.table["times"] + 1),
            lambda: self.table.update(shift=self.table["shift"] * 2),
            lambda: self.table["shift"].add_(1),
            lambda: setattr(second.weight, "data", second.weight.data.clone()),
            zero_bias,
            lambda: self.optimizer.zero_grad(),
            lambda: self.optimizer.load_state_dict(self.optimizer.state_dict()),
            lambda: setattr(self, "mean", fb.ones(4, dtype=fb.float64)),
            lambda: setattr(self, "last", fb.ones(4, dtype=fb.float64)),
            lambda: fb.rand(3),
        ])()  # fmt: skip

    def state(self) -> list[Any]:
        """Everything that a step may have changed."""
        parameters = list(self.layers.parameters())
        tensors = [*parameters, *self.layers.buffers(), self.mean, self.count, self.last]
        found = [np.array(x.detach(), np.float64) for x in tensors]
        found += [None if p.grad is None else np.array(p.grad) for p in parameters]
        return [*found, fb.get_rng_state().numpy()]


def played(seed: int, wrap: Wrap) -> list[Any]:
    scene, random, found = Scene(seed, wrap), Random(seed + 1), []
    for call in range(CALLS):
        if random.random() < 0.4:
            scene.happen(random)
        rows = random.choice([2, 3, 3, 3])
        x = fb.linspace(-1, 1 + 0.1 * call, 4 * rows, dtype=fb.float64).reshape(rows, 4).cos()
        number = random.choice([1, 1, 2.0, 3])
        named = random.random() < 0.3
        result = scene.step(x, x.sin(), number=number) if named else scene.step(x, x.sin(), number)
        found += [np.array(leaf.detach()) for leaf in trees.leaves(result)]
        found += scene.state()
    return found


@settings(max_examples=6, derandomize=True)
@given(st.integers(0, 2**32))
def test_compiled_steps_are_never_stale(seed: int) -> None:
    expected, found = played(seed, lambda f: f), played(seed, fb.compile)
    assert len(expected) == len(found)
    for x, y in zip(expected, found, strict=True):
        if x is None or y is None:
            assert x is y
        else:
            scale = max(1.0, float(np.abs(x).max(initial=0)))
            np.testing.assert_allclose(y, x, rtol=1e-7, atol=1e-7 * scale)
