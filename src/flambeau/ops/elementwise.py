"""Makers of elementwise operations: one call is one record and its public function.

The functions made here are the eager hot path. Where two operands have one type, or one of them is
a Python number, and nobody interprets the call, they go straight to NumPy; every other case goes
through :func:`flambeau.tensor.dispatch.apply`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.number import Number
from flambeau.ops.elementwise_samples import from_number, of_one, of_two, with_number
from flambeau.ops.operands import (
    CONSTANTS32,
    CONSTANTS64,
    FLOAT,
    FLOAT32,
    FLOAT64,
    REDUCED,
    SAME,
    as_operand,
    as_type,
    computing_type,
    elementwise_evaluate,
    elementwise_infer,
    not_a_tensor,
)
from flambeau.ops.publish import publish
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, attach, versions_of
from flambeau.tensor.graph import SEQUENCE, Node
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.operation import Gradient, Operation
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import refresh

_new = object.__new__
ndarray = np.ndarray

# Which operands of a two-operand function want a gradient.
BOTH, FIRST, SECOND = (True, True), (True, False), (False, True)

# What the fast paths leave to apply(), which explains it or computes it quietly.
UNUSUAL = (
    AttributeError, ValueError, TypeError, OverflowError, RuntimeWarning, FloatingPointError,
)  # fmt: skip


def elementwise(
    name: str,
    function: Callable,
    *,
    inputs: str = "input",
    params: str = "",
    kind: str = SAME,
    output: Any = None,
    check: Any = None,
    gradient: Gradient = None,
    scalar: Callable | None = None,
    samples: Callable | None = None,
    ufunc: Any = None,
    node_name: str | None = None,
) -> Operation:
    """The record of an elementwise operation with any inputs and parameters.

    Args:
        name: PyTorch's name.
        function: NumPy's meaning on operands of the computing type, then the parameters.
        inputs, params, gradient, scalar, samples, ufunc, node_name: as for
            :class:`~flambeau.tensor.operation.Operation`. ``scalar`` is given the operands in
            the computing type.
        kind: ``SAME``, or ``FLOAT`` to compute integers in the default floating type.
        output: the NumPy type of the result, or a function from the computing type to it, where
            it is not the computing type.
        check: called with the name and the operands' common type; raises for types that the
            operation does not take.
    """
    count = len(inputs.split())
    return Operation(
        name,
        inputs=inputs,
        params=params,
        evaluate=elementwise_evaluate(function, kind, output, count),
        infer=elementwise_infer(name, kind, output, check, count),
        gradient=gradient,
        scalar=scalar,
        ufunc=ufunc,
        strict=check is not None,
        samples=samples,
        node_name=node_name,
    )


def unary(
    name: str,
    function: Callable,
    *,
    doc: str,
    gradient: Gradient = None,
    scalar: Callable | None = None,
    kind: str = FLOAT,
    output: Any = None,
    check: Any = None,
    domain: tuple[float, float] = (-3.0, 3.0),
    samples: Callable | None = None,
    method: bool = True,
    inplace: bool = True,
    aliases: tuple[str, ...] = (),
    node_name: str | None = None,
) -> Callable[..., Tensor]:
    """Define an elementwise function of one tensor.

    Args:
        name: PyTorch's name.
        function: NumPy's meaning on an array of the computing type.
        doc: the docstring; what all such functions share is added to it.
        gradient: rules over ``g``, ``input`` and ``out``; ``None`` where it is not differentiable.
        domain: where the contract tests sample it.
        samples: other samples than those of floating-point tensors.
        method, inplace: whether ``Tensor.name`` and ``name_`` exist.
        aliases: PyTorch's other names.
        scalar, kind, output, check, node_name: as for :func:`elementwise`.
    """
    op = elementwise(
        name,
        function,
        kind=kind,
        output=output,
        check=check,
        gradient=gradient,
        scalar=scalar,
        ufunc=function if isinstance(function, np.ufunc) and output is None else None,
        samples=samples or of_one(domain),
        node_name=node_name,
    )
    call = unary_call(op, function)
    doc = with_arguments(doc, UNARY)
    return publish(call, op, doc, method=method, inplace=inplace, aliases=aliases)


def unary_call(op: Operation, function: Callable) -> Callable[..., Tensor]:
    """The public function of a record with one input and no parameters."""
    differentiable = op.gradient is not None
    name = op.name

    def call(input: Tensor, *, out: Tensor | None = None) -> Tensor:
        code = MODE.code
        if code < INTERPRETED and out is None:
            try:
                array = input._array
                kind_of = array.dtype
                if kind_of is FLOAT32 or kind_of is FLOAT64:
                    result = function(array)
                    if result.__class__ is not ndarray:
                        result = np.asarray(result)
                    tensor = _new(Tensor)
                    tensor._array = result
                    tensor._node = None
                    tensor._requires = False
                    tensor._view = None
                    tensor._counter = None
                    if differentiable and code and (input._requires or input._view is not None):
                        attach(op, (input,), (), tensor)
                    return tensor
            except UNUSUAL:
                pass
        if not isinstance(input, Tensor):
            raise not_a_tensor(name, input)
        result = apply(op, (input,))
        return result if out is None else write_out(name, out, result)

    return call


def binary(
    name: str,
    function: Callable,
    *,
    doc: str,
    gradient: Gradient = None,
    scalar: Callable | None = None,
    kind: str = SAME,
    output: Any = None,
    check: Any = None,
    direct: str = "f",
    by_number: Callable | None = None,
    alpha: bool = False,
    numbers: tuple[bool, bool] = (True, True),
    domain: tuple[float, float] = (-3.0, 3.0),
    second_domain: tuple[float, float] | None = None,
    samples: Callable | None = None,
    method: bool = True,
    inplace: bool = True,
    aliases: tuple[str, ...] = (),
    node_name: str | None = None,
    number_node: str | None = None,
    from_number_node: str | None = None,
) -> Callable[..., Tensor]:
    """Define an elementwise function of two operands, of which one may be a Python number.

    Args:
        name: PyTorch's name.
        function: NumPy's meaning on two operands of the computing type.
        doc: the docstring; what all such functions share is added to it.
        gradient: rules over ``g``, ``input``, ``other`` and ``out``.
        direct: type kinds (NumPy's ``dtype.kind``) on which ``function`` may be called at once
            when both operands are tensors of one type; "f" stands for float32 and float64.
        by_number: NumPy's meaning on a float32 or float64 array and a Python number, where there
            is a faster one than ``function`` with a 0-d array.
        alpha: whether ``other`` may be multiplied by a keyword argument ``alpha``; ``function``
            then still is the meaning for ``alpha=1``.
        numbers: whether the first and the second operand may be a Python number.
        domain, second_domain, samples: where the contract tests sample the operands.
        number_node, from_number_node: the graph node's name where the second, or the first,
            operand is a number and PyTorch has another name for that; each is a record of its
            own (``name_scalar``, ``scalar_name``).
        scalar, kind, output, check, method, inplace, aliases, node_name: as for :func:`unary`.
    """

    def record(record_name: str, samples: Callable, node: str | None) -> Operation:
        evaluate = elementwise_evaluate(function, kind, output)
        infer = elementwise_infer(name, kind, output, check)
        return Operation(
            record_name,
            inputs="input other",
            params="alpha" if alpha else "",
            evaluate=with_alpha(evaluate) if alpha else evaluate,
            infer=(lambda input, other, alpha: infer(input, other)) if alpha else infer,
            gradient=gradient,
            scalar=scalar,
            ufunc=ufunc if output is None and kind == SAME else None,
            strict=check is not None,
            samples=samples,
            node_name=node,
        )

    ufunc = function if isinstance(function, np.ufunc) else None
    second = second_domain or domain
    constants = (1,) if alpha else ()
    op = record(name, samples or of_two(domain, second, constants), node_name)
    ops = Overloads(op)
    if number_node is not None:
        ops.number = record(
            f"{name}_scalar", with_number(domain, second, constants), number_node
        )
    if from_number_node is not None:
        ops.from_number = record(
            f"scalar_{name}", from_number(domain, second, constants), from_number_node
        )
    if not numbers[1]:
        by_number = _left_to_apply
    meaning = function, by_number, direct.replace("f", ""), constants
    call = binary_call(ops, *meaning, otherwise=_explained(ops, constants, numbers))
    OPERATORS[name] = Operators(
        binary_call(ops, *meaning, otherwise=_left_to_python(ops, constants)),
        _reflected(ops, function, constants),
    )
    function_of = _taking_alpha(ops, call) if alpha else call
    if not numbers[1]:
        choose = ops.only_tensors
    else:
        choose = None if ops.number is op else ops.choose
    return publish(
        function_of,
        op,
        with_arguments(doc, BINARY),
        method=method,
        inplace=inplace,
        aliases=aliases,
        choose=choose,
    )


def _left_to_apply(array: np.ndarray, number: float) -> Any:
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
                    if code and differentiable and (input._requires or input._view is not None):
                        attach(op_number, (input, other), constants, tensor)
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
                        if input._counter is not None or other._counter is not None:
                            node.versions = versions_of(node.saved, plan.input_entries)
                        return tensor
                    tensor._node = None
                    tensor._requires = False
                    return tensor
            except UNUSUAL:
                pass
        return otherwise(input, other, out)

    call.__name__ = call.__qualname__ = op.name
    return call


def _explained(
    ops: Overloads, constants: tuple[Any, ...], numbers: tuple[bool, bool]
) -> Callable[..., Any]:
    """The unusual cases of a function: operands of unusual types are an error that says so."""
    name = ops.tensors.name
    first, second = numbers

    def otherwise(input: Any, other: Any, out: Any) -> Tensor:
        if not first and not isinstance(input, Tensor):
            raise not_a_tensor(name, input)
        if not second and not isinstance(other, Tensor):
            raise not_a_tensor(name, other)
        operands = as_operand(name, input), as_operand(name, other)
        result = apply(ops.choose(*operands), operands, constants)
        return result if out is None else write_out(name, out, result)

    return otherwise


def _left_to_python(ops: Overloads, constants: tuple[Any, ...]) -> Callable[..., Any]:
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


def _reflected(
    ops: Overloads, function: Callable, constants: tuple[Any, ...]
) -> Callable[..., Any]:
    """``number op tensor``, as Python calls it: the tensor first."""
    op = ops.from_number
    differentiable = op.gradient is not None

    def operator(self: Tensor, other: Any) -> Any:
        code = MODE.code
        given = other.__class__
        if code < INTERPRETED and (given is float or given is int):
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
                    if code and differentiable and (self._requires or self._view is not None):
                        attach(op, (other, self), constants, tensor)
                    return tensor
                except UNUSUAL:
                    pass
        if not is_operand(other):
            return NotImplemented
        operands = as_operand(op.name, other), self
        return apply(ops.choose(*operands), operands, constants)

    operator.__name__ = operator.__qualname__ = f"r{ops.tensors.name}"
    return operator


def with_alpha(evaluate: Callable) -> Callable:
    """The NumPy meaning of ``input op alpha * other``."""

    def scaled(input: Any, other: Any, alpha: Any) -> Any:
        if alpha == 1:
            return evaluate(input, other)
        common = computing_type((input, other), SAME)
        compute = FLOAT32 if common in REDUCED else common
        product = as_type(as_type(other, common), compute) * as_type(alpha, compute)
        if common in REDUCED:
            return evaluate(as_type(as_type(input, common), compute), product).astype(common)
        return evaluate(input, product).astype(common, copy=False)

    return scaled


def _taking_alpha(ops: Overloads, call: Callable) -> Callable:
    name = ops.tensors.name

    def function(input: Any, other: Any, *, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
        if alpha.__class__ is int and alpha == 1:
            return call(input, other, out=out)
        operands = as_operand(name, input), as_operand(name, other)
        check_alpha(name, operands, alpha)
        result = apply(ops.choose(*operands), operands, (alpha,))
        return result if out is None else write_out(name, out, result)

    return function


def check_alpha(
    name: str, operands: tuple[Any, ...], alpha: Any, what: str = "alpha"
) -> None:
    """A factor must not have a higher category than the result."""
    common = dtypes.of(computing_type(tuple(getattr(x, "_array", x) for x in operands), SAME))
    if dtypes.of_number(alpha).category > common.category:
        raise RuntimeError(
            message(
                f"{name}: {what} does not fit the operands' type",
                expected=f"a number that {common} can hold",
                got=repr(alpha),
            )
        )


UNARY = """
Args:
    input: a tensor.
    out: a tensor to write the result into.

Shape: that of ``input``.
"""

BINARY = """
Args:
    input, other: tensors whose shapes broadcast; one of them may be a number.
    out: a tensor to write the result into.

Shape: the broadcast of both.

Raises:
    RuntimeError: if the shapes do not broadcast.
"""


def with_arguments(doc: str, arguments: str) -> str:
    """A docstring with what functions of its kind share, before its example.

    A docstring that describes its arguments itself is left as it is.
    """
    if "Args:" in doc:
        return doc
    text, example, rest = doc.replace("\n    ", "\n").partition("Example:")
    return "\n\n".join([text.strip(), arguments.strip(), (example + rest).strip()])
