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


PYTHON = FUNCTIONS.index("python")


class NotNative(Exception):
    """Something that only Python can do at each call."""


class NumberPlan:
    """Registers, where their values come from, and what is computed.

    Args:
        numbers: the program's numbers, in the order of its table.
        asked: sources about whose value something was asked: they must not change.
        read: the value of a source, given the arguments of a call.
        leaves: the arguments now.
        is_guarded: whether a container is known not to have changed when numbers are read.

    Raises:
        NotNative: if a source or an operation has no native form.
    """

    def __init__(
        self,
        numbers: list[Number],
        asked: set[int],
        read: Callable[[Number, Any], Any],
        leaves: list[Any],
        is_guarded: Callable[[Any], bool],
    ) -> None:
        self.asked = asked
        self.read = read
        self.leaves = leaves
        self.is_guarded = is_guarded
        self.values: list[Any] = []
        self.sources: list[tuple[int, ...]] = []
        self.steps: list[tuple[int, ...]] = []
        self.keep: list[Any] = []
        self.known: dict[Any, int] = {}
        self.kinds: dict[int, Any] = {}
        self.outputs = [(self._register(n), position) for position, n in enumerate(numbers)]
        self.leaves = []  # the arguments of one call are not kept

    def registers(self) -> np.ndarray:
        """The registers with the values they have now."""
        return np.array([*map(float, self.values), 0.0])

    def when_equal(self, count: int) -> tuple[list[Any], list[Any], list[Any]]:
        """What is enough while all step counts are equal, as they usually are.

        Args:
            count: how many outputs are wanted.

        Returns:
            pairs of registers that must be equal, operations, and outputs.
        """
        first: dict[Any, int] = {}
        for register, kind in self.kinds.items():
            first.setdefault(kind, register)
        same = {register: first[kind] for register, kind in self.kinds.items()}
        equal = [(r, same[r]) for r, kind in self.kinds.items() if kind == "step" and same[r] != r]
        steps = [
            (step if step[0] == PYTHON else (*step[:2], same[step[2]], same[step[3]]))
            for step in self.steps
            if same[step[1]] == step[1]
        ]
        return equal, steps, [(same[r], position) for r, position in self.outputs[:count]]

    def _new(self, value: Any, kind: Any) -> int:
        self.values.append(value)
        self.kinds[len(self.values) - 1] = kind
        return len(self.values) - 1

    def _register(self, x: Any) -> int:
        """The register of a number; equal expressions share one."""
        if not isinstance(x, Number):
            key = ("constant", type(x), float(x).hex())
            if key not in self.known:
                self.known[key] = self._new(x, key)
            return self.known[key]
        if x.function == "source":
            if id(x) not in self.known:
                self.known[id(x)] = self._source(x)
            return self.known[id(x)]
        if x.function == "call":
            return self._called(x)
        operands = [self._register(o) for o in x.operands]
        key = (x.function, *operands)
        if key not in self.known:
            self.known[key] = self._step(x, operands)
        return self.known[key]

    def _step(self, x: Number, operands: list[int]) -> int:
        values = [self.values[o] for o in operands]
        if x.function == "pow" and all(isinstance(v, int) for v in values):
            raise NotNative("a power of integers")
        kind = (x.function, *[self.kinds[o] for o in operands])
        result = self._new(combined(x.function, values), kind)
        self.steps.append((FUNCTIONS.index(x.function), result, operands[0], operands[-1]))
        return result

    def _called(self, x: Number) -> int:
        """The register of a number that a Python function computes."""
        function, *operands = x.operands
        parts = [self._register(o) if isinstance(o, Number) else -id(o) for o in operands]
        key = ("call", id(function), *parts)
        if key not in self.known:
            kind = ("call", id(function), *[p if p < 0 else self.kinds[p] for p in parts])
            result = self.known[key] = self._new(self._evaluated(x, self.leaves), kind)
            compute = partial(_computed, self, x)
            self.keep.append(compute)
            self.steps.append((PYTHON, result, id(compute), 0))
        return self.known[key]

    def _evaluated(self, x: Number, leaves: Any) -> Any:
        return evaluate(x, lambda source: self.read(source, leaves))

    def _source(self, x: Number) -> int:
        first, *keys = x.operands
        value = self.read(x, self.leaves)
        asked = int(id(x) in self.asked)
        if first.__class__ is not str and self.is_guarded(first):
            return self._new(value, id(x))
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
        self.sources.append(row)
        return register

    def _tensor_source(self, tensor: Any, value: Any, asked: int) -> int:
        array = tensor._array
        kind = _TENSOR_KINDS.get(array.dtype.name)
        if kind is None:
            raise NotNative("a step count of this type")
        register = self._new(value, "step")
        self.sources.append((kind, register, array.ctypes.data, 0, 0, 0, asked))
        return register


def _computed(plan: NumberPlan, x: Number, *leaves: Any) -> float:
    """The value of a number that a Python function computes, for the arguments of a call."""
    return float(plan._evaluated(x, leaves))
