"""Trees in public: what they take apart, put together and refuse."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest

import flambeau as fb

TREE = {"a": [1, (2, 3)], "b": {"c": 4}}


class Point(NamedTuple):
    x: Any
    y: Any


@dataclass
class Layer:
    weight: Any
    bias: Any


@pytest.mark.parametrize(
    "tree", [TREE, [Point(1, [2]), Layer(3, None)], OrderedDict(z=1, a=2), 5, [], {}]
)
def test_what_is_taken_apart_can_be_put_together(tree: Any) -> None:
    found, structure = fb.tree.flatten(tree)
    assert fb.tree.unflatten(structure, found) == tree
    assert fb.tree.leaves(tree) == found
    assert fb.tree.structure(tree) == structure
    paths = fb.tree.flatten_with_path(tree)[0]
    assert [leaf for _, leaf in paths] == found
    assert fb.tree.leaves_with_path(tree) == paths


def test_maps() -> None:
    assert fb.tree.map(lambda x, y: x * y, TREE, TREE) == {"a": [1, (4, 9)], "b": {"c": 16}}
    named = fb.tree.map_with_path(lambda path, x: (*path, x), TREE)
    assert named["a"][1][0] == ("a", 1, 0, 2)
    whole = fb.tree.map(len, TREE, is_leaf=lambda x: isinstance(x, (list, dict)) and x is not TREE)
    assert whole == {"a": 2, "b": 1}
    with pytest.raises(ValueError, match="trees have different structures"):
        fb.tree.map(lambda x, y: x, [1], (1,))


def test_reductions() -> None:
    assert fb.tree.reduce(lambda x, y: x + y, TREE) == 10
    assert fb.tree.reduce(lambda x, y: x + y, [], 7) == 7
    assert fb.tree.all([True, {"a": 1}])
    assert not fb.tree.all([True, {"a": 0}])
    with pytest.raises(TypeError) as error:
        fb.tree.reduce(lambda x, y: x, {})
    assert str(error.value) == (
        "tree.reduce: nothing to begin with\n"
        "  expected: a tree with leaves, or an initializer\n"
        "  got:      a tree without leaves and no initializer"
    )


def test_turning_inside_out() -> None:
    rows = [Point(1, 2), Point(3, 4), Point(5, 6)]
    outer, inner = fb.tree.structure([0, 0, 0]), fb.tree.structure(Point(0, 0))
    turned = fb.tree.transpose(outer, inner, rows)
    assert turned == Point([1, 3, 5], [2, 4, 6])
    assert fb.tree.transpose(inner, outer, turned) == rows
    with pytest.raises(ValueError) as error:
        fb.tree.transpose(outer, inner, [1])
    assert str(error.value) == (
        "tree.transpose: the tree is not of these structures\n"
        "  expected: 3 x 2 leaves\n"
        "  got:      1 leaves"
    )
    with pytest.raises(ValueError, match="wrong number of leaves"):
        fb.tree.unflatten(inner, [1])
