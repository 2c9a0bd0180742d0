"""Triangles and diagonals: tril, triu, their indices, diag, diag_embed, diagflat, vander."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, message
from flambeau.core.shapes import wrap_dim
from flambeau.core.spec import Spec
from flambeau.ops.creation import checked_options, ones
from flambeau.ops.matrix_products import check_tensors
from flambeau.ops.operands import ZEROS
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.single import apply_one
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor

# --- tril and triu ----------------------------------------------------------------------------


# Masks of up to so many elements are kept from one call to the next.
_REMEMBERED = 1 << 14


def _triangle(name: str, keep: Callable[..., Any]) -> Operation:
    """``tril`` or ``triu``: linear, and its own gradient."""

    @lru_cache(maxsize=64)
    def kept(rows: int, columns: int, diagonal: int) -> np.ndarray:
        mask = keep(np.arange(columns) - np.arange(rows)[:, None], diagonal)
        mask.flags.writeable = False
        return mask

    def evaluate(array: np.ndarray, diagonal: int) -> np.ndarray:
        rows, columns = array.shape[-2:]
        small = rows * columns <= _REMEMBERED
        mask = (kept if small else kept.__wrapped__)(rows, columns, diagonal)
        return np.where(mask, array, ZEROS[array.dtype])

    def infer(x: Any, diagonal: int) -> Spec:
        if x.ndim < 2:
            raise ShapeError(
                message(
                    f"{name}: not a matrix",
                    expected="at least 2 dimensions",
                    got=f"shape {tuple(x.shape)}",
                )
            )
        return Spec(x.shape, x.dtype)

    op = Operation(
        name,
        inputs="input",
        params="diagonal",
        evaluate=evaluate,
        infer=infer,
        gradient={"input": lambda g, diagonal: apply(op, (g,), (diagonal,))},
        samples=lambda make: [
            make.sample(inputs=(make.tensor((3, 4)),), params=(0,)),
            make.sample(inputs=(make.transposed((4, 3)),), params=(1,)),
            make.sample(inputs=(make.tensor((2, 3, 3)),), params=(-1,)),
            make.sample(inputs=(make.tensor((0, 3)),), params=(0,)),
            make.error((make.tensor((3,)),), (0,), RuntimeError),
        ],
    )

    def inplace(input: Tensor, diagonal: int = 0) -> Tensor:
        check_tensors(name + "_", input)
        return apply_inplace(op, input, (), (diagonal,))

    inplace.__name__ = inplace.__qualname__ = name + "_"
    inplace.__module__ = "flambeau"
    inplace.__doc__ = f"In-place version of :func:`flambeau.{name}`; returns the tensor itself."
    setattr(Tensor, name + "_", inplace)
    return op


TRIL = _triangle("tril", lambda distance, diagonal: distance <= diagonal)
TRIU = _triangle("triu", lambda distance, diagonal: distance >= diagonal)


@public(method=True)
def tril(input: Tensor, diagonal: int = 0, *, out: Tensor | None = None) -> Tensor:
    """The lower triangle of matrices, zeros elsewhere.

    Args:
        input: a matrix or a stack of them.
        diagonal: the uppermost diagonal that is kept: 0 is the main one, 1 the one above it.
        out: a tensor to write the result into.

    Shape: (..., m, n), and the same for the result.

    Raises:
        RuntimeError: for fewer than two dimensions.

    Example:
        >>> import flambeau as fb
        >>> fb.ones(2, 2).tril()
        tensor([[1., 0.],
                [1., 1.]])
    """
    result = apply_one(TRIL, input, (diagonal,))
    return result if out is None else write_out("tril", out, result)


@public(method=True)
def triu(input: Tensor, diagonal: int = 0, *, out: Tensor | None = None) -> Tensor:
    """The upper triangle of matrices, zeros elsewhere.

    Args:
        input: a matrix or a stack of them.
        diagonal: the lowest diagonal that is kept: 0 is the main one, 1 the one above it.
        out: a tensor to write the result into.

    Shape: (..., m, n), and the same for the result.

    Raises:
        RuntimeError: for fewer than two dimensions.

    Example:
        >>> import flambeau as fb
        >>> fb.ones(2, 2).triu(1)
        tensor([[0., 1.],
                [0., 0.]])
    """
    result = apply_one(TRIU, input, (diagonal,))
    return result if out is None else write_out("triu", out, result)


# --- indices of triangles ---------------------------------------------------------------------


def _triangle_indices(name: str, choose: Callable[..., Any]) -> Operation:
    def infer(row: int, col: int, offset: int, kind: np.dtype) -> Spec:
        if row < 0 or col < 0:
            raise RuntimeError(
                message(f"{name}: a size is negative", expected="sizes >= 0", got=f"{row}, {col}")
            )
        if kind.kind not in "iu":
            raise NotImplementedError(
                message(
                    f"{name}: indices are integers",
                    expected="an integer type",
                    got=str(dtypes.of(kind)),
                )
            )
        return Spec((2, len(choose(row, offset, col)[0])), kind)

    return Operation(
        name,
        inputs="",
        params="row col offset dtype",
        evaluate=lambda row, col, offset, kind: np.stack(choose(row, offset, col)).astype(kind),
        infer=infer,
        strict=True,
        samples=lambda make: [
            make.sample(params=(3, 4, 0, np.dtype("int64"))),
            make.sample(params=(3, 3, -1, np.dtype("int32"))),
            make.sample(params=(0, 4, 1, np.dtype("int64"))),
            make.error((), (-1, 3, 0, np.dtype("int64")), RuntimeError),
        ],
    )


TRIL_INDICES = _triangle_indices("tril_indices", np.tril_indices)
TRIU_INDICES = _triangle_indices("triu_indices", np.triu_indices)


def _indices(
    op: Operation, row: int, col: int, offset: int, dtype: Any, device: Any, layout: Any
) -> Tensor:
    checked_options(op.name, device, layout)
    kind = dtypes.int64.numpy if dtype is None else dtypes.as_numpy(dtype)
    return apply(op, (), (int(row), int(col), int(offset), kind))


@public()
def tril_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: Any = None,
    device: Any = None,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """The indices of a lower triangle, row by row.

    Args:
        row, col: sizes of the matrix.
        offset: the uppermost diagonal that belongs to it.
        dtype: an integer type; int64 if not given.
        device, layout, pin_memory: selectors with one choice each.

    Shape: (2, n): row numbers, then column numbers.

    Raises:
        RuntimeError: for a negative size.

    Example:
        >>> import flambeau as fb
        >>> fb.tril_indices(2, 2)
        tensor([[0, 1, 1],
                [0, 0, 1]])
    """
    return _indices(TRIL_INDICES, row, col, offset, dtype, device, layout)


@public()
def triu_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: Any = None,
    device: Any = None,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """The indices of an upper triangle, row by row.

    Args:
        row, col: sizes of the matrix.
        offset: the lowest diagonal that belongs to it.
        dtype: an integer type; int64 if not given.
        device, layout, pin_memory: selectors with one choice each.

    Shape: (2, n): row numbers, then column numbers.

    Raises:
        RuntimeError: for a negative size.

    Example:
        >>> import flambeau as fb
        >>> fb.triu_indices(2, 2)
        tensor([[0, 0, 1],
                [0, 1, 1]])
    """
    return _indices(TRIU_INDICES, row, col, offset, dtype, device, layout)


# --- diagonals --------------------------------------------------------------------------------


def _diagonal_copy(array: np.ndarray, offset: int) -> np.ndarray:
    return np.diagonal(array, offset).copy()


DIAGONAL_COPY = Operation(
    "diagonal_copy",
    inputs="input",
    params="offset",
    evaluate=_diagonal_copy,
    infer=lambda x, offset: Spec((_diagonal_length(x.shape, offset),), x.dtype),
    gradient={
        "input": lambda g, input_shape, offset: apply(
            REGISTRY["diagonal_backward"], (g,), (tuple(input_shape), offset, 0, 1)
        )
    },
    node_name="DiagonalBackward0_copy",
    samples=lambda make: [
        make.sample(inputs=(make.tensor((3, 4)),), params=(1,)),
        make.sample(inputs=(make.transposed((4, 3)),), params=(-1,)),
        make.sample(inputs=(make.tensor((2, 2)),), params=(5,)),
    ],
)


def _diagonal_length(shape: tuple[int, ...], offset: int) -> int:
    rows, columns = shape[-2:]
    return max(min(rows + min(offset, 0), columns - max(offset, 0)), 0)


def _diag_embed(array: np.ndarray, offset: int, dim1: int, dim2: int) -> np.ndarray:
    result = np.zeros(_embedded_shape(array.shape, offset, dim1, dim2), array.dtype)
    places = np.arange(array.shape[-1])
    matrices = np.moveaxis(result, (dim1, dim2), (-2, -1))
    matrices[..., places + max(-offset, 0), places + max(offset, 0)] = array
    return result


def _embedded_shape(shape: tuple[int, ...], offset: int, dim1: int, dim2: int) -> tuple[int, ...]:
    size = shape[-1] + abs(offset)
    embedded = list(shape[:-1])
    for dim in sorted((dim1, dim2)):
        embedded.insert(dim, size)
    return tuple(embedded)


DIAG_EMBED = Operation(
    "diag_embed",
    inputs="input",
    params="offset dim1 dim2",
    evaluate=_diag_embed,
    infer=lambda x, offset, dim1, dim2: Spec(_embedded_shape(x.shape, offset, dim1, dim2), x.dtype),
    gradient={
        "input": lambda g, offset, dim1, dim2: apply(
            REGISTRY["diagonal"], (g,), (offset, dim1, dim2)
        )
    },
    samples=lambda make: [
        make.sample(inputs=(make.tensor((3,)),), params=(0, 0, 1)),
        make.sample(inputs=(make.tensor((2, 3)),), params=(1, 0, 2)),
        make.sample(inputs=(make.tensor((2, 3)),), params=(-2, 2, 1)),
        make.sample(inputs=(make.tensor((0,)),), params=(0, 0, 1)),
    ],
)


@public(method=True)
def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Matrices with the last dimension of ``input`` on a diagonal, zeros elsewhere.

    Args:
        input: the diagonals.
        offset: which diagonal: 0 is the main one, 1 the one above it.
        dim1, dim2: where the matrices' rows and columns are in the result.

    Shape: (..., n) -> (..., n + abs(offset), n + abs(offset)).

    Raises:
        RuntimeError: if ``dim1`` and ``dim2`` are the same.
        IndexError: if one is out of range.

    Example:
        >>> import flambeau as fb
        >>> fb.diag_embed(fb.tensor([1, 2]))
        tensor([[1, 0],
                [0, 2]])
    """
    check_tensors("diag_embed", input)
    ndim = input._array.ndim + 1
    first, second = wrap_dim("diag_embed", dim1, ndim), wrap_dim("diag_embed", dim2, ndim)
    if first == second:
        raise RuntimeError(
            message(
                "diag_embed: the two dimensions are the same",
                expected="different dims",
                got=f"dim1={dim1}, dim2={dim2}",
            )
        )
    return apply(DIAG_EMBED, (input,), (int(offset), first, second))


