"""The inverse of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, message
from flambeau.core.spec import Spec
from flambeau.ops.creation import eye
from flambeau.ops.operands import refuse_integers
from flambeau.ops.publish import public
from flambeau.ops.view_record import require_tensor
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


class SingularError(RuntimeError, np.linalg.LinAlgError):
    """A matrix without an inverse."""


def check_precision(name: str, x: Any) -> None:
    """Refuse what NumPy's linear algebra does not compute with.

    Raises:
        RuntimeError: for integers, truth values, float16 and bfloat16.
    """
    kind = dtypes.of(x.dtype)
    refuse_integers(name, kind)
    if kind.itemsize == 2:
        raise RuntimeError(
            message(
                f"{name}: not enough precision",
                expected="float32, float64, complex64 or complex128",
                got=str(kind),
                help="convert with .float()",
            )
        )


def _inverse(array: np.ndarray) -> np.ndarray:
    try:
        return np.linalg.inv(array)
    except np.linalg.LinAlgError as error:
        raise SingularError(
            message(
                "inverse: a matrix is singular",
                expected="matrices whose rows are linearly independent",
                got=f"shape {array.shape}, of which one has no inverse",
            )
        ) from error


def _infer(x: Any) -> Spec:
    shape = tuple(x.shape)
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise ShapeError(
            message("inverse: not square", expected="shape (..., m, m)", got=str(shape))
        )
    check_precision("inverse", x)
    return Spec(shape, x.dtype)


def _gradient(g: Any, out: Any) -> Tensor:
    adjoint = out.mH
    return -(adjoint @ g @ adjoint)


INVERSE = Operation(
    "linalg_inv_ex",
    inputs="input",
    evaluate=_inverse,
    infer=_infer,
    gradient={"input": _gradient},
    strict=True,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 2)) + 8.0 * eye(2),)),
        make.sample(inputs=(make.tensor((2, 3, 3)) + 8.0 * eye(3),)),
        make.sample(inputs=(make.tensor((0, 0)),)),
        make.error((make.tensor((2, 3)),), (), RuntimeError),
        make.error((make.integers((2, 2)),), (), RuntimeError),
    ],
)


@public(method=True)
def inverse(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of a matrix, or of each of a batch.

    :math:`out · input = I`

    Args:
        input: a floating-point or complex tensor.
        out: a tensor to write the result into.

    Shape: (..., m, m), as the input's.

    Raises:
        RuntimeError: if the matrices are not square, or one is singular.

    Example:
        >>> import flambeau as fb
        >>> fb.inverse(fb.tensor([[2., 0.], [0., 4.]]))
        tensor([[0.5000, 0.0000],
                [0.0000, 0.2500]])
    """
    require_tensor("inverse", input)
    result = apply(INVERSE, (input,))
    return result if out is None else write_out("inverse", out, result)
