"""Second and higher derivatives through compiled functions, asked for by eager code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import flambeau as fb
from flambeau import nn
from flambeau.compiler.run import dispatch

Wrap = Callable[[Any], Any]
X = fb.linspace(-1, 1, 15, dtype=fb.float64).reshape(5, 3).cos()


def agree(run: Callable[[Wrap], list[fb.Tensor]]) -> None:
    expected, found = run(lambda f: f), run(fb.compile)
    assert len(expected) == len(found)
    for x, y in zip(expected, found, strict=True):
        assert x.shape == y.shape
        assert (x - y).abs().max() <= 1e-12 * (1 + x.abs().max())


def penalised(model: nn.Module, call: Any, steps: int = 3) -> list[fb.Tensor]:
    """A loss with a gradient penalty, as critics are trained with."""
    found = []
    for step in range(steps):
        x = (X + 0.1 * step).requires_grad_()
        y = call(x)
        (slope,) = fb.autograd.grad(y.sum(), x, create_graph=True)
        loss = ((slope.norm(dim=1) - 1) ** 2).mean() + y.mean()
        model.zero_grad()
        loss.backward()
        found += [slope.detach(), x.grad, loss.detach()]
        found += [p.grad.clone() for p in model.parameters() if p.grad is not None]
    return found


LAYERS: dict[str, Callable[[], list[nn.Module]]] = {
    "plain": lambda: [nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1)],
    "dropout": lambda: [nn.Linear(3, 32), nn.Dropout(0.5), nn.Tanh(), nn.Linear(32, 1)],
    "batch norm": lambda: [nn.Linear(3, 8, False), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 1)],
}


@pytest.mark.parametrize("kind", LAYERS)
def test_gradient_penalties_through_a_compiled_module(kind: str) -> None:
    def run(wrap: Wrap) -> list[fb.Tensor]:
        fb.manual_seed(1)
        model = nn.Sequential(*LAYERS[kind]()).double()
        found = penalised(model, wrap(model))
        buffers = [b.double() for b in model.buffers()]
        return [*found, *buffers, fb.get_rng_state().double()]

    agree(run)


@pytest.mark.skipif(not dispatch.is_available(), reason="runs through NumPy here")
def test_the_second_derivative_is_compiled_once() -> None:
    model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1)).double()
    compiled = fb.compile(model)
    penalised(model, compiled, steps=5)
    (specialisation,) = compiled._compiled.all()
    (second,) = specialisation.second.values()
    assert second.calls == 5
    assert second.compute.calls == []


def test_three_derivatives() -> None:
    def run(wrap: Wrap) -> list[fb.Tensor]:
        x = X.clone().requires_grad_()
        value = wrap(lambda x: (x.sin() * x**3).sum())(x)
        found = []
        for _ in range(3):
            (slope,) = fb.autograd.grad(value, x, create_graph=True)
            found.append(slope.detach())
            value = (slope * slope).sum()
        return found

    agree(run)


def test_what_is_detached_stays_so() -> None:
    def run(wrap: Wrap) -> list[fb.Tensor]:
        weight = fb.ones(3, dtype=fb.float64, requires_grad=True)

        @wrap
        def function(x: fb.Tensor, options: dict[str, Any]) -> dict[str, fb.Tensor]:
            with fb.no_grad():
                size = (x * weight).exp()
            return {"a": (x * weight).sin() * options["scale"], "b": x.detach() * weight**3 * size}

        x = X.clone().requires_grad_()
        found = function(x, {"scale": 2.0})
        first = fb.autograd.grad((found["a"] * found["b"]).sum(), [x, weight], create_graph=True)
        second = fb.autograd.grad(sum((g * g).sum() for g in first), [x, weight])
        return [*(g.detach() for g in first), *second]

    agree(run)


def test_one_of_two_results_is_used() -> None:
    def run(wrap: Wrap) -> list[fb.Tensor]:
        x = X.clone().requires_grad_()
        first, _ = wrap(lambda x: (x.sin(), x.cos()))(x)
        (slope,) = fb.autograd.grad(first.sum(), x, create_graph=True)
        (slope * slope).sum().backward()
        return [x.grad]

    agree(run)


def test_arguments_with_a_history_of_their_own() -> None:
    def run(wrap: Wrap) -> list[fb.Tensor]:
        x = X.clone().requires_grad_()
        y = wrap(lambda x: (x * x).sin())(x.exp())
        (slope,) = fb.autograd.grad(y.sum(), x, create_graph=True)
        (slope**2).sum().backward()
        return [x.grad]

    agree(run)


def test_other_calls_in_between_do_not_matter() -> None:
    """Running statistics change at every call; the backward pass of a call does not read them."""

    def run(wrap: Wrap) -> list[fb.Tensor]:
        fb.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1)).double()
        call = wrap(model)
        x, y = X.clone().requires_grad_(), (X * 2).requires_grad_()
        first, second = call(x), call(y)
        slopes = fb.autograd.grad((first * second).sum(), [x, y], create_graph=True)
        sum((g * g).sum() for g in slopes).backward()
        return [x.grad, y.grad, *[b.double() for b in model.buffers()]]

    agree(run)


def test_what_was_changed_meanwhile_is_an_error() -> None:
    weight = fb.ones(3, requires_grad=True)
    x = fb.ones(3)
    y = fb.compile(lambda x: x.sin() * weight)(x)
    x.add_(1)
    with pytest.raises(RuntimeError, match="needs what was changed"):
        fb.autograd.grad(y.sum(), weight, create_graph=True)


def test_what_the_function_itself_changes_is_an_error() -> None:
    weight = fb.ones(3, requires_grad=True)
    y = fb.compile(lambda x: x.mul_(2) * weight)(fb.ones(3))
    with pytest.raises(RuntimeError, match="or by the function itself"):
        fb.autograd.grad(y.sum(), weight, create_graph=True)


def test_another_mode_since_is_an_error() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5))
    y = fb.compile(model)(fb.ones(2, 3))
    model.eval()
    with pytest.raises(RuntimeError, match="is not what it was when it ran"):
        fb.autograd.grad(y.sum(), model[0].weight, create_graph=True)


def test_going_backward_twice_needs_retain_graph() -> None:
    weight = fb.ones(3, requires_grad=True)
    y = fb.compile(lambda x: (x * weight**3).sum())(fb.ones(3))
    fb.autograd.grad(y, weight, create_graph=True, retain_graph=False)
    with pytest.raises(RuntimeError, match="the graph was already used"):
        fb.autograd.grad(y, weight)
