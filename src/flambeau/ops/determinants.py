"""Determinants and their logarithms."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.spec import Spec
from flambeau.ops import return_types
from flambeau.ops.creation import eye
from flambeau.ops.matrix_arguments import check_square
from flambeau.ops.publish import PUBLIC, public
from flambeau.ops.solving import solve
from flambeau.ops.writing import write_out
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _infer(x: Any) -> Spec:
    check_square("det", x)
    return Spec(x.shape[:-2], x.dtype)


def _cofactors(a: np.ndarray) -> np.ndarray:
    """The determinants of what is left without row i and column j, with their signs.

    By singular values, so that they are right for singular matrices too.
    """
    u, s, vh = np.linalg.svd(a)
    phase = np.linalg.det(u) * np.linalg.det(vh)
    n = s.shape[-1]
    others = np.where(np.eye(n, dtype=bool), 1, s[..., None, :]).prod(-1)
    # adj(A)^T = conj of U diag(others) V^H with the phase of the determinant
    inner = (u * others[..., None, :]) @ vh
    return (phase[..., None, None] * inner.conj()).astype(a.dtype)


def _infer_cofactors(x: Any) -> Spec:
    check_square("det", x)
    return Spec(x.shape, x.dtype)


def _cofactor_gradient(g: Any, input: Any) -> Tensor:
    """For regular matrices: the cofactors are the determinant times the inverse's transpose."""
    transposed: Any = PUBLIC["inverse"](input).mT  # type: ignore[attr-defined]
    size: Any = apply(DET, (input,))[..., None, None]
    along = (g.conj() * transposed).sum((-2, -1), keepdim=True)
    return (size * (along * transposed - transposed @ g.mH @ transposed)).conj()


COFACTORS = Operation(
    "matrix_cofactors",
    inputs="input",
    evaluate=_cofactors,
    infer=_infer_cofactors,
    gradient={"input": _cofactor_gradient},
    strict=True,
    samples=lambda make: [
        make.sample((make.tensor((3, 3)) + 4.0 * eye(3),)),
        make.sample((make.tensor((2, 2, 2)) + 4.0 * eye(2),)),
        make.error((make.tensor((2, 3)),), (), RuntimeError),
    ],
)


DET = Operation(
    "linalg_det",
    inputs="input",
    evaluate=lambda a: np.asarray(np.linalg.det(a)),
    infer=_infer,
    gradient={
        "input": lambda g, input: g[..., None, None] * apply(COFACTORS, (input,)).conj(),
    },
    strict=True,
    samples=lambda make: [
        make.sample((make.tensor((3, 3)) + 4.0 * eye(3),)),
        make.sample((make.tensor((2, 2, 2)) + 4.0 * eye(2),)),
        make.sample((make.tensor((0, 0)),)),
        make.error((make.tensor((2, 3)),), (), RuntimeError),
        make.error((make.integers((2, 2)),), (), RuntimeError),
    ],
)


def _slogdet(a: np.ndarray) -> tuple[Any, Any]:
    sign, size = np.linalg.slogdet(a)
    return np.asarray(sign), np.asarray(size)


def _infer_slogdet(x: Any) -> tuple[Spec, Spec]:
    check_square("slogdet", x)
    batch = x.shape[:-2]
    return Spec(batch, x.dtype), Spec(batch, dtypes.of(x.dtype).to_real().numpy)


def _slogdet_gradient(g: Any, input: Any, out: Any) -> Tensor | None:
    pull_sign, pull_size = g
    factor: Any = pull_size
    if input._array.dtype.kind == "c":
        factor = 0 if factor is None else factor.to(input.dtype)
        if pull_sign is not None:
            factor = factor - 1j * (pull_sign.conj() * out[0]).imag
    if factor is None:
        return None
    identity = eye(input.shape[-1], dtype=input.dtype)
    return solve(input.mH, on_diagonal_of(factor, identity))


def on_diagonal_of(factor: Any, identity: Any) -> Any:
    """A multiple of the identity for each matrix."""
    return factor[..., None, None] * identity


SLOGDET = Operation(
    "linalg_slogdet",
    inputs="input",
    evaluate=_slogdet,
    infer=_infer_slogdet,
    gradient={"input": _slogdet_gradient},
    strict=True,
    samples=lambda make: [
        make.sample((make.tensor((3, 3)) + 4.0 * eye(3),)),
        make.sample((make.tensor((2, 2, 2)) + 4.0 * eye(2),)),
        make.sample((make.tensor((0, 0)),)),
        make.error((make.tensor((2, 3)),), (), RuntimeError),
        make.error((make.integers((2, 2)),), (), RuntimeError),
    ],
)


@public(method=True)
def det(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The determinant of square matrices.

    Args:
        input: floating-point or complex matrices.
        out: a tensor to write the result into.

    Shape: (..., n, n) -> (...).

    Raises:
        RuntimeError: for shapes that are not square, or integers.

    Example:
        >>> import flambeau as fb
        >>> fb.det(fb.tensor([[2., 0.], [0., 3.]]))
        tensor(6.)
    """
    check_square("det", input)
    result = apply(DET, (input,))
    return result if out is None else write_out("det", out, result)


@public(method=True)
def slogdet(input: Tensor, *, out: Any = None) -> Any:
    """The sign of the determinant, and the logarithm of its size.

    :math:`det = sign · e^{logabsdet}`

    Args:
        input: floating-point or complex matrices.
        out: a pair of tensors to write the results into.

    Shape: (..., n, n) -> (...) and (...), the second one real.

    Raises:
        RuntimeError: for shapes that are not square, or integers.

    Example:
        >>> import flambeau as fb
        >>> fb.slogdet(fb.tensor([[-1.]])).sign
        tensor(-1.)
    """
    check_square("slogdet", input)
    result = return_types.slogdet(*apply(SLOGDET, (input,)))
    return result if out is None else write_out("slogdet", out, result)


def linalg_slogdet(A: Tensor, *, out: Any = None) -> Any:
    """The sign of the determinant, and the logarithm of its size; see :func:`flambeau.slogdet`.

    Example:
        >>> import flambeau as fb
        >>> fb.linalg.slogdet(fb.tensor([[1.]])).logabsdet
        tensor(0.)
    """
    result = return_types.linalg_slogdet(*slogdet(A))
    return result if out is None else write_out("slogdet", out, result)


@public(method=True)
def logdet(input: Tensor) -> Tensor:
    """The logarithm of the determinant; nan where that is negative.

    Args:
        input: floating-point or complex matrices.

    Shape: (..., n, n) -> (...).

    Raises:
        RuntimeError: for shapes that are not square, or integers.

    Example:
        >>> import flambeau as fb
        >>> fb.logdet(fb.tensor([[1.]]))
        tensor(0.)
    """
    sign, size = slogdet(input)
    if sign.is_complex():
        return sign.log() + size
    return PUBLIC["where"](sign == -1, float("nan"), size)
