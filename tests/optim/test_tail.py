"""What is around the rules: oracles in NumPy, and bad input."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau.optim import (
    aggregating,
    assignment,
    linear_algebra,
    losses,
    perturbations,
    second_order,
)
from flambeau.optim import transform as T


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


# --- low rank ---


def galore_oracle(g: list[np.ndarray], rank: int, gap: int, adam: bool) -> np.ndarray:
    """Algorithm 2 of the paper with Adam's moments or none, for one matrix (outputs, inputs)."""
    theta, m, v, basis = np.zeros_like(g[0]), 0.0, 0.0, None
    for t, gradient in enumerate(g, 1):
        x = gradient.T
        if (t - 1) % gap == 0:
            u, _, vh = np.linalg.svd(x, full_matrices=False)
            basis = u[:, :rank] if x.shape[0] > x.shape[1] else vh[:rank].T
        u = low = basis.T @ x if x.shape[0] > x.shape[1] else x @ basis
        if adam:
            m, v = 0.9 * m + 0.1 * low, 0.999 * v + 0.001 * low * low
            u = (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        back = basis @ u if x.shape[0] > x.shape[1] else u @ basis.T
        theta = theta - 0.1 * 0.5 * back.T
    return theta


@pytest.mark.parametrize("shape", [(6, 9), (9, 6), (5, 5)])
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("gap", [5, 50])
def test_galore(shape: tuple[int, int], compiled: bool, gap: int) -> None:
    """Singular vectors have no sign: where they are found anew, moments would depend on it."""
    gradients = [numbers(*shape, seed=i) for i in range(12)]
    w = fb.zeros(*shape, dtype=fb.float64, requires_grad=True)
    inner = T.scale_by_adam() if gap == 50 else T.identity()
    optimizer = fb.optim.from_transform(T.galore(0.1, 3, gap, 0.5, inner), [("w", w)])
    step = fb.compile(lambda: optimizer.step()) if compiled else optimizer.step
    for g in gradients:
        w.grad = fb.tensor(g)
        step()
    expected = galore_oracle(gradients, 3, gap, gap == 50)
    np.testing.assert_allclose(w.detach().numpy(), expected, rtol=1e-9, atol=1e-11)


def test_galore_leaves_vectors_and_marks_to_the_inner_rule() -> None:
    params = {"b": fb.zeros(3), "w": fb.zeros(4, 2, 3), "x": fb.zeros(2, 2)}
    marks = {"b": None, "w": T.GaLoreDimensionNumbers((1, 2), 0), "x": None}
    rule = T.scale_by_galore(2, weight_dimension_numbers=marks)
    grads = {k: fb.tensor(numbers(*v.shape)).float() for k, v in params.items()}
    updates, state = rule.update(grads, rule.init(params))
    plain, _ = T.scale_by_adam().update(grads, T.scale_by_adam().init(params))
    assert fb.equal(updates["b"], plain["b"])
    assert fb.equal(updates["x"], plain["x"])
    assert state["projector"]["w"].shape == (1, 6, 2)
    assert np.linalg.matrix_rank(updates["w"].reshape(4, 6).numpy(), tol=1e-4) == 2


# --- privacy ---


def test_private_aggregate_without_noise() -> None:
    grads = {"a": numbers(5, 3) * 2, "b": numbers(5, 2, 2, seed=1)}
    norms = np.sqrt(sum((g.reshape(5, -1) ** 2).sum(1) for g in grads.values()))
    factors = np.minimum(1, 1.5 / norms)
    rule = T.dpsgd(0.1, 1.5, 0.0, momentum=0.9)
    params = {k: fb.zeros(*g.shape[1:], dtype=fb.float64) for k, g in grads.items()}
    updates, _ = rule.update({k: fb.tensor(g) for k, g in grads.items()}, rule.init(params), params)
    for k, g in grads.items():
        expected = -0.1 * np.einsum("i...,i->...", g, factors) / 5
        np.testing.assert_allclose(updates[k].numpy(), expected, rtol=1e-12)


def test_private_noise_has_the_promised_size_and_follows_the_key() -> None:
    w, grads = fb.zeros(20_000), fb.zeros(4, 20_000)

    def noise(key: int) -> fb.Tensor:
        rule = T.differentially_private_aggregate(2.0, 1.5, key)
        return rule.update(grads, rule.init(w), w)[0]

    assert abs(noise(0).std().item() - 2.0 * 1.5 / 4) < 0.02
    assert fb.equal(noise(0), noise(0))
    assert not fb.equal(noise(0), noise(1))


def test_private_aggregate_needs_examples() -> None:
    rule = T.differentially_private_aggregate(1.0, 0.0)
    params = {"a": fb.zeros(2), "b": fb.zeros(1)}
    with pytest.raises(ValueError) as caught:
        rule.update({"a": fb.zeros(3, 2), "b": fb.zeros(4, 1)}, rule.init(params), params)
    assert str(caught.value) == (
        "differentially_private_aggregate: no gradients of single examples\n"
        "  expected: gradients whose first dimension counts the same examples\n"
        "  got:      sizes [3, 4]\n"
        "  help:     compute them with func.vmap(func.grad(loss), in_dims=(None, 0))"
    )
    with pytest.raises(ValueError, match="does not fit"):
        rule.update({"a": fb.zeros(3, 4), "b": fb.zeros(3, 1)}, rule.init(params), params)


# --- iterations on matrices ---


def test_power_iteration() -> None:
    x = numbers(6, 6)
    matrix = x @ x.T
    value, vector = linear_algebra.power_iteration(
        fb.tensor(matrix), num_iters=5000, error_tolerance=1e-12
    )
    values, vectors = np.linalg.eigh(matrix)
    assert abs(value.item() - values[-1]) < 1e-10 * values[-1]
    assert abs(abs(vector.numpy() @ vectors[:, -1]) - 1) < 1e-9
    tree, _ = linear_algebra.power_iteration(
        lambda v: {"a": v["a"] * 3, "b": v["b"] * -5}, v0={"a": fb.ones(2), "b": fb.ones(1)}
    )
    assert abs(tree.item() + 5) < 1e-4


@pytest.mark.parametrize("p", [1, 2, 3, 4, 8])
def test_inverse_root(p: int) -> None:
    x = numbers(5, 5)
    matrix = x @ x.T + np.eye(5)
    root, error = linear_algebra.matrix_inverse_pth_root(
        fb.tensor(matrix), p, ridge_epsilon=0.0, error_tolerance=1e-12
    )
    values, vectors = np.linalg.eigh(matrix)
    expected = vectors * values ** (-1 / p) @ vectors.T
    np.testing.assert_allclose(root.numpy(), expected, rtol=1e-8, atol=1e-9)
    assert error.item() < 1e-9


@pytest.mark.parametrize("columns", [0, 3])
def test_nnls(columns: int) -> None:
    scipy = pytest.importorskip("scipy.optimize")
    a, b = numbers(12, 5), numbers(12, max(columns, 1), seed=1)
    found = linear_algebra.nnls(fb.tensor(a), fb.tensor(b if columns else b[:, 0]), 3000).numpy()
    expected = np.stack([scipy.nnls(a, column)[0] for column in b.T], 1)
    np.testing.assert_allclose(found, expected if columns else expected[:, 0], atol=1e-10)


def test_scaled_gradient() -> None:
    x = fb.tensor(numbers(4), requires_grad=True)
    for scale in (0.3, -2.0, 1.0):
        y = linear_algebra.scale_gradient({"x": x}, scale)["x"]
        assert fb.equal(y, x)
        (slope,) = fb.autograd.grad((y * y).sum(), x)
        np.testing.assert_allclose(slope.numpy(), 2 * scale * x.detach().numpy(), rtol=1e-14)
    assert not linear_algebra.scale_gradient(x, 0).requires_grad


# --- second derivatives ---


def test_second_order() -> None:
    w, b = numbers(3), numbers(2, seed=1)
    x = numbers(4, 3, seed=2)
    params = {"b": fb.tensor(b), "w": fb.tensor(w)}

    def loss(params: Any, x: Any, y: Any) -> fb.Tensor:
        return ((x @ params["w"]) ** 4).sum() * params["b"].prod() * y

    z = x @ w
    product = np.prod(b) * 2
    hessian = np.zeros((5, 5))
    hessian[2:, 2:] = product * np.einsum("i,ij,ik->jk", 12 * z**2, x, x)
    cross = 2 * np.outer(b[::-1], np.einsum("i,ij->j", 4 * z**3, x))
    hessian[:2, 2:], hessian[2:, :2] = cross, cross.T
    hessian[0, 1] = hessian[1, 0] = 2 * (z**4).sum()
    slopes = np.concatenate([2 * (z**4).sum() * b[::-1], product * np.einsum("i,ij", 4 * z**3, x)])
    given = (params, fb.tensor(x), 2.0)
    v = numbers(5, seed=3)
    found = second_order.hvp(loss, fb.tensor(v), *given)
    flat = np.concatenate([found["b"].numpy(), found["w"].numpy()])
    np.testing.assert_allclose(flat, hessian @ v, rtol=1e-10)
    np.testing.assert_allclose(
        second_order.hessian_diag(loss, *given).numpy(), np.diag(hessian), rtol=1e-10, atol=1e-12
    )
    np.testing.assert_allclose(
        second_order.fisher_diag(loss, *given).numpy(), slopes**2, rtol=1e-10
    )


# --- perturbations, assignment ---


@pytest.mark.parametrize("noise", [perturbations.Normal(), perturbations.Gumbel()])
def test_perturbed_gradients(noise: Any) -> None:
    x = fb.tensor([0.2, -0.4], dtype=fb.float64, requires_grad=True)
    smooth = perturbations.make_perturbed_fun(lambda x: (x**2).sum(), 4000, 0.3, noise)
    value = smooth(x, fb.Generator().manual_seed(3))
    (slope,) = fb.autograd.grad(value, x)
    mean = 0.0 if isinstance(noise, perturbations.Normal) else 0.5772156649
    variance = 1.0 if mean == 0 else np.pi**2 / 6
    expected = ((x.detach().numpy() + 0.3 * mean) ** 2).sum() + 2 * 0.09 * variance
    assert abs(value.item() - expected) < 0.03
    np.testing.assert_allclose(slope.numpy(), 2 * (x.detach().numpy() + 0.3 * mean), atol=0.1)


def test_assignment(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("scipy")
    cost = numbers(4, 6)
    rows, columns = assignment.hungarian_algorithm(fb.tensor(cost))
    from itertools import permutations

    best = min(sum(cost[i, j] for i, j in enumerate(p)) for p in permutations(range(6), 4))
    assert abs(cost[rows.numpy(), columns.numpy()].sum() - best) < 1e-12
    with pytest.raises(ValueError, match="a cost is not finite"):
        assignment.hungarian_algorithm(fb.tensor([[float("nan")]]))
    with pytest.raises(ValueError, match="no matrix of costs"):
        assignment.hungarian_algorithm(fb.ones(3))
    imports = builtins.__import__

    def without_scipy(name: str, *rest: Any) -> Any:
        if name.startswith("scipy"):
            raise ImportError(name)
        return imports(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_scipy)
    with pytest.raises(ImportError) as caught:
        assignment.hungarian_algorithm(fb.ones(2, 2))
    assert str(caught.value) == (
        "hungarian_algorithm: SciPy is not installed\n"
        "  expected: SciPy, which solves assignment problems\n"
        "  got:      none\n"
        "  help:     pip install scipy"
    )


# --- aggregation ---


@pytest.mark.parametrize("batches", [1, 3])
def test_mean_and_variance_of_examples(batches: int) -> None:
    rule = aggregating.add_mean_variance_to_opt(T.sgd(1.0), 0.8, 0, batches)
    given = numbers(6, 4, 3)
    state = rule.init(fb.zeros(3, dtype=fb.float64))
    mean, variance = np.zeros(3), np.zeros(3)
    for i in range(0, 6, batches):
        for k in range(batches):
            updates, state = rule.update(fb.tensor(given[i + k]), state)
            if k < batches - 1:
                assert updates.tolist() == [0, 0, 0]
        examples = given[i : i + batches].reshape(-1, 3)
        np.testing.assert_allclose(updates.numpy(), -examples.mean(0), rtol=1e-12)
        mean = 0.8 * mean + 0.2 * examples.mean(0)
        variance = 0.8 * variance + 0.2 * examples.var(0, ddof=1)
    rest = 1 - 0.8 ** (6 // batches)
    found = aggregating.get_unbiased_mean_and_variance_ema(state)
    np.testing.assert_allclose(found[0].numpy(), mean / rest, rtol=1e-12)
    np.testing.assert_allclose(found[1].numpy(), variance / rest, rtol=1e-12)


# --- bad input ---


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: T.scale_by_galore(0), "scale_by_galore: invalid rank"),
        (lambda: T.galore(0.1, update_proj_gap=0), "scale_by_galore: invalid update_proj_gap"),
        (lambda: T.galore(-1.0), "scale_by_learning_rate: invalid learning_rate"),
        (lambda: T.dpsgd(0.1, 0.0, 1.0), "differentially_private_aggregate: invalid l2_norm_clip"),
        (lambda: T.dpsgd(0.1, 1.0, -1.0), "invalid noise_multiplier"),
        (lambda: linear_algebra.power_iteration(fb.ones(2, 3)), "the matrix is not square"),
        (lambda: linear_algebra.power_iteration(lambda v: v), "a function needs v0"),
        (lambda: linear_algebra.matrix_inverse_pth_root(fb.eye(2), 0), "invalid p"),
        (lambda: linear_algebra.nnls(fb.ones(2, 3), fb.ones(3), 1), "nnls: the shapes do not fit"),
        (lambda: perturbations.make_perturbed_fun(abs, 0), "invalid num_samples"),
        (lambda: perturbations.make_perturbed_fun(abs, sigma=0.0), "invalid sigma"),
        (
            lambda: second_order.hvp(lambda w, x, y: w.sum(), fb.ones(3), fb.ones(2), 0, 0),
            "hvp: v does not fit the parameters",
        ),
        (lambda: aggregating.accumulate_avg_updates(0), "invalid accumulation_steps"),
        (
            lambda: aggregating.get_batch_size_from_per_elt_updates([fb.ones(2), fb.ones(3)], 0),
            "parts differ in their number of examples",
        ),
        (lambda: aggregating.get_unbiased_mean_and_variance_ema(()), "no averages in the state"),
        (lambda: losses.dice_loss(fb.ones(1, 2), fb.ones(1, 2), reduction="all"),
         "dice_loss: unknown reduction"),
        (lambda: losses.dice_loss(fb.ones(1, 2), fb.ones(1, 2), apply_softmax=False),
         "dice_loss: predictions are no chances"),
        (lambda: losses.ntxent(fb.ones(3, 2), fb.ones(2)), "ntxent: the labels do not fit"),
        (lambda: losses.ctc_loss(fb.ones(1, 2, 2), fb.ones(1, 3), fb.ones(1, 1), fb.ones(1, 1)),
         "ctc_loss: the shapes do not fit"),
        (lambda: losses.multiclass_hinge_loss(fb.ones(2, 3), fb.tensor([0])),
         "multiclass_hinge_loss: the labels do not fit the scores"),
        (lambda: losses.softmax_cross_entropy_with_integer_labels(fb.ones(2, 3), fb.tensor([0])),
         "the labels do not fit the logits"),
    ],
)  # fmt: skip
def test_bad_input(call: Any, text: str) -> None:
    with pytest.raises(ValueError, match="expected: ") as caught:
        call()
    assert text in str(caught.value)
