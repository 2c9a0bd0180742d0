"""Makers of the elementwise functions that only :mod:`flambeau.special` has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.ops.elementwise import BINARY, UNARY, elementwise, with_arguments
from flambeau.ops.elementwise_calls import Overloads, binary_call, explained, unary_call
from flambeau.ops.elementwise_samples import of_one, of_two
from flambeau.ops.operands import FLOAT, refuse_complex
from flambeau.ops.publish import name_second
from flambeau.tensor.operation import Gradient
from flambeau.tensor.tensor import Tensor

Meaning = Callable[..., np.ndarray]


def in_double(function: Meaning) -> Meaning:
    """A function of float64 arrays for floating-point arrays of any type."""

    def widened(*arrays: np.ndarray) -> np.ndarray:
        kind = arrays[0].dtype
        wide = [np.asarray(x, np.float64) for x in arrays]
        return np.asarray(function(*wide)).astype(kind, copy=False)

    return widened


def _named(function: Any, name: str, doc: str) -> Any:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    function.__module__ = "flambeau.special"
    return function


def special_unary(
    name: str,
    function: Meaning,
    *,
    doc: str,
    gradient: Gradient = None,
    scalar: Callable | None = None,
    domain: tuple[float, float] = (-3.0, 3.0),
) -> Callable[..., Tensor]:
    """Define an elementwise function of one tensor.

    Args:
        name: its name in :mod:`flambeau.special`.
        function: NumPy's meaning on float64 arrays.
        doc, gradient, scalar, domain: as for :func:`flambeau.ops.elementwise.unary`.
    """
    meaning = in_double(function)
    op = elementwise(
        f"special_{name}",
        meaning,
        kind=FLOAT,
        check=refuse_complex,
        gradient=gradient,
        scalar=scalar,
        samples=of_one(domain),
    )
    return _named(unary_call(op, meaning), name, with_arguments(doc, UNARY))


def special_binary(
    name: str,
    function: Meaning,
    *,
    doc: str,
    gradient: Gradient = None,
    scalar: Callable | None = None,
    domain: tuple[float, float] = (0.3, 3.0),
    second_domain: tuple[float, float] = (0.3, 3.0),
    second: str = "other",
    samples: Callable | None = None,
    record: str | None = None,
) -> Callable[..., Tensor]:
    """Define an elementwise function of two operands, of which one may be a number.

    Args:
        name: its name in :mod:`flambeau.special`.
        function: NumPy's meaning on float64 arrays.
        second: the name of the second operand.
        record: the record's name, if it is another.
        doc, gradient, scalar, domain, second_domain, samples: as for
            :func:`flambeau.ops.elementwise.binary`.
    """
    meaning = in_double(function)
    op = elementwise(
        record or f"special_{name}",
        meaning,
        inputs="input other",
        kind=FLOAT,
        check=refuse_complex,
        gradient=gradient,
        scalar=scalar,
        samples=samples or of_two(domain, second_domain),
    )
    ops = Overloads(op)
    call = binary_call(ops, meaning, None, "", (), explained(ops, (), (True, True), False))
    name_second(call, second)
    return _named(call, name, with_arguments(doc, BINARY.replace("other", second)))
