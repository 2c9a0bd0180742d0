"""Choosing one of several functions by a tensor's value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flambeau.core import trees
from flambeau.core.errors import message
from flambeau.func.control.recorded_cond import recorded_cond
from flambeau.func.control.regions import below_regions
from flambeau.func.control.values import decided, is_recording, truth
from flambeau.tensor.construction import tensor
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor


def cond(
    pred: Any, true_fun: Callable[..., Any], false_fun: Callable[..., Any], *operands: Any
) -> Any:
    """``true_fun(*operands)`` if ``pred`` is true, else ``false_fun(*operands)``.

    In a function that :func:`flambeau.compile` compiles, both are recorded and one runs. Where
    the truth differs between examples (in :func:`vmap`), both are computed and the results are
    selected.

    Args:
        pred: a truth value, or a tensor with one element.
        true_fun, false_fun: return trees of tensors of one structure, with equal shapes and types.
        operands: what they are given.

    Raises:
        TypeError: if the results differ in structure, where both are computed.
        RuntimeError: if they differ in shape or type, in a compiled function.

    Example:
        >>> import flambeau as fb
        >>> size = lambda x: fb.func.cond(x > 0, lambda x: x, lambda x: -x, x)
        >>> fb.vmap(size)(fb.tensor([-2., 3.]))
        tensor([2., 3.])
    """
    known = decided(pred)
    if known is not None:
        return true_fun(*operands) if known else false_fun(*operands)
    if is_recording() and hasattr(below_regions(), "cond"):
        return recorded_cond(pred, true_fun, false_fun, operands)
    return selected("cond", pred, true_fun(*operands), false_fun(*operands))


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """``branches[index](*operands)``; an index out of range means the nearest branch.

    Args:
        index: an integer, or an integer tensor with one element.
        branches: functions as for :func:`cond`.
        operands: what they are given.

    Raises:
        ValueError: if there are no branches.

    Example:
        >>> import flambeau as fb
        >>> fb.func.switch(1, [fb.sin, fb.cos], fb.tensor(0.))
        tensor(1.)
    """
    if not branches:
        raise ValueError(
            message("switch: no branches", expected="at least one function", got="an empty list")
        )
    chosen = branches[-1]
    for position in range(len(branches) - 2, -1, -1):
        chosen = _either(index, position, branches[position], chosen)
    return chosen(*operands)


def _either(
    index: Any, position: int, branch: Callable[..., Any], rest: Callable[..., Any]
) -> Callable[..., Any]:
    return lambda *operands: cond(index <= position, branch, rest, *operands)


def selected(name: str, pred: Tensor, first: Any, second: Any) -> Any:
    """Leaf by leaf, the first tree's where ``pred`` is true."""
    xs, form = trees.flatten(first)
    ys, shape = trees.flatten(second)
    if form != shape:
        raise TypeError(
            message(
                f"{name}: the branches return different structures",
                expected=repr(form),
                got=repr(shape),
            )
        )
    return trees.unflatten(form, [_where(pred, x, y) for x, y in zip(xs, ys, strict=True)])


def _where(pred: Tensor, x: Any, y: Any) -> Tensor:
    x, y = (v if isinstance(v, Tensor) else tensor(v) for v in (x, y))
    return apply(REGISTRY["where"], (truth(pred), x, y))
