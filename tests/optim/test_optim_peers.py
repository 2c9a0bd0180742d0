"""SGD, Adam and AdamW step by step beside PyTorch's, over all their options."""

from __future__ import annotations

import copy
import itertools
import pickle
from typing import Any

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers

LIBRARIES = (fb, torch)

SGD_OPTIONS = [
    dict(zip(("momentum", "dampening", "nesterov"), values), weight_decay=decay, maximize=up)
    for values in [(0, 0, False), (0.9, 0, False), (0.9, 0.3, False), (0.8, 0, True)]
    for decay, up in itertools.product([0, 0.05], [False, True])
]
ADAM_OPTIONS = [
    {"betas": betas, "weight_decay": decay, "amsgrad": amsgrad, "maximize": up, "eps": eps}
    for betas, eps in [((0.9, 0.999), 1e-8), ((0.0, 0.0), 1e-3), ((0.3, 0.6), 1e-8)]
    for decay, amsgrad, up in itertools.product([0, 0.1], [False, True], [False, True])
]
CASES = (
    [("SGD", options) for options in SGD_OPTIONS]
    + [("Adam", options) for options in ADAM_OPTIONS]
    + [("Adam", {"decoupled_weight_decay": True, "weight_decay": 0.1})]
    + [("AdamW", options) for options in ADAM_OPTIONS]
)
SHAPES = [(4, 3), (3,), (), (0, 2)]


def parameters(lib: Any, kind: str, seed: int = 0) -> list[Any]:
    """The same parameters in either library."""
    generator = np.random.default_rng(seed)
    made = []
    for shape in SHAPES:
        values = np.asarray(generator.standard_normal(shape))
        if kind.startswith("complex"):
            values = values + 1j * generator.standard_normal(shape)
        made.append(lib.tensor(values.tolist(), dtype=getattr(lib, kind)).reshape(shape))
    return [p.detach().requires_grad_() for p in made]


def train(lib: Any, optimizer: Any, params: list[Any], steps: int, seed: int = 1) -> None:
    """Steps with gradients of the loss ``sum |p|^2 c``, with ``c`` anew for each step."""
    generator = np.random.default_rng(seed)
    for number in range(steps):
        optimizer.zero_grad()
        loss = 0
        for place, p in enumerate(params):
            factor = float(generator.standard_normal())
            if (number + place) % 7 == 6:
                continue  # no gradient in this step
            square = (p * p.conj()).real if p.is_complex() else p * p
            loss = loss + (square * factor + (p + 1).abs()).sum()
        loss.backward()
        optimizer.step()


def close(ours: Any, theirs: Any, kind: str) -> None:
    rtol, atol = {"64": (1e-12, 1e-13), "28": (1e-12, 1e-13), "32": (2e-5, 2e-6)}[kind[-2:]]
    assert str(ours.dtype) == str(theirs.dtype)
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=rtol, atol=atol)


def same_state(ours: dict[str, Any], theirs: dict[str, Any], kind: str) -> None:
    """Both state dicts have the same layout and values."""
    assert list(ours) == list(theirs)
    assert ours["param_groups"] == theirs["param_groups"]
    assert list(ours["state"]) == list(theirs["state"])
    for number, slots in theirs["state"].items():
        assert list(ours["state"][number]) == list(slots)
        for name, value in slots.items():
            close(ours["state"][number][name], value, kind)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_200_steps(name: str, options: dict[str, Any]) -> None:
    results = []
    for lib in LIBRARIES:
        params = parameters(lib, "float64")
        optimizer = getattr(lib.optim, name)(params, lr=0.01, **options)
        train(lib, optimizer, params, 200)
        results.append((params, optimizer.state_dict()))
    (ours, our_state), (theirs, their_state) = results
    for p, q in zip(ours, theirs):
        close(p, q, "float64")
    same_state(our_state, their_state, "float64")


@pytest.mark.parametrize("kind", ["float32", "complex128"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SGD", {"momentum": 0.9, "weight_decay": 0.1, "nesterov": True}),
        ("Adam", {"amsgrad": True, "weight_decay": 0.1}),
        ("AdamW", {}),
    ],
)
def test_other_types(name: str, options: dict[str, Any], kind: str) -> None:
    results = []
    for lib in LIBRARIES:
        params = parameters(lib, kind)
        optimizer = getattr(lib.optim, name)(params, lr=0.01, **options)
        train(lib, optimizer, params, 30)
        results.append(params)
    for p, q in zip(*results):
        close(p, q, kind)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_learning_rate_as_a_tensor(name: str) -> None:
    results = []
    for lib in LIBRARIES:
        params = parameters(lib, "float64")
        rate = lib.tensor(0.05, dtype=lib.float64)
        optimizer = getattr(lib.optim, name)(params, lr=rate, weight_decay=0.1)
        train(lib, optimizer, params, 5)
        rate.mul_(0.5)
        train(lib, optimizer, params, 5)
        results.append((params, repr(optimizer)))
    for p, q in zip(results[0][0], results[1][0]):
        close(p, q, "float64")
    assert results[0][1] == results[1][1]


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_groups_changed_on_the_way(name: str) -> None:
    results = []
    for lib in LIBRARIES:
        params = parameters(lib, "float64")
        groups = [{"params": params[:1], "lr": 0.1}, {"params": iter(params[1:3])}]
        optimizer = getattr(lib.optim, name)(groups, lr=0.01, weight_decay=0.01)
        train(lib, optimizer, params[:3], 5)
        optimizer.add_param_group({"params": params[3], "weight_decay": 0.5})
        for group in optimizer.param_groups:
            group["lr"] *= 0.5
        optimizer.param_groups[1]["maximize"] = True
        train(lib, optimizer, params, 5)
        results.append((params, repr(optimizer), optimizer.state_dict()))
    for p, q in zip(results[0][0], results[1][0]):
        close(p, q, "float64")
    assert results[0][1] == results[1][1]
    same_state(results[0][2], results[1][2], "float64")


