"""Transformations made of transformations: one after another, or each for some parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flambeau.core import trees
from flambeau.core.errors import message
from flambeau.optim.checks import require
from flambeau.optim.engine.leaf import Leaf, Run, below
from flambeau.optim.engine.transformation import Transformation


class Chain(Transformation):
    """Transformations one after another.

    Args:
        parts: pairs of a name and a transformation. State is kept under the names, so they must
            differ; an empty name adds none of its own.
    """

    name = "chain"

    def __init__(self, parts: list[tuple[str, Transformation]]) -> None:
        self.parts = parts
        self.example_dims = parts[0][1].example_dims if parts else 0

    def start(self, leaves: list[Leaf], run: Run, path: str) -> None:
        for name, part in self.parts:
            part.start(leaves, run, below(path, name))

    def run(self, leaves: list[Leaf], run: Run, path: str) -> None:
        for name, part in self.parts:
            part.run(leaves, run, below(path, name))

    def hyperparameters(self) -> Iterator[Any]:
        for _, part in self.parts:
            yield from part.hyperparameters()

    def __repr__(self) -> str:
        return f"chain({', '.join(repr(part) for _, part in self.parts)})"


def chain(*transformations: Any) -> Transformation:
    """Apply transformations one after another.

    A chain inside a chain is taken apart. State is kept under each one's name; the second of the
    same name is called ``name_2``, and so on.

    Args:
        transformations: transformations, or pairs of functions ``(init, update)``.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import transform
        >>> rule = transform.chain(transform.clip_by_global_norm(1.0), transform.scale(-0.1))
        >>> updates, state = rule.update(fb.tensor([3., 4.]), rule.init(fb.zeros(2)))
        >>> updates
        tensor([-0.0600, -0.0800])
    """
    flat: list[Transformation] = []
    for part in transformations:
        found = as_transformation(part)
        flat += _unnamed(found) if isinstance(found, Chain) else [found]
    parts: list[tuple[str, Transformation]] = []
    counts: dict[str, int] = {}
    for part in flat:
        number = counts[part.name] = counts.get(part.name, 0) + 1
        parts.append((part.name if number == 1 else f"{part.name}_{number}", part))
    return Chain(parts)


class NamedChain(Chain):
    """A chain whose names the user chose; it stays whole inside another chain."""

    name = "named_chain"


def inside(path: str, part: Transformation) -> str:
    """The path of a transformation inside another one; a chain adds only its parts' names."""
    return path if type(part) is Chain else below(path, part.name)


def _unnamed(chain: Chain) -> list[Transformation]:
    return [chain] if isinstance(chain, NamedChain) else [part for _, part in chain.parts]


def named_chain(*transformations: tuple[str, Any]) -> Transformation:
    """Apply transformations one after another, with names for their state.

    Args:
        transformations: pairs of a name and a transformation.

    Raises:
        ValueError: if two have the same name.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import transform
        >>> rule = transform.named_chain(("momentum", transform.trace(0.9)))
        >>> rule.init(fb.zeros(1))["momentum", "trace"]
        {'': tensor([0.])}
    """
    names = [name for name, _ in transformations]
    require(
        len(set(names)) == len(names),
        "named_chain: two transformations have the same name",
        "a name for each",
        names,
    )
    return NamedChain([(name, as_transformation(part)) for name, part in transformations])


class Partition(Transformation):
    """Different transformations for different parameters.

    Args:
        transformations: from labels to transformations.
        labels: a tree of labels like that of the parameters, or an upper part of it; or a
            function of the parameters that gives one.
        name: what it is called in chains.
    """

    def __init__(
        self, transformations: Mapping[Any, Transformation], labels: Any, name: str = "partition"
    ) -> None:
        self.transformations = transformations
        self.labels = labels
        self.name = name

    def start(self, leaves: list[Leaf], run: Run, path: str) -> None:
        for label, mine in self._divided(leaves, run).items():
            self.transformations[label].start(mine, run, below(path, self.called(label)))

    def run(self, leaves: list[Leaf], run: Run, path: str) -> None:
        for label, mine in self._divided(leaves, run).items():
            self.transformations[label].run(mine, run, below(path, self.called(label)))

    def called(self, label: Any) -> str:
        """The name under which the state of a label's transformation is kept."""
        return str(label)

    def _divided(self, leaves: list[Leaf], run: Run) -> dict[Any, list[Leaf]]:
        labels = self.labels
        if callable(labels):
            labels = labels(run.updates if run.params is None else run.params)
        # Every transformation starts, even one that has no parameters: it may have shared state.
        divided: dict[Any, list[Leaf]] = {label: [] for label in self.transformations}
        for leaf in leaves:
            label = at_path(labels, leaf.path, self.name)
            if label not in divided:
                raise ValueError(
                    message(
                        f"{self.name}: {leaf.name or 'the parameter'} has an unknown label",
                        expected=f"one of {sorted(map(repr, divided))}",
                        got=repr(label),
                    )
                )
            divided[label].append(leaf)
        return divided

    def hyperparameters(self) -> Iterator[Any]:
        for part in self.transformations.values():
            yield from part.hyperparameters()


