"""Norms of matrices."""

from __future__ import annotations

from math import inf
from typing import Any

from flambeau.core.errors import message
from flambeau.core.shapes import wrap_dim
from flambeau.ops.norms import as_type, vector_norm
from flambeau.ops.operands import refuse_integers
from flambeau.ops.publish import PUBLIC
from flambeau.ops.singular_values import svdvals
from flambeau.ops.view_record import require_tensor
from flambeau.ops.writing import write_out
from flambeau.tensor.tensor import Tensor


def matrix_norm(
    A: Tensor,
    ord: Any = "fro",
    dim: Any = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    """A norm of matrices.

    ========== =====================================================
    ``"fro"``  the root of the sum of squares
    ``"nuc"``  the sum of singular values
    2, -2      the largest, the smallest singular value
    1, -1      the largest, the smallest sum of sizes in a column
    inf, -inf  the largest, the smallest sum of sizes in a row
    ========== =====================================================

    Args:
        A: floating-point or complex matrices.
        ord: which norm.
        dim: the two dimensions of the matrices.
        keepdim: keep them with size 1.
        dtype: the type to convert to first.
        out: a tensor to write the result into.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        RuntimeError: for another norm, integers, or dimensions that are not two.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.matrix_norm(fb.tensor([[1., -2.], [3., 4.]]), 1)
        tensor(6.)
    """
    array = require_tensor("matrix_norm", A)
    dims = tuple(wrap_dim("matrix_norm", d, array.ndim) for d in dim)
    if array.ndim < 2 or len(dims) != 2 or dims[0] == dims[1]:
        raise RuntimeError(
            message(
                "matrix_norm: matrices have two dimensions",
                expected="dim with two different dimensions",
                got=f"shape {tuple(array.shape)} and dim {tuple(dim)}",
            )
        )
    A = as_type(A, dtype)
    refuse_integers("matrix_norm", A.dtype)
    if ord == "fro":
        result = vector_norm(A, 2, dims, keepdim)
    elif ord in ("nuc", 2, -2):
        result = _by_singular_values(A, ord, dims, keepdim)
    elif not isinstance(ord, str) and ord in (1, -1, inf, -inf):
        result = _by_sums(A, ord, dims, keepdim)
    else:
        raise RuntimeError(
            message(
                "matrix_norm: unknown norm",
                expected="'fro', 'nuc', ±1, ±2 or ±inf",
                got=repr(ord),
            )
        )
    return result if out is None else write_out("matrix_norm", out, result)


def _by_singular_values(A: Tensor, ord: Any, dims: tuple[int, ...], keepdim: bool) -> Any:
    matrices = PUBLIC["movedim"](A, dims, (-2, -1))
    values: Any = svdvals(matrices)
    if ord == "nuc":
        result = values.sum(-1)
    else:
        result = _extreme(values, -1, False, ord)
    return _with_dims(result, dims) if keepdim else result


def _by_sums(A: Any, ord: float, dims: tuple[int, ...], keepdim: bool) -> Any:
    summed, kept = dims if ord in (1, -1) else dims[::-1]
    sums: Any = vector_norm(A, 1, summed, True)
    result = _extreme(sums, kept, True, ord)
    if keepdim:
        return result
    for d in sorted(dims, reverse=True):
        result = result.squeeze(d)
    return result


def _extreme(sizes: Any, dim: int, keepdim: bool, ord: float) -> Any:
    """The largest or smallest size; the largest of none is 0."""
    if ord < 0:
        return sizes.amin(dim, keepdim)
    return sizes.amax(dim, keepdim) if sizes._array.shape[dim] else sizes.sum(dim, keepdim)


def _with_dims(x: Any, dims: tuple[int, ...]) -> Any:
    for d in sorted(dims):
        x = x.unsqueeze(d)
    return x


def linalg_norm(
    A: Tensor,
    ord: Any = None,
    dim: Any = None,
    keepdim: bool = False,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
) -> Tensor:
    """A norm of vectors or matrices.

    Of matrices if ``dim`` has two dimensions, or if there is no ``dim`` and the input has two;
    see :func:`flambeau.linalg.matrix_norm` and :func:`flambeau.linalg.vector_norm`.

    Args:
        A: a floating-point or complex tensor.
        ord: which norm; ``None`` for the root of the sum of squares.
        dim: one or two dimensions; all if neither this nor ``ord`` is given.
        keepdim: keep them with size 1.
        out: a tensor to write the result into.
        dtype: the type to convert to first.

    Shape: the input's without ``dim`` (or with size 1 there).

    Raises:
        RuntimeError: for unknown norms, integers, or a number of dimensions that does not fit.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.norm(fb.tensor([3., 4.]))
        tensor(5.)
    """
    array = require_tensor("norm", A)
    dims = (dim,) if isinstance(dim, int) else None if dim is None else tuple(dim)
    if ord is None:
        result = vector_norm(A, 2, dims, keepdim, dtype=dtype)
    else:
        count = array.ndim if dims is None else len(dims)
        if count not in (1, 2):
            raise RuntimeError(
                message(
                    "norm: neither a vector nor a matrix",
                    expected="dim with one or two dimensions",
                    got=f"{count} dimensions",
                )
            )
        if count == 2:
            result = matrix_norm(A, ord, dims or (-2, -1), keepdim, dtype=dtype)
        elif isinstance(ord, str):
            raise RuntimeError(
                message("norm: a norm of matrices", expected="a number for vectors", got=repr(ord))
            )
        else:
            result = vector_norm(A, ord, dims, keepdim, dtype=dtype)
    return result if out is None else write_out("norm", out, result)
