"""What surrounds a rule: groups, hooks, state dicts, copies, and the text of each error."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau.optim import SGD, Adam, AdamW, Optimizer


def parameter(*values: float) -> fb.Tensor:
    return fb.tensor(values or (1.0, 2.0), requires_grad=True)


def stepped(optimizer: Optimizer) -> Optimizer:
    """An optimizer after one step."""
    optimizer.zero_grad()
    params = [p for group in optimizer.param_groups for p in group["params"]]
    sum(((p * p).sum() for p in params), start=fb.zeros(())).backward()
    optimizer.step()
    return optimizer


# --- rules against their formulas --------------------------------------------------------------


def test_sgd_with_momentum_by_hand() -> None:
    p, b = 1.0, None
    w = fb.tensor([p], dtype=fb.float64, requires_grad=True)
    optimizer = SGD([w], lr=0.1, momentum=0.9, dampening=0.2, weight_decay=0.3)
    for _ in range(5):
        stepped(optimizer)
        g = 2 * p + 0.3 * p
        b = g if b is None else 0.9 * b + 0.8 * g
        p -= 0.1 * b
        assert w.item() == pytest.approx(p, rel=1e-14)


@pytest.mark.parametrize("decoupled", [False, True])
def test_adam_by_hand(decoupled: bool) -> None:
    p, m, v, largest = 1.5, 0.0, 0.0, 0.0
    w = fb.tensor([p], dtype=fb.float64, requires_grad=True)
    kind = AdamW if decoupled else Adam
    optimizer = kind([w], lr=0.1, betas=(0.8, 0.9), eps=1e-3, weight_decay=0.2, amsgrad=True)
    for t in range(1, 8):
        stepped(optimizer)
        g = 2 * p
        if decoupled:
            p -= 0.1 * 0.2 * p
        else:
            g += 0.2 * p
        m = 0.8 * m + 0.2 * g
        v = 0.9 * v + 0.1 * g * g
        largest = max(largest, v)
        p -= 0.1 * m / (1 - 0.8**t) / ((largest / (1 - 0.9**t)) ** 0.5 + 1e-3)
        assert w.item() == pytest.approx(p, rel=1e-13)


def test_parts_of_a_complex_parameter_are_parameters() -> None:
    z = fb.tensor([1 + 2j, -3 + 0.5j], dtype=fb.complex128, requires_grad=True)
    parts = fb.view_as_real(z.detach()).clone().requires_grad_()
    both = Adam([z], lr=0.1, amsgrad=True), Adam([parts], lr=0.1, amsgrad=True)
    for _ in range(5):
        (z * z.conj()).real.pow(2).sum().backward()
        parts.pow(2).sum(-1).pow(2).sum().backward()
        for optimizer in both:
            optimizer.step()
            optimizer.zero_grad()
    np.testing.assert_allclose(
        fb.view_as_real(z.detach()).numpy(), parts.detach().numpy(), rtol=1e-12
    )
    assert parts.dtype is fb.float64


def test_recorded_step_has_right_gradients() -> None:
    def after(w: fb.Tensor, g: fb.Tensor) -> fb.Tensor:
        p = w.clone()
        p.grad = g
        optimizer = Adam([p], lr=0.1, betas=(0.5, 0.6), eps=0.3, differentiable=True)
        optimizer.step()
        p.grad = g * 2
        optimizer.step()
        return p

    w, g = (fb.rand(3, dtype=fb.float64).requires_grad_() for _ in range(2))
    assert fb.autograd.gradcheck(after, (w, g))


# --- groups ------------------------------------------------------------------------------------


def test_groups_keep_options_of_their_own() -> None:
    a, b, c = parameter(), parameter(), parameter()
    optimizer = SGD([{"params": a, "lr": 0.5, "note": "mine"}, {"params": [b]}], lr=0.1)
    optimizer.add_param_group({"params": iter([c]), "momentum": 0.9})
    assert [g["lr"] for g in optimizer.param_groups] == [0.5, 0.1, 0.1]
    assert [g["momentum"] for g in optimizer.param_groups] == [0, 0, 0.9]
    assert optimizer.param_groups[0]["note"] == "mine"
    assert [g["params"][0] is p for g, p in zip(optimizer.param_groups, (a, b, c))] == [True] * 3


def test_a_group_is_a_copy_of_what_was_given() -> None:
    given = {"params": [parameter()]}
    SGD([given], lr=0.1)
    assert list(given) == ["params"]


def test_parameter_twice_in_a_group_warns() -> None:
    p = parameter()
    with pytest.warns(UserWarning, match="stands twice in a group"):
        SGD([p, p], lr=0.1)


def test_parameters_without_gradients_are_left_alone() -> None:
    a, b = parameter(), parameter()
    optimizer = Adam([a, b])
    a.sum().backward()
    optimizer.step()
    assert b.tolist() == [1.0, 2.0]
    assert list(optimizer.state) == [a]


def test_zero_grad_both_ways() -> None:
    p = parameter()
    optimizer = SGD([p], lr=0.1)
    p.sum().backward()
    gradient = p.grad
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is gradient
    assert gradient.tolist() == [0.0, 0.0]
    optimizer.zero_grad()
    assert p.grad is None


def test_nothing_changes_if_a_gradient_does_not_fit() -> None:
    a, b = parameter(), parameter()
    optimizer = SGD([{"params": [a]}, {"params": [b]}], lr=0.1)
    (a.sum() + b.sum()).backward()
    b.data = fb.ones(3)
    with pytest.raises(RuntimeError) as caught:
        optimizer.step()
    assert str(caught.value) == (
        "SGD: a gradient does not fit its parameter\n"
        "  expected: a gradient of shape (3,)\n"
        "  got:      shape (2,)\n"
        "  help:     call zero_grad() after giving a parameter another shape"
    )
    assert a.tolist() == [1.0, 2.0]


# --- a rule of one's own -----------------------------------------------------------------------


class Plain(Optimizer):
    """Written as for PyTorch: the subclass has a ``step`` of its own."""

    def __init__(self, params: Any, lr: float = 0.5) -> None:
        super().__init__(params, {"lr": lr})

    @fb.no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.state[p]["count"] = self.state[p].get("count", 0) + 1
                    p.add_(p.grad, alpha=-group["lr"])


def test_step_of_a_subclass_runs_the_hooks() -> None:
    p, seen = parameter(), []
    optimizer = Plain([p])
    optimizer.register_step_pre_hook(lambda *args: seen.append("before"))
    optimizer.register_step_post_hook(lambda *args: seen.append("after"))
    stepped(optimizer)
    assert seen == ["before", "after"]
    assert p.tolist() == [0.0, 0.0]
    assert optimizer.state_dict()["state"] == {0: {"count": 1}}


def test_hook_may_replace_the_arguments_of_step() -> None:
    optimizer = SGD([parameter()], lr=0.1)
    optimizer.register_step_pre_hook(lambda self, args, kwargs: ((args[0], lambda: 7), {}))
    assert optimizer.step() == 7


def test_removed_hook_does_not_run() -> None:
    optimizer, seen = SGD([parameter()], lr=0.1), []
    optimizer.register_step_pre_hook(lambda *args: seen.append(1)).remove()
    optimizer.step()
    assert seen == []


# --- state dicts and copies --------------------------------------------------------------------


def test_loading_copies_and_goes_on() -> None:
    p, q = parameter(), parameter()
    first = stepped(Adam([p], lr=0.1, amsgrad=True))
    state = first.state_dict()
    second = Adam([q], lr=9.0)
    q.data.copy_(p.data)
    second.load_state_dict(state)
    kept = state["state"][0]["exp_avg"].tolist()
    stepped(second)
    assert state["state"][0]["exp_avg"].tolist() == kept
    stepped(first)
    assert q.tolist() == p.tolist()
    assert repr(first) == repr(second)


def test_loading_matches_names() -> None:
    a, b = parameter(1.0), parameter(5.0)
    first = stepped(SGD([("a", a), ("b", b)], lr=0.1, momentum=0.9))
    second = SGD([("b", b), ("a", a)], lr=0.1, momentum=0.9)
    second.load_state_dict(first.state_dict())
    assert second.state[a]["momentum_buffer"].item() == 2.0
    assert second.state[b]["momentum_buffer"].item() == 10.0
    assert second.param_groups[0]["param_names"] == ["b", "a"]


def test_precision_of_loaded_state() -> None:
    state = stepped(Adam([parameter()])).state_dict()
    for kind, expected in [(fb.float64, fb.float64), (fb.bfloat16, fb.float32)]:
        w = fb.ones(2, dtype=kind, requires_grad=True)
        optimizer = Adam([w])
        optimizer.load_state_dict(state)
        assert optimizer.state[w]["exp_avg"].dtype is expected
        assert optimizer.state[w]["step"].dtype is fb.float32
        stepped(optimizer)
        assert w.dtype is kind
        assert optimizer.state[w]["exp_avg"].dtype is expected


def test_step_counts_that_are_numbers() -> None:
    p = parameter()
    optimizer = stepped(Adam([p]))
    state = optimizer.state_dict()
    state["state"][0]["step"] = 5
    optimizer.load_state_dict(state)
    stepped(optimizer)
    assert optimizer.state[p]["step"].item() == 6.0


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_belong_to_copied_parameters(copied: Callable[[Any], Any]) -> None:
    p = parameter()
    optimizer = stepped(Adam([p], lr=0.1))
    q, twin = copied((p, optimizer))
    assert twin.param_groups[0]["params"][0] is q
    assert list(twin.state) == [q]
    stepped(twin)
    stepped(optimizer)
    assert p.tolist() == q.tolist()
    twin.state[q]["exp_avg"].zero_()
    assert optimizer.state[p]["exp_avg"].abs().sum().item() > 0


def test_hooks_of_state_dicts_may_replace_them() -> None:
    optimizer = SGD([parameter()], lr=0.1)
    optimizer.register_state_dict_post_hook(lambda self, state: {**state, "mine": 1})
    optimizer.register_load_state_dict_pre_hook(
        lambda self, state: {**state, "param_groups": [{**state["param_groups"][0], "lr": 0.7}]}
    )
    state = optimizer.state_dict()
    assert state["mine"] == 1
    optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["lr"] == 0.7


# --- errors ------------------------------------------------------------------------------------


def twice_in_groups() -> Any:
    p = parameter()
    return SGD([{"params": [p]}, {"params": [p]}], lr=0.1)


def loaded(target: Optimizer, source: Optimizer) -> None:
    target.load_state_dict(source.state_dict())


ERRORS: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "nothing": (
        lambda: SGD([], lr=0.1),
        ValueError,
        (
            "optimizer: the list of parameters is empty\n"
            "  expected: at least one parameter\n"
            "  got:      none\n"
            "  help:     generators can be used only once; pass model.parameters() anew"
        ),
    ),
    "tensor": (
        lambda: Adam(parameter()),
        TypeError,
        (
            "optimizer: params must be a list of tensors\n"
            "  expected: an iterable of tensors, of (name, tensor) pairs or of dicts\n"
            "  got:      a tensor\n"
            "  help:     put it in a list: [parameter]"
        ),
    ),
    "number": (
        lambda: SGD([3], lr=0.1),
        TypeError,
        "SGD: only tensors can be optimized\n  expected: tensors\n  got:      int",
    ),
    "group and tensor": (
        lambda: SGD([{"params": [parameter()]}, parameter()], lr=0.1),
        TypeError,
        (
            "SGD: a parameter group is not a dict\n"
            "  expected: a dict with 'params'\n"
            "  got:      Tensor"
        ),
    ),
    "set": (
        lambda: SGD([{"params": {parameter()}}], lr=0.1),
        TypeError,
        (
            "SGD: the parameters of a group have no order\n"
            "  expected: a list or another ordered collection\n"
            "  got:      a set\n"
            "  help:     sort them, since state is saved in their order"
        ),
    ),
    "group of a number": (
        lambda: SGD([{"params": 3}], lr=0.1),
        TypeError,
        (
            "SGD: the 'params' of a group are no parameters\n"
            "  expected: a tensor or an iterable of tensors\n"
            "  got:      int"
        ),
    ),
    "two groups": (
        twice_in_groups,
        ValueError,
        (
            "SGD: a parameter stands in two groups\n"
            "  expected: each parameter once\n"
            "  got:      1 parameter(s) of the new group that are in another"
        ),
    ),
    "inner tensor": (
        lambda: SGD([parameter() * 2], lr=0.1),
        ValueError,
        (
            "SGD: a parameter is not a leaf\n"
            "  expected: tensors that no recorded operation made\n"
            "  got:      the output of MulBackward0\n"
            "  help:     use x.detach().requires_grad_() or make it a Parameter"
        ),
    ),
    "names for some": (
        lambda: SGD([("a", parameter()), parameter()], lr=0.1),
        ValueError,
        (
            "SGD: some parameters of a group have names and some have none\n"
            "  expected: (name, tensor) pairs for all or for none\n"
            "  got:      1 pairs among 2 parameters"
        ),
    ),
    "names for some groups": (
        lambda: SGD([("a", parameter())], lr=0.1).add_param_group({"params": parameter()}),
        ValueError,
        (
            "SGD: groups with and without names cannot be mixed\n"
            "  expected: names for the parameters of all groups or of none\n"
            "  got:      some groups with names"
        ),
    ),
    "missing option": (
        lambda: Optimizer([parameter()], {"lr": fb.optim.optimizer.required}),
        ValueError,
        (
            "Optimizer: a parameter group lacks the option 'lr'\n"
            "  expected: 'lr' in the group, or as an argument of Optimizer\n"
            "  got:      neither"
        ),
    ),
    "no rule": (
        lambda: stepped(Optimizer([parameter()], {})),
        RuntimeError,
        (
            "Optimizer: the rule is incomplete\n"
            "  expected: a method update() or step() in the subclass\n"
            "  got:      none"
        ),
    ),
    "lr": (
        lambda: SGD([parameter()], lr=-0.1),
        ValueError,
        "SGD: invalid lr\n  expected: lr at least 0.0\n  got:      -0.1",
    ),
    "lr nan": (
        lambda: Adam([parameter()], lr=float("nan")),
        ValueError,
        "Adam: invalid lr\n  expected: lr at least 0.0\n  got:      nan",
    ),
    "several lr": (
        lambda: Adam([parameter()], lr=fb.ones(2)),
        ValueError,
        (
            "Adam: lr must be one number\n"
            "  expected: a number, or a tensor with 1 element\n"
            "  got:      a tensor of shape (2,)"
        ),
    ),
    "beta": (
        lambda: AdamW([parameter()], betas=(0.9, 1.0)),
        ValueError,
        "AdamW: invalid betas[1]\n  expected: betas[1] in [0.0, 1.0)\n  got:      1.0",
    ),
    "eps": (
        lambda: Adam([parameter()], eps=-1),
        ValueError,
        "Adam: invalid eps\n  expected: eps at least 0.0\n  got:      -1",
    ),
    "momentum": (
        lambda: SGD([parameter()], momentum=-1),
        ValueError,
        "SGD: invalid momentum\n  expected: momentum at least 0.0\n  got:      -1",
    ),
    "weight decay": (
        lambda: Adam([parameter()], weight_decay=-1),
        ValueError,
        "Adam: invalid weight_decay\n  expected: weight_decay at least 0.0\n  got:      -1",
    ),
    "nesterov": (
        lambda: SGD([parameter()], momentum=0.9, dampening=0.1, nesterov=True),
        ValueError,
        (
            "SGD: Nesterov momentum requires a momentum and zero dampening\n"
            "  expected: momentum > 0 and dampening = 0\n"
            "  got:      momentum 0.9, dampening 0.1"
        ),
    ),
    "state of other groups": (
        lambda: loaded(SGD([parameter()]), SGD([parameter(), parameter()])),
        ValueError,
        (
            "SGD: the loaded state dict has other parameter groups\n"
            "  expected: groups of [1] parameters\n"
            "  got:      groups of [2]\n"
            "  help:     load_state_dict(..., strict=False) takes what matches by name"
        ),
    ),
    "state of other names": (
        lambda: loaded(SGD([("a", parameter())]), SGD([("b", parameter())])),
        ValueError,
        (
            "SGD: the loaded state dict belongs to parameters of other names\n"
            "  expected: parameters ['a']\n"
            "  got:      parameters ['b']\n"
            "  help:     delete 'param_names' from its groups to match by position"
        ),
    ),
    "hook": (
        lambda: hooked_step(lambda *args: 3),
        RuntimeError,
        (
            "step pre-hook: it must return None or the arguments of step()\n"
            "  expected: None, or a pair of a tuple and a dict\n"
            "  got:      3"
        ),
    ),
}


def hooked_step(hook: Callable[..., Any]) -> None:
    optimizer = SGD([parameter()])
    optimizer.register_step_pre_hook(hook)
    optimizer.step()


@pytest.mark.parametrize("case", ERRORS)
def test_error_text(case: str) -> None:
    call, kind, text = ERRORS[case]
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: SGD([{"lr": 3}], lr=0.1),
            (
                "SGD: a parameter group has no 'params'\n"
                "  expected: a dict with 'params'\n"
                "  got:      a dict with ['lr']"
            ),
        ),
        (
            lambda: SGD([parameter()]).load_state_dict({"state": {}}),
            (
                "SGD: the loaded object is no optimizer's state dict\n"
                "  expected: a dict with 'state' and 'param_groups'\n"
                "  got:      a dict with ['state']"
            ),
        ),
    ],
)
def test_missing_keys(call: Callable[[], Any], text: str) -> None:
    with pytest.raises(KeyError) as caught:
        call()
    assert caught.value.args[0] == text


def test_failed_construction_and_loading_change_nothing() -> None:
    p = parameter()
    optimizer = stepped(Adam([p], lr=0.1))
    before = repr(optimizer), optimizer.state[p]["step"].item()
    with pytest.raises(ValueError):
        optimizer.load_state_dict(Adam([parameter(), parameter()], lr=0.7).state_dict())
    with pytest.raises(ValueError):
        optimizer.add_param_group({"params": [parameter(), p]})
    assert (repr(optimizer), optimizer.state[p]["step"].item()) == before


class _Looking(fb.optim.Optimizer):
    """A rule that looks at a value."""

    def update(self, parameter: fb.Tensor, gradient: fb.Tensor, state: dict, hyper: object) -> None:
        if gradient.sum().item() > 0:
            parameter.sub_(gradient)


def test_a_rule_that_looks_at_values_runs_as_it_is_written() -> None:
    up, down = fb.ones(2, requires_grad=True), fb.ones(2, requires_grad=True)
    optimizer = _Looking([up, down], {})
    for _ in range(3):
        up.grad, down.grad = fb.full((2,), 0.25), fb.full((2,), -0.25)
        optimizer.step()
    assert up.tolist() == [0.25, 0.25]
    assert down.tolist() == [1.0, 1.0]


def test_an_eager_step_forgets_its_optimizer_with_it() -> None:
    parameter = fb.ones(2, requires_grad=True)
    optimizer = fb.optim.Adam([parameter])
    for _ in range(3):
        parameter.grad = fb.ones(2)
        optimizer.step()
    reference = weakref.ref(optimizer)
    del optimizer
    gc.collect()
    assert reference() is None