def partition(transforms: Mapping[Any, Any], param_labels: Any) -> Transformation:
    """Different transformations for different parameters.

    Args:
        transforms: from labels to transformations.
        param_labels: a tree of labels like that of the parameters, or an upper part of it; or a
            function of the parameters that gives one.

    Raises:
        ValueError: in ``init`` and ``update``, if a parameter has no label or an unknown one.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import transform
        >>> parts = {"fast": transform.sgd(1.0), "slow": transform.sgd(0.1)}
        >>> rule = transform.partition(parts, {"a": "fast", "b": "slow"})
        >>> params = {"a": fb.ones(1), "b": [fb.ones(1)]}
        >>> rule.update(params, rule.init(params))[0]
        {'a': tensor([-1.]), 'b': [tensor([-0.1000])]}
    """
    parts = {label: as_transformation(part) for label, part in transforms.items()}
    return Partition(parts, param_labels)


multi_transform = partition  # optax's older name


class Masked(Partition):
    """A transformation for some parameters; the updates of the others pass."""

    def called(self, label: Any) -> str:
        return ""


class Identity(Transformation):
    """Nothing happens."""

    name = "identity"


def masked(inner: Any, mask: Any) -> Transformation:
    """Apply a transformation to some parameters only; the updates of the others pass.

    Args:
        inner: a transformation.
        mask: a tree of ``True`` and ``False`` like that of the parameters, or an upper part of it;
            or a function of the parameters that gives one.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import transform
        >>> rule = transform.masked(transform.scale(-1.0), {"a": True, "b": False})
        >>> params = {"a": fb.ones(1), "b": fb.ones(1)}
        >>> rule.update(params, rule.init(params))[0]
        {'a': tensor([-1.]), 'b': tensor([1.])}
    """
    part = as_transformation(inner)
    return Masked({True: part, False: Identity()}, _as_booleans(mask), part.name)


def _as_booleans(mask: Any) -> Any:
    return (lambda params: mask(params)) if callable(mask) else mask


def at_path(tree: Any, path: tuple[Any, ...], name: str) -> Any:
    """What a tree, or an upper part of one, says about a leaf.

    Raises:
        ValueError: if it says nothing.
    """
    for key in path:
        found = trees.children(tree)
        if found is None:
            return tree
        if key not in found:
            break
        tree = found[key]
    else:
        if trees.children(tree) is None:
            return tree
    raise ValueError(
        message(
            f"{name}: no label for {'.'.join(map(str, path)) or 'the parameter'}",
            expected="a tree like that of the parameters, or an upper part of it",
            got="a tree that has no such leaf",
        )
    )


class External(Transformation):
    """A transformation that a user wrote as two functions of trees.

    Args:
        init: parameters to a state, any tree.
        update: ``(updates, state, params)`` to updates and state.
        extra: whether ``update`` takes extra arguments by name.
    """

    name = "external"

    def __init__(
        self, init: Callable[..., Any], update: Callable[..., Any], extra: bool = False
    ) -> None:
        self.first = init
        self.function = update
        self.extra = extra

    def start(self, leaves: list[Leaf], run: Run, path: str) -> None:
        state = self.first(tree_of(leaves, run, lambda leaf: leaf.param))
        run.shared[path or self.name] = {"state": state}

    def run(self, leaves: list[Leaf], run: Run, path: str) -> None:
        slots = run.shared[path or self.name]
        params = None
        if run.params is not None:
            params = tree_of(leaves, run, lambda leaf: leaf.param)
        extra = run.extra if self.extra else {}
        given = tree_of(leaves, run, Leaf.value)
        found, slots["state"] = self.function(given, slots["state"], params, **extra)
        for leaf in leaves:
            leaf.set(at_path(found, leaf.path, self.name))


def tree_of(leaves: list[Leaf], run: Run, value: Callable[[Leaf], Any]) -> Any:
    """Values of leaves in the tree that the caller gave, ``None`` at the others."""
    by_path = {leaf.path: value(leaf) for leaf in leaves}
    return trees.unflatten(run.structure, [by_path.get(path) for path in run.paths])


def as_transformation(x: Any) -> Transformation:
    """A transformation, also if it is given as a pair of functions.

    Raises:
        TypeError: if it is something else.
    """
    if isinstance(x, Transformation):
        return x
    if isinstance(x, tuple) and len(x) == 2 and all(map(callable, x)):
        return External(*x)
    raise TypeError(
        message(
            "transformation: not a transformation",
            expected="a transformation, or a pair of functions (init, update)",
            got=type(x).__name__,
        )
    )
