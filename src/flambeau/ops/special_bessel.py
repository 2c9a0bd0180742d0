"""Bessel functions, their modified kinds, and the Airy function."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.ops.airy_function import airy_ai as airy_of
from flambeau.ops.cylinder_functions import bessel, modified_k
from flambeau.ops.gamma_functions import bessel_of
from flambeau.ops.operands import not_a_tensor
from flambeau.ops.selection import where
from flambeau.ops.signs import sign
from flambeau.ops.special import I1
from flambeau.ops.special_makers import special_unary
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.tensor import Tensor


def i1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the first kind and order 1.

    :math:`out = \\frac{x}{2} \\sum_k \\frac{(x^2/4)^k}{k! (k+1)!}`

    Args:
        input: a tensor.
        out: a tensor to write the result into.

    Shape: that of ``input``.

    Example:
        >>> import flambeau as fb
        >>> fb.special.i1(fb.tensor([0., 1.]))
        tensor([0.0000, 0.5652])
    """
    if not isinstance(input, Tensor):
        raise not_a_tensor("i1", input)
    result = apply(I1, (input,))
    return result if out is None else write_out("i1", out, result)


i0e = special_unary(
    "i0e",
    lambda x: bessel_of(0, x, True),
    gradient={"input": lambda g, input, out: g * (i1e(input) - sign(input) * out)},
    doc="""The modified Bessel function of the first kind and order 0, scaled.

    :math:`out = e^{-|x|} I_0(x)`

    Example:
        >>> import flambeau as fb
        >>> fb.special.i0e(fb.tensor([0., 1.]))
        tensor([1.0000, 0.4658])
    """,
)


def _i1e_gradient(g: Tensor, input: Tensor, out: Tensor) -> Any:
    zero = input == 0
    usable = where(zero, 1.0, input)
    slope = i0e(input) - out * (sign(input) + 1.0 / usable)
    return g * where(zero, 0.5, slope)


i1e = special_unary(
    "i1e",
    lambda x: bessel_of(1, x, True),
    gradient={"input": _i1e_gradient},
    doc="""The modified Bessel function of the first kind and order 1, scaled.

    :math:`out = e^{-|x|} I_1(x)`

    Example:
        >>> import flambeau as fb
        >>> fb.special.i1e(fb.tensor([0., 1.]))
        tensor([0.0000, 0.2079])
    """,
)

bessel_j0 = special_unary(
    "bessel_j0",
    lambda x: bessel("j", 0, x),
    doc="""The Bessel function of the first kind and order 0.

    :math:`out = J_0(input)`

    Example:
        >>> import flambeau as fb
        >>> fb.special.bessel_j0(fb.tensor([0., 1.]))
        tensor([1.0000, 0.7652])
    """,
)

bessel_j1 = special_unary(
    "bessel_j1",
    lambda x: bessel("j", 1, x),
    doc="""The Bessel function of the first kind and order 1.

    :math:`out = J_1(input)`

    Example:
        >>> import flambeau as fb
        >>> fb.special.bessel_j1(fb.tensor([0., 1.]))
        tensor([0.0000, 0.4401])
    """,
)

bessel_y0 = special_unary(
    "bessel_y0",
    lambda x: bessel("y", 0, x),
    domain=(0.1, 3.0),
    doc="""The Bessel function of the second kind and order 0; nan below 0.

    :math:`out = Y_0(input)`

    Example:
        >>> import flambeau as fb
        >>> fb.special.bessel_y0(fb.tensor([1., 2.]))
        tensor([0.0883, 0.5104])
    """,
)

bessel_y1 = special_unary(
    "bessel_y1",
    lambda x: bessel("y", 1, x),
    domain=(0.1, 3.0),
    doc="""The Bessel function of the second kind and order 1; nan below 0.

    :math:`out = Y_1(input)`

    Example:
        >>> import flambeau as fb
        >>> fb.special.bessel_y1(fb.tensor([1., 2.]))
        tensor([-0.7812, -0.1070])
    """,
)

