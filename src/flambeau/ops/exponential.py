"""Exponentials, logarithms, powers and roots."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.ops.arithmetic import conjugate
from flambeau.ops.elementwise import binary, unary
from flambeau.ops.operands import (
    FLOAT,
    REDUCED,
    as_operand,
    only_floating,
    refuse_bool,
    refuse_complex,
    refuse_integers,
)
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.selection import where
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor

LN2, LN10 = math.log(2.0), math.log(10.0)

exp = unary(
    "exp",
    np.exp,
    gradient={"input": lambda g, out: g * conjugate(out)},
    scalar=lambda s, x: s.exp(x),
    doc="""The exponential function.

    :math:`out = e^{input}`

    Example:
        >>> import flambeau as fb
        >>> fb.exp(fb.tensor([0., 1.]))
        tensor([1.0000, 2.7183])
    """,
)


def _exp2(x: np.ndarray) -> np.ndarray:
    return np.exp2(x) if x.dtype.kind != "c" else np.exp(x * LN2)


exp2 = unary(
    "exp2",
    _exp2,
    gradient={"input": lambda g, out: g * conjugate(out) * LN2},
    scalar=lambda s, x: s.exp2(x),
    doc="""Two to the power of each element.

    :math:`out = 2^{input}`

    Example:
        >>> import flambeau as fb
        >>> fb.exp2(fb.tensor([0., 3.]))
        tensor([1., 8.])
    """,
)

expm1 = unary(
    "expm1",
    np.expm1,
    gradient={"input": lambda g, out: g * (conjugate(out) + 1)},
    scalar=lambda s, x: s.expm1(x),
    doc="""The exponential function minus 1, without loss of digits near 0.

    :math:`out = e^{input} - 1`

    Example:
        >>> import flambeau as fb
        >>> fb.expm1(fb.tensor([0., 1.]))
        tensor([0.0000, 1.7183])
    """,
)

log = unary(
    "log",
    np.log,
    gradient={"input": lambda g, input: g / conjugate(input)},
    scalar=lambda s, x: s.log(x),
    domain=(0.1, 3.0),
    doc="""The natural logarithm.

    :math:`out = \\ln input`; -inf at 0 and nan below.

    Example:
        >>> import flambeau as fb
        >>> fb.log(fb.tensor([1., 10.]))
        tensor([0.0000, 2.3026])
    """,
)

log2 = unary(
    "log2",
    np.log2,
    gradient={"input": lambda g, input: g / (conjugate(input) * LN2)},
    scalar=lambda s, x: s.log2(x),
    domain=(0.1, 3.0),
    doc="""The logarithm to base 2; -inf at 0 and nan below.

    :math:`out = \\log_2 input`

    Example:
        >>> import flambeau as fb
        >>> fb.log2(fb.tensor([1., 8.]))
        tensor([0., 3.])
    """,
)

log10 = unary(
    "log10",
    np.log10,
    gradient={"input": lambda g, input: g / (conjugate(input) * LN10)},
    scalar=lambda s, x: s.log10(x),
    domain=(0.1, 3.0),
    doc="""The logarithm to base 10; -inf at 0 and nan below.

    :math:`out = \\log_{10} input`

    Example:
        >>> import flambeau as fb
        >>> fb.log10(fb.tensor([1., 2.]))
        tensor([0.0000, 0.3010])
    """,
)

log1p = unary(
    "log1p",
    np.log1p,
    gradient={"input": lambda g, input: g / (conjugate(input) + 1)},
    scalar=lambda s, x: s.log1p(x),
    domain=(-0.5, 3.0),
    node_name="Log1PBackward0",
    doc="""The natural logarithm of 1 plus each element, without loss of digits near 0.

    :math:`out = \\ln(1 + input)`

    Example:
        >>> import flambeau as fb
        >>> fb.log1p(fb.tensor([0., 1.]))
        tensor([0.0000, 0.6931])
    """,
)

sqrt = unary(
    "sqrt",
    np.sqrt,
    gradient={"input": lambda g, out: g / (conjugate(out) * 2)},
    scalar=lambda s, x: s.sqrt(x),
    domain=(0.1, 3.0),
    doc="""The square root; nan below 0.

    :math:`out = \\sqrt{input}`

    Example:
        >>> import flambeau as fb
        >>> fb.sqrt(fb.tensor([4., 2.]))
        tensor([2.0000, 1.4142])
    """,
)


def _rsqrt(x: np.ndarray) -> np.ndarray:
    return np.reciprocal(np.sqrt(x))


rsqrt = unary(
    "rsqrt",
    _rsqrt,
    gradient={"input": lambda g, out: g * conjugate(out * out * out) * -0.5},
    scalar=lambda s, x: s.rsqrt(x),
    domain=(0.1, 3.0),
    doc="""One over the square root; inf at 0 and nan below.

    :math:`out = 1 / \\sqrt{input}`

    Example:
        >>> import flambeau as fb
        >>> fb.rsqrt(fb.tensor([4., 1.]))
        tensor([0.5000, 1.0000])
    """,
)


def _logaddexp(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    if x.dtype.kind != "c":
        return np.logaddexp(x, y)
    first = x.real >= y.real
    larger, smaller = np.where(first, x, y), np.where(first, y, x)
    return larger + np.log1p(np.exp(smaller - larger))


logaddexp = binary(
    "logaddexp",
    _logaddexp,
    numbers=(False, False),
    check=refuse_integers,
    inplace=False,
    gradient={
        "input": lambda g, input, other: g / conjugate(exp(other - input) + 1),
        "other": lambda g, input, other: g / conjugate(exp(input - other) + 1),
    },
    scalar=lambda s, x, y: s.where(
        x == y, x + LN2, s.maximum(x, y) + s.log1p(s.exp(-s.abs(x - y)))
    ),
    doc="""The logarithm of a sum of exponentials, without overflow.

    :math:`out = \\ln(e^{input} + e^{other})`

    Example:
        >>> import flambeau as fb
        >>> fb.logaddexp(fb.tensor([0., 1000.]), fb.tensor([0., 1000.]))
        tensor([6.9315e-01, 1.0007e+03])
    """,
)

logaddexp2 = binary(
    "logaddexp2",
    np.logaddexp2,
    numbers=(False, False),
    check=only_floating,
    inplace=False,
    gradient={
        "input": lambda g, input, other: g / (exp2(other - input) + 1),
        "other": lambda g, input, other: g / (exp2(input - other) + 1),
    },
    scalar=lambda s, x, y: s.where(
        x == y, x + 1.0, s.maximum(x, y) + s.log1p(s.exp2(-s.abs(x - y))) * (1 / LN2)
    ),
    doc="""The base-2 logarithm of a sum of powers of 2, without overflow.

    :math:`out = \\log_2(2^{input} + 2^{other})`

    Example:
        >>> import flambeau as fb
        >>> fb.logaddexp2(fb.tensor([0., 1.]), fb.tensor([0., 3.]))
        tensor([1.0000, 3.3219])
    """,
)


def _xlogy(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    product = x * np.log(y)
    return np.where((x == 0) & ~np.isnan(y), np.zeros((), product.dtype), product)


xlogy = binary(
    "xlogy",
    _xlogy,
    both=False,
    kind=FLOAT,
    check=refuse_complex,
    gradient={
        "input": lambda g, input, other: where((input == 0) & (other <= 0), 0, xlogy(g, other)),
        "other": lambda g, input, other: g * input / other,
    },
    scalar=lambda s, x, y: s.where(s.logical_and(x == 0, y == y), 0.0, x * s.log(y)),
    second_domain=(0.1, 3.0),
    number_node="XlogyBackward2",
    from_number_node="XlogyBackward1",
    doc="""A factor times a logarithm, and 0 where the factor is 0.

    :math:`out = input · \\ln other`

    nan where ``other`` is nan.

    Example:
        >>> import flambeau as fb
        >>> fb.xlogy(fb.tensor([0., 2.]), fb.tensor([0., 2.]))
        tensor([0.0000, 1.3863])
    """,
)


# --- powers ------------------------------------------------------------------------------------


def _power(x: Any, y: Any) -> np.ndarray:
    if x.dtype.kind == "i":
        return _integer_power(x, y)
    return np.power(x, y)


def _integer_power(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Powers of integers, where 1/n rounds towards zero unless n is 1 or -1."""
    negative = y < 0
    if not np.any(negative):
        return np.power(x, y)
    powers = np.power(x, np.where(negative, np.zeros((), y.dtype), y))
    inverse = np.where(x == 1, 1, np.where(x == -1, np.where(y & 1, -1, 1), 0))
    return np.where(negative, inverse, powers).astype(x.dtype)


