"""Numbers given once for all dimensions, or one for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flambeau.core.errors import message


def integers(name: str, what: str, value: Any, count: int) -> tuple[int, ...]:
    """``3``, ``(3,)`` and ``(3, 3)`` alike, as one integer for each of ``count`` dimensions.

    Args:
        name: the operation, for errors.
        what: the argument's name, for errors.
        value: an integer or a sequence of them.
        count: how many dimensions there are.

    Raises:
        TypeError: if it holds something else than integers.
        RuntimeError: if there are too few or too many.
    """
    if value.__class__ is int:
        return (value,) * count
    given = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    try:
        found = tuple([v if v.__class__ is int else _index(v) for v in given])
    except TypeError:
        raise TypeError(
            message(
                f"{name}: {what} is not an integer",
                expected=f"an integer, or {count} of them",
                got=repr(value),
            )
        ) from None
    if len(found) == 1:
        return found * count
    if len(found) != count:
        raise RuntimeError(
            message(
                f"{name}: {what} does not fit the dimensions",
                expected=f"one integer, or {count} of them",
                got=f"{what}={found}",
            )
        )
    return found


def _index(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    try:
        return value.__index__()
    except AttributeError:
        raise TypeError from None


def repeater(n: int) -> Callable[[Any], tuple[Any, ...]]:
    """A function that makes one value a tuple of ``n``, and leaves several as they are."""

    def repeated(x: Any) -> tuple[Any, ...]:
        return tuple(x) if isinstance(x, Iterable) else (x,) * n

    return repeated
