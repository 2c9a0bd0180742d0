"""Noise that is a function of the step: its distribution, and compiled code that draws it."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb
from flambeau.optim import transform as T
from flambeau.optim.engine.rounding import round_at_random
from flambeau.optim.engine.step_noise import bits_of_step, normal_of_step


def test_distribution() -> None:
    stats = pytest.importorskip("scipy.stats")
    like = fb.zeros(200, 300)
    x = normal_of_step(like, 3, 0, 7).numpy().ravel()
    assert stats.kstest(x, "norm").pvalue > 1e-3
    bits = bits_of_step(like, 3, 0, 7).numpy().ravel()
    assert (bits >= 0).all()
    assert (bits < 1 << 16).all()
    assert stats.kstest((bits + 0.5) / (1 << 16), "uniform").pvalue > 1e-3
    counts = [np.bincount((bits >> place) & 1) for place in range(16)]
    assert all(abs(c[0] - c[1]) < 5 * len(bits) ** 0.5 for c in counts)


@pytest.mark.parametrize("other", [(4, 0, 7), (3, 1, 7), (3, 0, 8)])
def test_other_step_key_or_place_gives_other_numbers(other: tuple[int, int, int]) -> None:
    like = fb.zeros(300, 100, dtype=fb.float64)
    x, y = normal_of_step(like, 3, 0, 7).numpy(), normal_of_step(like, *other).numpy()
    assert abs(np.corrcoef(x.ravel(), y.ravel())[0, 1]) < 0.03
    assert abs(np.corrcoef(x[1:].ravel(), x[:-1].ravel())[0, 1]) < 0.03
    assert abs(np.corrcoef(x[:, 1:].ravel(), x[:, :-1].ravel())[0, 1]) < 0.03


def test_numbers_do_not_depend_on_where_they_are_computed() -> None:
    like, step = fb.zeros(7, 5, 3), fb.tensor(2, dtype=fb.int64)
    compiled = fb.compile(lambda step: bits_of_step(like, step, 1, 2))
    assert fb.equal(compiled(step), bits_of_step(like, 2, 1, 2))
    assert normal_of_step(fb.zeros(()), 1, 0, 0).shape == ()
    assert normal_of_step(fb.zeros(2, 0), 1, 0, 0).shape == (2, 0)


def test_complex_noise() -> None:
    z = normal_of_step(fb.zeros(40_000, dtype=fb.complex128), 1, 0, 0).numpy()
    assert abs(z.real.std() - 0.5**0.5) < 0.01
    assert abs(z.imag.std() - 0.5**0.5) < 0.01
    assert abs((z.real * z.imag).mean()) < 0.01


@pytest.mark.parametrize(
    "rule",
    [
        T.noisy_sgd(0.1),
        T.stochastic_rounding(T.adam(0.1)),
        T.store_moments(T.adam(0.1), fb.int8, 16, 1),
        T.compensated(T.adam(0.1)),
        T.master_weights(T.adam(0.1)),
    ],
    ids=str,
)
def test_steps_are_native(rule: T.Transformation) -> None:
    w = fb.zeros(40, 8, dtype=fb.bfloat16, requires_grad=True)
    optimizer = fb.optim.from_transform(rule, [("w", w)])
    step = fb.compile(lambda: optimizer.step())
    for _ in range(3):
        w.grad = fb.ones(40, 8, dtype=fb.bfloat16)
        step()
    assert "operations through NumPy: none" in step.report(), step.report()


@pytest.mark.parametrize("kind", [fb.float16, fb.bfloat16])
@pytest.mark.parametrize("wide", [fb.float32, fb.float64])
def test_rounding_at_random_is_the_same_natively(kind: fb.dtype, wide: fb.dtype) -> None:
    """Near powers of two, at zero, at the largest numbers, and where there is no number."""
    random = np.random.default_rng(0)
    powers = 2.0 ** np.arange(-13, 14)
    x = np.concatenate([
        random.standard_normal(20_000) * 100, powers, -powers, powers * (1 - 1e-4),
        powers * (1 + 1e-4), [0.0, -0.0, 1e-8, -3e-8, 65504, 65519, np.inf, -np.inf, np.nan],
    ])  # fmt: skip
    x = fb.tensor(x, dtype=wide)
    bits = fb.tensor(random.integers(0, 1 << 16, x.shape), dtype=fb.int32)
    compiled = fb.compile(lambda x, bits: round_at_random(x, bits, kind))
    found, expected = compiled(x, bits).float().numpy(), round_at_random(x, bits, kind)
    np.testing.assert_array_equal(found, expected.float().numpy())
    assert "operations through NumPy: none" in compiled.report()
