"""Entries of compiled functions: built-in functions that run the dispatcher on their plans."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from flambeau.compiler.run import layout
from flambeau.compiler.run.call import METH_FASTCALL, PointerTable, make_function
from flambeau.compiler.run.native_text import CALLED, OBJECTS
from flambeau.compiler.run.plan_layout import Head
from flambeau.tensor.modes import MODE
from flambeau.tensor.tensor import Tensor

METH_KEYWORDS = 0x0002
TP_ALLOC = 47  # the number of a slot of types in the stable interface


@lru_cache(maxsize=1)
def _handle() -> Any:
    """The dispatcher, compiled or from the disk."""
    from flambeau.compiler.llvm import target as targets
    from flambeau.compiler.run.dispatch_text import EXPORT, dispatch_text
    from flambeau.compiler.run.engine import compile_text

    target = targets.host()
    return compile_text(dispatch_text(target), [EXPORT], target, symbols=_symbols())


def _symbols() -> dict[str, int]:
    found = {}
    for name in CALLED:
        if name.startswith("Py"):
            found[name] = ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0
    get_slot = ctypes.pythonapi.PyType_GetSlot
    get_slot.restype, get_slot.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_int)
    found["flambeau_allocate"] = get_slot(Tensor, TP_ALLOC)
    objects = (Tensor, None, False, float, int, np.ndarray, tuple, True, list, dict)
    found.update({name: id(x) for name, x in zip(OBJECTS, objects, strict=True)})
    return found


@lru_cache(maxsize=1)
def is_available() -> bool:
    """Whether calls can go through the dispatcher here."""
    from flambeau.compiler.run.engine import is_available as has_compiler

    return has_compiler() and layout.is_supported()


def make_entry(name: str, slow: Callable[..., Any]) -> Any:
    """A built-in function that tries the plans of its table, then calls ``slow``.

    ``entry.__self__`` is the table: see :class:`~flambeau.compiler.run.plan_layout.Head`.

    Args:
        name: what it calls itself.
        slow: called with the same arguments if no plan holds.
    """
    from flambeau.compiler.run.dispatch_text import EXPORT

    entry = make_function(_handle(), EXPORT, name, METH_FASTCALL | METH_KEYWORDS, Head.SIZE)
    table = entry.__self__
    table.slow = slow
    table[Head.SLOW], table[Head.MODE], table[Head.MODE_NAME] = id(slow), id(MODE), id("code")
    table[Head.FIRST_MODE] = id(type(MODE).code)
    return entry


def note_thread(entry: Any) -> None:
    """Let an entry find the mode of the calling thread quickly."""
    table = entry.__self__
    modes = MODE.__dict__  # this thread's
    table.modes = modes
    table[Head.THREAD], table[Head.THREAD_MODES] = _thread_number(), id(modes)
    table[Head.MODE_TAG] = 0  # no dict has this version


def _thread_number() -> int:
    """A number that no other thread of this process ever has."""
    state = ctypes.pythonapi.PyThreadState_Get
    state.restype = ctypes.c_void_p
    number = ctypes.pythonapi.PyThreadState_GetID
    number.restype, number.argtypes = ctypes.c_uint64, (ctypes.c_void_p,)
    return number(state())


__all__ = ["PointerTable", "is_available", "make_entry", "note_thread"]
