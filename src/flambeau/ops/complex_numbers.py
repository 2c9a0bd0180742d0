"""Parts and angles of complex numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.ops.arithmetic import zeros_like
from flambeau.ops.elementwise import elementwise, unary
from flambeau.ops.operands import not_a_tensor, real_type
from flambeau.ops.publish import public
from flambeau.ops.selection import where
from flambeau.ops.view_record import view_of, view_operation
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.tensor import Tensor


def _complex_samples(make: Any) -> list[Any]:
    kind = np.dtype(np.complex128)
    return [make.sample(inputs=(make.tensor(shape, dtype=kind),)) for shape in ((), (0,), (2, 3))]


# The engine converts the gradient, which is real, to the input's complex type.
REAL = view_operation(
    "real",
    lambda array: array.real,
    gradient={"input": lambda g: g},
    samples=_complex_samples,
    node_name="SelectBackward0",
)


@public()
def real(input: Tensor) -> Tensor:
    """The real parts of complex numbers, as a view; a real tensor itself.

    Example:
        >>> import flambeau as fb
        >>> fb.real(fb.tensor([1 + 2j]))
        tensor([1.])
    """
    if not isinstance(input, Tensor):
        raise not_a_tensor("real", input)
    return view_of(REAL, input, ()) if input._array.dtype.kind == "c" else input


def _set_real(self: Tensor, value: Any) -> None:
    real(self).copy_(value)  # type: ignore[attr-defined]


Tensor.real = property(real, _set_real)  # type: ignore[attr-defined]

CONJ = elementwise(
    "conj",
    np.conjugate,
    gradient={"input": lambda g: conj(g)},
    scalar=lambda s, x: x,
    ufunc=np.conjugate,
    samples=_complex_samples,
)
CONJ_PHYSICAL = elementwise(
    "conj_physical",
    np.conjugate,
    gradient={"input": lambda g: conj_physical(g)},
    scalar=lambda s, x: x,
    ufunc=np.conjugate,
    samples=_complex_samples,
)


@public(method=True)
def conj(input: Tensor) -> Tensor:
    """The complex conjugate; a real tensor itself.

    :math:`out = Re(input) - i · Im(input)`

    Differs from PyTorch: the conjugate is computed at once, it is no view.

    Example:
        >>> import flambeau as fb
        >>> fb.conj(fb.tensor([1 + 2j]))
        tensor([1.-2.j])
    """
    if not isinstance(input, Tensor):
        raise not_a_tensor("conj", input)
    return apply(CONJ, (input,)) if input._array.dtype.kind == "c" else input


@public(method=True)
def conj_physical(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The complex conjugate, in memory of its own; a real tensor itself.

    :math:`out = Re(input) - i · Im(input)`

    Args:
        input: a tensor.
        out: a tensor to write the result into.

    Example:
        >>> import flambeau as fb
        >>> fb.conj_physical(fb.tensor([1 + 2j]))
        tensor([1.-2.j])
    """
    if not isinstance(input, Tensor):
        raise not_a_tensor("conj_physical", input)
    result = apply(CONJ_PHYSICAL, (input,)) if input._array.dtype.kind == "c" else input
    return result if out is None else write_out("conj_physical", out, result)


@public(method=True)
def conj_physical_(input: Tensor) -> Tensor:
    """In-place version of :func:`flambeau.conj_physical`; returns the tensor itself."""
    if not isinstance(input, Tensor):
        raise not_a_tensor("conj_physical_", input)
    is_complex = input._array.dtype.kind == "c"
    return apply_inplace(CONJ_PHYSICAL, input) if is_complex else input


@public(method=True)
def resolve_conj(input: Tensor) -> Tensor:
    """The tensor itself: conjugates are computed when they are taken.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1 + 2j]).conj().resolve_conj()
        tensor([1.-2.j])
    """
    return input


@public(method=True)
def resolve_neg(input: Tensor) -> Tensor:
    """The tensor itself: negations are computed when they are taken.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1.]).resolve_neg()
        tensor([1.])
    """
    return input


@public(method=True)
def is_neg(input: Tensor) -> bool:
    """Whether a negation is still to be computed: never.

    Example:
        >>> import flambeau as fb
        >>> fb.is_neg(fb.tensor([1.]))
        False
    """
    return False


@public(method=True)
def is_conj(input: Tensor) -> bool:
    """Whether a conjugate is still to be computed: never.

    Example:
        >>> import flambeau as fb
        >>> fb.tensor([1 + 2j]).conj().is_conj()
        False
    """
    return False


def _angle(x: np.ndarray) -> np.ndarray:
    if x.dtype.kind == "c":
        return np.angle(x)
    pi = x.dtype.type(np.pi)
    return np.where(np.isnan(x), x, np.where(x < 0, pi, np.zeros((), x.dtype)))


def _angle_gradient(g: Tensor, input: Tensor) -> Tensor:
    if input._array.dtype.kind != "c":
        return zeros_like(g)
    # d/dz of the angle: along the circle, inversely to the distance from 0.
    zero = input == 0
    turned = input / (input * conj(input)) * 1j
    return where(zero, 0, g * turned)


angle = unary(
    "angle",
    _angle,
    output=real_type,
    gradient={"input": _angle_gradient},
    scalar=lambda s, x: s.where(s.isnan(x), x, s.where(x < 0, s.constant(np.pi, x.dtype), 0.0)),
    inplace=False,
    doc="""The angle in radians of complex numbers; 0 or π for real ones.

    :math:`out = atan2(Im(input), Re(input))`

    Example:
        >>> import flambeau as fb
        >>> fb.angle(fb.tensor([1j, -1]))
        tensor([1.5708, 3.1416])
    """,
)
