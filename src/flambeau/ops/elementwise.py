"""Makers of elementwise operations: one call is one record and its public function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.ops.elementwise_calls import (
    OPERATORS,
    Operators,
    Overloads,
    binary_call,
    explained,
    left_to_apply,
    left_to_python,
    reflected,
    taking_alpha,
    unary_call,
    with_alpha,
)
from flambeau.ops.elementwise_samples import from_number, of_one, of_two, with_number
from flambeau.ops.large import in_one_sweep
from flambeau.ops.operands import (
    FLOAT,
    SAME,
    elementwise_evaluate,
    elementwise_infer,
)
from flambeau.ops.publish import publish
from flambeau.tensor.operation import Gradient, Operation
from flambeau.tensor.tensor import Tensor


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
    if output is None:
        function = in_one_sweep(name, function, scalar, count)
    return Operation(
        name,
        inputs=inputs,
        params=params,
        evaluate=elementwise_evaluate(name, function, kind, output, check, count),
        infer=elementwise_infer(name, kind, output, check, count),
        gradient=gradient,
        scalar=scalar,
        ufunc=ufunc,
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
    direct: tuple[Callable, Callable] | None = None,
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
        direct: NumPy's meaning on float32 and on float64 arrays, where these are quicker.
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
    meanings = direct or (function,)
    if output is None:
        meanings = tuple(in_one_sweep(name, each, scalar, 1) for each in meanings)
    call = unary_call(op, *meanings)
    doc = with_arguments(doc, UNARY)
    return publish(call, op, doc, method=method, inplace=inplace, aliases=aliases)


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
    both: bool = True,
    domain: tuple[float, float] = (-3.0, 3.0),
    second_domain: tuple[float, float] | None = None,
    samples: Callable | None = None,
    method: bool = True,
    inplace: bool = True,
    aliases: tuple[str, ...] = (),
    node_name: str | None = None,
    number_node: str | None = None,
    from_number_node: str | None = None,
    second: str = "other",
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
        both: whether both may be at once.
        domain, second_domain, samples: where the contract tests sample the operands.
        number_node, from_number_node: the graph node's name where the second, or the first,
            operand is a number and PyTorch has another name for that; each is a record of its
            own (``name_scalar``, ``scalar_name``).
        second: PyTorch's name for the second operand.
        scalar, kind, output, check, method, inplace, aliases, node_name: as for :func:`unary`.
    """

    def record(record_name: str, samples: Callable, node: str | None) -> Operation:
        evaluate = elementwise_evaluate(name, function, kind, output, check)
        infer = elementwise_infer(name, kind, output, check)
        return Operation(
            record_name,
            inputs="input other",
            params="alpha" if alpha else "",
            evaluate=with_alpha(evaluate, function) if alpha else evaluate,
            infer=(lambda input, other, alpha: infer(input, other)) if alpha else infer,
            gradient=gradient,
            scalar=scalar,
            ufunc=ufunc if output is None and kind == SAME else None,
            samples=samples,
            node_name=node,
        )

    ufunc = function if isinstance(function, np.ufunc) else None
    if output is None and not alpha:
        function = in_one_sweep(name, function, scalar, 2)
    other_domain = second_domain or domain
    constants = (1,) if alpha else ()
    op = record(name, samples or of_two(domain, other_domain, constants), node_name)
    ops = Overloads(op)
    if number_node is not None:
        ops.number = record(
            f"{name}_scalar", with_number(domain, other_domain, constants), number_node
        )
    if from_number_node is not None:
        ops.from_number = record(
            f"scalar_{name}", from_number(domain, other_domain, constants), from_number_node
        )
    if not numbers[1]:
        by_number = left_to_apply
    meaning = function, by_number, direct.replace("f", ""), constants
    call = binary_call(ops, *meaning, otherwise=explained(ops, constants, numbers, both))
    OPERATORS[name] = Operators(
        binary_call(ops, *meaning, otherwise=left_to_python(ops, constants)),
        reflected(ops, function, constants),
    )
    function_of = taking_alpha(ops, call) if alpha else call
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
        second=second,
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
