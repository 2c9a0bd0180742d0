"""Distances between all pairs of rows."""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import ShapeError, message
from flambeau.ops.norms import vector_norm
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.view_record import require_tensor
from flambeau.tensor.tensor import Tensor


@public()
def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The distances between all pairs of rows, those above the diagonal row by row.

    :math:`out = (‖x_i - x_j‖_p)_{i < j}`

    Args:
        input: a floating-point matrix.
        p: the norm, at least 0.

    Shape: (n, m) -> (n (n - 1) / 2,).

    Raises:
        RuntimeError: for another number of dimensions, or a negative ``p``.

    Example:
        >>> import flambeau as fb
        >>> fb.pdist(fb.tensor([[0., 0.], [3., 4.], [0., 0.]]))
        tensor([5., 0., 5.])
    """
    array = require_tensor("pdist", input)
    if array.ndim != 2 or array.dtype.kind not in "fV" or p < 0:
        raise ShapeError(
            message(
                "pdist: wrong arguments",
                expected="a floating-point matrix, and p >= 0",
                got=f"shape {tuple(array.shape)} of {input.dtype}, and p={p}",
            )
        )
    rows: Any = PUBLIC["triu_indices"](array.shape[0], array.shape[0], 1)
    first: Any = input.index_select(0, rows[0])  # type: ignore[attr-defined]
    second: Any = input.index_select(0, rows[1])  # type: ignore[attr-defined]
    return vector_norm(first - second, p, 1)
