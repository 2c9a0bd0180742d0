"""Timing, and PyTorch's inner paths of other things."""

from __future__ import annotations

import importlib

import pytest

import flambeau as fb
from flambeau.utils.benchmark import Compare, Measurement, Timer


class Clock:
    """A clock on which each look takes a second."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def test_a_round() -> None:
    calls = []
    found = Timer(lambda: calls.append(1), timer=Clock(), label="append").timeit(4)
    assert len(calls) == 4
    assert (found.number_per_run, found.raw_times, found.mean) == (4, (1.0,), 0.25)
    assert repr(found) == (
        "<Measurement> append\n  250.00 ms\n  1 measurement, 4 runs each, 1 thread"
    )


def test_rounds_until_time_is_over() -> None:
    seen = []
    timer = Timer("pass", timer=Clock())
    found = timer.blocked_autorange(lambda number, seconds: seen.append(number), min_run_time=3.0)
    assert found.raw_times == (1.0, 1.0, 1.0)
    assert seen == [1, 1, 1]
    assert (found.median, found.iqr) == (1.0, 0.0)
    assert len(timer.adaptive_autorange(min_run_time=1.0).raw_times) == 4
    assert [m.raw_times for m in timer.repeat(2, 3)] == [(1.0,), (1.0,)]


def test_threads_are_set_back() -> None:
    before = fb.get_num_threads()
    seen = []
    Timer(lambda: seen.append(fb.get_num_threads()), num_threads=1).timeit(1)
    assert seen == [1]
    assert fb.get_num_threads() == before


def test_quartiles() -> None:
    found = Measurement(1, (1.0, 2.0, 3.0, 4.0))
    assert (found.median, found.iqr) == (2.5, 1.5)


def test_tables() -> None:
    table = Compare([Measurement(1, (2e-3,), sub_label="a", description="x")])
    table.extend_results([Measurement(2, (3.0,), sub_label="b", description="y")])
    assert str(table).splitlines() == [
        "   |       x |      y",
        "---|---------|-------",
        "a  | 2.00 ms |       ",
        "b  |         | 1.50 s",
    ]


def test_misuse() -> None:
    with pytest.raises(ValueError, match="Timer: global_setup is for C"):
        Timer(global_setup="int x;")


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("nn.modules", "Linear", fb.nn.Linear),
        ("nn.modules.conv", "Conv2d", fb.nn.Conv2d),
        ("nn.modules.loss", "MSELoss", fb.nn.MSELoss),
        ("utils.data.dataloader", "DataLoader", fb.utils.data.DataLoader),
        ("utils.data.sampler", "Sampler", fb.utils.data.Sampler),
        ("autograd.profiler", "record_function", fb.profiler.record_function),
    ],
)
def test_inner_paths(path: str, name: str, value: object) -> None:
    importlib.import_module("flambeau.nn.modules")
    assert getattr(importlib.import_module(f"flambeau.{path}"), name) is value


def test_older_profiler() -> None:
    with fb.autograd.profiler.profile(enabled=False, use_cuda=True) as found:
        fb.ones(2)
    with pytest.raises(RuntimeError, match="nothing has been recorded"):
        found.events()
