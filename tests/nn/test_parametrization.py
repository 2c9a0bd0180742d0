"""Parametrized weights: what they promise, compiled against eager, errors."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import flambeau as fb
from flambeau.nn.utils import parametrizations, parametrize
from flambeau.ops.weight_normalisation import norm_except_dim, normalised_weight


class Symmetric(fb.nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).mT


MODELS = {
    "symmetric": lambda: parametrize.register_parametrization(
        fb.nn.Linear(3, 3), "weight", Symmetric()
    ),
    "weight norm": lambda: parametrizations.weight_norm(fb.nn.Linear(3, 3)),
    "spectral norm": lambda: parametrizations.spectral_norm(fb.nn.Linear(3, 3)),
    "spectral norm by hook": lambda: fb.nn.utils.spectral_norm(fb.nn.Linear(3, 3)),
    "orthogonal": lambda: parametrizations.orthogonal(fb.nn.Linear(3, 3)),
}


@pytest.mark.parametrize("name", MODELS)
def test_compiled_equals_eager(name):
    fb.manual_seed(0)
    models = [MODELS[name]().double() for _ in range(2)]
    models[1].load_state_dict(copy.deepcopy(models[0].state_dict()))
    x = fb.randn(4, 3, dtype=fb.float64)

    def training(model):
        optimizer = fb.optim.SGD(model.parameters(), lr=0.1)

        def step(x):
            loss = (model(x) - 1).square().sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        return step

    losses = [
        [run(x).item() for _ in range(4)]
        for run in (training(models[0]), fb.compile(training(models[1])))
    ]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-10)
    assert losses[0][3] < losses[0][0]


@pytest.mark.parametrize("dim", [0, 1, 2, -1])
def test_length_and_direction(dim):
    v = fb.randn(2, 3, 4, dtype=fb.float64, requires_grad=True)
    g = fb.rand(norm_except_dim(v, 2, dim).shape, dtype=fb.float64, requires_grad=True)
    weight = normalised_weight(v, g, dim)
    others = tuple(d for d in range(3) if d != dim) if dim >= 0 else (0, 1, 2)
    lengths = np.sqrt((weight.detach().numpy() ** 2).sum(others))
    np.testing.assert_allclose(lengths, g.detach().numpy().reshape(lengths.shape), rtol=1e-13)
    assert fb.autograd.gradcheck(lambda v, g: normalised_weight(v, g, dim), (v, g))


def test_the_spectral_norm_becomes_one():
    fb.manual_seed(1)
    layer = parametrizations.spectral_norm(fb.nn.Conv2d(3, 5, 2))
    for _ in range(50):
        weight = layer.weight
    largest = np.linalg.svd(weight.detach().numpy().reshape(5, -1), compute_uv=False)[0]
    np.testing.assert_allclose(largest, 1, rtol=1e-5)
    layer.eval()
    assert fb.equal(layer.weight, layer.weight)


ERRORS = {
    """parametrization: it changes the shape; unsafe=True allows it
  expected: (3, 3)
  got:      (9,)""": lambda layer: parametrize.register_parametrization(
        layer, "weight", fb.nn.Flatten(0)
    ),
    """parametrization: Linear has no tensor 'other'
  expected: the name of a parameter, a buffer or a parametrized tensor
  got:      'other'""": lambda layer: parametrize.register_parametrization(
        layer, "other", Symmetric()
    ),
    """parametrization: Symmetric has no right_inverse
  expected: a method right_inverse(self, value)
  got:      none""": lambda layer: setattr(
        parametrize.register_parametrization(layer, "weight", Symmetric()), "weight", fb.eye(3)
    ),
    """spectral_norm: dim is out of range
  expected: a number from -2 to 1
  got:      2""": lambda layer: parametrizations.spectral_norm(layer, dim=2),
    """orthogonal: unknown map
  expected: matrix_exp, cayley, householder
  got:      'qr'""": lambda layer: parametrizations.orthogonal(layer, orthogonal_map="qr"),
}


@pytest.mark.parametrize("text", ERRORS)
def test_errors(text):
    with pytest.raises((ValueError, RuntimeError, IndexError)) as error:
        ERRORS[text](fb.nn.Linear(3, 3))
    assert str(error.value) == text
