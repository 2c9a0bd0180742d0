"""Layers on large arrays, natively: rectifiers by channel, gates, regions' largest values."""

import numpy as np
import pytest

import flambeau as fb
from flambeau.core.native import LEAST
from flambeau.ops import adaptive_pooling, slopes
from flambeau.ops import normalisation_kernels as norms
from flambeau.ops.convolution_kernels import correlate, kernel_gradient, scatter
from flambeau.ops.native_copies import put
from flambeau.ops.native_recurrence import dot

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


def _unaligned(x):
    """The same in memory where no element begins at a multiple of its size."""
    memory = np.empty(x.nbytes + 1, np.uint8)[1:]
    found = memory.view(x.dtype).reshape(x.shape)
    found[...] = x
    assert not found.flags.aligned
    return found


def test_memory_that_is_not_aligned():
    x, w = _draw(4, 16, 30, 30), _draw(16, 16, 3, 3)
    how = ((28, 28), (1, 1), (0, 0), (1, 1), 1)
    given = _unaligned(x), _unaligned(w)
    np.testing.assert_array_equal(correlate(*given, *how), correlate(x, w, *how))
    g = _draw(4, 16, 28, 28)
    given = _unaligned(g), _unaligned(w)
    how = ((30, 30), *how[1:])
    np.testing.assert_array_equal(scatter(*given, *how), scatter(g, w, *how))
    given = _unaligned(x), _unaligned(g)
    how = ((3, 3), *how[1:])
    np.testing.assert_array_equal(kernel_gradient(*given, *how), kernel_gradient(x, g, *how))
    rows, weight = _draw(300, 200), _draw(200)
    np.testing.assert_array_equal(
        norms.normalised_rows(_unaligned(rows), _unaligned(weight), None, 1e-5, True),
        norms.normalised_rows(rows, weight, None, 1e-5, True),
    )
    a, b = _draw(100, 200), _draw(200, 300)
    np.testing.assert_array_equal(dot(_unaligned(a), _unaligned(b)), dot(a, b))
    np.testing.assert_array_equal(dot(_unaligned(a).T, b[:100]), dot(a.T, b[:100]))
    planes = _draw(900, 13, 13)
    found = adaptive_pooling._places(_unaligned(planes), (6, 6))
    np.testing.assert_array_equal(found, adaptive_pooling._places(planes, (6, 6)))
    image, target = _draw(400, 10, 11), np.zeros((400, 10, 13), np.float32)
    put(target, _unaligned(image), (slice(0, 400), slice(0, 10), slice(1, 12)))
    np.testing.assert_array_equal(target[..., 1:12], image)
