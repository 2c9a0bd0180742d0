"""Trees of parameters, changed by trees of updates."""

from __future__ import annotations

from typing import Any

from flambeau.core import trees
from flambeau.core.errors import message
from flambeau.optim.scalars import where
from flambeau.tensor.modes import GRAD, MODE, set_grad
from flambeau.tensor.tensor import Tensor


def apply_updates(params: Any, updates: Any) -> Any:
    r"""Parameters with their updates added.

    .. math:: θ + u, \text{ in the type of } θ

    Args:
        params: a tree of tensors.
        updates: a tree like it; ``None`` for parameters that stay.

    Returns:
        New tensors that require a gradient where the parameters do. They have a graph only if an
        update has one.

    Raises:
        ValueError: if the trees do not fit.

    Example:
        >>> import flambeau as fb
        >>> params = {"w": fb.ones(2, requires_grad=True), "b": None}
        >>> fb.optim.transform.apply_updates(params, {"w": fb.ones(2), "b": None})
        {'w': tensor([2., 2.], requires_grad=True), 'b': None}
    """
    given, structure = trees.flatten(params)
    steps, other = trees.flatten(updates)
    if structure != other:
        raise ValueError(
            message(
                "apply_updates: updates and parameters are different trees",
                expected=repr(structure),
                got=repr(other),
            )
        )
    tracked = MODE.code & GRAD and any(u is not None and u.requires_grad for u in steps)
    before = set_grad(bool(tracked))
    try:
        found = [p if u is None or p is None else _added(p, u) for p, u in zip(given, steps)]
    finally:
        set_grad(before)
    if not tracked:
        for old, new in zip(given, found, strict=True):
            if new is not None and old is not new and old.requires_grad:
                new.requires_grad_()
    return trees.unflatten(structure, found)


def _added(p: Tensor, u: Tensor) -> Tensor:
    found = p + u
    return found if found.dtype is p.dtype else found.to(p.dtype)


def incremental_update(new_tensors: Any, old_tensors: Any, step_size: Any) -> Any:
    r"""One tree moved towards another: a running average of parameters.

    .. math:: s\, x_{new} + (1 - s)\, x_{old}

    Args:
        new_tensors, old_tensors: trees of tensors.
        step_size: :math:`s`, in [0, 1].

    Example:
        >>> import flambeau as fb
        >>> fb.optim.transform.incremental_update([fb.ones(1)], [fb.zeros(1)], 0.25)
        [tensor([0.2500])]

    Reference: Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
    """
    return trees.map(
        lambda x, y: None if x is None else x * step_size + y * (1 - step_size),
        new_tensors,
        old_tensors,
    )


def periodic_update(new_tensors: Any, old_tensors: Any, steps: Any, update_period: int) -> Any:
    """The new tree every few steps, and the old one otherwise.

    Args:
        new_tensors, old_tensors: trees of tensors.
        steps: the number of updates.
        update_period: how often the new one is taken.

    Example:
        >>> import flambeau as fb
        >>> fb.optim.transform.periodic_update([fb.ones(1)], [fb.zeros(1)], 4, 2)
        [tensor([1.])]
    """
    now = steps % update_period == 0
    return trees.map(lambda x, y: where(now, x, y), new_tensors, old_tensors)
