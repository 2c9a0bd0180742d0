"""Makers of elementwise operations: one call is one record and its public function.

The functions made here are the eager hot path. Where two operands have one type and nobody
interprets the call, they go straight to NumPy; every other case goes through
:func:`flambeau.tensor.dispatch.apply`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.shapes import broadcast
from flambeau.core.spec import Spec, elementwise_strides
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

# How the type in which an operation computes follows from its operands' common type.
SAME, FLOAT = "same", "float"

# Which operands of a two-operand function want a gradient.
BOTH, FIRST, SECOND = (True, True), (True, False), (False, True)

_REDUCED = (dtypes.float16.numpy, dtypes.bfloat16.numpy)
_NUMBERS = (int, float, complex)  # bool is an int


def computing_type(operands: tuple[Any, ...], kind: str) -> np.dtype:
    """The type that operands are converted to before the operation."""
    common = dtypes.result_numpy(operands)
    return dtypes.as_floating(common) if kind == FLOAT else common


def converted(operands: tuple[Any, ...], kind: str) -> tuple[list[Any], np.dtype]:
    """Operands in their computing type, and the type of a result that keeps it.

    A number beside a float16 or bfloat16 tensor is not rounded to that type first: the
    operation is computed in float32 and rounded once, as PyTorch does.
    """
    common = computing_type(operands, kind)
    compute = common
    if common in _REDUCED and not all(hasattr(x, "ndim") for x in operands):
        compute = dtypes.float32.numpy
    return [_as_type(x, compute) for x in operands], common


def _as_type(x: Any, numpy_type: np.dtype) -> Any:
    if hasattr(x, "ndim"):
        return x if x.dtype == numpy_type else x.astype(numpy_type)
    if numpy_type.kind in "iu":  # numbers out of range wrap around, as a conversion would
        return np.asarray(x).astype(numpy_type)
    return numpy_type.type(x)


def elementwise_evaluate(function: Callable, kind: str, keeps_type: bool) -> Callable:
    """The NumPy meaning of an elementwise operation over operands of any types."""

    def evaluate(*operands: Any) -> Any:
        values, common = converted(operands, kind)
        result = function(*values)
        return result.astype(common) if keeps_type and result.dtype != common else result

    return evaluate


def elementwise_infer(name: str, kind: str, output: Any = None, check: Any = None) -> Callable:
    """The shape and type rule of an elementwise operation.

    Args:
        name: for errors.
        kind: ``SAME`` or ``FLOAT``.
        output: the NumPy type of the result, or a function from the computing type to it, where
            it is not the computing type.
        check: called with the common type's :class:`~flambeau.core.dtypes.dtype`; raises.
    """

    def infer(*operands: Any) -> Spec:
        arrays = [x for x in operands if hasattr(x, "ndim")]
        shape = broadcast(name, *[x.shape for x in arrays])
        common = computing_type(operands, kind)
        if check is not None:
            check(name, dtypes.of(dtypes.result_numpy(operands)))
        result = common if output is None else output(common) if callable(output) else output
        strides = elementwise_strides(shape, arrays)
        if strides is not None:
            strides = tuple(s * result.itemsize for s in strides)
        return Spec(shape, result, strides)

    return infer


def refuse_bool(name: str, common: dtypes.dtype) -> None:
    """For operations that have no meaning on truth values."""
    if common.category == dtypes.BOOL:
        raise RuntimeError(
            message(
                f"{name}: not defined on bool tensors",
                expected="numbers",
                got="torch.bool",
                help="convert with .int() or .float(), or use logical operations",
            )
        )


def refuse_complex(name: str, common: dtypes.dtype) -> None:
    """For operations that need an order, or are only defined on real numbers."""
    if common.category == dtypes.COMPLEX:
        raise RuntimeError(
            message(
                f"{name}: not defined on complex tensors",
                expected="real numbers",
                got=str(common),
                help="take .real, .imag or .abs() first",
            )
        )


def refuse_floating(name: str, common: dtypes.dtype) -> None:
    """For operations on bits."""
    if common.category > dtypes.INTEGER:
        raise RuntimeError(
            message(
                f"{name}: only defined on integer and bool tensors",
                expected="integers or truth values",
                got=str(common),
            )
        )


def as_operand(name: str, x: Any) -> Any:
    """A tensor or a Python number from what a user wrote.

    Raises:
        TypeError: for anything else, arrays included.
    """
    if isinstance(x, (Tensor, _NUMBERS)):
        return x
    if isinstance(x, np.generic):
        return x.item()
    raise TypeError(
        message(
            f"{name}: not a tensor or a number",
            expected="a tensor or a Python number",
            got=type(x).__name__,
            help="make a tensor of it with flambeau.tensor(...)",
        )
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
    method: bool = True,
    inplace: bool = True,
    aliases: tuple[str, ...] = (),
    node_name: str | None = None,
) -> Callable[..., Tensor]:
    """Define an elementwise function of one tensor.

    Args:
        name: PyTorch's name.
        function: NumPy's meaning on an array of the computing type.
        doc: the docstring.
        gradient: rules over ``g``, ``input`` and ``out``; ``None`` where it is not differentiable.
        scalar: the compiler's meaning.
        kind: ``SAME``, or ``FLOAT`` to compute integers in the default floating type.
        output: type of the result where it differs, such as ``numpy.bool``.
        check: raises for types that it does not take.
        domain: where the contract tests sample it.
        method, inplace: whether ``Tensor.name`` and ``name_`` exist.
        aliases: PyTorch's other names.
    """
    np_float32, np_float64 = dtypes.float32.numpy, dtypes.float64.numpy
    ufunc = function if isinstance(function, np.ufunc) else None
    op = Operation(
        name,
        inputs="input",
        evaluate=elementwise_evaluate(function, kind, output is None),
        infer=elementwise_infer(name, kind, output, check),
        gradient=gradient,
        scalar=scalar,
        ufunc=ufunc if output is None else None,
        strict=check is not None,
        samples=lambda make: make.unary(domain, floating=kind == FLOAT),
        node_name=node_name,
    )
    differentiable = gradient is not None

    def call(input: Tensor, *, out: Tensor | None = None) -> Tensor:
        if MODE.code < INTERPRETED and out is None:
            try:
                array = input._array
                kind_of = array.dtype
                if kind_of is np_float32 or kind_of is np_float64:
                    result = function(array)
                    if result.__class__ is not ndarray:
                        result = np.asarray(result)
                    tensor = _new(Tensor)
                    tensor._array = result
                    tensor._node = None
                    tensor._requires = False
                    tensor._view = None
                    tensor._counter = None
                    if differentiable and MODE.code and (input._requires or input._view is not None):
                        attach(op, (input,), (), tensor)
                    return tensor
            except (AttributeError, RuntimeWarning, FloatingPointError):
                pass  # apply() says what is wrong, or computes it quietly
        if not isinstance(input, Tensor):
            raise _not_a_tensor(name, input)
        result = apply(op, (input,))
        return result if out is None else write_out(name, out, result)

    return publish(call, op, doc, method=method, inplace=inplace, aliases=aliases)


def _not_a_tensor(name: str, x: Any) -> TypeError:
    return TypeError(
        message(
            f"{name}: not a tensor",
            expected="a tensor",
            got=type(x).__name__,
            help="make one with flambeau.tensor(...)",
        )
    )


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
    direct: str = "fiub",
    alpha: bool = False,
    domain: tuple[float, float] = (-3.0, 3.0),
    second_domain: tuple[float, float] | None = None,
    method: bool = True,
    inplace: bool = True,
    aliases: tuple[str, ...] = (),
    node_name: str | None = None,
) -> Callable[..., Tensor]:
    """Define an elementwise function of two operands, of which one may be a Python number.

    Args:
        name: PyTorch's name.
        function: NumPy's meaning on two operands of the computing type.
        doc: the docstring.
        gradient: rules over ``g``, ``input``, ``other`` and ``out``.
        direct: type kinds (NumPy's ``dtype.kind``) on which ``function`` may be called at once
            when both operands are tensors of one type.
        alpha: whether ``other`` may be multiplied by a keyword argument ``alpha``; ``function``
            then still is the meaning for ``alpha=1``.
        domain, second_domain: where the contract tests sample the operands.
        scalar, kind, output, check, method, inplace, aliases, node_name: as for :func:`unary`.
    """
    np_float32 = dtypes.float32.numpy
    ufunc = function if isinstance(function, np.ufunc) else None
    evaluate = elementwise_evaluate(function, kind, output is None)
    infer = elementwise_infer(name, kind, output, check)
    op = Operation(
        name,
        inputs="input other",
        params="alpha" if alpha else "",
        evaluate=with_alpha(evaluate) if alpha else evaluate,
        infer=(lambda input, other, alpha: infer(input, other)) if alpha else infer,
        gradient=gradient,
        scalar=scalar,
        ufunc=ufunc if output is None and kind == SAME else None,
        strict=check is not None,
        samples=lambda make: make.binary(domain, second_domain or domain),
        node_name=node_name,
    )
    differentiable = gradient is not None
    plans = op.plans
    constants = (1,) if alpha else ()

    def call(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
        code = MODE.code
        if code < INTERPRETED and out is None:
            try:
                a = input._array
                b = other._array
                kind_of = a.dtype
                if kind_of is b.dtype and (kind_of is np_float32 or kind_of.kind in direct):
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
            except (AttributeError, ValueError, TypeError, RuntimeWarning, FloatingPointError):
                pass  # apply() says what is wrong, or computes it quietly
        result = apply(op, (as_operand(name, input), as_operand(name, other)), constants)
        return result if out is None else write_out(name, out, result)

    call.__name__ = call.__qualname__ = name
    OPERATORS[name] = call
    function_of = _taking_alpha(op, call) if alpha else call
    return publish(function_of, op, doc, method=method, inplace=inplace, aliases=aliases)


# The two-operand functions without keyword arguments, for Python's operators.
OPERATORS: dict[str, Callable[..., Any]] = {}


def with_alpha(evaluate: Callable) -> Callable:
    """The NumPy meaning of ``input op alpha * other``."""

    def scaled(input: Any, other: Any, alpha: Any) -> Any:
        if alpha == 1:
            return evaluate(input, other)
        common = computing_type((input, other), SAME)
        factor = _as_type(alpha, dtypes.float32.numpy if common in _REDUCED else common)
        other = _as_type(other, common) * factor
        return evaluate(input, other).astype(common, copy=False)

    return scaled


def _taking_alpha(op: Operation, call: Callable) -> Callable:
    name = op.name

    def function(input: Any, other: Any, *, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
        if alpha.__class__ is int and alpha == 1:
            return call(input, other, out=out)
        operands = as_operand(name, input), as_operand(name, other)
        check_alpha(name, operands, alpha)
        result = apply(op, operands, (alpha,))
        return result if out is None else write_out(name, out, result)

    return function


def check_alpha(name: str, operands: tuple[Any, ...], alpha: Any) -> None:
    """``alpha`` must not have a higher category than the result."""
    common = dtypes.of(computing_type(tuple(getattr(x, "_array", x) for x in operands), SAME))
    if dtypes.of_number(alpha).category > common.category:
        raise RuntimeError(
            message(
                f"{name}: alpha does not fit the operands' type",
                expected=f"a number that {common} can hold",
                got=repr(alpha),
            )
        )
