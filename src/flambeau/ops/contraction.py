"""Products made of others: outer, inner, tensordot, kron, chains of matrices, powers, bilinear."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from flambeau.core.errors import ShapeError, message
from flambeau.core.shapes import wrap_dims
from flambeau.ops.creation import eye
from flambeau.ops.inverse import inverse
from flambeau.ops.matmul import matmul
from flambeau.ops.matrix_products import (
    DOT,
    MM,
    check_ndim,
    check_tensors,
    check_types,
)
from flambeau.ops.publish import public
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, wrap
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.tensor import Tensor

multiply_outer = np.multiply.outer


def reshaped(x: Tensor, *shape: int) -> Tensor:
    """``x`` in another shape."""
    return x.reshape(shape)  # type: ignore[attr-defined]


def permuted(x: Tensor, dims: list[int]) -> Tensor:
    """``x`` with its dimensions in another order."""
    return x.permute(dims)  # type: ignore[attr-defined]


def written(name: str, result: Tensor, out: Tensor | None) -> Tensor:
    """``result``, stored in ``out`` if there is one."""
    return result if out is None else write_out(name, out, result)


# --- outer and inner --------------------------------------------------------------------------


@public(method=True, aliases=("ger",))
def outer(input: Tensor, vec2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The outer product of two vectors.

    :math:`out_{ij} = input_i · vec2_j`

    Args:
        input, vec2: vectors.
        out: a tensor to write the result into.

    Shape: (m,), (n,) -> (m, n).

    Raises:
        RuntimeError: if one is no vector.

    Example:
        >>> import flambeau as fb
        >>> fb.outer(fb.tensor([1, 2]), fb.tensor([3, 4]))
        tensor([[3, 4],
                [6, 8]])
    """
    if out is None and MODE.code < INTERPRETED:
        result = _quickly_multiplied(input, vec2)
        if result is not None:
            return result
    check_tensors("outer", input, vec2)
    expected = "input of shape (m,) and vec2 of shape (n,)"
    check_ndim("outer", expected, ("input", input._array, 1), ("vec2", vec2._array, 1))
    return written("outer", reshaped(input, -1 if input.numel() else 0, 1) * vec2, out)


def _quickly_multiplied(input: Any, vec2: Any) -> Tensor | None:
    """The common case: vectors of one floating-point type and no gradient; ``None`` for others."""
    try:
        x, y = input._array, vec2._array
        kind = x.dtype
        if kind is not y.dtype or kind.kind != "f" or x.ndim != 1 or y.ndim != 1:
            return None
        if MODE.code and (input.requires_grad or vec2.requires_grad):
            return None
        return wrap(multiply_outer(x, y))
    except (AttributeError, RuntimeWarning, FloatingPointError):
        return None


