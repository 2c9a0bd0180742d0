"""Python state that a recorded function depends on, and whether it is still the same.

A recording holds for the values that the function's globals, closure, modules, optimizers and
other objects had while it was made. :class:`Watch` notes every place from which such a value can
be reached by the names that the function's code uses, and compares the places later.

What lists, dicts and modules hold is watched whole. Of an object of the user's own class only
those attributes are watched whose names stand in the code that can be reached: a counter that
the training loop keeps on the same object does not concern the step.
"""

from __future__ import annotations

import collections
import functools
import gc
import os
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from flambeau.compiler.record.names import (
    DYNAMIC,
    code_of,
    globals_of,
    names_of,
    names_of_class,
)
from flambeau.compiler.record.streams import Streams
from flambeau.core import dtypes
from flambeau.tensor.tensor import Tensor

PLAIN = (int, float, complex, str, bytes, bool, type(None), np.dtype, np.generic, dtypes.dtype)
MISSING = object()
PACKAGE = __name__.partition(".")[0]
# Rooms whose objects are no state of the user's program: dtypes, generators, operations, ...
ROOMS_BELOW = tuple(f"{PACKAGE}.{room}" for room in ("core", "random", "tensor", "ops", "compiler"))
# Libraries whose functions do not depend on what the user's program changes.
SETTLED = {PACKAGE, "numpy", "ml_dtypes", "builtins"} | set(sys.stdlib_module_names) - {"__main__"}

ENVIRONMENT = frozenset({"environ", "getenv"})

ITEM, KEYS, PRESENT, CELL, ITEMS, ATTRIBUTE, EQUAL, CONTENT = range(8)


class Place:
    """Where a value was found.

    Attributes:
        kind: ``ITEM`` of a dict, ``KEYS`` of a dict, which of some names are ``PRESENT`` in a
            dict, a ``CELL``, the ``ITEMS`` of a list, an
            ``ATTRIBUTE`` in a slot, a set that must stay ``EQUAL``, the ``CONTENT`` of an array.
        container, key: where to look.
        found: what was there.
        path: how a user would write it.
    """

    __slots__ = ("container", "found", "key", "kind", "path")

    def __init__(self, kind: int, container: Any, key: Any, path: str) -> None:
        self.kind = kind
        self.container = container
        self.key = key
        self.path = path
        self.found = READERS[kind](container, key)

    def now(self) -> Any:
        """What is there now."""
        if self.kind >= EQUAL:
            return self.container
        return READERS[self.kind](self.container, self.key)

    def is_same(self, now: Any) -> bool:
        """Whether what is there now means the same as what was found."""
        if now is self.found or _same(now, self.found):
            return True
        if self.kind == PRESENT:
            return now == self.found
        if self.kind == CONTENT:
            return now.shape == self.found.shape and now.tobytes() == self.found.tobytes()
        return self.kind == EQUAL and now == self.found


