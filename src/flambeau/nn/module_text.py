"""How modules print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flambeau.nn.members import MODULES, members


def describe(module: Any) -> str:
    """The module's class, its own remarks, and its submodules, indented."""
    extra = module.extra_repr()
    remarks = extra.split("\n") if extra else []
    children = [f"({name}): {indent(repr(child))}" for name, child in members(module, MODULES)]
    name = module._get_name()
    if len(remarks) == 1 and not children:
        return f"{name}({remarks[0]})"
    return enclose(name, [*remarks, *children])


def enclose(name: str, lines: Sequence[str]) -> str:
    """``name(...)`` around lines of its own."""
    if not lines:
        return f"{name}()"
    return f"{name}(\n  " + "\n  ".join(lines) + "\n)"


def indent(text: str) -> str:
    """All lines but the first, two places to the right."""
    return text.replace("\n", "\n  ")