@public(method=True)
def diag(input: Tensor, diagonal: int = 0, *, out: Tensor | None = None) -> Tensor:
    """A vector's matrix, or a matrix's diagonal.

    Args:
        input: a vector to put on a diagonal, or a matrix to take one of.
        diagonal: which: 0 is the main one, 1 the one above it.
        out: a tensor to write the result into.

    Shape: (n,) -> (n + abs(diagonal), n + abs(diagonal)), or (m, n) -> (min(m, n),) and shorter.

    Raises:
        RuntimeError: for another number of dimensions.

    Example:
        >>> import flambeau as fb
        >>> fb.diag(fb.tensor([1, 2])), fb.diag(fb.tensor([[1, 2], [3, 4]]))
        (tensor([[1, 0],
                [0, 2]]), tensor([1, 4]))
    """
    check_tensors("diag", input)
    ndim = input._array.ndim
    if ndim == 1:
        result = apply(DIAG_EMBED, (input,), (int(diagonal), 0, 1))
    elif ndim == 2:
        result = apply(DIAGONAL_COPY, (input,), (int(diagonal),))
    else:
        raise ShapeError(
            message(
                "diag: neither a vector nor a matrix",
                expected="1 or 2 dimensions",
                got=f"shape {tuple(input._array.shape)}",
                help="use diagonal() or diag_embed() for stacks of matrices",
            )
        )
    return result if out is None else write_out("diag", out, result)


