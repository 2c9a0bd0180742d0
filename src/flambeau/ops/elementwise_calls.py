"""Public functions and operators of elementwise records: the eager hot path.

Where two operands have one type, or one of them is a Python number, and nobody interprets the
call, they go straight to NumPy; every other case goes through
:func:`flambeau.tensor.dispatch.apply`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.core.number import Number
from flambeau.ops.older_forms import factors_first
from flambeau.ops.operands import (
    CONSTANTS32,
    CONSTANTS64,
    FLOAT32,
    FLOAT64,
    REDUCED,
    SAME,
    as_operand,
    as_type,
    check_alpha,
    computing_type,
    not_a_tensor,
)
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, versions_of
from flambeau.tensor.graph import SEQUENCE, Node
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import refresh

_new = object.__new__
ndarray = np.ndarray

# Which operands of a function want a gradient.
ONLY = (True,)
BOTH, FIRST, SECOND = (True, True), (True, False), (False, True)

# What the fast paths leave to apply(), which explains it or computes it quietly.
UNUSUAL = (
    AttributeError, ValueError, TypeError, OverflowError, RuntimeWarning, FloatingPointError,
)  # fmt: skip


def remember(
    op: Operation,
    needs: tuple[bool, ...],
    inputs: tuple[Any, ...],
    position: int,
    params: tuple[Any, ...],
    out: Tensor,
) -> None:
    """Give ``out`` its graph node where one input, which wants a gradient, is known.

    What :func:`flambeau.tensor.dispatch.attach` does for any operation, in a third of the time.

    Args:
        op: the record.
        needs: which inputs want a gradient: the one at ``position``.
        inputs, params: of the operation.
        position: where the input stands; it is up to date with what it is a view of.
        out: the result, of a floating-point type.
    """
    plan = op.plans.get(needs) or op.plan(needs)
    input = inputs[position]
    edge = input._node or input
    array = out._array
    out._node = node = _new(Node)
    out._requires = True
    node.plan = plan
    node.edges = (edge,) if needs is ONLY else (edge, None) if position == 0 else (None, edge)
    node.hooks = None
    node.sequence = next(SEQUENCE)
    node.shape = array.shape
    node.dtype = array.dtype
    node.versions = None
    if plan.saves_nothing:
        node.saved = ()
        return
    node.saved = saved = plan.save(inputs, out, params)
    if input._counter is not None and plan.input_entries:
        node.versions = versions_of(saved, plan.input_entries)


def unary_call(
    op: Operation, function: Callable, function64: Callable | None = None
) -> Callable[..., Tensor]:
    """The public function of a record with one input and no parameters.

    Args:
        op: the record.
        function: NumPy's meaning on float32 arrays.
        function64: on float64 arrays, where it is another.
    """
    function64 = function64 or function
    differentiable = op.gradient is not None
    name = op.name

    def call(input: Tensor, *, out: Tensor | None = None) -> Tensor:
        code = MODE.code
        if code < INTERPRETED and out is None:
            try:
                array = input._array
                kind_of = array.dtype
                if kind_of is FLOAT32 or kind_of is FLOAT64:
                    result = function(array) if kind_of is FLOAT32 else function64(array)
                    if result.__class__ is not ndarray:
                        result = np.asarray(result)
                    tensor = _new(Tensor)
                    tensor._array = result
                    tensor._node = None
                    tensor._requires = False
                    tensor._view = None
                    tensor._counter = None
                    if code and differentiable:
                        if input._view is not None:
                            refresh(input)
                        if input._requires:
                            remember(op, ONLY, (input,), 0, (), tensor)
                    return tensor
            except UNUSUAL:
                pass
        if not isinstance(input, Tensor):
            raise not_a_tensor(name, input)
        result = apply(op, (input,))
        return result if out is None else write_out(name, out, result)

    return call


# --- two operands --------------------------------------------------------------------------------


def left_to_apply(array: np.ndarray, number: float) -> Any:
    """Stands for NumPy's meaning where a number is no operand."""
    raise TypeError("a number where a tensor must be")


class Overloads:
    """The records of a two-operand function: for two tensors, and with a number on one side."""

    __slots__ = ("from_number", "number", "tensors")

    def __init__(self, op: Operation) -> None:
        self.tensors = self.number = self.from_number = op

    def choose(self, input: Any, other: Any) -> Operation:
        """The record for these operands."""
        if not isinstance(other, Tensor):
            return self.number
        return self.tensors if isinstance(input, Tensor) else self.from_number

    def only_tensors(self, input: Any, other: Any) -> Operation:
        """The record for two tensors.

        Raises:
            TypeError: if the second is a number.
        """
        if not isinstance(other, Tensor):
            raise not_a_tensor(self.tensors.name, other)
        return self.tensors


