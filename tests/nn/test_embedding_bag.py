"""Bags of embeddings against sums written out."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb
from flambeau.nn.functional import embedding_bag

INDEX = [1, 4, 4, 0, 2, 4]
OFFSETS = [0, 3, 3]
BAGS = [[1, 4, 4], [], [0, 2, 4]]


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_each_bag(mode):
    table = fb.randn(5, 2, dtype=fb.float64)
    found = embedding_bag(fb.tensor(INDEX), table, fb.tensor(OFFSETS), mode=mode).numpy()
    for row, bag in zip(found, BAGS, strict=True):
        expected = getattr(np, mode)(table.numpy()[bag], 0) if bag else np.zeros(2)
        np.testing.assert_allclose(row, expected, rtol=1e-14)


def test_gradients_divided_by_frequency():
    table = fb.ones(5, 2, requires_grad=True)
    options = {"mode": "sum", "scale_grad_by_freq": True, "padding_idx": 2}
    out = embedding_bag(fb.tensor(INDEX), table, fb.tensor(OFFSETS), **options)
    (out * fb.tensor([[1.0], [2.0], [4.0]])).sum().backward()
    np.testing.assert_allclose(table.grad[:, 0], [4, 1, 0, 0, (1 + 1 + 4) / 3], rtol=1e-6)


def test_compiled_equals_eager():
    fb.manual_seed(0)
    layer = fb.nn.EmbeddingBag(6, 3, padding_idx=1)
    index = fb.randint(0, 6, (4, 5))
    eager = layer(index)
    np.testing.assert_array_equal(fb.compile(layer)(index).detach(), eager.detach())


ERRORS = {
    """embedding_bag: offsets are not places in the input
  expected: increasing numbers from 0 to at most 6, the input's length
  got:      [0 7]""": lambda table: embedding_bag(fb.tensor(INDEX), table, fb.tensor([0, 7])),
    """embedding_bag: an index is out of range
  expected: indices from 0 to 4
  got:      5""": lambda table: embedding_bag(fb.tensor([[5]]), table),
    """embedding_bag: per_sample_weights of another mode
  expected: mode='sum'
  got:      mode='mean'""": lambda table: embedding_bag(
        fb.tensor([[1]]), table, per_sample_weights=fb.ones(1, 1)
    ),
    """embedding_bag: offsets are missing
  expected: offsets of shape (bags,)
  got:      None""": lambda table: embedding_bag(fb.tensor(INDEX), table),
}


@pytest.mark.parametrize("text", ERRORS)
def test_errors(text):
    with pytest.raises((RuntimeError, ValueError)) as error:
        ERRORS[text](fb.zeros(5, 2))
    assert str(error.value) == text
