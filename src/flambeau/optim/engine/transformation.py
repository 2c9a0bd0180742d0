"""Transformations: what turns gradients into updates, and the state that takes.

A *rule* says what happens to one parameter's gradient. Everything around it is here, once: walking
over trees, the clock, ``None`` gradients, types, and the decision whether an update is to be
differentiable itself.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

from flambeau.core import dtypes, trees
from flambeau.core.errors import message
from flambeau.ops.creation import zeros
from flambeau.optim.engine.leaf import Leaf, Run, name_of, number_of
from flambeau.optim.engine.state import State
from flambeau.optim.schedule.definition import value_at
from flambeau.tensor.modes import GRAD, MODE, set_grad
from flambeau.tensor.tensor import Tensor


class Transformation:
    """Turns gradients into updates: ``init(params)`` and ``update(updates, state, params)``.

    Nothing that is given is changed: the new state shares no memory with the old one.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.sgd(0.1, momentum=0.9)
        >>> params = [fb.ones(2), {"b": fb.zeros(1)}]
        >>> state = rule.init(params)
        >>> updates, state = rule.update(params, state, params)
        >>> updates
        [tensor([-0.1000, -0.1000]), {'b': tensor([-0.])}]
    """

    name = "transformation"
    example_dims = 0  # first dimensions of the updates that count examples

    # --- what a kind of transformation says ---------------------------------------------------

    def start(self, leaves: list[Leaf], run: Run, path: str) -> None:
        """Put the first state of every leaf into ``leaf.state``, and shared state into ``run``."""

    def run(self, leaves: list[Leaf], run: Run, path: str) -> None:
        """Change the leaves' updates and their state."""

    def hyperparameters(self) -> Iterator[Any]:
        """The values that it was made with."""
        return iter(())

    # --- optax's face -------------------------------------------------------------------------

    def init(self, params: Any) -> State:
        """The state before the first update.

        Args:
            params: a tree of tensors; ``None`` stands for no parameter.

        Raises:
            TypeError: if it holds anything else.
        """
        before = set_grad(False)
        try:
            values, structure = trees.flatten(params)
            paths = trees.paths(params)
            step = zeros((), dtype=dtypes.int64)
            run = Run(structure, paths, 0, {}, {}, params)
            leaves = [
                Leaf(path, _checked(p, path), None, {}, 0)
                for path, p in zip(paths, values, strict=True)
                if p is not None
            ]
            self.start(leaves, run, "")
        finally:
            set_grad(before)
        return State(step, {leaf.name: leaf.state for leaf in leaves if leaf.state}, run.shared)

    def update(
        self, updates: Any, state: State, params: Any = None, **extra: Any
    ) -> tuple[Any, State]:
        """Turn gradients into updates, to be added to the parameters.

        Args:
            updates: gradients, in a tree like that of the parameters; ``None`` for parameters
                that have none, whose state then stays.
            state: what :meth:`init` or the last update returned.
            params: the parameters, where the transformation needs them.
            extra: what some transformations ask for: the loss as ``value``, and so on.

        Returns:
            The updates and the new state. They have a graph only if the gradients, the state or a
            hyperparameter have one: then the update can be differentiated.

        Raises:
            ValueError: if the trees or shapes do not fit, or parameters are needed and missing.
            TypeError: if ``state`` is none, or a gradient cannot be optimized with.
        """
        if not isinstance(state, State):
            raise TypeError(
                message(
                    f"{self.name}: this is no state of a transformation",
                    expected="what init(params) or the last update returned",
                    got=type(state).__name__,
                )
            )
        gradients, structure = trees.flatten(updates)
        paths = trees.paths(updates)
        values = _matching(params, structure, len(gradients))
        before = set_grad(bool(MODE.code & GRAD) and self._is_differentiable(gradients, state))
        try:
            step = state.step + 1
            run = Run(
                structure,
                paths,
                number_of(step),
                extra,
                {k: {s: own(v) for s, v in slots.items()} for k, slots in state.shared.items()},
                params,
                updates,
            )
            all_leaves = []
            for path, p, g in zip(paths, values, gradients, strict=True):
                if g is not None:
                    _check_fit(path, p, _checked(g, path), self.example_dims)
                slots = state.leaves.get(name_of(path), {})
                if g is not None:
                    slots = {k: {s: own(v) for s, v in x.items()} for k, x in slots.items()}
                all_leaves.append(Leaf(path, p, g, slots, run.step))
            self.run([leaf for leaf in all_leaves if leaf.update is not None], run, "")
            found = [None if leaf.update is None else leaf.value() for leaf in all_leaves]
        finally:
            set_grad(before)
        new = {leaf.name: leaf.state for leaf in all_leaves if leaf.state}
        return trees.unflatten(structure, found), State(step, new, run.shared)

    def _is_differentiable(self, gradients: list[Any], state: State) -> bool:
        values = [*gradients, *self.hyperparameters(), *trees.leaves((state.leaves, state.shared))]
        return any(isinstance(x, Tensor) and x.requires_grad for x in values)

    def __iter__(self) -> Iterator[Callable[..., Any]]:
        """``init, update = transformation``."""
        return iter((self.init, self.update))

    def __repr__(self) -> str:
        return self.name


