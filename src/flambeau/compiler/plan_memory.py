"""The memory of a plan: the tables that the dispatcher reads, and what their addresses point at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.compiler.record.trace import Argument
from flambeau.compiler.run.native_text import ARGUMENT_NUMBERS
from flambeau.compiler.run.number_plan import NotNative
from flambeau.compiler.run.plan_layout import Block, Plan, table

Rows = list[tuple[int, ...]]


class PlanMemory:
    """The words of one plan; a table keeps alive what it points at, until it is written anew.

    Attributes:
        head: the plan itself; its address goes into an entry's table.
    """

    def __init__(self) -> None:
        self.head = np.zeros(Plan.SIZE, np.uint64)
        self._tables: dict[int, tuple[np.ndarray, Any]] = {}
        self._functions: dict[int, Callable[..., Any]] = {}
        self._nothing = np.zeros(Block.WORDS, np.uint64)  # words that never change

    def set(self, field: int, rows: Rows, width: int, *kept: Any) -> np.ndarray:
        """Write a table.

        Args:
            field: which.
            rows: its records.
            width: the size of a record, in words.
            kept: what the addresses in them point at.
        """
        made = table(rows, width)
        self.head[field], self.head[field + 1] = len(rows), made.ctypes.data
        self._tables[field] = made, kept
        return made

    def set_guard(self, field: int, rows: Rows, width: int, *kept: Any) -> None:
        """Write a table of guards, filled up with some that hold to whole turns of their loop."""
        always = (self._nothing.ctypes.data, *(0,) * (width - 1))
        self.set(field, rows + [always] * (-len(rows) % Plan.TOGETHER), width, *kept)

    def set_function(self, field: int, function: Callable[..., Any]) -> None:
        """A Python function that the dispatcher calls."""
        self._functions[field] = function
        self.head[field] = id(function)


def layout_of(array: np.ndarray, kept: list[Any]) -> tuple[int, int, int]:
    """How tables describe a layout: data type, dimensions, the address of sizes and strides.

    Args:
        array: an array of that layout.
        kept: gets what the description points at.
    """
    sizes = np.array([*array.shape, *array.strides, 0], np.int64)
    kept += [array.dtype, sizes]
    return id(array.dtype), array.ndim, sizes.ctypes.data


def name_of(target: Any) -> int:
    """How tables name a tensor: by its address, or as an argument by its number."""
    if not isinstance(target, Argument):
        return id(target)
    if target.index >= ARGUMENT_NUMBERS:
        raise NotNative("the gradient of one of very many arguments")
    return target.index
