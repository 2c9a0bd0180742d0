"""Layers on large arrays, natively: rectifiers by channel, gates, regions' largest values."""

import numpy as np
import pytest

import flambeau as fb
from flambeau.core.native import LEAST
from flambeau.ops import adaptive_pooling, slopes

F = fb.nn.functional


def _draw(*shape, dtype=np.float32):
    return np.random.default_rng([*shape]).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize(
    ("shape", "count"),
    [((7, 5, 40, 30), 5), ((7, 5, 40, 30), 1), ((9000, 5), 5), ((50000,), 1), ((300, 6, 19), 6)],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_prelu(shape, count, dtype):
    x, weight = _draw(*shape, dtype=dtype), 2 * _draw(count, dtype=dtype)
    x.reshape(-1)[:4] = np.nan, np.inf, -np.inf, 0.0
    wide = weight.reshape(-1, *[1] * (len(shape) - 2)) if len(shape) > 1 else weight
    with np.errstate(all="ignore"):
        wanted = np.where(x > 0, x, wide * x)
    found = F.prelu(fb.from_numpy(x), fb.from_numpy(weight)).numpy()
    np.testing.assert_array_equal(found, wanted)


def test_prelu_of_other_layouts():
    x, weight = _draw(40, 30, 7, 6).T, _draw(7)
    found = slopes.PRELU.evaluate(x, weight.reshape(1, 7, 1, 1))
    np.testing.assert_array_equal(found, np.where(x > 0, x, weight[:, None, None] * x))


@pytest.mark.parametrize("dim", [0, 1, 2])
def test_glu(dim):
    x = _draw(64, 40, 50, dtype=np.float64)
    assert x.size >= 2 * LEAST
    first, second = np.split(x, 2, dim)
    found = F.glu(fb.from_numpy(x), dim).numpy()
    np.testing.assert_allclose(found, first / (1 + np.exp(-second)), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize(
    ("shape", "sizes"),
    [((90, 13, 31), (6, 7)), ((40, 9, 11, 12), (4, 5, 3)), ((70, 20, 25), (20, 30))],
)
def test_largest_values_of_regions(shape, sizes, monkeypatch):
    x = np.round(_draw(*shape) * 2)  # with equal values
    x.reshape(-1)[::37] = np.nan
    x.reshape(-1)[5::41] = -np.inf
    assert x.size >= LEAST
    found = adaptive_pooling._places(x, sizes)
    monkeypatch.setattr(adaptive_pooling, "kernels", lambda: None)
    np.testing.assert_array_equal(found, adaptive_pooling._places(x, sizes))


def test_threads_do_not_matter():
    x, before = _draw(900, 13, 13), fb.get_num_threads()
    try:
        fb.set_num_threads(1)
        once = adaptive_pooling._places(x, (6, 6))
        fb.set_num_threads(2)
        np.testing.assert_array_equal(adaptive_pooling._places(x, (6, 6)), once)
    finally:
        fb.set_num_threads(before)
