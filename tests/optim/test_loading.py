"""Loading by name, partly, without hyperparameters; changing parameters in mid-training."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import flambeau as fb
from flambeau.core import trees
from flambeau.optim import transform as T

SHAPES = {"a": (2, 3), "b": (4,), "c": (1,)}


def parameters(names="abc"):
    return {name: fb.ones(SHAPES[name], requires_grad=True) for name in names}


def trained(params, optimizer, steps=3):
    for step in range(steps):
        for i, p in enumerate(params.values()):
            p.grad = fb.full_like(p, 0.1 * (step + 1) + i)
        optimizer.step()
    return optimizer


FACES = {
    "classes": lambda named, **o: fb.optim.Adam(list(named.items()), **o),
    "transformations": lambda named, lr=1e-3: fb.optim.from_transform(
        T.inject_hyperparams(T.adam)(lr), list(named.items())
    ),
}


def moments(optimizer, parameter):
    return [x.numpy() for x in trees.leaves(optimizer.state[parameter]) if x.ndim]


def rate(optimizer):
    if isinstance(optimizer, fb.optim.TransformOptimizer):
        return optimizer.transformation_state["learning_rate"].item()
    return optimizer.param_groups[0]["lr"]


@pytest.mark.parametrize("face", FACES)
def test_names_decide_in_any_order(face: str) -> None:
    params = parameters()
    saved = trained(params, FACES[face](params)).state_dict()
    others = {k: parameters()[k] for k in "cab"}
    optimizer = FACES[face](others)
    report = optimizer.load_state_dict(copy.deepcopy(saved))
    assert report.matches
    assert repr(report) == "<everything matched>"
    first = FACES[face](params)
    first.load_state_dict(saved)
    for k, p in others.items():
        for x, y in zip(moments(optimizer, p), moments(first, params[k]), strict=True):
            np.testing.assert_array_equal(x, y)
            assert x.any()


@pytest.mark.parametrize("face", FACES)
def test_what_matches_is_loaded_and_the_rest_is_said(face: str) -> None:
    params = parameters("ab")
    saved = trained(params, FACES[face](params)).state_dict()
    others = parameters("bc")
    optimizer = FACES[face](others)
    with pytest.raises(ValueError, match="parameters of other names"):
        optimizer.load_state_dict(saved)
    assert not any(x.any() for p in others.values() for x in moments(optimizer, p))
    report = optimizer.load_state_dict(saved, strict=False)
    assert not report.matches
    assert [x for x in report.missing if "." not in x] == ["c"]
    assert report.unexpected == ["a"]
    assert all(x.any() for x in moments(optimizer, others["b"]))
    assert not any(x.any() for x in moments(optimizer, others["c"]))
    trained(others, optimizer, 1)


@pytest.mark.parametrize("face", FACES)
def test_other_shapes(face: str) -> None:
    params = {"a": fb.ones(3, requires_grad=True), "b": fb.ones(4, requires_grad=True)}
    saved = trained(params, FACES[face](params)).state_dict()
    others = parameters("ab")
    optimizer = FACES[face](others)
    if face == "classes":
        with pytest.raises(ValueError) as caught:
            optimizer.load_state_dict(saved)
        assert str(caught.value) == (
            "Adam: the loaded state does not fit\n"
            "  expected: the slots that each parameter has, in their shapes\n"
            "  got:      a.exp_avg of shape (3,), not (2, 3); a.exp_avg_sq of shape (3,), not"
            " (2, 3)\n"
            "  help:     load_state_dict(..., strict=False) takes what fits"
        )
        assert not optimizer.state
    report = optimizer.load_state_dict(saved, strict=False)
    assert len(report.mismatched) == 2
    assert "of shape (3,), not (2, 3)" in report.mismatched[0]
    assert all(x.any() for x in moments(optimizer, others["b"]))
    trained(others, optimizer, 1)


@pytest.mark.parametrize("face", FACES)
def test_rates_just_asked_for_can_stay(face: str) -> None:
    params = parameters()
    saved = trained(params, FACES[face](params, lr=0.5)).state_dict()
    for hyperparameters, expected in ((True, 0.5), (False, 0.125)):
        optimizer = FACES[face](params, lr=0.125)
        optimizer.load_state_dict(copy.deepcopy(saved), hyperparameters=hyperparameters)
        assert rate(optimizer) == expected
        assert all(x.any() for p in params.values() for x in moments(optimizer, p))


def test_conversions_are_said() -> None:
    params = {"w": fb.ones(2, dtype=fb.float64, requires_grad=True)}
    saved = trained(params, fb.optim.Adam(list(params.items()))).state_dict()
    w = fb.ones(2, requires_grad=True)
    optimizer = fb.optim.Adam([("w", w)])
    report = optimizer.load_state_dict(saved)
    assert report.converted == [
        "w.exp_avg from torch.float64 to torch.float32",
        "w.exp_avg_sq from torch.float64 to torch.float32",
    ]
    assert report.matches
    assert optimizer.load_state_dict(saved, keep_types=True).converted == []
    assert optimizer.state[w]["exp_avg"].dtype is fb.float64


def test_slots_that_are_missing() -> None:
    w = fb.ones(2, requires_grad=True)
    saved = trained({"w": w}, fb.optim.Adam([("w", w)])).state_dict()
    optimizer = fb.optim.Adam([("w", w)], amsgrad=True)
    with pytest.raises(ValueError, match=r"w\.max_exp_avg_sq"):
        optimizer.load_state_dict(saved, hyperparameters=False)
    report = optimizer.load_state_dict(saved, hyperparameters=False, strict=False)
    assert report.missing == ["w.max_exp_avg_sq"]
    trained({"w": w}, optimizer, 1)


# --- changing parameters --------------------------------------------------------------------------


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("named", [True, False])
def test_parameters_leave_and_schedulers_stay(face: str, named: bool) -> None:
    params = parameters()
    optimizer = trained(params, FACES[face](params))
    if not named:
        if face == "classes":
            optimizer = fb.optim.Adam(list(params.values()))
        else:
            rule = T.inject_hyperparams(T.adam)(1e-3)
            optimizer = fb.optim.from_transform(rule, list(params.values()))
        trained(params, optimizer)
    before = {k: [x.copy() for x in moments(optimizer, p)] for k, p in params.items()}
    optimizer.remove_parameter("a" if named else params["a"])
    del params["a"]
    for k, p in params.items():
        for x, y in zip(moments(optimizer, p), before[k], strict=True):
            np.testing.assert_array_equal(x, y)
    optimizer.add_param_group({"params": [("d", fb.ones(2, requires_grad=True))]} if named else
                              {"params": [fb.ones(2, requires_grad=True)]})  # fmt: skip
    params["d"] = optimizer.param_groups[1]["params"][0]
    trained(params, optimizer, 2)
    with pytest.raises(KeyError, match="not one of its parameters"):
        optimizer.remove_parameter("a")


def test_schedulers_go_on() -> None:
    params = parameters()
    optimizer = fb.optim.SGD(list(params.items()), lr=1.0)
    scheduler = fb.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    for name in "abc":
        optimizer.remove_parameter(name)
    scheduler.step()
    optimizer.add_param_group({"params": [("a", params["a"])], "lr": 1.0})
    scheduler.step()
    assert [g["lr"] for g in optimizer.param_groups] == [0.25, 0.25]


@pytest.mark.parametrize("face", FACES)
def test_parameters_are_replaced(face: str) -> None:
    params = parameters()
    optimizer = trained(params, FACES[face](params))
    before = [x.copy() for x in moments(optimizer, params["a"])]
    same, other = fb.zeros(2, 3, requires_grad=True), fb.zeros(5, requires_grad=True)
    optimizer.replace_parameter("a", same)
    for x, y in zip(moments(optimizer, same), before, strict=True):
        np.testing.assert_array_equal(x, y)
    optimizer.replace_parameter(params["b"], other)
    assert not any(x.any() for x in moments(optimizer, other))
    trained({"a": same, "b": other, "c": params["c"]}, optimizer, 2)
    assert all(x.any() for x in moments(optimizer, other))
    assert params["a"] not in optimizer.state
    with pytest.raises(ValueError, match="the new parameter is there already"):
        optimizer.replace_parameter("c", same)
    with pytest.raises(ValueError, match="a parameter is not a leaf"):
        optimizer.replace_parameter("c", same * 2)
    with pytest.raises(TypeError, match="only tensors can be optimized"):
        optimizer.replace_parameter("c", 3)  # type: ignore[arg-type]


@pytest.mark.parametrize("face", FACES)
def test_reset_of_some(face: str) -> None:
    params = parameters()
    optimizer = trained(params, FACES[face](params))
    optimizer.reset(["a", params["c"]])
    found = {k: any(x.any() for x in moments(optimizer, p)) for k, p in params.items()}
    assert found == {"a": False, "b": True, "c": False}
    trained(params, optimizer, 1)
    optimizer.reset()
    assert not any(x.any() for p in params.values() for x in moments(optimizer, p))


def test_a_compiled_step_sees_the_change() -> None:
    params = parameters()
    optimizer = fb.optim.Adam(list(params.items()), lr=0.1)

    @fb.compile
    def step():
        optimizer.zero_grad()
        sum((p * p).sum() for p in params.values()).backward()
        optimizer.step()

    step()
    removed = params["a"].detach().clone()
    optimizer.remove_parameter("a")
    step()
    assert fb.equal(params["a"], removed)
    assert not fb.equal(params["b"], fb.full((4,), 0.9))