def _cube(x: np.ndarray) -> np.ndarray:
    return x * x * x


# Exponents with a quicker meaning, which PyTorch computes in the same way.
_POWERS: dict[float, Any] = {
    1: np.copy,
    2: np.square,
    3: _cube,
    0.5: np.sqrt,
    -0.5: _rsqrt,
    -1: np.reciprocal,
    -2: lambda x: np.reciprocal(np.square(x)),
}


def _power_of_number(x: np.ndarray, exponent: float) -> np.ndarray:
    """A floating-point array to the power of a Python number."""
    quick = _POWERS.get(exponent)
    return np.power(x, x.dtype.type(exponent)) if quick is None else quick(x)


def _evaluate_with_number(general: Any) -> Any:
    def evaluate(input: Any, other: Any) -> Any:
        if not hasattr(other, "ndim") and getattr(input, "ndim", None) is not None:
            kind = input.dtype
            if kind.kind in "iub" and other.__class__ is int and other < 0:
                raise RuntimeError(
                    message(
                        "pow: Integers to negative integer powers are not allowed.",
                        expected="an exponent of at least 0, or a floating-point tensor",
                        got=repr(other),
                        help="convert with .float() first",
                    )
                )
            if kind.kind == "f" and kind not in REDUCED and not isinstance(other, complex):
                return _power_of_number(input, other)
        return general(input, other)

    return evaluate