def converted(state: dict[str, Any], lib: Any) -> dict[str, Any]:
    """A state dict of one library as one of the other."""

    def tensor(value: Any) -> Any:
        if not hasattr(value, "numpy"):
            return value
        kind = getattr(lib, str(value.dtype).split(".")[1])
        return lib.tensor(value.tolist(), dtype=kind).reshape(tuple(value.shape))

    return {
        "state": {n: {k: tensor(v) for k, v in s.items()} for n, s in state["state"].items()},
        "param_groups": copy.deepcopy(state["param_groups"]),
    }


@pytest.mark.parametrize(
    ("name", "options"),
    [("SGD", {"momentum": 0.9}), ("Adam", {"amsgrad": True}), ("AdamW", {})],
)
def test_training_goes_on_in_the_other_library(name: str, options: dict[str, Any]) -> None:
    finished = {}
    for first, second in itertools.product(LIBRARIES, repeat=2):
        params = parameters(first, "float64")
        optimizer = getattr(first.optim, name)(params, lr=0.02, **options)
        train(first, optimizer, params, 10)
        state = optimizer.state_dict()
        if first is not second:
            params = [
                second.tensor(p.tolist(), dtype=second.float64).reshape(tuple(p.shape))
                for p in params
            ]
            params = [p.requires_grad_() for p in params]
            state = converted(state, second)
        other = getattr(second.optim, name)(params, lr=5.0)
        other.load_state_dict(state)
        train(second, other, params, 10, seed=2)
        finished[first.__name__, second.__name__] = params
    reference = finished["torch", "torch"]
    for params in finished.values():
        for p, q in zip(params, reference):
            np.testing.assert_allclose(p.tolist(), q.tolist(), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_continue_alike(copied: Any) -> None:
    for name in ("SGD", "Adam"):
        results = []
        for lib in LIBRARIES:
            params = parameters(lib, "float64")
            optimizer = getattr(lib.optim, name)(params, lr=0.02, weight_decay=0.1)
            train(lib, optimizer, params, 5)
            twins, twin = copied((params, optimizer))
            assert repr(twin) == repr(optimizer)
            assert [id(p) for p in twin.param_groups[0]["params"]] == [id(p) for p in twins]
            train(lib, twin, twins, 5)
            results.append((params, twins))
        for p, q in zip(results[0][0] + results[0][1], results[1][0] + results[1][1]):
            close(p, q, "float64")


@pytest.mark.parametrize(
    "make",
    [
        lambda lib, ps: lib.optim.SGD(ps),
        lambda lib, ps: lib.optim.SGD([{"params": ps[:1], "lr": 0.5}, {"params": ps[1:]}], lr=0.1),
        lambda lib, ps: lib.optim.Adam(ps, lr=1e-3, amsgrad=True),
        lambda lib, ps: lib.optim.AdamW(list(zip("abcd", ps))),
    ],
)
def test_text_and_defaults(make: Any) -> None:
    ours, theirs = (make(lib, parameters(lib, "float32")) for lib in LIBRARIES)
    assert repr(ours) == repr(theirs)
    assert ours.defaults == theirs.defaults
    assert ours.state_dict() == theirs.state_dict()


def hook_notes(lib: Any) -> list[Any]:
    """When hooks run, and what they are given."""
    params, notes = parameters(lib, "float64")[:1], []
    optimizer = lib.optim.SGD(params, lr=0.1)

    def note(name: str) -> Any:
        def hook(*args: Any) -> None:
            notes.append((name, ["optimizer" if a is optimizer else len(a) for a in args]))

        return hook

    optimizer.register_step_pre_hook(note("before the step"))
    optimizer.register_step_post_hook(note("after the step"))
    optimizer.register_state_dict_pre_hook(note("before state_dict"))
    optimizer.register_state_dict_post_hook(note("after state_dict"))
    optimizer.register_state_dict_pre_hook(note("first"), prepend=True)
    optimizer.register_load_state_dict_pre_hook(note("before loading"))
    optimizer.register_load_state_dict_post_hook(note("after loading"))
    train(lib, optimizer, params, 1)
    optimizer.step(closure=None)
    optimizer.step(lambda: notes.append("closure"))
    optimizer.load_state_dict(optimizer.state_dict())
    return notes


def test_hooks() -> None:
    assert hook_notes(fb) == hook_notes(torch)


def test_closure_runs_with_gradients_and_its_value_is_returned() -> None:
    results = []
    for lib in LIBRARIES:
        (p, *_) = params = parameters(lib, "float64")
        optimizer = lib.optim.SGD(params, lr=0.1)

        def closure(p: Any = p, optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            loss = (p * p).sum()
            loss.backward()
            return loss

        with lib.no_grad():
            loss = optimizer.step(closure)
        results.append((p, loss, loss.requires_grad))
    ours, theirs = results
    close(ours[0], theirs[0], "float64")
    close(ours[1], theirs[1], "float64")
    assert ours[2] == theirs[2]


def test_gradient_of_a_recorded_step() -> None:
    results = []
    for lib in LIBRARIES:
        w = parameters(lib, "float64")[0]
        p = w.clone()
        p.grad = parameters(lib, "float64", seed=3)[0]
        lib.optim.SGD([p], lr=0.1, weight_decay=0.3, differentiable=True).step()
        (p * p).sum().backward()
        results.append((p.grad.grad, w.grad))
    for ours, theirs in zip(*results):
        close(ours, theirs, "float64")
