"""Numbers of a program as a list of native operations on registers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.compiler.run.plan_layout import FUNCTIONS, SourceKind, Step
from flambeau.core.number import Number, evaluate

_TENSOR_KINDS = {"float32": SourceKind.FLOAT32, "float64": SourceKind.FLOAT64,
                 "int64": SourceKind.INT64}  # fmt: skip


class NotNative(Exception):
    """Something that only Python can do at each call."""


class NumberPlan:
    """Registers, where their values come from, and what is computed.

    Args:
        numbers: the program's numbers, in the order of its table.
        asked: sources about whose value something was asked: they must not change.
        read: the value of a source now.
        is_guarded: whether a container is known not to have changed when numbers are read.

    Raises:
        NotNative: if a source or an operation has no native form.
    """

    def __init__(
        self,
        numbers: list[Number],
        asked: set[int],
        read: Callable[[Number], Any],
        is_guarded: Callable[[Any], bool],
    ) -> None:
        self.asked = asked
        self.read = read
        self.is_guarded = is_guarded
        self.values: list[float] = []
        self.sources: list[tuple[int, ...]] = []
        self.steps: list[tuple[int, ...]] = []
        self.keep: list[Any] = []
        self.known: dict[Any, int] = {}
        self.twins: dict[Any, tuple[int, ...]] = {}
        self.kinds: dict[int, Any] = {}
        self.outputs = [(self._register(n), position) for position, n in enumerate(numbers)]

    def registers(self) -> np.ndarray:
        """The registers with the values they have now."""
        return np.array([*self.values, 0.0])

    def _new(self, value: Any, kind: Any) -> int:
        self.values.append(float(value))
        self.kinds[len(self.values) - 1] = kind
        return len(self.values) - 1

    def _register(self, x: Any) -> int:
        """The register of a number; equal expressions share one."""
        if not isinstance(x, Number):
            key = ("constant", float(x))
            if key not in self.known:
                self.known[key] = self._new(x, key)
            return self.known[key]
        if x.function == "source":
            if id(x) not in self.known:
                self.known[id(x)] = self._source(x)
            return self.known[id(x)]
        operands = [self._register(o) for o in x.operands]
        key = (x.function, *operands)
        if key not in self.known:
            self.known[key] = self._step(x, operands)
        return self.known[key]

    def _step(self, x: Number, operands: list[int]) -> int:
        integers = [isinstance(self._value(o), int) for o in x.operands]
        if x.function == "pow" and all(integers):
            raise NotNative("a power of integers")
        kind = (x.function, *[self.kinds[o] for o in operands])
        result = self._new(self._value(x), kind)
        first, second = operands[0], operands[-1]
        twin = self.twins.setdefault(kind, (result, first, second))
        if twin[0] == result:
            twin = (-1, 0, 0)
        self.steps.append((FUNCTIONS.index(x.function), result, first, second, *twin))
        assert len(self.steps[-1]) == Step.SIZE
        return result

    def _value(self, x: Any) -> Any:
        return evaluate(x, self.read) if isinstance(x, Number) else x

    def _source(self, x: Number) -> int:
        first, *keys = x.operands
        value = self.read(x)
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
        register = self._new(value, "step")  # step counts are usually equal: they are twins
        self.sources.append((kind, register, array.ctypes.data, 0, 0, 0, asked))
        return register
