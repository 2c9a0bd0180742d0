"""Every rule beside its formula in NumPy, for 30 steps; trees, types, numbers as tensors."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb
from flambeau.core import trees
from flambeau.optim import transform as T
from tests.optim.oracles import CASES
from tests.optim.trajectories import gradients, parameters

STEPS = 30
NAMES = [f"{name}-{i}" for i, (name, _, _) in enumerate(CASES)]


def tensors(tree, dtype=None):
    return trees.map(lambda x: fb.tensor(x, dtype=dtype), tree)


def run(rule, steps=STEPS, dtype=np.float64, rate=0.1):
    """The updates of each step; parameters move by a tenth of them."""
    params = tensors(parameters(dtype=dtype))
    state = rule.init(params)
    found = []
    for g in gradients(steps, dtype=dtype):
        updates, state = rule.update(tensors(g), state, params)
        found.append({k: u.numpy() for k, u in updates.items()})
        params = T.apply_updates(params, {k: u * rate for k, u in updates.items()})
    return found, state


def expected(oracle, options, steps=STEPS, rate=0.1):
    params = parameters()
    rules = {k: oracle(p, **options) for k, p in params.items()}
    found = []
    for t, g in enumerate(gradients(steps), start=1):
        updates = {k: rules[k].step(g[k], params[k], t) for k in params}
        found.append(updates)
        params = {k: p + rate * updates[k] for k, p in params.items()}
    return found


def agree(found, reference, tolerance=1e-12):
    for t, (ours, theirs) in enumerate(zip(found, reference, strict=True), start=1):
        for k in ours:
            np.testing.assert_allclose(
                ours[k], theirs[k], rtol=tolerance, atol=tolerance, err_msg=f"step {t}, {k}"
            )


@pytest.mark.parametrize(("name", "oracle", "options"), CASES, ids=NAMES)
def test_formula(name: str, oracle, options: dict) -> None:
    found, _ = run(getattr(T, name)(**options))
    agree(found, expected(oracle, options))


@pytest.mark.parametrize(("name", "oracle", "options"), CASES, ids=NAMES)
def test_single_precision_stays_single(name: str, oracle, options: dict) -> None:
    found, state = run(getattr(T, name)(**options), 5, np.float32)
    assert {u.dtype for tree in found for u in tree.values()} == {np.dtype(np.float32)}
    # Numbers of a rule (a product of decay rates, say) are kept in double precision.
    assert {x.dtype for x in trees.leaves(state.leaves) if x.ndim} <= {fb.float32}
    assert state.step.item() == 5


@pytest.mark.parametrize(("name", "oracle", "options"), CASES, ids=NAMES)
def test_nothing_given_is_changed(name: str, oracle, options: dict) -> None:
    rule = getattr(T, name)(**options)
    params, g = tensors(parameters()), tensors(gradients(1)[0])
    state = rule.init(params)
    for _ in range(2):
        given = (params, g, state)
        before = [x.clone() for x in trees.leaves(given)]
        _, new = rule.update(g, state, params)
        assert all(fb.equal(x, y) for x, y in zip(trees.leaves(given), before, strict=True))
        kept = {id(x) for x in trees.leaves((state.leaves, state.shared))}
        assert not kept & {id(x) for x in trees.leaves((new.leaves, new.shared))}
        state = new


@pytest.mark.parametrize(("name", "oracle", "options"), CASES, ids=NAMES)
def test_no_gradient_changes_nothing(name: str, oracle, options: dict) -> None:
    """``None`` passes, and the parameter's state stays."""
    rule = getattr(T, name)(**options)
    params, g = tensors(parameters()), tensors(gradients(1)[0])
    _, state = rule.update(g, rule.init(params), params)
    updates, after = rule.update(g | {"w": None}, state, params)
    assert updates["w"] is None
    for slots in (after.leaves.get("w", {}), state.leaves.get("w", {})):
        assert [x.numpy().tolist() for x in trees.leaves(slots)] == [
            x.numpy().tolist() for x in trees.leaves(state.leaves.get("w", {}))
        ]
    alone, _ = rule.update({"b": g["b"]}, _only(state, "b"), {"b": params["b"]})
    assert fb.equal(updates["b"], alone["b"])


def _only(state: T.State, name: str) -> T.State:
    return T.State(state.step, {k: v for k, v in state.leaves.items() if k == name}, state.shared)


