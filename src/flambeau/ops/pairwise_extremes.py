"""The larger and the smaller of two elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.ops.elementwise import binary
from flambeau.ops.operands import (
    refuse_complex,
)
from flambeau.ops.selection import where
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor


def _extreme_gradient(better: Any) -> Any:
    """At a tie half of the gradient goes to each; a nan that stands on either side takes all."""
    return {
        "input": lambda g, input, other: _share(g, input == other, better(other, input)),
        "other": lambda g, input, other: _share(g, input == other, better(input, other)),
    }


def _share(g: Tensor, tie: Tensor, lost: Tensor) -> Tensor:
    return where(tie, g / 2, where(lost, 0, g))


maximum = binary(
    "maximum",
    np.maximum,
    numbers=(False, False),
    check=refuse_complex,
    direct="fiub",
    inplace=False,
    gradient=_extreme_gradient(lambda x, y: x > y),
    scalar=lambda s, x, y: s.maximum(x, y),
    doc="""The larger of two elements; nan if either is nan.

    At a tie each operand gets half of the gradient.

    Example:
        >>> import flambeau as fb
        >>> fb.maximum(fb.tensor([1., 5.]), fb.tensor([3., 2.]))
        tensor([3., 5.])
    """,
)

minimum = binary(
    "minimum",
    np.minimum,
    numbers=(False, False),
    check=refuse_complex,
    direct="fiub",
    inplace=False,
    gradient=_extreme_gradient(lambda x, y: x < y),
    scalar=lambda s, x, y: s.minimum(x, y),
    doc="""The smaller of two elements; nan if either is nan.

    At a tie each operand gets half of the gradient.

    Example:
        >>> import flambeau as fb
        >>> fb.minimum(fb.tensor([1., 5.]), fb.tensor([3., 2.]))
        tensor([1., 2.])
    """,
)


def _isnan(x: Tensor) -> Tensor:
    return apply(REGISTRY["isnan"], (x,))


def _chosen_gradient(at_least: Any) -> Any:
    """At a tie the gradient goes to ``input``; a nan gives way to the other operand."""
    return {
        "input": lambda g, input, other: where(at_least(input, other) | _isnan(other), g, 0),
        "other": lambda g, input, other: where(at_least(input, other) | _isnan(other), 0, g),
    }


fmax = binary(
    "fmax",
    np.fmax,
    numbers=(False, False),
    check=refuse_complex,
    direct="fiub",
    inplace=False,
    gradient=_chosen_gradient(lambda x, y: x >= y),
    scalar=lambda s, x, y: s.where(s.isnan(x), y, s.where(s.isnan(y), x, s.maximum(x, y))),
    doc="""The larger of two elements; if one of them is nan, the other.

    At a tie the gradient goes to ``input``.

    Example:
        >>> import flambeau as fb
        >>> fb.fmax(fb.tensor([1., float("nan")]), fb.tensor([3., 2.]))
        tensor([3., 2.])
    """,
)

fmin = binary(
    "fmin",
    np.fmin,
    numbers=(False, False),
    check=refuse_complex,
    direct="fiub",
    inplace=False,
    gradient=_chosen_gradient(lambda x, y: x <= y),
    scalar=lambda s, x, y: s.where(s.isnan(x), y, s.where(s.isnan(y), x, s.minimum(x, y))),
    doc="""The smaller of two elements; if one of them is nan, the other.

    At a tie the gradient goes to ``input``.

    Example:
        >>> import flambeau as fb
        >>> fb.fmin(fb.tensor([1., float("nan")]), fb.tensor([3., 2.]))
        tensor([1., 2.])
    """,
)
