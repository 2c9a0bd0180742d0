"""Rules that look at all parameters at once: beside NumPy, compiled, and what they refuse."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import flambeau as fb
from flambeau.compiler.compiled import compile
from flambeau.core import trees
from flambeau.optim import schedule as S
from flambeau.optim import transform as T
from tests.optim import tree_oracles as O
from tests.optim.trajectories import gradients, parameters

STEPS = 30


def falling(count):
    return 0.1 / (1 + 0.2 * count)


CASES = {
    "prodigy": (lambda: T.prodigy(estim_lr0=1e-2), functools.partial(O.Prodigy, estim_lr0=1e-2)),
    "prodigy, all options": (
        lambda: T.prodigy(0.5, (0.8, 0.9), None, 0.1, 1e-2, 0.7, 0.1, True),
        functools.partial(O.Prodigy, learning_rate=0.5, betas=(0.8, 0.9), eps=0.1, estim_lr0=1e-2,
                          estim_lr_coef=0.7, weight_decay=0.1, safeguard_warmup=True),
    ),
    "dadapt_adamw": (
        lambda: T.dadapt_adamw(betas=(0.8, 0.9), estim_lr0=1e-2, weight_decay=0.1),
        functools.partial(O.DAdaptAdamW, betas=(0.8, 0.9), estim_lr0=1e-2, weight_decay=0.1),
    ),
    "dog": (lambda: T.chain(T.dog(init_step=("heuristic", 0.1)), T.scale(-1.0)),
            functools.partial(O.DoG, init_step=("heuristic", 0.1))),
    "dog with a first rate": (
        lambda: T.chain(T.dog(init_step=("learning_rate", 0.1)), T.scale(-1.0)),
        functools.partial(O.DoG, init_step=("learning_rate", 0.1))),
    "dowg": (lambda: T.chain(T.dowg(eps=0.1), T.scale(-1.0)), functools.partial(O.DoWG, eps=0.1)),
    "polyak": (lambda: T.scale_by_polyak(0.2, 0.05, 0.1), functools.partial(
        O.Polyak, f_min=0.2, max_learning_rate=0.05, eps=0.1)),
    "polyak, never up": (lambda: T.scale_by_polyak(2.0, variant="sps+"),
                         functools.partial(O.Polyak, f_min=2.0, variant="sps+")),
    "momo": (lambda: T.momo(0.3), functools.partial(O.MoMo, learning_rate=0.3)),
    "momo, adapted": (
        lambda: T.momo(weight_decay=0.1, adapt_lower_bound=True, lower_bound=0.3),
        functools.partial(O.MoMo, weight_decay=0.1, adapt_lower_bound=True, lower_bound=0.3)),
    "momo_adam": (
        lambda: T.momo_adam(weight_decay=0.1, adapt_lower_bound=True, lower_bound=0.3, b2=0.9),
        functools.partial(O.MoMoAdam, weight_decay=0.1, adapt_lower_bound=True, lower_bound=0.3,
                          b2=0.9)),
    "plateau": (lambda: T.reduce_on_plateau(0.5, 2), functools.partial(
        O.Plateau, factor=0.5, patience=2)),
    "plateau with rests": (
        lambda: T.reduce_on_plateau(0.5, 2, 0.0, 0.05, 2, 2, 0.2),
        functools.partial(O.Plateau, factor=0.5, patience=2, rtol=0.0, atol=0.05, cooldown=2,
                          accumulation_size=2, min_scale=0.2)),
    "lookahead": (lambda: T.lookahead(T.sgd(1.0), 4, 0.3),
                  functools.partial(O.Lookahead, period=4, rate=0.3)),
    "lookahead, reset": (lambda: T.lookahead(T.sgd(1.0), 3, 0.3, True),
                         functools.partial(O.Lookahead, period=3, rate=0.3)),
    "schedule-free": (lambda: T.schedule_free_sgd(0.1),
                      functools.partial(O.ScheduleFree, rate=lambda t: 0.1)),
    "schedule-free with a schedule": (
        lambda: T.schedule_free(T.sgd(falling), falling, b1=0.7, weight_lr_power=1.0),
        functools.partial(O.ScheduleFree, rate=falling, b1=0.7, power=1.0)),
    "schedule-free, warming up": (
        lambda: T.schedule_free_sgd(0.1, warmup_steps=10),
        functools.partial(O.ScheduleFree, rate=S.warmup_constant_schedule(0.0, 0.1, 10))),
    "muon": (lambda: T.muon(0.1), functools.partial(O.AdamAndMuon, rate=0.1)),
    "muon without Nesterov": (
        lambda: T.muon(0.1, beta=0.5, ns_steps=3, nesterov=False, eps=1e-8), None),
    "mechanic": (lambda: T.mechanize(T.sgd(0.1), s_init=0.01),
                 functools.partial(O.Mechanic, rate=0.1, s_init=0.01)),
    "normalize": (lambda: T.normalize(), None),
    "sharpness": (lambda: T.sam(T.adam(0.1), T.chain(T.normalize(), T.sgd(0.2)), 3), None),
    "sharpness, not reset": (lambda: T.sam(T.adam(0.1), T.adam(0.1), 3, False), None),
    "noise": (lambda: T.noisy_sgd(0.1, key=3), None),
    "lbfgs": (lambda: T.lbfgs(0.01, 3, linesearch=None), None),
}  # fmt: skip

MINE = [name for name, (_, oracle) in CASES.items() if oracle is not None]


def losses():
    return 1.5 / (1 + np.arange(STEPS) / 5) + 0.1 * np.random.default_rng(4).random(STEPS)


def run(rule, steps=STEPS, scale=1.0):
    params = trees.map(fb.tensor, parameters())
    state, found = rule.init(params), []
    for g, f in zip(gradients(steps), losses(), strict=False):
        updates, state = rule.update(trees.map(fb.tensor, g), state, params, value=fb.tensor(f))
        found.append({k: u.numpy() for k, u in updates.items()})
        params = T.apply_updates(params, trees.map(lambda u: u * scale, updates))
    return found, state


@pytest.mark.parametrize("name", MINE)
def test_formula(name: str) -> None:
    make, oracle = CASES[name]
    scale = 1.0 if name.startswith(("lookahead", "sched", "mech", "muon", "prod", "dada")) else 0.1
    found, _ = run(make(), scale=scale)
    p = parameters()
    reference = oracle(p)
    for t, (g, f, ours) in enumerate(zip(gradients(STEPS), losses(), found, strict=True), 1):
        expected = reference.step(g, p, t, f)
        for k in p:
            np.testing.assert_allclose(ours[k], expected[k], rtol=1e-11, atol=1e-12,
                                       err_msg=f"{t}, {k}")  # fmt: skip
        p = {k: p[k] + scale * expected[k] for k in p}


@pytest.mark.parametrize("name", CASES)
def test_compiled_equals_eager(name: str) -> None:
    make, _ = CASES[name]

    def train(compiled):
        params = {k: fb.tensor(v * 0.3).requires_grad_() for k, v in parameters().items()}
        optimizer = fb.optim.from_transform(make(), list(params.items()))

        def step(x):
            optimizer.zero_grad()
            loss = sum(((p - x) ** 2).sum() + (p**4).sum() for p in params.values())
            loss.backward()
            optimizer.step(value=loss.detach())
            return loss

        function = compile(step) if compiled else step
        found = [function(fb.tensor(0.05 * i, dtype=fb.float64)).item() for i in range(12)]
        return found, params, function

    eager, params, _ = train(False)
    found, others, function = train(True)
    np.testing.assert_allclose(found, eager, rtol=1e-9)
    for k, p in params.items():
        np.testing.assert_allclose(others[k].detach().numpy(), p.detach().numpy(), rtol=1e-8,
                                   atol=1e-10)  # fmt: skip
    assert len(function.reasons) == 1, function.reasons
    assert "operations through NumPy: none" in str(function.report())


@pytest.mark.parametrize("name", CASES)
def test_single_precision_stays_single(name: str) -> None:
    params = trees.map(fb.tensor, parameters(dtype=np.float32))
    rule = CASES[name][0]()
    state = rule.init(params)
    for g in gradients(4, dtype=np.float32):
        updates, state = rule.update(trees.map(fb.tensor, g), state, params, value=fb.tensor(1.0))
    assert {u.dtype for u in updates.values()} == {fb.float32}
    assert {x.dtype for x in trees.leaves(state.leaves) if x.ndim} <= {fb.float32}


@pytest.mark.parametrize("name", CASES)
def test_nothing_given_is_changed(name: str) -> None:
    rule = CASES[name][0]()
    params, g = (trees.map(fb.tensor, x) for x in (parameters(), gradients(1)[0]))
    state = rule.init(params)
    for _ in range(3):
        given = (params, g, state)
        before = [x.clone() for x in trees.leaves(given)]
        _, state = rule.update(g, state, params, value=fb.tensor(1.0))
        assert all(fb.equal(x, y) for x, y in zip(trees.leaves(given), before, strict=True))


def test_sharpness_by_hand() -> None:
    up = T.chain(T.normalize(), T.sgd(0.5))
    rule, p = T.sam(T.sgd(0.1), up), fb.tensor([3.0, 4.0])
    state = rule.init(p)
    path = []
    for _ in range(4):
        updates, state = rule.update(p, state, p)  # the loss |p|^2 / 2
        p = p + updates
        path.append(p.tolist())
    up, down = 1 + 0.5 / 5, 1 - 0.1 * (1 + 0.5 / 5)
    np.testing.assert_allclose(path[0], [3 * up, 4 * up], rtol=1e-6)
    np.testing.assert_allclose(path[1], [3 * down, 4 * down], rtol=1e-6)
    again = down * (1 - 0.1 * (1 + 0.5 / (5 * down)))
    np.testing.assert_allclose(path[3], [3 * again, 4 * again], rtol=1e-6)


def test_noise_is_a_function_of_key_name_and_step() -> None:
    g = {"a": fb.zeros(20_000), "b": fb.zeros(20_000)}

    def drawn(key, steps=2):
        rule = T.add_noise(0.04, 1.0, key)
        state, found = rule.init(g), []
        for _ in range(steps):
            updates, state = rule.update(g, state)
            found += [updates["a"].numpy(), updates["b"].numpy()]
        return found

    first = drawn(1)
    for x, variance in zip(first, (0.04, 0.04, 0.02, 0.02), strict=True):
        assert abs(x.mean()) < 5 * np.sqrt(variance / x.size)
        assert x.var() == pytest.approx(variance, rel=0.05)
    assert abs(np.corrcoef(first)[np.triu_indices(4, 1)]).max() < 0.04
    for a, b in zip(first, drawn(1), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first[0], drawn(2)[0])
    fb.manual_seed(0)
    before = fb.get_rng_state()
    drawn(1)
    assert fb.equal(before, fb.get_rng_state())


def test_schedule_free_evaluation() -> None:
    rule = T.schedule_free_sgd(0.1)
    _, state = run(rule)
    reference, p = O.ScheduleFree(parameters(), lambda t: 0.1), parameters()
    for t, g in enumerate(gradients(STEPS), 1):
        u = reference.step(g, p, t, 0)
        p = {k: p[k] + u[k] for k in p}
    averaged = T.schedule_free_eval_params(state, trees.map(fb.tensor, p))
    for k in p:
        np.testing.assert_allclose(averaged[k].numpy(), reference.x[k], rtol=1e-12)
    with pytest.raises(ValueError, match="schedule_free_eval_params: another kind of state"):
        T.schedule_free_eval_params(T.adam(0.1).init(fb.ones(1)), fb.ones(1))


def bad(rule, **extra):
    w = fb.ones(2)
    return lambda: rule.update(w, rule.init(w), w, **extra)


ERRORS = [
    (bad(T.scale_by_polyak()), ("scale_by_polyak: update needs the loss\n"
     "  expected: update(updates, state, params, value=loss)\n  got:      no value")),
    (bad(T.scale_by_zoom_linesearch(3), value=1.0),
     ("scale_by_zoom_linesearch: update needs the loss\n"
     "  expected: update(updates, state, params, value=v, grad=g, value_fn=f)\n"
     "  got:      no grad, value_fn")),
    (bad(T.sam(T.sgd(0.1), T.sgd(0.1), opaque_mode=True)),
     ("sam: update needs a function that computes gradients\n"
     "  expected: update(updates, state, params, grad_fn=f) with f(params, i)\n"
     "  got:      no grad_fn")),
    (lambda: T.scale_by_muon().init({"b": fb.ones(3)}),
     ("scale_by_muon: a parameter is no matrix\n"
     "  expected: parameters with at least 2 dimensions\n  got:      b of shape (3,)\n"
     "  help:     transform.muon leaves vectors to Adam")),
    (lambda: T.scale_by_muon(preconditioning="no"), ("scale_by_muon: unknown preconditioning\n"
     "  expected: 'frobenius' or 'spectral' or 'aol' or 'schatten'\n  got:      'no'")),
    (lambda: T.lookahead(T.sgd(0.1), 0, 0.5), ("lookahead: invalid sync_period\n"
     "  expected: sync_period at least 1, and finite\n  got:      0")),
    (lambda: T.reduce_on_plateau(rtol=0.0), ("reduce_on_plateau: no tolerance\n"
     "  expected: rtol or atol above 0\n  got:      both 0")),
    (lambda: T.prodigy().update(fb.ones(1), T.prodigy().init(fb.ones(1))),
     ("prodigy: update needs the parameters\n"
     "  expected: update(updates, state, params)\n  got:      no params")),
]  # fmt: skip


@pytest.mark.parametrize(("call", "text"), ERRORS)
def test_errors(call, text: str) -> None:
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == text
