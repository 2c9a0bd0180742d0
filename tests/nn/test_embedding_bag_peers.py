"""Bags of embeddings beside PyTorch's."""

import itertools

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers

INDICES = np.array([1, 2, 4, 5, 4, 3, 2, 2, 0, 2])
BAGS = {
    "offsets": {"offsets": [0, 3, 3, 7]},
    "last offset": {"offsets": [0, 3, 3, 10], "include_last_offset": True},
    "matrix": {},
    "no bags": {"offsets": []},
}
OPTIONS = [{}, {"padding_idx": 2}, {"padding_idx": -1}, {"max_norm": 1.0, "norm_type": 1.0}]
CASES = [
    (bags, mode, options, weighted)
    for bags, mode, options, weighted in itertools.product(
        BAGS, ("sum", "mean", "max"), OPTIONS, (False, True)
    )
    if not weighted or mode == "sum"
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("bags", "mode", "options", "weighted"), CASES)
def test_values_gradients_and_initial_bits(bags, mode, options, weighted, dtype):
    given = dict(BAGS[bags])
    offsets = given.pop("offsets", None)
    found = []
    for L in (fb, torch):
        L.manual_seed(0)
        kind = getattr(L, dtype)
        layer = L.nn.EmbeddingBag(6, 3, mode=mode, dtype=kind, **options, **given)
        before = layer.weight.detach().clone()
        index = L.tensor(INDICES if offsets is not None else INDICES.reshape(5, 2))
        index = index[:0] if bags == "no bags" else index
        places = None if offsets is None else L.tensor(offsets, dtype=L.int64)
        factors = None
        if weighted:
            factors = L.tensor(np.linspace(-1, 2, 10), dtype=kind).reshape(10)[: index.numel()]
            factors = factors.reshape(index.shape).requires_grad_()
        out = layer(index, places, factors)
        weights = np.arange(1.0, out.numel() + 1).reshape(tuple(out.shape))
        (out * L.tensor(weights, dtype=kind)).sum().backward()
        found.append([before, out, layer.weight.grad, layer.weight])
        found[-1] += [factors.grad] if weighted else []
        found[-1].append(repr(layer))
    assert found[0].pop() == found[1].pop()
    tolerance = 1e-5 if dtype == "float32" else 1e-13
    for a, b in zip(*found, strict=True):
        a, b = a.detach().numpy(), b.detach().numpy()
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_twice_differentiated(mode):
    """PyTorch cannot; finite differences can."""
    weight = fb.randn(5, 3, dtype=fb.float64, requires_grad=True)
    index, offsets = fb.tensor([1, 2, 4, 4, 3]), fb.tensor([0, 2, 2])

    def function(weight):
        return fb.nn.functional.embedding_bag(index, weight, offsets, mode=mode) ** 2

    assert fb.autograd.gradcheck(function, (weight,))
    assert fb.autograd.gradgradcheck(function, (weight,))


def bag(L, index, offsets=None, table=(4, 2), **options):
    offsets = offsets if offsets is None else L.tensor(offsets)
    return L.nn.functional.embedding_bag(L.tensor(index), L.zeros(*table), offsets, **options)


ERRORS = {
    "first offset": lambda L: bag(L, [1, 2], [1]),
    "last offset": lambda L: bag(L, [1, 2], [0, 3]),
    "too large": lambda L: bag(L, [4], [0]),
    "negative": lambda L: bag(L, [-1], [0]),
    "negative, max": lambda L: bag(L, [-1], [0], mode="max"),
    "floats": lambda L: bag(L, [1.0], [0]),
    "offsets of floats": lambda L: bag(L, [1], [0.0]),
    "offsets missing": lambda L: bag(L, [1]),
    "offsets of a matrix": lambda L: bag(L, [[1]], [0]),
    "offsets of two dimensions": lambda L: bag(L, [1], [[0]]),
    "input of three dimensions": lambda L: bag(L, [[[1]]]),
    "input without dimensions": lambda L: bag(L, 1),
    "table": lambda L: bag(L, [[1]], table=(4,)),
    "mode": lambda L: bag(L, [[1]], mode="min"),
    "max by frequency": lambda L: bag(L, [[1]], mode="max", scale_grad_by_freq=True),
    "max, sparse": lambda L: bag(L, [[1]], mode="max", sparse=True),
    "weighted mean": lambda L: bag(L, [[1]], per_sample_weights=L.ones(1, 1)),
    "weights of another shape": lambda L: bag(L, [[1]], mode="sum", per_sample_weights=L.ones(1)),
    "weights of another type": lambda L: bag(
        L, [[1]], mode="sum", per_sample_weights=L.ones(1, 1).double()
    ),
    "empty bags": lambda L: L.nn.functional.embedding_bag(
        L.zeros(2, 0, dtype=L.int64), L.zeros(3, 2)
    ),
    "padding_idx": lambda L: L.nn.EmbeddingBag(3, 2, padding_idx=3),
    "padding_idx of the function": lambda L: bag(L, [[1]], padding_idx=9),
    "weight": lambda L: L.nn.EmbeddingBag(3, 2, _weight=L.zeros(2, 2)),
    "pretrained": lambda L: L.nn.EmbeddingBag.from_pretrained(L.zeros(2)),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    raised = []
    for library in (fb, torch):
        with pytest.raises(Exception) as error:
            ERRORS[name](library)
        raised.append(error.type)
    assert issubclass(raised[0], raised[1])
