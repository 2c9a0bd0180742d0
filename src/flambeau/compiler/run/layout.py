"""Where the interpreter and this package keep what native guards look at, found by looking.

Nothing here is taken on trust: every offset is found in, or checked against, live objects of this
interpreter. Where one is not as expected, :func:`is_supported` says no and calls go through
Python, slower and no less right.
"""

from __future__ import annotations

import ctypes
import functools
import operator
import sys
import sysconfig
from collections import OrderedDict
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from flambeau.compiler.run.call import ARRAY_DATA, ARRAY_DTYPE, ARRAY_NDIM, ARRAY_SHAPE, HEADER
from flambeau.tensor.dispatch import wrap
from flambeau.tensor.graph import VersionCounter
from flambeau.tensor.views import ORDINARY, View

WORD = 8
# A list's size and the address of its items; a tuple's items lie where a list keeps that address.
LIST_SIZE, LIST_ITEMS, TUPLE_ITEMS = HEADER, HEADER + WORD, HEADER + WORD
CELL_CONTENTS, DICT_USED, DICT_VERSION = HEADER, HEADER, HEADER + WORD
SET_USED = HEADER + WORD
# An int of one digit: a word that says so, and the digit of 30 bits.
INT_TAG, INT_DIGIT, INT_DIGIT_LIMIT = HEADER, HEADER + WORD, (1 << 30) - 1


def word_at(address: int) -> int:
    """The 64 bits at an address."""
    return ctypes.c_uint64.from_address(address).value


def slot_offset(instance: Any, name: str) -> int:
    """Where in ``instance`` the slot ``name`` lies: its value is sought in the object's memory."""
    marker = object()
    setattr(instance, name, marker)
    size = type(instance).__basicsize__
    for offset in range(HEADER, size, WORD):
        if word_at(id(instance) + offset) == id(marker):
            return offset
    raise LookupError(f"no slot {name} in {type(instance).__name__}")


@lru_cache(maxsize=1)
def slots() -> dict[str, int]:
    """Offsets of the slots of tensors, version counters and views."""
    tensor = wrap(None)
    found = {}
    for name in ("_array", "_counter", "_grad", "_node", "_requires", "_view"):
        found[name] = slot_offset(wrap(None), name)
    found["counter"] = slot_offset(VersionCounter(), "value")
    found["version"] = slot_offset(View(tensor, None, (), ORDINARY), "version")  # type: ignore[arg-type]
    found["parent"] = slot_offset(View(tensor, None, (), ORDINARY), "parent")  # type: ignore[arg-type]
    return found


@lru_cache(maxsize=1)
def int_tag() -> int:
    """The word that positive ints of one digit have."""
    number = int("1000003")  # held: an address outlives no object
    return word_at(id(number) + INT_TAG)


@lru_cache(maxsize=1)
def is_supported() -> bool:
    """Whether this interpreter keeps things where native guards look for them."""
    if sysconfig.get_config_var("Py_GIL_DISABLED") or ctypes.sizeof(ctypes.c_void_p) != WORD:
        return False
    if sys.implementation.name != "cpython":
        return False
    try:
        return all(check() for check in (_counts, _containers, _numbers, _arrays)) and bool(slots())
    except (LookupError, ValueError):
        return False


def count_of(x: Any) -> int:
    """How many references there are, as native code reads it."""
    return (word_at(id(x)) & 0xFFFFFFFF) - 1  # the argument is one


def _counts() -> bool:
    x = object()
    held = [x, x, x]
    return count_of(x) == 1 + len(held) and HEADER == 16 and word_at(id(x) + 8) == id(object)


