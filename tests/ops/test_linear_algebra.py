"""Decompositions put together again, gradients by finite differences, errors in full."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import flambeau as fb

SHAPES = [(3, 3), (4, 2), (2, 4), (2, 3, 3), (2, 0, 0)]
KINDS = [fb.float64, fb.complex128]


def matrix(shape: tuple[int, ...], kind: Any = fb.float64) -> Any:
    random = np.random.default_rng(sum(shape))
    values = random.normal(size=shape)
    if kind is fb.complex128:
        values = values + 1j * random.normal(size=shape)
    return fb.from_numpy(values)


def definite(shape: tuple[int, ...], kind: Any = fb.float64) -> Any:
    x = matrix(shape, kind)
    return x @ x.mH + fb.eye(shape[-1], dtype=kind)


def same(x: Any, y: Any) -> None:
    np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_factors_multiply_to_the_matrix(shape: tuple[int, ...], kind: Any) -> None:
    x = matrix(shape, kind)
    p, lower, upper = fb.linalg.lu(x)
    same(p @ lower @ upper, x)
    for mode in ("reduced", "complete"):
        q, r = fb.linalg.qr(x, mode)
        same(q @ r, x)
        same(q.mH @ q, fb.eye(q.shape[-1], dtype=kind).expand(q.mH.shape[:-1] + q.shape[-1:]))
    u, s, vh = fb.linalg.svd(x, full_matrices=False)
    same((u * s.unsqueeze(-2)) @ vh, x)
    reflections, tau = fb.geqrf(x)
    if shape[-2] >= shape[-1]:
        same(fb.linalg.householder_product(reflections, tau), fb.linalg.qr(x).Q)
    pinv = fb.linalg.pinv(x)
    same(x @ pinv @ x, x)


@pytest.mark.parametrize("size", [1, 5, 40, 65])
@pytest.mark.parametrize("kind", KINDS)
def test_systems_are_solved(size: int, kind: Any) -> None:
    a, b = matrix((size, size), kind), matrix((size, 3), kind)
    same(a @ fb.linalg.solve(a, b), b)
    lu, pivots = fb.linalg.lu_factor(a)
    for adjoint in (False, True):
        x = fb.linalg.lu_solve(lu, pivots, b, adjoint=adjoint)
        same((a.mH if adjoint else a) @ x, b)
    triangle = a + 3.0 * size * fb.eye(size, dtype=kind)
    for upper in (False, True):
        x = fb.linalg.solve_triangular(triangle, b, upper=upper)
        same((triangle.triu() if upper else triangle.tril()) @ x, b)
    symmetric = a + a.mT
    factors = fb.linalg.ldl_factor(symmetric)
    same(symmetric @ fb.linalg.ldl_solve(*factors, b), b)
    hermitian = a + a.mH
    factors = fb.linalg.ldl_factor(hermitian, hermitian=True)
    same(hermitian @ fb.linalg.ldl_solve(*factors, b, hermitian=True), b)


@pytest.mark.parametrize("kind", KINDS)
def test_eigenvectors_are_only_stretched(kind: Any) -> None:
    x = matrix((2, 4, 4), kind)
    values, vectors = fb.linalg.eig(x)
    same(x.to(fb.complex128) @ vectors, vectors * values.unsqueeze(-2))
    values, vectors = fb.linalg.eigh(x)
    hermitian = x.tril() + x.tril(-1).mH
    if x.is_complex():
        hermitian = hermitian - 1j * hermitian.diagonal(0, -2, -1).imag.diag_embed()
    same(hermitian @ vectors, vectors * values.unsqueeze(-2))


GRADIENTS = {
    "cholesky": lambda x: fb.linalg.cholesky(x @ x.mH + fb.eye(3, dtype=x.dtype)),
    "cholesky_inverse": lambda x: fb.cholesky_inverse(x.tril() + 3 * fb.eye(3, dtype=x.dtype)),
    "eigh": lambda x: fb.linalg.eigh(x + x.mH).eigenvectors.abs(),
    "eigvals": lambda x: fb.linalg.eigvals(x).abs(),
    "lstsq": lambda x: fb.linalg.lstsq(x, x + 1).solution,
    "lu": lambda x: fb.linalg.lu(x)[1:],
    "svd": lambda x: fb.linalg.svd(x)[1],
    "slogdet": lambda x: fb.linalg.slogdet(x)[1],
    "det": fb.linalg.det,
    "householder": lambda x: fb.linalg.householder_product(x, x[0, :2]),
    "matrix_exp": fb.linalg.matrix_exp,
    "nuclear": lambda x: fb.linalg.norm(x, "nuc"),
    "spectral": lambda x: fb.linalg.matrix_norm(x, 2),
    "cond": fb.linalg.cond,
    "tensorinv": lambda x: fb.linalg.tensorinv(x, ind=1),
    "vecdot": lambda x: fb.linalg.vecdot(x, x + 2),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_of_both_orders(name: str, kind: Any) -> None:
    x = (matrix((3, 3), kind) + 2 * fb.eye(3, dtype=kind)).requires_grad_()
    assert fb.autograd.gradcheck(GRADIENTS[name], (x,), atol=1e-6, rtol=1e-5)
    if name != "cond" or kind is fb.float64:
        assert fb.autograd.gradgradcheck(
            GRADIENTS[name], (x,), atol=1e-5, rtol=1e-4, fast_mode=True
        )


def test_gradient_of_the_determinant_of_a_singular_matrix() -> None:
    x = fb.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=fb.float64, requires_grad=True)
    fb.linalg.det(x).backward()
    same(x.grad, fb.tensor([[4.0, -2.0], [-2.0, 1.0]], dtype=fb.float64))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: fb.linalg.solve(fb.zeros(2, 2), fb.ones(2)),
            (
                "solve: a matrix is singular\n"
                "  expected: matrices whose rows are linearly independent\n"
                "  got:      the matrix, whose pivot 1 is zero"
            ),
        ),
        (
            lambda: fb.linalg.cholesky(-fb.eye(2)),
            (
                "cholesky: a matrix is not positive-definite\n"
                "  expected: hermitian matrices whose eigenvalues are positive\n"
                "  got:      a leading minor of order 1 that is not"
            ),
        ),
        (
            lambda: fb.linalg.solve(fb.eye(2), fb.ones(3, 1)),
            (
                "solve: the matrices do not fit\n"
                "  expected: A (n, n) and B (n, k)\n"
                "  got:      A (2, 2) and B (3, 1)"
            ),
        ),
        (
            lambda: fb.linalg.det(fb.ones(2, 3)),
            "det: input is not square\n  expected: shape (..., m, m)\n  got:      (2, 3)",
        ),
        (
            lambda: fb.linalg.lu(fb.eye(2), pivot=False),
            (
                "lu_factor: elimination without pivots is not stable\n"
                "  expected: pivot=True\n"
                "  got:      pivot=False"
            ),
        ),
        (
            lambda: fb.linalg.matrix_norm(fb.eye(2), 3),
            "matrix_norm: unknown norm\n  expected: 'fro', 'nuc', ±1, ±2 or ±inf\n  got:      3",
        ),
    ],
)
def test_errors_in_full(call: Any, text: str) -> None:
    with pytest.raises(RuntimeError) as error:
        call()
    assert str(error.value) == text


def test_singular_matrices_are_a_linear_algebra_error() -> None:
    with pytest.raises(fb.linalg.LinAlgError):
        fb.linalg.inv(fb.zeros(2, 2))
    assert fb.linalg.inv_ex(fb.zeros(2, 2)).info.item() == 1
    assert fb.linalg.cholesky_ex(-fb.eye(2)).info.item() == 1


@pytest.mark.parametrize("norm", [10.0, 1e3])
def test_the_exponential_undoes_itself(norm: float) -> None:
    x = matrix((4, 4))
    x = (x - x.mT) / fb.linalg.norm(x) * norm  # its exponential is orthogonal
    same(fb.linalg.matrix_exp(x) @ fb.linalg.matrix_exp(-x), fb.eye(4, dtype=fb.float64))
