"""Modules that hold modules: in a row, in a list, in a dictionary."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, TypeVar

from flambeau.core.errors import message
from flambeau.nn.members import MODULES
from flambeau.nn.module import Module
from flambeau.nn.module_text import enclose, indent

Self = TypeVar("Self", bound=Module)


class Numbered(Module):
    """What modules have in common whose submodules are numbered."""

    def _name_at(self, index: Any) -> str:
        """The name of the submodule at a position, which may count from the end."""
        count, position = len(self), operator.index(index)
        if not -count <= position < count:
            raise IndexError(
                message(
                    f"{type(self).__name__}: index out of range",
                    expected=f"an index from {-count} to {count - 1}",
                    got=str(position),
                )
            )
        return list(self.__dict__[MODULES])[position]

    def _renumber(self, modules: Iterable[Any]) -> None:
        self._modules = {str(i): module for i, module in enumerate(modules)}

    def __len__(self) -> int:
        return len(self.__dict__[MODULES])

    def __iter__(self) -> Iterator[Any]:
        values = self.__dict__
        return iter([values[name] for name in values[MODULES]])

    def __setitem__(self, index: Any, module: Module) -> None:
        setattr(self, self._name_at(index), module)

    def __delitem__(self, index: Any) -> None:
        modules = list(self)
        if isinstance(index, slice):
            del modules[index]
        else:
            self._name_at(index)
            del modules[operator.index(index)]
        self._renumber(modules)

    def pop(self, index: Any) -> Any:
        """Take out the module at a position and return it."""
        module = self[index]  # type: ignore[index]
        del self[index]
        return module

    def append(self: Self, module: Module) -> Self:
        """Add a module at the end; returns the container.

        Args:
            module: a module.
        """
        self.add_module(str(len(self)), module)  # type: ignore[arg-type]
        return self

    def _check_module(self, function: str, module: Any, error: type[Exception]) -> None:
        if not isinstance(module, Module):
            raise error(
                message(
                    f"{type(self).__name__}.{function}: not a module",
                    expected="a flambeau.nn.Module",
                    got=type(module).__name__,
                )
            )


class Sequential(Numbered):
    """Modules called one after the other, each on the result of the one before.

    Args:
        args: modules, which are numbered; or one ``OrderedDict`` from names to modules.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.Sequential(fb.nn.Linear(2, 3), fb.nn.ReLU())
        Sequential(
          (0): Linear(in_features=2, out_features=3, bias=True)
          (1): ReLU()
        )
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        named = len(args) == 1 and isinstance(args[0], OrderedDict)
        for name, module in args[0].items() if named else enumerate(args):
            self.add_module(str(name), module)

    def forward(self, input: Any) -> Any:
        """The result of the last module."""
        values = self.__dict__
        for name in values[MODULES]:
            input = values[name](input)
        return input

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(OrderedDict(list(self._modules.items())[index]))
        return self.__dict__[self._name_at(index)]

    def __delitem__(self, index: Any) -> None:
        if isinstance(index, slice):
            names = list(self.__dict__[MODULES])[index]
        else:
            names = [self._name_at(index)]
        for name in names:
            delattr(self, name)
        self._renumber(list(self))

    def __add__(self, other: Any) -> Sequential:
        self._check_sequential("+", other)
        return Sequential(*self, *other)

    def __iadd__(self: Self, other: Any) -> Self:
        self._check_sequential("+=", other)  # type: ignore[attr-defined]
        for module in list(other):
            self.append(module)  # type: ignore[attr-defined]
        return self

    def __mul__(self, other: int) -> Sequential:
        self._check_times(other)
        return Sequential(*list(self) * other)

    def __rmul__(self, other: int) -> Sequential:
        return self * other

    def __imul__(self: Self, other: int) -> Self:
        self._check_times(other)  # type: ignore[attr-defined]
        for module in list(self) * (other - 1):  # type: ignore[call-overload]
            self.append(module)  # type: ignore[attr-defined]
        return self

    def insert(self: Self, index: int, module: Module) -> Self:
        """Put a module before the one at a position; returns the container.

        Args:
            index: from ``-len`` to ``len``.
            module: a module.

        Raises:
            AssertionError: if it is not a module.
            IndexError: if the position is out of range.
        """
        self._check_module("insert", module, AssertionError)  # type: ignore[attr-defined]
        modules = list(self)  # type: ignore[call-overload]
        if not -len(modules) <= index <= len(modules):
            raise IndexError(
                message(
                    "Sequential.insert: index out of range",
                    expected=f"an index from {-len(modules)} to {len(modules)}",
                    got=str(index),
                )
            )
        modules.insert(index, module)
        self._renumber(modules)  # type: ignore[attr-defined]
        return self

    def extend(self: Self, sequential: Iterable[Any]) -> Self:
        """Add several modules at the end; returns the container.

        Args:
            sequential: modules.
        """
        for module in list(sequential):
            self.append(module)  # type: ignore[attr-defined]
        return self

    def _check_sequential(self, function: str, other: Any) -> None:
        if not isinstance(other, Sequential):
            raise ValueError(
                message(
                    f"Sequential {function}: the other operand is not a Sequential",
                    expected="a Sequential",
                    got=type(other).__name__,
                    help="use append() or extend()",
                )
            )

    def _check_times(self, other: Any) -> None:
        if not isinstance(other, int):
            raise TypeError(
                message("Sequential *: not a number", expected="an int", got=type(other).__name__)
            )
        if other <= 0:
            raise ValueError(
                message("Sequential *: not a positive number", expected=">= 1", got=str(other))
            )


