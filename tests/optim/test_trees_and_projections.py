"""Arithmetic of trees, projections onto sets, and looking at updates on their way."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb
from flambeau.core import trees
from flambeau.optim import projections as P
from flambeau.optim import transform as T
from flambeau.optim import tree
from tests.optim.trajectories import gradients, parameters


def of(seed):
    x = trees.map(fb.tensor, parameters(seed))
    return {"a": x["w"], "b": [x["b"], None, x["k"]]}


def flat(x):
    return np.concatenate([p.numpy().ravel() for p in trees.leaves(x) if p is not None])


def test_arithmetic_is_that_of_one_vector() -> None:
    x, y = of(0), of(1)
    u, v = flat(x), flat(y)
    pairs = [
        (tree.add(x, y, y), u + 2 * v), (tree.sub(x, y), u - v), (tree.mul(x, y), u * v),
        (tree.div(x, y), u / v), (tree.scale(3.0, x), 3 * u),
        (tree.add_scale(x, 2.0, y), u + 2 * v),
        (tree.zeros_like(x), 0 * u), (tree.ones_like(x), 0 * u + 1),
        (tree.full_like(x, 2.5), 0 * u + 2.5), (tree.clip(x, -0.5, 0.5), np.clip(u, -0.5, 0.5)),
        (tree.where(True, x, y), u), (tree.where(fb.tensor(False), x, y), v),
        (tree.update_moment(x, y, 0.9, 2), 0.1 * u**2 + 0.9 * v),
        (tree.update_moment_per_elem_norm(x, y, 0.9, 3), 0.1 * np.abs(u) ** 3 + 0.9 * v),
        (tree.bias_correction(x, 0.9, 3), u / (1 - 0.9**3)),
    ]  # fmt: skip
    for found, expected in pairs:
        assert found["b"][1] is None
        np.testing.assert_allclose(flat(found), expected, rtol=1e-13)
    numbers = [
        (tree.sum(x), u.sum()), (tree.max(x), u.max()), (tree.min(x), u.min()),
        (tree.vdot(x, y), u @ v), (tree.norm(x), np.linalg.norm(u)),
        (tree.norm(x, squared=True), u @ u), (tree.norm(x, 1), np.abs(u).sum()),
        (tree.norm(x, np.inf), np.abs(u).max()), (tree.norm(x, 1, True), np.abs(u).sum() ** 2),
    ]  # fmt: skip
    for found, expected in numbers:
        assert found.item() == pytest.approx(expected, rel=1e-13)
    assert tree.size(x) == u.size
    assert tree.allclose(x, x)
    assert not tree.allclose(x, y)
    assert {p.dtype for p in trees.leaves(tree.cast(x, fb.float32)) if p is not None} == {
        fb.float32
    }
    assert tree.cast_like(tree.cast(x, fb.float32), x)["a"].dtype is fb.float64
    assert tree.random_like(x)["a"].shape == x["a"].shape
    with pytest.raises(ValueError, match="norm: unknown order"):
        tree.norm(x, 3)


def test_complex_trees() -> None:
    x = {"z": fb.tensor([3 + 4j, 1j])}
    assert tree.norm(x).item() == pytest.approx(np.sqrt(26))
    assert tree.vdot(x, x).item() == pytest.approx(26)
    moments = tree.update_moment_per_elem_norm(x, {"z": fb.zeros(2)}, 0.5, 2)
    assert moments["z"].tolist() == [12.5, 0.5]


A, B = of(5), of(6)
SETS = {
    "non-negative": (P.projection_non_negative, lambda u: (u >= 0).all()),
    "box": (lambda x: P.projection_box(x, -0.3, 0.7), lambda u: ((u >= -0.3) & (u <= 0.7)).all()),
    "hypercube": (lambda x: P.projection_hypercube(x, 0.8),
                  lambda u: ((u >= 0) & (u <= 0.8)).all()),
    "simplex": (lambda x: P.projection_simplex(x, 2.0),
                lambda u: (u >= 0).all() and abs(u.sum() - 2) < 1e-9),
    "l1 ball": (lambda x: P.projection_l1_ball(x, 2.0), lambda u: np.abs(u).sum() <= 2 + 1e-9),
    "l2 ball": (lambda x: P.projection_l2_ball(x, 2.0), lambda u: u @ u <= 4 + 1e-9),
    "linf ball": (lambda x: P.projection_linf_ball(x, 0.5), lambda u: np.abs(u).max() <= 0.5),
    "hyperplane": (lambda x: P.projection_hyperplane(x, A, 1.5),
                   lambda u: abs(u @ flat(A) - 1.5) < 1e-9),
    "half-space": (lambda x: P.projection_halfspace(x, A, -5.0),
                   lambda u: u @ flat(A) <= -5 + 1e-9),
    "line": (lambda x: P.projection_vector(x, A),
             lambda u: abs(abs(u @ flat(A)) - np.linalg.norm(u) * np.linalg.norm(flat(A))) < 1e-9),
}  # fmt: skip


@pytest.mark.parametrize("name", SETS)
def test_a_projection_is_the_nearest_point(name: str) -> None:
    """It lies in the set, stays where it is, and to all points of the set its angle is blunt."""
    project, holds = SETS[name]
    x = of(2)
    found = project(x)
    assert holds(flat(found))
    np.testing.assert_allclose(flat(project(found)), flat(found), atol=1e-9)
    away = flat(x) - flat(found)
    for seed in range(10, 40):
        other = flat(project(of(seed)))  # a point of the set; these sets are convex
        assert away @ (other - flat(found)) <= 1e-8


def test_spheres() -> None:
    x = of(3)
    assert np.linalg.norm(flat(P.projection_l2_sphere(x, 2.0))) == pytest.approx(2)
    assert np.abs(flat(P.projection_l1_sphere(x, 2.0))).sum() == pytest.approx(2)
    inside = tree.scale(1e-3, x)
    assert tree.allclose(P.projection_l1_ball(inside), inside)
    box = P.projection_box(x, tree.full_like(x, -0.1), tree.full_like(x, 0.1))
    assert np.abs(flat(box)).max() == pytest.approx(0.1)


def test_norms_have_slopes_at_zero() -> None:
    x = fb.zeros(3, dtype=fb.float64, requires_grad=True)
    (T.safe_norm(x, 1e-2) + T.safe_root_mean_squares(x, 1e-3)).backward()
    assert x.grad.tolist() == [0, 0, 0]
    y = fb.tensor([[3.0, 4.0], [0.0, 0.0]], dtype=fb.float64, requires_grad=True)
    found = T.safe_norm(y, 0.5, axis=1)
    assert found.tolist() == [5.0, 0.5]
    found.sum().backward()
    np.testing.assert_allclose(y.grad.numpy(), [[0.6, 0.8], [0, 0]])
    assert T.safe_root_mean_squares(y.detach(), 0.1).item() == pytest.approx(2.5)
    assert T.safe_increment(3) == 4
    assert T.safe_increment(fb.tensor([2**31 - 1, 0], dtype=fb.int32)).tolist() == [2**31 - 1, 1]


def test_measurements() -> None:
    rule = T.chain(
        T.snapshot("first", T.global_norm),
        T.clip_by_global_norm(1.0),
        T.monitor({"then": T.global_norm, "largest": tree.max}),
        T.measure_with_ema(T.global_norm, 0.5, name="average"),
    )
    params = trees.map(fb.tensor, parameters())
    state = rule.init(params)
    for g in gradients(3):
        updates, state = rule.update(trees.map(fb.tensor, g), state, params)
    norm = np.sqrt(sum((x**2).sum() for x in gradients(3)[-1].values()))
    assert state["first"].item() == pytest.approx(norm)
    assert state["then"].item() == state["average"].item() == pytest.approx(1)
    assert state["largest"].item() == pytest.approx(max(u.max().item() for u in updates.values()))
    rule = T.measure_with_ema(lambda g: g.sum(), 0.5, debias=False)
    state = rule.init(fb.zeros(1))
    for value in (4.0, 8.0):
        _, state = rule.update(fb.tensor([value]), state)
    assert state["measure"].item() == 5.0


@pytest.mark.parametrize("compiled", [False, True])
def test_one_vector_in_place_of_a_tree(compiled: bool) -> None:
    def train(rule):
        params = {k: fb.tensor(v).requires_grad_() for k, v in parameters().items()}
        optimizer = fb.optim.from_transform(rule, list(params.items()))

        def step():
            optimizer.zero_grad()
            sum((p**4).sum() for p in params.values()).backward()
            optimizer.step()

        function = fb.compile(step) if compiled else step
        for _ in range(5):
            function()
        return params

    one, other = train(T.adamw(0.1)), train(T.flatten(T.adamw(0.1)))
    for k, p in one.items():
        np.testing.assert_allclose(p.detach().numpy(), other[k].detach().numpy(), rtol=1e-12)


def test_frozen_parameters() -> None:
    params = {"a": fb.ones(1), "b": fb.ones(1)}
    rule = T.selective_transform(T.adam(0.1), freeze_mask={"a": True, "b": False})
    updates, state = rule.update(params, rule.init(params), params)
    assert updates["a"].item() == 0
    assert updates["b"].item() != 0
    assert "a" not in state.leaves