TENSOR_OPTIONS = [
    ("scale_by_adam", {"b1": 0.9, "b2": 0.99, "eps": 1e-4, "eps_root": 1e-4}),
    ("scale_by_amsgrad", {"b1": 0.9, "b2": 0.99, "eps": 1e-4}),
    ("scale_by_adamax", {"b1": 0.9, "b2": 0.99, "eps": 1e-4}),
    ("scale_by_belief", {"b1": 0.9, "b2": 0.99, "eps": 1e-4}),
    ("scale_by_yogi", {"b1": 0.9, "b2": 0.99, "eps": 1e-4}),
    ("scale_by_radam", {"b1": 0.9, "b2": 0.9, "eps": 1e-4, "threshold": 5.0}),
    ("scale_by_lion", {"b1": 0.9, "b2": 0.99}),
    ("scale_by_rms", {"decay": 0.9, "eps": 1e-4}),
    ("scale_by_stddev", {"decay": 0.9, "eps": 1e-2}),
    ("scale_by_rss", {"eps": 1e-4}),
    ("scale_by_adadelta", {"rho": 0.9, "eps": 1e-4}),
    ("trace", {"decay": 0.9, "dampening": 0.1}),
    ("ema", {"decay": 0.9}),
    ("scale", {"step_size": 0.3}),
    ("add_decayed_weights", {"weight_decay": 0.3}),
    ("clip_by_global_norm", {"max_norm": 0.5}),
    ("scale_by_trust_ratio", {"min_norm": 0.1, "trust_coefficient": 0.5, "eps": 0.1}),
]


@pytest.mark.parametrize(("name", "options"), TENSOR_OPTIONS, ids=[x[0] for x in TENSOR_OPTIONS])
def test_numbers_may_be_tensors(name: str, options: dict) -> None:
    make = getattr(T, name)
    as_tensors = {k: fb.tensor(v, dtype=fb.float64) for k, v in options.items()}
    found, _ = run(make(**as_tensors), 8)
    agree(found, run(make(**options), 8)[0], 1e-13)


@pytest.mark.parametrize(("name", "options"), TENSOR_OPTIONS, ids=[x[0] for x in TENSOR_OPTIONS])
def test_numbers_may_be_schedules(name: str, options: dict) -> None:
    make = getattr(T, name)
    counts: list[int] = []

    def schedule(value):
        def f(count):
            counts.append(count)
            return value

        return f

    found, _ = run(make(**{k: schedule(v) for k, v in options.items()}), 4)
    agree(found, run(make(**options), 4)[0], 1e-13)
    assert {0, 1, 2, 3} == set(counts)


def test_global_norm_is_over_all_parameters() -> None:
    found, _ = run(T.clip_by_global_norm(0.5), 3)
    for updates, g in zip(found, gradients(3), strict=True):
        norm = np.sqrt(sum((x**2).sum() for x in g.values()))
        for k in g:
            np.testing.assert_allclose(updates[k], g[k] * 0.5 / norm, rtol=1e-14)
    loose, _ = run(T.clip_by_global_norm(1e3), 3)
    agree(loose, gradients(3), 0)


def test_deviation_of_a_single_gradient_is_zero() -> None:
    """Freed from its bias it is 0, which rounding makes negative: the quotient must not be nan."""
    rule = T.scale_by_stddev(bias_correction=True, eps=1e-2)
    g = tensors(gradients(1)[0])
    updates, _ = rule.update(g, rule.init(g))
    for k, u in updates.items():
        np.testing.assert_allclose(u.numpy(), 10 * g[k].numpy(), rtol=1e-12)


def test_moments_in_another_type() -> None:
    """The average is kept in bfloat16, and used in single precision."""
    rule = T.scale_by_adam(mu_dtype=fb.bfloat16)
    found, state = run(rule, 4, np.float32)
    assert {x.dtype for x in state["mu"].values()} == {fb.bfloat16}
    assert {x.dtype for x in state["nu"].values()} == {fb.float32}
    agree(found, run(T.scale_by_adam(), 4, np.float32)[0], 0.02)
    assert found[0]["b"].dtype == np.float32


def test_wide_moments_of_narrow_gradients() -> None:
    rule = T.scale_by_adam(mu_dtype=fb.float32)
    params = {"w": fb.ones(3, dtype=fb.bfloat16)}
    updates, state = rule.update(params, rule.init(params), params)
    assert state["mu"]["w"].dtype is fb.float32
    assert state["nu"]["w"].dtype is fb.bfloat16
    assert T.apply_updates(params, updates)["w"].dtype is fb.bfloat16


