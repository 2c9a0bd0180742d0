"""A compiled function for one kind of arguments and one state of its surroundings."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.compiler.execute import execute
from flambeau.compiler.passes import optimise
from flambeau.compiler.record.program import Program, Value
from flambeau.compiler.record.trace import Place, Trace
from flambeau.compiler.run.engine import is_available
from flambeau.core import trees
from flambeau.core.number import Number, concrete, evaluate
from flambeau.tensor.dispatch import bump, wrap
from flambeau.tensor.graph import Node
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor, owner

_QUESTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "value": lambda x, y: x,
    "bool": lambda x, y: bool(x),
    "eq": lambda x, y: x == y,
    "ne": lambda x, y: x != y,
    "lt": lambda x, y: x < y,
    "le": lambda x, y: x <= y,
    "gt": lambda x, y: x > y,
    "ge": lambda x, y: x >= y,
}


class Specialisation:
    """Runs what one trace recorded, on new arguments.

    Args:
        trace: the recording. If it holds for one call only, it is not compiled.

    Attributes:
        program: the operations.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.once = trace.changes is not None
        self.program: Program = trace.program if self.once else optimise(trace.program)
        self.compute = (
            functools.partial(execute, self.program) if self.once else _computation(self.program)
        )
        self.layouts = [_layout_of(v, s) for v, s in zip(self.program.buffers, trace.sources)]
        numbers = {value: i for i, value in enumerate(self.program.buffers)}
        self.write_indices = [numbers[buffer] for buffer, _ in self.program.writes]

    # --- does it still hold? ------------------------------------------------------------------

    def reason_against(self, leaves: list[Any]) -> str | None:
        """Why it does not hold for these arguments now; ``None`` if it does."""
        changed = self.trace.watch.change()
        if changed is not None:
            return f"changed: {changed}"
        for tensor, present in self.trace.gradients_read.items():
            if (tensor._stored_grad() is not None) is not present:
                return "changed: whether a tensor has a grad"
        for tensor, (_, requires, _) in self.trace.recorder.histories.items():
            if tensor.requires_grad is not requires:
                return "changed: requires_grad of a tensor"
        for number, question, other, answer in self.trace.questions:
            now = evaluate(number, lambda n: self.read(n, leaves))
            if _QUESTIONS[question](now, evaluate(concrete(other), None)) != answer:
                return f"changed: the answer to {number!r} {question} {other!r}"
        for value, source in zip(self.program.buffers, self.trace.sources, strict=True):
            if not isinstance(source, tuple):
                array = _whole(source)
                if array.shape != value.spec.shape or array.dtype != value.spec.dtype:
                    return "changed: shape or type of a captured tensor"
        return None

    def read(self, number: Number, leaves: list[Any]) -> Any:
        """The value of a number's source now."""
        first, *keys = number.operands
        if first == "argument":
            return leaves[keys[0]]
        if first.__class__ is str:
            return keys[0]._array.item()
        for key in keys:
            first = first[key]
        return first

    # --- running ------------------------------------------------------------------------------

    def run(self, leaves: list[Any]) -> Any:
        """Compute, change what the function changes, and return its result."""
        buffers = [
            leaves[s[1]]._array if isinstance(s, tuple) else _whole(s) for s in self.trace.sources
        ]
        results, written = self.compute(buffers, lambda n: self.read(n, leaves))
        results = [self._own(r, buffers) for r in results]
        for index, array in zip(self.write_indices, written, strict=True):
            np.copyto(buffers[index], array)
        for index in self.write_indices:
            self._bump(index, leaves)
        arrays = dict(zip(self.program.buffers, buffers, strict=True))
        for tensor, place in self.trace.gradients:
            tensor._grad = None if place is None else self._tensor(place, results, arrays)
        for tensor, place in self.trace.escaped:
            tensor._array = self._tensor(place, results, arrays)._array
        found = [
            self._tensor(x, results, arrays) if isinstance(x, Place) else x
            for x in self.trace.leaves
        ]
        return trees.unflatten(self.trace.structure, found)

    def _own(self, array: np.ndarray, buffers: list[np.ndarray]) -> np.ndarray:
        """A result that shares no memory with what is about to be written, or with the caller."""
        base = owner(array)
        return array.copy() if any(base is owner(b) for b in buffers) else array

    def _bump(self, index: int, leaves: list[Any]) -> None:
        source = self.trace.sources[index]
        bump(leaves[source[1]] if isinstance(source, tuple) else source)

    def _tensor(self, place: Place, results: list[np.ndarray], arrays: dict[Value, Any]) -> Tensor:
        if place.outside is not None:
            return place.outside
        array = results[place.index] if place.buffer is None else arrays[place.buffer]
        for op, params, output in place.chain:
            out = op.evaluate(array, *params)
            array = out[output] if isinstance(out, tuple) else out
        tensor = wrap(array)
        if place.requires:
            tensor._requires = True
            tensor._node = CONSUMED
        return tensor


def _computation(program: Program) -> Callable[..., Any]:
    """Native code where llvmlite is there, NumPy otherwise."""
    if is_available():
        from flambeau.compiler.native import NativeProgram

        return NativeProgram(program)
    return functools.partial(execute, program)


def _layout_of(value: Value, source: Any) -> tuple[Any, ...]:
    return value.spec.shape, value.spec.strides, value.spec.dtype


def _whole(tensor: Tensor) -> np.ndarray:
    return owner(tensor._array)


def _consumed_node() -> Node:
    """The node of a result whose graph was used inside the compiled function."""
    node = Node()
    node.plan = REGISTRY["clone"].plan((True,))
    node.edges, node.saved, node.versions, node.hooks = (), None, None, None
    node.shape, node.dtype, node.sequence = (), None, -1
    return node


CONSUMED = _consumed_node()
