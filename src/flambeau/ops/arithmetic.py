"""Addition, subtraction, multiplication, division and their like."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.ops.elementwise import FLOAT, OPERATORS, SAME, binary, refuse_bool, unary
from flambeau.tensor.tensor import Tensor


def conjugate(x: Any) -> Any:
    """The complex conjugate of a tensor or number; real ones are returned as they are."""
    if isinstance(x, Tensor):
        return x.conj() if x._array.dtype.kind == "c" else x  # type: ignore[attr-defined]
    return x.conjugate()


add = binary(
    "add",
    np.add,
    alpha=True,
    gradient={
        "input": lambda g: g,
        "other": lambda g, alpha: g if alpha == 1 else g * conjugate(alpha),
    },
    scalar=lambda s, x, y, alpha: x + y * alpha,
    doc="""Add two tensors, or a tensor and a number, elementwise.

    :math:`out = input + alpha · other`

    Args:
        input: a tensor or number.
        other: a tensor or number that broadcasts with it.
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
    direct="fiu",
    gradient={
        "input": lambda g: g,
        "other": lambda g, alpha: -g if alpha == 1 else g * -conjugate(alpha),
    },
    scalar=lambda s, x, y, alpha: x - y * alpha,
    aliases=("subtract",),
    doc="""Subtract elementwise.

    :math:`out = input - alpha · other`

    Args:
        input: a tensor or number.
        other: a tensor or number that broadcasts with it.
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

    Args:
        input: a tensor or number.
        other: a tensor or number that broadcasts with it.
        out: a tensor to write the result into.

    Shape: the broadcast of both.

    Raises:
        RuntimeError: if the shapes do not broadcast.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1., 2.]) * 3
        tensor([3., 6.])
    """,
)

_divide = binary(
    "div",
    np.true_divide,
    kind=FLOAT,
    direct="f",
    gradient={
        "input": lambda g, other: g / conjugate(other),
        "other": lambda g, input, other: -g * conjugate(input / other / other),
    },
    scalar=lambda s, x, y: x / y,
    second_domain=(0.5, 3.0),
    aliases=("true_divide",),
    doc="""Divide elementwise.""",
)
div = _divide

neg = unary(
    "neg",
    np.negative,
    kind=SAME,
    check=refuse_bool,
    gradient={"input": lambda g: -g},
    scalar=lambda s, x: -x,
    aliases=("negative",),
    doc="""The negative of each element.

    Example:
        >>> import flambeau as fb
        >>> -fb.tensor([1., -2.])
        tensor([-1.,  2.])
    """,
)

__all__ = ["add", "conjugate", "div", "mul", "neg", "sub"]
_ = OPERATORS, dtypes
