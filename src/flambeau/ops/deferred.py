"""Families of operations that are loaded when something of theirs is first asked for.

That is one of their functions (:func:`flambeau.ctc_loss`), methods, or records. What each family
has, ``families.py`` says, which ``tools/write_stubs.py`` writes.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from flambeau.ops.families import FUNCTIONS, METHODS, METHODS_ONLY, RECORDS
from flambeau.ops.publish import PUBLIC
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor


def by_name(table: dict[str, str]) -> dict[str, str]:
    """From a name to its family, where the table has the names of each family."""
    return {name: family for family, names in table.items() for name in names.split()}


FAMILY_OF_FUNCTION = by_name(FUNCTIONS)
FAMILY_OF_RECORD = by_name(RECORDS)

# What flambeau itself exports of them.
PACKAGE_FUNCTIONS = set(FAMILY_OF_FUNCTION) - set(by_name(METHODS_ONLY))


def load(family: str) -> None:
    """Load one family: its records, functions and methods are in their tables afterwards."""
    import_module(f"flambeau.ops.{family}")


def load_all() -> None:
    """Load every family, for what goes over all operations there are."""
    for family in {*FUNCTIONS, *METHODS, *RECORDS}:
        load(family)


class DeferredMethod:
    """Stands on Tensor for a method or property of a family that is not loaded yet."""

    __slots__ = ("family", "name")

    def __init__(self, name: str, family: str) -> None:
        self.name, self.family = name, family

    def loaded(self) -> None:
        """Load the family, which puts the member itself in this one's place."""
        load(self.family)
        if vars(Tensor).get(self.name) is self:
            raise AttributeError(f"flambeau.ops.{self.family} has no method {self.name!r}")

    def __get__(self, tensor: Tensor | None, owner: type) -> Any:
        self.loaded()
        return getattr(owner if tensor is None else tensor, self.name)

    def __set__(self, tensor: Tensor, value: Any) -> None:
        self.loaded()
        setattr(tensor, self.name, value)


def install() -> None:
    """Make the tables and Tensor load families."""

    def fill_function(name: str) -> None:
        if name in FAMILY_OF_FUNCTION:
            load(FAMILY_OF_FUNCTION[name])

    def fill_record(name: str) -> None:
        if name in FAMILY_OF_RECORD:
            load(FAMILY_OF_RECORD[name])

    PUBLIC.fill = fill_function
    REGISTRY.fill = fill_record
    for name, family in by_name(METHODS).items():
        if name not in vars(Tensor):
            setattr(Tensor, name, DeferredMethod(name, family))
