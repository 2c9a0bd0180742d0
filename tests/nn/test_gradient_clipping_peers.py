"""Clipping of gradients beside PyTorch's."""

from __future__ import annotations

import math

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers


@pytest.mark.parametrize("kind", ["float32", "float64", "complex128"])
@pytest.mark.parametrize("order", [1, 2, 2.5, math.inf])
@pytest.mark.parametrize("bound", [0.1, 100.0])
def test_norm(kind: str, order: float, bound: float) -> None:
    random = np.random.default_rng(0)
    shapes = [(3, 4), (), (5,)] + ([] if order == math.inf else [(0,)])  # PyTorch refuses that
    values = [random.standard_normal(s).astype(kind) * 2 for s in shapes]
    found = []
    for lib in (fb, torch):
        params = [lib.tensor(v).requires_grad_() for v in values]
        for p, v in zip(params, values, strict=True):
            p.grad = lib.tensor(v)
        total = lib.nn.utils.clip_grad_norm_(params, bound, order)
        found.append([total.numpy(), *(p.grad.numpy() for p in params)])
    tolerance = 1e-6 if kind == "float32" else 1e-13
    for a, b in zip(*found, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=tolerance)


def test_value() -> None:
    for lib in (fb, torch):
        p = lib.zeros(4).requires_grad_()
        p.grad = lib.tensor([3.0, -0.5, float("nan"), -9.0])
        lib.nn.utils.clip_grad_value_([p], 1.0)
        np.testing.assert_array_equal(p.grad.numpy(), [1.0, -0.5, np.nan, -1.0])
