"""Functions that put tensors into attributes and dicts: done again at each call, never stale."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import flambeau as fb
from flambeau import nn, optim
from flambeau.compiler.run import dispatch

Wrap = Callable[[Any], Any]
X = fb.linspace(-1, 1, 6, dtype=fb.float64).reshape(2, 3)


@pytest.fixture(autouse=True)
def few_recordings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*was recorded.*")
        yield


class Keeper(nn.Module):
    """Keeps what it has seen last."""

    def __init__(self, keep: Callable[[fb.Tensor], Any]) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3).double()
        self.keep = keep
        self.last: Any = None

    def forward(self, x: fb.Tensor) -> fb.Tensor:
        hidden = self.linear(x).tanh()
        self.last = self.keep(hidden)
        return hidden * 2


def trained(wrap: Wrap, keep: Callable[[fb.Tensor], Any], calls: int = 6) -> tuple[list[Any], Any]:
    fb.manual_seed(0)
    model = Keeper(keep)
    optimizer = optim.SGD(model.parameters(), 0.1)

    @wrap
    def step(x: fb.Tensor) -> fb.Tensor:
        loss = (model(x) ** 2).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    found = []
    for turn in range(calls):
        found += [step(X * (turn + 1)), model.last]
    return [x.detach() for x in found], step


def agree(found: list[fb.Tensor], expected: list[fb.Tensor]) -> None:
    for x, y in zip(found, expected, strict=True):
        assert x.shape == y.shape
        assert (x - y).abs().max() <= 1e-12 * (1 + y.abs().max())


@pytest.mark.parametrize("keep", [lambda h: h.detach(), lambda h: h, lambda h: h.sum(0)])
def test_an_attribute_that_is_replaced_is_recorded_twice_at_most(keep: Any) -> None:
    expected, _ = trained(lambda f: f, keep)
    found, step = trained(fb.compile, keep)
    agree(found, expected)
    assert step.recordings == 2
    assert not dispatch.is_available() or all(p.is_native for p in step.plans.values())


def test_what_is_kept_of_earlier_calls_stays() -> None:
    kept: dict[str, Any] = {"y": fb.zeros(2)}

    @fb.compile
    def step(x: fb.Tensor) -> fb.Tensor:
        kept["y"] = x * 2
        return x + 1

    found = []
    for turn in range(6):
        step(fb.ones(2) * turn)
        found.append(kept["y"])
    assert [x.tolist() for x in found] == [[2.0 * turn] * 2 for turn in range(6)]
    assert step.recordings == 1


@pytest.mark.parametrize("look", [
    lambda old, x: x + old, lambda old, x: x + old.detach(), lambda old, x: x + old[:],
    lambda old, x: x + old.sum(),
], ids=["itself", "detached", "a view", "a sum"])  # fmt: skip
def test_a_tensor_that_is_read_before_it_is_replaced(look: Any) -> None:
    def run(wrap: Wrap) -> list[Any]:
        state = {"h": fb.zeros(2)}

        @wrap
        def step(x: fb.Tensor) -> fb.Tensor:
            state["h"] = look(state["h"], x)
            return state["h"] * 2

        return [(step(fb.ones(2) * turn).tolist(), state["h"].tolist()) for turn in range(6)]

    assert run(fb.compile) == run(lambda f: f)


def test_what_is_assigned_may_be_changed_outside() -> None:
    def run(wrap: Wrap) -> list[Any]:
        state: dict[str, Any] = {"y": fb.zeros(2)}

        @wrap
        def step(x: fb.Tensor) -> fb.Tensor:
            scale = 1.0 if state["y"] is None else 2.0 if state["y"].ndim == 1 else 3.0
            state["y"] = x * scale
            return x * scale

        found = []
        for turn, new in enumerate([None, fb.zeros(2), fb.zeros(2, 2), "keep", None, "keep"]):
            if new != "keep":
                state["y"] = new
            found += [step(fb.ones(2) * turn).tolist(), state["y"].tolist()]
        return found

    assert run(fb.compile) == run(lambda f: f)


def test_a_graph_that_is_kept_runs_as_it_is_written() -> None:
    fb.manual_seed(0)
    model = Keeper(lambda hidden: hidden)
    compiled = fb.compile(model)
    with pytest.warns(UserWarning, match="keeps a tensor whose graph"):
        compiled(X)
    for turn in range(3):
        y = compiled(X * turn)
        assert (y == model.last * 2).all()
        (y.sum() + model.last.sum()).backward()
    assert model.linear.weight.grad is not None


def test_lists_and_new_keys_are_done_again() -> None:
    def run(wrap: Wrap) -> list[Any]:
        history: list[Any] = []
        seen: dict[int, Any] = {}

        @wrap
        def step(x: fb.Tensor) -> fb.Tensor:
            history.append(x * 2)
            seen[len(history)] = x * 3
            return x + 1

        for turn in range(4):
            step(fb.ones(2) * turn)
        return [[x.tolist() for x in history], [x.tolist() for x in seen.values()]]

    assert run(fb.compile) == run(lambda f: f)
