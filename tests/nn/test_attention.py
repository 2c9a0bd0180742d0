"""Attention against its formula written out, compiled against eager, and errors."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import flambeau as fb
from flambeau.nn.functional import scaled_dot_product_attention


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def test_the_formula():
    fb.manual_seed(0)
    q, k, v = (fb.randn(2, 3, 4, 5, dtype=fb.float64) for _ in range(3))
    scores = q.numpy() @ k.numpy().swapaxes(-1, -2) / np.sqrt(5)
    found = scaled_dot_product_attention(q, k, v).numpy()
    np.testing.assert_allclose(found, softmax(scores) @ v.numpy(), rtol=1e-13)
    earlier = np.tri(4, dtype=bool)
    expected = softmax(np.where(earlier, scores, -np.inf)) @ v.numpy()
    for options in ({"is_causal": True}, {"attn_mask": fb.tensor(earlier)}):
        found = scaled_dot_product_attention(q, k, v, **options).numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_nothing_to_attend_to_gives_zero_and_no_gradient():
    q, k, v = (fb.randn(3, 2, dtype=fb.float64, requires_grad=True) for _ in range(3))
    mask = fb.tensor([[True, False, True], [False, False, False], [True, True, True]])
    out = scaled_dot_product_attention(q, k, v, mask)
    out.sum().backward()
    np.testing.assert_array_equal(out[1].detach(), [0.0, 0.0])
    np.testing.assert_array_equal(q.grad[1], [0.0, 0.0])
    assert q.grad[0].abs().sum() > 0


def test_heads_are_attentions_to_parts_of_the_vectors():
    fb.manual_seed(1)
    layer = fb.nn.MultiheadAttention(6, 2, batch_first=True).double()
    x = fb.randn(2, 5, 6, dtype=fb.float64)
    found, weights = layer(x, x, x, average_attn_weights=False)
    with fb.no_grad():
        q, k, v = (x @ w.T for w in layer.in_proj_weight.chunk(3))
        heads = []
        for part in (slice(0, 3), slice(3, 6)):
            scores = (q[..., part] @ k[..., part].mT).numpy() / np.sqrt(3)
            heads.append(softmax(scores) @ v[..., part].numpy())
            head = part.start // 3
            np.testing.assert_allclose(weights[:, head].detach(), softmax(scores), rtol=1e-12)
        expected = fb.tensor(np.concatenate(heads, -1)) @ layer.out_proj.weight.T
    np.testing.assert_allclose(found.detach(), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_compiled_equals_eager(need_weights, dropout):
    fb.manual_seed(3)
    layers = [fb.nn.MultiheadAttention(4, 2, dropout=dropout, batch_first=True).double()]
    layers.append(copy.deepcopy(layers[0]))
    x = fb.randn(2, 5, 4, dtype=fb.float64)
    mask = fb.ones(5, 5).triu(1).bool()
    mask[3] = mask[3].logical_not() if need_weights else True  # a row that sees nothing

    def training(layer):
        optimizer = fb.optim.SGD(layer.parameters(), lr=0.1)

        def step(x):
            output, _ = layer(x, x, x, attn_mask=mask, need_weights=need_weights)
            loss = (output - x).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        return step

    losses = []
    for run in (training(layers[0]), fb.compile(training(layers[1]))):
        fb.manual_seed(4)
        losses.append([run(x).item() for _ in range(3)])
    assert np.isfinite(losses).all()
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-12)


def zeros(*shapes):
    return [fb.zeros(*shape) for shape in shapes]


ERRORS = {
    """scaled_dot_product_attention: sizes do not fit
  expected: query (..., l, e), key (..., s, e) and value (..., s, f)
  got:      query (2, 3), key (2, 4), value (2, 4)""": lambda: scaled_dot_product_attention(
        *zeros((2, 3), (2, 4), (2, 4))
    ),
    """scaled_dot_product_attention: a mask beside is_causal
  expected: attn_mask or is_causal=True
  got:      both""": lambda: scaled_dot_product_attention(
        *zeros((2, 3), (2, 3), (2, 3)), attn_mask=fb.ones(2, 2), is_causal=True
    ),
    """scaled_dot_product_attention: type of the mask does not fit
  expected: torch.bool or torch.float32
  got:      torch.int64""": lambda: scaled_dot_product_attention(
        *zeros((2, 3), (2, 3), (2, 3)), attn_mask=fb.ones(2, 2).long()
    ),
    """scaled_dot_product_attention: numbers of heads do not fit
  expected: a number of heads in key and value that divides the query's
  got:      query (3, 2, 4) and (2, 2, 4)""": lambda: scaled_dot_product_attention(
        *zeros((3, 2, 4), (2, 2, 4), (2, 2, 4)), enable_gqa=True
    ),
    """MultiheadAttention: heads do not divide the size
  expected: a multiple of num_heads as embed_dim
  got:      embed_dim=5 and num_heads=2""": lambda: fb.nn.MultiheadAttention(5, 2),
    """multi_head_attention_forward: dimensions do not fit
  expected: query, key, value (length, batch, size) with key_padding_mask (batch, length), or """
    """all without batch; attn_mask (l, s) or (heads, l, s)
  got:      query (2, 4), key (2, 1, 4), value (2, 1, 4)""": lambda: fb.nn.MultiheadAttention(4, 2)(
        *zeros((2, 4), (2, 1, 4), (2, 1, 4))
    ),
    """multi_head_attention_forward: shape of attn_mask does not fit
  expected: (2, 2)
  got:      (3, 3)""": lambda: fb.nn.MultiheadAttention(4, 2)(
        *zeros((2, 1, 4), (2, 1, 4), (2, 1, 4)), attn_mask=fb.zeros(3, 3)
    ),
}


@pytest.mark.parametrize("text", ERRORS)
def test_errors(text):
    with pytest.raises((RuntimeError, AssertionError)) as error:
        ERRORS[text]()
    assert str(error.value) == text
