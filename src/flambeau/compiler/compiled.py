"""``flambeau.compile``: a function that is recorded once and then runs as one program."""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Callable
from typing import Any

from flambeau.compiler.record.trace import Trace
from flambeau.compiler.specialisation import Specialisation
from flambeau.core import trees
from flambeau.core.errors import message
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.tensor import Tensor

LIMIT = 16


class Compiled:
    """A function and the programs that were recorded of it.

    Args:
        function: the user's function.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.specialisations: dict[Any, list[Specialisation]] = {}
        self.reasons: list[str] = []
        self.warned = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if MODE.code & INTERPRETED or os.environ.get("FLAMBEAU_COMPILE") == "0":
            return self.function(*args, **kwargs)
        leaves, structure = trees.flatten((args, kwargs))
        key = (structure, MODE.code, *[_kind(x, leaves) for x in leaves])
        reason = "new kinds of arguments"
        for found in reversed(self.specialisations.get(key, ())):
            reason = found.reason_against(leaves)
            if reason is None:
                return found.run(leaves)
        return self._specialise(key, structure, leaves, reason).run(leaves)

    def _specialise(self, key: Any, structure: Any, leaves: list[Any], reason: Any) -> Any:
        def call(stand_ins: list[Any]) -> Any:
            args, kwargs = trees.unflatten(structure, stand_ins)
            return self.function(*args, **kwargs)

        made = Specialisation(Trace(self.function, leaves, call))
        if made.once:
            return made
        self.specialisations.setdefault(key, []).append(made)
        self.reasons.append(reason)
        if len(self.reasons) > LIMIT and not self.warned:
            self.warned = True
            warnings.warn(
                message(
                    f"compile: {self.function.__name__} was recorded {len(self.reasons)} times",
                    expected="a few kinds of arguments",
                    got=f"most recently because of {reason}",
                    help="pass changing numbers as arguments, and tensors of few shapes",
                ),
                stacklevel=3,
            )
        return made


def _kind(x: Any, leaves: list[Any]) -> Any:
    """What of an argument is part of the program."""
    if isinstance(x, Tensor):
        array = x._array
        first = next(i for i, y in enumerate(leaves) if y is x)
        return array.shape, array.strides, array.dtype, x.requires_grad, type(x), first
    if type(x) in (int, float):
        return type(x)
    try:
        hash(x)
    except TypeError:
        return id(x)
    return type(x), x


def compile(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Record ``function`` and run it as one program.

    Args:
        function: a function of tensors, numbers and nested containers of them.
    """
    return Compiled(function) if function is not None else Compiled
