"""Transformations that users write as functions of trees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.core import trees
from flambeau.optim.engine.combinators import External, as_transformation
from flambeau.optim.engine.transformation import Transformation


def GradientTransformation(init: Callable[..., Any], update: Callable[..., Any]) -> Transformation:
    """A transformation made of two functions of trees.

    Args:
        init: parameters to a state, any tree.
        update: ``(updates, state, params)`` to updates and a new state.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.optim import transform
        >>> halve = transform.GradientTransformation(
        ...     lambda params: (), lambda updates, state, params=None: (updates / 2, state))
        >>> rule = transform.chain(halve, transform.scale(-1.0))
        >>> rule.update(fb.ones(1), rule.init(fb.ones(1)))[0]
        tensor([-0.5000])
    """
    return External(init, update)


def GradientTransformationExtraArgs(
    init: Callable[..., Any], update: Callable[..., Any]
) -> Transformation:
    """A transformation made of two functions of trees; ``update`` takes extra arguments by name.

    Args:
        init: parameters to a state, any tree.
        update: ``(updates, state, params, **extra)`` to updates and a new state.
    """
    return External(init, update, extra=True)


def with_extra_args_support(tx: Any) -> Transformation:
    """A transformation that takes extra arguments of ``update``: all of this package do."""
    return as_transformation(tx)


def stateless(f: Callable[[Any, Any], Any]) -> Transformation:
    """A transformation without state.

    Args:
        f: ``(updates, params)`` to updates.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.stateless(lambda updates, params: -updates)
        >>> rule.update(fb.ones(1), rule.init(fb.ones(1)))[0]
        tensor([-1.])
    """
    return External(lambda params: (), lambda updates, state, params: (f(updates, params), state))


def stateless_with_tree_map(f: Callable[[Any, Any], Any]) -> Transformation:
    """A transformation without state, given for one parameter.

    Args:
        f: ``(update, parameter)`` to an update; the parameter is ``None`` if ``update`` is given
            none.

    Example:
        >>> import flambeau as fb
        >>> rule = fb.optim.transform.stateless_with_tree_map(lambda g, p: g.sign())
        >>> rule.update([fb.tensor([3., -2.])], rule.init([fb.ones(2)]))[0]
        [tensor([ 1., -1.])]
    """

    def update(updates: Any, state: Any, params: Any) -> Any:
        if params is None:
            return trees.map(lambda g: None if g is None else f(g, None), updates), state
        return trees.map(lambda g, p: None if g is None else f(g, p), updates, params), state

    return External(lambda params: (), update)
