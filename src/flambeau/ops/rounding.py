"""Rounding to integers, and what is left of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.ops.arithmetic import zeros_like
from flambeau.ops.elementwise import elementwise, unary
from flambeau.ops.operands import SAME, only_floating, refuse_bool_and_complex
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.tensor import Tensor


def _unless_integer(function: Any) -> Any:
    """Integers are round already; they are copied."""
    return lambda x: function(x) if x.dtype.kind == "f" else x.copy()


def _rounding(
    name: str, function: Any, what: str, answer: str, scalar: Any, aliases: tuple[str, ...] = ()
) -> Any:
    return unary(
        name,
        _unless_integer(function),
        kind=SAME,
        check=refuse_bool_and_complex,
        gradient={"input": lambda g: zeros_like(g)},
        scalar=scalar,
        aliases=aliases,
        doc=f"""Round each element {what}; integers stay what they are.

    The gradient is 0.

    Example:
        >>> import flambeau as fb
        >>> fb.{name}(fb.tensor([1.5, -1.5]))
        tensor([{answer}])
    """,
    )


floor = _rounding("floor", np.floor, "down", " 1., -2.", lambda s, x: s.floor(x))
ceil = _rounding("ceil", np.ceil, "up", " 2., -1.", lambda s, x: s.ceil(x))
trunc = _rounding(
    "trunc", np.trunc, "towards zero", " 1., -1.", lambda s, x: s.trunc(x), aliases=("fix",)
)
_round = _rounding("round", np.rint, "to the nearest integer", " 2., -2.", lambda s, x: s.round(x))
_round_in_place = PUBLIC["round_"]


def _round_decimals(x: np.ndarray, decimals: int) -> np.ndarray:
    power = x.dtype.type(10.0 ** abs(decimals))
    return np.rint(x * power) / power if decimals > 0 else np.rint(x / power) * power


def _round_decimals_scalar(s: Any, x: Any, decimals: int) -> Any:
    power = 10.0 ** abs(decimals)
    return s.round(x * power) / power if decimals > 0 else s.round(x / power) * power


ROUND_DECIMALS = elementwise(
    "round_decimals",
    _round_decimals,
    params="decimals",
    check=only_floating,
    gradient={"input": lambda g: zeros_like(g)},
    scalar=_round_decimals_scalar,
    samples=lambda make: [
        make.sample(inputs=(make.tensor(shape),), params=(decimals,))
        for shape in ((), (0,), (2, 3))
        for decimals in (2, -1)
    ],
    node_name="RoundBackward1",
)


@public("round", method=True)
def round(input: Tensor, *, decimals: int = 0, out: Tensor | None = None) -> Tensor:
    """Round each element to the nearest integer, or to some decimal place; halves to even.

    The gradient is 0.

    Args:
        input: a tensor; integers stay what they are.
        decimals: how many digits to keep after the decimal point; negative to round before it.
            Only for floating-point tensors unless 0.
        out: a tensor to write the result into.

    Shape: that of ``input``.

    Raises:
        RuntimeError: for bool and complex tensors, and for integers with ``decimals``.

    Example:
        >>> import flambeau as fb
        >>> fb.round(fb.tensor([0.5, 1.5, 2.4])), fb.round(fb.tensor([0.126]), decimals=2)
        (tensor([0., 2., 2.]), tensor([0.1300]))
    """
    if decimals == 0:
        return _round(input, out=out)
    result = apply(ROUND_DECIMALS, (input,), (int(decimals),))
    return result if out is None else write_out("round", out, result)


@public("round_", method=True)
def round_(input: Tensor, *, decimals: int = 0) -> Tensor:
    """In-place version of :func:`flambeau.round`; returns the tensor itself."""
    if decimals == 0:
        return _round_in_place(input)
    return apply_inplace(ROUND_DECIMALS, input, (), (int(decimals),))


frac = unary(
    "frac",
    lambda x: x - np.trunc(x),
    kind=SAME,
    check=only_floating,
    gradient={"input": lambda g: g},
    scalar=lambda s, x: x - s.trunc(x),
    doc="""The part of each element after the decimal point, with its sign.

    :math:`out = input - trunc(input)`

    Example:
        >>> import flambeau as fb
        >>> fb.frac(fb.tensor([1.5, -2.25]))
        tensor([ 0.5000, -0.2500])
    """,
)
