"""Products of matrices as records: mm, mv, dot, vdot, bmm, and what their gradients need.

Three records are closed under differentiation, so that no gradient needs a transposed copy:
``rows_matmul`` (every row of a tensor times a matrix), ``rows_product`` (two tensors contracted
over all their rows) and ``matmul`` (stacks of matrices, either one transposed).
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, message
from flambeau.core.shapes import broadcast
from flambeau.core.spec import Spec
from flambeau.ops.arithmetic import conjugate
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

_new = object.__new__
np_float32, np_float64 = dtypes.float32.numpy, dtypes.float64.numpy
REDUCED = (dtypes.float16.numpy, dtypes.bfloat16.numpy)


# --- arrays -----------------------------------------------------------------------------------


def product(a: np.ndarray, b: np.ndarray) -> Any:
    """``a @ b`` for operands of one type, of at most two dimensions each.

    float16 and bfloat16 are computed in float32 and rounded once. A method call reaches BLAS
    sooner than ``np.matmul``, and BLAS takes transposed operands as they are.
    """
    kind = a.dtype
    if kind is not b.dtype:
        raise TypeError("operands of two types")
    if kind is np_float32 or kind is np_float64 or kind.kind in "ciu":
        return a.dot(b)
    if kind not in REDUCED:
        raise TypeError("not numbers")
    return a.astype(np.float32).dot(b.astype(np.float32)).astype(kind)


def stacked_product(a: np.ndarray, b: np.ndarray) -> Any:
    """``a @ b`` for stacks of matrices of one type, whose leading dimensions broadcast."""
    kind = a.dtype
    if kind is not b.dtype:
        raise TypeError("operands of two types")
    if kind is np_float32 or kind is np_float64 or kind.kind in "ciu":
        return np.matmul(a, b)
    if kind not in REDUCED:
        raise TypeError("not numbers")
    return np.matmul(a.astype(np.float32), b.astype(np.float32)).astype(kind)


# --- shape rules ------------------------------------------------------------------------------


def check_types(name: str, *operands: Any) -> np.dtype:
    """The one type of all operands.

    Raises:
        RuntimeError: if they have several, or are truth values.
    """
    kinds = {dtypes.of(x.dtype): None for x in operands}
    if len(kinds) > 1:
        raise RuntimeError(
            message(
                f"{name}: operands of different types",
                expected="operands of the same dtype",
                got=" and ".join(str(dtypes.of(x.dtype)) for x in operands),
                help="convert one of them with .to(dtype)",
            )
        )
    if dtypes.bool_ in kinds:
        raise RuntimeError(
            message(
                f"{name}: not defined on bool tensors",
                expected="numbers",
                got="torch.bool",
                help="convert with .int() or .float()",
            )
        )
    return operands[0].dtype


def check_ndim(name: str, expected: str, *pairs: tuple[str, Any, int]) -> None:
    """Refuse operands that are no vector, matrix or stack where one is needed."""
    if any(x.ndim != ndim for _, x, ndim in pairs):
        raise ShapeError(
            message(
                f"{name}: wrong number of dimensions",
                expected=expected,
                got=" and ".join(f"{label} {tuple(x.shape)}" for label, x, _ in pairs),
            )
        )


def inner_sizes_differ(name: str, expected: str, x: Any, y: Any, labels: str = "x y") -> ShapeError:
    """The error for matrices that do not fit together."""
    first, second = labels.split()
    matrices = x.ndim >= 2 and y.ndim >= 2
    return ShapeError(
        message(
            f"{name}: inner sizes differ",
            expected=expected,
            got=f"{first} {tuple(x.shape)} and {second} {tuple(y.shape)}",
            help="transpose one of them with .mT" if matrices else None,
        )
    )


def _infer_mm(x: Any, y: Any) -> Spec:
    check_ndim("mm", "x of shape (m, k) and y of shape (k, n)", ("x", x, 2), ("y", y, 2))
    if x.shape[1] != y.shape[0]:
        raise inner_sizes_differ("mm", "x of shape (m, k) and y of shape (k, n)", x, y)
    return Spec((x.shape[0], y.shape[1]), check_types("mm", x, y))


def _infer_mv(x: Any, y: Any) -> Spec:
    check_ndim("mv", "x of shape (m, k) and y of shape (k,)", ("x", x, 2), ("y", y, 1))
    if x.shape[1] != y.shape[0]:
        raise inner_sizes_differ("mv", "x of shape (m, k) and y of shape (k,)", x, y)
    return Spec(x.shape[:1], check_types("mv", x, y))


def _infer_dot(name: str) -> Any:
    def infer(x: Any, y: Any) -> Spec:
        check_ndim(name, "x of shape (k,) and y of shape (k,)", ("x", x, 1), ("y", y, 1))
        if x.shape != y.shape:
            raise inner_sizes_differ(name, "x of shape (k,) and y of shape (k,)", x, y)
        return Spec((), check_types(name, x, y))

    return infer


def _infer_bmm(x: Any, y: Any) -> Spec:
    expected = "x of shape (b, m, k) and y of shape (b, k, n)"
    check_ndim("bmm", expected, ("x", x, 3), ("y", y, 3))
    if x.shape[0] != y.shape[0]:
        raise ShapeError(
            message(
                "bmm: batch sizes differ",
                expected=expected,
                got=f"x {tuple(x.shape)} and y {tuple(y.shape)}",
                help="matmul broadcasts them",
            )
        )
    if x.shape[2] != y.shape[1]:
        raise inner_sizes_differ("bmm", expected, x, y)
    return Spec((*x.shape[:2], y.shape[2]), check_types("bmm", x, y))


def _infer_rows_matmul(x: Any, y: Any, transpose: bool) -> Spec:
    inner, outer = (y.shape[1], y.shape[0]) if transpose else y.shape
    if x.shape[-1] != inner:
        shape = "(n, k)" if transpose else "(k, n)"
        raise inner_sizes_differ("matmul", f"x of shape (..., k) and y of shape {shape}", x, y)
    return Spec((*x.shape[:-1], outer), check_types("matmul", x, y))


def _infer_rows_product(x: Any, y: Any) -> Spec:
    if x.shape[:-1] != y.shape[:-1]:
        raise inner_sizes_differ("matmul", "x of shape (..., k) and y of shape (..., n)", x, y)
    return Spec((x.shape[-1], y.shape[-1]), check_types("matmul", x, y))


def _infer_stack(x: Any, y: Any, transpose_x: bool, transpose_y: bool) -> Spec:
    rows, inner = x.shape[-2:][::-1] if transpose_x else x.shape[-2:]
    other, columns = y.shape[-2:][::-1] if transpose_y else y.shape[-2:]
    if inner != other:
        expected = "x of shape (..., m, k) and y of shape (..., k, n)"
        raise inner_sizes_differ("matmul", expected, x, y)
    batch = broadcast("matmul", x.shape[:-2], y.shape[:-2])
    return Spec((*batch, rows, columns), check_types("matmul", x, y))


def check_tensors(name: str, *values: Any) -> None:
    """Refuse what is not a tensor.

    Raises:
        TypeError: for anything else.
    """
    for value in values:
        if not isinstance(value, Tensor):
            raise TypeError(
                message(
                    f"{name}: not a tensor",
                    expected="a tensor",
                    got=type(value).__name__,
                    help="make one with flambeau.tensor(...)",
                )
            )


# --- records ----------------------------------------------------------------------------------


def as_rows(x: np.ndarray) -> np.ndarray:
    """All dimensions but the last as one; without elements NumPy cannot infer its size."""
    return x.reshape(-1 if x.size else prod(x.shape[:-1]), x.shape[-1])


def _rows_matmul(x: np.ndarray, y: np.ndarray, transpose: bool) -> Any:
    if transpose:
        y = y.T
    if x.ndim <= 2:
        return product(x, y)
    return product(as_rows(x), y).reshape(*x.shape[:-1], y.shape[1])


def _rows_product(x: np.ndarray, y: np.ndarray) -> Any:
    if x.shape[:-1] != y.shape[:-1]:
        raise ValueError("rows differ")
    if x.ndim != 2:
        x, y = as_rows(x), as_rows(y)
    return product(x.T, y)


ROWS_MATMUL = Operation(
    "rows_matmul",
    inputs="input mat2",
    params="transpose",
    evaluate=_rows_matmul,
    infer=_infer_rows_matmul,
    gradient={
        "input": lambda g, mat2, transpose: apply(
            ROWS_MATMUL, (g, conjugate(mat2)), (not transpose,)
        ),
        "mat2": lambda g, input, transpose: apply(
            ROWS_PRODUCT, (g, conjugate(input)) if transpose else (conjugate(input), g)
        ),
    },
    node_name="MmBackward0",
    samples=lambda make: [
        make.sample(inputs=(make.tensor((4, 3)), make.tensor((3, 2))), params=(False,)),
        make.sample(inputs=(make.tensor((4, 3)), make.tensor((2, 3))), params=(True,)),
        make.sample(inputs=(make.tensor((2, 4, 3)), make.tensor((3, 2))), params=(False,)),
        make.sample(inputs=(make.tensor((3,)), make.transposed((3, 2))), params=(False,)),
        make.sample(inputs=(make.tensor((0, 3)), make.tensor((3, 2))), params=(False,)),
        make.error((make.tensor((4, 3)), make.tensor((2, 3))), (False,), RuntimeError),
    ],
)

ROWS_PRODUCT = Operation(
    "rows_product",
    inputs="input other",
    evaluate=_rows_product,
    infer=_infer_rows_product,
    gradient={
        "input": lambda g, other: apply(ROWS_MATMUL, (conjugate(other), g), (True,)),
        "other": lambda g, input: apply(ROWS_MATMUL, (conjugate(input), g), (False,)),
    },
    node_name="MmBackward0",
    samples=lambda make: [
        make.sample(inputs=(make.tensor((4, 3)), make.tensor((4, 2)))),
        make.sample(inputs=(make.tensor((2, 4, 3)), make.tensor((2, 4, 2)))),
        make.sample(inputs=(make.tensor((3,)), make.tensor((2,)))),
        make.sample(inputs=(make.transposed((4, 3)), make.tensor((4, 2)))),
        make.sample(inputs=(make.tensor((0, 3)), make.tensor((0, 2)))),
        make.error((make.tensor((4, 3)), make.tensor((2, 3))), (), RuntimeError),
    ],
)


def _mm(x: np.ndarray, y: np.ndarray) -> Any:
    if x.ndim != 2 or y.ndim != 2:
        raise ValueError("not matrices")
    return product(x, y)


MM = Operation(
    "mm",
    inputs="input mat2",
    evaluate=_mm,
    infer=_infer_mm,
    gradient={
        "input": lambda g, mat2: apply(ROWS_MATMUL, (g, conjugate(mat2)), (True,)),
        "mat2": lambda g, input: apply(ROWS_PRODUCT, (conjugate(input), g)),
    },
    samples=lambda make: [
        make.sample(inputs=(make.tensor((4, 3)), make.tensor((3, 2)))),
        make.sample(inputs=(make.transposed((4, 3)), make.transposed((3, 2)))),
        make.sample(inputs=(make.tensor((0, 3)), make.tensor((3, 2)))),
        make.sample(inputs=(make.tensor((2, 0)), make.tensor((0, 3)))),
        make.error((make.tensor((4, 3)), make.tensor((4, 3))), (), RuntimeError),
        make.error((make.tensor((3,)), make.tensor((3, 2))), (), RuntimeError),
        make.error((make.tensor((2, 3)), make.integers((3, 2), 0, 5)), (), RuntimeError),
    ],
)


def _mv(x: np.ndarray, y: np.ndarray) -> Any:
    if x.ndim != 2 or y.ndim != 1:
        raise ValueError("not a matrix and a vector")
    return product(x, y)


MV = Operation(
    "mv",
    inputs="input vec",
    evaluate=_mv,
    infer=_infer_mv,
    gradient={
        "input": lambda g, vec: apply(ROWS_PRODUCT, (g, conjugate(vec))),
        "vec": lambda g, input: apply(ROWS_MATMUL, (g, conjugate(input)), (False,)),
    },
    samples=lambda make: [
        make.sample(inputs=(make.tensor((4, 3)), make.tensor((3,)))),
        make.sample(inputs=(make.transposed((4, 3)), make.tensor((3,)))),
        make.sample(inputs=(make.tensor((2, 0)), make.tensor((0,)))),
        make.error((make.tensor((4, 3)), make.tensor((4,))), (), RuntimeError),
    ],
)


def _dot(x: np.ndarray, y: np.ndarray) -> Any:
    if x.ndim != 1 or y.ndim != 1:
        raise ValueError("not vectors")
    return product(x, y)


def _vdot(x: np.ndarray, y: np.ndarray) -> Any:
    return _dot(x.conj(), y) if x.dtype.kind == "c" else _dot(x, y)


def _samples_of_vectors(make: Any) -> list[Any]:
    return [
        make.sample(inputs=(make.tensor((3,)), make.tensor((3,)))),
        make.sample(inputs=(make.tensor((0,)), make.tensor((0,)))),
        make.error((make.tensor((3,)), make.tensor((4,))), (), RuntimeError),
        make.error((make.tensor((3, 1)), make.tensor((3,))), (), RuntimeError),
    ]


DOT = Operation(
    "dot",
    inputs="input tensor",
    evaluate=_dot,
    infer=_infer_dot("dot"),
    gradient={
        "input": lambda g, tensor: g * conjugate(tensor),
        "tensor": lambda g, input: g * conjugate(input),
    },
    samples=_samples_of_vectors,
)

VDOT = Operation(
    "vdot",
    inputs="input other",
    evaluate=_vdot,
    infer=_infer_dot("vdot"),
    gradient={
        "input": lambda g, other: conjugate(g) * other,
        "other": lambda g, input: g * input,
    },
    samples=_samples_of_vectors,
)


def _bmm(x: np.ndarray, y: np.ndarray) -> Any:
    if x.ndim != 3 or y.ndim != 3 or x.shape[0] != y.shape[0]:
        raise ValueError("not two stacks of one size")
    return stacked_product(x, y)


def _stack(x: np.ndarray, y: np.ndarray, transpose_x: bool, transpose_y: bool) -> Any:
    if transpose_x:
        x = x.swapaxes(-1, -2)
    if transpose_y:
        y = y.swapaxes(-1, -2)
    return stacked_product(x, y)


def _stack_input_gradient(g: Any, mat2: Any, transpose_x: bool, transpose_y: bool) -> Tensor:
    """Of ``input`` in ``op(input) @ op(mat2)``, where ``op`` may transpose."""
    if transpose_x:
        return apply(MATMUL, (conjugate(mat2), g), (transpose_y, True))
    return apply(MATMUL, (g, conjugate(mat2)), (False, not transpose_y))


def _stack_mat2_gradient(g: Any, input: Any, transpose_x: bool, transpose_y: bool) -> Tensor:
    if transpose_y:
        return apply(MATMUL, (g, conjugate(input)), (True, transpose_x))
    return apply(MATMUL, (conjugate(input), g), (not transpose_x, False))


MATMUL = Operation(
    "matmul",
    inputs="input mat2",
    params="transpose_input transpose_mat2",
    evaluate=_stack,
    infer=_infer_stack,
    gradient={
        "input": lambda g, mat2, transpose_input, transpose_mat2: _stack_input_gradient(
            g, mat2, transpose_input, transpose_mat2
        ),
        "mat2": lambda g, input, transpose_input, transpose_mat2: _stack_mat2_gradient(
            g, input, transpose_input, transpose_mat2
        ),
    },
    node_name="BmmBackward0",
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 4, 3)), make.tensor((2, 3, 5))), params=(False, False)),
        make.sample(inputs=(make.tensor((2, 3, 4)), make.tensor((1, 3, 5))), params=(True, False)),
        make.sample(inputs=(make.tensor((4, 3)), make.tensor((2, 2, 5, 3))), params=(False, True)),
        make.sample(inputs=(make.tensor((2, 3, 4)), make.tensor((2, 5, 3))), params=(True, True)),
        make.sample(inputs=(make.tensor((0, 4, 3)), make.tensor((3, 5))), params=(False, False)),
        make.error((make.tensor((2, 4, 3)), make.tensor((2, 4, 3))), (False, False), RuntimeError),
        make.error((make.tensor((2, 4, 3)), make.tensor((3, 3, 4))), (False, False), RuntimeError),
    ],
)

BMM = Operation(
    "bmm",
    inputs="input mat2",
    evaluate=_bmm,
    infer=_infer_bmm,
    gradient={
        "input": lambda g, mat2: apply(MATMUL, (g, conjugate(mat2)), (False, True)),
        "mat2": lambda g, input: apply(MATMUL, (conjugate(input), g), (True, False)),
    },
    samples=lambda make: [
        make.sample(inputs=(make.tensor((2, 4, 3)), make.tensor((2, 3, 5)))),
        make.sample(inputs=(make.tensor((0, 4, 3)), make.tensor((0, 3, 5)))),
        make.error((make.tensor((2, 4, 3)), make.tensor((1, 3, 5))), (), RuntimeError),
        make.error((make.tensor((2, 4, 3)), make.tensor((2, 4, 5))), (), RuntimeError),
    ],
)
