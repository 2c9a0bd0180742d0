"""Modules as functions of their state, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau import func, nn


def tied() -> nn.Module:
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    model[1].weight = model[0].weight
    return model


def test_buffers_are_part_of_the_state() -> None:
    norm = nn.BatchNorm1d(2)
    state = {"running_mean": fb.tensor([1.0, 2.0]), "running_var": fb.tensor([4.0, 1.0])}
    x = fb.tensor([[3.0, 2.0]])
    norm.eval()
    found = func.functional_call(norm, state, x)
    np.testing.assert_allclose(found.detach(), [[1.0, 0.0]], atol=1e-4)
    norm.train()
    func.functional_call(norm, state, fb.randn(8, 2))
    assert norm.running_mean.tolist() == [0.0, 0.0]
    assert state["running_mean"].tolist() != [1.0, 2.0]


def test_several_dicts_keywords_and_no_arguments() -> None:
    class Scale(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factor = nn.Parameter(fb.ones(()))
            self.register_buffer("offset", fb.zeros(()))

        def forward(self, x: Any = 1.0, *, power: int = 1) -> fb.Tensor:
            return self.factor * x**power + self.offset

    parts = ({"factor": fb.tensor(2.0)}, {"offset": fb.tensor(10.0)})
    assert func.functional_call(Scale(), parts).item() == 12.0
    assert func.functional_call(Scale(), parts, (3.0,), {"power": 2}).item() == 28.0
    assert func.functional_call(Scale(), parts, 3.0, strict=True).item() == 16.0


def test_make_functional_copies() -> None:
    layer = nn.Linear(2, 1)
    function, state = func.make_functional(layer)
    before = layer.weight.detach().clone()
    state["weight"].zero_()
    assert layer.weight.tolist() == before.tolist()
    assert function(state, fb.ones(3, 2)).shape == (3, 1)
    gradient = func.grad(lambda s: function(s, fb.ones(3, 2)).sum())(state)
    assert gradient["bias"].tolist() == [3.0]
    assert layer.bias.grad is None


def test_batch_norm_under_vmap() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh())
    batches = fb.randn(5, 8, 3)
    with pytest.raises(RuntimeError, match="would get another value in each example"):
        fb.vmap(model)(batches)
    func.replace_all_batch_norm_modules_(model)
    found = fb.vmap(model)(batches)
    for batch, value in zip(batches, found, strict=True):
        np.testing.assert_allclose(value.detach(), model(batch).detach(), rtol=1e-4, atol=1e-5)


ERRORS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (
        lambda: func.functional_call(nn.Linear(2, 1), {"wieght": fb.ones(1, 2)}, fb.ones(2)),
        RuntimeError,
        (
            "functional_call: names do not fit Linear\n"
            "  expected: weight, bias\n"
            "  got:      wieght, which it does not have"
        ),
    ),
    (
        lambda: func.functional_call(
            nn.Linear(2, 1), {"weight": fb.ones(1, 2)}, fb.ones(2), strict=True
        ),
        RuntimeError,
        ("functional_call: names do not fit Linear\n  expected: weight, bias\n  got:      no bias"),
    ),
    (
        lambda: func.functional_call(tied(), ({"0.weight": fb.ones(2, 2)},) * 2, fb.ones(2)),
        ValueError,
        (
            "functional_call: a name is in several dicts\n"
            "  expected: each name once\n"
            "  got:      0.weight"
        ),
    ),
    (
        lambda: func.functional_call(
            tied(), {"0.weight": fb.ones(2, 2), "1.weight": fb.ones(2, 2)}, fb.ones(2)
        ),
        ValueError,
        (
            "functional_call: the names of one shared tensor get different values\n"
            "  expected: one value, or tie_weights=False\n"
            "  got:      0.weight, 1.weight"
        ),
    ),
    (
        lambda: func.stack_module_state([]),
        RuntimeError,
        (
            "stack_module_state: no models\n"
            "  expected: at least one module\n"
            "  got:      an empty list"
        ),
    ),
    (
        lambda: func.stack_module_state([nn.Linear(1, 1), nn.Linear(1, 1).eval()]),
        RuntimeError,
        (
            "stack_module_state: models differ\n"
            "  expected: modules of one class, all in training or all in evaluation mode\n"
            "  got:      Linear in training, Linear in evaluation"
        ),
    ),
    (
        lambda: func.functionalize(lambda x: x, remove="everything"),
        RuntimeError,
        (
            "functionalize: no such thing to remove\n"
            "  expected: 'mutations' or 'mutations_and_views'\n"
            "  got:      'everything'"
        ),
    ),
]


@pytest.mark.parametrize(("call", "kind", "text"), ERRORS)
def test_errors(call: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == text
