"""How the leaves of arguments are reached: what to take apart, and what of it to pick."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from flambeau.compiler.run.number_plan import NotNative
from flambeau.compiler.run.plan_layout import UnpackKind

_KINDS = {tuple: UnpackKind.TUPLE, list: UnpackKind.LIST, dict: UnpackKind.DICT}


class Unpacking:
    """The tables for arguments of one structure.

    Args:
        structure: of ``(args, kwargs)``.

    Attributes:
        given: how many arguments are given by position.
        names: of the others.
        rows: of the table of containers.
        picked: for each leaf, which of the objects found it is.

    Raises:
        NotNative: for containers of other types.
    """

    def __init__(self, structure: Any) -> None:
        positional, named = structure.children
        self.given = len(positional.children)
        self.names = tuple(sys.intern(name) for name in named.keys)
        self.rows: list[tuple[int, ...]] = []
        self.picked: list[int] = []
        self.keep: list[Any] = []
        self.count = self.given + len(self.names)
        for place, child in enumerate((*positional.children, *named.children)):
            self._open(child, place)

    def _open(self, structure: Any, place: int) -> None:
        if structure.kind is None:
            self.picked.append(place)
            return
        kind = _KINDS.get(structure.kind)
        if kind is None:
            raise NotNative("a container of this type")
        keys = np.array([id(key) for key in structure.keys] or [0], np.uint64)
        self.keep += [structure.keys, keys]
        target, size = self.count, len(structure.children)
        self.count += size
        self.rows.append((kind, place, size, keys.ctypes.data, target))
        for index, child in enumerate(structure.children):
            self._open(child, target + index)

    def memory(self) -> tuple[np.ndarray, np.ndarray]:
        """Room for the objects found, and for the leaves."""
        return (
            np.zeros(max(self.count, 1), np.uint64),
            np.zeros(max(len(self.picked), 1), np.uint64),
        )
