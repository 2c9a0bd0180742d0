"""Which arguments a transformation differentiates with respect to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.core import trees
from flambeau.core.errors import message
from flambeau.tensor.tensor import Tensor

ArgNums = int | tuple[int, ...]


def positions(name: str, argnums: Any, count: int) -> tuple[int, ...]:
    """``argnums`` as positions from the left.

    Raises:
        TypeError: if it is no integer and no tuple of integers.
        RuntimeError: if there is no such argument.
    """
    given = argnums if isinstance(argnums, tuple) else (argnums,)
    if not given or not all(isinstance(n, int) and not isinstance(n, bool) for n in given):
        raise TypeError(
            message(
                f"{name}: argnums is no position",
                expected="an integer or a tuple of integers",
                got=repr(argnums),
            )
        )
    if any(not -count <= n < count for n in given):
        raise RuntimeError(
            message(
                f"{name}: argnums names an argument that was not given",
                expected=f"positions from {-count} to {count - 1}" if count else "an argument",
                got=f"argnums={argnums!r} and {count} positional arguments",
            )
        )
    found = tuple(n % count for n in given)
    if len(set(found)) != len(found):
        raise RuntimeError(
            message(
                f"{name}: argnums names an argument twice",
                expected="different positions",
                got=repr(argnums),
            )
        )
    return found


def chosen(name: str, argnums: Any, args: tuple[Any, ...]) -> Any:
    """The arguments that are differentiated: one, or a tuple of them as ``argnums`` is."""
    found = positions(name, argnums, len(args))
    return tuple(args[i] for i in found) if isinstance(argnums, tuple) else args[found[0]]


def replaced(name: str, argnums: Any, args: tuple[Any, ...], values: Any) -> tuple[Any, ...]:
    """All arguments, with others in place of those that are differentiated."""
    result = list(args)
    found = positions(name, argnums, len(args))
    for position, value in zip(found, values if isinstance(argnums, tuple) else (values,)):
        result[position] = value
    return tuple(result)


def with_aux(name: str, result: Any, has_aux: bool) -> tuple[Any, Any]:
    """What a function returned, as the result proper and the rest.

    Raises:
        RuntimeError: if ``has_aux`` promises a pair and there is none.
    """
    if not has_aux:
        return result, None
    if not isinstance(result, tuple) or len(result) != 2:
        raise RuntimeError(
            message(
                f"{name}: has_aux=True and the function returned no pair",
                expected="(result, aux)",
                got=type(result).__name__
                if not isinstance(result, tuple)
                else f"a tuple of {len(result)}",
            )
        )
    return result


def check_tensors(name: str, what: str, tree: Any) -> list[Tensor]:
    """The leaves of a tree that must hold nothing but tensors.

    Raises:
        RuntimeError: if it holds anything else.
    """
    found = trees.leaves(tree)
    for leaf in found:
        if not isinstance(leaf, Tensor):
            raise RuntimeError(
                message(
                    f"{name}: {what} must be a tensor or a tree of tensors",
                    expected="tensors",
                    got=type(leaf).__name__,
                )
            )
    return found


def name_of(function: Callable[..., Any]) -> str:
    """What a function is called in errors."""
    return getattr(function, "__name__", type(function).__name__)
