"""Which names a piece of code uses: what it may read of globals, objects and classes."""

from __future__ import annotations

import dis
import functools
import types
from collections.abc import Iterator
from typing import Any

# With one of these, code reads attributes whose names stand nowhere in it.
DYNAMIC = frozenset({"getattr", "vars", "__dict__", "eval", "exec", "globals", "locals", "dir"})


@functools.lru_cache(maxsize=4096)
def names_of(code: types.CodeType) -> frozenset[str]:
    """Names of globals and attributes in a function and those inside it, strings included."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= names_of(constant)
        elif isinstance(constant, str) and constant.isidentifier():
            found.add(constant)  # getattr(x, "name")
    return frozenset(found)


# With one of these, code reads globals whose names need not stand in it as such.
_ALL_GLOBALS = frozenset({"eval", "exec", "globals"})
_READS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})


@functools.lru_cache(maxsize=4096)
def globals_of(code: types.CodeType) -> frozenset[str]:
    """Names of globals that a function and those inside it read.

    Attributes are not among them: ``optimizer.step()`` does not read a global counter ``step``.
    """
    names = names_of(code)
    if names & _ALL_GLOBALS:
        return names
    found = {i.argval for i in dis.get_instructions(code) if i.opname in _READS}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= globals_of(constant)
    return frozenset(found)


def code_of(value: Any) -> Iterator[types.CodeType]:
    """The code behind an attribute of a class: of a function, property, static method, ..."""
    if isinstance(value, (staticmethod, classmethod)):
        value = value.__func__
    if isinstance(value, property):
        for function in (value.fget, value.fset, value.fdel):
            yield from code_of(function)
        return
    if isinstance(value, functools.cached_property):
        value = value.func
    code = getattr(value, "__code__", None)
    if isinstance(code, types.CodeType):
        yield code


@functools.lru_cache(maxsize=1024)
def names_of_class(kind: type) -> frozenset[str]:
    """Names that the methods of a class use, without those of its bases."""
    found: set[str] = set()
    for value in vars(kind).values():
        for code in code_of(value):
            found |= names_of(code)
    return frozenset(found)
