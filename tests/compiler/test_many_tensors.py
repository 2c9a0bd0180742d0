"""Functions of hundreds of tensors: compiled in linear time, called natively, and right."""

from __future__ import annotations

import cProfile
import pstats
from typing import Any

import pytest

import flambeau as fb
from flambeau import optim
from flambeau.compiler.run import dispatch
from flambeau.optim import schedule, transform

native = pytest.mark.skipif(not dispatch.is_available(), reason="calls go through Python here")


def parameters(count: int, size: int = 3) -> list[fb.Tensor]:
    made = [fb.linspace(-1, 1, size, dtype=fb.float64) + i for i in range(count)]
    return [p.requires_grad_() for p in made]


def give_gradients(params: list[fb.Tensor], step: int) -> None:
    for i, p in enumerate(params):
        p.grad = fb.full(p.shape, 0.1 * (step + 1) + 0.01 * i, dtype=fb.float64)


def slow_calls(compiled: Any) -> int:
    return sum(s.calls for s in compiled.all())


@native
def test_one_function_serves_all_parameters_of_a_shape() -> None:
    def functions(count: int) -> int:
        params = parameters(count)
        optimizer = optim.Adam(params, 0.01)
        compiled = fb.compile(lambda: optimizer.step())
        for step in range(3):
            give_gradients(params, step)
            compiled()
        return compiled.llvm().count("define ")

    assert functions(12) == functions(100)


@native
def test_compiling_takes_time_in_proportion_to_the_number_of_tensors() -> None:
    def calls(count: int) -> int:
        params = parameters(count)
        optimizer = optim.SGD(params, 0.01, momentum=0.9)
        give_gradients(params, 0)
        compiled = fb.compile(lambda: optimizer.step())
        with cProfile.Profile() as profile:
            for _ in range(3):
                compiled()
        return pstats.Stats(profile).total_calls  # type: ignore[attr-defined]

    calls(8)  # whatever is made once in a process
    assert calls(240) < 4.5 * calls(60)


@native
@pytest.mark.parametrize("count", [1, 70, 200])
def test_an_eager_step_of_an_optimizer_is_one_native_call(count: int) -> None:
    params, others = parameters(count), parameters(count)
    optimizer = optim.Adam(params, 0.01)
    reference = optim.Adam(others, 0.01)
    for step in range(6):
        give_gradients(params, step)
        give_gradients(others, step)
        if step == 5:
            before = slow_calls(optimizer._compiled)  # type: ignore[attr-defined]
        optimizer.step()
        with fb.no_grad():
            reference._update_all(*[p.grad for p in others])
    assert slow_calls(optimizer._compiled) == before  # type: ignore[attr-defined]
    for p, q in zip(params, others, strict=True):
        assert (p - q).abs().max() <= 1e-12
        assert optimizer.state[p]["step"].item() == 6


@native
def test_a_gradient_that_nobody_has_counted_is_read_natively() -> None:
    params = parameters(3)
    optimizer = optim.SGD(params, 0.5)
    compiled = fb.compile(lambda: optimizer.step())
    give_gradients(params, 0)
    for _ in range(3):
        compiled()
    before = slow_calls(compiled)
    for step in range(3):
        give_gradients(params, step)
        compiled()
    assert slow_calls(compiled) == before


@native
def test_changing_an_argument_that_nobody_has_counted_counts() -> None:
    double = fb.compile(lambda x: x.mul_(2))
    for _ in range(3):
        double(fb.ones(3))
    before = slow_calls(double)
    x = fb.ones(3)
    double(x)
    assert slow_calls(double) == before
    assert x.tolist() == [2, 2, 2]
    assert x._version == 1


def test_a_gradient_that_is_its_parameter() -> None:
    """The update reads what it writes: the compiled program must not take them apart."""

    def run(wrap: Any) -> list[float]:
        params = parameters(20)
        optimizer = optim.SGD(params, 0.5)
        step = wrap(lambda *gradients: optimizer._update_all(*gradients))
        with fb.no_grad():
            for turn in range(6):
                give_gradients(params, turn)
                gradients = [p.grad for p in params]
                if turn >= 3:
                    gradients[7] = params[3].detach()[:]
                    gradients[9] = params[10].detach().flip(0)
                step(*gradients)
        return [x for p in params for x in p.tolist()]

    assert run(fb.compile) == pytest.approx(run(lambda f: f), rel=1e-12)


@native
def test_a_schedule_computed_in_python_stays_one_native_call() -> None:
    def rate(step: Any) -> float:
        return 0.5 / (1.0 + float(step)) ** 0.5

    def run(wrap: Any) -> tuple[list[float], Any]:
        params = parameters(5)
        rule = transform.chain(transform.scale_by_adam(), transform.scale_by_learning_rate(rate))
        optimizer = optim.from_transform(rule, params)
        step = wrap(lambda: optimizer.step())
        for turn in range(8):
            give_gradients(params, turn)
            step()
        return [x for p in params for x in p.tolist()], step

    expected, _ = run(lambda f: f)
    found, step = run(fb.compile)
    assert found == pytest.approx(expected, rel=1e-12)
    assert step.plans
    assert all(plan.is_native for plan in step.plans.values())
    assert slow_calls(step) <= 4


@native
def test_a_schedule_of_this_package_in_a_compiled_step() -> None:
    def run(wrap: Any) -> list[float]:
        params = parameters(3)
        rates = schedule.warmup_cosine_decay_schedule(0.0, 0.5, 3, 10)
        optimizer = optim.from_transform(transform.sgd(rates, momentum=0.9), params)
        step = wrap(lambda: optimizer.step())
        for turn in range(12):
            give_gradients(params, turn)
            step()
        return [x for p in params for x in p.tolist()]

    assert run(fb.compile) == pytest.approx(run(lambda f: f), rel=1e-12)


@native
def test_a_schedule_that_fails_raises_and_changes_nothing() -> None:
    broken = {"yes": False}

    def rate(step: Any) -> float:
        if broken["yes"]:
            raise ValueError("no rate today")
        return 0.1 / (1 + float(step))

    params = parameters(3)
    optimizer = optim.from_transform(transform.sgd(rate), params)
    step = fb.compile(lambda: optimizer.step())
    for turn in range(4):
        give_gradients(params, turn)
        step()
    before = [p.tolist() for p in params]
    broken["yes"] = True
    with pytest.raises(ValueError, match="no rate today"):
        step()
    assert [p.tolist() for p in params] == before
    broken["yes"] = False
    step()
    assert [p.tolist() for p in params] != before


@native
def test_many_gradients_add_up_natively() -> None:
    params = parameters(200)

    @fb.compile
    def step(x: fb.Tensor) -> fb.Tensor:
        loss = sum((p * x).sum() for p in params)
        loss.backward()
        return loss

    x = fb.full((3,), 2.0, dtype=fb.float64)
    for _ in range(4):
        step(x)
    before = slow_calls(step)
    for _ in range(4):
        step(x)
    assert slow_calls(step) == before
    assert all(p.grad.tolist() == [16.0] * 3 for p in params)
