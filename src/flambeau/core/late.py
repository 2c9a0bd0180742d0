"""Packages whose names are imported when they are first asked for.

Importing flambeau may cost little more than importing NumPy, and a program uses a small part of
what there is. A package says in one table where its names live; the stubs that
``tools/write_stubs.py`` writes say it to editors and type checkers.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

# What a package needs for being late itself.
OWN = {"annotations", "late"}


class LateDict(dict[str, Any]):
    """A table some of whose entries are made when they are first asked for.

    Attributes:
        fill: makes the entry of a name if there is one to be made.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fill: Callable[[str], None] = lambda name: None

    def __missing__(self, name: str) -> Any:
        self.fill(name)
        if name in self:
            return self[name]
        raise KeyError(name)


def late(
    package: str, homes: Mapping[str, str], modules: str = ""
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a package.

    Args:
        package: its ``__name__``.
        homes: from a module to the names that it gives, separated by spaces. A module that begins
            with a dot lies in the package.
        modules: the package's own modules that are public, separated by spaces.

    Example:
        >>> getter, _ = late("flambeau.nn", {".linear": "Linear Bilinear"})
        >>> getter("Bilinear").__module__
        'flambeau.nn.linear'
    """
    home = {name: module for module, names in homes.items() for name in names.split()}
    home |= dict.fromkeys(modules.split(), "")

    def __getattr__(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        if not home[name]:
            return import_module(f"{package}.{name}")
        value = getattr(import_module(home[name], package), name)
        setattr(sys.modules[package], name, value)
        return value

    def __dir__() -> list[str]:
        there = vars(sys.modules[package]).items()
        # Submodules are bound to their package by whoever imports them first.
        given = {name for name, value in there if not isinstance(value, ModuleType)}
        return sorted(name for name in given.union(home) if name[0] != "_" and name not in OWN)

    return __getattr__, __dir__
