"""Sophia, single examples' gradients, complex parameters as pairs; states by slot."""

from __future__ import annotations

import math

import numpy as np
import pytest

import flambeau as fb
from flambeau.core import trees
from flambeau.optim import transform as T
from flambeau.optim import tree
from tests.optim.trajectories import gradients, parameters


def quartic(p):
    return sum((w**4).sum() * (i + 1) for i, w in enumerate(p.values()))


def test_the_estimate_is_exact_for_separate_elements() -> None:
    params = trees.map(fb.tensor, parameters())
    rule = T.hutchinson_estimator_diag_hessian()
    state = rule.init(params)
    for _ in range(2):
        found, state = rule.update(params, state, params, obj_fn=quartic)
        for i, (k, w) in enumerate(params.items()):
            np.testing.assert_allclose(found[k].numpy(), 12 * (i + 1) * w.numpy() ** 2, rtol=1e-12)


def test_the_estimate_is_right_on_average() -> None:
    a = np.random.default_rng(0).standard_normal((4, 4))
    a = a + a.T
    matrix, w = fb.tensor(a), fb.ones(4, dtype=fb.float64)
    rule = T.hutchinson_estimator_diag_hessian(3)
    state, found = rule.init(w), []
    for _ in range(2000):
        h, state = rule.update(w, state, w, obj_fn=lambda w: w @ matrix @ w / 2)
        found.append(h.numpy())
    error = np.std(found, 0) / np.sqrt(len(found))
    assert (np.abs(np.mean(found, 0) - np.diag(a)) < 5 * error).all()


@pytest.mark.parametrize("threshold", [0.3, None])
def test_sophia(threshold) -> None:
    b1, b2, gamma, interval, eps, decay, rate = 0.9, 0.8, 0.5, 3, 1e-3, 0.1, 0.05
    rule = T.sophia(rate, b1, b2, eps, decay, None, gamma, threshold, interval)
    p = parameters()
    params = trees.map(fb.tensor, p)
    state = rule.init(params)
    m, h = ({k: np.zeros_like(v) for k, v in p.items()} for _ in range(2))
    for t, g in enumerate(gradients(12), 1):
        updates, state = rule.update(trees.map(fb.tensor, g), state, params, obj_fn=quartic)
        for i, k in enumerate(p):
            m[k] = b1 * m[k] + (1 - b1) * g[k]
            u = m[k] / (1 - b1**t) / np.maximum(gamma * h[k], eps)
            u = u if threshold is None else np.clip(u, -threshold, threshold)
            np.testing.assert_allclose(
                updates[k].numpy(), -rate * (u + decay * p[k]), rtol=1e-11, err_msg=f"{t}, {k}"
            )
            if t % interval == 1:
                h[k] = b2 * h[k] + (1 - b2) * 12 * (i + 1) * p[k] ** 2
        params = T.apply_updates(params, updates)
        p = {k: v.numpy() for k, v in params.items()}


def test_sophia_refuses() -> None:
    w = fb.ones(1)
    rule = T.sophia(0.1)
    with pytest.raises(ValueError) as caught:
        rule.update(w, rule.init(w), w)
    assert str(caught.value) == (
        "hutchinson_estimator_diag_hessian: update needs the loss as a function\n"
        "  expected: update(updates, state, params, obj_fn=f)\n"
        "  got:      no obj_fn"
    )


# --- examples one by one ------------------------------------------------------------------------


def test_gradients_of_single_examples() -> None:
    random = np.random.default_rng(0)
    grads = {"a": random.standard_normal((6, 2, 3)), "b": random.standard_normal((6, 4))}
    grads["a"][2], grads["b"][2] = 0, 0
    found, count = T.per_example_global_norm_clip(trees.map(fb.tensor, grads), 2.0)
    norms = [math.sqrt((grads["a"][i] ** 2).sum() + (grads["b"][i] ** 2).sum()) for i in range(6)]
    for k, g in grads.items():
        expected = sum(g[i] * min(1, 2 / max(norms[i], 1e-300)) for i in range(6))
        np.testing.assert_allclose(found[k].numpy(), expected, rtol=1e-12)
    assert count.item() == sum(n > 2 for n in norms)


