"""``cond`` and ``while_loop`` with their operands in one tuple, as PyTorch has them at the top."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.func.control import cond as _cond
from flambeau.func.control import while_loop as _while_loop


def cond(
    pred: Any,
    true_fn: Callable[..., Any],
    false_fn: Callable[..., Any],
    operands: tuple[Any, ...] | list[Any] = (),
) -> Any:
    """``true_fn(*operands)`` if ``pred`` is true, else ``false_fn(*operands)``.

    See :func:`flambeau.func.cond`.

    Args:
        pred: a truth value, or a tensor with one element.
        true_fn, false_fn: return trees of tensors of one structure, with equal shapes and types.
        operands: a tuple of what they are given.

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor([1.0, -2.0])
        >>> fb.cond(x.sum() > 0, lambda x: x.cos(), lambda x: x.abs(), (x,))
        tensor([1., 2.])
    """
    return _cond(pred, true_fn, false_fn, *operands)


def while_loop(
    cond_fn: Callable[..., Any],
    body_fn: Callable[..., Any],
    carried_inputs: tuple[Any, ...] | list[Any],
) -> Any:
    """Apply ``body_fn`` to several values as long as ``cond_fn`` of them is true.

    See :func:`flambeau.func.while_loop`.

    Args:
        cond_fn: says of the values whether to go on.
        body_fn: takes the values and returns a tuple of the next.
        carried_inputs: a tuple of the first values.

    Example:
        >>> import flambeau as fb
        >>> start = fb.tensor(0), fb.tensor(1.0)
        >>> fb.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * 2), start)
        (tensor(3), tensor(8.))
    """
    return _while_loop(
        lambda values: cond_fn(*values),
        lambda values: tuple(body_fn(*values)),
        tuple(carried_inputs),
    )
