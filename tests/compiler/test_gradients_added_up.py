"""Gradients that are there at some calls and not at others, in programs that Python runs."""

import pytest

import flambeau as fb


def trained(compiled, probability):
    fb.manual_seed(0)
    model = fb.nn.Sequential(
        fb.nn.Linear(3, 8), fb.nn.ReLU(), fb.nn.Dropout(probability), fb.nn.Linear(8, 1)
    )
    optimizer = fb.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)

    def backward(x, y):
        loss = (model(x).squeeze(1) - y).square().mean()
        loss.backward()
        return loss.detach()

    def update():
        optimizer.step()
        optimizer.zero_grad()

    if compiled:
        backward, update = fb.compile(backward), fb.compile(update)
    losses = []
    for turn in range(1, 43):
        x = fb.rand(1 if turn % 14 == 0 else 3, 3)
        losses.append(backward(x, x.sum(1)).item())
        if turn % 2 == 0:
            update()
    return losses


@pytest.mark.parametrize("probability", [0.0, 0.3])
def test_two_batches_for_each_update(probability):
    assert trained(True, probability) == pytest.approx(trained(False, probability), rel=1e-5)
