"""Mistakes that other libraries make, or made, and that are not made here."""

from __future__ import annotations

import math

import numpy as np
import pytest

import flambeau as fb
from flambeau.core import trees
from flambeau.optim import schedule as S
from flambeau.optim import transform as T


def updates_of(rule, gradients, params=None, **extra):
    params = fb.zeros(1, dtype=fb.float64) if params is None else params
    state, found = rule.init(params), []
    for g in gradients:
        update, state = rule.update(fb.tensor([g], dtype=fb.float64), state, params, **extra)
        found.append(update.item())
    return found, state


def test_rprop_returns_the_update_of_this_step() -> None:
    found, _ = updates_of(T.scale_by_rprop(0.01), [1, 1, 1, -1, -1, 1])
    assert found == pytest.approx([0.01, 0.012, 0.0144, 0, -0.0072, 0], abs=1e-15)


@pytest.mark.parametrize("mean", [True, False])
def test_a_bad_micro_batch_spoils_only_its_own_update(mean: bool) -> None:
    rule = T.MultiSteps(T.sgd(1.0), 2, use_grad_mean=mean)
    found, state = updates_of(rule, [math.nan, 1.0, 1.0, 3.0, 5.0, 5.0])
    share = 0.5 if mean else 1.0
    assert math.isnan(found[1])
    assert [found[i] for i in (0, 2, 3, 4, 5)] == [0, 0, -4.0 * share, 0, -10.0 * share]
    assert state["acc_grads"][""].item() == 0


def test_a_skipped_micro_batch_spoils_nothing() -> None:
    rule = T.MultiSteps(T.adam(1.0), 2, should_skip_update_fn=T.skip_not_finite)
    clean, _ = updates_of(T.MultiSteps(T.adam(1.0), 2), [1.0, 2.0, 3.0, 4.0])
    found, state = updates_of(rule, [1.0, math.nan, 2.0, 3.0, math.inf, 4.0])
    assert [found[i] for i in (0, 2, 3, 5)] == clean
    assert found[1] == found[4] == 0
    assert state["skip_state"]["num_not_finite"].item() == 0


def test_bad_gradients_do_not_enter_averages() -> None:
    for inner in (T.ema(0.9), T.adam(0.1), T.chain(T.clip_by_global_norm(1.0), T.trace(0.9))):
        clean, _ = updates_of(T.apply_if_finite(inner, 5), [1.0, 2.0, 3.0])
        found, state = updates_of(T.apply_if_finite(inner, 5), [1.0, math.nan, 2.0, math.inf, 3.0])
        assert [found[i] for i in (0, 2, 4)] == clean
        assert found[1] == found[3] == 0
        assert state["total_notfinite"].item() == 2
        assert state["notfinite_count"].item() == 0


def test_too_many_bad_gradients_in_a_row_are_let_through() -> None:
    found, state = updates_of(T.apply_if_finite(T.scale(1.0), 2), [math.nan] * 4)
    assert found[:2] == [0, 0]
    assert math.isnan(found[2])
    assert math.isnan(found[3])
    assert state["notfinite_count"].item() == 4
    assert not state["last_finite"].item()


def test_zeros_are_zeros_whatever_they_replace() -> None:
    g = {"a": fb.tensor([math.nan]), "b": fb.tensor([math.inf])}
    rule = T.freeze({"a": True, "b": True})
    updates, _ = rule.update(g, rule.init(g))
    assert [u.item() for u in updates.values()] == [0, 0]


def test_extra_arguments_reach_what_stands_inside() -> None:
    seen = []

    def update(updates, state, params=None, *, value):
        seen.append(value)
        return updates, state

    inner = T.GradientTransformationExtraArgs(lambda params: (), update)
    rules = (
        T.chain(T.MultiSteps(inner, 1), T.scale(1.0)),
        T.chain(T.MultiSteps(inner, 1).gradient_transformation(), T.scale(1.0)),
        T.apply_if_finite(T.masked(inner, True), 1),
        T.partition({"x": T.named_chain(("y", inner))}, "x"),
    )
    for rule in rules:
        updates_of(rule, [1.0], value=3.5)
    assert seen == [3.5] * 4


def test_a_scheduled_hyperparameter_has_one_place() -> None:
    rule = T.MultiSteps(
        T.inject_hyperparams(T.adamw)(S.linear_schedule(1.0, 0.0, 10), weight_decay=0.1), 2
    )
    _, state = updates_of(rule, [1.0] * 6)
    assert state["learning_rate"].item() == 0.8  # after two of the updates that it saw
    assert state["weight_decay"].item() == 0.1
    assert state.hyperparams["learning_rate"] is state["learning_rate"]


def test_there_is_one_clock() -> None:
    """Beside it count only transformations that see fewer updates than there are."""
    plain = T.chain(T.scale_by_adam(), T.scale_by_schedule(lambda t: 1.0), T.ema(0.9), T.trace(0.9))
    _, state = updates_of(plain, [1.0] * 3)
    assert state.shared == {}
    assert state.step.item() == 3
    _, state = updates_of(T.MultiSteps(T.inject_hyperparams(T.adamw)(0.1), 2), [1.0] * 3)
    counters = [x for x in trees.leaves(state) if x.dtype is fb.int64]
    assert sorted(x.item() for x in counters) == [1, 1, 3]


def test_adafactor_takes_the_epsilon_of_each_parameter() -> None:
    """A group of several types is updated as each parameter alone would be."""

    def step(dtypes):
        params = [fb.full((3,), 1e-4, dtype=d).requires_grad_() for d in dtypes]
        for p in params:
            p.grad = fb.full((3,), 1e-9, dtype=p.dtype)  # below the epsilon of float32 only
        fb.optim.Adafactor(params, lr=0.1).step()
        return [1e-4 - p.detach().double().numpy() for p in params]

    together = step([fb.float32, fb.float64])
    alone = step([fb.float32]) + step([fb.float64])
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_array_equal(a, b)
    single, double = (moved[0] for moved in together)
    assert double == pytest.approx(1e-4, rel=1e-9)  # the whole step: alpha is at least 1e-3 * lr
    assert single < 0.02 * double


def test_trust_ratios_are_those_of_single_parameters() -> None:
    params = {"small": fb.full((4,), 0.01), "large": fb.full((4,), 10.0)}
    rule = T.scale_by_trust_ratio()
    updates, _ = rule.update(trees.map(fb.ones_like, params), rule.init(params), params)
    for name, p in params.items():
        np.testing.assert_allclose(updates[name].numpy(), p.numpy(), rtol=1e-6)
