"""Numbers that the dispatcher reads and computes at each call: they are what Python's are."""

import math

import numpy as np
import pytest

import flambeau as fb

POWERS = [
    *[(0.9, float(n)) for n in (0, 1, 2, 17, 350, 360, 379, 380, 381, 400, 10_000)],
    *[(0.999, float(n)) for n in (1, 37_000, 37_999, 38_000, 38_001, 40_000, 10**9)],
    *[(1 - 2.0**-k, 38.0 * 2.0**k * s) for k in (3, 20, 50) for s in (0.9, 1.0, 1.01)],
    *[(0.0, 5.0), (0.0, 0.0), (1.0, 1e9), (1.5, 41.0), (2.0, -50.0), (1e-300, 0.5)],
    *[(-3.0, 40.0), (-3.0, 41.0), (-0.5, 90.0), (-0.5, -3.0), (0.5, -90.0), (math.inf, -2.0)],
]


@pytest.mark.parametrize(("base", "exponent"), POWERS)
def test_one_minus_a_power_is_pythons(base: float, exponent: float) -> None:
    x = fb.ones(3, dtype=fb.float64)
    step = fb.compile(lambda x, b, n: x * (1 - b**n))
    for b, n in [(0.25, 2.0), (base, exponent), (0.25, 2.0), (base, exponent)]:
        np.testing.assert_array_equal(step(x, b, n).numpy(), np.full(3, 1 - b**n))


def test_a_power_that_is_used_twice() -> None:
    x = fb.ones(2, dtype=fb.float64)
    step = fb.compile(lambda x, b, n: (x * (1 - b**n), x * b**n, x * (1.0 - b**n) * 2))
    for n in (3.0, 4.0, 500.0, 2.0):
        power = 0.9**n
        found = [y.tolist() for y in step(x, 0.9, n)]
        assert found == [[1 - power] * 2, [power] * 2, [(1 - power) * 2] * 2]


def test_what_python_raises_is_raised() -> None:
    x = fb.ones(2, dtype=fb.float64)
    step = fb.compile(lambda x, b, n: x * (1 - b**n))
    for _ in range(3):
        assert step(x, 2.0, 3.0).tolist() == [-7.0, -7.0]
    with pytest.raises(OverflowError):
        step(x, 10.0, 400.0)
    with pytest.raises(ZeroDivisionError):
        step(x, 0.0, -1.0)
    assert step(x, 2.0, 3.0).tolist() == [-7.0, -7.0]


def test_constants_follow_what_they_are_made_of() -> None:
    weight = fb.ones(2, dtype=fb.float64, requires_grad=True)
    optimizer = fb.optim.Adam([weight], lr=0.1)
    expected = fb.ones(2, dtype=fb.float64, requires_grad=True)
    eager = fb.optim.Adam([expected], lr=0.1)

    def step(weight: fb.Tensor, optimizer: fb.optim.Optimizer) -> None:
        optimizer.zero_grad()
        (weight * weight).sum().backward()
        optimizer.step()

    compiled = fb.compile(lambda: step(weight, optimizer))
    for turn in range(40):
        if turn % 7 == 3:  # what was computed of the old ones must not stay
            for x in (optimizer, eager):
                x.param_groups[0]["lr"] = 0.1 / (1 + turn)
                x.param_groups[0]["betas"] = (0.9 - 0.01 * turn, 0.99)
        compiled()
        step(expected, eager)
        np.testing.assert_allclose(weight.detach().numpy(), expected.detach().numpy(), rtol=1e-14)
        if turn % 10 == 9:  # another count of one of the steps
            for x in (optimizer, eager):
                next(iter(x.state.values()))["step"] += 3
