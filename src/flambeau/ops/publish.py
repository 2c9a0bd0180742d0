"""From a record to what users see: the function, the method, the in-place variant.

``PUBLIC`` collects every public function of the operations by name, in-place functions (``exp_``)
and PyTorch's second names (``absolute``) included. :mod:`flambeau` exports all of them but those
in ``METHODS_ONLY``, which PyTorch has on tensors only.
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
METHODS_ONLY: set[str] = set()

# In-place variants are functions as well as methods where there is one operand, and methods only
# where there are more; PyTorch has it the other way round for these.
_OTHERWISE = frozenset(
    [
        "absolute",
        "bitwise_not",
        "digamma",
        "erfinv",
        "gcd",
        "lcm",
        "lgamma",
        "logical_not",
        "sgn",
        "sign",
        "xlogy",
    ]
)


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
    name = op.name
    takes = len(op.inputs)
    defaults = {"alpha": 1}
    takes_number = takes == 2 and op.params in ((), ("alpha",))
    usual = (1,) if op.params else ()

    def call(input: Tensor, *others: Any, **given: Any) -> Tensor:
        if takes_number and not given and len(others) == 1 and isinstance(input, Tensor):
            x = others[0]
            if x.__class__ is Tensor or x.__class__ is float or x.__class__ is int:
                chosen = op if choose is None else choose(input, x)
                return apply_inplace(chosen, input, others, usual)
        if "other" in given and takes == 2 and not others:
            others = (given.pop("other"),)
        if len(others) != takes - 1 or not isinstance(input, Tensor) or given.keys() - op.params:
            raise TypeError(
                message(
                    f"{name}_: wrong arguments",
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
        if (takes == 1) is (name in _OTHERWISE):
            METHODS_ONLY.add(name + "_")
    return call


def public(
    name: str | None = None,
    *,
    method: bool = False,
    function: bool = True,
    aliases: tuple[str, ...] = (),
) -> Callable[[Callable], Callable]:
    """Decorator: export a function that was written out, under its own or another name.

    Args:
        name: the exported name; the function's own if not given.
        method: also as a method of Tensor (its first argument is the tensor).
        function: whether :mod:`flambeau` has it; ``False`` for what is only a method.
        aliases: PyTorch's other names for it.
    """

    def register(written: Callable) -> Callable:
        for each in (name or written.__name__, *aliases):
            PUBLIC[each] = written
            if method:
                setattr(Tensor, each, written)
            if not function:
                METHODS_ONLY.add(each)
        return written

    return register
