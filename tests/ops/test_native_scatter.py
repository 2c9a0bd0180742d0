"""Rows added to a table natively have the bits that NumPy gives them, whatever the threads."""

import numpy as np
import pytest

import flambeau as fb
from flambeau.ops import embedding


def _draw(rows, count, width, dtype):
    draw = np.random.default_rng([rows, count, width])
    return draw.standard_normal((rows, width)).astype(dtype), draw.integers(0, count, rows)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sizes", [(4000, 300, 128), (900, 5, 77), (70000, 900, 1), (50, 3, 2001)])
def test_sums_of_rows(sizes, dtype, monkeypatch):
    rows, places = _draw(*sizes, dtype)
    before = fb.get_num_threads()
    try:
        fb.set_num_threads(1)
        once = embedding.sum_rows(rows, places, sizes[1])
        fb.set_num_threads(2)
        twice = embedding.sum_rows(np.asfortranarray(rows), places, sizes[1])
    finally:
        fb.set_num_threads(before)
    monkeypatch.setattr(embedding, "kernels_for", lambda size: None)
    wanted = embedding.sum_rows(rows, places, sizes[1])
    assert once.tobytes() == twice.tobytes() == wanted.tobytes()


@pytest.mark.parametrize("place", [300, 2**40, -301])
def test_places_outside_the_table_are_refused(place):
    rows, places = _draw(4000, 300, 128, np.float32)
    places[1234] = place
    with pytest.raises(IndexError):
        embedding.sum_rows(rows, places, 300)