def _containers() -> bool:
    x, y = object(), object()
    items = [x, y]

    def closure() -> Any:
        return items

    cell = closure.__closure__[0]  # type: ignore[index]
    start = word_at(id(items) + LIST_ITEMS)
    pair = (x, y)
    emptied, three, two = {1, 2}, {1, 2, 3}, {1: 2, 3: 4}  # held: an address outlives no object
    emptied.clear()
    return (
        word_at(id(items) + LIST_SIZE) == 2
        and [word_at(start), word_at(start + WORD)] == [id(x), id(y)]
        and word_at(id(pair) + LIST_SIZE) == 2
        and word_at(id(pair) + TUPLE_ITEMS + WORD) == id(y)
        and word_at(id(cell) + CELL_CONTENTS) == id(items)
        and word_at(id(two) + DICT_USED) == 2
        and word_at(id(emptied) + SET_USED) == 0
        and word_at(id(three) + SET_USED) == 3
    )


def _numbers() -> bool:
    small, large, real = int("70001"), int("1073741822"), float("2.5")
    digits = [ctypes.c_uint32.from_address(id(x) + INT_DIGIT).value for x in (small, large)]
    same = all(word_at(id(x) + INT_TAG) == int_tag() for x in (small, large))
    other = all(word_at(id(x) + INT_TAG) != int_tag() for x in (-small, large * large))
    stored = ctypes.c_double.from_address(id(real) + HEADER).value
    return digits == [small, large] and same and other and stored == real


def _arrays() -> bool:
    x = np.zeros((2, 3), np.float32)
    start = id(x) + HEADER
    sizes = word_at(start + ARRAY_SHAPE)
    return (
        word_at(start + ARRAY_DATA) == x.ctypes.data
        and word_at(start + ARRAY_NDIM) & 0xFFFFFFFF == 2
        and [word_at(sizes), word_at(sizes + WORD)] == [2, 3]
        and word_at(start + ARRAY_DTYPE) == id(x.dtype)
    )


@lru_cache(maxsize=1)
def has_dict_versions() -> bool:
    """Whether every change of a dict makes the word beside its size larger, and nothing else."""
    if not is_supported():
        return False
    return all(_tells_changes(d) for d in _sample_dicts()) and _tells_attributes()


@lru_cache(maxsize=1)
def dict_version_shift() -> int:
    """How many low bits of that word are no part of the version, which grows with each change."""
    d: dict[Any, Any] = {"a": 1}
    seen = []
    for turn in range(32):
        for _ in range(1 + turn % 3):  # not always an even number of changes
            d["a"] = object()
        seen.append(word_at(id(d) + DICT_VERSION))
    steps = functools.reduce(operator.or_, [y - x for x, y in pairwise(seen)])
    return (steps & -steps).bit_length() - 1


def _sample_dicts() -> list[dict[Any, Any]]:
    class Plain:
        def __init__(self) -> None:
            self.a = 1

    shared = [Plain(), Plain()]
    return [{"a": 1}, OrderedDict(a=1), vars(shared[0]), {"a": 1, 2: 3}]


def _tells_changes(d: dict[Any, Any]) -> bool:
    seen = []

    def note() -> None:
        seen.append(word_at(id(d) + DICT_VERSION))

    def quiet() -> bool:
        before = word_at(id(d) + DICT_VERSION)
        _ = d.get("a"), d.get("none"), list(d.items()), len(d)
        return word_at(id(d) + DICT_VERSION) == before

    still = quiet()
    note()
    for key, value in (("a", 2), ("a", 2.5), ("b", None), ("a", "x")):
        d[key] = value
        note()
    del d["b"]
    note()
    d.update(a=[])
    note()
    d.setdefault("c", 1)
    note()
    d.pop("c")
    note()
    d.clear()
    note()
    return still and all(x < y for x, y in pairwise(seen))


def _tells_attributes() -> bool:
    """Whether setting an attribute is told by the version of the object's dict, too."""

    class Plain:
        pass

    x = Plain()
    x.a = 1  # type: ignore[attr-defined]
    values = vars(x)
    seen = [word_at(id(values) + DICT_VERSION)]
    for value in range(40):  # enough for the interpreter to specialise the instruction
        x.a = object() if value % 2 else value  # type: ignore[attr-defined]
        seen.append(word_at(id(values) + DICT_VERSION))
    return all(x < y for x, y in pairwise(seen))
