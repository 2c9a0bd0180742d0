"""Nested containers: taking them apart into leaves, and putting them together again.

A tree is a dict, list, tuple, named tuple or dataclass of trees, or a leaf; anything else is a
leaf. ``None`` is a leaf too. Dicts keep their order and are compared by it.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from flambeau.core.errors import message


class Structure:
    """A tree without its leaves. Structures that are equal hash equally.

    Attributes:
        kind: the container's type, or ``None`` for a leaf.
        keys: what its children are called: keys, field names or indices.
        children: their structures.
        extra: what else it takes to build the container (a default factory).
        count: the number of leaves.
    """

    __slots__ = ("children", "count", "extra", "hash", "keys", "kind")

    def __init__(
        self, kind: type | None, keys: tuple[Any, ...], children: tuple[Structure, ...], extra: Any
    ) -> None:
        self.kind = kind
        self.keys = keys
        self.children = children
        self.extra = extra
        self.count = 1 if kind is None else sum(c.count for c in children)
        self.hash = hash((kind, keys, tuple(c.hash for c in children)))

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Structure)
            and self.hash == other.hash
            and self.kind is other.kind
            and self.keys == other.keys
            and self.children == other.children
        )

    def __hash__(self) -> int:
        return self.hash

    def __repr__(self) -> str:
        return f"Structure({unflatten(self, ['*'] * self.count)!r})"


LEAF = Structure(None, (), (), None)


def _parts(tree: Any) -> tuple[type, tuple[Any, ...], Iterable[Any], Any] | None:
    """Type, keys, children and extra of a container; ``None`` for a leaf."""
    kind = type(tree)
    if kind is dict or kind is OrderedDict:
        return kind, tuple(tree), tree.values(), None
    if kind is list or kind is tuple:
        return kind, tuple(range(len(tree))), tree, None
    if kind is defaultdict:
        return kind, tuple(tree), tree.values(), tree.default_factory
    if isinstance(tree, tuple) and hasattr(kind, "_fields"):
        return kind, tuple(kind._fields), tree, None
    if dataclasses.is_dataclass(tree):
        names = tuple(f.name for f in dataclasses.fields(tree))
        return kind, names, [getattr(tree, n) for n in names], None
    return None


def children(tree: Any) -> dict[Any, Any] | None:
    """What a container holds, by key, field name or index; ``None`` for a leaf.

    Example:
        >>> from flambeau.core.trees import children
        >>> children(["a", "b"])
        {0: 'a', 1: 'b'}
    """
    parts = _parts(tree)
    return None if parts is None else dict(zip(parts[1], parts[2], strict=True))


def flatten(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> tuple[list[Any], Structure]:
    """The leaves of a tree from left to right, and its structure.

    Args:
        tree: nested containers.
        is_leaf: says which containers to leave whole.

    Example:
        >>> from flambeau.core.trees import flatten
        >>> leaves, structure = flatten({"a": 1, "b": [2, 3]})
        >>> leaves
        [1, 2, 3]
    """
    leaves: list[Any] = []
    return leaves, _flatten(tree, leaves, is_leaf)


def _flatten(tree: Any, leaves: list[Any], is_leaf: Any) -> Structure:
    parts = None if is_leaf is not None and is_leaf(tree) else _parts(tree)
    if parts is None:
        leaves.append(tree)
        return LEAF
    kind, keys, children, extra = parts
    return Structure(kind, keys, tuple(_flatten(c, leaves, is_leaf) for c in children), extra)


def unflatten(structure: Structure, leaves: Iterable[Any]) -> Any:
    """Put a tree together from its structure and its leaves.

    Raises:
        ValueError: if there are too few or too many leaves.

    Example:
        >>> from flambeau.core.trees import flatten, unflatten
        >>> leaves, structure = flatten((1, [2]))
        >>> unflatten(structure, [10, 20])
        (10, [20])
    """
    given = list(leaves)
    if len(given) != structure.count:
        raise ValueError(
            message(
                "tree.unflatten: wrong number of leaves",
                expected=str(structure.count),
                got=str(len(given)),
            )
        )
    return _build(structure, iter(given))


def _build(structure: Structure, leaves: Any) -> Any:
    kind = structure.kind
    if kind is None:
        return next(leaves)
    children = [_build(c, leaves) for c in structure.children]
    if kind is list:
        return children
    if kind is tuple:
        return tuple(children)
    if kind is defaultdict:
        return defaultdict(structure.extra, zip(structure.keys, children, strict=True))
    if issubclass(kind, dict):
        return kind(zip(structure.keys, children, strict=True))
    if issubclass(kind, tuple):
        return kind(*children)
    built = object.__new__(kind)  # a dataclass may compute in __init__; its fields are what counts
    for name, child in zip(structure.keys, children, strict=True):
        object.__setattr__(built, name, child)
    return built


def leaves(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> list[Any]:
    """The leaves of a tree from left to right."""
    return flatten(tree, is_leaf)[0]


def structure(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> Structure:
    """A tree's structure."""
    return flatten(tree, is_leaf)[1]


def map(
    function: Callable[..., Any],
    tree: Any,
    *rest: Any,
    is_leaf: Callable[[Any], bool] | None = None,
) -> Any:
    """A tree of ``function(leaf, *leaves of rest)``.

    Raises:
        ValueError: if the trees have different structures.

    Example:
        >>> from flambeau.core import trees
        >>> trees.map(lambda x, y: x + y, {"a": 1}, {"a": 10})
        {'a': 11}
    """
    first, shape = flatten(tree, is_leaf)
    columns = [first]
    for other in rest:
        more, other_shape = flatten(other, is_leaf)
        if other_shape != shape:
            raise ValueError(
                message(
                    "tree.map: trees have different structures",
                    expected=repr(shape),
                    got=repr(other_shape),
                )
            )
        columns.append(more)
    return unflatten(shape, [function(*row) for row in zip(*columns, strict=True)])


def paths(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> list[tuple[Any, ...]]:
    """For each leaf, the keys that lead to it.

    Example:
        >>> from flambeau.core.trees import paths
        >>> paths({"a": [1, 2]})
        [('a', 0), ('a', 1)]
    """
    found: list[tuple[Any, ...]] = []

    def walk(shape: Structure, prefix: tuple[Any, ...]) -> None:
        if shape.kind is None:
            found.append(prefix)
        for key, child in zip(shape.keys, shape.children, strict=True):
            walk(child, (*prefix, key))

    walk(structure(tree, is_leaf), ())
    return found


def map_with_path(
    function: Callable[..., Any],
    tree: Any,
    *rest: Any,
    is_leaf: Callable[[Any], bool] | None = None,
) -> Any:
    """A tree of ``function(path, leaf, *leaves of rest)``; a path is a tuple of keys."""
    numbered = iter(paths(tree, is_leaf))
    return map(lambda *row: function(next(numbered), *row), tree, *rest, is_leaf=is_leaf)
