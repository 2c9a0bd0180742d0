"""Line searches and L-BFGS as transformations."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import flambeau as fb
from flambeau.optim import transform as T


def rosenbrock(w):
    return (100 * (w[1:] - w[:-1] ** 2) ** 2 + (1 - w[:-1]) ** 2).sum()


def descend(rule, f, start, steps):
    """The losses before each step, the parameters after the last, and the state."""
    w = fb.tensor(start, dtype=fb.float64)
    state, losses = rule.init(w), []
    for _ in range(steps):
        x = w.detach().requires_grad_()
        value = f(x)
        (g,) = fb.autograd.grad(value, x)
        losses.append(value.item())
        updates, state = rule.update(g, state, w, value=value.detach(), grad=g, value_fn=f)
        w = T.apply_updates(w, updates)
    return losses, w, state


def test_lbfgs_finds_the_minimum() -> None:
    losses, w, _ = descend(T.lbfgs(), rosenbrock, [-1.2, 1.0, -0.5, 2.0], 60)
    np.testing.assert_allclose(w.numpy(), 1, rtol=1e-8)
    assert all(b <= a for a, b in itertools.pairwise(losses))


def test_negative_curvature_never_leads_up() -> None:
    """A pair with y.s < 0 would give the direction -1 for the gradient 2."""
    rule = T.scale_by_lbfgs()
    state = rule.init(fb.zeros(1))
    for g, w in ((1.0, 0.0), (2.0, -1.0)):
        updates, state = rule.update(fb.tensor([g]), state, fb.tensor([w]))
    assert updates.item() > 0
    assert state["weights_memory"].count_nonzero().item() == 0


def test_memory_is_of_limited_size() -> None:
    rule = T.chain(T.scale_by_lbfgs(3), T.scale(-0.01))
    _, _, state = descend(rule, rosenbrock, [-1.2, 1.0], 8)
    assert state["diff_params_memory"][""].shape == (3, 2)
    for s, y, r in zip(
        state["diff_params_memory"][""], state["diff_updates_memory"][""],
        state["weights_memory"], strict=True,
    ):  # fmt: skip
        assert r.item() == pytest.approx(1 / s.dot(y).item(), rel=1e-12)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e3])
def test_zoom_meets_both_conditions(scale: float) -> None:
    rule = T.chain(T.scale(-scale), T.scale_by_zoom_linesearch(40, approx_dec_rtol=None))
    start = fb.tensor([-1.2, 1.0], dtype=fb.float64).requires_grad_()
    value = rosenbrock(start)
    (g,) = fb.autograd.grad(value, start)
    updates, state = rule.update(
        g, rule.init(start), start, value=value, grad=g, value_fn=rosenbrock
    )
    end = (start + updates).detach().requires_grad_()
    after = rosenbrock(end)
    (slope,) = fb.autograd.grad(after, end)
    down = -scale * g
    t = state["learning_rate"].item()
    assert after.item() <= value.item() + 1e-4 * t * down.dot(g).item()
    assert abs(down.dot(slope).item()) <= 0.9 * abs(down.dot(g).item())
    assert state["value"].item() == pytest.approx(after.item(), rel=1e-14)
    np.testing.assert_allclose(state["grad"][""].numpy(), slope.numpy(), rtol=1e-10)
    assert state["decrease_error"].item() == state["curvature_error"].item() == 0


def test_backtracking_meets_its_condition() -> None:
    rule = T.chain(T.sgd(1.0), T.scale_by_backtracking_linesearch(40))
    losses, _, state = descend(rule, rosenbrock, [-1.2, 1.0], 30)
    assert all(b < a for a, b in itertools.pairwise(losses))
    assert 0 < state["learning_rate"].item() < 1


@pytest.mark.parametrize("rule", [
    T.chain(T.sgd(1.0), T.scale_by_backtracking_linesearch(3)),
    T.chain(T.sgd(1.0), T.scale_by_zoom_linesearch(3)),
    T.lbfgs(),
])  # fmt: skip
def test_a_loss_that_is_never_a_number_changes_nothing(rule) -> None:
    w = fb.ones(1, dtype=fb.float64)
    updates, _ = rule.update(
        fb.tensor([1.0]).double(), rule.init(w), w, value=fb.tensor(1.0),
        grad=fb.tensor([1.0]).double(), value_fn=lambda w: w.sum() * math.nan,
    )  # fmt: skip
    assert updates.item() == 0


def test_searches_come_back_into_the_domain() -> None:
    for search in (T.scale_by_backtracking_linesearch(30), T.scale_by_zoom_linesearch(30)):
        rule = T.chain(T.sgd(1e3), search)
        losses, w, _ = descend(rule, lambda w: (-w - (1 - w).log()).sum(), [-5.0], 30)
        assert all(map(math.isfinite, losses))
        assert w.item() == pytest.approx(0, abs=1e-2)


def test_stored_values_are_not_computed_again() -> None:
    calls = []

    def f(w):
        calls.append(1)
        return (w**4).sum()

    rule = T.lbfgs()
    evaluate = T.value_and_grad_from_state(f)
    w = fb.tensor([2.0, -1.0], dtype=fb.float64)
    state = rule.init(w)
    for step in range(4):
        before = len(calls)
        value, g = evaluate(w, state=state)
        assert len(calls) - before == (step == 0)
        assert value.item() == pytest.approx((w**4).sum().item(), rel=1e-14)
        np.testing.assert_allclose(g.numpy(), (4 * w**3).numpy(), rtol=1e-12)
        updates, state = rule.update(g, state, w, value=value, grad=g, value_fn=f)
        w = T.apply_updates(w, updates)


def test_extra_arguments_reach_the_function() -> None:
    rule = T.chain(T.sgd(1.0), T.scale_by_backtracking_linesearch(10))
    w = {"a": fb.ones(2, dtype=fb.float64)}
    updates, _ = rule.update(
        w, rule.init(w), w, value=fb.tensor(6.0), grad=w,
        value_fn=lambda p, scale: (p["a"] ** 2).sum() * scale, scale=3.0,
    )  # fmt: skip
    assert updates["a"].tolist() == [-1.0, -1.0]
