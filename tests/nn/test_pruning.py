"""Pruning: gradients, compiled against eager, errors; modules that compile themselves."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import flambeau as fb
from flambeau.nn.utils import prune


def test_pruned_elements_are_not_trained():
    fb.manual_seed(0)
    layer = prune.l1_unstructured(fb.nn.Linear(4, 3), "weight", 0.5)
    kept = layer.weight_mask.bool()
    before = layer.weight_orig.detach().clone()
    optimizer = fb.optim.SGD(layer.parameters(), lr=0.1)

    @fb.compile
    def step(x):
        loss = (layer(x) - 1).square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    losses = [step(fb.ones(2, 4)).item() for _ in range(3)]
    assert losses[2] < losses[0]
    changed = layer.weight_orig.detach() != before
    assert fb.equal(changed, kept)
    assert fb.equal(layer.weight.detach() == 0, ~kept) or bool((layer.weight[kept] == 0).any())


def test_a_module_compiles_itself_and_is_copied_without_it():
    fb.manual_seed(1)
    model = fb.nn.Sequential(fb.nn.Linear(3, 4), fb.nn.Tanh())
    x = fb.randn(2, 3)
    eager = model(x).detach()
    model.compile()
    assert "compiled" in repr(model.forward)
    np.testing.assert_allclose(model(x).detach(), eager, rtol=1e-6)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert "compiled" not in repr(other.forward)
        np.testing.assert_array_equal(other(x).detach(), eager)


def test_adaptive_softmax_compiled_equals_eager():
    fb.manual_seed(2)
    models = [fb.nn.AdaptiveLogSoftmaxWithLoss(16, 12, [3, 7]).double()]
    models.append(copy.deepcopy(models[0]))
    x, target = fb.randn(9, 16, dtype=fb.float64), fb.randint(0, 12, (9,))
    losses = []
    for model, wrap in zip(models, (lambda f: f, fb.compile)):
        loss = wrap(lambda x, target: model(x, target).loss)(x, target)  # noqa: B023
        loss.backward()
        losses.append([loss.item(), *(p.grad.norm().item() for p in model.parameters())])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-12)
    probabilities = models[0].log_prob(x).exp().sum(1)
    np.testing.assert_allclose(probabilities.detach(), np.ones(9), rtol=1e-12)


ERRORS = {
    """prune: amount is out of range
  expected: an integer that is not negative, or a part from 0.0 to 1.0
  got:      1.5""": lambda layer: prune.l1_unstructured(layer, "weight", 1.5),
    """prune: there are not so many
  expected: an amount of at most 12
  got:      13""": lambda layer: prune.l1_unstructured(layer, "weight", 13),
    """prune: 'weight' is not pruned
  expected: a pruned parameter
  got:      'weight'""": lambda layer: prune.remove(layer, "weight"),
    """prune: no channels
  expected: a tensor of two dimensions or more
  got:      shape (3,)""": lambda layer: prune.ln_structured(layer, "bias", 1, 2, 0),
}


@pytest.mark.parametrize("text", ERRORS)
def test_errors(text):
    layer = fb.nn.Linear(4, 3)
    with pytest.raises(ValueError) as error:
        ERRORS[text](layer)
    assert str(error.value) == text
    assert list(layer.state_dict()) == ["weight", "bias"]
    assert not layer._forward_pre_hooks
