"""L-BFGS: how many evaluations it takes, what it refuses, what saves it from bad values."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest

import flambeau as fb
from flambeau.optim.strong_wolfe import CURVATURE, DECREASE, Point, StrongWolfe, cubic_minimum

optimize = pytest.importorskip("scipy.optimize")


def rosenbrock(w):
    return (100 * (w[1:] - w[:-1] ** 2) ** 2 + (1 - w[:-1]) ** 2).sum()


def regression():
    """A line through points with noise, by its mean squared error."""
    random = np.random.default_rng(0)
    x = np.stack([np.linspace(0, 10, 100), np.ones(100)], 1)
    y = x @ [2.0, 1.0] + random.standard_normal(100)
    a, b = fb.tensor(x), fb.tensor(y)
    return lambda w: ((a @ w - b) ** 2).mean()


PROBLEMS = {
    "rosenbrock 2": (lambda: rosenbrock, np.array([-1.2, 1.0])),
    "rosenbrock 10": (lambda: rosenbrock, np.tile([-1.2, 1.0], 5)),
    "regression": (regression, np.zeros(2)),
}


def closure_of(function, w, optimizer, counts=None):
    def closure():
        optimizer.zero_grad()
        loss = function(w)
        loss.backward()
        if counts is not None:
            counts.append(loss.item())
        return loss

    return closure


def minimize(function, start, steps=1, **options):
    w = fb.tensor(start).requires_grad_()
    optimizer = fb.optim.LBFGS([w], line_search_fn="strong_wolfe", **options)
    counts: list[float] = []
    for _ in range(steps):
        optimizer.step(closure_of(function, w, optimizer, counts))
    return w, counts, optimizer


@pytest.mark.parametrize("name", PROBLEMS)
def test_evaluations_beside_scipy(name: str) -> None:
    make, start = PROBLEMS[name]
    function = make()

    def value_and_gradient(x):
        w = fb.tensor(x).requires_grad_()
        loss = function(w)
        loss.backward()
        return loss.item(), w.grad.numpy()

    peer = optimize.minimize(
        value_and_gradient, start, jac=True, method="L-BFGS-B", options={"maxcor": 10}
    )
    w, counts, _ = minimize(function, start, history_size=10, max_iter=1000)
    reached = next(i for i, value in enumerate(counts, 1) if value <= peer.fun + 1e-9)
    assert reached <= 1.2 * peer.nfev, (reached, peer.nfev)
    np.testing.assert_allclose(w.detach().numpy(), peer.x, rtol=1e-3)


def test_state_lasts_from_step_to_step() -> None:
    """Many short steps take the path of one long one."""
    long, _, _ = minimize(rosenbrock, np.array([-1.2, 1.0]), max_iter=24, max_eval=10**6)
    short, _, optimizer = minimize(
        rosenbrock, np.array([-1.2, 1.0]), steps=8, max_iter=3, max_eval=10**6
    )
    np.testing.assert_allclose(short.detach().numpy(), long.detach().numpy(), rtol=1e-12)
    assert optimizer.state[short]["n_iter"] == 24


def test_pairs_without_curvature_are_left_out() -> None:
    """The function is concave where the descent begins: y.s is negative there."""
    w = fb.tensor([0.3], dtype=fb.float64, requires_grad=True)
    optimizer = fb.optim.LBFGS([w], lr=0.01, max_iter=3)
    losses: list[float] = []
    closure = closure_of(lambda w: (3 * w).cos().sum() * 5, w, optimizer, losses)
    optimizer.step(closure)
    assert optimizer.state[w]["old_dirs"] == []
    assert losses == sorted(losses, reverse=True)
    g = -15 * math.sin(3 * w.item())
    assert g * optimizer.state[w]["d"].item() < 0


def test_oldest_pairs_are_dropped() -> None:
    w, _, optimizer = minimize(rosenbrock, np.tile([-1.2, 1.0], 5), history_size=3, max_iter=15)
    state = optimizer.state[w]
    assert [len(state[k]) for k in ("old_dirs", "old_stps", "ro")] == [3, 3, 3]
    for y, s, r in zip(state["old_dirs"], state["old_stps"], state["ro"], strict=True):
        assert r == pytest.approx(1 / y.dot(s).item(), rel=1e-14)


def test_an_ill_conditioned_quadratic() -> None:
    scales = fb.tensor([1.0, 10.0, 100.0], dtype=fb.float64)
    w, _, _ = minimize(
        lambda w: (scales * w * w).sum(), np.ones(3), max_iter=100, tolerance_change=0
    )
    np.testing.assert_allclose(w.detach().numpy(), 0, atol=1e-8)


@pytest.mark.parametrize("line_search", [None, "strong_wolfe"])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_bad_gradient_changes_nothing(line_search: str | None, bad: float) -> None:
    w = fb.ones(2, dtype=fb.float64, requires_grad=True)
    optimizer = fb.optim.LBFGS([w], line_search_fn=line_search)
    optimizer.step(closure_of(lambda w: (w * fb.tensor([1.0, bad])).sum(), w, optimizer))
    assert w.tolist() == [1.0, 1.0]


def test_a_search_that_leaves_the_domain_comes_back() -> None:
    w, counts, _ = minimize(lambda w: (-w - (1 - w).log()).sum(), np.array([-5.0]), lr=9.0)
    assert any(math.isnan(x) for x in counts)
    assert w.item() == pytest.approx(0, abs=1e-5)


def test_parameters_without_gradient_stay() -> None:
    a, b = (fb.ones(2, dtype=fb.float64, requires_grad=True) for _ in range(2))
    optimizer = fb.optim.LBFGS([a, b])
    optimizer.step(closure_of(lambda a: ((a - 3) ** 2).sum(), a, optimizer))
    np.testing.assert_allclose(a.tolist(), 3)
    assert b.tolist() == [1, 1]


def test_resuming() -> None:
    w, _, first = minimize(rosenbrock, np.array([-1.2, 1.0]), max_iter=5)
    saved = copy.deepcopy(first.state_dict())
    twin = w.detach().clone().requires_grad_()
    second = fb.optim.LBFGS([twin], lr=5.0)
    second.load_state_dict(saved)
    for p, optimizer in ((w, first), (twin, second)):
        optimizer.step(closure_of(rosenbrock, p, optimizer))
    assert w.tolist() == twin.tolist()


def along(f, slope):
    return lambda t: Point(t, f(t), slope(t), fb.zeros(1))


CURVES = {
    "valley": (lambda t: (t - 3) ** 2, lambda t: 2 * (t - 3)),
    "steep": (lambda t: -t * math.exp(-100 * t), lambda t: (100 * t - 1) * math.exp(-100 * t)),
    "waves": (
        lambda t: -t + 0.1 * math.sin(5 * t) + 0.02 * t * t,
        lambda t: -1 + 0.5 * math.cos(5 * t) + 0.04 * t,
    ),
    "far": (lambda t: -t / (t * t + 200), lambda t: (t * t - 200) / (t * t + 200) ** 2),
}


@pytest.mark.parametrize("first", [1e-3, 1.0, 50.0])
@pytest.mark.parametrize("name", CURVES)
def test_line_search_meets_both_conditions(name: str, first: float) -> None:
    f, slope = CURVES[name]
    search = StrongWolfe(along(f, slope), along(f, slope)(0.0), 1.0, 1e-9, 60)
    found = search.find(first)
    assert found.value <= f(0) + DECREASE * found.t * slope(0)
    assert abs(found.slope) <= CURVATURE * abs(slope(0))
    assert search.evaluations < 60


def test_cubic_minimum() -> None:
    cubic = np.polynomial.Polynomial([1.0, -2.0, -1.5, 1.0])
    one, two = (along(cubic, cubic.deriv())(t) for t in (0.0, 3.0))
    (expected,) = [r for r in cubic.deriv().roots() if cubic.deriv(2)(r) > 0]
    for pair in ((one, two), (two, one)):
        assert cubic_minimum(*pair, 0.0, 3.0) == pytest.approx(expected, rel=1e-14)
        assert cubic_minimum(*pair, 0.0, 1.0) == 1.0
    nan = Point(3.0, math.nan, math.nan, fb.zeros(1))
    assert cubic_minimum(one, nan, 0.0, 3.0) == 1.5


def test_errors() -> None:
    w = fb.ones(1, requires_grad=True)
    with pytest.raises(ValueError) as caught:
        fb.optim.LBFGS([w], line_search_fn="armijo")
    assert str(caught.value) == (
        "LBFGS: unknown line_search_fn\n  expected: None, or 'strong_wolfe'\n  got:      'armijo'"
    )
    with pytest.raises(ValueError) as caught:
        fb.optim.LBFGS([{"params": [w]}, {"params": [fb.ones(1, requires_grad=True)]}])
    assert str(caught.value) == (
        "LBFGS: several parameter groups\n"
        "  expected: one group: the approximate Hessian is that of all parameters together\n"
        "  got:      another one"
    )
    with pytest.raises(TypeError) as caught:
        fb.optim.LBFGS([w]).step()
    assert str(caught.value) == (
        "LBFGS: step needs a closure\n"
        "  expected: step(closure), which may evaluate the loss several times\n"
        "  got:      no closure\n"
        "  help:     def closure(): optimizer.zero_grad(); loss = ...; loss.backward(); return loss"
    )


def test_a_compiled_closure_is_recorded_once_for_a_step() -> None:
    def train(wrap):
        w = fb.tensor([-1.2, 1.0], dtype=fb.float64, requires_grad=True)
        optimizer = fb.optim.LBFGS([w], line_search_fn="strong_wolfe")
        closure = wrap(closure_of(rosenbrock, w, optimizer))
        losses = [optimizer.step(closure).item() for _ in range(3)]
        return losses, w, closure

    losses, w, _ = train(lambda closure: closure)
    found, other, closure = train(fb.compile)
    np.testing.assert_allclose(found, losses, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(other.tolist(), w.tolist(), rtol=1e-9)
    assert len(closure.reasons) <= 3, closure.reasons
