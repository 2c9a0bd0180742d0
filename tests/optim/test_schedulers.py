"""Schedulers: exact resuming, groups that come later, rates that are tensors, and errors."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

import flambeau as fb
from flambeau.compiler.compiled import compile
from flambeau.optim import lr_scheduler as L
from tests.optim.scheduler_cases import CASES


def optimizer(kind="SGD", lr=0.5):
    a, b = (fb.ones(1).requires_grad_() for _ in range(2))
    options = {"momentum": 0.9} if kind == "SGD" else {}
    groups = [{"params": [a]}, {"params": [b], "lr": 0.05}]
    return getattr(fb.optim, kind)(groups, lr, **options)


def rates(o):
    return [g["lr"] for g in o.param_groups]


def path(o, scheduler, steps):
    found = []
    for _ in range(steps):
        scheduler.step()
        found.append((rates(o), [g.get("momentum") for g in o.param_groups]))
    return found


PURE = [n for n in CASES if not n.startswith("chain") and n != "multiplicative"]


@pytest.mark.parametrize("name", PURE)
def test_rates_are_those_of_the_pure_function(name: str) -> None:
    """To the last digit, however many steps there were: nothing drifts."""
    o = optimizer()
    scheduler = CASES[name](fb, o)
    for epoch in range(1, 700):
        scheduler.step()
        if epoch % 50 == 1 or epoch > 690:
            assert rates(o) == [scheduler.schedule(i)(epoch) for i in range(2)]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("stop", [1, 25, 222])
def test_resuming_is_exact(name: str, stop: int) -> None:
    o = optimizer()
    scheduler = CASES[name](fb, o)
    path(o, scheduler, stop)
    saved = copy.deepcopy((o.state_dict(), scheduler.state_dict()))
    expected = path(o, scheduler, 60)

    other = optimizer()
    other.load_state_dict(pickle.loads(pickle.dumps(saved[0])))
    resumed = CASES[name](fb, other)
    resumed.load_state_dict(pickle.loads(pickle.dumps(saved[1])))
    assert path(other, resumed, 60) == expected


@pytest.mark.parametrize("name", ["step", "linear", "cosine", "exponential", "lambda"])
@pytest.mark.parametrize("stop", [1, 25, 222])
def test_resuming_by_last_epoch(name: str, stop: int) -> None:
    o = optimizer()
    path(o, scheduler := CASES[name](fb, o), stop)
    saved = copy.deepcopy(o.state_dict())
    expected = path(o, scheduler, 20)
    other = optimizer()
    other.load_state_dict(saved)
    make = {
        "step": lambda e: L.StepLR(other, 30, 0.7, last_epoch=e),
        "linear": lambda e: L.LinearLR(other, 0.1, 0.8, 300, last_epoch=e),
        "cosine": lambda e: L.CosineAnnealingLR(other, 100, 0.01, last_epoch=e),
        "exponential": lambda e: L.ExponentialLR(other, 0.995, last_epoch=e),
        "lambda": lambda e: L.LambdaLR(other, lambda epoch: 0.99**epoch, last_epoch=e),
    }[name]
    resumed = make(stop)  # it begins with the epoch after that, as in PyTorch
    found = [(rates(other), [g.get("momentum") for g in other.param_groups])]
    assert found + path(other, resumed, 19) == expected


def test_a_sequence_goes_on_after_its_last_epoch() -> None:
    """PyTorch falls back to the beginning of the first part."""

    def build(last_epoch=-1):
        o = fb.optim.SGD([fb.ones(1).requires_grad_()], lr=1.0)
        parts = [L.ConstantLR(o, 0.5, 2), L.ExponentialLR(o, 0.9)]
        return o, L.SequentialLR(o, parts, [2], last_epoch=last_epoch)

    o, scheduler = build()
    values = [rates(o)[0]]
    for _ in range(8):
        scheduler.step()
        values.append(rates(o)[0])
    for last in range(7):
        other, resumed = build(last)
        assert rates(other)[0] == values[last + 1]
        resumed.step()
        assert rates(other)[0] == values[last + 2]


def test_construction_keeps_loaded_rates() -> None:
    o = optimizer()
    scheduler = L.LinearLR(o, 0.5, 1.0, 10)
    path(o, scheduler, 3)
    other = optimizer()
    other.load_state_dict(o.state_dict())
    L.LinearLR(other, 0.5, 1.0, 10)
    assert rates(other) == rates(o)


@pytest.mark.parametrize(
    "make",
    [
        lambda o: L.CosineAnnealingLR(o, 10),
        lambda o: L.LambdaLR(o, lambda epoch: 0.9**epoch),
        lambda o: L.StepLR(o, 2),
        lambda o: L.CyclicLR(o, 0.1, 0.5, 4),
        lambda o: L.OneCycleLR(o, 0.5, 20),
        lambda o: L.CosineAnnealingWarmRestarts(o, 5),
        lambda o: L.ReduceLROnPlateau(o, patience=0),
        lambda o: L.SequentialLR(o, [L.StepLR(o, 2), L.ExponentialLR(o, 0.9)], [3]),
        lambda o: L.ChainedScheduler([L.StepLR(o, 2), L.ExponentialLR(o, 0.9)]),
    ],
)
def test_groups_may_come_later(make) -> None:
    o = fb.optim.SGD([fb.ones(1).requires_grad_()], lr=0.5, momentum=0.9)
    scheduler = make(o)
    argument = (1.0,) if isinstance(scheduler, L.ReduceLROnPlateau) else ()
    scheduler.step(*argument)
    o.add_param_group({"params": [fb.ones(1).requires_grad_()], "lr": 0.5})
    for _ in range(6):
        scheduler.step(*argument)
    first, second = o.param_groups
    assert second["lr"] == pytest.approx(first["lr"], rel=1e-12)
    assert len(scheduler.get_last_lr()) == 2


def test_a_list_of_functions_names_the_group_it_lacks() -> None:
    o = fb.optim.SGD([fb.ones(1).requires_grad_()], lr=0.5)
    scheduler = L.LambdaLR(o, [lambda epoch: 0.9**epoch])
    o.add_param_group({"params": [fb.ones(1).requires_grad_()]})
    with pytest.raises(ValueError) as caught:
        scheduler.step()
    assert str(caught.value) == (
        "LambdaLR: no function for group 1\n"
        "  expected: one function for each group\n"
        "  got:      1 functions\n"
        "  help:     append one to lr_lambdas, or give a single function for all"
    )


def test_rates_that_are_tensors_change_in_place() -> None:
    rate = fb.tensor(1.0, dtype=fb.float64)
    o = fb.optim.SGD([fb.ones(1).requires_grad_()], lr=rate)
    scheduler = L.ExponentialLR(o, 0.5)
    scheduler.step()
    assert o.param_groups[0]["lr"] is rate
    assert rate.item() == 0.5


def test_states_are_plain() -> None:
    for name in ("step", "linear", "cosine", "sequence", "chain", "one cycle", "lambda"):
        state = CASES[name](fb, optimizer()).state_dict()
        assert json.loads(json.dumps(state)) == state


def test_objects_as_functions_are_saved() -> None:
    class Slowing:
        def __init__(self):
            self.rate = 0.5

        def __call__(self, epoch):
            return self.rate**epoch

    scheduler = L.LambdaLR(optimizer(), Slowing())
    scheduler.lr_lambdas[0].rate = 0.25
    other = L.LambdaLR(optimizer(), Slowing())
    other.load_state_dict(scheduler.state_dict())
    assert other.lr_lambdas[0].rate == 0.25


def test_compiled_steps_follow() -> None:
    w = fb.ones(1, dtype=fb.float64, requires_grad=True)
    o = fb.optim.SGD([w], lr=1.0)
    scheduler = L.ExponentialLR(o, 0.5)

    @compile
    def step():
        o.zero_grad()
        w.sum().backward()
        o.step()

    for _ in range(4):
        step()
        scheduler.step()
    assert w.item() == 1 - (1 + 0.5 + 0.25 + 0.125)
    assert len(step.reasons) == 1


SCHEDULE_ERRORS = [
    (
        lambda o: L.StepLR(o, 0),
        "StepLR: invalid step_size\n  expected: step_size above 0\n  got:      0",
    ),
    (
        lambda o: L.LinearLR(o, 0.0),
        "LinearLR: invalid start_factor\n  expected: start_factor in (0, 1]\n  got:      0.0",
    ),
    (
        lambda o: L.LambdaLR(o, [len]),
        (
            "LambdaLR: lr_lambda does not fit the groups\n"
            "  expected: one function, or 2 of them\n"
            "  got:      1 functions"
        ),
    ),
    (
        lambda o: L.CyclicLR(o, 0.1, [0.5], 4),
        (
            "CyclicLR: max_lr does not fit the groups\n"
            "  expected: one value, or 2 of them\n"
            "  got:      1 values"
        ),
    ),
    (
        lambda o: L.CyclicLR(fb.optim.Adagrad([fb.ones(1).requires_grad_()]), 0.1, 0.5, 4),
        (
            "CyclicLR: the optimizer has no momentum\n"
            "  expected: an optimizer with momentum or betas, for cycle_momentum\n"
            "  got:      Adagrad\n"
            "  help:     set cycle_momentum=False"
        ),
    ),
    (
        lambda o: L.OneCycleLR(o, 0.1),
        (
            "OneCycleLR: invalid number of steps\n"
            "  expected: total_steps, or epochs and steps_per_epoch: positive integers\n"
            "  got:      total_steps None"
        ),
    ),
    (
        lambda o: L.SequentialLR(o, [L.StepLR(o, 1)], [3]),
        (
            "SequentialLR: schedulers and milestones do not match\n"
            "  expected: one milestone between each two schedulers\n"
            "  got:      1 schedulers and 1 milestones"
        ),
    ),
    (
        lambda o: L.ChainedScheduler([L.StepLR(o, 1), L.StepLR(optimizer(), 1)]),
        (
            "ChainedScheduler: number 1 belongs to another optimizer\n"
            "  expected: schedulers of one SGD\n"
            "  got:      one of another SGD"
        ),
    ),
    (
        lambda o: L.SequentialLR(o, [L.ReduceLROnPlateau(o)], []),
        (
            "SequentialLR: number 0 needs a measured value\n"
            "  expected: schedulers of the epoch alone\n"
            "  got:      ReduceLROnPlateau"
        ),
    ),
    (
        lambda o: L.ReduceLROnPlateau(o, factor=1.0),
        "ReduceLROnPlateau: invalid factor\n  expected: factor below 1\n  got:      1.0",
    ),
]


@pytest.mark.parametrize(("call", "text"), SCHEDULE_ERRORS)
def test_errors(call, text: str) -> None:
    with pytest.raises(ValueError) as caught:
        call(optimizer())
    assert str(caught.value) == text


def test_other_errors() -> None:
    with pytest.raises(TypeError, match="StepLR: not an optimizer"):
        L.StepLR("SGD", 3)
    with pytest.raises(KeyError, match="group 0 has no 'initial_lr'"):
        L.StepLR(optimizer(), 3, last_epoch=4)
    scheduler = L.OneCycleLR(optimizer(), 0.1, 2)
    scheduler.step()
    scheduler.step()
    with pytest.raises(ValueError, match="a step too many"):
        scheduler.step()