def _pow_input(g: Tensor, input: Any, other: Any) -> Any:
    if not isinstance(other, Tensor):
        if other == 0:
            return apply(REGISTRY["zero"], (g,))
        if other == 2:
            return g * (conjugate(input) * 2)
        return g * conjugate(input ** (other - 1) * other)
    return where(other == 0, 0, g * conjugate(other * input ** (other - 1)))


def _pow_other(g: Tensor, input: Any, other: Tensor, out: Tensor) -> Any:
    if not isinstance(input, Tensor):
        if input == 0:
            return where(other >= 0, 0, g * conjugate(out * -math.inf))
        logarithm = _log_of_number(input, out)
        return g * conjugate(out * logarithm)
    vanishing = (input == 0) if other.is_complex() else (input == 0) & (other >= 0)
    return where(vanishing, 0, g * conjugate(out * log(input)))


def _log_of_number(x: Any, out: Tensor) -> Any:
    if isinstance(x, complex) or out.is_complex():
        return complex(np.log(complex(x)))
    return math.log(x) if x > 0 else math.nan


pow = binary(
    "pow",
    _power,
    both=False,
    second="exponent",
    check=refuse_bool,
    by_number=_power_of_number,
    gradient={"input": _pow_input, "other": _pow_other},
    scalar=lambda s, x, y: x**y,
    domain=(0.3, 2.0),
    second_domain=(-2.0, 2.0),
    node_name="PowBackward1",
    number_node="PowBackward0",
    from_number_node="PowBackward2",
    doc="""Powers, elementwise.

    :math:`out = input^{other}`

    ``0 ** 0`` is 1. Negative numbers to fractional powers are nan.

    Args:
        input, other: tensors whose shapes broadcast; one of them may be a number.
        out: a tensor to write the result into.

    Shape: the broadcast of both.

    Raises:
        RuntimeError: if the shapes do not broadcast, or an integer tensor is raised to a negative
            integer. (With a tensor of exponents the result is 0, or ±1 for ±1.)

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1., 2., 3.]) ** 2, 2 ** fb.tensor([1, 2, 3])
        (tensor([1., 4., 9.]), tensor([2, 4, 8]))
    """,
)
for _name in ("pow", "pow_scalar"):
    REGISTRY[_name].evaluate = _evaluate_with_number(REGISTRY[_name].evaluate)


def _float_power_type(*operands: Any) -> Any:
    arrays = [getattr(x, "_array", x) for x in operands]
    kind = dtypes.result_numpy(arrays)
    return dtypes.complex128.numpy if kind.kind == "c" else dtypes.float64.numpy


def _as(x: Any, kind: np.dtype) -> Any:
    if isinstance(x, Tensor):
        return x if x._array.dtype == kind else apply(REGISTRY["to_dtype"], (x,), (kind,))
    return complex(x) if kind.kind == "c" else float(x)


@public(method=True)
def float_power(input: Any, exponent: Any, *, out: Tensor | None = None) -> Tensor:
    """Powers in double precision, whatever the operands' types.

    :math:`out = input^{exponent}`

    Args:
        input, exponent: tensors whose shapes broadcast; one of them may be a number.
        out: a tensor to write the result into.

    Shape: the broadcast of both; float64 or complex128.

    Example:
        >>> import flambeau as fb
        >>> fb.float_power(fb.tensor([2, 4]), -1)
        tensor([0.5000, 0.2500], dtype=torch.float64)
    """
    input, exponent = as_operand("float_power", input), as_operand("float_power", exponent)
    kind = _float_power_type(input, exponent)
    result = pow(_as(input, kind), _as(exponent, kind))
    return result if out is None else write_out("float_power", out, result)


@public(method=True, function=False)
def float_power_(input: Tensor, exponent: Any) -> Tensor:
    """In-place version of :func:`flambeau.float_power`; returns the tensor itself.

    Raises:
        RuntimeError: if the tensor is not of the type that the result has.
    """
    kind = _float_power_type(input, as_operand("float_power_", exponent))
    if input._array.dtype != kind:
        raise RuntimeError(
            message(
                "float_power_: the result does not fit the tensor's type",
                expected=f"a tensor of type {dtypes.of(kind)}",
                got=str(input.dtype),
                help="use float_power, or convert the tensor first",
            )
        )
    return PUBLIC["pow_"](input, _as(exponent, kind))


@public(method=True)
def square(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The square of each element.

    :math:`out = input^2`

    Args:
        input: a tensor.
        out: a tensor to write the result into.

    Shape: that of ``input``.

    Example:
        >>> import flambeau as fb
        >>> fb.square(fb.tensor([2., -3.]))
        tensor([4., 9.])
    """
    return pow(input, 2, out=out)


@public(method=True)
def square_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.square`; returns the tensor itself."""
    return PUBLIC["pow_"](input, 2)
