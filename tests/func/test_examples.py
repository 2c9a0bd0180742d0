"""The examples do what they say, in a shorter run."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb
from examples import burgers, ensemble, maml, neural_ode, newton, private_gradients
from flambeau import func


def test_burgers_network_agrees_with_finite_differences() -> None:
    network, losses = burgers.train(steps=1500)
    assert np.mean(losses[-50:]) < losses[0] / 100
    assert burgers.error(network) < 1e-2


def test_finite_differences_converge() -> None:
    coarse, fine = burgers.finite_differences(100)[1], burgers.finite_differences(200)[1][::2]
    assert np.abs(coarse - fine).max() < 2e-3


def test_clipped_gradients_are_short_and_training_works() -> None:
    gradients = {"w": fb.randn(16, 3, 2) * 10, "b": fb.randn(16, 2)}
    ones = {name: g[:1] for name, g in gradients.items()}
    lengths = [sum(float((g[i] ** 2).sum()) for g in gradients.values()) ** 0.5 for i in range(16)]
    clipped = private_gradients.clipped_mean(ones, 1.0)
    assert sum(float((g**2).sum()) for g in clipped.values()) ** 0.5 == pytest.approx(1, rel=1e-4)
    mean = private_gradients.clipped_mean(gradients, 1.0)
    expected = sum(gradients["b"][i] * min(1, 1 / lengths[i]) for i in range(16)) / 16
    np.testing.assert_allclose(mean["b"], expected, rtol=1e-4, atol=1e-6)
    before, after = private_gradients.train(steps=100)
    assert before < 0.7
    assert after > 0.95


def test_the_ensemble_disagrees_where_there_are_no_data() -> None:
    found = ensemble.measure(steps=300, count=16)
    assert found["error of the mean"] < found["error of one"] < 0.1
    assert found["spread without data"] > 2 * found["spread with data"]


def test_meta_training_makes_one_step_enough() -> None:
    found = maml.measure(steps=3000)
    assert found["trained, adapted"] < 0.5 * found["trained, not adapted"]
    assert found["trained, adapted"] < 0.5 * found["adapted, untrained"]


def test_adjoint_gradients() -> None:
    """They agree to the order of the solver, and fit a spiral."""
    coarse, fine = neural_ode.difference(steps=10), neural_ode.difference(steps=20)
    assert fine < 1e-8
    assert fine < coarse / 8
    losses = neural_ode.fit(rounds=200)
    assert losses[-1] < losses[0] / 50


def test_newton_converges_superlinearly_to_the_minimum() -> None:
    x, y = newton.make_data(200, 8)
    f = lambda w: newton.objective(w, x, y)  # noqa: E731
    weights, lengths = newton.newton(f, fb.zeros(8, dtype=fb.float64))
    assert lengths[-1] < 1e-12
    assert len(lengths) < 15
    assert lengths[-2] < lengths[-3] ** 1.2
    assert np.linalg.eigvalsh(func.hessian(f)(weights).numpy()).min() > 0
