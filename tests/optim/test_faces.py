"""One definition, two faces: the same bits, and state that changes hands in mid-training."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import flambeau as fb
from flambeau.core import trees
from flambeau.optim import schedule as S
from flambeau.optim import transform as T
from tests.optim.trajectories import gradients, parameters

CLASSES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "amsgrad": True, "maximize": True}),
    ("AdamW", {"lr": 0.1}),
    ("RMSprop", {"momentum": 0.9, "centered": True, "eps": 1e-3}),
    ("Adagrad", {"lr_decay": 0.1}),
    ("Adadelta", {"weight_decay": 0.1}),
    ("Adamax", {}),
    ("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {"weight_decay": 0.1}),
    ("ASGD", {"t0": 3}),
    ("Rprop", {}),
    ("Adafactor", {"weight_decay": 0.1, "lr": 0.5}),
    ("SparseAdam", {"lr": 0.1}),
]
IDS = [f"{name}-{i}" for i, (name, _) in enumerate(CLASSES)]


def tensors(tree, **options):
    return {k: fb.tensor(v, **options) for k, v in tree.items()}


def make(name, options):
    params = {k: fb.tensor(v).requires_grad_() for k, v in parameters().items()}
    return params, getattr(fb.optim, name)(list(params.items()), **options)


def advance(params, optimizer, trajectory):
    for g in trajectory:
        for k, p in params.items():
            p.grad = fb.tensor(g[k])
        optimizer.step()


def apply(rule, params, state, trajectory):
    for g in trajectory:
        updates, state = rule.update(tensors(g), state, params)
        params = T.apply_updates(params, updates)
    return params, state


def same_bits(one, other):
    for k in one:
        assert one[k].detach().numpy().tobytes() == other[k].detach().numpy().tobytes(), k


@pytest.fixture
def interpreted(monkeypatch):
    """Steps without native code, whose sums and products may be fused into one rounding."""
    monkeypatch.setenv("FLAMBEAU_COMPILE", "0")


@pytest.mark.usefixtures("interpreted")
@pytest.mark.parametrize(("name", "options"), CLASSES, ids=IDS)
def test_both_faces_have_the_same_bits(name: str, options: dict) -> None:
    params, optimizer = make(name, options)
    rule, start = optimizer.transform(), tensors(parameters())
    pure, _ = apply(rule, start, rule.init(start), gradients(20))
    advance(params, optimizer, gradients(20))
    same_bits(params, pure)


@pytest.mark.usefixtures("interpreted")
@pytest.mark.parametrize(("name", "options"), CLASSES, ids=IDS)
def test_state_changes_hands(name: str, options: dict) -> None:
    path = gradients(30)
    reference, optimizer = make(name, options)
    advance(reference, optimizer, path)

    params, first = make(name, options)
    advance(params, first, path[:10])
    rule = first.transform()
    pure = {k: p.detach().clone() for k, p in params.items()}
    pure, state = apply(rule, pure, first.transformation_state(), path[10:20])
    last_params, last = make(name, options)
    with fb.no_grad():
        for k, p in last_params.items():
            p.copy_(pure[k])
    last.load_transformation_state(state)
    advance(last_params, last, path[20:])
    same_bits(reference, last_params)


@pytest.mark.usefixtures("interpreted")
def test_groups_become_a_partition() -> None:
    def build():
        params = {k: fb.tensor(v).requires_grad_() for k, v in parameters().items()}
        named = list(params.items())
        groups = [{"params": named[:2], "lr": 0.1}, {"params": named[2:], "weight_decay": 0.5}]
        return params, fb.optim.AdamW(groups, lr=0.01)

    params, optimizer = build()
    rule, start = optimizer.transform(), tensors(parameters())
    pure, state = apply(rule, start, rule.init(start), gradients(5))
    advance(params, optimizer, gradients(5))
    same_bits(params, pure)
    _, other = build()
    other.load_transformation_state(state)
    for a, b in zip(
        trees.leaves(other.state_dict()["state"]), trees.leaves(optimizer.state_dict()["state"])
    ):
        assert fb.equal(a, b)


def chain():
    return T.chain(
        T.clip_by_global_norm(1.0),
        T.scale_by_adam(),
        T.add_decayed_weights(0.1, mask={"w": True, "b": False, "s": True, "k": False}),
        T.scale_by_learning_rate(S.warmup_cosine_decay_schedule(0.0, 0.1, 5, 25)),
    )


WRAPPED = {
    "chain": chain,
    "micro-batches": lambda: T.MultiSteps(chain(), 3),
    "finite": lambda: T.apply_if_finite(chain(), 3),
    "injected": lambda: T.inject_hyperparams(T.adamw)(0.1, b2=0.9),
    "sometimes": lambda: T.conditionally_transform(T.adam(0.1), lambda step: step > 3),
}


@pytest.mark.usefixtures("interpreted")
@pytest.mark.parametrize("name", WRAPPED)
def test_any_rule_becomes_an_optimizer(name: str) -> None:
    rule, start = WRAPPED[name](), tensors(parameters())
    pure, state = apply(rule, start, rule.init(start), gradients(20))
    params = {k: fb.tensor(v).requires_grad_() for k, v in parameters().items()}
    optimizer = fb.optim.from_transform(rule, list(params.items()))
    held = trees.leaves(optimizer.transformation_state)
    advance(params, optimizer, gradients(20))
    same_bits(params, pure)
    ours = optimizer.transformation_state
    assert all(a is b for a, b in zip(trees.leaves(ours), held, strict=True))
    for a, b in zip(trees.leaves(ours), trees.leaves(state), strict=True):
        assert fb.equal(a, b)


@pytest.mark.usefixtures("interpreted")
@pytest.mark.parametrize("name", WRAPPED)
def test_resuming(name: str) -> None:
    path = gradients(20)
    reference = {k: fb.tensor(v).requires_grad_() for k, v in parameters().items()}
    optimizer = fb.optim.from_transform(WRAPPED[name](), list(reference.items()))
    advance(reference, optimizer, path[:7])
    saved = copy.deepcopy(optimizer.state_dict())
    params = {k: p.detach().clone().requires_grad_() for k, p in reference.items()}
    resumed = fb.optim.from_transform(WRAPPED[name](), list(params.items()))
    resumed.load_state_dict(pickle.loads(pickle.dumps(saved)))
    advance(reference, optimizer, path[7:])
    advance(params, resumed, path[7:])
    same_bits(reference, params)


def test_loading_says_what_does_not_match() -> None:
    params = {k: fb.tensor(v).requires_grad_() for k, v in parameters().items()}
    adam = fb.optim.from_transform(T.adam(0.1), [("w", params["w"])])
    momentum = fb.optim.from_transform(T.sgd(0.1, momentum=0.9), [("w", params["w"])])
    with pytest.raises(ValueError) as caught:
        adam.load_state_dict(momentum.state_dict())
    assert str(caught.value) == (
        "TransformOptimizer: a parameter's state does not match\n"
        "  expected: what it has now; missing are"
        " ['w.scale_by_adam.mu', 'w.scale_by_adam.nu']\n"
        "  got:      besides that ['w.trace.trace']\n"
        "  help:     load into the same transformation, or keep only what matches"
    )
    with pytest.raises(ValueError, match="the loaded state is not that of a transformation"):
        adam.load_state_dict(fb.optim.Adam([params["w"]]).state_dict())


def test_loaded_moments_keep_their_type() -> None:
    w = fb.ones(3, requires_grad=True)
    make = lambda: fb.optim.from_transform(T.adam(0.1, mu_dtype=fb.bfloat16), [("w", w)])  # noqa: E731
    first, second = make(), make()
    w.grad = fb.ones(3)
    first.step()
    second.load_state_dict(first.state_dict())
    assert second.transformation_state["mu"]["w"].dtype is fb.bfloat16
    assert second.transformation_state["nu"]["w"].dtype is fb.float32


def test_parameters_can_be_added_and_state_reset() -> None:
    a, b = (fb.ones(2, requires_grad=True) for _ in range(2))
    optimizer = fb.optim.from_transform(T.adam(0.1), [("a", a)])
    a.grad = fb.ones(2)
    optimizer.step()
    optimizer.add_param_group({"params": [("b", b)]})
    before = optimizer.transformation_state["mu"]["a"].clone()
    assert fb.equal(optimizer.transformation_state["mu"]["b"], fb.zeros(2))
    b.grad = fb.ones(2)
    optimizer.step()
    assert not fb.equal(b, fb.ones(2))
    assert not fb.equal(optimizer.transformation_state["mu"]["a"], before)
    optimizer.reset()
    assert optimizer.transformation_state.step.item() == 0
    assert fb.equal(optimizer.transformation_state["mu"]["a"], fb.zeros(2))


def test_different_clocks_are_refused() -> None:
    a, b = (fb.ones(2, requires_grad=True) for _ in range(2))
    optimizer = fb.optim.Adam([("a", a), ("b", b)])
    a.grad = fb.ones(2)
    optimizer.step()
    b.grad = fb.ones(2)
    optimizer.step()
    with pytest.raises(ValueError) as caught:
        optimizer.transformation_state()
    assert str(caught.value) == (
        "Adam: the parameters have made different numbers of steps\n"
        "  expected: one clock for all\n"
        "  got:      [1, 2]"
    )


def test_updates_can_be_differentiated() -> None:
    """The gradient of a later loss with respect to the learning rate, beside finite differences."""

    def final_loss(rate):
        rule = T.chain(T.scale_by_adam(eps_root=1e-8), T.add_decayed_weights(0.1),
                       T.scale_by_learning_rate(rate))  # fmt: skip
        w = fb.tensor([1.0, -2.0], dtype=fb.float64, requires_grad=True)
        state = rule.init(w)
        for _ in range(4):
            (g,) = fb.autograd.grad((w**4).sum(), w, create_graph=True)
            updates, state = rule.update(g, state, w)
            w = T.apply_updates(w, updates)
        return (w**2).sum()

    rate = fb.tensor(0.05, dtype=fb.float64, requires_grad=True)
    final_loss(rate).backward()
    step = 1e-6
    low, high = (final_loss(fb.tensor(0.05 + s, dtype=fb.float64)).item() for s in (-step, step))
    assert rate.grad.item() == pytest.approx((high - low) / (2 * step), rel=1e-7)


def test_updates_have_no_graph_without_need() -> None:
    w = fb.ones(2, requires_grad=True)
    rule = T.adamw(0.1)
    updates, state = rule.update(fb.ones(2), rule.init(w), w)
    new = T.apply_updates(w, updates)
    assert updates.grad_fn is None
    assert state["mu"][""].grad_fn is None
    assert new.is_leaf
    assert new.requires_grad


def test_user_written_transformations() -> None:
    calls = []

    def update(updates, state, params=None, *, value):
        calls.append(value)
        return trees.map(lambda g: None if g is None else g * value, updates), state + 1

    custom = T.GradientTransformationExtraArgs(lambda params: fb.zeros(()), update)
    rule = T.chain(T.trace(0.5), custom)
    params = {"a": fb.ones(1), "b": [fb.ones(1), None]}
    updates, state = rule.update(params, rule.init(params), params, value=3.0)
    assert updates["b"][0].item() == 3.0
    assert updates["b"][1] is None
    assert state["external", "state"].item() == 1
    np.testing.assert_array_equal(calls, [3.0])
    pair = (lambda params: (), lambda updates, state, params=None: (updates, state))
    assert T.chain(pair).update(fb.ones(1), T.chain(pair).init(fb.ones(1)))[0].item() == 1.0
