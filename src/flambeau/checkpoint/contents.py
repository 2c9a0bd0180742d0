"""A last look at what was read: no class and no bare block of memory may be left in it."""

from __future__ import annotations

from typing import Any

from flambeau.checkpoint.constructors import Constructor
from flambeau.checkpoint.refusals import refused_part
from flambeau.checkpoint.storages import Storage
from flambeau.tensor.tensor import Tensor

_LEAVES = frozenset({str, int, float, bool, type(None), bytes, bytearray, complex})


def check_contents(result: Any) -> None:
    """Look through the containers of a file that was read, each of them once.

    Raises:
        RefusedObjectError: if it holds a class, or a storage that no tensor shows; the message
            says where.
    """
    seen: set[int] = set()
    waiting: list[tuple[Any, Any]] = [(result, None)]
    while waiting:
        value, way = waiting.pop()
        kind = value.__class__
        if kind in _LEAVES or id(value) in seen:
            continue
        if kind is Constructor or kind is Storage:
            what = "a bare storage" if kind is Storage else f"the class {value!r}"
            raise refused_part(_path(way), what)
        seen.add(id(value))
        for key, part in _parts(value):
            if part.__class__ not in _LEAVES:
                waiting.append((part, (way, key)))


def _parts(value: Any) -> Any:
    if isinstance(value, dict):
        return [*value.items(), *getattr(value, "__dict__", {}).items()]
    if isinstance(value, (list, tuple)):
        return enumerate(value)
    return value.__dict__.items() if isinstance(value, Tensor) else ()


def _path(way: Any) -> str:
    keys = []
    while way is not None:
        way, key = way
        keys.append(f"[{key!r}]")
    return "".join(reversed(keys))[:300]
