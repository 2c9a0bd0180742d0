"""What cannot be meant is refused, with a text that helps, and nothing has changed then."""

from __future__ import annotations

import pytest

import flambeau as fb
from flambeau.core import trees
from flambeau.optim import transform as T

ADAM = fb.optim.Adam


def parameter():
    return fb.ones(2, requires_grad=True)


OPTIONS = [
    ("SGD", {"lr": -1.0}), ("SGD", {"momentum": -0.1}), ("SGD", {"weight_decay": -0.1}),
    ("SGD", {"nesterov": True}), ("Adam", {"lr": -1.0}), ("Adam", {"betas": (1.0, 0.9)}),
    ("Adam", {"betas": (0.9, -0.1)}), ("Adam", {"eps": -1.0}), ("AdamW", {"betas": (0.9, 1.0)}),
    ("AdamW", {"lr": float("nan")}), ("Adamax", {"betas": (0.9, 1.0)}), ("NAdam", {"lr": -1.0}),
    ("RAdam", {"eps": -1.0}), ("RMSprop", {"alpha": -1.0}), ("Adagrad", {"lr_decay": -1.0}),
    ("Adadelta", {"rho": 1.5}), ("ASGD", {"lr": -1.0}), ("Rprop", {"etas": (1.1, 1.2)}),
    ("Adafactor", {"d": 0.5}), ("Muon", {"ns_steps": 100}), ("LBFGS", {"lr": -1.0}),
    ("LBFGS", {"max_iter": 0}), ("SparseAdam", {"lr": 0.0}), ("SparseAdam", {"eps": 0.0}),
    ("SparseAdam", {"betas": (0.9, 1.0)}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_options_out_of_range(name: str, options: dict) -> None:
    w = fb.ones(2, 2, requires_grad=True)
    with pytest.raises(ValueError) as caught:
        getattr(fb.optim, name)([w], **options)
    text = str(caught.value)
    assert text.startswith(f"{name}: ")
    assert "\n  expected: " in text
    assert "\n  got:      " in text


def test_misspelt_options() -> None:
    with pytest.raises(ValueError) as caught:
        ADAM([{"params": [parameter()], "weight_deacy": 0.1}])
    assert str(caught.value) == (
        "Adam: a parameter group has an unknown option\n"
        "  expected: one of ['amsgrad', 'betas', 'capturable', 'decoupled_weight_decay',"
        " 'differentiable', 'eps', 'foreach', 'fused', 'lr', 'maximize', 'weight_decay']\n"
        "  got:      'weight_deacy'\n"
        "  help:     is 'weight_decay' meant?"
    )
    optimizer = ADAM([{"params": [parameter()], "name": "head", "lr_scale": 0.1, "max_lr": 1.0}])
    assert optimizer.param_groups[0]["name"] == "head"
    with pytest.raises(ValueError, match="is 'betas' meant"):
        optimizer.add_param_group({"params": [parameter()], "beta": (0.9, 0.99)})
    assert len(optimizer.param_groups) == 1


UPDATES = {
    "another shape": (
        {"w": fb.ones(3)},
        (
            "transformation: the gradient of w does not fit\n"
            "  expected: shape (2,)\n"
            "  got:      shape (3,)"
        ),
    ),
    "complex": (
        {"w": fb.ones(2, dtype=fb.complex64)},
        (
            "transformation: the gradient of w does not fit\n"
            "  expected: a real gradient, as the parameter of torch.float32\n"
            "  got:      a gradient of torch.complex64"
        ),
    ),
    "another tree": (
        {"v": fb.ones(2)},
        (
            "transformation: gradients and parameters are different trees\n"
            "  expected: Structure({'w': '*'})\n"
            "  got:      Structure({'v': '*'})"
        ),
    ),
}


@pytest.mark.parametrize("case", UPDATES)
def test_gradients_that_do_not_fit(case: str) -> None:
    gradients, text = UPDATES[case]
    rule, params = T.adam(0.1), {"w": fb.ones(2)}
    state = rule.init(params)
    with pytest.raises(ValueError) as caught:
        rule.update(gradients, state, params)
    assert str(caught.value) == text
    assert state.step.item() == 0


def broken(count):
    return 0.1 if count < 2 else fb.ones(3)


FAILING = {
    "a schedule": (lambda: T.adam(broken), 2),
    "a loss that is missing": (lambda: T.chain(T.trace(0.9), T.scale_by_polyak()), 0),
}


@pytest.mark.parametrize("compiled", ["0", "1"])
@pytest.mark.parametrize("extra", [{}, {"other": 1}])
@pytest.mark.parametrize("case", FAILING)
def test_a_step_that_fails_changes_nothing(case, extra, compiled, monkeypatch) -> None:
    monkeypatch.setenv("FLAMBEAU_COMPILE", compiled)
    make, good = FAILING[case]
    w = parameter()
    optimizer = fb.optim.from_transform(make(), [("w", w)])
    w.grad = fb.tensor([1.0, -2.0])
    for _ in range(good):
        optimizer.step(**extra)
    before = [x.tolist() for x in (w, *trees.leaves(optimizer.transformation_state))]
    with pytest.raises(ValueError) as caught:
        optimizer.step(**extra)
    assert "\n  expected: " in str(caught.value)
    assert [x.tolist() for x in (w, *trees.leaves(optimizer.transformation_state))] == before


def test_what_is_no_state_and_no_number() -> None:
    rule, w = T.sgd(lambda count: "0.1"), parameter()
    with pytest.raises(TypeError) as caught:
        rule.update(fb.ones(2), rule.init(w), w)
    assert str(caught.value) == (
        "schedule: the value is not a number\n  expected: a number or a 0-d tensor\n  got:      str"
    )
    with pytest.raises(TypeError) as caught:
        T.adam(0.1).update(fb.ones(2), None, w)
    assert str(caught.value) == (
        "chain: this is no state of a transformation\n"
        "  expected: what init(params) or the last update returned\n"
        "  got:      NoneType"
    )
    with pytest.raises(ValueError, match="is 'lr' meant"):
        ADAM([{"params": [parameter()], "lrr": 0.1}])


PARAMETERS = {
    "empty": (list, ValueError, "optimizer: the list of parameters is empty"),
    "a tensor": (parameter, TypeError, "optimizer: params must be a list of tensors"),
    "a number": (lambda: [1.0], TypeError, "Adam: only tensors can be optimized"),
    "no leaf": (lambda: [parameter() * 2], ValueError, "Adam: a parameter is not a leaf"),
    "two groups": (
        lambda: [{"params": [x := parameter()]}, {"params": [x]}],
        ValueError,
        "Adam: a parameter stands in two groups",
    ),
}


@pytest.mark.parametrize("case", PARAMETERS)
def test_parameters_that_cannot_be_optimized(case: str) -> None:
    make, kind, text = PARAMETERS[case]
    with pytest.raises(kind) as caught:
        ADAM(make())
    assert str(caught.value).startswith(text)
    assert "\n  expected: " in str(caught.value)
    assert "\n  got:      " in str(caught.value)


def test_a_group_that_is_refused_is_not_added() -> None:
    w = parameter()
    optimizer = ADAM([w])
    for params in ([w], [parameter() * 2]):
        with pytest.raises(ValueError, match="expected: "):
            optimizer.add_param_group({"params": params})
    assert len(optimizer.param_groups) == 1


def test_a_gradient_of_another_shape_or_type() -> None:
    w = parameter()
    optimizer = ADAM([w])
    for wrong in (fb.ones(3), fb.ones(2, dtype=fb.float64)):
        with pytest.raises(RuntimeError, match="grad: the gradient does not fit its tensor"):
            w.grad = wrong
    w.grad = fb.ones(2)
    w.grad.resize_(3)
    with pytest.raises(RuntimeError, match="Adam: a gradient does not fit its parameter"):
        optimizer.step()
    assert w.tolist() == [1, 1]
    assert not optimizer.state
