"""Special functions beside SciPy's, their examples, and their values where they end."""

from __future__ import annotations

import doctest
import math
from typing import Any

import numpy as np
import pytest
import scipy.special as oracle

import flambeau as fb

SPREAD = np.concatenate([10.0 ** np.linspace(-9, 2, 60), np.linspace(0.01, 60, 101)])
BOTH_SIGNS = np.concatenate([SPREAD, -SPREAD])
INSIDE = np.concatenate([10.0 ** np.linspace(-200, -1, 40), np.linspace(0.01, 0.99, 60)])

CASES = {
    "airy_ai": (np.linspace(-20, 20, 161), lambda x: oracle.airy(x)[0]),
    "bessel_j0": (BOTH_SIGNS, oracle.j0),
    "bessel_j1": (BOTH_SIGNS, oracle.j1),
    "bessel_y0": (SPREAD, oracle.y0),
    "bessel_y1": (SPREAD, oracle.y1),
    "entr": (BOTH_SIGNS, oracle.entr),
    "erfcx": (np.concatenate([SPREAD, -SPREAD[SPREAD < 20]]), oracle.erfcx),
    "i0e": (BOTH_SIGNS, oracle.i0e),
    "i1": (BOTH_SIGNS, oracle.i1),
    "i1e": (BOTH_SIGNS, oracle.i1e),
    "log_ndtr": (BOTH_SIGNS, oracle.log_ndtr),
    "modified_bessel_k0": (SPREAD, oracle.k0),
    "modified_bessel_k1": (SPREAD, oracle.k1),
    "ndtr": (BOTH_SIGNS, oracle.ndtr),
    "ndtri": (INSIDE, oracle.ndtri),
    "scaled_modified_bessel_k0": (SPREAD, oracle.k0e),
    "scaled_modified_bessel_k1": (SPREAD, oracle.k1e),
    "spherical_bessel_j0": (BOTH_SIGNS, lambda x: oracle.spherical_jn(0, x)),
}


@pytest.mark.parametrize("name", CASES)
def test_values(name: str) -> None:
    x, function = CASES[name]
    found = getattr(fb.special, name)(fb.from_numpy(x)).numpy()
    np.testing.assert_allclose(found, function(x), rtol=2e-12, atol=2e-14)


POLYNOMIALS = {
    "chebyshev_polynomial_t": oracle.eval_chebyt,
    "chebyshev_polynomial_u": oracle.eval_chebyu,
    "hermite_polynomial_h": oracle.eval_hermite,
    "hermite_polynomial_he": oracle.eval_hermitenorm,
    "laguerre_polynomial_l": oracle.eval_laguerre,
    "legendre_polynomial_p": oracle.eval_legendre,
    "shifted_chebyshev_polynomial_t": oracle.eval_sh_chebyt,
    "shifted_chebyshev_polynomial_u": oracle.eval_sh_chebyu,
}


@pytest.mark.parametrize("name", POLYNOMIALS)
def test_polynomials(name: str) -> None:
    x, n = np.linspace(-2, 2, 9)[:, None], np.arange(8)
    found = getattr(fb.special, name)(fb.from_numpy(x), fb.from_numpy(n))
    np.testing.assert_allclose(found.numpy(), POLYNOMIALS[name](n, x), rtol=1e-12, atol=1e-12)
    assert getattr(fb.special, name)(fb.ones(2), -1).tolist() == [0.0, 0.0]


def test_chebyshev_polynomials_of_the_third_and_fourth_kind() -> None:
    angle = np.linspace(0.1, 3.0, 7)
    x = fb.from_numpy(np.cos(angle))
    for n in range(6):
        third = fb.special.chebyshev_polynomial_v(x, n).numpy()
        fourth = fb.special.chebyshev_polynomial_w(x, n).numpy()
        np.testing.assert_allclose(third, np.cos((n + 0.5) * angle) / np.cos(angle / 2))
        np.testing.assert_allclose(fourth, np.sin((n + 0.5) * angle) / np.sin(angle / 2))


def test_incomplete_gamma_functions() -> None:
    random = np.random.default_rng(0)
    a = 10 ** random.uniform(-2, 4, 500)
    x = a * 10 ** random.uniform(-0.7, 0.5, 500)
    for ours, theirs in ((fb.igamma, oracle.gammainc), (fb.igammac, oracle.gammaincc)):
        found, expected = ours(fb.from_numpy(a), fb.from_numpy(x)).numpy(), theirs(a, x)
        normal = expected > 1e-200
        np.testing.assert_allclose(found[normal], expected[normal], rtol=1e-11)
    ends = [(0.0, 1.0), (1.0, 0.0), (0.0, 0.0), (1.0, math.inf), (math.inf, 1.0), (-1.0, 1.0)]
    a, x = (fb.tensor(t, dtype=fb.float64) for t in zip(*ends, strict=True))
    np.testing.assert_array_equal(fb.igamma(a, x), [1.0, 0.0, math.nan, 1.0, 0.0, math.nan])
    np.testing.assert_array_equal(fb.igammac(a, x), [0.0, 1.0, math.nan, 0.0, 1.0, math.nan])


def test_zeta_and_multigammaln() -> None:
    s, q = np.linspace(1.1, 20, 30)[:, None], np.array([0.01, 0.5, 1.0, 7.5, 100.0])
    found = fb.special.zeta(fb.from_numpy(s), fb.from_numpy(q)).numpy()
    np.testing.assert_allclose(found, oracle.zeta(s, q), rtol=1e-12)
    for p in (1, 2, 5):
        x = np.linspace(p / 2, 9, 5)
        found = fb.special.multigammaln(fb.from_numpy(x), p).numpy()
        np.testing.assert_allclose(found, [oracle.multigammaln(v, p) for v in x], rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "points", "values"),
    [
        ("bessel_y0", [0.0, -1.0], [-math.inf, math.nan]),
        ("modified_bessel_k1", [0.0, -1.0, math.inf], [math.inf, math.nan, 0.0]),
        ("ndtri", [0.0, 1.0, 2.0], [-math.inf, math.inf, math.nan]),
        ("erfcx", [-math.inf, math.inf], [math.inf, 0.0]),
        ("entr", [0.0, -1.0, math.nan], [0.0, -math.inf, math.nan]),
        ("log_ndtr", [-math.inf, math.inf], [-math.inf, 0.0]),
    ],
)
def test_ends(name: str, points: list[float], values: list[float]) -> None:
    found = getattr(fb.special, name)(fb.tensor(points, dtype=fb.float64))
    np.testing.assert_array_equal(found.numpy(), values)


@pytest.mark.parametrize("name", [*CASES, *POLYNOMIALS, "zeta", "xlog1py"])
def test_example(name: str) -> None:
    text = getattr(fb.special, name).__doc__ or ""
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
    assert test.examples
    assert "Args:" in text
    assert "Shape:" in text
    assert doctest.DocTestRunner(verbose=False).run(test).failed == 0


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (
            lambda: fb.special.zeta(2, 1),
            TypeError,
            (
                "special_zeta: not a tensor\n"
                "  expected: a tensor\n"
                "  got:      int\n"
                "  help:     make one with flambeau.tensor(...)"
            ),
        ),
        (
            lambda: fb.mvlgamma(fb.tensor([0.5]), 2),
            RuntimeError,
            (
                "mvlgamma: an element is too small\n"
                "  expected: elements above (p - 1) / 2 = 0.5\n"
                "  got:      0.5"
            ),
        ),
    ],
)
def test_errors_in_full(call: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == text