class Watch:
    """The places to look at.

    Attributes:
        places: all of them.
        tensors: tensors that were reached.
        skipped: (container, key) pairs whose values are inputs and may change freely; the set may
            grow after the watch was made.
        streams: what gives another value each time it is asked.
    """

    def __init__(self, skipped: set[tuple[int, Any]]) -> None:
        self.places: list[Place] = []
        self.tensors: dict[int, Tensor] = {}
        self.skipped = skipped
        self.streams = Streams()
        self.seen: dict[int, Any] = {}
        self.placed: set[tuple[int, int, Any]] = set()
        self.names: set[str] = set()
        self.functions: list[types.FunctionType] = []
        self.modules: list[tuple[types.ModuleType, str]] = []
        self.instances: list[tuple[Any, str]] = []
        self._place(ITEM, vars(dtypes), "_default", "the default dtype")

    # --- reaching -----------------------------------------------------------------------------

    def function(self, function: Any, *others: Any) -> None:
        """Watch everything that a function, and objects given to it, can reach by name."""
        name = getattr(function, "__name__", "the function")
        self.reach(function, name)
        for index, value in enumerate(others):
            self.reach(value, f"argument {index}")
        self._close()

    def reach(self, value: Any, path: str) -> None:
        """Watch what can be reached from a value."""
        if isinstance(value, PLAIN) or not self._first(value):
            return
        self.streams.note(value, path)
        for kinds, reach in _REACHES:
            if isinstance(value, kinds):
                reach(self, value, path)
                return
        self._instance(value, path)

    def _first(self, value: Any) -> bool:
        if id(value) in self.seen:
            return False
        self.seen[id(value)] = value
        return True

    def _place(self, kind: int, container: Any, key: Any, path: str) -> None:
        if (id(container), kind, key if kind in (ITEM, ATTRIBUTE) else None) in self.placed:
            return
        self.placed.add((id(container), kind, key if kind in (ITEM, ATTRIBUTE) else None))
        place = Place(kind, container, key, path)
        self.places.append(place)
        if kind in (ITEM, CELL, ATTRIBUTE) and place.found is not MISSING:
            self.reach(place.found, path)

    # --- kinds of values ----------------------------------------------------------------------

    def _tensor(self, tensor: Tensor, path: str) -> None:
        self.tensors[id(tensor)] = tensor
        for name in ("_hooks", "_after_accumulation"):
            self._place(ITEM, tensor.__dict__, name, f"{path}.{name}")

    def _function(self, function: types.FunctionType, path: str) -> None:
        if _room(function).partition(".")[0] in SETTLED:
            return
        self.functions.append(function)
        self.names |= names_of(function.__code__)
        for cell, name in zip(function.__closure__ or (), function.__code__.co_freevars):
            self._place(CELL, cell, name, name)
        for value in (function.__defaults__ or (), function.__kwdefaults__ or {}):
            self.reach(value, f"a default of {function.__name__}")
        if function.__dict__:
            self.reach(function.__dict__, f"{path}.__dict__")

    def _method(self, method: types.MethodType, path: str) -> None:
        self.reach(method.__self__, path.rpartition(".")[0] or "self")
        self.reach(method.__func__, path)

    def _partial(self, value: functools.partial, path: str) -> None:
        for part in (value.func, value.args, value.keywords):
            self.reach(part, path)

    def _descriptor(self, value: Any, path: str) -> None:
        for code in code_of(value):
            self.names |= names_of(code)
        for name in ("__func__", "fget", "func"):
            if hasattr(value, name):
                self.reach(getattr(value, name), path)

    def _dict(self, value: dict, path: str) -> None:
        self._place(KEYS, value, None, f"the keys of {path}")
        for key in list(value):
            self._place(
                ITEM, value, key, f"{path}[{'...' if isinstance(key, Tensor) else repr(key)}]"
            )

    def _list(self, value: list, path: str) -> None:
        self._place(ITEMS, value, None, f"the items of {path}")
        self._tuple(value, path)

    def _tuple(self, value: Any, path: str) -> None:
        for index, item in enumerate(value):
            self.reach(item, f"{path}[{index}]")

    def _set(self, value: Any, path: str) -> None:
        if not isinstance(value, frozenset):
            self._place(EQUAL, value, None, f"the items of {path}")
        for item in list(value):
            self.reach(item, f"an item of {path}")

    def _array(self, value: np.ndarray, path: str) -> None:
        self._place(CONTENT, value, None, f"the values of the array {path}")

    def _module(self, value: types.ModuleType, path: str) -> None:
        if value.__name__.partition(".")[0] not in SETTLED:
            self.modules.append((value, path))

    def _class(self, value: type, path: str) -> None:
        """A class itself: what instances of it find there is placed by :meth:`_close`."""
        self.instances.append((value, path))

    def _instance(self, value: Any, path: str) -> None:
        room = _room(type(value))
        wrapped = getattr(value, "__wrapped__", None)
        if isinstance(wrapped, (types.FunctionType, types.MethodType)):
            self.reach(wrapped, path)
        if not room.startswith(ROOMS_BELOW):
            self.instances.append((value, path))

    # --- names --------------------------------------------------------------------------------

    def _close(self) -> None:
        """Place what the names found so far lead to, until that finds no more names."""
        state: Any = None
        while state != (state := (len(self.names), len(self.instances), len(self.functions),
                                  len(self.modules))):  # fmt: skip
            for function in list(self.functions):
                values = function.__globals__
                self.streams.note_names(values, names_of(function.__code__))
                for name in globals_of(function.__code__) & values.keys():
                    self._place(ITEM, values, name, name)
            for module, path in list(self.modules):
                for name in self.names & vars(module).keys():
                    self._place(ITEM, vars(module), name, f"{path}.{name}")
            for value, path in list(self.instances):
                self._attributes(value, path)
        if self.names & ENVIRONMENT:
            self.reach(os.environ._data, "os.environ")  # type: ignore[attr-defined]
        names = frozenset(self.names)
        for value, path in self.instances:
            if not isinstance(value, type) and hasattr(value, "__dict__"):
                self._place(PRESENT, vars(value), names, f"the attributes of {path}")

    def _attributes(self, value: Any, path: str) -> None:
        is_class = isinstance(value, type)
        kinds = (value if is_class else type(value)).__mro__
        of_package = [k for k in kinds if _room(k).partition(".")[0] == PACKAGE]
        names = set(self.names)
        for kind in of_package:
            names |= names_of_class(kind)
        values = getattr(value, "__dict__", {})
        if is_class or not isinstance(values, dict):  # list[int] shows the attributes of list
            values = {}
        if self.names & DYNAMIC:
            names |= values.keys()
        for key in values:
            if key in names or (of_package and _is_state(key, values[key])):
                self._place(ITEM, values, key, f"{path}.{key}")
        overridden = {name for kind in of_package for name in vars(kind)}
        for kind in kinds:
            if not is_class:
                for name in _slots_of(kind) & names:
                    self._place(ATTRIBUTE, value, name, f"{path}.{name}")
            if _room(kind).partition(".")[0] in SETTLED:
                continue
            for name in list(vars(kind)):
                special = name.startswith("__") and name.endswith("__")
                if special and (name in _IGNORED or (name in _MAKERS and not is_class)):
                    continue
                if name in names or name in overridden or special:
                    self._place(ITEM, _dict_of(kind), name, f"{path}.{name}")

    def renew(self, container: dict) -> None:
        """Take what a dict holds now for what was found: it has been filled before it was read."""
        for place in list(self.places):
            if place.container is container and place.kind in (KEYS, ITEM):
                place.found = READERS[place.kind](container, place.key)
                if place.kind == ITEM:
                    self.reach(place.found, place.path)
        if id(container) in self.seen:
            self._dict(container, "state that was prepared")

    # --- the answer ---------------------------------------------------------------------------

    def change(self) -> str | None:
        """The first place that has changed since, as a user would write it."""
        return next((place.path for place in self.changed()), None)

    def changed(self) -> Iterator[Place]:
        """The places that have changed since."""
        for place in self.places:
            now = place.now()
            if now is place.found or place.is_same(now):
                continue
            if not self.is_input(place):
                yield place

    def is_input(self, place: Place) -> bool:
        """Whether a place may change freely, since its value is read at every call."""
        return place.kind == ITEM and (id(place.container), place.key) in self.skipped


