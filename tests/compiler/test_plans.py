"""Plans of calls: trees that are put together natively, and plans that are written anew."""

from __future__ import annotations

import gc
import threading
import tracemalloc
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau import nn, optim
from flambeau.compiler.run import dispatch, layout
from flambeau.compiler.run.plan_layout import Plan, Shape
from flambeau.core import trees

pytestmark = pytest.mark.skipif(not dispatch.is_available(), reason="calls go through Python here")

MARK = object()
TREES: dict[str, Callable[[fb.Tensor], Any]] = {
    "dict": lambda x: {"b": x * 2, "a": x.sum()},
    "keys": lambda x: {2: x * 2, (1, "k"): x + 1, MARK: x - 3},
    "nested": lambda x: (x * 2, {"a": [x.sum(), (x + 1,)], "n": None}, [x, MARK], "text"),
    "empty": lambda x: ((), [], {}, {"none": {}}, x * 2),
    "nothing": lambda x: {},
    "arguments": lambda x: {"x": x, "twice": [x, x]},
}


def plan_of(compiled: Any) -> Any:
    (plan,) = compiled.plans.values()
    return plan


def assert_same(found: Any, expected: Any) -> None:
    (leaves, structure), (wanted, shape) = trees.flatten(found), trees.flatten(expected)
    assert structure == shape
    assert repr(structure) == repr(shape)  # the order of keys, too
    for x, y in zip(leaves, wanted, strict=True):
        if isinstance(y, fb.Tensor):
            np.testing.assert_array_equal(x.numpy(), y.numpy())
        else:
            assert x is y


@pytest.mark.parametrize("name", TREES)
def test_trees_are_put_together_natively(name: str) -> None:
    function = TREES[name]
    step = fb.compile(function)
    kept = []
    for i in range(12):
        x = fb.full((3,), float(i))
        kept.append((step(x), x))
    for found, x in kept:
        assert_same(found, function(x))
    plan = plan_of(step)
    if plan.is_native:
        assert plan.head[Plan.SHAPE] == Shape.BUILT
    assert plan.is_native is (name not in ("nothing", "arguments"))


def test_containers_of_other_types_are_put_together_by_python() -> None:
    step = fb.compile(lambda x: OrderedDict(b=x * 2, a=(x + 1,)))
    for i in range(4):
        found = step(fb.full((2,), float(i)))
        assert type(found) is OrderedDict
        assert list(found) == ["b", "a"]
        assert found["a"][0].tolist() == [i + 1.0] * 2
    assert plan_of(step).head[Plan.SHAPE] == Shape.FINISHED


def test_every_change_of_a_dict_makes_its_version_larger() -> None:
    if not layout.has_dict_versions():
        return
    shift = layout.dict_version_shift()
    d: dict[Any, Any] = {}
    before = layout.word_at(id(d) + layout.DICT_VERSION) >> shift
    for i in range(200):
        d[i % 7] = i
        now = layout.word_at(id(d) + layout.DICT_VERSION) >> shift
        assert now > before
        before = now


def growth(turn: Callable[[], None], warm: int = 30, count: int = 300) -> int:
    """By how many bytes Python's memory has grown after ``count`` turns."""
    for _ in range(warm):
        turn()
    gc.collect()
    tracemalloc.start()
    try:
        turn()
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(count):
            turn()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def test_trees_leave_nothing_behind() -> None:
    step, x = fb.compile(TREES["nested"]), fb.ones(3)

    def turn() -> None:
        step(x)

    assert growth(turn) < 300 * 8  # not a word for each call


def test_plans_that_are_written_anew_do_not_grow() -> None:
    model = nn.Linear(3, 2)
    optimizer = optim.Adam(model.parameters(), lr=0.1)
    x = fb.ones(4, 3)

    @fb.compile
    def step(x: fb.Tensor) -> fb.Tensor:
        optimizer.zero_grad()
        loss = (model(x) ** 2).sum()
        loss.backward()
        optimizer.step()
        return loss

    def turn() -> None:
        model.weight.data = fb.ones(2, 3)  # the plan has the address of the old one
        step(x)

    assert growth(turn, count=100) < 100 * 500  # the tables of a plan are some 25 thousand bytes
    assert len(step.all()) == 1


def test_a_plan_that_runs_further_up_keeps_its_tables() -> None:
    weight = fb.ones(3)
    step = fb.compile(lambda x: x * weight)
    x = fb.full((3,), 2.0)
    for _ in range(3):
        step(x)
    plan = plan_of(step)
    addresses = plan.head.tolist()
    plan.head[Plan.BUSY] = threading.get_ident()  # as where it has called Python, which called us
    weight.data = fb.full((3,), 5.0)
    assert step(x).tolist() == [10.0] * 3
    assert plan_of(step) is plan
    plan.head[Plan.BUSY] = 0
    assert plan.head.tolist() == addresses
    for _ in range(3):
        assert step(x).tolist() == [10.0] * 3
    assert plan.head.tolist() != addresses