def test_mixed_types_in_one_tree() -> None:
    params = [fb.ones(2, dtype=fb.float64), fb.ones(2, dtype=fb.float32)]
    rule = T.chain(T.clip_by_global_norm(1.0), T.adam(0.1))
    updates, _ = rule.update(params, rule.init(params), params)
    assert [u.dtype for u in updates] == [fb.float64, fb.float32]
    np.testing.assert_allclose(updates[0].numpy(), -0.1, rtol=1e-7)


def test_complex_parameters_have_one_size_per_element() -> None:
    g = fb.tensor([3 + 4j, -1j], dtype=fb.complex128)
    rule = T.scale_by_adam()
    updates, state = rule.update(g, rule.init(fb.zeros(2, dtype=fb.complex128)))
    assert state["nu"][""].dtype is fb.float64
    np.testing.assert_allclose(state["nu"][""].numpy(), [0.025, 0.001], rtol=1e-14)
    np.testing.assert_allclose(updates.numpy(), [0.6 + 0.8j, -1j], rtol=1e-7)


ERRORS = [
    (
        lambda: T.scale_by_adam(b1=1.0),
        "scale_by_adam: invalid b1\n  expected: b1 in [0, 1)\n  got:      1.0",
    ),
    (
        lambda: T.adam(-0.1),
        (
            "scale_by_learning_rate: invalid learning_rate\n"
            "  expected: learning_rate at least 0, and finite\n"
            "  got:      -0.1"
        ),
    ),
    (
        lambda: T.scale_by_lion(mode="soft"),
        (
            "scale_by_lion: unknown mode\n"
            "  expected: 'hard' or 'smooth' or 'refined'\n"
            "  got:      'soft'"
        ),
    ),
    (
        lambda: T.adamw(0.1).update(fb.ones(1), T.adamw(0.1).init(fb.ones(1))),
        (
            "add_decayed_weights: update needs the parameters\n"
            "  expected: update(updates, state, params)\n"
            "  got:      no params"
        ),
    ),
    (
        lambda: T.adam(0.1).update({"a": fb.ones(1)}, T.adam(0.1).init({"b": fb.ones(1)})),
        (
            "scale_by_adam: the state has nothing for a\n"
            "  expected: a state that init made for the same tree and the same transformation\n"
            "  got:      another state\n"
            "  help:     call init(params) again"
        ),
    ),
    (
        lambda: T.sgd(0.1).update([fb.ones(1)], T.sgd(0.1).init(fb.ones(1)), fb.ones(1)),
        (
            "transformation: gradients and parameters are different trees\n"
            "  expected: Structure('*')\n"
            "  got:      Structure(['*'])"
        ),
    ),
    (
        lambda: T.sgd(0.1).update(fb.ones(2), T.sgd(0.1).init(fb.ones(1)), fb.ones(1)),
        (
            "transformation: the gradient of the parameter does not fit\n"
            "  expected: shape (1,)\n"
            "  got:      shape (2,)"
        ),
    ),
    (
        lambda: T.named_chain(("a", T.scale(1.0)), ("a", T.scale(2.0))),
        (
            "named_chain: two transformations have the same name\n"
            "  expected: a name for each\n"
            "  got:      ['a', 'a']"
        ),
    ),
    (
        lambda: T.partition({"x": T.scale(1.0)}, {"w": "y"}).init({"w": fb.ones(1)}),
        (
            "partition: w has an unknown label\n"
            "  expected: one of [\"'x'\"]\n"
            "  got:      'y'"
        ),
    ),
    (
        lambda: T.masked(T.scale(1.0), {"v": True}).init({"w": fb.ones(1)}),
        (
            "scale: no label for w\n"
            "  expected: a tree like that of the parameters, or an upper part of it\n"
            "  got:      a tree that has no such leaf"
        ),
    ),
    (
        lambda: T.apply_updates([fb.ones(1)], fb.ones(1)),
        (
            "apply_updates: updates and parameters are different trees\n"
            "  expected: Structure(['*'])\n"
            "  got:      Structure('*')"
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("call", "text"), ERRORS)
def test_errors(call, text: str) -> None:
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == text


def test_what_is_no_parameter() -> None:
    with pytest.raises(TypeError) as caught:
        T.sgd(0.1).init({"n": fb.ones(1, dtype=fb.int64)})
    assert str(caught.value) == (
        "transformation: n cannot be optimized\n"
        "  expected: floating-point or complex tensors, or None\n"
        "  got:      a tensor of torch.int64"
    )
    with pytest.raises(TypeError) as caught:
        T.chain(T.scale(1.0), 3)
    assert str(caught.value) == (
        "transformation: not a transformation\n"
        "  expected: a transformation, or a pair of functions (init, update)\n"
        "  got:      int"
    )
