"""Results of a compiled function that can be differentiated outside: their node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.compiler.record.derivative import Derivative
from flambeau.compiler.record.program import Value
from flambeau.compiler.second_order import Moment
from flambeau.core.number import Number
from flambeau.tensor.dispatch import wrap
from flambeau.tensor.graph import SEQUENCE, Node, Output, freed_error, inplace_error, version_of
from flambeau.tensor.modes import GRAD, MODE
from flambeau.tensor.tensor import Tensor


class _Plan:
    """Stands where other nodes keep the plan of their operation."""

    input_entries = ()
    output_entry = None
    needs = None
    saves_nothing = False
    checked = True


PLAN = _Plan()


class CompiledNode(Node):
    """The node of a compiled function's results.

    Args:
        derivative: the backward pass.
        compute: runs it.
        edges: where the gradients go.
        saved: arrays of what it reads, each with the tensor whose version must stay, or ``None``.
        numbers: the values of numbers when the function ran.
        moment: what it was called with.
    """

    __slots__ = ("compute", "derivative", "moment", "numbers")

    def __init__(
        self,
        derivative: Derivative,
        compute: Callable[..., Any],
        edges: tuple[Any, ...],
        saved: tuple[tuple[np.ndarray, Tensor | None], ...],
        numbers: dict[Number, Any],
        moment: Moment,
    ) -> None:
        self.plan = PLAN
        self.derivative = derivative
        self.compute = compute
        self.numbers = numbers
        self.moment: Moment | None = moment
        self.edges = edges
        self.saved = saved
        self.versions = tuple([0 if t is None else version_of(t) for _, t in saved])
        self.hooks = None
        several = len(derivative.outputs) > 1
        self.shape = derivative.shapes if several else derivative.shapes[0]
        self.dtype = derivative.dtypes if several else derivative.dtypes[0]
        self.sequence = next(SEQUENCE)

    def name(self) -> str:
        return "CompiledFunctionBackward"

    def output(self, index: int) -> Node | Output:
        """What output ``index`` holds as its node."""
        return self if len(self.derivative.outputs) == 1 else Output(self, index)

    def backward(self, gradient: Any) -> tuple[Any, ...]:
        if self.saved is None:
            raise freed_error()
        given = gradient if gradient.__class__ is tuple else (gradient,)
        if MODE.code & GRAD:
            return self.moment.gradients(given)  # type: ignore[union-attr]
        arrays = [self._unchanged(i) for i in range(len(self.saved))]
        for value, incoming in zip(self.derivative.cotangents, given, strict=True):
            arrays.append(_cotangent(value, incoming))
        results, _ = self.compute(arrays, self.numbers.__getitem__)
        return tuple([wrap(np.array(r)) for r in results])

    def backward_to(self, asked: tuple[bool, ...], gradient: Any) -> tuple[Any, ...]:
        return self.backward(gradient)

    def _unchanged(self, index: int) -> np.ndarray:
        array, tensor = self.saved[index]  # type: ignore[index]
        if tensor is not None and version_of(tensor) != self.versions[index]:  # type: ignore[index]
            expected = self.versions[index]  # type: ignore[index]
            raise inplace_error(self, tensor, version_of(tensor), expected)
        return array

    def release(self) -> None:
        self.saved = self.moment = None


def _cotangent(value: Value, gradient: Tensor | None) -> np.ndarray:
    if gradient is None:
        return np.zeros(value.spec.shape, value.spec.dtype)
    return np.ascontiguousarray(gradient._array, value.spec.dtype).reshape(value.spec.shape)
