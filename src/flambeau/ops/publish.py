"""From a record to what users see: the function, the method, the in-place variant.

``PUBLIC`` collects every public function of the operations by name, in-place functions (``exp_``)
and PyTorch's second names (``absolute``) included. :mod:`flambeau` exports all of them but those
in ``METHODS_ONLY``, which PyTorch has on tensors only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flambeau.core.late import LateDict
from flambeau.ops.older_forms import factors_first
from flambeau.ops.operands import as_operand, check_alpha, not_a_tensor
from flambeau.tensor.dispatch import apply_inplace
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

Function = TypeVar("Function", bound=Callable[..., Any])

PUBLIC: dict[str, Callable[..., Any]] = LateDict()
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
    second: str = "other",
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
        second: PyTorch's name for the second operand.
    """
    name_second(function, second)
    function.__name__ = function.__qualname__ = op.name
    function.__doc__ = doc
    function.__module__ = "flambeau"
    for name in (op.name, *aliases):
        PUBLIC[name] = function
        if method:
            setattr(Tensor, name, function)
    if inplace:
        publish_inplace(op, aliases=aliases, choose=choose, second=second)
    return function


def publish_inplace(
    op: Operation,
    aliases: tuple[str, ...] = (),
    choose: Callable[..., Operation] | None = None,
    second: str = "other",
) -> None:
    """The in-place variant of an elementwise record of one or two operands: ``x.name_(other)``."""
    name = op.name + "_"
    call = _changing_one(op, name) if len(op.inputs) == 1 else _changing_first(op, name, choose)
    name_second(call, second)
    call.__name__ = call.__qualname__ = name
    call.__module__ = "flambeau"
    call.__doc__ = f"In-place version of :func:`flambeau.{op.name}`; returns the tensor itself."
    for each in (op.name, *aliases):
        PUBLIC[each + "_"] = call
        setattr(Tensor, each + "_", call)
        if (len(op.inputs) == 1) is (each in _OTHERWISE):
            METHODS_ONLY.add(each + "_")


def _changing_one(op: Operation, name: str) -> Callable[..., Tensor]:
    def call(input: Tensor) -> Tensor:
        if not isinstance(input, Tensor):
            raise not_a_tensor(name, input)
        return apply_inplace(op, input, ())

    return call


def _changing_first(
    op: Operation, name: str, choose: Callable[..., Operation] | None
) -> Callable[..., Tensor]:
    def call(input: Tensor, other: Any) -> Tensor:
        given = other.__class__
        if not (given is Tensor or given is float or given is int):
            other = as_operand(name, other)
        if not isinstance(input, Tensor):
            raise not_a_tensor(name, input)
        chosen = op if choose is None else choose(input, other)
        return apply_inplace(chosen, input, (other,), usual)

    def call_with_alpha(input: Tensor, other: Any, *older: Any, alpha: Any = 1) -> Tensor:
        if older:
            input, other, alpha = factors_first(name, (input, other, *older), 2, 1)
        if alpha.__class__ is int and alpha == 1:
            return call(input, other)
        if not isinstance(input, Tensor):
            raise not_a_tensor(name, input)
        other = as_operand(name, other)
        check_alpha(name, (input, other), alpha)
        chosen = op if choose is None else choose(input, other)
        return apply_inplace(chosen, input, (other,), (alpha,))

    usual = (1,) if op.params else ()
    return call_with_alpha if op.params else call


def name_second(function: Callable[..., Any], second: str) -> None:
    """Give the second operand of a function made for ``input`` and ``other`` another name."""
    if second != "other":
        code = function.__code__  # the names of local variables are only looked up by callers
        names = [second if name == "other" else name for name in code.co_varnames]
        function.__code__ = code.replace(co_varnames=tuple(names))


def public(
    name: str | None = None,
    *,
    method: bool = False,
    function: bool = True,
    aliases: tuple[str, ...] = (),
) -> Callable[[Function], Function]:
    """Decorator: export a function that was written out, under its own or another name.

    Args:
        name: the exported name; the function's own if not given.
        method: also as a method of Tensor (its first argument is the tensor).
        function: whether :mod:`flambeau` has it; ``False`` for what is only a method.
        aliases: PyTorch's other names for it.
    """

    def register(written: Function) -> Function:
        for each in (name or written.__name__, *aliases):
            PUBLIC[each] = written
            if method:
                setattr(Tensor, each, written)
            if not function:
                METHODS_ONLY.add(each)
        return written

    return register
