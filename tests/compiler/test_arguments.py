"""Arguments in containers and by name are taken apart natively, and exactly as Python would."""

from __future__ import annotations

import dataclasses
import gc
import sys
from collections import OrderedDict, namedtuple
from typing import Any

import pytest

import flambeau as fb
from flambeau.compiler.run import dispatch

native = pytest.mark.skipif(not dispatch.is_available(), reason="calls go through Python here")


def slow_calls(compiled: Any) -> int:
    return sum(s.calls for s in compiled.all())


def batches(x: fb.Tensor, y: fb.Tensor) -> dict[str, tuple[tuple[Any, ...], dict[str, Any]]]:
    return {
        "by name": ((x,), {"b": y}),
        "all by name": ((), {"a": x, "b": y}),
        "a dict": (({"a": x, "b": y},), {}),
        "a list": (([x, y],), {}),
        "a tuple": (((x, y),), {}),
        "nested": (({"a": [x, (y,)], "b": {}},), {"c": [x]}),
        "a number inside": (((x, 2.5),), {}),
    }


def summed(*args: Any, **kwargs: Any) -> Any:
    def walk(tree: Any) -> Any:
        if isinstance(tree, dict):
            tree = list(tree.values())
        if isinstance(tree, (list, tuple)):
            found = fb.zeros(2)
            for weight, child in enumerate(tree, 2):
                found = found + weight * walk(child)
            return found
        return tree

    return walk((args, kwargs))


@native
@pytest.mark.parametrize("kind", batches(fb.ones(2), fb.ones(2)))
def test_containers_and_names_are_one_native_call(kind: str) -> None:
    compiled = fb.compile(summed)
    for turn in range(3):
        args, kwargs = batches(fb.ones(2) * turn, fb.arange(2.0))[kind]
        assert compiled(*args, **kwargs).tolist() == summed(*args, **kwargs).tolist()
    before = slow_calls(compiled)
    for turn in range(5):
        args, kwargs = batches(fb.ones(2) * turn, fb.arange(2.0))[kind]
        assert compiled(*args, **kwargs).tolist() == summed(*args, **kwargs).tolist()
    assert slow_calls(compiled) == before


def test_other_containers_are_other_programs() -> None:
    compiled = fb.compile(summed)
    x, y = fb.ones(2), fb.arange(2.0)
    kinds = [
        ([x, y],), ((x, y),), ([x, y, x],), ([x],), ([],), ({"a": x, "b": y},),
        ({"b": y, "a": x},), ({"a": x, "c": y},), (OrderedDict(a=x, b=y),), ([x, [y]],), (x, y),
    ]  # fmt: skip
    for _ in range(3):
        for args in kinds:
            assert compiled(*args).tolist() == summed(*args).tolist()


def test_names_in_another_order() -> None:
    compiled = fb.compile(lambda a, b: a - b)
    x, y = fb.ones(2), fb.arange(2.0)
    for _ in range(3):
        assert compiled(a=x, b=y).tolist() == [1, 0]
        assert compiled(b=x, a=y).tolist() == [-1, 0]
        assert compiled(x, b=y).tolist() == [1, 0]
        assert compiled(x, y).tolist() == [1, 0]
    with pytest.raises(TypeError, match="unexpected keyword"):
        compiled(x, c=y)
    with pytest.raises(TypeError, match="multiple values"):
        compiled(x, a=y)


def test_keys_that_are_equal_but_no_strings() -> None:
    compiled = fb.compile(lambda d: d[1] * 2)
    for key in (1, True, 1.0, 1):
        assert compiled({key: fb.ones(1)}).tolist() == [2]


Pair = namedtuple("Pair", "first second")


@dataclasses.dataclass
class Batch:
    x: Any
    y: Any


def test_named_tuples_and_dataclasses() -> None:
    compiled = fb.compile(lambda pair: pair[0] - pair[1])
    of_class = fb.compile(lambda batch: batch.x - batch.y)
    for turn in range(4):
        x, y = fb.ones(2) * turn, fb.arange(2.0)
        assert compiled(Pair(x, y)).tolist() == (x - y).tolist()
        assert of_class(Batch(x, y)).tolist() == (x - y).tolist()


@native
def test_the_same_tensor_in_two_places() -> None:
    compiled = fb.compile(lambda d: d["a"].add_(1) * d["b"])
    for _ in range(3):
        x, y = fb.ones(2), fb.ones(2)
        assert compiled({"a": x, "b": y}).tolist() == [2, 2]
        assert compiled({"a": x, "b": x}).tolist() == [9, 9]


@native
def test_nothing_is_kept_of_containers() -> None:
    compiled = fb.compile(lambda d: d["a"] + 1)
    batch = {"a": fb.ones(3)}
    for _ in range(5):
        compiled(batch)
    x = batch["a"]
    before = sys.getrefcount(x), sys.getrefcount(batch)
    for _ in range(100):
        compiled(batch)
    gc.collect()
    assert (sys.getrefcount(x), sys.getrefcount(batch)) == before


def test_a_function_that_changes_its_argument_is_not_replayed() -> None:
    """Putting something into a dict is Python's doing: it must happen at every call."""

    def put(d: dict[str, Any]) -> fb.Tensor:
        d["out"] = d["x"] * 2
        return d["out"] + 1

    compiled = fb.compile(put)
    with pytest.warns(UserWarning, match="put changes a dict or list that it is given"):
        compiled({"x": fb.ones(2)})
    for turn in range(4):
        d = {"x": fb.ones(2) * turn}
        assert compiled(d).tolist() == [2 * turn + 1] * 2
        assert d["out"].tolist() == [2 * turn] * 2


def test_a_function_that_appends_to_a_list_it_is_given() -> None:
    def note(kept: list[Any], x: fb.Tensor) -> fb.Tensor:
        kept.append(x * 3)
        return x + 1

    compiled = fb.compile(note)
    kept: list[Any] = []
    with pytest.warns(UserWarning, match="note changes a dict or list that it is given"):
        compiled([], fb.ones(1))
    for turn in range(4):
        compiled(kept, fb.ones(1) * turn)
    assert [x.item() for x in kept] == [0, 3, 6, 9]


@native
def test_gradients_of_arguments_are_one_native_call() -> None:
    def function(x: fb.Tensor, fresh: bool) -> None:
        if fresh:
            x.grad = None
        (x * x).sum().backward()

    compiled = fb.compile(function)
    kept = []
    for turn in range(8):
        x = fb.full((3,), float(turn), requires_grad=True)
        compiled(x, True)
        kept.append(x)
        if turn == 4:
            before = slow_calls(compiled)
    assert slow_calls(compiled) == before
    assert [x.grad.tolist() for x in kept] == [[2.0 * turn] * 3 for turn in range(8)]


@native
def test_gradients_of_arguments_add_up_natively() -> None:
    compiled = fb.compile(lambda d: (d["x"] ** 3).sum().backward())
    first, second = (fb.full((2,), float(i), requires_grad=True) for i in (1, 2))
    for turn in range(10):
        compiled({"x": first})
        compiled({"x": second})
        if turn == 4:
            before = slow_calls(compiled)
    assert slow_calls(compiled) == before
    assert first.grad.tolist() == [30.0, 30.0]
    assert second.grad.tolist() == [120.0, 120.0]
    second.grad = None
    compiled({"x": second})
    assert second.grad.tolist() == [12.0, 12.0]
