"""The figures printed in the autograd post."""

from __future__ import annotations

import pytest

import flambeau as fb


def test_gradient_of_a_mean() -> None:
    x = fb.ones(2, 2, requires_grad=True)
    y = x.mean()
    assert y.grad_fn.name() == "MeanBackward0"
    y.backward()
    assert x.grad.tolist() == [[0.25, 0.25], [0.25, 0.25]]


@pytest.fixture
def graph() -> dict[str, fb.Tensor]:
    x1 = fb.ones(2, 2, requires_grad=True)
    x2 = fb.tensor(1.1, requires_grad=True)
    y = x1 * (x2 + 2)
    z = y.pow(2) * 3
    out = z.mean()
    return {"x1": x1, "x2": x2, "y": y, "z": z, "out": out}


def test_names_along_the_graph(graph: dict[str, fb.Tensor]) -> None:
    node = graph["out"].grad_fn
    names = [node.name()]
    for _ in range(3):
        node = node.next_functions[0][0]
        names.append(node.name())
    assert names == ["MeanBackward0", "MulBackward0", "PowBackward0", "MulBackward0"]
    left, right = (edge[0] for edge in node.next_functions)
    assert left.name() == "torch::autograd::AccumulateGrad"
    assert left.variable is graph["x1"]
    assert right.name() == "AddBackward0"
    assert right.next_functions[0][0].name() == "torch::autograd::AccumulateGrad"
    assert right.next_functions[0][0].variable is graph["x2"]


def test_gradients_inside_the_graph(graph: dict[str, fb.Tensor]) -> None:
    graph["y"].retain_grad()
    graph["z"].retain_grad()
    graph["out"].backward()
    assert graph["z"].grad.tolist() == [[0.25] * 2] * 2
    assert graph["y"].grad.numpy() == pytest.approx(4.65, rel=1e-6)
    assert graph["x2"].grad.item() == pytest.approx(18.6, rel=1e-6)
    assert graph["x1"].grad.numpy() == pytest.approx(14.415, rel=1e-6)


def test_network_of_bare_tensors_learns() -> None:
    from examples.tutorial import step1_tensors, step2_autograd, step3_modules

    by_hand, recorded = step1_tensors.train(), step2_autograd.train()
    assert len(by_hand) == 200
    assert by_hand[-1] < 0.5 * by_hand[0]
    assert recorded == pytest.approx(by_hand, rel=1e-4)
    layered = step3_modules.train()
    assert layered[-1] < layered[0]
