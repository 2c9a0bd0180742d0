"""Systems of equations whose matrix is triangular."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import ShapeError, message
from flambeau.core.shapes import broadcast
from flambeau.core.spec import Spec
from flambeau.ops import return_types
from flambeau.ops.elimination import substituted
from flambeau.ops.matrix_arguments import check_matrix, check_same_type, check_square
from flambeau.ops.publish import public
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _solve(a: np.ndarray, b: np.ndarray, upper: bool, left: bool, unit: bool) -> np.ndarray:
    if left:
        return substituted(a, b, upper, unit)
    return substituted(a.swapaxes(-1, -2), b.swapaxes(-1, -2), not upper, unit).swapaxes(-1, -2)


def check_system(name: str, a: Any, b: Any, left: bool) -> tuple[int, ...]:
    """The shape of the solution of A X = B, or X A = B.

    Raises:
        RuntimeError: if types or shapes do not fit.
    """
    check_square(name, a, "the first matrix")
    check_matrix(name, b, "the second matrix")
    check_same_type(name, a, b)
    if a.shape[-1] != b.shape[-2 if left else -1]:
        raise ShapeError(
            message(
                f"{name}: the matrices do not fit",
                expected="A (n, n) and B (n, k)" if left else "A (n, n) and B (k, n)",
                got=f"A {tuple(a.shape)} and B {tuple(b.shape)}",
            )
        )
    return (*broadcast(name, a.shape[:-2], b.shape[:-2]), *b.shape[-2:])


def _infer(a: Any, b: Any, upper: bool, left: bool, unit: bool) -> Spec:
    return Spec(check_system("solve_triangular", a, b, left), b.dtype)


def _gradient_of_right(g: Any, A: Any, upper: bool, left: bool, unitriangular: bool) -> Tensor:
    return apply(SOLVE_TRIANGULAR, (A.mH, g), (not upper, left, unitriangular))


def _gradient_of_matrix(
    g: Any, A: Any, out: Any, upper: bool, left: bool, unitriangular: bool
) -> Tensor:
    right: Any = _gradient_of_right(g, A, upper, left, unitriangular)
    full = -(right @ out.mH) if left else -(out.mH @ right)
    off = int(unitriangular)
    return full.triu(off) if upper else full.tril(-off)


SOLVE_TRIANGULAR = Operation(
    "linalg_solve_triangular",
    inputs="A B",
    params="upper left unitriangular",
    evaluate=_solve,
    infer=_infer,
    gradient={"A": _gradient_of_matrix, "B": _gradient_of_right},
    strict=True,
    samples=lambda make: [
        make.sample((make.tensor((2, 2), 1, 4), make.tensor((2, 3))), (True, True, False)),
        make.sample((make.tensor((3, 3), 1, 4), make.tensor((3, 1))), (False, True, False)),
        make.sample((make.tensor((3, 3), 1, 4), make.tensor((2, 3))), (False, False, True)),
        make.sample((make.tensor((2, 1, 2, 2), 1, 4), make.tensor((3, 2, 2))), (True, False, True)),
        make.sample((make.tensor((0, 0)), make.tensor((0, 2))), (True, True, False)),
        make.error((make.tensor((2, 2)), make.tensor((3, 2))), (True, True, False), RuntimeError),
        make.error((make.tensor((2, 3)), make.tensor((3, 2))), (True, True, False), RuntimeError),
    ],
)


def solve_triangular(
    A: Tensor,
    B: Tensor,
    *,
    upper: bool,
    left: bool = True,
    unitriangular: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """The solution of a system of equations with a triangular matrix.

    :math:`A · out = B`, or :math:`out · A = B` if not ``left``.

    Args:
        A: of its matrices one triangle is read.
        B: right-hand sides.
        upper: whether that is the upper triangle.
        left: on which side of the unknown the matrix stands.
        unitriangular: take the diagonal of ``A`` for ones.
        out: a tensor to write the result into.

    Shape: (..., n, n), (..., n, k) -> (..., n, k); with ``left=False`` (..., k, n).

    Raises:
        RuntimeError: if the shapes do not fit, or for integers.

    Example:
        >>> import flambeau as fb
        >>> A = fb.tensor([[2., 1.], [0., 4.]])
        >>> fb.linalg.solve_triangular(A, fb.tensor([[4.], [8.]]), upper=True)
        tensor([[1.],
                [2.]])
    """
    check_square("solve_triangular", A, "the first matrix")
    check_matrix("solve_triangular", B, "the second matrix")
    result = apply(SOLVE_TRIANGULAR, (A, B), (bool(upper), bool(left), bool(unitriangular)))
    return result if out is None else write_out("solve_triangular", out, result)


@public(method=True)
def triangular_solve(
    input: Tensor,
    A: Tensor,
    upper: bool = True,
    transpose: bool = False,
    unitriangular: bool = False,
    *,
    out: Any = None,
) -> Any:
    """The solution of a triangular system, the older way to ask for it.

    :math:`A · solution = input`

    Args:
        input: right-hand sides.
        A: of its matrices one triangle is read.
        upper: whether that is the upper triangle.
        transpose: solve with the transpose of ``A``.
        unitriangular: take the diagonal of ``A`` for ones.
        out: a pair of tensors to write the results into.

    Shape: (..., n, k), (..., n, n) -> (..., n, k), and a copy of ``A``.

    Raises:
        RuntimeError: if the shapes do not fit, or for integers.

    Example:
        >>> import flambeau as fb
        >>> fb.triangular_solve(fb.tensor([[4.]]), fb.tensor([[2.]])).solution
        tensor([[2.]])
    """
    check_square("triangular_solve", A, "the second matrix")
    matrix = A.mT if transpose else A
    solution = apply(SOLVE_TRIANGULAR, (matrix, input), (upper != transpose, True, unitriangular))
    batch = tuple(solution.shape[:-2])
    clone = A.expand((*batch, *A.shape[-2:])).clone()  # type: ignore[attr-defined]
    result = return_types.triangular_solve(solution, clone)
    return result if out is None else write_out("triangular_solve", out, result)
