"""Special functions against SciPy, float64 to some units in the last place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special

import flambeau as fb

RANDOM = np.random.default_rng(0)
ANYWHERE = np.concatenate([RANDOM.uniform(-6, 6, 4000), RANDOM.normal(size=1000) * 1e-4, [0.0]])
POSITIVE = np.concatenate([RANDOM.uniform(0.01, 60, 4000), 10 ** RANDOM.uniform(-8, 8, 1000)])
INSIDE = np.concatenate([RANDOM.uniform(-1, 1, 4000), 1 - 10 ** RANDOM.uniform(-15, 0, 500)])

CASES = [
    ("erf", special.erf, ANYWHERE, 1e-15), ("erfc", special.erfc, ANYWHERE, 4e-15),
    ("erfc", special.erfc, RANDOM.uniform(6, 26, 1000), 1e-13),
    ("erfinv", special.erfinv, INSIDE, 2e-15), ("digamma", special.digamma, POSITIVE, 4e-15),
    ("i0", special.i0, ANYWHERE * 6, 4e-15),
    ("i0", special.i0, RANDOM.uniform(30, 700, 500), 4e-14),
]  # fmt: skip


@pytest.mark.parametrize(("name", "oracle", "x", "rtol"), CASES)
def test_against_scipy(name: str, oracle: Any, x: np.ndarray, rtol: float) -> None:
    result = getattr(fb, name)(fb.from_numpy(x)).numpy()
    np.testing.assert_allclose(result, oracle(x), rtol=rtol, atol=rtol if name == "digamma" else 0)
    single = x.astype(np.float32)
    wide = oracle(single.astype(np.float64))
    with np.errstate(over="ignore", under="ignore"):
        expected = wide.astype(np.float32)
    # 1e-38: below lie the numbers that float32 holds with fewer digits.
    np.testing.assert_allclose(
        getattr(fb, name)(fb.from_numpy(single)).numpy(), expected, rtol=4e-7, atol=1e-38
    )


def test_lgamma() -> None:
    for x in (POSITIVE, RANDOM.uniform(-12, 0, 2000)):
        result = fb.lgamma(fb.from_numpy(x)).numpy()
        # In absolute terms near the zeros at 1, at 2 and below 0.
        np.testing.assert_allclose(result, special.gammaln(x), rtol=4e-15, atol=2e-13)
    assert fb.lgamma(fb.tensor([0.0, -1.0])).tolist() == [np.inf, np.inf]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7])
def test_polygamma(n: int) -> None:
    x = POSITIVE[POSITIVE > 1e-3]
    result = fb.polygamma(n, fb.from_numpy(x)).numpy()
    np.testing.assert_allclose(result, special.polygamma(n, x), rtol=1e-13, atol=4e-15)


def test_polygamma_below_zero() -> None:
    # The reflection formula: psi1(1 - x) + psi1(x) = pi^2 / sin^2(pi x).
    x = np.array([-0.5, -1.25, -3.3, -7.75])
    both = fb.polygamma(1, fb.from_numpy(x)).numpy() + special.polygamma(1, 1 - x)
    np.testing.assert_allclose(both, (np.pi / np.sin(np.pi * x)) ** 2, rtol=1e-12)
    assert fb.polygamma(1, fb.tensor([-2.0])).item() == np.inf


def test_ends() -> None:
    inf, nan = np.inf, np.nan
    x = fb.tensor([inf, -inf, nan], dtype=fb.float64)
    for name, expected in (
        ("erf", [1.0, -1.0, nan]), ("erfc", [0.0, 2.0, nan]), ("i0", [inf, inf, nan]),
        ("lgamma", [inf, inf, nan]), ("digamma", [inf, nan, nan]),
    ):  # fmt: skip
        np.testing.assert_array_equal(getattr(fb, name)(x).numpy(), expected)
        np.testing.assert_array_equal(getattr(fb, name)(x.float()).numpy(), expected)
    np.testing.assert_array_equal(
        fb.erfinv(fb.tensor([1.0, -1.0, 1.5, nan])).numpy(), [inf, -inf, nan, nan]
    )


def test_tiny_elements_keep_their_relative_accuracy() -> None:
    x = 10.0 ** np.arange(-300, 0, 7)
    np.testing.assert_allclose(fb.erf(fb.from_numpy(x)).numpy(), special.erf(x), rtol=4e-16)
    small = (10.0 ** np.arange(-30, 0, 3)).astype(np.float32)
    np.testing.assert_allclose(
        fb.erf(fb.from_numpy(small)).numpy(), special.erf(small.astype(np.float64)), rtol=4e-7
    )


def test_derivatives() -> None:
    x = fb.tensor([0.3, 1.7, 3.1], dtype=fb.float64, requires_grad=True)
    values = x.detach().numpy()
    for function, derivative in (
        (fb.erf, 2 / np.sqrt(np.pi) * np.exp(-(values**2))),
        (fb.erfc, -2 / np.sqrt(np.pi) * np.exp(-(values**2))),
        (fb.lgamma, special.digamma(values)), (fb.digamma, special.polygamma(1, values)),
        (lambda v: fb.polygamma(1, v), special.polygamma(2, values)), (fb.i0, special.i1(values)),
    ):  # fmt: skip
        (g,) = fb.autograd.grad(function(x).sum(), x)
        np.testing.assert_allclose(g.numpy(), derivative, rtol=1e-13)
