"""Records of products added to a tensor: addmm, addmv, addr, addbmm, baddbmm.

:math:`out = beta · input + alpha · (a @ b)`
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, message
from flambeau.core.shapes import broadcast
from flambeau.core.spec import Spec
from flambeau.ops.arithmetic import conjugate
from flambeau.ops.matrix_products import (
    BMM,
    MATMUL,
    MM,
    MV,
    REDUCED,
    ROWS_MATMUL,
    ROWS_PRODUCT,
    check_ndim,
    check_types,
)
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def scaled_sum(
    multiply: Callable[[np.ndarray, np.ndarray], Any],
) -> Callable[..., np.ndarray]:
    """The NumPy meaning of ``beta * input + alpha * multiply(a, b)``."""

    def evaluate(
        input: np.ndarray, a: np.ndarray, b: np.ndarray, beta: Any, alpha: Any
    ) -> np.ndarray:
        kind = a.dtype
        if input.dtype is not kind:
            raise TypeError("operands of two types")
        if kind in REDUCED:
            single = np.float32
            wide = input.astype(single), a.astype(single), b.astype(single)
            return evaluate(*wide, beta, alpha).astype(kind)
        result = np.asarray(multiply(a, b))
        if alpha != 1:
            result = result * kind.type(alpha)
        if beta == 0:  # then nan and inf in the input do not count
            return result
        scaled = input if beta == 1 else input * kind.type(beta)
        if np.broadcast(result, scaled).shape != result.shape:
            raise ValueError("the input does not broadcast to the product")
        return np.add(result, scaled, result)

    return evaluate


# Here PyTorch cuts factors to integers where the tensors hold integers.
_CUT_FACTORS = frozenset(("addbmm", "addmv", "baddbmm"))


def infer_sum(name: str, shape_of: Callable[[Any, Any], Spec]) -> Callable[..., Spec]:
    """The shape rule of ``beta * input + alpha * product``."""

    def infer(input: Any, a: Any, b: Any, beta: Any, alpha: Any) -> Spec:
        out = shape_of(a, b)
        if broadcast(name, input.shape, out.shape) != out.shape:
            raise ShapeError(
                message(
                    f"{name}: the added tensor does not broadcast to the product",
                    expected=f"input that broadcasts to {out.shape}",
                    got=f"input {tuple(input.shape)}",
                )
            )
        truth = out.dtype.kind == input.dtype.kind == "b"
        kind = np.dtype(np.int64) if truth else check_types(name, input, a, b)
        if name in _CUT_FACTORS:
            return out
        for label, value in (("beta", beta), ("alpha", alpha)):
            if dtypes.of_number(value).category > dtypes.of(kind).category:
                raise RuntimeError(
                    message(
                        f"{name}: {label} does not fit the tensors' type",
                        expected=f"a number that {dtypes.of(kind)} can hold",
                        got=repr(value),
                    )
                )
        return out

    return infer


def times(g: Tensor, factor: Any) -> Tensor:
    """``g`` times the conjugate of a number, or ``g`` itself for 1."""
    return g if factor.__class__ is int and factor == 1 else g * conjugate(factor)


ADDMM = Operation(
    "addmm",
    inputs="input mat1 mat2",
    params="beta alpha",
    evaluate=scaled_sum(MM.evaluate),
    infer=infer_sum("addmm", MM.infer),
    gradient={
        "input": lambda g, beta: times(g, beta),
        "mat1": lambda g, mat2, alpha: times(
            apply(ROWS_MATMUL, (g, conjugate(mat2)), (True,)), alpha
        ),
        "mat2": lambda g, mat1, alpha: times(apply(ROWS_PRODUCT, (conjugate(mat1), g)), alpha),
    },
    strict=True,
    samples=lambda make: [
        make.sample(
            inputs=(make.tensor((4, 2)), make.tensor((4, 3)), make.tensor((3, 2))), params=(1, 1)
        ),
        make.sample(
            inputs=(make.tensor((2,)), make.tensor((4, 3)), make.tensor((3, 2))), params=(0.5, -2)
        ),
        make.sample(
            inputs=(make.tensor(()), make.transposed((4, 3)), make.tensor((3, 2))), params=(0, 1)
        ),
        make.error(
            (make.tensor((3, 4, 2)), make.tensor((4, 3)), make.tensor((3, 2))),
            (1, 1),
            RuntimeError,
        ),
    ],
)

ADDMV = Operation(
    "addmv",
    inputs="input mat vec",
    params="beta alpha",
    evaluate=scaled_sum(MV.evaluate),
    infer=infer_sum("addmv", MV.infer),
    gradient={
        "input": lambda g, beta: times(g, beta),
        "mat": lambda g, vec, alpha: times(apply(ROWS_PRODUCT, (g, conjugate(vec))), alpha),
        "vec": lambda g, mat, alpha: times(
            apply(ROWS_MATMUL, (g, conjugate(mat)), (False,)), alpha
        ),
    },
    strict=True,
    samples=lambda make: [
        make.sample(
            inputs=(make.tensor((4,)), make.tensor((4, 3)), make.tensor((3,))), params=(1, 1)
        ),
        make.sample(
            inputs=(make.tensor(()), make.tensor((4, 3)), make.tensor((3,))), params=(0.5, -2)
        ),
        make.error(
            (make.tensor((3,)), make.tensor((4, 3)), make.tensor((3,))), (1, 1), RuntimeError
        ),
    ],
)


def _outer_spec(a: Any, b: Any) -> Spec:
    check_ndim("addr", "vec1 of shape (m,) and vec2 of shape (n,)", ("vec1", a, 1), ("vec2", b, 1))
    shape = a.shape[0], b.shape[0]
    if a.dtype.kind == b.dtype.kind == "b":
        return Spec(shape, a.dtype)
    return Spec(shape, check_types("addr", a, b))


_outer_sum = scaled_sum(lambda a, b: a[:, None] * b)


def _added_outer(input: np.ndarray, a: np.ndarray, b: np.ndarray, beta: Any, alpha: Any) -> Any:
    if a.dtype.kind != "b" or input.dtype is not a.dtype:
        return _outer_sum(input, a, b, beta, alpha)
    product = a[:, None] & b & bool(alpha)  # the sum of booleans is "or"
    return product | input if beta else product


ADDR = Operation(
    "addr",
    inputs="input vec1 vec2",
    params="beta alpha",
    evaluate=_added_outer,
    infer=infer_sum("addr", _outer_spec),
    gradient={
        "input": lambda g, beta: times(g, beta),
        "vec1": lambda g, vec2, alpha: times(apply(MV, (g, conjugate(vec2))), alpha),
        "vec2": lambda g, vec1, alpha: times(
            apply(ROWS_MATMUL, (conjugate(vec1), g), (False,)), alpha
        ),
    },
    strict=True,
    samples=lambda make: [
        make.sample(
            inputs=(make.tensor((4, 3)), make.tensor((4,)), make.tensor((3,))), params=(1, 1)
        ),
        make.sample(inputs=(make.tensor(()), make.tensor((4,)), make.tensor((3,))), params=(2, 3)),
        make.sample(
            inputs=(make.booleans((4, 3)), make.booleans((4,)), make.booleans((3,))),
            params=(True, True),
        ),
        make.error(
            (make.tensor((4, 3)), make.tensor((3,)), make.tensor((3,))), (1, 1), RuntimeError
        ),
    ],
)

BADDBMM = Operation(
    "baddbmm",
    inputs="input batch1 batch2",
    params="beta alpha",
    evaluate=scaled_sum(BMM.evaluate),
    infer=infer_sum("baddbmm", BMM.infer),
    gradient={
        "input": lambda g, beta: times(g, beta),
        "batch1": lambda g, batch2, alpha: times(
            apply(MATMUL, (g, conjugate(batch2)), (False, True)), alpha
        ),
        "batch2": lambda g, batch1, alpha: times(
            apply(MATMUL, (conjugate(batch1), g), (True, False)), alpha
        ),
    },
    strict=True,
    samples=lambda make: [
        make.sample(
            inputs=(make.tensor((2, 4, 5)), make.tensor((2, 4, 3)), make.tensor((2, 3, 5))),
            params=(1, 1),
        ),
        make.sample(
            inputs=(make.tensor((5,)), make.tensor((2, 4, 3)), make.tensor((2, 3, 5))),
            params=(0.5, -2),
        ),
        make.error(
            (make.tensor((4,)), make.tensor((2, 4, 3)), make.tensor((2, 3, 5))),
            (1, 1),
            RuntimeError,
        ),
    ],
)


def _sum_of_products(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.add.reduce(BMM.evaluate(a, b), 0, a.dtype)


def _infer_sum_of_products(a: Any, b: Any) -> Spec:
    out = BMM.infer(a, b)
    return Spec(out.shape[1:], out.dtype)


ADDBMM = Operation(
    "addbmm",
    inputs="input batch1 batch2",
    params="beta alpha",
    evaluate=scaled_sum(_sum_of_products),
    infer=infer_sum("addbmm", _infer_sum_of_products),
    gradient={
        "input": lambda g, beta: times(g, beta),
        "batch1": lambda g, batch2, alpha: times(
            apply(MATMUL, (g, conjugate(batch2)), (False, True)), alpha
        ),
        "batch2": lambda g, batch1, alpha: times(
            apply(MATMUL, (conjugate(batch1), g), (True, False)), alpha
        ),
    },
    strict=True,
    samples=lambda make: [
        make.sample(
            inputs=(make.tensor((4, 5)), make.tensor((2, 4, 3)), make.tensor((2, 3, 5))),
            params=(1, 1),
        ),
        make.sample(
            inputs=(make.tensor((5,)), make.tensor((2, 4, 3)), make.tensor((2, 3, 5))),
            params=(0.5, -2),
        ),
        make.error(
            (make.tensor((2, 4, 5)), make.tensor((2, 4, 3)), make.tensor((2, 3, 5))),
            (1, 1),
            RuntimeError,
        ),
    ],
)
