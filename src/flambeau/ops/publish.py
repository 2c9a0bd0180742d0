"""From a record to what users see: the function, the method, the in-place variant.

``PUBLIC`` collects every name that :mod:`flambeau` exports from the operations, in-place
functions (``exp_``) and PyTorch's second names (``absolute``) included.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.tensor.dispatch import apply_inplace
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

PUBLIC: dict[str, Callable[..., Any]] = {}


def publish(
    function: Callable[..., Any],
    op: Operation,
    doc: str,
    *,
    method: bool = True,
    inplace: bool = True,
    aliases: tuple[str, ...] = (),
    choose: Callable[..., Operation] | None = None,
) -> Callable[..., Any]:
    """Name, document and export the function of an elementwise record.

    Args:
        function: takes the record's inputs and ``out=``.
        op: its record.
        doc: the docstring.
        method: also as ``Tensor.name``.
        inplace: also as ``name_``, function and method.
        aliases: other names for all of these.
        choose: the record for given operands, where there are several.
    """
    function.__name__ = function.__qualname__ = op.name
    function.__doc__ = doc
    function.__module__ = "flambeau"
    for name in (op.name, *aliases):
        PUBLIC[name] = function
        if method:
            setattr(Tensor, name, function)
    if inplace:
        publish_inplace(op, aliases=aliases, choose=choose)
    return function


def publish_inplace(
    op: Operation,
    aliases: tuple[str, ...] = (),
    choose: Callable[..., Operation] | None = None,
) -> Callable[..., Tensor]:
    """The in-place variant of an elementwise record: ``x.name_(*others)``."""
    takes = len(op.inputs)

    defaults = {"alpha": 1}

    def call(input: Tensor, *others: Any, **given: Any) -> Tensor:
        if "other" in given and takes == 2 and not others:
            others = (given.pop("other"),)
        if len(others) != takes - 1 or not isinstance(input, Tensor) or given.keys() - op.params:
            raise TypeError(
                message(
                    f"{op.name}_: wrong arguments",
                    expected=f"a tensor and {takes - 1} more operand(s)",
                    got=f"{1 + len(others)} argument(s), first {type(input).__name__}",
                )
            )
        params = tuple([given.pop(n, defaults.get(n)) for n in op.params])
        others = tuple([x.item() if isinstance(x, np.generic) else x for x in others])
        chosen = op if choose is None else choose(input, *others)
        return apply_inplace(chosen, input, others, params)

    call.__name__ = call.__qualname__ = op.name + "_"
    call.__module__ = "flambeau"
    call.__doc__ = f"In-place version of :func:`flambeau.{op.name}`; returns the tensor itself."
    for name in (op.name, *aliases):
        PUBLIC[name + "_"] = call
        setattr(Tensor, name + "_", call)
    return call


def public(
    name: str | None = None, *, method: bool = False, aliases: tuple[str, ...] = ()
) -> Callable[[Callable], Callable]:
    """Decorator: export a function that was written out, under its own or another name.

    Args:
        name: the exported name; the function's own if not given.
        method: also as a method of Tensor (its first argument is the tensor).
        aliases: PyTorch's other names for it.
    """

    def register(function: Callable) -> Callable:
        for each in (name or function.__name__, *aliases):
            PUBLIC[each] = function
            if method:
                setattr(Tensor, each, function)
        return function

    return register
