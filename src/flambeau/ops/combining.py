"""Tensors from several others: grids, combinations, blocks."""

from __future__ import annotations

from itertools import combinations as choose
from itertools import combinations_with_replacement as choose_again
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.advanced_indexing import indexed
from flambeau.ops.expansion import EXPAND
from flambeau.ops.publish import public
from flambeau.ops.view_record import require_tensor, view_of
from flambeau.tensor.dispatch import apply, wrap
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor


@public()
def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Coordinates of a grid: each 1-d tensor expanded along the dimensions of the others.

    Args:
        tensors: tensors of at most one dimension.
        indexing: ``"ij"`` (the default) for the order given, ``"xy"`` to swap the first two.

    Raises:
        RuntimeError: for tensors of more dimensions, of different types, or another indexing.

    Example:
        >>> import flambeau as fb
        >>> x, y = fb.meshgrid(fb.tensor([1, 2]), fb.tensor([3, 4, 5]), indexing="ij")
        >>> x
        tensor([[1, 1, 1],
                [2, 2, 2]])
    """
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    _check_grid(tensors, indexing)
    swap = indexing == "xy" and len(tensors) >= 2
    if swap:
        tensors = (*tensors[1::-1], *tensors[2:])
    shape = tuple([t._array.size for t in tensors])
    grids = []
    for axis, tensor in enumerate(tensors):
        sizes = (1,) * axis + (-1,) + (1,) * (len(tensors) - axis - 1)
        grids.append(view_of(EXPAND, tensor.view(sizes), (shape,)))
    if swap:
        grids[0], grids[1] = grids[1], grids[0]
    return tuple(grids)


def _check_grid(tensors: tuple[Any, ...], indexing: str | None) -> None:
    if not tensors:
        raise ValueError(message("meshgrid: no tensors", expected="at least one tensor"))
    for tensor in tensors:
        if require_tensor("meshgrid", tensor).ndim > 1:
            raise RuntimeError(
                message(
                    "meshgrid: only tensors of at most one dimension",
                    expected="shape (n,) or ()",
                    got=f"shape {tuple(tensor.shape)}",
                )
            )
        if tensor._array.dtype != tensors[0]._array.dtype:
            raise RuntimeError(
                message(
                    "meshgrid: all tensors must be of one type",
                    expected=str(tensors[0].dtype),
                    got=str(tensor.dtype),
                )
            )
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(
            message("meshgrid: indexing is not known", expected="'ij' or 'xy'", got=repr(indexing))
        )


@public()
def cartesian_prod(*tensors: Any) -> Tensor:
    """All combinations of one element of each tensor, a row for each.

    Args:
        tensors: tensors of one dimension.

    Raises:
        RuntimeError: for tensors of other dimensions.

    Example:
        >>> import flambeau as fb
        >>> fb.cartesian_prod(fb.tensor([1, 2]), fb.tensor([3, 4]))
        tensor([[1, 3],
                [1, 4],
                [2, 3],
                [2, 4]])
    """
    for tensor in tensors:
        if require_tensor("cartesian_prod", tensor).ndim != 1:
            raise RuntimeError(
                message(
                    "cartesian_prod: only 1-d tensors",
                    expected="shape (n,)",
                    got=f"shape {tuple(tensor.shape)}",
                )
            )
    if len(tensors) == 1:
        return tensors[0]
    columns = [grid.flatten() for grid in meshgrid(*tensors, indexing="ij")]  # type: ignore[attr-defined]
    return apply(REGISTRY["stack"], tuple(columns), (1,))


@public()
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All choices of ``r`` elements in order, a row for each.

    Args:
        input: a tensor of one dimension.
        r: how many to choose.
        with_replacement: whether an element may be chosen several times.

    Raises:
        RuntimeError: for tensors of other dimensions or a negative ``r``.

    Example:
        >>> import flambeau as fb
        >>> fb.combinations(fb.tensor([1, 2, 3]))
        tensor([[1, 2],
                [1, 3],
                [2, 3]])
    """
    array = require_tensor("combinations", input)
    if array.ndim != 1 or r < 0:
        raise RuntimeError(
            message(
                "combinations: a 1-d tensor and a number of elements are needed",
                expected="shape (n,) and r >= 0",
                got=f"shape {tuple(array.shape)} and r={r}",
            )
        )
    if r == 0:
        return input.new_empty((0,))  # type: ignore[attr-defined]
    chosen = (choose_again if with_replacement else choose)(range(array.size), r)
    places = np.array(list(chosen), np.int64).reshape(-1, r)
    columns = [indexed(input, [wrap(places[:, c].copy())]) for c in range(r)]
    return apply(REGISTRY["stack"], tuple(columns), (1,))


def _block_diagonal(*arrays: np.ndarray) -> np.ndarray:
    spec = _infer_blocks(*arrays)
    result = np.zeros(spec.shape, spec.dtype)
    row = column = 0
    for x in arrays:
        height, width = _block_size(x.shape)
        result[row : row + height, column : column + width] = x
        row, column = row + height, column + width
    return result


def _block_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Vectors are rows, numbers are blocks of one element."""
    return (1,) * (2 - len(shape)) + tuple(shape)  # type: ignore[return-value]


def _infer_blocks(*arrays: Any) -> Spec:
    kind = dtypes.of(arrays[0].dtype)
    for x in arrays:
        if len(x.shape) > 2:
            raise RuntimeError(
                message(
                    "block_diag: only tensors of at most two dimensions",
                    expected="at most 2 dimensions",
                    got=f"shape {tuple(x.shape)}",
                )
            )
        kind = dtypes.promote_types(kind, dtypes.of(x.dtype))
    sizes = [_block_size(tuple(x.shape)) for x in arrays]
    return Spec((sum([h for h, _ in sizes]), sum([w for _, w in sizes])), kind.numpy)


def _block_gradient(g, tensors_shape, needs):
    gradients, row, column = [], 0, 0
    for shape, need in zip(tensors_shape, needs):
        height, width = _block_size(tuple(shape))
        block = None
        if need:
            block = g[row : row + height, column : column + width].reshape(tuple(shape))
        gradients.append(block)
        row, column = row + height, column + width
    return tuple(gradients)


BLOCK_DIAG = Operation(
    "block_diag",
    inputs="*tensors",
    evaluate=_block_diagonal,
    infer=_infer_blocks,
    gradient=_block_gradient,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 3)), make.tensor((2,)), make.tensor(()))),
        make.sample(inputs=(make.transposed((2, 3)), make.tensor((0,)))),
        make.error((make.tensor((1, 1, 1)),), (), RuntimeError),
    ],
)


@public()
def block_diag(*tensors: Any) -> Tensor:
    """A matrix with the tensors as blocks along its diagonal, and zeros elsewhere.

    Args:
        tensors: matrices, vectors (rows) or numbers.

    Raises:
        RuntimeError: for tensors of more than two dimensions.

    Example:
        >>> import flambeau as fb
        >>> fb.block_diag(fb.tensor([[1, 2]]), fb.tensor(3))
        tensor([[1, 2, 0],
                [0, 0, 3]])
    """
    for tensor in tensors:
        require_tensor("block_diag", tensor)
    if not tensors:
        return wrap(np.empty((1, 0), dtypes.get_default_dtype().numpy))
    return apply(BLOCK_DIAG, tensors)
