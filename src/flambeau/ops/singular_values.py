"""The singular value decomposition."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, message
from flambeau.core.spec import Spec
from flambeau.ops import return_types
from flambeau.ops.creation import eye
from flambeau.ops.inverse import check_precision
from flambeau.ops.publish import public
from flambeau.ops.view_record import require_tensor
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _infer(x: Any, full: bool) -> tuple[Spec, Spec, Spec]:
    shape = tuple(x.shape)
    if len(shape) < 2:
        raise ShapeError(message("svd: not a matrix", expected="shape (..., m, n)", got=str(shape)))
    check_precision("svd", x)
    *batch, rows, columns = shape
    count = min(rows, columns)
    real = dtypes.of(x.dtype).to_real().numpy
    return (
        Spec((*batch, rows, rows if full else count), x.dtype),
        Spec((*batch, count), real),
        Spec((*batch, columns if full else count, columns), x.dtype),
    )


def _skew(x: Any) -> Tensor:
    return x - x.mH


def _phases(x: Any, s: Any) -> Any:
    """What the phases of complex vectors, of which one of a pair is free, ask of the input."""
    turning: Any = x.diagonal(0, -2, -1).imag / s
    return 1j * turning.diag_embed()


def _gradient(g: Any, input: Any, out: Any) -> Tensor | None:
    """Townsend's rule; equal singular values have no derivative of their vectors.

    Of full matrices, the vectors beyond the singular values carry no gradient.
    """
    u, s, vh = out
    g_u, g_s, g_vh = g
    if g_u is None and g_s is None and g_vh is None:
        return None
    count = s.shape[-1]
    u, vh = u[..., :count], vh[..., :count, :]
    g_u = None if g_u is None else g_u[..., :count]
    g_vh = None if g_vh is None else g_vh[..., :count, :]
    inner = None if g_s is None else g_s.diag_embed().to(u.dtype)
    if g_u is not None or g_vh is not None:
        distance = s.unsqueeze(-2) ** 2 - s.unsqueeze(-1) ** 2 + eye(count, dtype=s.dtype)
        turned, is_complex = 0, u._array.dtype.kind == "c"
        if g_u is not None:
            about = u.mH @ g_u
            off = _skew(about)
            turned = turned + (off - off.diagonal(0, -2, -1).diag_embed()) / distance * s.unsqueeze(
                -2
            )
            if is_complex:
                turned = turned + _phases(about, s)
        if g_vh is not None:
            off = _skew(vh @ g_vh.mH)
            off = off - off.diagonal(0, -2, -1).diag_embed()
            turned = turned + s.unsqueeze(-1) * (off / distance)
            if is_complex and g_u is None:
                turned = turned - _phases(vh @ g_vh.mH, s)
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
    params="full",
    evaluate=lambda array, full: tuple(np.linalg.svd(array, full_matrices=full)),
    infer=_infer,
    gradient={"input": _gradient},
    strict=True,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 2)),), params=(False,)),
        make.sample(inputs=(make.tensor((3, 2)),), params=(False,)),
        make.sample(inputs=(make.tensor((2, 2, 3)),), params=(False,)),
        make.sample(inputs=(make.tensor((2, 3)),), params=(True,), smooth=False),
        make.sample(inputs=(make.tensor((0, 2)),), params=(False,)),
        make.error((make.tensor((3,)),), (False,), RuntimeError),
        make.error((make.integers((2, 2)),), (False,), RuntimeError),
    ],
)


def linalg_svd(
    A: Tensor, full_matrices: bool = True, *, driver: str | None = None, out: Any = None
) -> Any:
    """The singular value decomposition of a matrix, or of each of a batch.

    :math:`A = U · diag(S) · V^H`, with S falling and orthonormal columns in U and V.

    Args:
        A: a floating-point or complex tensor.
        full_matrices: whether U and V are square.
        driver: PyTorch's choice of an algorithm on a GPU; must be ``None``.
        out: three tensors to write the results into.

    Shape: (..., m, n) -> (..., m, m or k), (..., k), (..., n or k, n), with k = min(m, n).

    Raises:
        RuntimeError: for fewer than two dimensions, integers, float16, or a driver.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.svd(fb.tensor([[3., 0.], [0., -4.]])).S
        tensor([4., 3.])

    Reference: J. Townsend, Differentiating the singular value decomposition, 2016.
    """
    require_tensor("svd", A)
    if driver is not None:
        raise RuntimeError(
            message("svd: drivers are for GPUs", expected="driver=None", got=repr(driver))
        )
    result = return_types.linalg_svd(*apply(SVD, (A,), (bool(full_matrices),)))
    return result if out is None else write_out("svd", out, result)


@public(method=True)
def svd(input: Tensor, some: bool = True, compute_uv: bool = True, *, out: Any = None) -> Any:
    """The singular value decomposition, the older way to ask for it.

    :math:`input = U · diag(S) · V^H`; see :func:`flambeau.linalg.svd`.

    Args:
        input: a floating-point or complex tensor.
        some: whether U and V have only as many columns as there are singular values.
        compute_uv: whether to compute U and V; they are zero otherwise.
        out: three tensors to write the results into.

    Shape: (..., m, n) -> (..., m, k), (..., k), (..., n, k).

    Raises:
        RuntimeError: for fewer than two dimensions, integers and float16.

    Example:
        >>> import flambeau as fb
        >>> fb.svd(fb.tensor([[3., 0.], [0., -4.]])).S
        tensor([4., 3.])
    """
    require_tensor("svd", input)
    u, s, vh = apply(SVD, (input,), (not some if compute_uv else True,))
    v = vh.mH
    if not compute_uv:
        u, v = u.detach() * 0, v.detach() * 0
    result = return_types.svd(u, s, v)
    return result if out is None else write_out("svd", out, result)


def svdvals(A: Tensor, *, driver: str | None = None, out: Tensor | None = None) -> Tensor:
    """The singular values of a matrix, or of each of a batch, from the largest on.

    Args:
        A: a floating-point or complex tensor.
        driver: PyTorch's choice of an algorithm on a GPU; must be ``None``.
        out: a tensor to write the result into.

    Shape: (..., m, n) -> (..., min(m, n)).

    Raises:
        RuntimeError: for fewer than two dimensions, integers and float16.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.svdvals(fb.tensor([[3., 0.], [0., -4.]]))
        tensor([4., 3.])
    """
    result = linalg_svd(A, False, driver=driver)[1]
    return result if out is None else write_out("svdvals", out, result)
