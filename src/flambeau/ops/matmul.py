"""Products of vectors, matrices and stacks of matrices: mm, mv, dot, vdot, bmm, matmul."""

from __future__ import annotations

from math import prod
from typing import Any

from flambeau.core.errors import ShapeError, message
from flambeau.ops.elementwise_calls import UNUSUAL
from flambeau.ops.matrix_products import (
    BMM,
    DOT,
    MATMUL,
    MM,
    MV,
    ROWS_MATMUL,
    VDOT,
    check_tensors,
    inner_sizes_differ,
    np_float32,
)
from flambeau.ops.publish import public
from flambeau.ops.selection import finished
from flambeau.ops.shown_graph import RowsNode, StackNode, show
from flambeau.ops.views import UNSAFE_VIEW, reshaped
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, attach
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor

_new = object.__new__


def _public_product(op: Operation, input: Any, other: Any, out: Any) -> Tensor:
    if out is None and MODE.code < INTERPRETED and not op.strict:
        try:
            return finished(op, (input, other), op.evaluate(input._array, other._array))
        except UNUSUAL:
            pass  # apply() says what is wrong, or computes it quietly
    if input.__class__ is not Tensor or other.__class__ is not Tensor:
        check_tensors(op.name, input, other)
    result = apply(op, (input, other))
    return result if out is None else write_out(op.name, out, result)


@public(method=True)
def mm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of two matrices.

    :math:`out_{ij} = \\sum_k input_{ik} · mat2_{kj}`

    Args:
        input, mat2: matrices of one type.
        out: a tensor to write the result into.

    Shape: (m, k), (k, n) -> (m, n).

    Raises:
        RuntimeError: if the inner sizes or the types differ, or one is no matrix.

    Example:
        >>> import flambeau as fb
        >>> fb.mm(fb.tensor([[1., 2.]]), fb.tensor([[3.], [4.]]))
        tensor([[11.]])
    """
    if out is None and MODE.code < INTERPRETED:
        try:
            x, y = input._array, mat2._array
            kind = x.dtype
            if kind is y.dtype and kind is np_float32 and x.ndim == 2 and y.ndim == 2:
                tensor = _new(Tensor)
                tensor._array = x.dot(y)
                tensor._node = None
                tensor._requires = False
                tensor._view = None
                tensor._counter = None
                if MODE.code and (
                    input._requires
                    or mat2._requires
                    or input._view is not None
                    or mat2._view is not None
                ):
                    attach(MM, (input, mat2), (), tensor)
                return tensor
        except (AttributeError, ValueError, RuntimeWarning, FloatingPointError):
            pass  # apply() says what is wrong, or computes it quietly
    return _public_product(MM, input, mat2, out)


@public(method=True)
def mv(input: Tensor, vec: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of a matrix and a vector.

    :math:`out_i = \\sum_k input_{ik} · vec_k`

    Args:
        input: a matrix.
        vec: a vector of the same type.
        out: a tensor to write the result into.

    Shape: (m, k), (k,) -> (m,).

    Raises:
        RuntimeError: if the inner sizes or the types differ.

    Example:
        >>> import flambeau as fb
        >>> fb.mv(fb.tensor([[1., 2.], [3., 4.]]), fb.tensor([1., 1.]))
        tensor([3., 7.])
    """
    return _public_product(MV, input, vec, out)


