"""Signs and absolute values, and what else touches single parts of a number."""

from __future__ import annotations

from typing import Any

import numpy as np
from ml_dtypes import finfo

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.ops.arithmetic import NO_DERIVATIVE, conjugate, no_derivative, zeros_like
from flambeau.ops.elementwise import binary, elementwise, unary
from flambeau.ops.elementwise_samples import of_one, of_two
from flambeau.ops.operands import (
    FLOAT,
    SAME,
    as_type,
    computing_type,
    not_a_tensor,
    only_floating,
    real_type,
    refuse_bool,
    refuse_complex,
)
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.operation import REGISTRY
from flambeau.tensor.tensor import Tensor

abs = unary(
    "abs",
    np.absolute,
    kind=SAME,
    output=real_type,
    check=refuse_bool,
    gradient={"input": lambda g, input: g * sgn(input)},
    scalar=lambda s, x: s.abs(x),
    aliases=("absolute",),
    doc="""The absolute value of each element.

    :math:`out = |input|`

    At 0 the gradient is 0.

    Example:
        >>> import flambeau as fb
        >>> fb.abs(fb.tensor([1., -2.]))
        tensor([1., 2.])
    """,
)


def _sign(x: np.ndarray) -> np.ndarray:
    if x.dtype.kind in "bu":
        return x if x.dtype.kind == "b" else np.sign(x)
    return np.subtract(x > 0, x < 0, dtype=np.int8).astype(x.dtype)  # 0 for nan


sign = unary(
    "sign",
    _sign,
    kind=SAME,
    check=refuse_complex,
    gradient={"input": lambda g: zeros_like(g)},
    scalar=lambda s, x: s.sign(x),
    doc="""The sign of each element: -1, 0 or 1.

    0 for nan, whose sign nobody knows.

    Example:
        >>> import flambeau as fb
        >>> fb.sign(fb.tensor([3., 0., -2.]))
        tensor([ 1.,  0., -1.])
    """,
)


def _sgn(x: np.ndarray) -> np.ndarray:
    if x.dtype.kind != "c":
        return _sign(x)
    size = np.absolute(x)
    return np.where(size == 0, np.zeros((), x.dtype), x / size)


def _sgn_gradient(g: Tensor, input: Tensor, out: Tensor) -> Tensor:
    if input._array.dtype.kind != "c":
        return zeros_like(g)
    # Only the part of g at a right angle to the direction turns it.
    along = (conjugate(g) * out).real
    zero = input == 0
    size = PUBLIC["where"](zero, 1, abs(input))
    return PUBLIC["where"](zero, 0, (g - along * out) / size)


sgn = unary(
    "sgn",
    _sgn,
    kind=SAME,
    gradient={"input": _sgn_gradient},
    scalar=lambda s, x: s.sign(x),
    doc="""The sign of real elements, the direction of complex ones.

    :math:`out = input / |input|`, and 0 at 0.

    Example:
        >>> import flambeau as fb
        >>> fb.sgn(fb.tensor([3 + 4j, 0]))
        tensor([0.6000+0.8000j, 0.0000+0.0000j])
    """,
)


def _copysign_gradient(g: Tensor, input: Tensor, out: Tensor) -> Tensor:
    where = PUBLIC["where"]
    return where(input == 0, 0, g * where(input == 0, 0, out / input))


copysign = binary(
    "copysign",
    np.copysign,
    numbers=(False, True),
    kind=FLOAT,
    check=refuse_complex,
    gradient={"input": _copysign_gradient, "other": lambda g: zeros_like(g)},
    scalar=lambda s, x, y: s.copysign(x, y),
    node_name="CopysignBackward0",
    number_node="CopysignBackward1",
    doc="""The size of one operand with the sign of the other, -0.0 included.

    :math:`out = ±|input|`

    Example:
        >>> import flambeau as fb
        >>> fb.copysign(fb.tensor([1., 2.]), fb.tensor([-3., 0.]))
        tensor([-1.,  2.])
    """,
)

nextafter = binary(
    "nextafter",
    np.nextafter,
    numbers=(False, False),
    check=only_floating,
    gradient={
        "input": lambda g, input, other: PUBLIC["where"](input == other, 0, g),
        "other": lambda g, input, other: PUBLIC["where"](input == other, g, 0),
    },
    doc="""The next number that the type can hold, from one operand towards the other.

    Example:
        >>> import flambeau as fb
        >>> fb.nextafter(fb.tensor([1.]), fb.tensor([2.])) > 1
        tensor([True])
    """,
)


def _next_in_its_type(input: Any, other: Any) -> Any:
    """float16 and bfloat16 have larger steps than the float32 that they are computed in."""
    common = computing_type((input, other), SAME)
    only_floating("nextafter", dtypes.of(common))
    return np.nextafter(as_type(input, common), as_type(other, common))