@pytest.mark.parametrize("uniform", [True, False])
def test_layers_of_single_examples(uniform: bool) -> None:
    random = np.random.default_rng(0)
    grads = {"a": random.standard_normal((5, 2, 3)), "b": random.standard_normal((5, 4))}
    sums, counts = T.per_example_layer_norm_clip(trees.map(fb.tensor, grads), 2.0, uniform)
    for k, size in (("a", 6), ("b", 4)):
        bound = 2.0 * math.sqrt(1 / 2 if uniform else size / 10)
        norms = np.sqrt((grads[k].reshape(5, -1) ** 2).sum(1))
        expected = sum(grads[k][i] * min(1, bound / norms[i]) for i in range(5))
        np.testing.assert_allclose(sums[k].numpy(), expected, rtol=1e-12)
        assert counts[k].item() == (norms > bound).sum()


def test_units() -> None:
    g = fb.tensor([[3.0, 4.0], [0.3, 0.4]])
    found = T.unitwise_clip(T.unitwise_norm(g), fb.ones(2, 1), g)
    np.testing.assert_allclose(found.numpy(), [[0.6, 0.8], [0.3, 0.4]], rtol=1e-6)


# --- complex parameters -----------------------------------------------------------------------


@pytest.mark.parametrize("compiled", [False, True])
def test_complex_parameters_as_pairs(compiled: bool) -> None:
    random = np.random.default_rng(0)
    z, x = random.standard_normal(3) + 1j * random.standard_normal(3), random.standard_normal(2)
    pairs = {"z": fb.tensor(np.stack([z.real, z.imag], -1)).requires_grad_()}
    pairs["x"] = fb.tensor(x).requires_grad_()
    whole = {"z": fb.tensor(z).requires_grad_(), "x": fb.tensor(x).requires_grad_()}
    plain = fb.optim.from_transform(T.adamw(0.1), list(pairs.items()))
    split = fb.optim.from_transform(T.split_real_and_imaginary(T.adamw(0.1)), list(whole.items()))

    def step(params, optimizer, view):
        optimizer.zero_grad()
        ((view(params["z"]) ** 4).sum() + (params["x"] ** 4).sum()).backward()
        optimizer.step()

    one = lambda: step(pairs, plain, lambda z: z)  # noqa: E731
    other = lambda: step(whole, split, fb.view_as_real)  # noqa: E731
    if compiled:
        one, other = fb.compile(one), fb.compile(other)
    for _ in range(5):
        one()
        other()
    found = whole["z"].detach().numpy()
    np.testing.assert_allclose(np.stack([found.real, found.imag], -1),
                               pairs["z"].detach().numpy(), rtol=1e-12)  # fmt: skip
    np.testing.assert_allclose(whole["x"].tolist(), pairs["x"].tolist(), rtol=1e-12)
    assert split.state_dict()["state"][0]["split_real_and_imaginary"].keys() == {
        "real", "imaginary",
    }  # fmt: skip


# --- states -------------------------------------------------------------------------------------


def test_slots_are_read_and_set() -> None:
    rule = T.inject_hyperparams(T.adam)(0.1)
    params = trees.map(fb.tensor, parameters())
    state = rule.init(params)
    assert tree.get(state, "learning_rate").item() == 0.1
    assert tree.get(state, "nothing", 3) == 3
    ones = tree.ones_like(params)
    changed = tree.set(state, mu=ones, learning_rate=fb.tensor(0.5, dtype=fb.float64))
    assert changed["mu"]["w"].sum().item() == 12
    assert changed["learning_rate"].item() == 0.5
    assert state["mu"]["w"].sum().item() == 0
    assert state["learning_rate"].item() == 0.1
    with pytest.raises(KeyError):
        tree.set(state, nothing=1)
    assert tree.map_params(lambda x: x.float(), state)["nu"]["b"].dtype is fb.float32
