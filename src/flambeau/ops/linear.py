"""The linear map of a layer, and the bilinear one."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import ShapeError, message
from flambeau.core.shapes import broadcast
from flambeau.core.spec import Spec
from flambeau.ops.arithmetic import conjugate
from flambeau.ops.matmul import (
    ROWS_MATMUL,
    ROWS_PRODUCT,
    check_tensors,
    check_types,
    matmul,
    np_float32,
    np_float64,
    product,
)
from flambeau.ops.shown_graph import LinearNode, UnbiasedLinearNode, show
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor

# Up to this many bytes, spreading the bias over a buffer and adding that is quicker than letting
# NumPy broadcast in the addition; beyond, the second pass over memory costs more.
_SPREAD_LIMIT = 1 << 16


def _linear(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    kind = x.dtype
    if weight.ndim != 2 or bias.ndim != 1 or bias.shape[0] != weight.shape[0] or x.ndim == 0:
        raise ValueError("not a matrix and a vector of its rows")
    if kind is not bias.dtype:
        raise TypeError("operands of two types")
    if kind is np_float32 or kind is np_float64 or kind.kind in "ciu":
        rows = x if x.ndim == 2 else x.reshape(-1, x.shape[-1])
        result = product(rows, weight.T)
        add_rows(result, bias)
        return result if x.ndim == 2 else result.reshape(*x.shape[:-1], weight.shape[0])
    if x.dtype is not weight.dtype:
        raise TypeError("operands of two types")
    wide = [a.astype(np.float32) for a in (x, weight, bias)]
    return _linear(*wide).astype(kind)


def add_rows(matrix: np.ndarray, vector: np.ndarray) -> None:
    """Add a vector to every row of a fresh matrix, in place."""
    if matrix.nbytes <= _SPREAD_LIMIT:
        spread = np.empty(matrix.shape, matrix.dtype)
        spread[...] = vector
        np.add(matrix, spread, matrix)
    else:
        np.add(matrix, vector, matrix)


def _infer_linear(x: Any, weight: Any, bias: Any) -> Spec:
    kind = check_types("linear", x, weight, bias)
    return Spec(check_layer(x, weight, bias), kind)


def check_layer(x: Any, weight: Any, bias: Any) -> tuple[int, ...]:
    """The shape of a layer's output.

    Raises:
        RuntimeError: if the sizes do not fit.
    """
    if weight.ndim != 2 or x.ndim == 0 or x.shape[-1] != weight.shape[1]:
        raise ShapeError(
            message(
                "linear: sizes of input and weight do not fit",
                expected="input of shape (..., in_features) and weight of shape "
                "(out_features, in_features)",
                got=f"input {tuple(x.shape)} and weight {tuple(weight.shape)}",
            )
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ShapeError(
            message(
                "linear: size of the bias does not fit",
                expected="weight of shape (out_features, in_features) and bias of shape "
                "(out_features,)",
                got=f"weight {tuple(weight.shape)} and bias {tuple(bias.shape)}",
            )
        )
    return (*x.shape[:-1], weight.shape[0])


LINEAR = Operation(
    "linear",
    inputs="input weight bias",
    evaluate=_linear,
    infer=_infer_linear,
    gradient={
        "input": lambda g, weight: apply(ROWS_MATMUL, (g, conjugate(weight)), (False,)),
        "weight": lambda g, input: apply(ROWS_PRODUCT, (g, conjugate(input))),
        "bias": lambda g: _sum_of_rows(g),
    },
    node_name="AddmmBackward0",
    decompose=lambda input, weight, bias: apply(ROWS_MATMUL, (input, weight), (True,)) + bias,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((4, 3)), make.tensor((5, 3)), make.tensor((5,)))),
        make.sample(inputs=(make.tensor((2, 4, 3)), make.tensor((5, 3)), make.tensor((5,)))),
        make.sample(inputs=(make.tensor((3,)), make.transposed((5, 3)), make.tensor((5,)))),
        make.sample(inputs=(make.tensor((0, 3)), make.tensor((5, 3)), make.tensor((5,)))),
        make.error(
            (make.tensor((4, 3)), make.tensor((5, 4)), make.tensor((5,))), (), RuntimeError
        ),
        make.error(
            (make.tensor((4, 3)), make.tensor((5, 3)), make.tensor((4,))), (), RuntimeError
        ),
    ],
)


def _sum_of_rows(g: Tensor) -> Tensor:
    ndim = g._array.ndim
    return g if ndim == 1 else apply(REGISTRY["sum"], (g,), (tuple(range(ndim - 1)), False, None))


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Apply an affine map to the last dimension.

    :math:`out = input · weight^T + bias`

    Args:
        input: the tensor to map.
        weight: the matrix.
        bias: what is added, if anything.

    Shape: (..., in_features), (out_features, in_features), (out_features,) ->
        (..., out_features).

    Raises:
        RuntimeError: if sizes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.linear(fb.ones(2, 3), fb.ones(4, 3), fb.zeros(4)).shape
        torch.Size([2, 4])
    """
    if bias is None:
        check_tensors("linear", input, weight)
        if weight._array.ndim == 1:  # one feature, without a dimension of its own
            return matmul(input, weight)
        check_layer(input._array, weight._array, None)
        return show(apply(ROWS_MATMUL, (input, weight), (True,)), UnbiasedLinearNode)
    if input.__class__ is not Tensor or weight.__class__ is not Tensor:
        check_tensors("linear", input, weight)
    if bias.__class__ is not Tensor or bias._array.ndim != 1 or bias._array.shape[0] == 1:
        return _with_broadcast_bias(input, weight, bias)
    return show(apply(LINEAR, (input, weight, bias)), LinearNode)


def _with_broadcast_bias(input: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """A bias of another shape than (out_features,)."""
    check_tensors("linear", input, weight, bias)
    check_types("linear", input._array, weight._array, bias._array)
    shape = check_layer(input._array, weight._array, None)
    if broadcast("linear", shape, bias._array.shape) != shape:
        check_layer(input._array, weight._array, bias._array)
    return show(apply(ROWS_MATMUL, (input, weight), (True,)), UnbiasedLinearNode) + bias  # type: ignore[operator]