@public(method=True)
def inner(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sum of products over the last dimension of both tensors.

    Args:
        input, other: tensors whose last sizes agree; a 0-d one multiplies.
        out: a tensor to write the result into.

    Shape: (..., k), (*, k) -> (..., *).

    Raises:
        RuntimeError: if the last sizes differ.

    Example:
        >>> import flambeau as fb
        >>> fb.inner(fb.tensor([1, 2]), fb.tensor([3, 4]))
        tensor(11)
    """
    check_tensors("inner", input, other)
    x, y = input._array, other._array
    if x.ndim == 0 or y.ndim == 0:
        return written("inner", input * other, out)  # type: ignore[operator]
    if x.shape[-1] != y.shape[-1]:
        raise ShapeError(
            message(
                "inner: the last sizes differ",
                expected="input of shape (..., k) and other of shape (..., k)",
                got=f"input {tuple(x.shape)} and other {tuple(y.shape)}",
            )
        )
    return written("inner", tensordot(input, other, ([-1], [-1])), out)


# --- tensordot --------------------------------------------------------------------------------


@public()
def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: Tensor | None = None) -> Tensor:
    """Contract several dimensions of two tensors.

    Args:
        a, b: tensors of one type.
        dims: how many of the last dimensions of ``a`` meet the first ones of ``b``; or two lists
            of dimensions that meet one by one. A size of 1 meets any size.
        out: a tensor to write the result into.

    Shape: the dimensions of ``a`` that are left, then those of ``b``.

    Raises:
        RuntimeError: if the lists have different lengths or the sizes differ.

    Example:
        >>> import flambeau as fb
        >>> fb.tensordot(fb.ones(2, 3, 4), fb.ones(4, 3, 5), ([1, 2], [1, 0])).shape
        torch.Size([2, 5])
    """
    check_tensors("tensordot", a, b)
    first, second = _contracted(a, b, dims)
    check_types("tensordot", a._array, b._array)
    a, b = _without_broadcasting(a, b, first, second)
    x, y = a._array.shape, b._array.shape
    free_a = [d for d in range(len(x)) if d not in first]
    free_b = [d for d in range(len(y)) if d not in second]
    size = prod(x[d] for d in first)
    rows = prod(x[d] for d in free_a)
    columns = prod(y[d] for d in free_b)
    left = reshaped(permuted(a, free_a + first), rows, size)
    right = reshaped(permuted(b, second + free_b), size, columns)
    shape = [x[d] for d in free_a] + [y[d] for d in free_b]
    return written("tensordot", reshaped(apply(MM, (left, right)), *shape), out)


def _contracted(a: Tensor, b: Tensor, dims: Any) -> tuple[list[int], list[int]]:
    """The dimensions of ``a`` and of ``b`` that are summed over."""
    ndim_a, ndim_b = a._array.ndim, b._array.ndim
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0 or dims > min(ndim_a, ndim_b):
            raise RuntimeError(
                message(
                    "tensordot: cannot contract so many dimensions",
                    expected=f"0 <= dims <= {min(ndim_a, ndim_b)}",
                    got=str(dims),
                )
            )
        return list(range(ndim_a - dims, ndim_a)), list(range(dims))
    first, second = ([d] if isinstance(d, int) else list(d) for d in dims)
    if len(first) != len(second):
        raise RuntimeError(
            message(
                "tensordot: lists of dimensions have different lengths",
                expected="as many dimensions of a as of b",
                got=f"{first} and {second}",
            )
        )
    wrapped = wrap_dims("tensordot", first, ndim_a), wrap_dims("tensordot", second, ndim_b)
    return list(wrapped[0]), list(wrapped[1])


def _without_broadcasting(
    a: Tensor, b: Tensor, first: list[int], second: list[int]
) -> tuple[Tensor, Tensor]:
    """Sum a dimension beforehand where the other tensor has size 1."""
    for p, q in zip(first, second, strict=True):
        m, n = a._array.shape[p], b._array.shape[q]
        if m == n:
            continue
        if n == 1:
            a = a.sum(p, True, dtype=a.dtype)  # type: ignore[attr-defined]
        elif m == 1:
            b = b.sum(q, True, dtype=b.dtype)  # type: ignore[attr-defined]
        else:
            raise ShapeError(
                message(
                    "tensordot: contracted sizes differ",
                    expected="equal sizes, or 1",
                    got=f"{m} in dimension {p} of a and {n} in dimension {q} of b",
                )
            )
    return a, b


@public(method=True)
def kron(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Kronecker product: every element of ``input`` times the whole of ``other``.

    Args:
        input, other: tensors.
        out: a tensor to write the result into.

    Shape: sizes multiply, after the tensor with fewer dimensions got ones in front.

    Example:
        >>> import flambeau as fb
        >>> fb.kron(fb.tensor([1, 10]), fb.tensor([1, 2]))
        tensor([ 1,  2, 10, 20])

    Reference: C. F. Van Loan, "The ubiquitous Kronecker product", JCAM 123, 2000.
    """
    check_tensors("kron", input, other)
    x, y = tuple(input._array.shape), tuple(other._array.shape)
    ndim = max(len(x), len(y))
    x, y = (1,) * (ndim - len(x)) + x, (1,) * (ndim - len(y)) + y
    left = reshaped(input, *[s for size in x for s in (size, 1)])
    right = reshaped(other, *[s for size in y for s in (1, size)])
    product = left * right  # type: ignore[operator]
    return written("kron", reshaped(product, *[a * b for a, b in zip(x, y, strict=True)]), out)


# --- chains and powers ------------------------------------------------------------------------


def multi_dot(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """The product of several matrices, in the order that takes the fewest multiplications.

    Args:
        tensors: at least two matrices; the first may be a row vector, the last a column vector.
        out: a tensor to write the result into.

    Shape: that of the product.

    Raises:
        RuntimeError: for fewer than two, or if neighbours do not fit.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.ops.contraction import multi_dot
        >>> multi_dot([fb.ones(2, 3), fb.ones(3, 4), fb.ones(4)])
        tensor([12., 12.])

    Reference: T. H. Cormen et al., "Introduction to Algorithms", section 15.2.
    """
    tensors = list(tensors)
    check_tensors("multi_dot", *tensors)
    if len(tensors) < 2:
        raise RuntimeError(
            message("multi_dot: too few", expected="at least 2 tensors", got=str(len(tensors)))
        )
    _check_chain(tensors)
    is_row, is_column = tensors[0]._array.ndim == 1, tensors[-1]._array.ndim == 1
    if len(tensors) == 2 and is_row and is_column:
        return written("multi_dot", apply(DOT, tuple(tensors)), out)
    if is_row:
        tensors[0] = reshaped(tensors[0], 1, -1)
    if is_column:
        tensors[-1] = reshaped(tensors[-1], -1, 1)
    sizes = [t._array.shape[0] for t in tensors] + [tensors[-1]._array.shape[1]]
    result = _chain(tensors, _best_splits(sizes), 0, len(tensors) - 1)
    shape = [
        s for s, drop in zip(result._array.shape, (is_row, is_column), strict=True) if not drop
    ]
    if is_row or is_column:
        result = reshaped(result, *shape)
    return written("multi_dot", result, out)


def _check_chain(tensors: list[Tensor]) -> None:
    check_types("multi_dot", *[t._array for t in tensors])
    last = len(tensors) - 1
    for place, t in enumerate(tensors):
        if t._array.ndim != 2 and not (t._array.ndim == 1 and place in (0, last)):
            raise ShapeError(
                message(
                    "multi_dot: not a matrix",
                    expected="matrices; the first and the last may be vectors",
                    got=f"shape {tuple(t._array.shape)} at position {place}",
                )
            )
    for place in range(last):
        x, y = tensors[place]._array.shape, tensors[place + 1]._array.shape
        if x[-1] != y[0]:
            raise ShapeError(
                message(
                    "multi_dot: neighbours do not fit",
                    expected="as many columns as the next has rows",
                    got=f"{tuple(x)} and {tuple(y)} at positions {place} and {place + 1}",
                )
            )


def _best_splits(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to split each part of the chain; matrix i has shape (sizes[i], sizes[i + 1])."""
    count = len(sizes) - 1
    cost = {(i, i): 0 for i in range(count)}
    splits = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            options = [
                (cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            ]
            cost[i, j], splits[i, j] = min(options)
    return splits


def _chain(tensors: list[Tensor], splits: dict[tuple[int, int], int], i: int, j: int) -> Tensor:
    if i == j:
        return tensors[i]
    k = splits[i, j]
    return apply(MM, (_chain(tensors, splits, i, k), _chain(tensors, splits, k + 1, j)))


@public()
def chain_matmul(*matrices: Tensor, out: Tensor | None = None) -> Tensor:
    """The product of several matrices, in the order that takes the fewest multiplications.

    Args:
        matrices: at least one.
        out: a tensor to write the result into.

    Raises:
        RuntimeError: if neighbours do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.chain_matmul(fb.ones(2, 3), fb.ones(3, 4), fb.ones(4, 5)).shape
        torch.Size([2, 5])
    """
    if len(matrices) == 1 and isinstance(matrices[0], (list, tuple)):
        matrices = tuple(matrices[0])
    if len(matrices) == 1:
        check_tensors("chain_matmul", matrices[0])
        return written("chain_matmul", matrices[0], out)
    return multi_dot(matrices, out=out)


@public(method=True)
def matrix_power(input: Tensor, n: int, *, out: Tensor | None = None) -> Tensor:
    """A matrix multiplied with itself ``n`` times, by repeated squaring.

    Args:
        input: a square matrix, or a stack of them.
        n: the exponent; 0 gives the identity, a negative one powers of the inverse.
        out: a tensor to write the result into.

    Shape: (..., m, m), and the same for the result.

    Raises:
        RuntimeError: if the matrices are not square.

    Example:
        >>> import flambeau as fb
        >>> fb.matrix_power(fb.tensor([[1, 1], [0, 1]]), 5)
        tensor([[1, 5],
                [0, 1]])
    """
    check_tensors("matrix_power", input)
    shape = tuple(input._array.shape)
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise ShapeError(
            message("matrix_power: not square", expected="shape (..., m, m)", got=str(shape))
        )
    if n == 0:
        identity = eye(shape[-1], dtype=input.dtype)
        powered = identity.expand(shape).clone()  # type: ignore[attr-defined]
    elif n < 0:
        powered = _power(inverse(input), -n)
    elif n == 1:
        powered = input.clone()  # type: ignore[attr-defined]
    else:
        powered = _power(input, n)
    return written("matrix_power", powered, out)


def _power(base: Tensor, n: int) -> Tensor:
    if n == 3:
        return matmul(matmul(base, base), base)
    result = None
    while True:
        if n & 1:
            result = base if result is None else matmul(result, base)
        n >>= 1
        if not n:
            assert result is not None
            return result
        base = matmul(base, base)


# --- bilinear ---------------------------------------------------------------------------------


@public()
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """A map of two tensors that is linear in each.

    :math:`out_k = \\sum_{ij} input1_i · weight_{kij} · input2_j + bias_k`

    Args:
        input1, input2: tensors whose leading dimensions agree.
        weight: one matrix for each output feature.
        bias: what is added, if anything.

    Shape: (..., in1), (..., in2), (out, in1, in2), (out,) -> (..., out).

    Raises:
        RuntimeError: if sizes do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.bilinear(fb.ones(2, 3), fb.ones(2, 4), fb.ones(5, 3, 4)).shape
        torch.Size([2, 5])
    """
    given = (input1, input2, weight) if bias is None else (input1, input2, weight, bias)
    check_tensors("bilinear", *given)
    shapes = [tuple(t._array.shape) for t in given]
    x, y, w = shapes[:3]
    sizes_fit = len(w) == 3 and x[-1:] == w[1:2] and y[-1:] == w[2:]
    if not sizes_fit or x[:-1] != y[:-1] or (bias is not None and shapes[3] != w[:1]):
        raise ShapeError(
            message(
                "bilinear: sizes do not fit",
                expected="input1 (..., in1), input2 (..., in2), weight (out, in1, in2) and "
                "bias (out,)",
                got=" and ".join(map(str, shapes)),
            )
        )
    check_types("bilinear", *[t._array for t in given])
    rows = prod(x[:-1])
    left = reshaped(input1, rows, x[-1])
    right = reshaped(input2, rows, y[-1])
    # (rows, in1) times (in1, out * in2), then summed against the second input.
    matrices = reshaped(permuted(weight, [1, 0, 2]), w[1], w[0] * w[2])
    halfway = reshaped(apply(MM, (left, matrices)), rows, w[0], w[2])
    product = matmul(halfway, reshaped(right, rows, w[2], 1))
    result = reshaped(product, *x[:-1], w[0])
    return result if bias is None else result + bias  # type: ignore[operator]
