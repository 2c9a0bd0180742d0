"""Gradients of sequence layers inside other transformations: what layers keep does not count."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb
from flambeau.nn.functional import embedding_bag, scaled_dot_product_attention
from flambeau.nn.utils.rnn import pack_padded_sequence


def layer(name):
    fb.manual_seed(0)
    module = getattr(fb.nn, name)(2, 3, bidirectional=True).double().requires_grad_(False)
    return lambda x: module(x)[0].square().sum()


def trained(name):
    fb.manual_seed(0)
    module = getattr(fb.nn, name)(2, 3).double()
    return lambda x: module(x)[0].square().sum()


INDEX = fb.tensor([[0, 1], [2, 1]])
FUNCTIONS = {
    **{name: (layer(name), (3, 2, 2)) for name in ("RNN", "LSTM", "GRU")},
    "LSTM in training": (trained("LSTM"), (3, 2, 2)),
    "attention": (
        lambda x: scaled_dot_product_attention(x, x, x, is_causal=True).pow(2).sum(),
        (3, 4),
    ),
    "bags": (lambda x: embedding_bag(INDEX, x).pow(3).sum(), (4, 2)),
    "largest of bags": (lambda x: embedding_bag(INDEX, x, mode="max").pow(3).sum(), (4, 2)),
    "packed": (lambda x: pack_padded_sequence(x, [3, 1]).data.pow(3).sum(), (3, 2, 2)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_second_derivatives_in_both_modes(name):
    function, shape = FUNCTIONS[name]
    x, direction = (fb.randn(shape, dtype=fb.float64) for _ in range(2))
    gradient = fb.func.grad(function)
    step = 1e-6 * direction
    expected = (gradient(x + step) - gradient(x - step)) / 2e-6
    assert expected.abs().max() > 1e-3
    _, forward = fb.func.jvp(gradient, (x,), (direction,))
    np.testing.assert_allclose(forward.detach(), expected.detach(), rtol=1e-5, atol=1e-7)
    (backward,) = fb.func.vjp(gradient, x)[1](direction)
    np.testing.assert_allclose(backward.detach(), expected.detach(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_of_a_batch(name):
    function, shape = FUNCTIONS[name]
    x = fb.randn(3, *shape, dtype=fb.float64)
    gradient = fb.func.grad(function)
    expected = fb.stack([gradient(each) for each in x])
    found = fb.func.vmap(gradient)(x)
    np.testing.assert_allclose(found.detach(), expected.detach(), rtol=1e-11, atol=1e-13)
