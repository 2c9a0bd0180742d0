"""Maker of view operations: the shape rule is the operation itself, carried out without data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.tensor.dispatch import apply, attach
from flambeau.tensor.graph import SEQUENCE, Node
from flambeau.tensor.modes import ANOMALY, INTERPRETED, MODE
from flambeau.tensor.operation import Gradient, Operation
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import ORDINARY, SEVERAL, note_view, refresh

_new = object.__new__
_ONE = (True,)


def view_operation(
    name: str,
    evaluate: Callable[..., Any],
    *,
    params: str = "",
    gradient: Gradient,
    infer: Callable[..., Any] | None = None,
    samples: Callable | None = None,
    node_name: str | None = None,
    decompose: Callable | None = None,
    check: Callable[..., None] | None = None,
) -> Operation:
    """Define an operation whose output shares its input's memory.

    Args:
        name: PyTorch's name.
        evaluate: array and parameters to a view of the array (or a tuple of views). It must only
            move strides: it is also run on an array without data to learn the output's layout.
        params: names of the parameters.
        gradient: rules over ``g``, ``input_shape`` and the parameters. They return a gradient of
            exactly the input's shape, also where the operation broadcasts.
        infer: the shape rule, where ``evaluate`` cannot be carried out without data.
        samples: for the contract tests.
        node_name: name of the graph node.
        decompose: the same in simpler operations.
        check: called with a spec or array and the parameters before anything; raises.
    """

    def carried_out(input: Any, *params: Any) -> Any:
        if check is not None:
            check(input, *params)
        if not isinstance(input, np.ndarray):
            input = Spec(input.shape, input.dtype, input.strides).meta()
        out = evaluate(input, *params)
        if out.__class__ is tuple:
            return tuple(spec_of(o) for o in out)
        return spec_of(out)

    return Operation(
        name,
        inputs="input",
        params=params,
        evaluate=evaluate,
        infer=infer or carried_out,
        gradient=gradient,
        view=True,
        strict=check is not None,
        samples=samples,
        node_name=node_name,
        decompose=decompose,
    )


def spec_of(array: np.ndarray) -> Spec:
    """What is known of an array without its values."""
    return Spec(array.shape, array.dtype, array.strides)


def view_of(op: Operation, input: Tensor, params: tuple[Any, ...]) -> Tensor:
    """Take a view whose arguments are known to be right: :func:`apply`, but quicker.

    Args:
        op: a record made by :func:`view_operation` with one output that always shares memory.
        input: the tensor.
        params: the parameters, normalised.
    """
    if MODE.code & INTERPRETED:
        return apply(op, (input,), params)
    return view_over(op, input, op.evaluate(input._array, *params), params)


def view_over(op: Operation, input: Tensor, array: np.ndarray, params: tuple[Any, ...]) -> Tensor:
    """The view that an array, made by evaluating ``op`` on the tensor's own, becomes."""
    code = MODE.code
    tensor = _new(Tensor)
    tensor._array = array
    tensor._node = None
    tensor._requires = False
    if code:
        if code & ANOMALY:
            note_view(tensor, input, op, params, ORDINARY)
            attach(op, (input,), params, tensor)
            return tensor
        if input._view is not None:
            refresh(input)
        if input._requires:
            tensor._node = node = _new(Node)
            tensor._requires = True
            node.plan = plan = op.plans.get(_ONE) or op.plan(_ONE)
            node.edges = (input._node or input,)
            node.hooks = None
            node.sequence = next(SEQUENCE)
            node.shape = array.shape
            node.dtype = array.dtype
            node.versions = None
            node.saved = plan.save((input,), tensor, params)
    note_view(tensor, input, op, params, ORDINARY)
    return tensor


def views_of(op: Operation, input: Tensor, params: tuple[Any, ...]) -> tuple[Tensor, ...]:
    """Take several views by one operation, whose arguments are known to be right."""
    code = MODE.code
    if code & INTERPRETED:
        return apply(op, (input,), params)
    outs = []
    for array in op.evaluate(input._array, *params):
        tensor = _new(Tensor)
        tensor._array = array
        tensor._node = None
        tensor._requires = False
        note_view(tensor, input, op, params, SEVERAL)
        outs.append(tensor)
    result = tuple(outs)
    if code and result:
        attach(op, (input,), params, result)
    return result


def require_tensor(name: str, input: Any) -> Any:
    """The array of a tensor.

    Raises:
        TypeError: if ``input`` is not a tensor.
    """
    if not isinstance(input, Tensor):
        raise TypeError(
            message(
                f"{name}: not a tensor",
                expected="a tensor",
                got=type(input).__name__,
                help="make one with flambeau.tensor(...)",
            )
        )
    return input._array
