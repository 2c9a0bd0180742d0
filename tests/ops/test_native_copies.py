"""Copies into the middle of larger arrays, and borders around large images."""

import numpy as np
import pytest

import flambeau as fb
from flambeau.ops import native_copies

F = fb.nn.functional
# NumPy's names of the borders, and their names here.
BORDERS = {"reflect": "reflect", "edge": "replicate", "wrap": "circular"}


def _draw(*shape, dtype=np.float32):
    return np.random.default_rng([*shape]).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize("shape", [(70000,), (300, 130), (40, 31, 33), (3, 5, 7, 11, 41), (0, 4)])
def test_put(shape, dtype):
    x = (_draw(*shape) * 100).astype(dtype)
    found = np.zeros([n + 1 + 2 * d for d, n in enumerate(shape)], dtype)
    wanted = found.copy()
    where = tuple(slice(d, d + n) for d, n in enumerate(shape))
    native_copies.put(found, x, where)
    wanted[where] = x
    np.testing.assert_array_equal(found, wanted)


def test_put_where_there_is_no_native_code(monkeypatch):
    monkeypatch.setattr(native_copies, "kernels_for", lambda size: None)
    x, found = _draw(300, 130), np.zeros((301, 132), np.float32)
    native_copies.put(found, x, (slice(1, 301), slice(1, 131)))
    np.testing.assert_array_equal(found[1:, 1:131], x)
    assert not found[0].any()
    assert not found[:, 131].any()


@pytest.mark.parametrize("theirs", BORDERS)
@pytest.mark.parametrize(
    ("shape", "pad"),
    [
        ((9, 7, 701), (3, 2)),
        ((20, 6, 23, 21), (1, 1, 2, 0)),
        ((20, 6, 23, 21), (0, 5, 4, 3)),
        ((3, 4, 17, 15, 19), (2, 1, 0, 0, 3, 2)),
    ],
)
def test_borders_of_large_images(theirs, shape, pad):
    x = _draw(*shape)
    sides = [(0, 0)] * (x.ndim - len(pad) // 2) + [
        (pad[k], pad[k + 1]) for k in range(len(pad) - 2, -1, -2)
    ]
    found = F.pad(fb.from_numpy(x), pad, mode=BORDERS[theirs]).numpy()
    np.testing.assert_array_equal(found, np.pad(x, sides, mode=theirs))
