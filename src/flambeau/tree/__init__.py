"""Trees: nested dicts, lists, tuples, named tuples and dataclasses, taken apart and mapped.

Everything in :mod:`flambeau.func` takes and returns trees of tensors. Anything that is no such
container is a leaf, ``None`` included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flambeau.core import trees
from flambeau.core.errors import message
from flambeau.core.trees import Structure as Structure
from flambeau.core.trees import flatten as flatten
from flambeau.core.trees import leaves as leaves
from flambeau.core.trees import map as map
from flambeau.core.trees import map_with_path as map_with_path
from flambeau.core.trees import paths as paths
from flambeau.core.trees import structure as structure

_MISSING = object()


def unflatten(treedef: Structure, leaves: Iterable[Any]) -> Any:
    """Put a tree together from its structure and its leaves.

    Args:
        treedef: the structure, as :func:`flatten` or :func:`structure` gave it.
        leaves: as many leaves as the structure has.

    Raises:
        ValueError: if there are too few or too many leaves.

    Example:
        >>> import flambeau as fb
        >>> found, structure = fb.tree.flatten({"w": 1, "b": 2})
        >>> fb.tree.unflatten(structure, [10 * x for x in found])
        {'w': 10, 'b': 20}
    """
    return trees.unflatten(treedef, leaves)


def leaves_with_path(
    tree: Any, is_leaf: Callable[[Any], bool] | None = None
) -> list[tuple[tuple[Any, ...], Any]]:
    """Pairs of the keys that lead to a leaf and the leaf.

    Args:
        tree: nested containers.
        is_leaf: says which containers to leave whole.

    Example:
        >>> import flambeau as fb
        >>> fb.tree.leaves_with_path({"a": [1, 2]})
        [(('a', 0), 1), (('a', 1), 2)]
    """
    return list(zip(paths(tree, is_leaf), leaves(tree, is_leaf), strict=True))


def flatten_with_path(
    tree: Any, is_leaf: Callable[[Any], bool] | None = None
) -> tuple[list[tuple[tuple[Any, ...], Any]], Structure]:
    """Leaves with their paths, and the structure.

    Example:
        >>> import flambeau as fb
        >>> fb.tree.flatten_with_path([7])[0]
        [((0,), 7)]
    """
    return leaves_with_path(tree, is_leaf), structure(tree, is_leaf)


def all(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> bool:
    """Whether every leaf is true.

    Example:
        >>> import flambeau as fb
        >>> fb.tree.all({"a": True, "b": [1, 0]})
        False
    """
    return not [x for x in leaves(tree, is_leaf) if not x]


def reduce(
    function: Callable[[Any, Any], Any],
    tree: Any,
    initializer: Any = _MISSING,
    is_leaf: Callable[[Any], bool] | None = None,
) -> Any:
    """Combine the leaves from left to right by ``function(so_far, leaf)``.

    Args:
        function: of two arguments.
        tree: nested containers.
        initializer: what to begin with; the first leaf if not given.
        is_leaf: says which containers to leave whole.

    Raises:
        TypeError: for a tree without leaves and no initializer.

    Example:
        >>> import flambeau as fb
        >>> fb.tree.reduce(lambda total, x: total + x, {"a": 1, "b": [2, 3]})
        6
    """
    found = leaves(tree, is_leaf)
    if initializer is _MISSING:
        if not found:
            raise TypeError(
                message(
                    "tree.reduce: nothing to begin with",
                    expected="a tree with leaves, or an initializer",
                    got="a tree without leaves and no initializer",
                )
            )
        initializer, *found = found
    for leaf in found:
        initializer = function(initializer, leaf)
    return initializer


def transpose(outer: Structure, inner: Structure, tree: Any) -> Any:
    """A tree of trees turned inside out.

    Args:
        outer: the structure that ``tree`` has above.
        inner: the structure that each of its subtrees has.
        tree: such a tree.

    Raises:
        ValueError: if the tree is not of that structure.

    Example:
        >>> import flambeau as fb
        >>> rows = [{"x": 1, "y": 2}, {"x": 3, "y": 4}]
        >>> fb.tree.transpose(fb.tree.structure([0, 0]), fb.tree.structure({"x": 0, "y": 0}), rows)
        {'x': [1, 3], 'y': [2, 4]}
    """
    found = leaves(tree)
    if len(found) != outer.count * inner.count:
        raise ValueError(
            message(
                "tree.transpose: the tree is not of these structures",
                expected=f"{outer.count} x {inner.count} leaves",
                got=f"{len(found)} leaves",
            )
        )
    columns = [found[i :: inner.count] for i in range(inner.count)]
    return unflatten(inner, [unflatten(outer, column) for column in columns])


__all__ = [
    "Structure", "all", "flatten", "flatten_with_path", "leaves", "leaves_with_path", "map",
    "map_with_path", "paths", "reduce", "structure", "transpose", "unflatten",
]  # fmt: skip