def own(x: Any) -> Any:
    """A copy of state that shares no memory with it."""
    return x.clone() if isinstance(x, Tensor) else trees.map(own, x) if _holds(x) else x


def _holds(x: Any) -> bool:
    return isinstance(x, (dict, list, tuple)) and bool(x)


def _checked(x: Any, path: tuple[Any, ...]) -> Tensor:
    if isinstance(x, Tensor) and (x.is_floating_point() or x.is_complex()):
        return x
    raise TypeError(
        message(
            f"transformation: {name_of(path) or 'the tree'} cannot be optimized",
            expected="floating-point or complex tensors, or None",
            got=f"a tensor of {x.dtype}" if isinstance(x, Tensor) else type(x).__name__,
        )
    )


def _matching(params: Any, structure: Any, count: int) -> list[Any]:
    if params is None:
        return [None] * count
    values, other = trees.flatten(params)
    if other != structure:
        raise ValueError(
            message(
                "transformation: gradients and parameters are different trees",
                expected=repr(other),
                got=repr(structure),
            )
        )
    return values


def _check_fit(path: tuple[Any, ...], param: Any, gradient: Tensor, example_dims: int) -> None:
    if param is not None and param.shape != gradient.shape[example_dims:]:
        raise ValueError(
            message(
                f"transformation: the gradient of {name_of(path) or 'the parameter'} does not fit",
                expected=f"shape {tuple(param.shape)}",
                got=f"shape {tuple(gradient.shape)}",
            )
        )
    if param is not None and gradient.is_complex() and not param.is_complex():
        raise ValueError(
            message(
                f"transformation: the gradient of {name_of(path) or 'the parameter'} does not fit",
                expected=f"a real gradient, as the parameter of {param.dtype}",
                got=f"a gradient of {gradient.dtype}",
            )
        )


# A rule's apply(g, state, p, h, t) returns the update, or the update and a factor for it.
Apply = Callable[[Tensor, dict[str, Any], Any, dict[str, Any], Any], Any]
Start = Callable[[Tensor, dict[str, Any]], dict[str, Any]]


