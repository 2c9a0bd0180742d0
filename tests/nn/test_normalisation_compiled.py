"""Running statistics, which change in training, under `compile`."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb

RANDOM = np.random.default_rng(0)
BATCHES = [fb.tensor(RANDOM.normal(1.0, 2.0, (6, 3, 5))) for _ in range(4)]

LAYERS = {
    "batch norm": lambda: fb.nn.BatchNorm1d(3),
    "mean of all batches": lambda: fb.nn.BatchNorm1d(3, momentum=None),
    "instance norm": lambda: fb.nn.InstanceNorm1d(3, affine=True, track_running_stats=True),
    "group norm": lambda: fb.nn.GroupNorm(3, 3),
    "layer norm": lambda: fb.nn.LayerNorm([3, 5]),
    "rms norm": lambda: fb.nn.RMSNorm(5),
}


def trained(make, wrap):
    """Losses, and the whole state afterwards, of some training and some evaluation."""
    fb.manual_seed(0)
    model = fb.nn.Sequential(fb.nn.Linear(5, 5), make(), fb.nn.Tanh(), fb.nn.Linear(5, 1)).double()
    optimizer = fb.optim.SGD(model.parameters(), lr=0.1)

    def step(x):
        optimizer.zero_grad()
        loss = (model(x) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss

    step, evaluate = wrap(step), wrap(lambda x: model(x).sum())
    seen = [step(x).item() for x in BATCHES]
    model.eval()
    seen += [evaluate(x).item() for x in BATCHES]
    model.train()
    seen += [step(x).item() for x in BATCHES]
    return seen, model.state_dict()


@pytest.mark.parametrize("name", LAYERS)
def test_compiled_equals_eager(name):
    compiled, state = trained(LAYERS[name], fb.compile)
    eager, expected = trained(LAYERS[name], lambda function: function)
    np.testing.assert_allclose(compiled, eager, rtol=1e-11)
    assert list(state) == list(expected)
    for key, value in expected.items():
        np.testing.assert_allclose(state[key].numpy(), value.numpy(), rtol=1e-11, atol=1e-14)


def test_a_changed_momentum_is_seen():
    layer = fb.nn.BatchNorm1d(1)
    step = fb.compile(lambda x: layer(x).sum())
    x = fb.tensor([[1.0], [3.0]])
    step(x)
    assert layer.running_mean.item() == pytest.approx(0.2)
    layer.momentum = 1.0
    step(x)
    assert layer.running_mean.item() == 2.0
    assert layer.num_batches_tracked.item() == 2


def test_the_compiled_step_is_native():
    model = fb.nn.Sequential(fb.nn.BatchNorm1d(3), fb.nn.LayerNorm(3), fb.nn.GroupNorm(1, 3))

    @fb.compile
    def step(x):
        loss = model(x).square().sum()
        loss.backward()
        return loss

    step(fb.randn(4, 3))
    assert "operations through NumPy: none" in str(step.report())
