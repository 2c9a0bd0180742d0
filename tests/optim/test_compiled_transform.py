"""Transformations inside compiled steps: equal to eager, recorded once."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb
from flambeau import nn
from flambeau.compiler.compiled import compile
from flambeau.optim import schedule as S
from flambeau.optim import transform as T


def chain(mask=None):
    return T.chain(
        T.clip_by_global_norm(1.0),
        T.scale_by_adam(),
        T.add_decayed_weights(0.1, mask=mask),
        T.scale_by_learning_rate(S.warmup_cosine_decay_schedule(0.0, 0.1, 5, 25)),
    )


def weights_only(params):
    return {name: p.ndim > 1 for name, p in params.items()}


RULES = {
    "chain": lambda: chain(weights_only),
    "lambda": lambda: T.sgd(lambda count: 1e-3 / (1 + count), momentum=0.9),
    "radam": lambda: T.radam(0.01, b2=0.9),
    "amsgrad": lambda: T.amsgrad(0.01),
    "lamb": lambda: T.lamb(0.01, weight_decay=0.1),
    "adafactor": lambda: T.adafactor(0.01, min_dim_size_to_factor=2),
    "rmsprop": lambda: T.rmsprop(0.01, centered=True, momentum=0.9, initial_scale=1.0),
    "lion": lambda: T.lion(0.01),
    "trace": lambda: T.chain(T.trace(0.9, dampening=0.5), T.scale(-0.01)),
    "injected": lambda: T.inject_hyperparams(T.adamw)(0.01, weight_decay=0.1),
    "scheduled injection": lambda: T.inject_hyperparams(T.adam)(S.exponential_decay(0.1, 5, 0.9)),
    "micro-batches": lambda: T.MultiSteps(chain(weights_only), 3),
    "finite": lambda: T.apply_if_finite(chain(weights_only), 2),
    "partition": lambda: T.partition(
        {True: T.adam(0.01), False: T.sgd(0.01)}, weights_only
    ),
}  # fmt: skip


def train(rule, compiled: bool, steps: int = 30, bad: tuple[int, ...] = ()):
    fb.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1)).double()
    optimizer = fb.optim.from_transform(rule, model.named_parameters())

    def step(x, y):
        optimizer.zero_grad()
        loss = (model(x) - y).pow(2).sum()
        loss.backward()
        optimizer.step()
        return loss

    run = compile(step) if compiled else step
    random = np.random.default_rng(0)
    losses = []
    for number in range(steps):
        x, y = random.standard_normal((16, 4)), random.standard_normal((16, 1))
        if number in bad:
            x[3, 1] = np.nan
        losses.append(run(fb.tensor(x), fb.tensor(y)).item())
    return losses, model, optimizer, run


@pytest.mark.parametrize("name", RULES)
def test_compiled_equals_eager(name: str) -> None:
    losses, model, optimizer, _ = train(RULES[name](), False)
    found, other, compiled, run = train(RULES[name](), True)
    np.testing.assert_allclose(found, losses, rtol=1e-12)
    for a, b in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(b.detach().numpy(), a.detach().numpy(), rtol=1e-11, atol=1e-13)
    step = compiled.transformation_state.step
    assert step.item() == optimizer.transformation_state.step.item() == 30
    assert len(run.reasons) == 1, run.reasons


@pytest.mark.parametrize("name", ["finite", "micro-batches"])
def test_bad_batches_are_left_out(name: str) -> None:
    rule = RULES[name]
    if name == "micro-batches":

        def rule():
            return T.MultiSteps(chain(), 3, should_skip_update_fn=T.skip_not_finite)

    _, model, eager, _ = train(rule(), False, 12, (4, 7))
    _, other, compiled, run = train(rule(), True, 12, (4, 7))
    for a, b in zip(model.parameters(), other.parameters(), strict=True):
        assert np.isfinite(a.detach().numpy()).all()
        np.testing.assert_allclose(b.detach().numpy(), a.detach().numpy(), rtol=1e-11, atol=1e-13)
    for key, slots in eager.transformation_state.shared.items():
        assert {k: v.item() for k, v in slots.items() if isinstance(v, fb.Tensor)} == {
            k: v.item()
            for k, v in compiled.transformation_state.shared[key].items()
            if isinstance(v, fb.Tensor)
        }
    assert len(run.reasons) == 1, run.reasons


def test_hyperparameters_change_without_recording() -> None:
    rule = T.inject_hyperparams(T.sgd)(learning_rate=0.5)
    w = fb.ones(1, dtype=fb.float64, requires_grad=True)
    optimizer = fb.optim.from_transform(rule, [("w", w)])

    @compile
    def step():
        optimizer.zero_grad()
        w.sum().backward()
        optimizer.step()

    step()
    optimizer.transformation_state.hyperparams["learning_rate"].fill_(0.25)
    step()
    assert w.item() == 0.25
    assert len(step.reasons) == 1


def test_pure_update_with_the_state_as_an_argument() -> None:
    rule = chain()
    params = {"w": fb.ones(2, 2, dtype=fb.float64), "b": fb.ones(2, dtype=fb.float64)}
    gradients = {"w": fb.full((2, 2), 0.3, dtype=fb.float64), "b": fb.ones(2, dtype=fb.float64)}

    def step(params, state):
        updates, state = rule.update(gradients, state, params)
        return T.apply_updates(params, updates), state

    run = compile(step)
    ours, state = params, rule.init(params)
    theirs, other = params, rule.init(params)
    for _ in range(8):
        ours, state = step(ours, state)
        theirs, other = run(theirs, other)
    for k in ours:
        np.testing.assert_allclose(theirs[k].numpy(), ours[k].numpy(), rtol=1e-12)
    assert other.step.item() == 8
    assert len(run.reasons) == 1