@public(method=True)
def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """A matrix with all elements of ``input`` on a diagonal, zeros elsewhere.

    Args:
        input: a tensor of any shape.
        offset: which diagonal: 0 is the main one, 1 the one above it.

    Example:
        >>> import flambeau as fb
        >>> fb.diagflat(fb.tensor([[1], [2]]))
        tensor([[1, 0],
                [0, 2]])
    """
    check_tensors("diagflat", input)
    flat = apply(REGISTRY["reshape"], (input,), ((input._array.size,),))
    return apply(DIAG_EMBED, (flat,), (int(offset), 0, 1))


# --- vander -----------------------------------------------------------------------------------


@public()
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The powers of a vector's elements, one column for each.

    :math:`out_{ij} = x_i^{N - 1 - j}`, or :math:`x_i^j` if ``increasing``.

    Args:
        x: a vector.
        N: columns; as many as elements if not given.
        increasing: whether the powers rise from left to right.

    Shape: (n,) -> (n, N).

    Raises:
        RuntimeError: if ``x`` is no vector or ``N`` is negative.

    Example:
        >>> import flambeau as fb
        >>> fb.vander(fb.tensor([2, 3]), 3)
        tensor([[4, 2, 1],
                [9, 3, 1]])
    """
    check_tensors("vander", x)
    if x._array.ndim != 1:
        raise ShapeError(
            message(
                "vander: not a vector",
                expected="1 dimension",
                got=f"shape {tuple(x._array.shape)}",
            )
        )
    size = x._array.shape[0]
    columns = size if N is None else int(N)
    if columns < 0:
        raise RuntimeError(message("vander: N is negative", expected="N >= 0", got=str(N)))
    integral = x._array.dtype.kind in "iub"
    kind = dtypes.int64 if integral else x.dtype
    rows = apply(REGISTRY["reshape"], (x,), ((size, 1),))
    if columns <= 1:
        return ones(size, columns, dtype=kind)
    repeated = apply(REGISTRY["expand"], (rows,), ((size, columns - 1),))
    if integral:
        repeated = apply(REGISTRY["to_dtype"], (repeated,), (kind.numpy,))
    powers = PUBLIC["cumprod"](repeated, 1)
    result = PUBLIC["cat"]((ones(size, 1, dtype=kind), powers), 1)
    return result if increasing else PUBLIC["flip"](result, (1,))
