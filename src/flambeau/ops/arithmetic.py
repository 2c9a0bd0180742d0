"""Addition, subtraction, multiplication, division and their like."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.ops.elementwise import binary, unary
from flambeau.ops.elementwise_calls import OPERATORS, Operators
from flambeau.ops.operands import (
    BOOL,
    SAME,
    not_a_tensor,
    refuse_bool,
)
from flambeau.ops.publish import public
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor


def conjugate(x: Any) -> Any:
    """The complex conjugate of a tensor or number; real ones are returned as they are."""
    if isinstance(x, Tensor):
        return x.conj() if x._array.dtype.kind == "c" else x  # type: ignore[attr-defined]
    return x.conjugate()


# What PyTorch shows as the node of a function without derivative.
NO_DERIVATIVE = "torch::autograd::NotImplemented"


def no_derivative(name: str) -> Any:
    """A gradient rule for functions that PyTorch does not differentiate either.

    Results still require a gradient: that it is missing must not go unnoticed.
    """

    def rule(g: Tensor) -> Tensor:
        raise RuntimeError(
            message(
                f"{name}: the derivative is not defined",
                expected="operations that have one between the loss and what it is taken for",
                got=name,
                help="call .detach() where no gradient should flow",
            )
        )

    return rule


def zeros_like(x: Tensor) -> Tensor:
    """Zeros in the shape and type of ``x``: the gradient of functions made of steps."""
    return apply(REGISTRY["zero"], (x,))


add = binary(
    "add",
    np.add,
    alpha=True,
    direct="fiubc",
    gradient={
        "input": lambda g: g,
        "other": lambda g, alpha: g if alpha == 1 else g * conjugate(alpha),
    },
    scalar=lambda s, x, y, alpha: x + y * alpha,
    doc="""Add two tensors, or a tensor and a number, elementwise.

    :math:`out = input + alpha · other`

    Args:
        input, other: tensors whose shapes broadcast; one of them may be a number.
        alpha: a factor for ``other``.
        out: a tensor to write the result into.

    Shape: the broadcast of both.

    Raises:
        RuntimeError: if the shapes do not broadcast.

    Example:
        >>> import flambeau as fb
        >>> fb.add(fb.tensor([1., 2.]), fb.tensor([10., 20.]), alpha=2)
        tensor([21., 42.])
    """,
)

sub = binary(
    "sub",
    np.subtract,
    alpha=True,
    check=refuse_bool,
    direct="fiuc",
    gradient={
        "input": lambda g: g,
        "other": lambda g, alpha: -g if alpha == 1 else g * -conjugate(alpha),
    },
    scalar=lambda s, x, y, alpha: x - y * alpha,
    aliases=("subtract",),
    doc="""Subtract elementwise.

    :math:`out = input - alpha · other`

    Args:
        input, other: tensors whose shapes broadcast; one of them may be a number.
        alpha: a factor for ``other``.
        out: a tensor to write the result into.

    Shape: the broadcast of both.

    Raises:
        RuntimeError: if the shapes do not broadcast, or for bool tensors.

    Example:
        >>> import flambeau as fb
        >>> fb.sub(fb.tensor([3, 4]), 1)
        tensor([2, 3])
    """,
)


def _rsub(input: Any, other: Any, alpha: Any) -> Any:
    return REGISTRY["sub"].evaluate(other, input, alpha)


rsub = binary(
    "rsub",
    lambda x, y: np.subtract(y, x),
    numbers=(False, True),
    alpha=True,
    check=refuse_bool,
    direct="fiuc",
    inplace=False,
    gradient={
        "input": lambda g, alpha: -g if alpha == 1 else g * -conjugate(alpha),
        "other": lambda g: g,
    },
    scalar=lambda s, x, y, alpha: y - x * alpha,
    method=False,
    number_node="RsubBackward1",
    doc="""Subtract the first operand from the second.

    :math:`out = other - alpha · input`

    Args:
        input, other: tensors whose shapes broadcast; one of them may be a number.
        alpha: a factor for ``input``.
        out: a tensor to write the result into.

    Shape: the broadcast of both.

    Raises:
        RuntimeError: if the shapes do not broadcast, or for bool tensors.

    Example:
        >>> import flambeau as fb
        >>> fb.rsub(fb.tensor([3, 4]), 1)
        tensor([-2, -3])
    """,
)
for _name in ("rsub", "rsub_scalar"):
    REGISTRY[_name].evaluate = _rsub


def _refusing_bools(infer: Any) -> Any:
    """The shape rule of a subtraction: neither operand may be a truth value."""

    def checked(input: Any, other: Any, alpha: Any) -> Any:
        for x in (input, other):
            if x is True or x is False or getattr(x, "dtype", None) == BOOL:
                refuse_bool("sub", dtypes.bool_)
        return infer(input, other, alpha)

    return checked


for _name in ("sub", "rsub", "rsub_scalar"):
    REGISTRY[_name].infer = _refusing_bools(REGISTRY[_name].infer)
    REGISTRY[_name].strict = True
# Python calls number - tensor with the tensor first.
OPERATORS["sub"] = Operators(OPERATORS["sub"].forward, OPERATORS["rsub"].forward)

mul = binary(
    "mul",
    np.multiply,
    direct="fiubc",
    gradient={
        "input": lambda g, other: g * conjugate(other),
        "other": lambda g, input: g * conjugate(input),
    },
    scalar=lambda s, x, y: x * y,
    aliases=("multiply",),
    doc="""Multiply elementwise.

    :math:`out = input · other`

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1., 2.]) * 3
        tensor([3., 6.])
    """,
)

neg = unary(
    "neg",
    np.negative,
    kind=SAME,
    check=refuse_bool,
    gradient={"input": lambda g: -g},
    scalar=lambda s, x: -x,
    aliases=("negative",),
    doc="""The negative of each element.

    :math:`out = -input`

    Example:
        >>> import flambeau as fb
        >>> -fb.tensor([1., -2.])
        tensor([-1.,  2.])
    """,
)


@public(method=True)
def positive(input: Tensor) -> Tensor:
    """The tensor itself: what ``+x`` means.

    Raises:
        RuntimeError: for bool tensors.

    Example:
        >>> import flambeau as fb
        >>> +fb.tensor([1., -2.])
        tensor([ 1., -2.])
    """
    if not isinstance(input, Tensor):
        raise not_a_tensor("positive", input)
    refuse_bool("positive", input.dtype)
    return input
