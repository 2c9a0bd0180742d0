"""Normalisation of large arrays by native code agrees with the formulas, whatever the threads."""

import numpy as np
import pytest

import flambeau as fb
from flambeau.core.native import LEAST
from flambeau.ops import normalisation_kernels as norms

pytest.importorskip("llvmlite")

SHAPES = [(700, 47), (40, 900), (3, 20000), (1, 70001)]
CHANNELS = [(3, 8, 1400), (9, 12, 310), (60, 30, 19)]


def _draw(*shape, dtype=np.float64, level=0.0):
    values = np.random.default_rng([*shape, int(level)]).standard_normal(shape) * 2 + level
    return values.astype(dtype)


def _rows_expected(g, x, weight, bias, eps, centre):
    mean = x.mean(1, keepdims=True) if centre else 0.0
    factor = 1 / np.sqrt(((x - mean) ** 2).mean(1, keepdims=True) + eps)
    unit = (x - mean) * factor
    along = g * weight
    dx = along - unit * (along * unit).mean(1, keepdims=True)
    dx = (dx - along.mean(1, keepdims=True) if centre else dx) * factor
    return unit * weight + bias, dx, (g * unit).sum(0), g.sum(0)


def _close(found, wanted, tolerance):
    for one, other in zip(found, wanted, strict=True):
        scale = np.abs(other).max()
        np.testing.assert_allclose(one / scale, other / scale, rtol=0, atol=tolerance)


@pytest.mark.parametrize("centre", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_rows(shape, centre):
    g, x = _draw(*shape), _draw(*shape[::-1], level=3.0).reshape(shape)
    weight, bias = _draw(shape[1], level=1.0), _draw(shape[1])
    assert x.size >= LEAST
    given = weight, 0.1, centre
    out = norms.normalised_rows(x, weight, bias, 0.1, centre)
    gradients = norms.normalised_rows_gradient(g, x, *given, (True, True, True))
    _close((out, *gradients), _rows_expected(g, x, weight, bias, 0.1, centre), 1e-12)


def test_rows_without_parameters():
    x, g = _draw(300, 200), _draw(300, 200, level=1.0)
    out = norms.normalised_rows(x, None, None, 1e-5, True)
    dx, *_ = norms.normalised_rows_gradient(g, x, None, 1e-5, True, (True, False, False))
    _close((out, dx), _rows_expected(g, x, 1.0, 0.0, 1e-5, True)[:2], 1e-12)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("shape", CHANNELS)
def test_groups(shape, groups, monkeypatch):
    x, g = _draw(*shape, level=1.0), _draw(*shape)
    weight, bias = _draw(shape[1], level=1.0), _draw(shape[1])
    found = norms.normalised_groups(x, groups, weight, bias, 1e-5)
    gradients = norms.normalised_groups_gradient(g, x, groups, weight, 1e-5)
    monkeypatch.setattr(norms, "kernels", lambda: None)
    wanted = norms.normalised_groups(x, groups, weight, bias, 1e-5)
    _close((found,), (wanted,), 1e-12)
    wanted = norms.normalised_groups_gradient(g, x, groups, weight, 1e-5)
    _close(gradients, wanted, 1e-11)


@pytest.mark.parametrize("shape", CHANNELS)
def test_channels(shape):
    x, g = _draw(*shape, level=100.0), _draw(*shape)
    level, a, b, c = (_draw(shape[1], level=k) for k in range(4))
    wide = (slice(None), slice(None), None)
    moments = norms.channel_moments(x)
    _close(moments, (x.mean((0, 2)), x.var((0, 2))), 1e-12)
    centred = x - level[wide[1:]]
    sums = norms.channel_sums_about(g, x, level)
    _close(sums, (g.sum((0, 2)), (g * centred).sum((0, 2))), 1e-11)
    _close(
        (norms.scaled_channels(x, a, b), norms.combined_channels(g, x, level, a, b, c)),
        (x * a[wide[1:]] + b[wide[1:]], a[wide[1:]] * g + b[wide[1:]] * centred + c[wide[1:]]),
        1e-12,
    )


def test_long_rows_stay_precise():
    x = _draw(1, 2**20, dtype=np.float32, level=10.0)
    out = norms.normalised_rows(x, None, None, 0.0, True)
    wide = x.astype(np.float64)
    np.testing.assert_allclose(out, (wide - wide.mean()) / wide.std(), rtol=0, atol=1e-6)


def test_threads_do_not_matter():
    before = fb.get_num_threads()

    def run():
        x = _draw(900, 100, dtype=np.float32)
        g = _draw(100, 900, dtype=np.float32).reshape(x.shape)
        weight = _draw(100, dtype=np.float32)
        found = [norms.normalised_rows(x, weight, weight, 1e-5, True)]
        found += norms.normalised_rows_gradient(g, x, weight, 1e-5, True, (True,) * 3)
        found += norms.normalised_groups_gradient(
            g.reshape(9, 100, 100), x.reshape(9, 100, 100), 4, weight, 1e-5
        )
        return [a.tobytes() for a in found]

    try:
        fb.set_num_threads(1)
        once = run()
        fb.set_num_threads(2)
        assert run() == once
    finally:
        fb.set_num_threads(before)


def test_nothing_and_not_a_number():
    x = _draw(200, 300, dtype=np.float32)
    x[3, 5], x[4, 299] = np.nan, np.inf
    out = norms.normalised_rows(x, None, None, 1e-5, True)
    bad = np.isnan(out).any(1)
    assert bad.sum() == 2
    assert bad[3]
    assert bad[4]
    assert norms.normalised_rows(x[:0], None, None, 1e-5, True).shape == (0, 300)
