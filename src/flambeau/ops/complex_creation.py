"""Complex tensors from real ones: by their parts, or by magnitude and angle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.shapes import broadcast
from flambeau.core.spec import Spec
from flambeau.ops.matrix_products import check_tensors
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _infer(name: str) -> Callable[[Any, Any], Spec]:
    def infer(x: Any, y: Any) -> Spec:
        if x.dtype != y.dtype or x.dtype not in (dtypes.float32.numpy, dtypes.float64.numpy):
            raise RuntimeError(
                message(
                    f"{name}: two real tensors of one type are needed",
                    expected="both float32 or both float64",
                    got=f"{dtypes.of(x.dtype)} and {dtypes.of(y.dtype)}",
                    help="convert them with .float()",
                )
            )
        kind = dtypes.of(x.dtype).to_complex().numpy
        return Spec(broadcast(name, x.shape, y.shape), kind)

    return infer


def _complex(real: np.ndarray, imag: np.ndarray) -> np.ndarray:
    shape = np.broadcast(real, imag).shape
    result = np.empty(shape, np.result_type(real.dtype, np.complex64))
    result.real = real
    result.imag = imag
    return result


def _polar(abs: np.ndarray, angle: np.ndarray) -> np.ndarray:
    return _complex(abs * np.cos(angle), abs * np.sin(angle))


def _samples(make: Any) -> list[Any]:
    return [
        make.sample(inputs=(make.tensor((2, 3)), make.tensor((2, 3)))),
        make.sample(inputs=(make.tensor((2, 1)), make.tensor((3,)))),
        make.sample(inputs=(make.tensor(()), make.tensor((0,)))),
        make.error((make.tensor((2,)), make.integers((2,), 0, 5)), (), RuntimeError),
        make.error((make.tensor((2,)), make.tensor((3,))), (), RuntimeError),
    ]


COMPLEX = Operation(
    "complex",
    inputs="real imag",
    evaluate=_complex,
    infer=_infer("complex"),
    gradient={"real": lambda g: PUBLIC["real"](g), "imag": lambda g: PUBLIC["imag"](g)},
    strict=True,
    samples=_samples,
)

POLAR = Operation(
    "polar",
    inputs="abs angle",
    evaluate=_polar,
    infer=_infer("polar"),
    gradient={
        "abs": lambda g, angle: _along(g, apply(POLAR, (PUBLIC["ones_like"](angle), angle))),
        "angle": lambda g, out: _along(g, out * 1j),
    },
    strict=True,
    samples=_samples,
)


def _along(g: Tensor, direction: Tensor) -> Tensor:
    """The part of a complex gradient along a complex direction."""
    return PUBLIC["real"](g * direction.conj())  # type: ignore[attr-defined]


@public("complex")
def complex_(real: Tensor, imag: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Complex numbers from their real and imaginary parts.

    Args:
        real, imag: float32 or float64, both of one type.
        out: a tensor to write the result into.

    Shape: the broadcast of both.

    Raises:
        RuntimeError: for other types.

    Example:
        >>> import flambeau as fb
        >>> fb.complex(fb.tensor([1., 2.]), fb.tensor([3., 4.]))
        tensor([1.+3.j, 2.+4.j])
    """
    check_tensors("complex", real, imag)
    result = apply(COMPLEX, (real, imag))
    return result if out is None else write_out("complex", out, result, True)


@public()
def polar(abs: Tensor, angle: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Complex numbers from their magnitude and angle.

    :math:`out = abs · \\cos(angle) + abs · \\sin(angle) · i`

    Args:
        abs: magnitudes.
        angle: angles in radians, of the same type.
        out: a tensor to write the result into.

    Shape: the broadcast of both.

    Raises:
        RuntimeError: for types other than float32 and float64.

    Example:
        >>> import flambeau as fb
        >>> fb.polar(fb.tensor([2.]), fb.tensor([0.]))
        tensor([2.+0.j])

    Differs from PyTorch: the gradient of a negative magnitude is the derivative of the formula,
        where PyTorch's has the opposite sign.
    """
    check_tensors("polar", abs, angle)
    result = apply(POLAR, (abs, angle))
    return result if out is None else write_out("polar", out, result)
