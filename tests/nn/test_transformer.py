"""Transformers: what masks mean, compiled against eager, errors."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import flambeau as fb


def test_a_causal_mask_hides_what_comes_later():
    fb.manual_seed(0)
    layer = fb.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0)
    mask = fb.nn.Transformer.generate_square_subsequent_mask(5)
    x = fb.randn(2, 5, 8)
    other = x.clone()
    other[:, 3:] = fb.randn(2, 2, 8)
    for options in ({"src_mask": mask}, {"src_mask": mask, "is_causal": True}):
        first, second = layer(x, **options), layer(other, **options)
        np.testing.assert_array_equal(first[:, :3].detach(), second[:, :3].detach())
        assert not np.array_equal(first[:, 3:].detach(), second[:, 3:].detach())


def test_padding_does_not_count():
    fb.manual_seed(1)
    model = fb.nn.Transformer(8, 2, 1, 1, 16, batch_first=True, dropout=0.0)
    src, tgt = fb.randn(1, 4, 8), fb.randn(1, 3, 8)
    longer = fb.cat([src, fb.randn(1, 2, 8)], 1)
    padding = fb.tensor([[False] * 4 + [True] * 2])
    found = model(
        longer, tgt, src_key_padding_mask=padding, memory_key_padding_mask=padding
    ).detach()
    np.testing.assert_allclose(found, model(src, tgt).detach(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("norm_first", [True, False])
def test_compiled_equals_eager(norm_first):
    fb.manual_seed(2)
    layer = fb.nn.TransformerEncoderLayer(
        4, 2, 8, dropout=0.2, activation="gelu", norm_first=norm_first, batch_first=True
    )
    models = [fb.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False).double()]
    models.append(copy.deepcopy(models[0]))
    x = fb.randn(2, 5, 4, dtype=fb.float64)
    mask = fb.ones(5, 5).triu(1).bool()

    def training(model):
        optimizer = fb.optim.Adam(model.parameters(), lr=1e-2)

        def step(x):
            loss = (model(x, mask=mask) - x.flip(1)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        return step

    losses = []
    for run in (training(models[0]), fb.compile(training(models[1]))):
        fb.manual_seed(4)
        losses.append([run(x).item() for _ in range(4)])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-10)


def test_forward_mode_and_vmap():
    """Attention's result is laid out like its query; its tangent need not be."""
    fb.manual_seed(3)
    layer = fb.nn.TransformerEncoderLayer(6, 2, 8, dropout=0.0).double()
    x, direction = (fb.randn(3, 4, 6, dtype=fb.float64) for _ in range(2))
    _, tangent = fb.func.jvp(layer, (x,), (direction,))
    with fb.no_grad():
        difference = (layer(x + 1e-6 * direction) - layer(x - 1e-6 * direction)) / 2e-6
    np.testing.assert_allclose(tangent.detach(), difference, rtol=1e-6, atol=1e-8)
    each = fb.stack([layer(one) for one in x])
    np.testing.assert_allclose(fb.func.vmap(layer)(x).detach(), each.detach(), rtol=1e-12)


def test_the_error_says_which_sizes():
    model = fb.nn.Transformer(8, 2, 1, 1, 16)
    with pytest.raises(RuntimeError) as error:
        model(fb.zeros(2, 1, 8), fb.zeros(2, 2, 8))
    assert (
        str(error.value)
        == """Transformer: sizes do not fit
  expected: src and tgt of one batch size, and of size d_model=8
  got:      src (2, 1, 8) and tgt (2, 2, 8)"""
    )
