"""The iteration that moves singular values towards 1, with symmetric products halved."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb
from flambeau.optim.transform.newton_schulz import orthogonalized, symmetric_product

TRIPLE = (3.4445, -4.775, 2.0315)


@pytest.mark.parametrize("shape", [(256, 40), (259, 31), (2, 300, 7), (12, 90)])
def test_symmetric_product(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).standard_normal(shape)
    found = symmetric_product(fb.tensor(x), fb.tensor(x).mT).numpy()
    np.testing.assert_allclose(found, x @ np.swapaxes(x, -1, -2), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", [(260, 300), (300, 260), (8, 9)])
@pytest.mark.parametrize("compiled", [False, True])
def test_iteration(shape: tuple[int, int], compiled: bool) -> None:
    matrix = np.random.default_rng(1).standard_normal(shape)
    x = matrix.T if shape[0] > shape[1] else matrix
    x = x / (np.linalg.norm(x) + 1e-8)
    a, b, c = TRIPLE
    for _ in range(5):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    expected = x.T if shape[0] > shape[1] else x

    def iterate(y: fb.Tensor) -> fb.Tensor:
        return orthogonalized(y, (TRIPLE,) * 5, "frobenius", 1e-8)

    run = fb.compile(iterate) if compiled else iterate
    found = run(fb.tensor(matrix)).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)
