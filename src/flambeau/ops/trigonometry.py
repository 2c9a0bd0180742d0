"""Trigonometric and hyperbolic functions and their inverses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from flambeau.ops.arithmetic import conjugate
from flambeau.ops.elementwise import binary, unary
from flambeau.ops.exponential import rsqrt, square
from flambeau.ops.operands import FLOAT, only_floating, refuse_complex
from flambeau.ops.selection import where
from flambeau.tensor.tensor import Tensor

sin = unary(
    "sin",
    np.sin,
    gradient={"input": lambda g, input: g * conjugate(cos(input))},
    scalar=lambda s, x: s.sin(x),
    doc="""The sine of angles in radians.

    :math:`out = \\sin(input)`

    Example:
        >>> import flambeau as fb
        >>> fb.sin(fb.tensor([0., 1.]))
        tensor([0.0000, 0.8415])
    """,
)

cos = unary(
    "cos",
    np.cos,
    gradient={"input": lambda g, input: g * -conjugate(sin(input))},
    scalar=lambda s, x: s.cos(x),
    doc="""The cosine of angles in radians.

    :math:`out = \\cos(input)`

    Example:
        >>> import flambeau as fb
        >>> fb.cos(fb.tensor([0., 1.]))
        tensor([1.0000, 0.5403])
    """,
)

tan = unary(
    "tan",
    np.tan,
    gradient={"input": lambda g, out: g * conjugate(out * out + 1)},
    scalar=lambda s, x: s.tan(x),
    domain=(-1.2, 1.2),
    doc="""The tangent of angles in radians.

    :math:`out = \\tan(input)`

    Example:
        >>> import flambeau as fb
        >>> fb.tan(fb.tensor([0., 1.]))
        tensor([0.0000, 1.5574])
    """,
)

asin = unary(
    "asin",
    np.arcsin,
    gradient={"input": lambda g, input: g * conjugate(rsqrt(1 - input * input))},
    scalar=lambda s, x: s.asin(x),
    domain=(-0.9, 0.9),
    aliases=("arcsin",),
    doc="""The angle in radians whose sine is given; nan outside [-1, 1].

    :math:`out = \\sin^{-1}(input)`, from -π/2 to π/2.

    Example:
        >>> import flambeau as fb
        >>> fb.asin(fb.tensor([0., 1.]))
        tensor([0.0000, 1.5708])
    """,
)

acos = unary(
    "acos",
    np.arccos,
    gradient={"input": lambda g, input: g * -conjugate(rsqrt(1 - input * input))},
    scalar=lambda s, x: s.acos(x),
    domain=(-0.9, 0.9),
    aliases=("arccos",),
    doc="""The angle in radians whose cosine is given; nan outside [-1, 1].

    :math:`out = \\cos^{-1}(input)`, from 0 to π.

    Example:
        >>> import flambeau as fb
        >>> fb.acos(fb.tensor([1., 0.]))
        tensor([0.0000, 1.5708])
    """,
)

atan = unary(
    "atan",
    np.arctan,
    gradient={"input": lambda g, input: g / conjugate(input * input + 1)},
    scalar=lambda s, x: s.atan(x),
    aliases=("arctan",),
    doc="""The angle in radians whose tangent is given.

    :math:`out = \\tan^{-1}(input)`, from -π/2 to π/2.

    Example:
        >>> import flambeau as fb
        >>> fb.atan(fb.tensor([0., 1.]))
        tensor([0.0000, 0.7854])
    """,
)

sinh = unary(
    "sinh",
    np.sinh,
    gradient={"input": lambda g, input: g * conjugate(cosh(input))},
    scalar=lambda s, x: s.sinh(x),
    doc="""The hyperbolic sine.

    :math:`out = (e^{input} - e^{-input}) / 2`

    Example:
        >>> import flambeau as fb
        >>> fb.sinh(fb.tensor([0., 1.]))
        tensor([0.0000, 1.1752])
    """,
)

cosh = unary(
    "cosh",
    np.cosh,
    gradient={"input": lambda g, input: g * conjugate(sinh(input))},
    scalar=lambda s, x: s.cosh(x),
    doc="""The hyperbolic cosine.

    :math:`out = (e^{input} + e^{-input}) / 2`

    Example:
        >>> import flambeau as fb
        >>> fb.cosh(fb.tensor([0., 1.]))
        tensor([1.0000, 1.5431])
    """,
)

tanh = unary(
    "tanh",
    np.tanh,
    gradient={"input": lambda g, out: g * conjugate(1 - out * out)},
    scalar=lambda s, x: s.tanh(x),
    doc="""The hyperbolic tangent.

    :math:`out = (e^{input} - e^{-input}) / (e^{input} + e^{-input})`

    Example:
        >>> import flambeau as fb
        >>> fb.tanh(fb.tensor([0., 1.]))
        tensor([0.0000, 0.7616])
    """,
)

asinh = unary(
    "asinh",
    np.arcsinh,
    gradient={"input": lambda g, input: g * conjugate(rsqrt(input * input + 1))},
    scalar=lambda s, x: s.asinh(x),
    aliases=("arcsinh",),
    doc="""The number whose hyperbolic sine is given.

    :math:`out = \\ln(input + \\sqrt{input^2 + 1})`

    Example:
        >>> import flambeau as fb
        >>> fb.asinh(fb.tensor([0., 1.]))
        tensor([0.0000, 0.8814])
    """,
)


def _acosh_gradient(g: Tensor, input: Tensor) -> Tensor:
    if input._array.dtype.kind == "c":  # the branch cut is that of the two roots
        return g * conjugate(rsqrt(input - 1) * rsqrt(input + 1))
    return g * rsqrt(input * input - 1)


acosh = unary(
    "acosh",
    np.arccosh,
    gradient={"input": _acosh_gradient},
    scalar=lambda s, x: s.acosh(x),
    domain=(1.2, 4.0),
    aliases=("arccosh",),
    doc="""The number whose hyperbolic cosine is given; nan below 1.

    :math:`out = \\ln(input + \\sqrt{input^2 - 1})`

    Example:
        >>> import flambeau as fb
        >>> fb.acosh(fb.tensor([1., 2.]))
        tensor([0.0000, 1.3170])
    """,
)

atanh = unary(
    "atanh",
    np.arctanh,
    gradient={"input": lambda g, input: g / conjugate(1 - input * input)},
    scalar=lambda s, x: s.atanh(x),
    domain=(-0.9, 0.9),
    aliases=("arctanh",),
    doc="""The number whose hyperbolic tangent is given; nan outside [-1, 1].

    :math:`out = \\frac{1}{2} \\ln\\frac{1 + input}{1 - input}`

    Example:
        >>> import flambeau as fb
        >>> fb.atanh(fb.tensor([0., 0.5]))
        tensor([0.0000, 0.5493])
    """,
)

atan2 = binary(
    "atan2",
    np.arctan2,
    numbers=(False, False),
    kind=FLOAT,
    check=refuse_complex,
    gradient={
        "input": lambda g, input, other: g * _over_square(other, input, other),
        "other": lambda g, input, other: g * _over_square(-input, input, other),
    },
    scalar=lambda s, y, x: s.atan2(y, x),
    aliases=("arctan2",),
    doc="""The angle in radians of the point with ordinate ``input`` and abscissa ``other``.

    :math:`out = \\tan^{-1}(input / other)` in the quadrant of the point, from -π to π.

    The gradient at the origin is 0.

    Example:
        >>> import flambeau as fb
        >>> fb.atan2(fb.tensor([1., -1.]), fb.tensor([-1., -1.]))
        tensor([ 2.3562, -2.3562])
    """,
)


def _over_square(x: Tensor, first: Tensor, second: Tensor) -> Tensor:
    size = square(first) + square(second)
    return where(size == 0, 0, x / size)


def _sinc(x: np.ndarray) -> np.ndarray:
    angle = x * math.pi
    with_hole = np.where(x == 0, np.ones((), x.dtype), angle)
    return np.where(x == 0, np.ones((), x.dtype), np.sin(with_hole) / with_hole)


def _sinc_gradient(g: Tensor, input: Tensor) -> Tensor:
    zero = input == 0
    x = where(zero, 1, input) * math.pi
    slope = (x * cos(x) - sin(x)) / (x * x) * math.pi
    return where(zero, 0, g * conjugate(slope))


sinc = unary(
    "sinc",
    _sinc,
    gradient={"input": _sinc_gradient},
    scalar=lambda s, x: s.where(
        x == 0, 1.0, s.sin(x * math.pi) / s.where(x == 0, 1.0, x * math.pi)
    ),
    doc="""The normalised sinc function.

    :math:`out = \\sin(π input) / (π input)`, and 1 at 0.

    Example:
        >>> import flambeau as fb
        >>> fb.sinc(fb.tensor([0., 0.5]))
        tensor([1.0000, 0.6366])
    """,
)

hypot = binary(
    "hypot",
    np.hypot,
    numbers=(False, False),
    check=only_floating,
    gradient={
        "input": lambda g, input, out: g * (input / out),
        "other": lambda g, other, out: g * (other / out),
    },
    scalar=lambda s, x, y: _hypot_scalar(s, x, y),
    doc="""The hypotenuse of right triangles, without overflow on the way.

    :math:`out = \\sqrt{input^2 + other^2}`

    Example:
        >>> import flambeau as fb
        >>> fb.hypot(fb.tensor([3.]), fb.tensor([4.]))
        tensor([5.])
    """,
)


def _hypot_scalar(s: Any, x: Any, y: Any) -> Any:
    large, small = s.maximum(s.abs(x), s.abs(y)), s.minimum(s.abs(x), s.abs(y))
    ratio = small / s.where(large == 0, 1.0, large)
    length = large * s.sqrt(s.fma(ratio, ratio, 1.0))
    return s.where(s.logical_or(s.isinf(x), s.isinf(y)), math.inf, length)


DEGREE = math.pi / 180

deg2rad = unary(
    "deg2rad",
    lambda x: np.multiply(x, x.dtype.type(DEGREE)),
    check=refuse_complex,
    gradient={"input": lambda g: g * DEGREE},
    scalar=lambda s, x: x * DEGREE,
    node_name="Deg2RadBackward0",
    doc="""Angles in degrees as radians.

    :math:`out = input · π / 180`

    Example:
        >>> import flambeau as fb
        >>> fb.deg2rad(fb.tensor([180., 90.]))
        tensor([3.1416, 1.5708])
    """,
)

rad2deg = unary(
    "rad2deg",
    lambda x: np.multiply(x, x.dtype.type(1 / DEGREE)),
    check=refuse_complex,
    gradient={"input": lambda g: g * (1 / DEGREE)},
    scalar=lambda s, x: x * (1 / DEGREE),
    node_name="Rad2DegBackward0",
    doc="""Angles in radians as degrees.

    :math:`out = input · 180 / π`

    Example:
        >>> import flambeau as fb
        >>> fb.rad2deg(fb.tensor([3.141592653589793]))
        tensor([180.])
    """,
)