modified_bessel_i0 = special_unary(
    "modified_bessel_i0",
    lambda x: bessel_of(0, x),
    doc="""The modified Bessel function of the first kind and order 0.

    :math:`out = I_0(input)`

    Example:
        >>> import flambeau as fb
        >>> fb.special.modified_bessel_i0(fb.tensor([0., 1.]))
        tensor([1.0000, 1.2661])
    """,
)

modified_bessel_i1 = special_unary(
    "modified_bessel_i1",
    lambda x: bessel_of(1, x),
    doc="""The modified Bessel function of the first kind and order 1.

    :math:`out = I_1(input)`

    Example:
        >>> import flambeau as fb
        >>> fb.special.modified_bessel_i1(fb.tensor([0., 1.]))
        tensor([0.0000, 0.5652])
    """,
)


def _k(order: int, scaled: bool) -> Any:
    def evaluate(x: np.ndarray) -> np.ndarray:
        return modified_k(order, x, bessel_of(order, np.clip(x, 0.0, 2.0)), scaled)

    return evaluate


modified_bessel_k0 = special_unary(
    "modified_bessel_k0",
    _k(0, False),
    domain=(0.1, 3.0),
    doc="""The modified Bessel function of the second kind and order 0; nan below 0.

    :math:`out = K_0(input)`

    Example:
        >>> import flambeau as fb
        >>> fb.special.modified_bessel_k0(fb.tensor([1., 3.]))
        tensor([0.4210, 0.0347])
    """,
)

modified_bessel_k1 = special_unary(
    "modified_bessel_k1",
    _k(1, False),
    domain=(0.1, 3.0),
    doc="""The modified Bessel function of the second kind and order 1; nan below 0.

    :math:`out = K_1(input)`

    Example:
        >>> import flambeau as fb
        >>> fb.special.modified_bessel_k1(fb.tensor([1., 3.]))
        tensor([0.6019, 0.0402])
    """,
)

scaled_modified_bessel_k0 = special_unary(
    "scaled_modified_bessel_k0",
    _k(0, True),
    domain=(0.1, 3.0),
    doc="""The modified Bessel function of the second kind and order 0, scaled.

    :math:`out = e^{input} K_0(input)`

    Example:
        >>> import flambeau as fb
        >>> fb.special.scaled_modified_bessel_k0(fb.tensor([1., 3.]))
        tensor([1.1445, 0.6978])
    """,
)

scaled_modified_bessel_k1 = special_unary(
    "scaled_modified_bessel_k1",
    _k(1, True),
    domain=(0.1, 3.0),
    doc="""The modified Bessel function of the second kind and order 1, scaled.

    :math:`out = e^{input} K_1(input)`

    Example:
        >>> import flambeau as fb
        >>> fb.special.scaled_modified_bessel_k1(fb.tensor([1., 3.]))
        tensor([1.6362, 0.8066])
    """,
)


def _spherical_j0(x: np.ndarray) -> np.ndarray:
    usable = np.where((x == 0) | np.isinf(x), 1.0, x)
    return np.where(np.isinf(x), 0.0, np.where(x == 0, 1.0, np.sin(usable) / usable))


spherical_bessel_j0 = special_unary(
    "spherical_bessel_j0",
    _spherical_j0,
    doc="""The spherical Bessel function of the first kind and order 0.

    :math:`out = \\sin(input) / input`

    Example:
        >>> import flambeau as fb
        >>> fb.special.spherical_bessel_j0(fb.tensor([0., 1.]))
        tensor([1.0000, 0.8415])
    """,
)

airy_ai = special_unary(
    "airy_ai",
    airy_of,
    doc="""The Airy function of the first kind.

    :math:`out = \\frac{1}{π} \\int_0^∞ \\cos(t^3/3 + input · t) dt`

    Example:
        >>> import flambeau as fb
        >>> fb.special.airy_ai(fb.tensor([0., 1.]))
        tensor([0.3550, 0.1353])
    """,
)
