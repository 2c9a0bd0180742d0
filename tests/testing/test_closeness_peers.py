"""What is close is what PyTorch calls close."""

import itertools

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers

KINDS = ["float16", "bfloat16", "float32", "float64", "complex64", "int32", "bool"]
STEPS = [0.0, 1e-9, 9e-8, 2e-7, 9e-6, 2e-5, 5e-4, 2e-3, 1e-2, 3e-2, 1.0, float("nan"), float("inf")]


def verdict(lib, kind, first, second, options):
    def made(x):
        return lib.tensor(x, dtype=lib.float64).to(getattr(lib, kind))

    try:
        lib.testing.assert_close(made(first), made(second), **options)
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{}, {"equal_nan": True}, {"rtol": 1e-4, "atol": 1e-3}])
def test_verdicts(kind, options):
    for base, step in itertools.product([0.0, 1.0, -300.0, 0.01], STEPS):
        with np.errstate(all="ignore"):
            if kind in ("int32", "bool") and not np.isfinite(step):
                continue
            found = [verdict(lib, kind, [base], [base + step], options) for lib in (fb, torch)]
        assert found[0] == found[1], (base, step)
