"""Errors of the transcendental functions in units of the last place.

The largest that were found (400 000 arguments in float32 against float64, 6000 in float64 against
50 digits; ``record_accuracy.py measure`` prints them again):

========  =======  =======      ========  =======  =======
function  float32  float64      function  float32  float64
========  =======  =======      ========  =======  =======
exp          0.94     0.92      sinh         1.58     1.56
exp2         0.79     0.77      cosh         1.36     1.28
expm1        1.28     1.65      tanh         1.31     1.24
log          0.80     0.72      asinh        1.47     1.35
log2         0.84     0.80      acosh        1.86     1.69
log10        0.72     0.62      atanh        1.00     0.85
log1p        1.39     0.77      erf          1.03     1.00
sin          1.50     0.56      erfc         0.50     2.92
cos          1.53     0.63      erfinv       0.50     2.38
tan          0.50     0.74      lgamma       0.50     3.59
asin         0.61     0.56      digamma      0.50     3.48
acos         0.90     0.97      pow          0.50     0.97
atan         1.82     0.92      atan2        1.72     1.08
========  =======  =======      ========  =======  =======
"""

from pathlib import Path

import numpy as np
import pytest

from flambeau.core.scalar_numpy import evaluate
from tests.compiler_backend.native import run, units_of_last_place

RECORDED = np.load(Path(__file__).with_name("accuracy.npz"))
NAMES = sorted({key.split(".")[0] for key in RECORDED.files})
SPECIAL = {"erfc": 4, "erfinv": 4, "lgamma": 4, "digamma": 4}


def call(name):
    return lambda s, *values: getattr(s, name)(*values)


def recorded(name):
    arrays = [RECORDED[key] for key in RECORDED.files if key.startswith(f"{name}.x")]
    return arrays, RECORDED[f"{name}.nearest"], RECORDED[f"{name}.rest"].astype(float)


def test_every_function_is_recorded():
    from flambeau.compiler.llvm.functions import FUNCTIONS

    assert sorted(FUNCTIONS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_float64(name):
    arrays, nearest, rest = recorded(name)
    errors = units_of_last_place(run(call(name), *arrays), nearest, rest)
    assert errors.max() <= SPECIAL.get(name, 2)


@pytest.mark.parametrize("name", NAMES)
def test_float32(name):
    arrays, *_ = recorded(name)
    rng = np.random.default_rng(2)
    # Arguments between the recorded ones too; float64, tested above, is the reference.
    arrays = [
        np.interp(rng.uniform(0, 1, 20_000), np.linspace(0, 1, a.size), np.sort(a)) for a in arrays
    ]
    arrays = [np.clip(a, -3e38, 3e38).astype(np.float32) for a in arrays]
    found = run(call(name), *arrays).astype(np.float64)
    expected = run(call(name), *(a.astype(np.float64) for a in arrays))
    inside = (np.abs(expected) < 3e38) & (np.abs(expected) > 1.2e-38)
    found, expected = found[inside], expected[inside]
    assert found.size > 5_000
    errors = np.abs(found - expected) / np.spacing(np.abs(expected).astype(np.float32))
    assert errors.max() <= 2


@pytest.mark.parametrize("name", ["erf", *SPECIAL])
def test_special_functions_of_numpy(name):
    arrays, nearest, rest = recorded(name)
    assert units_of_last_place(evaluate(call(name), *arrays), nearest, rest).max() <= 4


@pytest.mark.parametrize("name", ["lgamma", "digamma"])
def test_reflection_below_zero(name):
    import scipy.special

    x = np.linspace(-6.9, -0.1, 60)
    expected = {"lgamma": scipy.special.gammaln, "digamma": scipy.special.digamma}[name](x)
    np.testing.assert_allclose(run(call(name), x), expected, rtol=1e-12, atol=1e-13)


def test_results_beyond_the_normal_numbers():
    x = np.array([-104.0, -103.5, -90.0, -87.5, 88.7, 88.73, 89.5], np.float32)
    with np.errstate(over="ignore"):
        expected = np.exp(x.astype(np.float64)).astype(np.float32)
    np.testing.assert_allclose(run(call("exp"), x), expected, rtol=2e-7, atol=1.5e-45)
    x = np.array([-746.0, -745.1, -740.0, -710.0, 709.78, 709.79, 720.0])
    with np.errstate(over="ignore"):
        expected = np.exp(x)
    np.testing.assert_allclose(run(call("exp"), x), expected, rtol=1e-15, atol=5e-324)
    x = np.array([5e-324, 1e-310, 2.2e-308])
    np.testing.assert_allclose(run(call("log"), x), np.log(x), rtol=1e-15)


def test_angles_close_to_multiples_of_a_quarter_turn():
    """The hardest float64, 6381956970095103 * 2^797, is 4.7e-19 from one."""
    x = np.array([6381956970095103 * 2.0**797, 22.0, 355.0, 1e22, 2.0**1023, 11.0, 3.0 * 2**40])
    np.testing.assert_allclose(run(call("sin"), x), HARD_SINES, rtol=3e-16)
    np.testing.assert_allclose(run(call("cos"), x), HARD_COSINES, rtol=3e-16)


# From 400-digit arithmetic.
HARD_SINES = [
    1.0, -0.008851309290403876, -3.014435335948845e-05, -0.8522008497671888,
    0.563127779850884, -0.9999902065507035, -0.9500044433762096,
]  # fmt: skip
HARD_COSINES = [
    -4.687165924254628e-19, -0.9999608263946371, -0.999999999545659, 0.523214785395139,
    -0.826369834614148, 0.004425697988050785, -0.31223638091269595,
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("lanes", [1, 2, 8])
def test_any_number_of_lanes_gives_the_same(lanes, dtype):
    x = np.concatenate([np.linspace(0.01, 0.99, 21), [1e10, 1e20]]).astype(dtype)
    for name in ("exp", "log1p", "sin", "pow", "lgamma"):
        arrays = [x] * (2 if name == "pow" else 1)
        np.testing.assert_array_equal(
            run(call(name), *arrays, lanes=lanes), run(call(name), *arrays)
        )
