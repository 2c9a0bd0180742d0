"""Compiled functions beside other threads and processes, and over very many calls."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

import flambeau as fb
from flambeau import nn, optim
from flambeau.compiler.run import dispatch
from flambeau.compiler.run.plan_layout import Plan

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
