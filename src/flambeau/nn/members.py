"""How a module holds its parameters, buffers and submodules.

Each is an ordinary attribute in the module's ``__dict__``, so that reading ``self.weight`` costs
what any attribute costs; beside them lie three tables of names that say which attributes are
what, and in which order. ``_parameters``, ``_buffers`` and ``_modules`` are dictionaries over
both: whoever changes one changes the module, and nothing is stored twice.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

PARAMETERS = "_parameter_names"
BUFFERS = "_buffer_names"
MODULES = "_module_names"
TABLES = (PARAMETERS, BUFFERS, MODULES)


class Members(MutableMapping):
    """A module's members of one kind by name, in the order of their registration.

    Args:
        names: the table of names.
        values: the module's ``__dict__``.
    """

    __slots__ = ("_names", "_values")

    def __init__(self, names: dict[str, None], values: dict[str, Any]) -> None:
        self._names = names
        self._values = values

    def __getitem__(self, name: str) -> Any:
        if name in self._names:
            return self._values[name]
        raise KeyError(name)

    def __setitem__(self, name: str, value: Any) -> None:
        self._values[name] = value
        self._names[name] = None

    def __delitem__(self, name: str) -> None:
        del self._names[name]
        del self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def copy(self) -> dict[str, Any]:
        """A plain dictionary with the same members."""
        values = self._values
        return {name: values[name] for name in self._names}

    __copy__ = copy

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (self.copy(),)

    def __repr__(self) -> str:
        return repr(self.copy())


def table(name: str, what: str) -> property:
    """The attribute of :class:`Module` that shows one kind of member.

    Args:
        name: the name of its table in ``__dict__``.
        what: the members it shows, for the documentation.
    """

    def get(self: Any) -> Members:
        values = self.__dict__
        try:
            return Members(values[name], values)
        except KeyError:
            raise AttributeError(
                f"'{type(self).__name__}' object has no {what} before Module.__init__()"
            ) from None

    def set(self: Any, members: Any) -> None:
        values = self.__dict__
        given = dict(members)
        for old in values.get(name, ()):
            values.pop(old, None)
        values.update(given)
        values[name] = dict.fromkeys(given)

    return property(get, set, doc=f"The module's own {what} by name.")


def members(module: Any, kind: str) -> list[tuple[str, Any]]:
    """Names and values of one kind of member, as a list that changes cannot disturb."""
    values = module.__dict__
    return [(name, values[name]) for name in values[kind]]
