"""``while_loop`` and ``fori_loop``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flambeau.core import dtypes, trees
from flambeau.core.errors import message
from flambeau.func.arguments import name_of
from flambeau.func.control.branches import selected
from flambeau.func.control.recorded_while import recorded_while
from flambeau.func.control.scan import scan
from flambeau.func.control.unfinished import fed
from flambeau.func.control.values import decided, is_recording, known_values, truth
from flambeau.tensor.construction import tensor
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor


def while_loop(
    cond_fun: Callable[[Any], Any], body_fun: Callable[[Any], Any], init_val: Any
) -> Any:
    """Apply ``body_fun`` as long as ``cond_fun`` is true.

    Args:
        cond_fun: says of a value whether to go on.
        body_fun: takes a value and returns the next, of the same structure.
        init_val: a tree of tensors and numbers.

    In a function that :func:`flambeau.compile` compiles, both functions are recorded once and the
    loop is one native call. It can be inside :func:`jvp` and :func:`vmap` there; a backward pass
    would need what every step began with, and nobody knows how many steps there are.

    In :func:`vmap` the loop lasts until all examples are done; those that are keep their value.

    Raises:
        TypeError: if the value changes its structure.
        RuntimeError: where a compiled loop is differentiated backward.

    Differs from JAX: eager loops can be differentiated in both modes.

    Example:
        >>> import flambeau as fb
        >>> fb.func.while_loop(lambda x: x < 100, lambda x: x * 3, fb.tensor(1.))
        tensor(243.)
    """
    value = trees.map(lambda x: x if isinstance(x, Tensor) else tensor(x), init_val)
    form = trees.structure(value)
    while True:
        goes_on = cond_fun(value)
        known = decided(goes_on)
        if known is False:
            return value
        if known is None:
            if is_recording():
                return recorded_while(cond_fun, body_fun, value, goes_on)
            return _batched_loop(cond_fun, body_fun, value)
        value = body_fun(value)
        _check(body_fun, form, value)


def _check(body_fun: Callable[..., Any], form: Any, value: Any) -> None:
    if trees.structure(value) != form:
        raise TypeError(
            message(
                f"while_loop: {name_of(body_fun)} changes the structure of the value",
                expected=repr(form),
                got=repr(trees.structure(value)),
            )
        )


def _batched_loop(cond_fun: Callable[..., Any], body_fun: Callable[..., Any], value: Any) -> Any:
    """Until every example is done; those that are keep their value."""
    while True:
        goes_on = cond_fun(value)
        values: Any = known_values(goes_on)[0]
        if not values.any():
            return value
        given = trees.map(partial(fed, truth(goes_on)), value)
        value = selected("while_loop", goes_on, body_fun(given), value)


def fori_loop(lower: Any, upper: Any, body_fun: Callable[[Any, Any], Any], init_val: Any) -> Any:
    """Apply ``body_fun(i, value)`` for every ``i`` from ``lower`` to ``upper - 1``.

    Args:
        lower, upper: integers.
        body_fun: takes the number of the step, a 0-d int64 tensor, and a value; returns the next
            value, of the same structure, shapes and types.
        init_val: a tree of tensors and numbers.

    Raises:
        TypeError: if the value changes its structure.

    Example:
        >>> import flambeau as fb
        >>> fb.func.fori_loop(1, 5, lambda i, product: product * i, fb.tensor(1))
        tensor(24)
    """
    first, end = int(lower), max(int(lower), int(upper))
    steps = apply(REGISTRY["arange"], (), (first, end, 1, dtypes.int64.numpy))
    return scan(lambda value, i: (body_fun(i, value), None), init_val, steps)[0]
