"""The singular value decomposition."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, message
from flambeau.core.spec import Spec
from flambeau.ops.creation import eye
from flambeau.ops.inverse import check_precision
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _infer(x: Any) -> tuple[Spec, Spec, Spec]:
    shape = tuple(x.shape)
    if len(shape) < 2:
        raise ShapeError(message("svd: not a matrix", expected="shape (..., m, n)", got=str(shape)))
    check_precision("svd", x)
    *batch, rows, columns = shape
    count = min(rows, columns)
    real = dtypes.of(x.dtype).to_real().numpy
    return (
        Spec((*batch, rows, count), x.dtype),
        Spec((*batch, count), real),
        Spec((*batch, count, columns), x.dtype),
    )


def _skew(x: Any) -> Tensor:
    return x - x.mH


def _gradient(g: Any, out: Any) -> Tensor:
    """Townsend's rule; equal singular values have no derivative of their vectors."""
    u, s, vh = out
    g_u, g_s, g_vh = g
    count = s.shape[-1]
    inner = None if g_s is None else g_s.diag_embed().to(u.dtype)
    if g_u is not None or g_vh is not None:
        distance = s.unsqueeze(-2) ** 2 - s.unsqueeze(-1) ** 2 + eye(count, dtype=s.dtype)
        turned = 0
        if g_u is not None:
            turned = turned + _skew(u.mH @ g_u) / distance * s.unsqueeze(-2)
        if g_vh is not None:
            turned = turned + s.unsqueeze(-1) * (_skew(vh @ g_vh.mH) / distance)
        inner = turned if inner is None else inner + turned
    total = u @ inner @ vh
    if g_u is not None and u.shape[-2] > count:
        total = total + ((g_u - u @ (u.mH @ g_u)) / s.unsqueeze(-2)) @ vh
    if g_vh is not None and vh.shape[-1] > count:
        total = total + (u / s.unsqueeze(-2)) @ (g_vh - (g_vh @ vh.mH) @ vh)
    return total


SVD = Operation(
    "linalg_svd",
    inputs="input",
    evaluate=lambda array: tuple(np.linalg.svd(array, full_matrices=False)),
    infer=_infer,
    gradient={"input": _gradient},
    strict=True,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 2)),)),
        make.sample(inputs=(make.tensor((3, 2)),)),
        make.sample(inputs=(make.tensor((2, 2, 3)),)),
        make.sample(inputs=(make.tensor((0, 2)),)),
        make.error((make.tensor((3,)),), (), RuntimeError),
        make.error((make.integers((2, 2)),), (), RuntimeError),
    ],
)


def svdvals(A: Tensor) -> Tensor:
    """The singular values of a matrix, or of each of a batch, from the largest on.

    Args:
        A: a floating-point or complex tensor.

    Shape: (..., m, n) -> (..., min(m, n)).

    Raises:
        RuntimeError: for fewer than two dimensions, integers and float16.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.svdvals(fb.tensor([[3., 0.], [0., -4.]]))
        tensor([4., 3.])
    """
    require_tensor("svdvals", A)
    return apply(SVD, (A,))[1]
