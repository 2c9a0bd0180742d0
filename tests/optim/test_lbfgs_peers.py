"""L-BFGS beside PyTorch's: the same losses at every evaluation, the same state."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers


def rosenbrock(lib, params):
    w = lib.cat([p.reshape(-1) for p in params])
    return (100 * (w[1:] - w[:-1] ** 2) ** 2 + (1 - w[:-1]) ** 2).sum()


def waves(lib, params):
    """Negative curvature in many places."""
    return sum((p.sin() * p + 0.05 * p * p).sum() for p in params)


def quadratic(lib, params):
    return sum((p * p * (i + 1) + p).sum() for i, p in enumerate(params))


OPTIONS = [
    {"line_search_fn": "strong_wolfe"},
    {"line_search_fn": "strong_wolfe", "max_iter": 4, "history_size": 2},
    {"line_search_fn": "strong_wolfe", "max_eval": 3},
    {"line_search_fn": "strong_wolfe", "lr": 0.1},
    {"lr": 0.01},
    {"lr": 0.01, "max_iter": 1},
    {"lr": 0.01, "history_size": 3, "max_eval": 7},
]


def run(lib, function, options, steps=6):
    random = np.random.default_rng(3)
    params = [lib.tensor(random.standard_normal(s) * 0.7).requires_grad_() for s in ((2, 2), (3,))]
    optimizer = lib.optim.LBFGS(params, **options)
    losses = []

    def closure():
        optimizer.zero_grad()
        loss = function(lib, params)
        loss.backward()
        losses.append(loss.item())
        return loss

    for _ in range(steps):
        losses.append(optimizer.step(closure).item())
    return losses, params, optimizer


@pytest.mark.parametrize("options", OPTIONS, ids=range(len(OPTIONS)))
@pytest.mark.parametrize("function", [rosenbrock, waves, quadratic])
def test_same_path(function, options: dict) -> None:
    # Without a line search the waves are chaotic: rounding decides soon.
    steps = 2 if function is waves and "line_search_fn" not in options else 6
    ours, params, mine = run(fb, function, options, steps)
    theirs, others, peer = run(torch, function, options, steps)
    assert len(ours) == len(theirs)
    np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-9)
    for p, q in zip(params, others, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-6, atol=1e-8)
    state, other = mine.state[params[0]], peer.state[others[0]]
    assert set(other) - {"al"} == set(state)
    for key in ("func_evals", "n_iter"):
        assert state[key] == other[key]
    assert len(state["old_dirs"]) == len(other["old_dirs"])
    assert mine.defaults == peer.defaults


def test_saved_state_changes_hands() -> None:
    options = {"line_search_fn": "strong_wolfe", "max_iter": 5}
    _, others, peer = run(torch, rosenbrock, options, 2)
    _, params, mine = run(fb, rosenbrock, options, 1)

    def ours(value):
        if isinstance(value, torch.Tensor):
            return fb.tensor(value.numpy())
        return [ours(x) for x in value] if isinstance(value, list) else value

    saved = peer.state_dict()
    saved["state"] = {0: {k: ours(v) for k, v in saved["state"][0].items()}}
    mine.load_state_dict(saved)
    with fb.no_grad():
        for p, q in zip(params, others, strict=True):
            p.copy_(fb.tensor(q.detach().numpy()))
    for lib, tensors, optimizer in ((fb, params, mine), (torch, others, peer)):

        def closure(lib=lib, tensors=tensors, optimizer=optimizer):
            optimizer.zero_grad()
            loss = rosenbrock(lib, tensors)
            loss.backward()
            return loss

        optimizer.step(closure)
    for p, q in zip(params, others, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-8)


def test_complex_parameters() -> None:
    found = []
    for lib in (fb, torch):
        w = lib.tensor([1 + 2j, -3j], dtype=lib.complex128).requires_grad_()
        optimizer = lib.optim.LBFGS([w], line_search_fn="strong_wolfe", max_iter=5)

        def closure(w=w, optimizer=optimizer):
            optimizer.zero_grad()
            loss = ((w - (0.5 - 1j)).abs() ** 4).sum()
            loss.backward()
            return loss

        optimizer.step(closure)
        found.append(w.detach().numpy())
    np.testing.assert_allclose(*found, rtol=1e-8)
