"""What ``torch.linalg`` has under its own signature and flambeau has already."""

from __future__ import annotations

from typing import Any

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.ops import matrix_sums
from flambeau.ops.matrix_arguments import check_same_type
from flambeau.ops.publish import PUBLIC
from flambeau.ops.view_record import require_tensor
from flambeau.ops.writing import write_out
from flambeau.tensor.interpreting import in_lower_precision
from flambeau.tensor.tensor import Tensor


def cross(input: Tensor, other: Tensor, *, dim: int = -1, out: Tensor | None = None) -> Tensor:
    """The cross product of vectors with three components.

    Args:
        input, other: tensors that broadcast, with as many dimensions.
        dim: the dimension of size 3 that holds the components.
        out: a tensor to write the result into.

    Shape: the broadcast of both.

    Raises:
        RuntimeError: if the dimension's size is not 3.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.cross(fb.tensor([1, 0, 0]), fb.tensor([0, 1, 0]))
        tensor([0, 0, 1])
    """
    return matrix_sums.cross(input, other, dim, out=out)


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The diagonals of matrices, as a view.

    Args:
        A: a tensor.
        offset: which diagonal: 0 is the main one, 1 the one above it.
        dim1, dim2: the dimensions of the matrices.

    Shape: the input's without both, and with the diagonal's length last.

    Raises:
        RuntimeError: if both dimensions are the same.
        IndexError: if there is no such dimension.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.diagonal(fb.tensor([[1, 2], [3, 4]]))
        tensor([1, 4])
    """
    return A.diagonal(offset, dim1, dim2)  # type: ignore[attr-defined]


@in_lower_precision
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1, out: Tensor | None = None) -> Tensor:
    """The inner products of vectors along a dimension.

    :math:`out = Σ_i \\overline{x_i} y_i`

    Args:
        x, y: floating-point or complex tensors that broadcast.
        dim: the dimension of the vectors.
        out: a tensor to write the result into.

    Shape: the broadcast of both without ``dim``.

    Raises:
        RuntimeError: if the shapes do not broadcast.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.vecdot(fb.tensor([1., 2.]), fb.tensor([3., 4.]))
        tensor(11.)
    """
    require_tensor("vecdot", x)
    require_tensor("vecdot", y)
    check_same_type("vecdot", x._array, y._array)
    kind = x.dtype
    left: Any = x.conj() if kind.is_complex else x  # type: ignore[attr-defined]
    result = (left * y).sum(dim, dtype=kind)
    return result if out is None else write_out("vecdot", out, result)


def vander(x: Tensor, N: int | None = None) -> Tensor:
    """The powers of elements, rising from left to right.

    :math:`out_{ij} = x_i^j`

    Args:
        x: vectors.
        N: columns, above 1; as many as elements if not given.

    Shape: (..., n) -> (..., n, N).

    Raises:
        RuntimeError: if there are less than 2 columns.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.vander(fb.tensor([2, 3]), 3)
        tensor([[1, 2, 4],
                [1, 3, 9]])
    """
    if not require_tensor("vander", x).ndim:
        x = x.reshape(1)  # type: ignore[attr-defined]
    array = x._array
    columns = array.shape[-1] if N is None else int(N)
    if columns <= 1:
        raise RuntimeError(message("vander: too few columns", expected="N > 1", got=str(columns)))
    values: Any = x.to(dtypes.int64) if array.dtype.kind in "iub" else x  # type: ignore[attr-defined]
    shape = (*array.shape, columns - 1)
    powers = values.unsqueeze(-1).expand(shape).cumprod(-1)
    ones = PUBLIC["ones"]((*array.shape, 1), dtype=values.dtype)
    return PUBLIC["cat"]((ones, powers), -1)
