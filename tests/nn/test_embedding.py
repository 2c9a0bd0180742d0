"""The embedding layer and its operations against their formulas."""

import numpy as np
import pytest

import flambeau as fb

INDEX = np.array([[0, 2, 2], [1, 2, 0]])


def gradient(index, count, dim, padding=None, by_frequency=False):
    """What each row gets when the output's gradient is 1, 2, 3, ..."""
    g = np.arange(1.0, index.size * dim + 1).reshape(-1, dim)
    result = np.zeros((count, dim))
    for place, row in zip(index.reshape(-1), g, strict=True):
        if place != padding:
            result[place] += row / ((index == place).sum() if by_frequency else 1)
    return result


@pytest.mark.parametrize("padding", [None, 0, 2])
@pytest.mark.parametrize("by_frequency", [True, False])
def test_gradient(padding, by_frequency):
    layer = fb.nn.Embedding(
        4, 3, padding_idx=padding, scale_grad_by_freq=by_frequency, dtype=fb.float64
    )
    y = layer(fb.tensor(INDEX))
    assert y.grad_fn.name() == "EmbeddingBackward0"
    np.testing.assert_array_equal(y.detach().numpy(), layer.weight.detach().numpy()[INDEX])
    y.backward(fb.arange(1.0, y.numel() + 1, dtype=fb.float64).reshape(y.shape))
    expected = gradient(INDEX, 4, 3, padding, by_frequency)
    np.testing.assert_allclose(layer.weight.grad.numpy(), expected, rtol=1e-14)


def test_second_derivatives():
    w = fb.randn(4, 3, dtype=fb.float64, requires_grad=True)
    index = fb.tensor(INDEX)

    def look_up(w):
        return fb.nn.functional.embedding(index, w) ** 3

    assert fb.autograd.gradcheck(look_up, (w,))
    assert fb.autograd.gradgradcheck(look_up, (w,))


def test_infinite_gradients_do_not_reach_the_padding_row():
    w = fb.ones(2, 1, requires_grad=True)
    y = fb.nn.functional.embedding(fb.tensor([0, 1]), w, padding_idx=0)
    y.backward(fb.full((2, 1), float("inf")))
    assert w.grad.tolist() == [[0.0], [float("inf")]]


def test_padding_row_starts_at_zero_and_stays():
    layer = fb.nn.Embedding(3, 2, padding_idx=-1)
    assert layer.padding_idx == 2
    assert layer.weight[2].tolist() == [0.0, 0.0]
    assert (layer.weight[:2] != 0).all()


def test_long_rows_are_shortened_in_the_table():
    layer = fb.nn.Embedding.from_pretrained(
        fb.tensor([[3.0, 4.0], [0.3, 0.4], [30.0, 40.0]]), freeze=False, max_norm=1.0
    )
    y = layer(fb.tensor([0, 1]))
    np.testing.assert_allclose(y.detach().numpy(), [[0.6, 0.8], [0.3, 0.4]], rtol=1e-6)
    np.testing.assert_allclose(
        layer.weight.detach().numpy(), [[0.6, 0.8], [0.3, 0.4], [30, 40]], rtol=1e-6
    )
    y.sum().backward()
    assert layer.weight.grad.tolist() == [[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]]


def test_from_pretrained_shares_the_table():
    table = fb.ones(3, 2)
    layer = fb.nn.Embedding.from_pretrained(table)
    assert not layer.weight.requires_grad
    table[1] = 5
    assert layer(fb.tensor(1)).tolist() == [5.0, 5.0]
    assert fb.nn.Embedding.from_pretrained(table, freeze=False).weight.requires_grad


def test_half_precision_is_added_up_in_single():
    w = fb.zeros(1, 1, dtype=fb.float16, requires_grad=True)
    index = fb.zeros(4096, dtype=fb.int64)
    fb.nn.functional.embedding(index, w).sum().backward()
    assert w.grad.item() == 4096.0


ERRORS = {
    "too large": (
        lambda: fb.nn.Embedding(3, 2)(fb.tensor([0, 3])),
        IndexError,
        (
            "embedding: index 3 is out of bounds for dimension 0 with size 3\n"
            "  expected: entries from 0 to 2\n  got:      3"
        ),
    ),
    "negative": (
        lambda: fb.nn.Embedding(3, 2)(fb.tensor([0, -1])),
        IndexError,
        (
            "embedding: index -1 is out of bounds for dimension 0 with size 3\n"
            "  expected: entries from 0 to 2\n  got:      -1"
        ),
    ),
    "type": (
        lambda: fb.nn.Embedding(3, 2)(fb.tensor([0.0])),
        RuntimeError,
        (
            "embedding: index has a wrong type\n"
            "  expected: an index of type torch.int64 (or torch.int32)\n"
            "  got:      torch.float32\n  help:     convert it with .long()"
        ),
    ),
    "no matrix": (
        lambda: fb.nn.functional.embedding(fb.tensor([0]), fb.zeros(3)),
        RuntimeError,
        (
            "embedding: weight is not a matrix\n"
            "  expected: weight of shape (num_embeddings, embedding_dim)\n"
            "  got:      weight (3,)"
        ),
    ),
    "no tensor": (
        lambda: fb.nn.functional.embedding([0], fb.zeros(3, 2)),
        TypeError,
        "embedding: indices is not a tensor\n  expected: a tensor\n  got:      list",
    ),
    "padding": (
        lambda: fb.nn.Embedding(3, 2, padding_idx=3),
        AssertionError,
        (
            "Embedding: padding_idx is not a row of the table\n"
            "  expected: a number from -3 to 2\n  got:      3"
        ),
    ),
    "table": (
        lambda: fb.nn.Embedding(3, 2, _weight=fb.zeros(2, 2)),
        AssertionError,
        (
            "Embedding: the table has another shape\n"
            "  expected: shape (3, 2)\n  got:      shape (2, 2)"
        ),
    ),
    "pretrained": (
        lambda: fb.nn.Embedding.from_pretrained(fb.zeros(3)),
        AssertionError,
        (
            "from_pretrained: the table is not a matrix\n"
            "  expected: shape (num_embeddings, embedding_dim)\n  got:      shape (3,)"
        ),
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    call, kind, text = ERRORS[name]
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == text