_REACHES: tuple[tuple[Any, Callable[[Watch, Any, str], None]], ...] = (
    (Tensor, Watch._tensor),
    (types.FunctionType, Watch._function),
    (types.MethodType, Watch._method),
    ((types.BuiltinFunctionType, np.ufunc), lambda watch, value, path: None),
    (functools.partial, Watch._partial),
    ((staticmethod, classmethod, property, functools.cached_property), Watch._descriptor),
    (dict, Watch._dict),
    ((list, collections.deque), Watch._list),
    (tuple, Watch._tuple),
    ((set, frozenset), Watch._set),
    (np.ndarray, Watch._array),
    (types.ModuleType, Watch._module),
    (type, Watch._class),
)
# What makes and shows objects is not what a function computes with objects that exist.
_MAKERS = {"__init__", "__new__", "__init_subclass__", "__del__", "__repr__", "__str__",
           "__set_name__", "__class_getitem__", "__reduce__", "__getstate__", "__setstate__",
           "__sizeof__", "__dir__", "__copy__", "__deepcopy__"}  # fmt: skip
# Special entries of classes that no call reads.
_IGNORED = {"__module__", "__doc__", "__dict__", "__weakref__", "__qualname__", "__slots__",
            "__annotations__", "__parameters__", "__orig_bases__", "__abstractmethods__",
            "__static_attributes__", "__firstlineno__", "__match_args__"}  # fmt: skip


def _room(value: Any) -> str:
    return getattr(value, "__module__", None) or ""


def _is_state(name: str, value: Any) -> bool:
    """Whether a module's or optimizer's attribute is one that the library itself follows."""
    if name.startswith("_") and isinstance(value, (dict, list)):
        return True  # tables of members and hooks, whose names the library keeps in constants
    return isinstance(value, Tensor) or any(
        _room(kind).partition(".")[0] == PACKAGE for kind in type(value).__mro__
    )


def _dict_of(kind: type) -> dict[str, Any]:
    """The dict behind a class's read-only ``__dict__``."""
    return next(x for x in gc.get_referents(vars(kind)) if isinstance(x, dict))


def _slots_of(kind: type) -> set[str]:
    slots = vars(kind).get("__slots__", ())
    return {slots} if isinstance(slots, str) else set(slots)


def _same(now: Any, found: Any) -> bool:
    """Whether two plain values are the same although they are different objects."""
    if type(now) is not type(found):
        return False
    if isinstance(now, tuple):
        return len(now) == len(found) and all(
            a is b or _same(a, b) for a, b in zip(now, found, strict=True)
        )
    return isinstance(now, PLAIN) and bool(now == found)


def _read_attribute(container: Any, name: str) -> Any:
    return getattr(container, name, MISSING)


def _read_cell(cell: Any, name: str) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return MISSING


def _copy(container: Any, key: None) -> Any:
    return container.copy()


READERS: tuple[Callable[[Any, Any], Any], ...] = (
    lambda container, key: dict.get(container, key, MISSING),
    lambda container, key: tuple(container),
    lambda container, names: names & container.keys(),
    _read_cell,
    lambda container, key: tuple(container),
    _read_attribute,
    _copy,
    _copy,
)
