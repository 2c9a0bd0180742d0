"""Inverses and singular values."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb

MATRIX = np.array([[4.0, 1.0, -2.0], [0.5, 3.0, 1.0], [1.0, -1.0, 5.0]])


def test_inverse() -> None:
    found = fb.inverse(fb.tensor(np.stack([MATRIX, MATRIX.T])))
    wanted = np.linalg.inv(np.stack([MATRIX, MATRIX.T]))
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-14)


def test_negative_powers() -> None:
    found = fb.matrix_power(fb.tensor(MATRIX), -2)
    np.testing.assert_allclose(found.numpy(), np.linalg.matrix_power(MATRIX, -2), rtol=1e-13)


def test_gradients() -> None:
    x = fb.tensor(MATRIX, requires_grad=True)
    assert fb.autograd.gradcheck(fb.inverse, (x,))
    assert fb.autograd.gradgradcheck(fb.inverse, (x,))
    assert fb.autograd.gradgradcheck(fb.linalg.svdvals, (x,))


@pytest.mark.parametrize("shape", [(3, 3), (2, 3), (3, 2), (2, 2, 3)])
def test_singular_values(shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).standard_normal(shape)
    found = fb.linalg.svdvals(fb.tensor(array))
    np.testing.assert_allclose(found.numpy(), np.linalg.svd(array, compute_uv=False), rtol=1e-13)


def test_nuclear_norm() -> None:
    x = fb.tensor(MATRIX, requires_grad=True)
    total = x.norm(p="nuc")
    total.backward()
    u, s, vh = np.linalg.svd(MATRIX)
    assert total.item() == pytest.approx(s.sum(), rel=1e-14)
    np.testing.assert_allclose(x.grad.numpy(), u @ vh, atol=1e-14)


def test_errors() -> None:
    with pytest.raises(RuntimeError) as error:
        fb.inverse(fb.ones(2, 2))
    assert str(error.value) == (
        "inverse: a matrix is singular\n"
        "  expected: matrices whose rows are linearly independent\n"
        "  got:      shape (2, 2), of which one has no inverse"
    )
    with pytest.raises(RuntimeError) as error:
        fb.inverse(fb.ones(2, 3))
    assert str(error.value) == (
        "inverse: not square\n  expected: shape (..., m, m)\n  got:      (2, 3)"
    )
    with pytest.raises(RuntimeError) as error:
        fb.inverse(fb.ones(2, 2, dtype=fb.float16))
    assert str(error.value) == (
        "inverse: not enough precision\n"
        "  expected: float32, float64, complex64 or complex128\n"
        "  got:      torch.float16\n"
        "  help:     convert with .float()"
    )