REGISTRY["nextafter"].evaluate = _next_in_its_type


def _one_type(name: str) -> Any:
    infer = REGISTRY[name].infer

    def checked(x: Any, y: Any) -> Any:
        if getattr(x, "dtype", None) != getattr(y, "dtype", None):
            raise RuntimeError(
                message(
                    f"{name}: the types differ",
                    expected="two tensors of one type",
                    got=" and ".join(_type_name(operand) for operand in (x, y)),
                    help="convert one of them with .to(dtype)",
                )
            )
        return infer(x, y)

    return checked


def _type_name(x: Any) -> str:
    return str(dtypes.of(x.dtype)) if hasattr(x, "dtype") else "a number"


def _heaviside(x: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.where(x == 0, values, (x > 0).astype(x.dtype))


heaviside = binary(
    "heaviside",
    _heaviside,
    second="values",
    numbers=(False, False),
    check=refuse_complex,
    gradient={"input": no_derivative("heaviside"), "other": no_derivative("heaviside")},
    scalar=lambda s, x, y: s.where(x == 0, y, s.cast(x > 0, x.dtype)),
    samples=of_two((-3.0, 3.0), (-3.0, 3.0), smooth=False),
    node_name=NO_DERIVATIVE,
    doc="""The step function: 0 below 0, 1 above, a value of one's choice at 0.

    Args:
        input: a tensor.
        other: a tensor of the same type, the values at 0 (PyTorch calls it ``values``).
        out: a tensor to write the result into.

    Shape: the broadcast of both.

    Raises:
        RuntimeError: if the shapes do not broadcast, the types differ or are complex.

    Example:
        >>> import flambeau as fb
        >>> fb.heaviside(fb.tensor([-2., 0., 3.]), fb.tensor(0.5))
        tensor([0.0000, 0.5000, 1.0000])
    """,
)
REGISTRY["heaviside"].infer, REGISTRY["heaviside"].strict = _one_type("heaviside"), True


def _nan_to_num(x: np.ndarray, nan: float, posinf: float, neginf: float) -> Any:
    if x.dtype.kind not in "fc":
        return x.copy()
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


def _nan_to_num_scalar(s: Any, x: Any, nan: float, posinf: float, neginf: float) -> Any:
    infinite = s.where(x > 0, s.constant(posinf, x.dtype), neginf)
    return s.where(s.isnan(x), nan, s.where(s.isinf(x), infinite, x))


NAN_TO_NUM = elementwise(
    "nan_to_num",
    _nan_to_num,
    params="nan posinf neginf",
    gradient={"input": lambda g, input: PUBLIC["where"](PUBLIC["isfinite"](input), g, 0)},
    scalar=_nan_to_num_scalar,
    samples=of_one((-3.0, 3.0), ((0.0, 9.0, -9.0), (1.0, 2.0, -2.0))),
)


@public(method=True)
def nan_to_num(
    input: Tensor,
    nan: float | None = None,
    posinf: float | None = None,
    neginf: float | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """Replace nan, inf and -inf by numbers.

    The gradient is 0 where something was replaced.

    Args:
        input: a tensor.
        nan: what replaces nan, 0 if not given.
        posinf: what replaces inf, the type's largest number if not given.
        neginf: what replaces -inf, the type's smallest number if not given.
        out: a tensor to write the result into.

    Shape: that of ``input``.

    Example:
        >>> import flambeau as fb
        >>> fb.nan_to_num(fb.tensor([float("nan"), float("inf")]), posinf=9.)
        tensor([0., 9.])
    """
    if not isinstance(input, Tensor):
        raise not_a_tensor("nan_to_num", input)
    result = apply(NAN_TO_NUM, (input,), _replacements(input, nan, posinf, neginf))
    return result if out is None else write_out("nan_to_num", out, result)


@public(method=True)
def nan_to_num_(
    input: Tensor,
    nan: float | None = None,
    posinf: float | None = None,
    neginf: float | None = None,
) -> Tensor:
    """In-place version of :func:`flambeau.nan_to_num`; returns the tensor itself."""
    return apply_inplace(NAN_TO_NUM, input, (), _replacements(input, nan, posinf, neginf))


def _replacements(
    input: Tensor, nan: float | None, posinf: float | None, neginf: float | None
) -> tuple[float, float, float]:
    """What replaces nan and the infinities in a tensor of this type."""
    kind = input._array.dtype
    largest = float(finfo(kind).max) if kind.kind in "fcV" else 0.0
    return (
        0.0 if nan is None else nan,
        largest if posinf is None else posinf,
        -largest if neginf is None else neginf,
    )