class Operators:
    """Python's operators of one function: ``x op y`` and, where only ``x`` is a tensor, ``y op x``.

    Both give ``NotImplemented`` for operands that are neither tensors nor numbers.
    """

    __slots__ = ("forward", "reflected")

    def __init__(self, forward: Callable, reflected: Callable) -> None:
        self.forward = forward
        self.reflected = reflected


# Of every two-operand function, by name.
OPERATORS: dict[str, Operators] = {}


def binary_call(
    ops: Overloads,
    function: Callable,
    by_number: Callable | None,
    direct: str,
    constants: tuple[Any, ...],
    otherwise: Callable,
) -> Callable[..., Any]:
    """A two-operand function: the usual cases here, all others in ``otherwise``."""
    op, op_number = ops.tensors, ops.number
    differentiable = op.gradient is not None
    plans = op.plans

    def call(input: Any, other: Any, *, out: Tensor | None = None) -> Any:
        code = MODE.code
        if code < INTERPRETED and out is None:
            try:
                a = input._array
                kind_of = a.dtype
                given = other.__class__
                if given is float or given is int:
                    if kind_of is FLOAT32:
                        result = (
                            function(a, CONSTANTS32[other])
                            if by_number is None
                            else by_number(a, other)
                        )
                    elif kind_of is FLOAT64:
                        result = (
                            function(a, CONSTANTS64[other])
                            if by_number is None
                            else by_number(a, other)
                        )
                    else:
                        return otherwise(input, other, out)
                    if result.__class__ is not ndarray:
                        result = np.asarray(result)
                    tensor = _new(Tensor)
                    tensor._array = result
                    tensor._node = None
                    tensor._requires = False
                    tensor._view = None
                    tensor._counter = None
                    if code and differentiable:
                        if input._view is not None:
                            refresh(input)
                        if input._requires:
                            remember(op_number, FIRST, (input, other), 0, constants, tensor)
                    return tensor
                b = other._array
                if kind_of is b.dtype and (
                    kind_of is FLOAT32 or kind_of is FLOAT64 or kind_of.kind in direct
                ):
                    result = function(a, b)
                    if result.__class__ is not ndarray:
                        result = np.asarray(result)
                    tensor = _new(Tensor)
                    tensor._array = result
                    tensor._view = None
                    tensor._counter = None
                    if code and differentiable:
                        if input._view is not None:
                            refresh(input)
                        if other._view is not None:
                            refresh(other)
                        if input._requires:
                            x = input._node or input
                            if other._requires:
                                y = other._node or other
                                plan = plans.get(BOTH) or op.plan(BOTH)
                            else:
                                y = None
                                plan = plans.get(FIRST) or op.plan(FIRST)
                        elif other._requires:
                            x = None
                            y = other._node or other
                            plan = plans.get(SECOND) or op.plan(SECOND)
                        else:
                            tensor._node = None
                            tensor._requires = False
                            return tensor
                        tensor._node = node = _new(Node)
                        tensor._requires = True
                        node.plan = plan
                        node.edges = (x, y)
                        node.hooks = None
                        node.sequence = next(SEQUENCE)
                        node.shape = result.shape
                        node.dtype = kind_of
                        node.versions = None
                        if plan.saves_nothing:
                            node.saved = ()
                            return tensor
                        node.saved = plan.save((input, other), tensor, constants)
                        changed = input._counter
                        if changed is None or changed.value == 0:
                            changed = other._counter
                        if changed is not None and changed.value != 0:
                            node.versions = versions_of(node.saved, plan.input_entries)
                        return tensor  # no versions: nothing was ever changed in place
                    tensor._node = None
                    tensor._requires = False
                    return tensor
            except UNUSUAL:
                pass
        return otherwise(input, other, out)

    call.__name__ = call.__qualname__ = op.name
    return call


