"""Compiled functions beside other threads and processes, and over very many calls."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import flambeau as fb
from flambeau import nn, optim
from flambeau.compiler.run import dispatch
from flambeau.compiler.run.plan_layout import Head, Plan

native = pytest.mark.skipif(not dispatch.is_available(), reason="calls go through Python here")


def training(width: int) -> Callable[[], fb.Tensor]:
    fb.manual_seed(0)
    model = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))
    optimizer = optim.Adam(model.parameters(), 0.01)
    x = fb.randn(width, width)

    @fb.compile
    def step(x: fb.Tensor) -> fb.Tensor:
        loss = (model(x) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return lambda: step(x)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_goes_on_from_where_it_was() -> None:
    step = training(64)
    for _ in range(3):
        step()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, repr([step().item() for _ in range(5)]).encode())
        finally:
            os._exit(0)
    mine = [step().item() for _ in range(5)]
    os.waitpid(child, 0)
    assert os.read(read, 10_000).decode() == repr(mine)
    os.close(read)
    os.close(write)


@native
def test_other_threads_run_while_a_long_program_does() -> None:
    x = fb.randn(400, 400)
    product = fb.compile(lambda x: ((x @ x) @ x).sum())
    for _ in range(3):
        product(x)
    assert [plan.head[Plan.RELEASE] for plan in product.plans.values()] == [1]
    ticks, done = [0], threading.Event()

    def tick() -> None:
        while not done.is_set():
            ticks[0] += 1
            time.sleep(0)

    thread = threading.Thread(target=tick)
    before = sys.getswitchinterval()
    sys.setswitchinterval(60)  # a thread runs until it lets the others run by itself
    try:
        thread.start()
        for _ in range(1000):
            start = ticks[0]
            product(x)
            if ticks[0] > start:
                break
        assert ticks[0] > start
    finally:
        sys.setswitchinterval(before)
        done.set()
        thread.join()


def differentiable() -> Callable[[], Any]:
    weight = fb.ones(8, requires_grad=True)
    function = fb.compile(lambda x: (x * weight).sum())
    x = fb.randn(8)

    def call() -> None:
        weight.grad = None
        function(x).backward()

    return call


def beside_numpy() -> Callable[[], Any]:
    state, x = fb.zeros(8), fb.randn(8)
    function = fb.compile(lambda x: state.add_(x.sort().values).sum())
    return lambda: function(x)


def of_containers() -> Callable[[], Any]:
    function = fb.compile(lambda batch, scale: {"y": batch["x"] * scale, "n": [batch["x"]]})
    batch = {"x": fb.randn(8)}
    return lambda: function(batch, scale=2.0)


def with_dropout() -> Callable[[], Any]:
    function = fb.compile(lambda x: nn.functional.dropout(x, 0.5))
    x = fb.randn(8)
    return lambda: function(x)


@pytest.mark.parametrize("make", [differentiable, beside_numpy, of_containers, with_dropout])
def test_memory_stays_flat(make: Callable[[], Callable[[], Any]]) -> None:
    call = make()
    for _ in range(20):
        call()
    gc.collect()
    tracemalloc.start()
    try:
        tensors = sum(isinstance(o, fb.Tensor) for o in gc.get_objects())
        start = tracemalloc.get_traced_memory()[0]
        for _ in range(2000):
            call()
        gc.collect()
        end = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert end - start < 30_000  # the smallest object that every call might leave takes twice that
    assert sum(isinstance(o, fb.Tensor) for o in gc.get_objects()) == tensors


@native
def test_no_plan_runs_while_python_runs_the_program() -> None:
    """A program has one working memory."""
    function, x = fb.compile(lambda x: (x * 2).exp().sum()), fb.ones(8)
    for _ in range(3):
        function(x)
    (found,) = function.all()
    run, done, beside = found.run, threading.Event(), []

    def slowly(leaves: list[Any]) -> Any:
        thread = threading.Thread(target=lambda: (function(x), done.set()))
        thread.start()
        beside.append((thread, done.wait(0.2)))
        found.run = run
        return run(leaves)

    found.run = slowly
    function.call(x)
    (thread, was_done), *others = beside
    thread.join(30)
    assert (was_done, done.is_set(), others) == (False, True, [])
    plan = function.plans[found]
    calls = found.calls
    function(x)
    assert found.calls == calls
    assert plan.owner_thread == 0


@native
def test_a_finaliser_that_calls_the_function_leaves_the_plan_that_runs() -> None:
    weight, x = fb.ones(4, requires_grad=True), fb.ones(4)

    @fb.compile
    def step(x: fb.Tensor) -> None:
        weight.grad = None
        (weight * x).sum().backward()

    for _ in range(3):
        step(x)
    (plan,) = step.plans.values()
    arm, armed, called = plan.arm, [], []

    class Caller:
        def __del__(self) -> None:
            called.append(plan.owner_thread)
            step(x * 2)

    def noted(leaves: list[Any]) -> bool:
        armed.append(plan.owner_thread)
        return arm(leaves)

    plan.arm = noted
    weight.grad = fb.zeros(4)
    weight.grad.note = Caller()
    step(x)
    assert called == [threading.get_ident()]
    assert armed in ([], [0])
    step(x * 3)
    assert weight.grad.tolist() == [3.0] * 4


@native
def test_a_plan_that_python_runs_is_no_longer_the_dispatchers() -> None:
    """Another thread may run it by then, or it may be gone."""
    state, x = fb.zeros(8), fb.randn(8)
    function = fb.compile(lambda x: state.add_(x.sort().values).sum())
    for _ in range(3):
        function(x)
    (plan,) = function.plans.values()
    assert not plan.is_native
    head, run = plan.head, plan.run

    def taken(*arguments: Any) -> Any:
        found = run(*arguments)
        head[Plan.BUSY] = 12345  # another thread's
        return found

    plan.run = taken
    function(x)
    assert head[Plan.BUSY] == 12345
    head[Plan.BUSY] = 0


@native
def test_no_chain_leads_to_a_plan_that_could_not_be_armed(monkeypatch: pytest.MonkeyPatch) -> None:
    function, x = fb.compile(lambda x: (x * 2).sum()), fb.ones(8)
    for _ in range(3):
        function(x)
    (plan,) = function.plans.values()

    def interrupted(leaves: list[Any]) -> bool:
        raise KeyboardInterrupt

    plan.arm = interrupted
    with pytest.raises(KeyboardInterrupt):
        function.call(x)
    assert function.plans == {}
    assert function.entry.__self__[Head.PLAN] == 0
    assert function(x).item() == 16.0


@native
def test_a_gradient_that_is_taken_away_stays_until_the_call_is_done() -> None:
    weight, x = fb.ones(4, requires_grad=True), fb.ones(4)

    @fb.compile
    def accumulate(x: fb.Tensor) -> fb.Tensor:
        loss = (weight * x).sum()
        loss.backward()
        return loss

    results = [accumulate(x) for _ in range(12)]  # all are kept: each call makes new memory
    plan = list(accumulate.plans.values())[-1]
    assert plan.is_native
    assert plan.head[Plan.BORROWED] == 1
    grow, stays = plan.memory._functions[Plan.GROW], []

    def taking(index: int) -> Any:
        array = weakref.ref(weight.grad._array)
        weight.grad = None
        stays.append(array() is not None)
        return grow(index)

    plan.memory.set_function(Plan.GROW, taking)
    results.append(accumulate(x))
    plan.memory.set_function(Plan.GROW, grow)
    assert stays == [True]
    assert weight.grad is None
    results += [accumulate(x) for _ in range(3)]
    assert weight.grad.tolist() == [3.0] * 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_child_calls_what_other_threads_were_running() -> None:
    function, x = fb.compile(lambda x: (x * 2).sum() + fb.rand(1)), fb.ones(8)
    for _ in range(3):
        function(x)
    (found,) = function.all()
    began, end = threading.Event(), threading.Event()
    run = found.run

    def slowly(leaves: list[Any]) -> Any:
        with fb.default_generator.lock, found.lock:
            began.set()
            end.wait(60)
        return run(leaves)

    found.run = slowly
    thread = threading.Thread(target=function.call, args=(x,))
    thread.start()
    assert began.wait(60)
    found.run = run
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        results = [function(x), function.call(x), function(x[:4])]
        os._exit(0 if len({tuple(r.shape) for r in results}) == 1 else 1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    end.set()
    thread.join(60)
    assert code == 0