class Rule:
    """The record of a rule for one parameter.

    Args:
        name: what its state is called.
        apply: ``(g, state, p, h, t)`` to the update, or to the update and a factor for it: the
            gradient so far, the slots (its own: it may change them in place or replace them), the
            parameter, the hyperparameters by name, and the number of the update, from 1. It must
            not change ``g``, and read ``p`` only if it ``needs_params``.
        start: ``(p, h)`` to the first slots.
        needs_params: whether ``update`` must be given the parameters.
        functions: hyperparameters that are functions; other functions are schedules.
    """

    def __init__(
        self,
        name: str,
        apply: Apply,
        start: Start | None = None,
        *,
        needs_params: bool = False,
        functions: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.apply = apply
        self.start = start
        self.needs_params = needs_params
        self.functions = functions

    def __call__(self, **hyper: Any) -> PerLeaf:
        return PerLeaf(self, hyper)


class PerLeaf(Transformation):
    """A rule with its hyperparameters, applied to each parameter.

    Args:
        rule: the record.
        hyper: values by name: numbers, 0-d tensors, or schedules, which get the number of updates
            before this one.
    """

    def __init__(self, rule: Rule, hyper: dict[str, Any]) -> None:
        self.rule = rule
        self.hyper = hyper
        self.name = rule.name

    def start(self, leaves: list[Leaf], run: Run, path: str) -> None:
        if self.rule.start is None:
            return
        hyper = resolved(self.hyper, self.rule.functions, 0)
        for leaf in leaves:
            leaf.state[path or self.name] = self.rule.start(leaf.param, hyper)

    def run(self, leaves: list[Leaf], run: Run, path: str) -> None:
        rule, key = self.rule, path or self.name
        if rule.needs_params:
            require_params(rule.name, leaves)
        hyper = resolved(self.hyper, rule.functions, run.step - 1)
        apply, stateful = rule.apply, rule.start is not None
        for leaf in leaves:
            slots: dict[str, Any] = {}
            if stateful:
                slots = leaf.state.get(key)  # type: ignore[assignment]
                if slots is None:
                    raise _stateless(rule.name, leaf, run)
            g = leaf.value()
            found = _in_precision(apply, g, slots, leaf.param, hyper, leaf.step)
            if found.__class__ is tuple:
                leaf.update, leaf.factor = found
            else:
                leaf.update = found

    def hyperparameters(self) -> Iterator[Any]:
        return iter(self.hyper.values())


def _in_precision(apply: Apply, g: Tensor, slots: dict, p: Any, hyper: dict, step: Any) -> Any:
    """Apply a rule in the widest type of the gradient and its slots, and keep the slots' types."""
    kind = g._array.dtype
    others = [
        (slot, value.dtype)
        for slot, value in slots.items()
        if isinstance(value, Tensor)
        and value._array.dtype is not kind
        and value.ndim  # numbers are kept as precisely as the rule wants
        and value.is_floating_point()
        and not g.is_complex()
    ]
    if not others:
        return apply(g, slots, p, hyper, step)
    widest = functools.reduce(dtypes.promote_types, [d for _, d in others], g.dtype)
    for slot, _ in others:
        slots[slot] = slots[slot].to(widest)
    found = apply(g.to(widest), slots, p, hyper, step)
    for slot, dtype in others:
        slots[slot] = slots[slot].to(dtype)
    return found


def resolved(hyper: dict[str, Any], functions: tuple[str, ...], count: Any) -> dict[str, Any]:
    """Hyperparameters at an update: schedules give their value after ``count`` updates."""
    return {
        k: v if k in functions or not callable(v) else value_at(v, count) for k, v in hyper.items()
    }


def require_params(name: str, leaves: list[Leaf]) -> None:
    """Refuse an update without parameters.

    Raises:
        ValueError: if there are none.
    """
    if any(leaf.param is None for leaf in leaves):
        raise ValueError(
            message(
                f"{name}: update needs the parameters",
                expected="update(updates, state, params)",
                got="no params",
            )
        )


def _stateless(name: str, leaf: Leaf, run: Run) -> ValueError:
    return ValueError(
        message(
            f"{name}: the state has nothing for {leaf.name or 'the parameter'}",
            expected="a state that init made for the same tree and the same transformation",
            got="another state",
            help="call init(params) again",
        )
    )


class Whole(Transformation):
    """A transformation that looks at all parameters at once.

    Args:
        name: what its state is called.
        function: ``(leaves, hyper, run, path)``; changes the leaves.
        hyper: values by name: numbers, 0-d tensors or schedules.
        start: ``(leaves, hyper)`` to its shared state; it may put slots into the leaves too.
        needs_params: whether ``update`` must be given the parameters.
    """

    def __init__(
        self,
        name: str,
        function: Callable[[list[Leaf], dict[str, Any], Run, str], None],
        hyper: dict[str, Any],
        start: Callable[[list[Leaf], dict[str, Any], str], dict[str, Any]] | None = None,
        *,
        needs_params: bool = False,
    ) -> None:
        self.name = name
        self.function = function
        self.hyper = hyper
        self.first = start
        self.needs_params = needs_params

    def start(self, leaves: list[Leaf], run: Run, path: str) -> None:
        if self.first is not None:
            key = path or self.name
            shared = self.first(leaves, resolved(self.hyper, (), 0), key)
            if shared:
                run.shared[key] = shared

    def run(self, leaves: list[Leaf], run: Run, path: str) -> None:
        if self.needs_params:
            require_params(self.name, leaves)
        self.function(leaves, resolved(self.hyper, (), run.step - 1), run, path or self.name)

    def hyperparameters(self) -> Iterator[Any]:
        return iter(self.hyper.values())
