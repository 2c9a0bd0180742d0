"""The first step of an optimizer: its state is made once, and recorded once with it."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import pytest

import flambeau as fb

KINDS: dict[str, Any] = {
    "Adam": lambda p: fb.optim.Adam(p, lr=0.1),
    "AdamW": lambda p: fb.optim.AdamW(p, lr=0.1, amsgrad=True),
    "SGD": lambda p: fb.optim.SGD(p, lr=0.1, momentum=0.9),
    "Adafactor": lambda p: fb.optim.Adafactor(p, lr=0.1),
    "NAdam": lambda p: fb.optim.NAdam(p, lr=0.1),
    "Rprop": lambda p: fb.optim.Rprop(p, lr=0.1),
    "ASGD": lambda p: fb.optim.ASGD(p, lr=0.1),
}


def parameters() -> list[fb.Tensor]:
    fb.manual_seed(0)
    made = [fb.randn(3, 4).requires_grad_(), fb.randn(5).requires_grad_()]
    for p in made:
        p.grad = fb.randn(*p.shape)
    return made


@pytest.mark.parametrize("name", KINDS)
def test_one_recording_as_eager_code(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, expected = parameters(), parameters()
    optimizer, other = KINDS[name](ours), KINDS[name](expected)
    step = fb.compile(lambda: optimizer.step())
    for _ in range(4):
        step()
    assert step.recordings == 1
    monkeypatch.setenv("FLAMBEAU_COMPILE", "0")
    for _ in range(4):
        other.step()
    for p, q in zip(ours, expected, strict=True):
        assert fb.allclose(p, q, rtol=1e-5, atol=1e-6)


def test_state_that_is_loaded_or_emptied_later_is_not_missed() -> None:
    (p, q), (a, b) = parameters(), parameters()
    optimizer, other = fb.optim.Adam([p, q], lr=0.1), fb.optim.Adam([a, b], lr=0.1)
    step = fb.compile(lambda: optimizer.step())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        step()
        saved = copy.deepcopy(optimizer.state_dict())
        step()
        optimizer.load_state_dict(saved)
        step()
        optimizer.state.clear()
        step()
        other.step()
        other.step()
        other.load_state_dict(saved)
        other.step()
        other.state.clear()
        other.step()
    assert fb.equal(p, a)
    assert fb.equal(q, b)


def test_parameters_that_get_a_gradient_later() -> None:
    p, q = parameters()
    kept, q.grad = q.grad, None
    optimizer = fb.optim.Adam([p, q], lr=0.1)
    step = fb.compile(lambda: optimizer.step())
    step()
    q.grad = kept
    before = q.detach().clone()
    step()
    step()
    assert optimizer.state[p]["step"].item() == 3
    assert optimizer.state[q]["step"].item() == 2
    assert not fb.equal(q, before)


def test_state_that_update_makes_is_kept() -> None:
    class Counting(fb.optim.Optimizer):
        def __init__(self, params: Any) -> None:
            super().__init__(params, {})

        def update(self, parameter: Any, gradient: Any, state: Any, hyper: Any) -> None:
            if not state:
                state["sum"] = fb.zeros_like(parameter)
            state["sum"].add_(gradient)
            parameter.sub_(state["sum"])

    p = fb.zeros(2, requires_grad=True)
    optimizer = Counting([p])
    p.grad = fb.ones(2)
    optimizer.step()
    optimizer.step()
    assert p.tolist() == [-3.0, -3.0]