@public(method=True)
def dot(input: Tensor, tensor: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sum of the products of two vectors' elements.

    :math:`out = \\sum_k input_k · tensor_k`

    Args:
        input, tensor: vectors of one length and type.
        out: a tensor to write the result into.

    Shape: (k,), (k,) -> ().

    Raises:
        RuntimeError: if the lengths or the types differ, or one is no vector.

    Example:
        >>> import flambeau as fb
        >>> fb.dot(fb.tensor([1, 2]), fb.tensor([3, 4]))
        tensor(11)
    """
    return _public_product(DOT, input, tensor, out)


@public(method=True)
def vdot(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inner product of two vectors, the first one conjugated.

    :math:`out = \\sum_k \\overline{input_k} · other_k`

    Args:
        input, other: vectors of one length and type.
        out: a tensor to write the result into.

    Shape: (k,), (k,) -> ().

    Raises:
        RuntimeError: if the lengths or the types differ, or one is no vector.

    Example:
        >>> import flambeau as fb
        >>> fb.vdot(fb.tensor([1j, 2]), fb.tensor([1j, 2]))
        tensor(5.+0.j)
    """
    return _public_product(VDOT, input, other, out)


@public(method=True)
def bmm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The products of two stacks of matrices, one by one.

    Args:
        input, mat2: stacks of as many matrices, of one type.
        out: a tensor to write the result into.

    Shape: (b, m, k), (b, k, n) -> (b, m, n).

    Raises:
        RuntimeError: if sizes or types do not fit; :func:`flambeau.matmul` broadcasts.

    Example:
        >>> import flambeau as fb
        >>> fb.bmm(fb.ones(5, 2, 3), fb.ones(5, 3, 4)).shape
        torch.Size([5, 2, 4])
    """
    return _public_product(BMM, input, mat2, out)


@public(method=True)
def matmul(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of vectors, matrices or stacks of matrices, as ``input @ other``.

    A vector on the left is a row, one on the right a column, and that dimension is absent from
    the result. The dimensions before the last two broadcast.

    Args:
        input, other: tensors of one type with at least one dimension each.
        out: a tensor to write the result into.

    Shape: (..., m, k), (..., k, n) -> (..., m, n).

    Raises:
        RuntimeError: if the inner sizes or the types differ, or one is 0-d.

    Example:
        >>> import flambeau as fb
        >>> fb.matmul(fb.ones(5, 2, 3), fb.ones(3)).shape
        torch.Size([5, 2])
    """
    if input.__class__ is not Tensor or other.__class__ is not Tensor:
        check_tensors("matmul", input, other)
    result = _matmul(input, other)
    return result if out is None else write_out("matmul", out, result)


def _matmul(input: Tensor, other: Tensor) -> Tensor:
    x, y = input._array, other._array
    if x.ndim == 2 and y.ndim == 2:
        return mm(input, other) if x.shape[1] == y.shape[0] else _refuse(x, y)
    if x.ndim == 0 or y.ndim == 0:
        raise ShapeError(
            message(
                "matmul: a 0-d tensor is no vector or matrix",
                expected="x and y with at least 1 dimension",
                got=f"x {tuple(x.shape)} and y {tuple(y.shape)}",
                help="multiply by a number with *",
            )
        )
    if x.shape[-1] != y.shape[-2 if y.ndim > 1 else -1]:
        _refuse(x, y)
    if y.ndim == 1:
        if x.ndim <= 2:
            return apply(DOT if x.ndim == 1 else MV, (input, other))
        count = prod(x.shape[:-1])
        rows = reshaped(input, (count, x.shape[-1]))
        return apply(UNSAFE_VIEW, (apply(MV, (rows, other)),), (tuple(x.shape[:-1]),))
    if y.ndim == 2:
        return show(apply(ROWS_MATMUL, (input, other), (False,)), RowsNode)
    if x.ndim == 1:
        rows = apply(REGISTRY["transpose"], (other,), (y.ndim - 2, y.ndim - 1))
        return _matmul(rows, input)
    if x.ndim == y.ndim == 3 and y.shape[0] == 1 != x.shape[0] and other.requires_grad:
        # One matrix for the whole batch: its gradient is one product instead of a sum of many.
        return _matmul(input, other.squeeze(0))  # type: ignore[attr-defined]
    return show(apply(MATMUL, (input, other), (False, False)), StackNode)


def _refuse(x: Any, y: Any) -> Any:
    first = "(k,)" if x.ndim == 1 else "(m, k)" if x.ndim == 2 else "(..., m, k)"
    second = "(k,)" if y.ndim == 1 else "(k, n)" if y.ndim == 2 else "(..., k, n)"
    raise inner_sizes_differ("matmul", f"x of shape {first} and y of shape {second}", x, y)