def explained(
    ops: Overloads, constants: tuple[Any, ...], numbers: tuple[bool, bool], both: bool = True
) -> Callable[..., Any]:
    """The unusual cases of a function: operands of unusual types are an error that says so.

    Args:
        ops: the records.
        constants: their parameters.
        numbers: whether the first and the second operand may be a Python number.
        both: whether both may be at once.
    """
    name = ops.tensors.name
    first, second = numbers

    def otherwise(input: Any, other: Any, out: Any) -> Tensor:
        if not first and not isinstance(input, Tensor):
            raise not_a_tensor(name, input)
        if not second and not isinstance(other, Tensor):
            raise not_a_tensor(name, other)
        if not (both or isinstance(input, Tensor) or isinstance(other, Tensor)):
            raise not_a_tensor(name, input)
        operands = as_operand(name, input), as_operand(name, other)
        result = apply(ops.choose(*operands), operands, constants)
        return result if out is None else write_out(name, out, result)

    return otherwise


def left_to_python(ops: Overloads, constants: tuple[Any, ...]) -> Callable[..., Any]:
    """The unusual cases of an operator: the other operand may know what to do."""
    name = ops.tensors.name

    def otherwise(input: Any, other: Any, out: Any) -> Any:
        if not is_operand(other):
            return NotImplemented
        other = as_operand(name, other)
        return apply(ops.choose(input, other), (input, other), constants)

    return otherwise


def is_operand(x: Any) -> bool:
    """Whether :func:`~flambeau.ops.operands.as_operand` takes it."""
    return isinstance(x, (Tensor, int, float, complex, np.generic, Number))


def reflected(ops: Overloads, function: Callable, constants: tuple[Any, ...]) -> Callable[..., Any]:
    """``number op tensor``, as Python calls it: the tensor first."""
    op = ops.from_number
    differentiable = op.gradient is not None

    def operator(self: Tensor, other: Any) -> Any:
        code = MODE.code
        given = other.__class__
        if code < INTERPRETED and (given is float or given is int) and isinstance(self, Tensor):
            array = self._array
            constant = (
                CONSTANTS32 if array.dtype is FLOAT32 else
                CONSTANTS64 if array.dtype is FLOAT64 else None
            )  # fmt: skip
            if constant is not None:
                try:
                    result = function(constant[other], array)
                    tensor = _new(Tensor)
                    tensor._array = result if result.__class__ is ndarray else np.asarray(result)
                    tensor._node = None
                    tensor._requires = False
                    tensor._view = None
                    tensor._counter = None
                    if code and differentiable:
                        if self._view is not None:
                            refresh(self)
                        if self._requires:
                            remember(op, SECOND, (other, self), 1, constants, tensor)
                    return tensor
                except UNUSUAL:
                    pass
        if not is_operand(other):
            return NotImplemented
        if not isinstance(self, Tensor):
            raise not_a_tensor(op.name, self)
        operands = as_operand(op.name, other), self
        return apply(ops.choose(*operands), operands, constants)

    operator.__name__ = operator.__qualname__ = f"r{ops.tensors.name}"
    return operator


def with_alpha(evaluate: Callable, function: Callable) -> Callable:
    """The NumPy meaning of ``input op alpha * other``.

    Args:
        evaluate: the meaning of ``input op other`` on operands of any types.
        function: the same on arrays of one type.
    """

    def scaled(input: Any, other: Any, alpha: Any) -> Any:
        if alpha == 1:
            return evaluate(input, other)
        if input.__class__ is ndarray and other.__class__ is ndarray:
            kind = input.dtype
            if kind is other.dtype and (kind is FLOAT32 or kind is FLOAT64):
                return function(input, other * as_type(alpha, kind))
        common = computing_type((input, other), SAME)
        compute = FLOAT32 if common in REDUCED else common
        product = as_type(as_type(other, common), compute) * as_type(alpha, compute)
        if common in REDUCED:
            return evaluate(as_type(as_type(input, common), compute), product).astype(common)
        return evaluate(input, product).astype(common, copy=False)

    return scaled


def taking_alpha(ops: Overloads, call: Callable) -> Callable:
    """The public function of a record with ``alpha``."""
    name = ops.tensors.name

    def function(
        input: Any, other: Any, *older: Any, alpha: Any = 1, out: Tensor | None = None
    ) -> Tensor:
        if older:
            input, other, alpha = factors_first(name, (input, other, *older), 2, 1)
        if alpha.__class__ is int and alpha == 1:
            return call(input, other, out=out)
        operands = as_operand(name, input), as_operand(name, other)
        check_alpha(name, operands, alpha)
        result = apply(ops.choose(*operands), operands, (alpha,))
        return result if out is None else write_out(name, out, result)

    return function
