"""The exponential of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.spec import Spec
from flambeau.ops.matrix_arguments import check_square
from flambeau.ops.operands import refuse_integers
from flambeau.ops.publish import PUBLIC, public
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

# The Padé approximant of order 13, which is exact to double precision up to this norm.
_COEFFICIENTS = (
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0,
    129060195264000.0, 10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0, 40840800.0,
    960960.0, 16380.0, 182.0, 1.0,
)  # fmt: skip
_LARGEST = 5.371920351148152


def _matrix_exp(a: np.ndarray) -> np.ndarray:
    wide = a.astype(np.complex128 if a.dtype.kind == "c" else np.float64)
    if a.size == 0:
        return a.copy()
    norm = np.abs(wide).sum(-2).max(-1)
    halvings = np.zeros(norm.shape, np.int64)
    large = np.isfinite(norm) & (norm > _LARGEST)
    halvings[large] = np.ceil(np.log2(norm[large] / _LARGEST)).astype(np.int64)
    result = _pade(wide * np.exp2(-halvings.astype(np.float64))[..., None, None])
    for step in range(int(halvings.max(initial=0))):
        again = (halvings > step)[..., None, None]
        result = np.where(again, result @ result, result)
    return result.astype(a.dtype)


def _pade(a: np.ndarray) -> np.ndarray:
    b, one = _COEFFICIENTS, np.eye(a.shape[-1])
    a2 = a @ a
    a4 = a2 @ a2
    a6 = a4 @ a2
    odd = a @ (
        a6 @ (b[13] * a6 + b[11] * a4 + b[9] * a2) + b[7] * a6 + b[5] * a4 + b[3] * a2 + b[1] * one
    )
    even = (
        a6 @ (b[12] * a6 + b[10] * a4 + b[8] * a2) + b[6] * a6 + b[4] * a4 + b[2] * a2 + b[0] * one
    )
    return np.linalg.solve(even - odd, even + odd)


def _infer(x: Any) -> Spec:
    refuse_integers("matrix_exp", dtypes.of(x.dtype))
    if x.dtype.itemsize > 2:
        check_square("matrix_exp", x)
    return Spec(x.shape, x.dtype)


def _gradient(g: Any, input: Any) -> Tensor:
    """The upper right corner of the exponential of [[A^H, g], [0, A^H]]."""
    n, cat = input.shape[-1], PUBLIC["cat"]
    adjoint = input.mH
    upper = cat((adjoint, g), -1)
    lower = cat((PUBLIC["zeros_like"](g), adjoint), -1)
    return matrix_exp(cat((upper, lower), -2))[..., :n, n:]


MATRIX_EXP = Operation(
    "linalg_matrix_exp",
    inputs="input",
    evaluate=_matrix_exp,
    infer=_infer,
    gradient={"input": _gradient},
    strict=True,
    samples=lambda make: [
        make.sample((make.tensor((2, 2), -1, 1),)),
        make.sample((make.tensor((2, 3, 3), -3, 3),)),
        make.sample((make.tensor((0, 0)),)),
        make.error((make.tensor((2, 3)),), (), RuntimeError),
        make.error((make.integers((2, 2)),), (), RuntimeError),
    ],
)


@public(method=True)
def matrix_exp(input: Tensor) -> Tensor:
    """The exponential of square matrices.

    :math:`out = Σ_k input^k / k!`

    Args:
        input: floating-point or complex matrices.

    Shape: (..., n, n), as the input's.

    Raises:
        RuntimeError: for shapes that are not square, or integers.

    Example:
        >>> import flambeau as fb
        >>> fb.matrix_exp(fb.zeros(2, 2))
        tensor([[1., 0.],
                [0., 1.]])

    Reference: N. Higham, The scaling and squaring method for the matrix exponential revisited,
    2005.
    """
    check_square("matrix_exp", input)
    return apply(MATRIX_EXP, (input,))
