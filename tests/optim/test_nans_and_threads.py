"""A gradient that is no number stays where it is; native steps do not depend on threads."""

from __future__ import annotations

import math

import numpy as np
import pytest

import flambeau as fb
from flambeau.compiler.compiled import compile
from flambeau.core import trees
from flambeau.optim import transform as T
from tests.optim.oracles import CASES
from tests.optim.test_tree_rules import CASES as TREE_CASES
from tests.optim.trajectories import gradients, parameters

RULES = [(name, options) for name, _, options in CASES]
IDS = [f"{name}-{i}" for i, (name, _) in enumerate(RULES)]


def run(rule, bad=None, steps=5):
    """The updates of each step; ``bad`` is the step at which one element of ``b`` is nan."""
    params = trees.map(fb.tensor, parameters())
    state, found = rule.init(params), []
    for number, g in enumerate(gradients(steps)):
        if number == bad:
            g["b"][2] = math.nan
        updates, state = rule.update(
            trees.map(fb.tensor, g), state, params, value=fb.tensor(1.0 / (1 + number))
        )
        found.append({k: u.numpy() for k, u in updates.items()})
    return found


@pytest.mark.parametrize(("name", "options"), RULES, ids=IDS)
def test_other_parameters_do_not_notice(name: str, options: dict) -> None:
    rule = getattr(T, name)(**options)
    for clean, found in zip(run(rule), run(rule, bad=1), strict=True):
        for k in ("w", "s", "k"):
            np.testing.assert_array_equal(found[k], clean[k])


def left_out(rule):
    """The updates of a run whose second step was left out."""
    params = trees.map(fb.tensor, parameters())
    state, found = rule.init(params), []
    for number, g in enumerate(gradients(5)):
        if number != 1:
            value = fb.tensor(1.0 / (1 + number))
            updates, state = rule.update(trees.map(fb.tensor, g), state, params, value=value)
            found.append({k: u.numpy() for k, u in updates.items()})
    return found


# Noise is a function of the step, and steps that are skipped count as steps of it too.
@pytest.mark.parametrize("name", [name for name in TREE_CASES if name != "noise"])
def test_skipping_leaves_no_trace(name: str) -> None:
    make = TREE_CASES[name][0]
    found = run(T.apply_if_finite(make(), 5), bad=1)
    assert all((u == 0).all() for u in found.pop(1).values())
    for one, other in zip(found, left_out(make()), strict=True):
        for k in one:
            np.testing.assert_array_equal(one[k], other[k])


def test_a_sum_with_nan_is_gone_when_the_next_begins() -> None:
    rule = T.apply_every(2)
    state, found = rule.init(fb.zeros(1)), []
    for g in (1.0, math.nan, 2.0, 3.0):
        updates, state = rule.update(fb.tensor([g]), state)
        found.append(updates.item())
    assert found[0] == found[2] == 0
    assert math.isnan(found[1])
    assert found[3] == 5


CHAINS = {
    "adamw": lambda: T.chain(T.clip_by_global_norm(1.0), T.scale_by_adam(),
                             T.add_decayed_weights(0.1), T.scale_by_learning_rate(0.01)),
    "muon": lambda: T.muon(0.01),
    "adafactor": lambda: T.adafactor(0.01, min_dim_size_to_factor=8),
    "prodigy": lambda: T.prodigy(estim_lr0=1e-3),
}  # fmt: skip


@pytest.mark.parametrize("name", CHAINS)
def test_bits_do_not_depend_on_threads(name: str) -> None:
    def train(threads):
        before = fb.get_num_threads()
        fb.set_num_threads(threads)
        try:
            random = np.random.default_rng(0)
            w = fb.tensor(random.standard_normal((300, 70)).astype(np.float32)).requires_grad_()
            b = fb.tensor(random.standard_normal(5000).astype(np.float32)).requires_grad_()
            optimizer = fb.optim.from_transform(CHAINS[name](), [("w", w), ("b", b)])

            @compile
            def step():
                optimizer.zero_grad()
                ((w.tanh() ** 2).sum() + (b.sin() * b).sum()).backward()
                optimizer.step()

            for _ in range(4):
                step()
            return w.detach().numpy().tobytes() + b.detach().numpy().tobytes()
        finally:
            fb.set_num_threads(before)

    assert train(1) == train(2) == train(3)
