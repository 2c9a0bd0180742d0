"""Schedules beside NumPy's values of their formulas, in every form that a step can have."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import flambeau as fb
from flambeau.core.number import Number, evaluate
from flambeau.optim import schedule as S
from tests.optim.schedule_cases import CASES, OWN_CASES, STEPS, identifier

ALL = pytest.mark.parametrize("case", CASES + OWN_CASES, ids=identifier)


def make(case):
    name, args, kwargs, _ = case
    return getattr(S, name)(*args, **kwargs)


@ALL
def test_values(case) -> None:
    f = make(case)
    found = np.array([f(int(step)) for step in STEPS])
    np.testing.assert_allclose(found, case[3](STEPS), rtol=1e-12, atol=1e-15)


@ALL
def test_tensor_steps(case) -> None:
    f = make(case)
    for step in (0, 1, 5, 99, 100, 101, 250, 399, 400, 700, 1000):
        expected = f(step)
        for dtype in (fb.int64, fb.float64):
            found = f(fb.tensor(step, dtype=dtype))
            value = found.item() if isinstance(found, fb.Tensor) else found
            assert value == pytest.approx(expected, rel=1e-14, abs=1e-16)
            if isinstance(found, fb.Tensor):
                assert found.dtype is fb.float64
                assert found.shape == ()


@ALL
def test_recorded_steps_ask_nothing(case) -> None:
    """A schedule in compiled code follows the step without another recording."""
    f = make(case)
    questions: list[object] = []
    step = Number("source", ("argument", 0), 3, lambda *question: questions.append(question))
    value = f(step)
    for now in (0, 3, 100, 555):
        assert evaluate(value, lambda number, now=now: now) == f(now)
    assert questions == []


@ALL
def test_pickle_and_print(case) -> None:
    f = make(case)
    copy = pickle.loads(pickle.dumps(f))
    assert repr(copy) == repr(f)
    assert repr(f).startswith(case[0] + "(")
    assert [copy(step) for step in (0, 7, 500)] == [f(step) for step in (0, 7, 500)]


@ALL
def test_single_precision(case) -> None:
    f = S.as_float32(make(case))
    for step in (0, 1, 57, 400, 1000):
        value = f(step)
        assert type(value) is float
        assert value == np.float32(value)
        assert value == pytest.approx(case[3](np.array([step], np.float64))[0], rel=2e-6, abs=1e-7)


def test_printed_linear_schedule() -> None:
    """The lecture prints these; they are what double precision gives, to the last digit."""
    f = S.linear_schedule(init_value=1.0, end_value=0.0, transition_steps=5)
    assert [f(step) for step in range(6)] == [1.0, 0.8, 0.6, 0.4, 0.19999999999999996, 0.0]
    single = [float(x) for x in np.float32(1) - np.arange(6, dtype=np.float32) / np.float32(5)]
    assert [S.as_float32(f)(step) for step in range(6)] == single


def test_join_evaluates_only_what_is_in_force() -> None:
    def broken(step):
        raise AssertionError("not in force")

    f = S.join_schedules([S.constant_schedule(1.0), broken], [10])
    assert f(9) == 1.0


def test_composition() -> None:
    base = S.exponential_decay(0.5, 10, 0.9)
    f = S.warmup_schedule(S.scale_schedule(base, S.linear_schedule(1.0, 0.0, 100)), 20, 0.1)
    assert [f(0), f(10), f(20)] == pytest.approx([0.1, 0.3, 0.5], rel=1e-15)
    assert f(50) == pytest.approx(0.5 * 0.9**3 * 0.7, rel=1e-15)
    assert f(fb.tensor(50)).item() == pytest.approx(f(50), rel=1e-15)


def test_rate_that_is_a_tensor_can_be_differentiated() -> None:
    peak = fb.tensor(0.5, dtype=fb.float64, requires_grad=True)
    S.warmup_cosine_decay_schedule(0.0, peak, 10, 30)(20).backward()
    assert peak.grad.item() == pytest.approx(0.5, rel=1e-14)


ERRORS = [
    (
        lambda: S.linear_schedule(1.0, 0.0, -1),
        (
            "linear_schedule: invalid transition_steps\n"
            "  expected: transition_steps at least 0, and finite\n"
            "  got:      -1"
        ),
    ),
    (
        lambda: S.polynomial_schedule(1.0, 0.0, 0, 10),
        "polynomial_schedule: invalid power\n  expected: power above 0\n  got:      0",
    ),
    (
        lambda: S.exponential_decay(1.0, 0, 0.9),
        (
            "exponential_decay: invalid transition_steps\n"
            "  expected: transition_steps above 0\n"
            "  got:      0"
        ),
    ),
    (
        lambda: S.exponential_decay(1.0, 10, 0.0),
        "exponential_decay: invalid decay_rate\n  expected: decay_rate above 0\n  got:      0.0",
    ),
    (
        lambda: S.cosine_decay_schedule(1.0, 0),
        (
            "cosine_decay_schedule: invalid decay_steps\n"
            "  expected: decay_steps above 0\n"
            "  got:      0"
        ),
    ),
    (
        lambda: S.piecewise_constant_schedule(1.0, {3: -0.5}),
        (
            "piecewise_constant_schedule: invalid scale\n"
            "  expected: scale at least 0, and finite\n"
            "  got:      -0.5"
        ),
    ),
    (
        lambda: S.piecewise_interpolate_schedule("cubic", 1.0),
        (
            "piecewise_interpolate_schedule: unknown interpolate_type\n"
            "  expected: 'linear' or 'cosine'\n"
            "  got:      'cubic'"
        ),
    ),
    (
        lambda: S.linear_onecycle_schedule(10, 1.0, 0.9, 0.5),
        (
            "linear_onecycle_schedule: invalid fractions\n"
            "  expected: 0 <= pct_start <= pct_final <= 1\n"
            "  got:      pct_start 0.9, pct_final 0.5"
        ),
    ),
    (
        lambda: S.cosine_onecycle_schedule(10, 1.0, 1.5),
        (
            "cosine_onecycle_schedule: invalid pct_start\n"
            "  expected: pct_start in [0, 1]\n"
            "  got:      1.5"
        ),
    ),
    (
        lambda: S.join_schedules([S.constant_schedule(1.0)], [3]),
        (
            "join_schedules: schedules and boundaries do not match\n"
            "  expected: one boundary between each two schedules\n"
            "  got:      1 schedules and 1 boundaries"
        ),
    ),
    (
        lambda: S.join_schedules([S.constant_schedule(1.0)] * 3, [5, 3]),
        (
            "join_schedules: boundaries out of order\n"
            "  expected: boundaries that do not decrease\n"
            "  got:      [5, 3]"
        ),
    ),
    (
        lambda: S.warmup_cosine_decay_schedule(0.0, 1.0, 10, 10),
        (
            "warmup_cosine_decay_schedule: invalid decay_steps\n"
            "  expected: decay_steps, which include the warm-up, above warmup_steps\n"
            "  got:      decay_steps 10, warmup_steps 10"
        ),
    ),
    (
        lambda: S.sgdr_schedule([]),
        "sgdr_schedule: no waves\n  expected: at least one\n  got:      none",
    ),
    (
        lambda: S.warmup_stable_decay_schedule(0.0, 1.0, 1, 1, 1, decay="step"),
        (
            "warmup_stable_decay_schedule: unknown decay\n"
            "  expected: 'linear' or 'cosine' or 'sqrt'\n"
            "  got:      'step'"
        ),
    ),
    (
        lambda: S.scale_schedule(lambda step: fb.ones(2), 1.0)(3),
        (
            "schedule: the value is not a scalar\n"
            "  expected: a number or a 0-d tensor\n"
            "  got:      a tensor of shape (2,)"
        ),
    ),
]


@pytest.mark.parametrize(("call", "text"), ERRORS)
def test_errors(call, text: str) -> None:
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == text
