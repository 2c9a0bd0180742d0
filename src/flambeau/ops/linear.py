"""The linear map of a layer, and the bilinear one."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import ShapeError, message
from flambeau.core.shapes import broadcast
from flambeau.core.spec import Spec
from flambeau.ops.arithmetic import conjugate
from flambeau.ops.matmul import matmul
from flambeau.ops.matrix_products import (
    REDUCED,
    ROWS_MATMUL,
    ROWS_PRODUCT,
    as_rows,
    check_tensors,
    check_types,
    np_float32,
    np_float64,
    product,
)
from flambeau.ops.shown_graph import LinearNode, UnbiasedLinearNode, show
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply, versions_of
from flambeau.tensor.graph import SEQUENCE
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor
from flambeau.tensor.views import refresh

_new = object.__new__

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
        rows = x if x.ndim == 2 else as_rows(x)
        result = product(rows, weight.T)
        add_rows(result, bias)
        return result if x.ndim == 2 else result.reshape(*x.shape[:-1], weight.shape[0])
    if kind not in REDUCED or kind is not weight.dtype:
        raise TypeError("not numbers of one type")
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


def _rows_sum(g: np.ndarray) -> Any:
    if g.ndim == 1:
        return g.copy()
    rows = g if g.ndim == 2 else as_rows(g)
    count, kind = rows.shape[0], rows.dtype
    if kind is not np_float32 and kind is not np_float64 or count > len(_ONES[kind]):
        total = np.float32 if kind in REDUCED else kind
        return np.add.reduce(rows, 0, total).astype(kind)
    # A product with ones: BLAS sums columns several times as fast as NumPy does.
    return _ONES[kind][:count].dot(rows)


_ONES = {kind: np.ones(1 << 12, kind) for kind in (np_float32, np_float64)}

ROWS_SUM = Operation(
    "rows_sum",
    inputs="input",
    evaluate=_rows_sum,
    infer=lambda g: Spec(g.shape[-1:], g.dtype),
    gradient={"input": lambda g, input_shape: apply(REGISTRY["expand"], (g,), (input_shape,))},
    node_name="SumBackward1",
    decompose=lambda input: input.sum(tuple(range(input.ndim - 1))) if input.ndim > 1 else input,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((4, 3)),)),
        make.sample(inputs=(make.transposed((4, 3)),)),
        make.sample(inputs=(make.tensor((2, 4, 3)),)),
        make.sample(inputs=(make.tensor((3,)),)),
        make.sample(inputs=(make.tensor((0, 3)),)),
    ],
)

LINEAR = Operation(
    "linear",
    inputs="input weight bias",
    evaluate=_linear,
    infer=_infer_linear,
    gradient={
        "input": lambda g, weight: apply(ROWS_MATMUL, (g, conjugate(weight)), (False,)),
        "weight": lambda g, input: apply(ROWS_PRODUCT, (g, conjugate(input))),
        "bias": lambda g: apply(ROWS_SUM, (g,)),
    },
    node_name="AddmmBackward0",
    decompose=lambda input, weight, bias: apply(ROWS_MATMUL, (input, weight), (True,)) + bias,
    samples=lambda make: [
        make.sample(inputs=(make.tensor((4, 3)), make.tensor((5, 3)), make.tensor((5,)))),
        make.sample(inputs=(make.tensor((2, 4, 3)), make.tensor((5, 3)), make.tensor((5,)))),
        make.sample(inputs=(make.tensor((3,)), make.transposed((5, 3)), make.tensor((5,)))),
        make.sample(inputs=(make.tensor((0, 3)), make.tensor((5, 3)), make.tensor((5,)))),
        make.error((make.tensor((4, 3)), make.tensor((5, 4)), make.tensor((5,))), (), RuntimeError),
        make.error((make.tensor((4, 3)), make.tensor((5, 3)), make.tensor((4,))), (), RuntimeError),
    ],
)


def linear(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, *, out: Tensor | None = None
) -> Tensor:
    """Apply an affine map to the last dimension.

    :math:`out = input · weight^T + bias`

    Args:
        input: the tensor to map.
        weight: the matrix.
        bias: what is added, if anything.
        out: a tensor to write the result into.

    Shape: (..., in_features), (out_features, in_features), (out_features,) ->
        (..., out_features).

    Raises:
        RuntimeError: if sizes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.linear(fb.ones(2, 3), fb.ones(4, 3), fb.zeros(4)).shape
        torch.Size([2, 4])
    """
    if out is not None:
        return write_out("linear", out, linear(input, weight, bias))
    if bias is None:
        check_tensors("linear", input, weight)
        if weight._array.ndim == 1:  # one feature, without a dimension of its own
            return matmul(input, weight)
        check_layer(input._array, weight._array, None)
        return show(apply(ROWS_MATMUL, (input, weight), (True,)), UnbiasedLinearNode)
    if MODE.code < INTERPRETED:
        try:
            x, w, b = input._array, weight._array, bias._array
            kind = x.dtype
            if (
                kind is np_float32
                and w.dtype is kind
                and b.dtype is kind
                and x.ndim == 2
                and w.ndim == 2
                and b.shape == w.shape[:1] != (1,)
            ):
                result = x.dot(w.T)
                add_rows(result, b)
                tensor = _new(Tensor)
                tensor._array = result
                tensor._node = None
                tensor._requires = False
                tensor._view = None
                tensor._counter = None
                if MODE.code:
                    _attach(input, weight, bias, tensor)
                return tensor
        except (AttributeError, ValueError, RuntimeWarning, FloatingPointError):
            pass  # apply() says what is wrong, or computes it quietly
    check_tensors("linear", input, weight, bias)
    if bias._array.ndim != 1 or bias._array.shape[0] == 1:
        return _with_broadcast_bias(input, weight, bias)
    return show(apply(LINEAR, (input, weight, bias)), LinearNode)


def _attach(input: Tensor, weight: Tensor, bias: Tensor, out: Tensor) -> None:
    """What :func:`flambeau.tensor.dispatch.attach` does, for the operation that runs most often."""
    if input._view is not None:
        refresh(input)
    if weight._view is not None:
        refresh(weight)
    if bias._view is not None:
        refresh(bias)
    needs = (input._requires, weight._requires, bias._requires)
    if True not in needs:
        return
    node = _new(LinearNode)
    node.plan = plan = LINEAR.plans.get(needs) or LINEAR.plan(needs)
    node.edges = (
        (input._node or input) if needs[0] else None,
        (weight._node or weight) if needs[1] else None,
        (bias._node or bias) if needs[2] else None,
    )
    node.hooks = None
    node.sequence = next(SEQUENCE)
    array = out._array
    node.shape = array.shape
    node.dtype = array.dtype
    node.saved = saved = plan.save((input, weight, bias), out, ())
    node.versions = None
    if input._counter is not None or weight._counter is not None:
        node.versions = versions_of(saved, plan.input_entries)
    out._node = node
    out._requires = True


def _with_broadcast_bias(input: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """A bias of another shape than (out_features,)."""
    check_tensors("linear", input, weight, bias)
    check_types("linear", input._array, weight._array, bias._array)
    shape = check_layer(input._array, weight._array, None)
    if broadcast("linear", shape, bias._array.shape) != shape:
        check_layer(input._array, weight._array, bias._array)
    return show(apply(ROWS_MATMUL, (input, weight), (True,)), UnbiasedLinearNode) + bias  # type: ignore[operator]
