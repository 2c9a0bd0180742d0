"""The figures and programs of the post on losses and optimizers."""

from __future__ import annotations

import pytest

import flambeau as fb
from flambeau import nn
from flambeau.nn import functional as F


def test_loss_as_a_function_and_as_a_module_agree() -> None:
    x, y = fb.randn(3, 2, 3), fb.zeros(3, 2, 3)
    expected = (x.numpy() ** 2).mean()
    assert F.mse_loss(x, y).item() == pytest.approx(expected, rel=1e-6)
    assert nn.MSELoss()(x, y).item() == F.mse_loss(x, y).item()


def test_first_step_of_adam_moves_every_parameter_by_the_rate() -> None:
    """As printed: weights -0.0385 0.1412 -0.5436 become -0.0285 0.1312 -0.5536 or the like."""
    data = fb.randn(1, 3)
    model = nn.Linear(3, 1)
    before = [p.detach().clone() for p in model.parameters()]
    optimizer = fb.optim.Adam(model.parameters(), lr=0.01)
    model(data).backward()
    for p, kept in zip(model.parameters(), before, strict=True):
        assert fb.equal(p, kept)  # backward computes gradients and changes no parameter
    optimizer.step()
    assert optimizer.param_groups[0]["params"][0] is model.weight
    for p, kept in zip(model.parameters(), before, strict=True):
        moved = (p.detach() - kept).numpy()
        assert moved == pytest.approx(-0.01 * p.grad.sign().numpy(), rel=1e-3)


def test_tutorial_network_trains() -> None:
    from examples.tutorial import step4_optimizers

    losses = step4_optimizers.train()
    assert len(losses) == 200
    # Recorded with PyTorch 2.13 running the same file (its data and weights are the same bits).
    assert losses[9] == pytest.approx(152.73027, rel=1e-4)
    assert losses[49] == pytest.approx(99.60601, rel=1e-3)
    # At this rate Adam's loss leaps now and then, at epochs that the last bits decide.
    assert min(losses[-20:]) < 50
