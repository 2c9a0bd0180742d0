"""Numbers of a program as a list of native operations on registers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from flambeau.compiler.run.plan_layout import FUNCTIONS, SourceKind
from flambeau.core.number import Number, combined, evaluate

_TENSOR_KINDS = {"float32": SourceKind.FLOAT32, "float64": SourceKind.FLOAT64,
                 "int64": SourceKind.INT64}  # fmt: skip


PYTHON, POWER, REST = map(FUNCTIONS.index, ("python", "pow", "rest"))


class NotNative(Exception):
    """Something that only Python can do at each call."""


class NumberPlan:
    """Registers, where their values come from, and what is computed at each call.

    What follows from constants alone is computed here, once.

    Args:
        numbers: the program's numbers, in the order of its table.
        asked: sources about whose value something was asked: they must not change.
        read: the value of a source, given the arguments of a call.
        leaves: the arguments now.
        is_guarded: whether a container is known not to have changed when numbers are read.

    Attributes:
        table: the program's table of numbers; those that do not change are in place.
        sources, steps, outputs: rows of the dispatcher's tables.
        equal: pairs of registers; if they are equal, as step counts usually are,
            ``short_steps`` and ``short_outputs`` are enough.

    Raises:
        NotNative: if a source or an operation has no native form.
    """

    def __init__(
        self,
        numbers: list[Number],
        asked: list[Number],
        read: Callable[[Number, Any], Any],
        leaves: list[Any],
        is_guarded: Callable[[Any], bool],
    ) -> None:
        self.asked = {id(source) for source in asked}
        self.read = read
        self.leaves = leaves
        self.is_guarded = is_guarded
        self.keep: list[Any] = [asked]
        self._values: list[Any] = []
        self._kinds: list[Any] = []
        self._varying: set[int] = set()
        self._read_rows: list[tuple[int, ...]] = []
        self._step_rows: list[tuple[int, ...]] = []
        self._powers: dict[int, list[int]] = {}
        self._known: dict[Any, int] = {}
        outputs = [self._register(n) for n in numbers]
        for source in asked:
            self._register(source)
        self.leaves = []  # the arguments of one call are not kept
        self._registers = np.array([*map(float, self._values), 0.0])
        self.table = np.array([*self._registers[outputs], 0.0])
        self._set_rows([(r, i) for i, r in enumerate(outputs) if r in self._varying])

    def _set_rows(self, outputs: list[tuple[int, int]]) -> None:
        first: dict[Any, int] = {}
        for register, kind in enumerate(self._kinds):
            first.setdefault(kind, register)
        same = [first[kind] for kind in self._kinds]
        counts = [r for r, kind in enumerate(self._kinds) if kind == "step" and same[r] != r]
        short_steps = [
            step if step[0] == PYTHON else (*step[:2], same[step[2]], same[step[3]])
            for step in self._step_rows
            if same[step[1]] == step[1]
        ]
        short_outputs = [(same[r], i) for r, i in outputs]
        self.sources = [(kind, self._place(r), *rest) for kind, r, *rest in self._read_rows]
        self.equal = [(self._place(r), self._place(same[r])) for r in counts]
        self.steps, self.outputs = self._placed(self._step_rows, outputs)
        self.short_steps, self.short_outputs = self._placed(short_steps, short_outputs)

    def _place(self, register: int) -> int:
        return self._registers.ctypes.data + 8 * register

    def _placed(
        self, steps: list[tuple[int, ...]], outputs: list[tuple[int, int]]
    ) -> tuple[list[tuple[int, ...]], list[tuple[int, int]]]:
        """Rows with addresses, of those operations that outputs need."""
        needed = {register for register, _ in outputs}
        found = []
        for function, result, *operands in reversed(steps):
            if result not in needed:
                continue
            if function != PYTHON:
                needed.update(operands)
                operands = [self._place(x) for x in operands]
            found.append((function, self._place(result), *operands))
        start = self.table.ctypes.data
        return found[::-1], [(self._place(r), start + 8 * i) for r, i in outputs]

    def _new(self, value: Any, kind: Any, varying: bool = True) -> int:
        self._values.append(value)
        self._kinds.append(kind)
        register = len(self._values) - 1
        if varying:
            self._varying.add(register)
        return register

    def _register(self, x: Any) -> int:
        """The register of a number; equal expressions share one."""
        if not isinstance(x, Number):
            key = ("constant", type(x), float(x).hex())
            if key not in self._known:
                self._known[key] = self._new(x, key, varying=False)
            return self._known[key]
        if x.function == "source":
            if id(x) not in self._known:
                self._known[id(x)] = self._source(x)
            return self._known[id(x)]
        if x.function == "call":
            return self._called(x)
        operands = [self._register(o) for o in x.operands]
        key = (x.function, *operands)
        if key not in self._known:
            self._known[key] = self._step(x, operands)
        return self._known[key]

    def _step(self, x: Number, operands: list[int]) -> int:
        values = [self._values[o] for o in operands]
        if x.function == "pow" and all(isinstance(v, int) for v in values):
            raise NotNative("a power of integers")
        kind = (x.function, *[self._kinds[o] for o in operands])
        varying = not self._varying.isdisjoint(operands)
        result = self._new(combined(x.function, values), kind, varying)
        function = FUNCTIONS.index(x.function)
        if function == POWER:
            self._powers[result] = operands
        elif x.function == "sub" and _is_one(x.operands[0]) and operands[1] in self._powers:
            function, operands = REST, self._powers[operands[1]]
        if varying:
            self._step_rows.append((function, result, operands[0], operands[-1]))
        return result

    def _called(self, x: Number) -> int:
        """The register of a number that a Python function computes."""
        function, *operands = x.operands
        parts = [self._register(o) if isinstance(o, Number) else -id(o) for o in operands]
        key = ("call", id(function), *parts)
        if key not in self._known:
            kind = ("call", id(function), *[p if p < 0 else self._kinds[p] for p in parts])
            varying = not self._varying.isdisjoint(parts)
            result = self._new(self._evaluated(x, self.leaves), kind, varying)
            self._known[key] = result
            if varying:
                compute = partial(_computed, self, x)
                self.keep.append(compute)
                self._step_rows.append((PYTHON, result, id(compute), 0))
        return self._known[key]

    def _evaluated(self, x: Number, leaves: Any) -> Any:
        return evaluate(x, lambda source: self.read(source, leaves))

    def _source(self, x: Number) -> int:
        first, *keys = x.operands
        value = self.read(x, self.leaves)
        asked = int(id(x) in self.asked)
        if first.__class__ is not str and self.is_guarded(first):
            return self._new(value, id(x), varying=False)
        if first == "tensor":
            return self._tensor_source(keys[0], value, asked)
        register = self._new(value, id(x))
        if type(value) not in (int, float):
            raise NotNative("a number that is neither int nor float")
        if first == "argument":
            row = (SourceKind.ARGUMENT, register, 0, 0, keys[0], id(type(value)), asked)
        elif isinstance(first, dict) and len(keys) <= 2:
            index = keys[1] if len(keys) == 2 else -1
            if len(keys) == 2 and type(first[keys[0]]) is not tuple:
                raise NotNative("a number in a list")
            self.keep += [first, keys[0]]
            row = (SourceKind.ITEM, register, id(first), id(keys[0]), index, id(type(value)), asked)
        else:
            raise NotNative("a number that is not in a dict")
        self._read_rows.append(row)
        return register

    def _tensor_source(self, tensor: Any, value: Any, asked: int) -> int:
        array = tensor._array
        kind = _TENSOR_KINDS.get(array.dtype.name)
        if kind is None:
            raise NotNative("a step count of this type")
        register = self._new(value, "step")
        self._read_rows.append((kind, register, array.ctypes.data, 0, 0, 0, asked))
        return register


def sources_of(number: Any) -> list[Number]:
    """The sources that an expression reads."""
    if not isinstance(number, Number):
        return []
    if number.function == "source":
        return [number]
    return [s for operand in number.operands for s in sources_of(operand)]


def _is_one(x: Any) -> bool:
    return not isinstance(x, Number) and x == 1


def _computed(plan: NumberPlan, x: Number, *leaves: Any) -> float:
    """The value of a number that a Python function computes, for the arguments of a call."""
    return float(plan._evaluated(x, leaves))
