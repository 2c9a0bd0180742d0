"""Maker of activation modules: one call says all that is known about one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from flambeau.nn.module import Module


def activation(
    name: str,
    function: Callable[..., Any],
    signature: str = "",
    *,
    shown: str = "",
    shows_inplace: bool = True,
    base: type[Module] = Module,
    doc: str,
) -> type[Module]:
    """Define the module of a function: it keeps arguments and hands them on.

    Args:
        name: the module's.
        function: takes the input and the module's arguments, in order.
        signature: the module's arguments as they stand in a definition.
        shown: what is printed, a format over the arguments.
        shows_inplace: whether ``inplace`` is added to that where it is set.
        base: the class to derive from.
        doc: the docstring.
    """
    names = [part.split(":")[0].strip() for part in signature.split(",") if part.strip()]
    environment: dict[str, Any] = {"function": function, "Module": Module}
    # Written as source, so that the constructor has a true signature and a call costs one call.
    source = compile(_source(signature, names), "<activation>", "exec", dont_inherit=True)
    exec(source, environment)
    members = {
        "__doc__": doc,
        "__module__": sys._getframe(1).f_globals["__name__"],  # where it is found by pickle
        "__init__": environment["__init__"],
        "forward": environment["forward"],
        "extra_repr": _text(shown, shows_inplace and "inplace" in names),
    }
    for method in ("__init__", "forward", "extra_repr"):
        members[method].__qualname__ = f"{name}.{method}"
    return type(name, (base,), members)


def _source(signature: str, names: list[str]) -> str:
    lines = [f"def __init__(self, {signature}) -> None:", "    Module.__init__(self)"]
    lines += [f"    self.{name} = {name}" for name in names]
    arguments = "".join(f", self.{name}" for name in names)
    lines += ["def forward(self, input):", '    """The activation of the input."""']
    lines += [f"    return function(input{arguments})"]
    return "\n".join(lines)


def _text(shown: str, inplace: bool) -> Callable[[Any], str]:
    def extra_repr(self: Any) -> str:
        values = self.__dict__
        parts = [shown.format(**values)] if shown else []
        if inplace and values["inplace"]:
            parts.append("inplace=True")
        return ", ".join(parts)

    return extra_repr
