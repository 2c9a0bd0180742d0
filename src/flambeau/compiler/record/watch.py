"""Python state that a recorded function depends on, and whether it is still the same.

A recording holds for the values that the function's globals, closure, modules, optimizers and
other objects had while it was made. :class:`Watch` notes every place from which such a value can
be reached and compares them, by identity, before each call.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from flambeau.tensor.tensor import Tensor

PLAIN = (int, float, complex, str, bytes, bool, type(None), type, np.dtype, np.generic)
MISSING = object()
PACKAGE = __name__.partition(".")[0]


class Watch:
    """The places to look at.

    Attributes:
        places: triples of a reader, its argument and the value found.
        tensors: tensors that were reached, with what must stay as it is.
        skipped: (container, key) pairs whose values are inputs and may change freely; the set may
            grow after the watch was made.
    """

    def __init__(self, skipped: set[tuple[int, Any]]) -> None:
        self.places: list[tuple[Callable[[Any, Any], Any], Any, Any, Any]] = []
        self.tensors: dict[int, Tensor] = {}
        self.skipped = skipped
        self.seen: set[int] = set()
        self.keep: list[Any] = []

    def function(self, function: Any) -> None:
        """Watch everything that a function can reach by name."""
        if isinstance(function, types.MethodType):
            self.reach(function.__self__)
            function = function.__func__
        code = getattr(function, "__code__", None)
        if code is None:
            self.reach(function)
            return
        if not self._first(function):
            return
        for cell, name in zip(function.__closure__ or (), code.co_freevars, strict=True):
            self._place(_read_cell, cell, name)
        for value in (function.__defaults__ or (), function.__kwdefaults__ or {}):
            self.reach(value)
        names = set(_global_names(code))
        for name in names & function.__globals__.keys():
            self._place(_read_item, function.__globals__, name)
            value = function.__globals__[name]
            if isinstance(value, types.ModuleType):
                self._python_module(value, names)

    def _python_module(self, module: types.ModuleType, names: set[str]) -> None:
        if module.__name__.partition(".")[0] in (PACKAGE, "numpy"):
            return
        for name in names & vars(module).keys():
            self._place(_read_item, vars(module), name)

    def reach(self, value: Any) -> None:
        """Watch what can be reached from a value."""
        if isinstance(value, PLAIN) or not self._first(value):
            return
        if isinstance(value, Tensor):
            self.tensors[id(value)] = value
        elif isinstance(value, (types.FunctionType, types.MethodType)):
            if (getattr(value, "__module__", None) or "").partition(".")[0] != PACKAGE:
                self.function(value)
        elif isinstance(value, dict):
            self.places.append((_read_keys, value, None, tuple(value)))
            for key in value:
                self._place(_read_item, value, key)
        elif isinstance(value, (list, tuple)):
            self.places.append((_read_length, value, None, len(value)))
            for index in range(len(value)):
                self._place(_read_element, value, index)
        elif isinstance(value, (types.ModuleType, np.ndarray, types.BuiltinFunctionType)):
            return
        elif hasattr(value, "__dict__"):
            self.reach(vars(value))

    def _place(self, reader: Callable[[Any, Any], Any], container: Any, key: Any) -> None:
        found = reader(container, key)
        self.places.append((reader, container, key, found))
        self.reach(found)

    def _first(self, value: Any) -> bool:
        if id(value) in self.seen:
            return False
        self.seen.add(id(value))
        self.keep.append(value)
        return True

    def change(self) -> str | None:
        """What has changed since, in words; ``None`` if nothing has."""
        for reader, container, key, found in self.places:
            now = reader(container, key)
            if now is found or _same(now, found):
                continue
            if (id(container), key) not in self.skipped:
                return f"{key if key is not None else 'the items'} of {_describe(container)}"
        return None


def _same(now: Any, found: Any) -> bool:
    """Whether two plain values are the same although they are different objects."""
    if type(now) is not type(found):
        return False
    if isinstance(now, tuple):
        return len(now) == len(found) and all(
            a is b or (isinstance(a, PLAIN) and _same(a, b)) for a, b in zip(now, found)
        )
    return isinstance(now, PLAIN) and bool(now == found)


def _read_item(container: Any, key: Any) -> Any:
    return container.get(key, MISSING)


def _read_element(container: Any, index: int) -> Any:
    return container[index] if index < len(container) else MISSING


def _read_keys(container: Any, key: None) -> Any:
    return tuple(container)


def _read_length(container: Any, key: None) -> int:
    return len(container)


def _read_cell(cell: Any, name: str) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return MISSING


def _global_names(code: types.CodeType) -> Iterator[str]:
    """Names of globals and attributes that a function and the functions inside it use."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _global_names(constant)


def _describe(container: Any) -> str:
    name = type(container).__name__
    return "a closure" if name == "cell" else f"a {name}"
