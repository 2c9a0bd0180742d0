"""Doing something only under a condition, also where the condition is not known yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.core import trees
from flambeau.ops.likes import zeros_like
from flambeau.optim.engine.leaf import Leaf, Run, truth_of
from flambeau.optim.scalars import where
from flambeau.tensor.tensor import Tensor


def zero_updates(leaves: list[Leaf]) -> None:
    """Zeros in place of the updates, whatever they are."""
    for leaf in leaves:
        leaf.set(zeros_like(leaf.update))


def keep_updates(leaves: list[Leaf]) -> None:
    """The updates as they are."""


def conditionally(
    condition: Any,
    leaves: list[Leaf],
    run: Run,
    key: str,
    action: Callable[[], None],
    otherwise: Callable[[list[Leaf]], None] = keep_updates,
) -> None:
    """Do something under a condition; otherwise something else to the updates as they are.

    While a step is recorded the condition is not known: both are done, and values selected. A
    value that is not selected may be anything, also nan.

    Args:
        condition: a truth value or a 0-d tensor of one.
        leaves, run: what is worked on.
        key: the transformation whose state, with that of those inside it, ``action`` may change.
        action: changes leaves and state.
        otherwise: changes updates only; leaves them as they are if not given.
    """
    known = truth_of(condition)
    if known is True:
        action()
        return
    if known is False:
        otherwise(leaves)
        return
    before = _snapshot(leaves, run, key)
    updates = [leaf.value() for leaf in leaves]
    _restore(_copied(before), leaves, run, key)
    action()
    after, done = _snapshot(leaves, run, key), [leaf.value() for leaf in leaves]
    for leaf, update in zip(leaves, updates, strict=True):
        leaf.set(update)
    otherwise(leaves)
    for leaf, update in zip(leaves, done, strict=True):
        leaf.set(where(known, update, leaf.value()).to(update.dtype))
    _restore(_selected(known, after, before), leaves, run, key)


def _inside(key: str, name: str) -> bool:
    return name == key or name.startswith(key + ".")


def _snapshot(leaves: list[Leaf], run: Run, key: str) -> Any:
    """The state of a transformation and of those inside it: dicts of their own, shared tensors."""
    own = [{k: dict(v) for k, v in x.state.items() if _inside(key, k)} for x in leaves]
    return own, {k: dict(v) for k, v in run.shared.items() if _inside(key, k)}


def _restore(snapshot: Any, leaves: list[Leaf], run: Run, key: str) -> None:
    own, shared = snapshot
    for leaf, slots in zip(leaves, own, strict=True):
        leaf.state.update(slots)
    run.shared.update(shared)


def _copied(snapshot: Any) -> Any:
    return trees.map(lambda x: x.clone() if isinstance(x, Tensor) else x, snapshot)


def _selected(condition: Tensor, after: Any, before: Any) -> Any:
    def select(new: Any, old: Any) -> Any:
        if new is old or not isinstance(old, Tensor):
            return new
        return where(condition, new, old).to(old.dtype)

    return trees.map(select, after, before)
