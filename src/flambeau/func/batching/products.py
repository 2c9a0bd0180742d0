"""Rules for products of vectors and matrices: the examples are a stack of matrices."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from flambeau.func.batching.held import Batched, reshaped
from flambeau.ops.matrix_products import MATMUL, ROWS_MATMUL
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor


def stacked(x: Tensor, y: Tensor, transpose_x: bool = False, transpose_y: bool = False) -> Tensor:
    """The products of stacks of matrices, where a missing stack is the same for all."""
    if x.ndim == y.ndim == 3 and y._array.shape[0] == x._array.shape[0]:
        if y._array.shape[2 if transpose_y else 1] == 1 and not transpose_y:
            return _outer(x, y, transpose_x)
        return apply(MATMUL, (x, y), (transpose_x, transpose_y))
    if y.ndim == 2 and not transpose_x:
        return apply(ROWS_MATMUL, (x, y), (transpose_y,))
    size = (x if x.ndim == 3 else y)._array.shape[0]
    return apply(MATMUL, (_as_stack(x, size), _as_stack(y, size)), (transpose_x, transpose_y))


def _as_stack(x: Tensor, size: int) -> Tensor:
    """A matrix as a stack of itself (the compiler has products of stacks of one size)."""
    return x if x.ndim == 3 else apply(REGISTRY["expand"], (x,), ((size, *x._array.shape),))


def _outer(x: Tensor, y: Tensor, transpose_x: bool) -> Tensor:
    """Products over an inner size of 1: no sum, so a multiplication does it."""
    column = apply(REGISTRY["transpose"], (x,), (1, 2)) if transpose_x else x
    return apply(REGISTRY["mul"], (column, y))


def _column(x: Batched) -> Tensor:
    """A vector as a column, in each example or the same for all."""
    return apply(REGISTRY["unsqueeze"], (x.value,), (x.value.ndim,))


def _mm(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    x, y = operands
    return stacked(x.value, y.value)


def _mv(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    matrix, vector = operands
    if not matrix.is_batched:
        return apply(ROWS_MATMUL, (vector.value, matrix.value), (True,))
    if not vector.is_batched:
        return apply(ROWS_MATMUL, (matrix.value, _column(vector)), (False,))
    return stacked(matrix.value, _column(vector))


def _dot(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    x, y = operands
    if x.dtype.kind == "b" or y.dtype != x.dtype:
        return None
    first = x.value
    if op.name == "vdot" and x.dtype.kind == "c":
        first = apply(REGISTRY["conj"], (first,))
    if not (x.is_batched and y.is_batched):
        rows, one = (first, y.value) if x.is_batched else (y.value, first)
        return apply(REGISTRY["mv"], (rows, one))
    return apply(REGISTRY["sum"], (apply(REGISTRY["mul"], (first, y.value)),), ((1,), False, None))


def _matmul(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    x, y = operands
    ndim = max(x.ndim, y.ndim)
    return apply(MATMUL, (x.aligned(ndim), y.aligned(ndim)), params)


def _rows_matmul(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    x, matrix = operands
    if not matrix.is_batched:
        return apply(op, (x.value, matrix.value), params)
    return stacked(_rows(x), matrix.value, False, params[0])


def _rows_product(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    x, y = operands
    return stacked(_rows(x), _rows(y), transpose_x=True)


def _rows(x: Batched) -> Tensor:
    """All dimensions but the last as one, in each example or the same for all."""
    shape = (prod(x.shape[:-1]), x.shape[-1])
    return reshaped(x.value, (x.level.size, *shape) if x.is_batched else shape)


def _linear(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
    x, weight, bias = operands
    if not weight.is_batched and not bias.is_batched:
        return apply(op, (x.value, weight.value, bias.value))
    if weight.is_batched:
        size, out = x.level.size, weight.shape[0]
        product = reshaped(stacked(_rows(x), weight.value, False, True), (size, *x.shape[:-1], out))
    else:
        product = apply(ROWS_MATMUL, (x.value, weight.value), (True,))
    if not x.is_batched and not weight.is_batched:  # only the bias differs
        product = apply(REGISTRY["unsqueeze"], (product,), (0,))
    return apply(REGISTRY["add"], (product, bias.aligned(x.ndim)), (1,))


def _sum_of(product: Callable[..., Tensor]) -> Callable[..., Any]:
    """``beta * input + alpha * product(x, y)``, taken apart at the level of the function."""

    def rule(op: Operation, operands: list[Any], params: tuple[Any, ...]) -> Any:
        truth = all(x.dtype.kind == "b" for x in operands)
        beta, alpha = map(bool, params) if truth else params
        level = next(x.level for x in operands)

        def combine(input: Tensor, x: Tensor, y: Tensor) -> Tensor:
            found = product(x, y)
            if alpha != 1:
                found = apply(REGISTRY["mul"], (found, alpha))
            if beta == 0:
                return apply(REGISTRY["expand"], (found,), (tuple(found.shape),))
            scaled = input if beta == 1 else apply(REGISTRY["mul"], (input, beta))
            return apply(REGISTRY["add"], (scaled, found), (1,))

        return level.at_its_level(combine, operands)

    return rule


def _vectors(x: Tensor, y: Tensor) -> Tensor:
    """All products of elements; there is no matrix product of truth values."""
    return apply(REGISTRY["mul"], (apply(REGISTRY["unsqueeze"], (x,), (1,)), y))


def _binary(name: str) -> Callable[..., Tensor]:
    return lambda x, y: apply(REGISTRY[name], (x, y))


def _summed_bmm(x: Tensor, y: Tensor) -> Tensor:
    return apply(REGISTRY["sum"], (apply(REGISTRY["bmm"], (x, y)),), ((0,), False, None))


RULES = {
    "mm": _mm,
    "mv": _mv,
    "dot": _dot,
    "vdot": _dot,
    "bmm": lambda op, operands, params: _matmul(op, operands, (False, False)),
    "matmul": _matmul,
    "rows_matmul": _rows_matmul,
    "rows_product": _rows_product,
    "linear": _linear,
    "addmm": _sum_of(_binary("mm")),
    "addmv": _sum_of(_binary("mv")),
    "addr": _sum_of(_vectors),
    "baddbmm": _sum_of(_binary("bmm")),
    "addbmm": _sum_of(_summed_bmm),
}
