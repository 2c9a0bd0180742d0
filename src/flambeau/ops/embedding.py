"""Looking rows up in a table, adding gradients back into it, and keeping its rows short."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import ShapeError, message
from flambeau.core.native import kernels_for
from flambeau.core.spec import Spec
from flambeau.ops.gathering import check_bounds, check_index_type
from flambeau.ops.publish import public
from flambeau.ops.reduction import is_reduced
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

# --- the lookup -------------------------------------------------------------------------------


def _check(name: str, weight: Any, indices: Any) -> None:
    if weight.ndim != 2:
        raise ShapeError(
            message(
                f"{name}: weight is not a matrix",
                expected="weight of shape (num_embeddings, embedding_dim)",
                got=f"weight {tuple(weight.shape)}",
            )
        )
    check_index_type(name, indices)


def _embedding(weight: np.ndarray, indices: np.ndarray, padding_idx: int, scale: bool) -> Any:
    _check("embedding", weight, indices)
    try:
        rows = weight.take(indices, 0)
    except IndexError:
        check_bounds("embedding", indices, weight.shape[0], 0, IndexError)
        raise
    if indices.size and np.minimum.reduce(indices, None) < 0:  # NumPy counts from the end
        check_bounds("embedding", indices, weight.shape[0], 0, IndexError)
    return rows


def _infer(weight: Any, indices: Any, padding_idx: int, scale: bool) -> Spec:
    _check("embedding", weight, indices)
    return Spec((*indices.shape, weight.shape[1]), weight.dtype)


EMBEDDING = Operation(
    "embedding",
    inputs="weight indices",
    params="padding_idx scale_grad_by_freq",
    evaluate=_embedding,
    infer=_infer,
    gradient={
        "weight": lambda g, indices, weight_shape, padding_idx, scale_grad_by_freq: apply(
            EMBEDDING_BACKWARD, (g, indices), (weight_shape[0], padding_idx, scale_grad_by_freq)
        ),
    },
    decompose=lambda weight, indices, padding_idx, scale_grad_by_freq: weight.index_select(
        0, indices.reshape(-1)
    ).reshape(*indices.shape, weight.shape[1]),
    samples=lambda make: [
        make.sample((make.tensor((5, 3)), make.integers((4,), 0, 5)), (-1, False)),
        make.sample((make.transposed((5, 3)), make.integers((), 0, 5)), (-1, False)),
        make.sample((make.tensor((5, 3)), make.integers((0,), 0, 5)), (-1, False)),
        # What these hand back is by intention not the derivative.
        make.sample((make.tensor((5, 3)), make.integers((2, 4), 0, 5)), (1, False), smooth=False),
        make.sample((make.tensor((3, 2)), make.integers((6,), 0, 3)), (-1, True), smooth=False),
        make.error((make.tensor((5,)), make.integers((2,), 0, 5)), (-1, False), RuntimeError),
        make.error((make.tensor((5, 3)), make.tensor((2,))), (-1, False), RuntimeError),
    ],
)

# --- its gradient -----------------------------------------------------------------------------


def sum_rows(rows: np.ndarray, places: np.ndarray, count: int) -> np.ndarray:
    """A table of ``count`` rows, each the sum of those ``rows`` that belong to its place.

    Rows are added one after the other as they come, so that sums have one value.
    """
    kind, width = rows.dtype, rows.shape[1]
    table = np.zeros(count * width, np.float32 if is_reduced(kind) else kind)
    native = kernels_for(rows.size)
    if native and native.add_rows(table.reshape(count, width), rows, places):
        return table.reshape(count, width)
    flat = (places[:, None] * width + np.arange(width)).reshape(-1)  # `add.at` is quick in 1-d
    np.add.at(table, flat, rows.astype(table.dtype, copy=False).reshape(-1))
    return table.reshape(count, width).astype(kind, copy=False)


def _backward(
    g: np.ndarray, indices: np.ndarray, count: int, padding_idx: int, scale: bool
) -> np.ndarray:
    places = indices.reshape(-1)
    rows = g.reshape(places.size, g.shape[-1])
    if padding_idx >= 0:
        kept = places != padding_idx
        places, rows = places[kept], rows[kept]
    if scale:
        rows = rows / _counts(places).astype(rows.dtype)[:, None]
    return sum_rows(rows, places, count)


def _counts(places: np.ndarray) -> np.ndarray:
    """How often the index at each place occurs."""
    return np.bincount(places.reshape(-1))[places] if places.size else places


def _backward_of_backward(
    g: Any, indices: Any, count: int, padding_idx: int, scale_grad_by_freq: bool
) -> Tensor:
    rows = apply(EMBEDDING, (g, indices), (padding_idx, False))
    if scale_grad_by_freq:
        counts = apply(INDEX_COUNTS, (indices,))
        rows = rows / counts.to(rows.dtype).unsqueeze(-1)
    if padding_idx >= 0:
        rows = rows.masked_fill((indices == padding_idx).unsqueeze(-1), 0)
    return rows


def _backward_in_parts(
    g: Any, indices: Any, count: int, padding_idx: int, scale_grad_by_freq: bool
) -> Tensor:
    if scale_grad_by_freq:
        g = g / apply(INDEX_COUNTS, (indices,)).to(g.dtype).unsqueeze(-1)
    if padding_idx >= 0:
        g = g.masked_fill((indices == padding_idx).unsqueeze(-1), 0)
    rows = g.reshape(-1, g.shape[-1])
    return g.new_zeros((count, g.shape[-1])).index_add(0, indices.reshape(-1), rows)


EMBEDDING_BACKWARD = Operation(
    "embedding_backward",
    inputs="g indices",
    params="count padding_idx scale_grad_by_freq",
    evaluate=_backward,
    infer=lambda g, indices, count, padding_idx, scale: Spec((count, g.shape[-1]), g.dtype),
    gradient={
        "g": lambda g, indices, count, padding_idx, scale_grad_by_freq: _backward_of_backward(
            g, indices, count, padding_idx, scale_grad_by_freq
        ),
    },
    node_name="EmbeddingDenseBackwardBackward0",
    decompose=_backward_in_parts,
    samples=lambda make: [
        make.sample((make.tensor((4, 3)), make.integers((4,), 0, 5)), (5, -1, False)),
        make.sample((make.tensor((2, 4, 3)), make.integers((2, 4), 0, 3)), (3, 1, False)),
        make.sample((make.tensor((6, 2)), make.integers((6,), 0, 3)), (3, -1, True)),
        make.sample((make.tensor((0, 2)), make.integers((0,), 0, 3)), (3, 0, True)),
        make.sample((make.tensor((2,)), make.integers((), 0, 3)), (3, -1, False)),
    ],
)

INDEX_COUNTS = Operation(
    "index_counts",
    inputs="indices",
    evaluate=_counts,
    infer=lambda indices: Spec(indices.shape, np.dtype(np.int64)),
    samples=lambda make: [
        make.sample((make.integers((6,), 0, 3),)),
        make.sample((make.integers((2, 3), 0, 3),)),
        make.sample((make.integers((), 0, 3),)),
        make.sample((make.integers((0,), 0, 3),)),
    ],
)

# --- rows of bounded length -------------------------------------------------------------------


def _renorm(weight: np.ndarray, indices: np.ndarray, max_norm: float, norm_type: float) -> Any:
    _check("embedding_renorm", weight, indices)
    check_bounds("embedding_renorm", indices, weight.shape[0], 0, IndexError)
    result = weight.copy()
    used = np.unique(indices)
    wide = np.float32 if is_reduced(weight.dtype) else weight.dtype
    rows = weight[used].astype(wide, copy=False)
    norms = np.linalg.norm(rows, norm_type, axis=1)
    long = norms > max_norm
    # The small term is PyTorch's; it keeps the new norm below the bound when it is rounded.
    rows[long] *= (max_norm / (norms[long] + 1e-7)).astype(wide)[:, None]
    result[used] = rows
    return result


def _infer_renorm(weight: Any, indices: Any, max_norm: float, norm_type: float) -> Spec:
    _check("embedding_renorm", weight, indices)
    return Spec(weight.shape, weight.dtype)


EMBEDDING_RENORM = Operation(
    "embedding_renorm",
    inputs="weight indices",
    params="max_norm norm_type",
    evaluate=_renorm,
    infer=_infer_renorm,
    samples=lambda make: [
        make.sample((make.tensor((5, 3)), make.integers((4,), 0, 5)), (1.0, 2.0)),
        make.sample((make.tensor((5, 3)), make.integers((2, 2), 0, 5)), (2.0, 1.0)),
        make.sample((make.tensor((5, 3)), make.integers((0,), 0, 5)), (2.0, 2.0)),
        make.error((make.tensor((5,)), make.integers((2,), 0, 5)), (1.0, 2.0), RuntimeError),
    ],
)

# --- what users call --------------------------------------------------------------------------


def _check_tensors(name: str, weight: Any, indices: Any) -> None:
    for what, x in (("weight", weight), ("indices", indices)):
        if not isinstance(x, Tensor):
            raise TypeError(
                message(
                    f"{name}: {what} is not a tensor", expected="a tensor", got=type(x).__name__
                )
            )


@public()
def embedding(
    weight: Tensor,
    indices: Tensor,
    padding_idx: int = -1,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Rows of a table, one for each index.

    :math:`out[i..., :] = weight[indices[i...], :]`

    Args:
        weight: the table.
        indices: row numbers, of type int64 or int32.
        padding_idx: a row that gets no gradient; a negative number for none.
        scale_grad_by_freq: divide the gradient of a row by how often it was looked up.
        sparse: without effect: the gradient is a dense tensor, which ``optim.SparseAdam`` takes.

    Shape: (num_embeddings, embedding_dim) and (*) -> (*, embedding_dim).

    Raises:
        IndexError: if an index is out of range.
        RuntimeError: for indices of another type, or a table that is not a matrix.

    Example:
        >>> import flambeau as fb
        >>> fb.embedding(fb.tensor([[1., 2.], [3., 4.]]), fb.tensor([1, 1]))
        tensor([[3., 4.],
                [3., 4.]])
    """
    if not (isinstance(weight, Tensor) and isinstance(indices, Tensor)):
        _check_tensors("embedding", weight, indices)
    return apply(EMBEDDING, (weight, indices), (padding_idx, scale_grad_by_freq))


@public()
def embedding_renorm_(
    weight: Tensor, indices: Tensor, max_norm: float, norm_type: float = 2.0
) -> Tensor:
    """Shorten, in place, those rows of a table that are looked up and too long.

    Args:
        weight: the table.
        indices: row numbers.
        max_norm: the greatest norm that a row may have, > 0.
        norm_type: the p of the p-norm.

    Raises:
        IndexError: if an index is out of range.
        RuntimeError: if the table requires a gradient outside ``no_grad``.

    Example:
        >>> import flambeau as fb
        >>> fb.embedding_renorm_(fb.tensor([[3., 4.]]), fb.tensor([0]), 1.0)
        tensor([[0.6000, 0.8000]])
    """
    _check_tensors("embedding_renorm_", weight, indices)
    params = (float(max_norm), float(norm_type))
    return apply_inplace(EMBEDDING_RENORM, weight, (indices,), params)
