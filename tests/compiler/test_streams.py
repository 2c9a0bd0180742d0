"""Functions that ask something that answers otherwise each time: they are recorded each time."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import os
import random
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import flambeau as fb

Wrap = Callable[[Any], Any]


def agree(script: Callable[[Wrap], list[Any]]) -> None:
    assert script(fb.compile) == script(lambda f: f)


def several(step: Callable[..., fb.Tensor], change: Callable[[], Any] = int) -> list[Any]:
    found = []
    for _ in range(4):
        found.append(step(fb.ones(2, dtype=fb.float64)).tolist())
        change()
    return found


def test_pythons_random_numbers() -> None:
    def script(wrap: Wrap) -> list[Any]:
        random.seed(0)
        return several(wrap(lambda x: x + random.random()))

    agree(script)


def test_a_random_object_of_pythons() -> None:
    def script(wrap: Wrap) -> list[Any]:
        source = random.Random(3)
        return several(wrap(lambda x: x + source.gauss(0, 1)))

    agree(script)


def test_numpys_random_numbers() -> None:
    def script(wrap: Wrap) -> list[Any]:
        np.random.seed(0)
        return several(wrap(lambda x: x + np.random.rand()))

    agree(script)


@pytest.mark.parametrize("bits", [np.random.PCG64, np.random.MT19937, np.random.Philox])
def test_a_generator_of_numpys(bits: Any) -> None:
    def script(wrap: Wrap) -> list[Any]:
        source = np.random.Generator(bits(3))
        return several(wrap(lambda x: x + source.random()))

    agree(script)


def counting() -> Any:
    number = 0
    while True:
        yield number
        number += 1


@pytest.mark.parametrize("make", [
    itertools.count, counting, lambda: iter([1, 2, 3, 4]), lambda: map(abs, [-1, -2, -3, -4]),
], ids=["count", "generator", "list", "map"])  # fmt: skip
def test_iterators(make: Callable[[], Any]) -> None:
    def script(wrap: Wrap) -> list[Any]:
        items = make()
        return several(wrap(lambda x: x + next(items)))

    agree(script)


def test_the_environment() -> None:
    def script(wrap: Wrap) -> list[Any]:
        name, count = "FLAMBEAU_TEST_NUMBER", itertools.count(1)
        step = wrap(lambda x: x + float(os.environ.get("FLAMBEAU_TEST_NUMBER", "0")))
        try:
            return several(step, lambda: os.environ.update({name: str(next(count))}))
        finally:
            os.environ.pop(name, None)

    agree(script)


@pytest.mark.parametrize("read", [
    lambda x: x * 0 + time.perf_counter(), lambda x: x * 0 + time.time_ns(),
    lambda x: x * 0 + dt.datetime.now().timestamp(),
], ids=["perf_counter", "time_ns", "now"])  # fmt: skip
def test_clocks(read: Callable[[Any], Any]) -> None:
    step = fb.compile(read)
    found = []
    for _ in range(3):
        found.append(step(fb.zeros(1, dtype=fb.float64)).item())
        time.sleep(1e-3)
    assert found[0] < found[1] < found[2]


def test_streams_that_are_not_drawn_from_record_once() -> None:
    source, offset = np.random.default_rng(0), 2.0

    def function(x: fb.Tensor, noisy: bool = False) -> fb.Tensor:
        return x + source.random() if noisy else x + offset

    step = fb.compile(function)
    for _ in range(3):
        step(fb.ones(2))
        source.random()
        random.random()
    assert step.reasons == ["new kinds of arguments"]


@pytest.mark.parametrize("convert", [fb.from_numpy, fb.as_tensor, fb.tensor])
def test_an_array_that_is_a_tensor_and_is_read_as_an_array(convert: Any) -> None:
    def script(wrap: Wrap) -> list[Any]:
        array = np.ones(2)
        step = wrap(lambda x: x + convert(array) * (2 if array[0] > 2 else 1))
        return several(step, functools.partial(np.add, array, 1, out=array))

    agree(script)


def test_an_array_over_the_memory_of_a_captured_tensor() -> None:
    def script(wrap: Wrap) -> list[Any]:
        tensor = fb.ones(2, dtype=fb.float64)
        array = tensor.numpy()
        step = wrap(lambda x: x * float(array[0]) + tensor)
        return several(step, lambda: tensor.add_(1))

    agree(script)


def test_an_array_given_as_an_argument() -> None:
    def script(wrap: Wrap) -> list[Any]:
        array = np.ones(2)
        step = wrap(lambda x, a: x + fb.from_numpy(a) * float(a.sum()))
        return several(lambda x: step(x, array), functools.partial(np.add, array, 1, out=array))

    agree(script)


def test_recordings_at_every_call_are_worth_one_warning() -> None:
    counter = {"calls": 0}

    @fb.compile
    def step(x: fb.Tensor) -> fb.Tensor:
        counter["calls"] += 1
        return x * 2

    for _ in range(16):
        step(fb.ones(2))
    with pytest.warns(UserWarning, match=r"(?s)step was recorded 17 times.*counter\['calls'\]"):
        step(fb.ones(2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            step(fb.ones(2))
    assert counter["calls"] == 20
