"""Products added to a tensor: addmm, addmv, addr, addbmm, baddbmm.

:math:`out = beta · input + alpha · (a @ b)`
"""

from __future__ import annotations

from typing import Any

from flambeau.ops.added_products import ADDBMM, ADDMM, ADDMV, ADDR, BADDBMM
from flambeau.ops.matrix_products import check_tensors
from flambeau.ops.older_forms import factors_first
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, apply_inplace
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _added(op: Operation, input: Any, a: Any, b: Any, beta: Any, alpha: Any, out: Any) -> Tensor:
    check_tensors(op.name, input, a, b)
    result = apply(op, (input, a, b), (beta, alpha))
    return result if out is None else write_out(op.name, out, result)


def _publish_inplace(op: Operation, as_function: bool) -> None:
    """``name_``: the result replaces ``input``."""

    def call(input: Any, a: Any, b: Any, *older: Any, beta: Any = 1, alpha: Any = 1) -> Tensor:
        if older:
            given = (input, a, b, *older)
            input, a, b, beta, alpha = factors_first(op.name + "_", given, 3, 2)
        check_tensors(op.name + "_", input, a, b)
        return apply_inplace(op, input, (a, b), (beta, alpha))

    call.__name__ = call.__qualname__ = op.name + "_"
    call.__module__ = "flambeau"
    call.__doc__ = f"In-place version of :func:`flambeau.{op.name}`; returns the tensor itself."
    setattr(Tensor, op.name + "_", call)
    if as_function:
        PUBLIC[op.name + "_"] = call


@public(method=True)
def addmm(
    input: Any,
    mat1: Any,
    mat2: Any,
    *older: Any,
    beta: Any = 1,
    alpha: Any = 1,
    out: Tensor | None = None,
) -> Tensor:
    """The product of two matrices, added to a tensor.

    :math:`out = beta · input + alpha · (mat1 @ mat2)`

    Args:
        input: what is added; it broadcasts to the product.
        mat1, mat2: matrices.
        beta: factor of ``input``; with 0 its values do not count, nan included.
        alpha: factor of the product.
        out: a tensor to write the result into.

    Shape: (m, n), (m, k), (k, n) -> (m, n).

    Raises:
        RuntimeError: if sizes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.addmm(fb.ones(2), fb.eye(2), fb.eye(2), alpha=3)
        tensor([[4., 1.],
                [1., 4.]])

    Differs from PyTorch: a fraction as factor of integers is an error; it is not cut off.
    """
    if older:
        given = (input, mat1, mat2, *older)
        input, mat1, mat2, beta, alpha = factors_first("addmm", given, 3, 2)
    return _added(ADDMM, input, mat1, mat2, beta, alpha, out)


@public(method=True)
def addmv(
    input: Any,
    mat: Any,
    vec: Any,
    *older: Any,
    beta: Any = 1,
    alpha: Any = 1,
    out: Tensor | None = None,
) -> Tensor:
    """The product of a matrix and a vector, added to a tensor.

    :math:`out = beta · input + alpha · (mat @ vec)`

    Args:
        input: what is added; it broadcasts to the product.
        mat: a matrix.
        vec: a vector.
        beta: factor of ``input``; with 0 its values do not count, nan included.
        alpha: factor of the product.
        out: a tensor to write the result into.

    Shape: (m,), (m, k), (k,) -> (m,).

    Raises:
        RuntimeError: if sizes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.addmv(fb.ones(2), fb.eye(2), fb.tensor([1., 2.]))
        tensor([2., 3.])
    """
    if older:
        given = (input, mat, vec, *older)
        input, mat, vec, beta, alpha = factors_first("addmv", given, 3, 2)
    return _added(ADDMV, input, mat, vec, beta, alpha, out)


@public(method=True)
def addr(
    input: Any,
    vec1: Any,
    vec2: Any,
    *older: Any,
    beta: Any = 1,
    alpha: Any = 1,
    out: Tensor | None = None,
) -> Tensor:
    """The outer product of two vectors, added to a tensor.

    :math:`out = beta · input + alpha · (vec1 ⊗ vec2)`

    Args:
        input: what is added; it broadcasts to the product.
        vec1, vec2: vectors.
        beta: factor of ``input``; with 0 its values do not count, nan included.
        alpha: factor of the product.
        out: a tensor to write the result into.

    Shape: (m, n), (m,), (n,) -> (m, n).

    Raises:
        RuntimeError: if sizes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.addr(fb.zeros(2, 2), fb.tensor([1., 2.]), fb.tensor([3., 4.]))
        tensor([[3., 4.],
                [6., 8.]])
    """
    if older:
        given = (input, vec1, vec2, *older)
        input, vec1, vec2, beta, alpha = factors_first("addr", given, 3, 2)
    return _added(ADDR, input, vec1, vec2, beta, alpha, out)


@public(method=True)
def baddbmm(
    input: Any,
    batch1: Any,
    batch2: Any,
    *older: Any,
    beta: Any = 1,
    alpha: Any = 1,
    out: Tensor | None = None,
) -> Tensor:
    """The products of two stacks of matrices, added to a tensor.

    :math:`out_i = beta · input_i + alpha · (batch1_i @ batch2_i)`

    Args:
        input: what is added; it broadcasts to the products.
        batch1, batch2: stacks of as many matrices.
        beta: factor of ``input``; with 0 its values do not count, nan included.
        alpha: factor of the products.
        out: a tensor to write the result into.

    Shape: (b, m, n), (b, m, k), (b, k, n) -> (b, m, n).

    Raises:
        RuntimeError: if sizes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.baddbmm(fb.ones(1), fb.ones(2, 1, 3), fb.ones(2, 3, 1)).flatten()
        tensor([4., 4.])
    """
    if older:
        given = (input, batch1, batch2, *older)
        input, batch1, batch2, beta, alpha = factors_first("baddbmm", given, 3, 2)
    return _added(BADDBMM, input, batch1, batch2, beta, alpha, out)


@public(method=True)
def addbmm(
    input: Any,
    batch1: Any,
    batch2: Any,
    *older: Any,
    beta: Any = 1,
    alpha: Any = 1,
    out: Tensor | None = None,
) -> Tensor:
    """The sum of the products of two stacks of matrices, added to a tensor.

    :math:`out = beta · input + alpha · \\sum_i (batch1_i @ batch2_i)`

    Args:
        input: what is added; it broadcasts to the sum.
        batch1, batch2: stacks of as many matrices.
        beta: factor of ``input``; with 0 its values do not count, nan included.
        alpha: factor of the sum.
        out: a tensor to write the result into.

    Shape: (m, n), (b, m, k), (b, k, n) -> (m, n).

    Raises:
        RuntimeError: if sizes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.addbmm(fb.zeros(1, 1), fb.ones(2, 1, 3), fb.ones(2, 3, 1))
        tensor([[6.]])
    """
    if older:
        given = (input, batch1, batch2, *older)
        input, batch1, batch2, beta, alpha = factors_first("addbmm", given, 3, 2)
    return _added(ADDBMM, input, batch1, batch2, beta, alpha, out)


for _operation in (ADDMM, ADDMV, ADDR, ADDBMM, BADDBMM):
    # PyTorch has a function of this one beside the method.
    _publish_inplace(_operation, as_function=_operation is ADDMV)
