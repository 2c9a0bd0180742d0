"""What is around the rules, and the losses, beside optax in double precision."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

optax = pytest.importorskip("optax")
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

import flambeau as fb  # noqa: E402
from flambeau.optim import (  # noqa: E402
    aggregating,
    assignment,
    linear_algebra,
    losses,
    second_order,
)
from flambeau.optim import transform as T  # noqa: E402

pytestmark = pytest.mark.peers


@pytest.fixture(autouse=True)
def double() -> Any:
    with jax.enable_x64(True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def chances(*shape: int, seed: int = 0) -> np.ndarray:
    found = np.exp(numbers(*shape, seed=seed))
    return found / found.sum(-1, keepdims=True)


X, Z = numbers(5, 4), numbers(5, 4, seed=1)
Y, P = chances(5, 4, seed=2), np.log(chances(5, 4, seed=3))
CLASSES = np.array([0, 3, 1, 2, 2])
SIGNS = np.sign(Z)
BITS = (Z > 0).astype(float)
WHERE = numbers(5, 4, seed=4) > -0.7
SPARSE = np.array([[1.0, 0, 0, 0]] * 5)
PICTURE, REGIONS = numbers(2, 3, 3, 4), np.eye(4)[np.arange(18).reshape(2, 3, 3) % 4]
MASKED_LOGITS = np.where(SPARSE != 0, X, -np.inf)

LOSSES = [
    ("squared_error", (X, Z), {}),
    ("l2_loss", (X,), {}),
    ("huber_loss", (X, Z), {"delta": 0.7}),
    ("log_cosh", (X * 20, Z), {}),
    ("cosine_similarity", (X, Z), {"epsilon": 1e-3}),
    ("cosine_distance", (X, Z), {"axis": 0, "where": WHERE}),
    ("triplet_margin_loss", (X, Z, Y), {"margin": 0.5}),
    ("sigmoid_binary_cross_entropy", (X * 9, Y), {}),
    ("sigmoid_focal_loss", (X * 9, BITS), {"alpha": 0.3, "gamma": 1.7}),
    ("sigmoid_focal_loss", (X, Y), {}),
    ("hinge_loss", (X, SIGNS), {}),
    ("perceptron_loss", (X, SIGNS), {}),
    ("sparsemax_loss", (X, BITS), {}),
    ("multiclass_hinge_loss", (X, CLASSES), {}),
    ("multiclass_perceptron_loss", (X, CLASSES), {}),
    ("multiclass_sparsemax_loss", (X, CLASSES), {}),
    ("softmax_cross_entropy", (X, Y), {}),
    ("softmax_cross_entropy", (X, Y), {"axis": (0, 1)}),
    ("softmax_cross_entropy", (X, Y), {"where": WHERE}),
    ("safe_softmax_cross_entropy", (X, SPARSE), {}),
    ("softmax_cross_entropy_with_integer_labels", (X, CLASSES), {}),
    ("softmax_cross_entropy_with_integer_labels", (X.T, CLASSES), {"axis": 0}),
    ("softmax_cross_entropy_with_integer_labels", (PICTURE, np.array([7, 2])),
     {"axis": (1, 2, 3)}),
    ("poly_loss_cross_entropy", (X, Y), {"epsilon": 0.5}),
    ("poly_loss_cross_entropy", (X, Y), {"where": WHERE}),
    ("kl_divergence", (P, Y), {}),
    ("kl_divergence", (P, SPARSE), {"axis": 0, "where": WHERE}),
    ("kl_divergence_with_log_targets", (P, np.log(Y)), {}),
    ("generalized_kl_divergence", (X, Y), {}),
    ("convex_kl_divergence", (X, Y), {"axis": None}),
    ("smooth_labels", (Y, 0.1), {}),
    ("smooth_labels", (Y, 0.1), {"where": WHERE}),
    ("ranking_softmax_loss", (X, BITS), {}),
    ("ranking_softmax_loss", (X, BITS), {"weights": Y, "where": WHERE}),
    ("ranking_softmax_loss", (X, BITS), {"reduce_fn": None, "where": WHERE}),
    ("dice_loss", (PICTURE, REGIONS), {}),
    ("dice_loss", (PICTURE, REGIONS),
     {"alpha": 0.2, "beta": 0.9, "smooth": 0.1, "reduction": "sum", "ignore_background": True}),
    ("dice_loss", (Y[:, None], SPARSE[:, None]), {"apply_softmax": False, "reduction": "none"}),
    ("multiclass_generalized_dice_loss", (PICTURE, REGIONS), {}),
    ("binary_dice_loss", (PICTURE[..., 0], REGIONS[..., 0]), {}),
    ("ntxent", (X, np.array([0, 0, 1, 1, 1])), {"temperature": 0.5}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given", "options"), LOSSES)
def test_losses(name: str, given: tuple[Any, ...], options: dict[str, Any]) -> None:
    """Values, and gradients of the sum by the first argument."""

    def ours(value: Any) -> Any:
        return fb.tensor(value) if isinstance(value, np.ndarray) else value

    x = fb.tensor(given[0], requires_grad=True)
    mine = {k: ours(v) for k, v in options.items()}
    found = getattr(losses, name)(x, *map(ours, given[1:]), **mine)
    their = getattr(optax.losses, name)
    theirs = {k: jnp.asarray(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
    rest = [jnp.asarray(v) if isinstance(v, np.ndarray) else v for v in given[1:]]
    expected = their(jnp.asarray(given[0]), *rest, **theirs)
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-9, atol=1e-10)
    (slope,) = fb.autograd.grad(found.sum(), x)
    other = jax.grad(lambda x: their(x, *rest, **theirs).sum())(jnp.asarray(given[0]))
    np.testing.assert_allclose(slope.numpy(), other, rtol=1e-7, atol=1e-9)


def test_safe_cross_entropy_of_impossible_classes() -> None:
    x = fb.tensor(MASKED_LOGITS, requires_grad=True)
    found = losses.safe_softmax_cross_entropy(x, fb.tensor(SPARSE))
    expected = optax.losses.safe_softmax_cross_entropy(jnp.asarray(MASKED_LOGITS), SPARSE)
    np.testing.assert_allclose(found.detach().numpy(), expected, atol=1e-12)
    found.sum().backward()
    assert x.grad.isfinite().all()


def test_sequences() -> None:
    logits, labels = numbers(3, 8, 5), np.array([[1, 2, 2, 0], [3, 1, 4, 4], [2, 0, 0, 0]])
    frames = np.arange(8) >= np.array([[8], [7], [5]])
    padding = np.arange(4) >= np.array([[3], [4], [1]])
    expected = optax.losses.ctc_loss(
        jnp.asarray(logits), frames.astype(float), labels, padding.astype(float)
    )
    given = (fb.tensor(x) for x in (logits, frames * 1.0, labels, padding * 1.0))
    np.testing.assert_allclose(losses.ctc_loss(*given).numpy(), expected, rtol=1e-5)


def test_fenchel_young() -> None:
    mine = losses.make_fenchel_young_loss(lambda x: x.logsumexp(-1))
    theirs = optax.losses.make_fenchel_young_loss(jax.scipy.special.logsumexp)
    np.testing.assert_allclose(mine(fb.tensor(X), fb.tensor(Y)).numpy(), theirs(X, Y), rtol=1e-6)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5)])
def test_galore(shape: tuple[int, int]) -> None:
    """Their vectors are found in single precision."""
    options = {"rank": 2, "update_proj_gap": 50, "scale": 0.7, "weight_decay": 0.1}
    mine, theirs = T.galore(0.01, **options), optax.contrib.galore(0.01, **options)
    w = {"w": numbers(*shape), "b": numbers(3)}
    a, b = {k: fb.tensor(x) for k, x in w.items()}, {k: jnp.asarray(x) for k, x in w.items()}
    s, r = mine.init(a), theirs.init(b)
    for i in range(50):
        g = {k: numbers(*x.shape, seed=i + 7) for k, x in w.items()}
        u, s = mine.update({k: fb.tensor(x) for k, x in g.items()}, s, a)
        v, r = theirs.update({k: jnp.asarray(x) for k, x in g.items()}, r, b)
        a, b = T.apply_updates(a, u), optax.apply_updates(b, v)
    for k in w:
        np.testing.assert_allclose(a[k].numpy(), b[k], rtol=1e-4, atol=1e-5)


def test_private_descent() -> None:
    mine = T.dpsgd(0.1, 1.3, 0.0, 0, momentum=0.9, nesterov=True)
    theirs = optax.contrib.dpsgd(0.1, 1.3, 0.0, 0, momentum=0.9, nesterov=True)
    w = numbers(3)
    s, r = mine.init(fb.tensor(w)), theirs.init(jnp.asarray(w))
    for i in range(20):
        g = numbers(5, 3, seed=i)
        u, s = mine.update(fb.tensor(g), s, fb.tensor(w))
        v, r = theirs.update(jnp.asarray(g), r, jnp.asarray(w))
        np.testing.assert_allclose(u.numpy(), v, rtol=1e-9, atol=1e-12)


def test_matrices() -> None:
    x = numbers(5, 5)
    matrix = x @ x.T + np.eye(5)
    value, _ = linear_algebra.power_iteration(fb.tensor(matrix), num_iters=1000)
    expected, _ = optax.power_iteration(jnp.asarray(matrix), num_iters=1000)
    np.testing.assert_allclose(value.item(), expected, rtol=1e-6)
    for p in (1, 2, 4):
        root, _ = linear_algebra.matrix_inverse_pth_root(fb.tensor(matrix), p)
        other, _ = optax.matrix_inverse_pth_root(jnp.asarray(matrix, jnp.float32), p)
        np.testing.assert_allclose(root.numpy(), other, rtol=2e-3, atol=2e-4)
    a, b = numbers(7, 4), numbers(7, 2, seed=1)
    np.testing.assert_allclose(
        linear_algebra.nnls(fb.tensor(a), fb.tensor(b), 40).numpy(),
        optax.nnls(jnp.asarray(a), jnp.asarray(b), 40),
        rtol=1e-9, atol=1e-11,
    )  # fmt: skip


def test_second_order() -> None:
    def loss(w: Any, x: Any, y: Any) -> Any:
        return ((x @ w - y) ** 4).sum()

    w, x, y, v = numbers(3), numbers(4, 3), numbers(4, seed=1), numbers(3, seed=2)
    mine, theirs = [fb.tensor(z) for z in (w, x, y)], [jnp.asarray(z) for z in (w, x, y)]
    pairs = [
        (second_order.hvp(loss, fb.tensor(v), *mine), optax.second_order.hvp(loss, v, *theirs)),
        (second_order.hessian_diag(loss, *mine), optax.second_order.hessian_diag(loss, *theirs)),
        (second_order.fisher_diag(loss, *mine), optax.second_order.fisher_diag(loss, *theirs)),
    ]
    for found, expected in pairs:
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-9)


@pytest.mark.parametrize("shape", [(4, 4), (3, 6)])
def test_assignment(shape: tuple[int, int]) -> None:
    cost = numbers(*shape)
    rows, columns = assignment.hungarian_algorithm(fb.tensor(cost))
    i, j = optax.assignment.hungarian_algorithm(jnp.asarray(cost))
    assert set(zip(rows.tolist(), columns.tolist())) == set(zip(np.asarray(i).tolist(),
                                                               np.asarray(j).tolist()))  # fmt: skip


@pytest.mark.parametrize("steps", [1, 2])
def test_aggregating(steps: int) -> None:
    from optax.experimental import aggregating as peer

    mine = aggregating.add_mean_variance_to_opt(T.adam(0.1), 0.7, 0, steps)
    theirs = peer.add_mean_variance_to_opt(optax.adam(0.1), 0.7, 0, steps)
    w = numbers(3)
    s, r = mine.init(fb.tensor(w)), theirs.init(jnp.asarray(w))
    for i in range(6):
        g = numbers(5, 3, seed=i)
        u, s = mine.update(fb.tensor(g), s)
        v, r = theirs.update(jnp.asarray(g), r)
        np.testing.assert_allclose(u.numpy(), v, rtol=1e-8, atol=1e-12)
    found = aggregating.get_unbiased_mean_and_variance_ema(s)
    expected = peer.get_unbiased_mean_and_variance_ema(r)
    for a, b in zip(found, expected, strict=True):
        # They divide by the number of examples in single precision.
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-7)
