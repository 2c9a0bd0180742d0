"""Quotients, rounded or not, and what divisions leave."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.ops.arithmetic import NO_DERIVATIVE, conjugate, no_derivative, zeros_like
from flambeau.ops.elementwise import binary, elementwise, unary
from flambeau.ops.elementwise_calls import OPERATORS, Operators, is_operand
from flambeau.ops.elementwise_samples import of_two, of_two_integers
from flambeau.ops.operands import (
    FLOAT,
    as_operand,
    only_integers,
    refuse_bool_and_complex,
)
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.tensor import Tensor

_divide = binary(
    "div",
    np.true_divide,
    kind=FLOAT,
    direct="fc",
    gradient={
        "input": lambda g, other: g / conjugate(other),
        "other": lambda g, input, other: -g * conjugate(input / other / other),
    },
    scalar=lambda s, x, y: x / y,
    second_domain=(0.5, 3.0),
    doc="""Divide elementwise, without rounding the quotient.

    :math:`out = input / other`

    Example:
        >>> import flambeau as fb
        >>> fb.true_divide(fb.tensor([7, -7]), 2)
        tensor([ 3.5000, -3.5000])
    """,
)


def _check_divisor(name: str, y: np.ndarray) -> None:
    """Integers have no infinity that a division by zero could give."""
    if y.dtype.kind in "iu" and not np.all(y):
        raise RuntimeError(
            message(
                f"{name}: ZeroDivisionError",
                expected="integer divisors other than 0",
                got="a divisor 0",
                help="convert to floating point, where x / 0 is inf or nan",
            )
        )


def _divide_down(name: str) -> Any:
    def floor_divide(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        if y.dtype.kind == "f":
            return np.floor_divide(x, y)
        _check_divisor(name, y)
        return np.floor_divide(x, y)

    return floor_divide


def _divide_truncating(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    if y.dtype.kind == "f":
        return np.trunc(np.true_divide(x, y))
    _check_divisor("div", y)
    return np.floor_divide(x - np.fmod(x, y), y)  # exact: the rest is gone


def _rounding_samples(make: Any) -> list[Any]:
    return [
        sample
        for mode in ("trunc", "floor")
        for sample in of_two((-3.0, 3.0), (0.5, 3.0), (mode,))(make)
    ]


def _divide_rounding(x: np.ndarray, y: np.ndarray, rounding_mode: str) -> np.ndarray:
    return _divide_truncating(x, y) if rounding_mode == "trunc" else _divide_down("div")(x, y)


DIV_ROUNDING = elementwise(
    "div_rounding",
    _divide_rounding,
    inputs="input other",
    params="rounding_mode",
    check=refuse_bool_and_complex,
    gradient={"input": lambda g: zeros_like(g), "other": lambda g: zeros_like(g)},
    scalar=lambda s, x, y, rounding_mode: (
        s.trunc_divide(x, y) if rounding_mode == "trunc" else s.floor_divide(x, y)
    ),
    samples=_rounding_samples,
    node_name="DivBackward2",
)


def _check_rounding_mode(rounding_mode: Any) -> None:
    if rounding_mode not in ("trunc", "floor"):
        raise RuntimeError(
            message(
                "div: unknown rounding_mode",
                expected="None, 'trunc' or 'floor'",
                got=repr(rounding_mode),
            )
        )


@public("div", method=True, aliases=("divide",))
def div(
    input: Any, other: Any, *, rounding_mode: str | None = None, out: Tensor | None = None
) -> Tensor:
    """Divide elementwise, and round the quotient if asked to.

    :math:`out = input / other`

    Args:
        input, other: tensors whose shapes broadcast; one of them may be a number.
        rounding_mode: ``None`` for the quotient itself, of a floating-point type even for
            integers; ``"trunc"`` to round towards zero, ``"floor"`` to round down, both of
            which keep integers.
        out: a tensor to write the result into.

    Shape: the broadcast of both.

    Raises:
        RuntimeError: if the shapes do not broadcast, or integers are divided by 0 and rounded.

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor([7, -7])
        >>> x / 2, fb.div(x, 2, rounding_mode="trunc"), fb.div(x, 2, rounding_mode="floor")
        (tensor([ 3.5000, -3.5000]), tensor([ 3, -3]), tensor([ 3, -4]))
    """
    if rounding_mode is None:
        return _divide(input, other, out=out)
    _check_rounding_mode(rounding_mode)
    operands = as_operand("div", input), as_operand("div", other)
    result = apply(DIV_ROUNDING, operands, (rounding_mode,))
    return result if out is None else write_out("div", out, result)


_divide_in_place = PUBLIC["div_"]


@public("div_", method=True, function=False, aliases=("divide_",))
def div_(input: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """In-place version of :func:`flambeau.div`; returns the tensor itself."""
    if rounding_mode is None:
        return _divide_in_place(input, other)
    _check_rounding_mode(rounding_mode)
    return apply_inplace(DIV_ROUNDING, input, (as_operand("div_", other),), (rounding_mode,))


PUBLIC["true_divide"] = Tensor.true_divide = _divide  # type: ignore[attr-defined]
Tensor.true_divide_ = _divide_in_place  # type: ignore[attr-defined]


floor_divide = binary(
    "floor_divide",
    _divide_down("floor_divide"),
    check=refuse_bool_and_complex,
    gradient={"input": no_derivative("floor_divide"), "other": no_derivative("floor_divide")},
    scalar=lambda s, x, y: x // y,
    samples=of_two((-3.0, 3.0), (0.5, 3.0), smooth=False),
    node_name=NO_DERIVATIVE,
    doc="""Divide elementwise and round down.

    :math:`out = ⌊input / other⌋`

    Args:
        input, other: tensors whose shapes broadcast; one of them may be a number.
        out: a tensor to write the result into.

    Shape: the broadcast of both.

    Raises:
        RuntimeError: if the shapes do not broadcast, or integers are divided by 0.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([7, -7]) // 2
        tensor([ 3, -4])
    """,
)


def _remainder(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    if y.dtype.kind != "f":
        _check_divisor("remainder", y)
        return np.remainder(x, y)
    rest = np.fmod(x, y)  # NumPy's remainder would give +0 where PyTorch keeps the sign of x
    if not y.ndim and y > 0:
        wrong_side = rest < 0
    else:
        wrong_side = (rest != 0) & ((y < 0) != (rest < 0))
    return np.where(wrong_side, rest + y, rest)


remainder = binary(
    "remainder",
    _remainder,
    both=False,
    check=refuse_bool_and_complex,
    gradient={
        "input": lambda g: g,
        "other": lambda g, input, other: -g * div(input, other, rounding_mode="floor"),
    },
    scalar=lambda s, x, y: x % y,
    second_domain=(0.5, 3.0),
    node_name="RemainderBackward1",
    number_node="RemainderBackward0",
    doc="""The rest of a division, with the sign of the divisor, as Python's ``%``.

    :math:`out = input - other · ⌊input / other⌋`

    Args:
        input, other: tensors whose shapes broadcast; one of them may be a number.
        out: a tensor to write the result into.

    Shape: the broadcast of both.

    Raises:
        RuntimeError: if the shapes do not broadcast, or integers are divided by 0.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([7., -7.]) % 3
        tensor([1., 2.])
    """,
)


def _fmod(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    if y.dtype.kind != "f":
        _check_divisor("fmod", y)
    return np.fmod(x, y)


fmod = binary(
    "fmod",
    _fmod,
    numbers=(False, True),
    check=refuse_bool_and_complex,
    gradient={
        "input": lambda g: g,
        "other": lambda g, input, other: -g * div(input, other, rounding_mode="trunc"),
    },
    scalar=lambda s, x, y: s.fmod(x, y),
    second_domain=(0.5, 3.0),
    node_name="FmodBackward1",
    number_node="FmodBackward0",
    doc="""The rest of a division, with the sign of the dividend, as C's ``fmod``.

    :math:`out = input - other · trunc(input / other)`

    Args:
        input, other: tensors whose shapes broadcast; one of them may be a number.
        out: a tensor to write the result into.

    Shape: the broadcast of both.

    Raises:
        RuntimeError: if the shapes do not broadcast, or integers are divided by 0.

    Example:
        >>> import flambeau as fb
        >>> fb.fmod(fb.tensor([7., -7.]), 3)
        tensor([ 1., -1.])
    """,
)

reciprocal = unary(
    "reciprocal",
    np.reciprocal,
    gradient={"input": lambda g, out: -g * conjugate(out * out)},
    scalar=lambda s, x: s.reciprocal(x),
    domain=(0.5, 3.0),
    doc="""One over each element.

    :math:`out = 1 / input`

    Example:
        >>> import flambeau as fb
        >>> fb.reciprocal(fb.tensor([2., -4.]))
        tensor([ 0.5000, -0.2500])
    """,
)


def _divided_by(self: Tensor, other: Any) -> Any:
    """``number / tensor``: a reciprocal and a product, as in PyTorch's graph."""
    if is_operand(other):
        return reciprocal(self) * other
    return NotImplemented


OPERATORS["div"] = Operators(OPERATORS["div"].forward, _divided_by)

# --- number theory -------------------------------------------------------------------------------

gcd = binary(
    "gcd",
    np.gcd,
    numbers=(False, False),
    check=only_integers,
    samples=of_two_integers(),
    doc="""The greatest common divisor, elementwise.

    The largest integer that divides both; 0 where both are 0.

    Example:
        >>> import flambeau as fb
        >>> fb.gcd(fb.tensor([12, 7]), fb.tensor(8))
        tensor([4, 1])
    """,
)

lcm = binary(
    "lcm",
    np.lcm,
    numbers=(False, False),
    check=only_integers,
    samples=of_two_integers(),
    doc="""The least common multiple, elementwise.

    The smallest positive integer that both divide; 0 where one of them is 0.

    Example:
        >>> import flambeau as fb
        >>> fb.lcm(fb.tensor([4, 7]), fb.tensor(6))
        tensor([12, 42])
    """,
)