class ModuleList(Numbered):
    """A list of modules; it is not called itself.

    Args:
        modules: modules.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.ModuleList([fb.nn.Tanh() for _ in range(3)])
        ModuleList(
          (0-2): 3 x Tanh()
        )
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self += modules

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return self.__dict__[self._name_at(index)]

    def __add__(self, other: Iterable[Any]) -> ModuleList:
        return ModuleList([*self, *other])

    def __iadd__(self: Self, modules: Iterable[Any]) -> Self:
        return self.extend(modules)  # type: ignore[attr-defined]

    def insert(self, index: int, module: Module) -> None:
        """Put a module before the one at a position.

        Args:
            index: a position, as for Python's lists.
            module: a module.
        """
        self._check_module("insert", module, TypeError)
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)

    def extend(self: Self, modules: Iterable[Any]) -> Self:
        """Add several modules at the end; returns the container.

        Args:
            modules: modules.

        Raises:
            TypeError: if it cannot be iterated over.
        """
        if not isinstance(modules, Iterable):
            raise TypeError(
                message(
                    "ModuleList.extend: not a collection of modules",
                    expected="an iterable",
                    got=type(modules).__name__,
                )
            )
        for module in list(modules):
            self.append(module)  # type: ignore[attr-defined]
        return self

    def __repr__(self) -> str:
        lines, start = [], 0
        for text, equal in groupby(map(repr, self)):
            count = len(list(equal))
            if count == 1:
                lines.append(f"({start}): {indent(text)}")
            else:
                lines.append(f"({start}-{start + count - 1}): {count} x {indent(text)}")
            start += count
        return enclose(self._get_name(), lines)


class ModuleDict(Module):
    """A dictionary of modules, in the order of insertion; it is not called itself.

    Args:
        modules: a mapping, or pairs, from names to modules.

    Example:
        >>> import flambeau as fb
        >>> layers = fb.nn.ModuleDict({"first": fb.nn.Linear(2, 2)})
        >>> layers["second"] = fb.nn.ReLU()
        >>> list(layers)
        ['first', 'second']
    """

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self.__dict__[MODULES])

    def __iter__(self) -> Iterator[str]:
        return iter(list(self.__dict__[MODULES]))

    def __contains__(self, key: object) -> bool:
        return key in self.__dict__[MODULES]

    def clear(self) -> None:
        """Take out all modules."""
        self._modules.clear()

    def pop(self, key: str) -> Any:
        """Take out a module and return it.

        Args:
            key: its name.
        """
        return self._modules.pop(key)

    def keys(self) -> Any:
        """The names."""
        return self._modules.copy().keys()

    def items(self) -> Any:
        """Names and modules."""
        return self._modules.copy().items()

    def values(self) -> Any:
        """The modules."""
        return self._modules.copy().values()

    def update(self, modules: Any) -> None:
        """Add modules, replacing those of the same name.

        Args:
            modules: a mapping, or pairs, from names to modules.

        Raises:
            TypeError: if it is neither.
            ValueError: if something in it is not a pair.
        """
        for key, module in pairs("ModuleDict.update", modules):
            self[key] = module


def pairs(name: str, given: Any) -> list[tuple[str, Any]]:
    """The items of a mapping, or of an iterable of pairs.

    Raises:
        TypeError: if it is neither.
        ValueError: if something in it is not a pair.
    """
    if not isinstance(given, Iterable):
        raise TypeError(
            message(
                f"{name}: neither a mapping nor pairs",
                expected="a mapping, or an iterable of (name, value)",
                got=type(given).__name__,
            )
        )
    if isinstance(given, Mapping) or hasattr(given, "items"):
        return list(given.items())  # type: ignore[attr-defined]
    found = []
    for position, item in enumerate(given):
        if not isinstance(item, Iterable):
            raise TypeError(
                message(
                    f"{name}: element {position} is not a pair",
                    expected="(name, value)",
                    got=type(item).__name__,
                )
            )
        pair = tuple(item)
        if len(pair) != 2:
            raise ValueError(
                message(
                    f"{name}: element {position} is not a pair",
                    expected="2 values",
                    got=f"{len(pair)} values",
                )
            )
        found.append(pair)
    return found
