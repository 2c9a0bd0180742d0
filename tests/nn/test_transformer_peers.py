"""Transformers beside PyTorch's: initial bits, training, evaluation with padding, errors."""

import warnings

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore::UserWarning")]


def values(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def stack(L, **options):
    layer = L.nn.TransformerEncoderLayer(8, 2, 16, **options)
    return L.nn.TransformerEncoder(layer, 2, L.nn.LayerNorm(8))


def decoder(L, **options):
    return L.nn.TransformerDecoder(L.nn.TransformerDecoderLayer(8, 2, 16, **options), 2)


def whole(L, **options):
    return L.nn.Transformer(8, 2, 2, 1, 16, **options)


OPTIONS = [
    {},
    {"batch_first": True, "activation": "gelu", "dropout": 0.0},
    {"norm_first": True, "bias": False, "layer_norm_eps": 1e-3},
]


def both(script):
    found = []
    for library in (fb, torch):
        library.manual_seed(3)
        found.append([*script(library), library.rand(1)])
    for a, b in zip(*found, strict=True):
        a, b = a.detach().double().numpy(), b.detach().double().numpy()
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("make", [stack, decoder, whole])
def test_initial_bits_and_text(make, options):
    models = []
    for library in (fb, torch):
        library.manual_seed(0)
        models.append(make(library, **options))
    ours, theirs = models
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for key, value in ours.state_dict().items():
        assert value.numpy().tobytes() == theirs.state_dict()[key].numpy().tobytes()


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("make", [stack, decoder, whole])
def test_values_and_gradients(make, options, training):
    def script(L):
        model = make(L, **options).double().train(training)
        x = L.tensor(values(4, 4, 8), requires_grad=True)
        memory = L.tensor(values(4, 4, 8, seed=1), requires_grad=True)
        causal = L.nn.Transformer.generate_square_subsequent_mask(4, dtype=L.float64)
        padding = L.tensor(np.arange(4) >= np.array([[4], [2], [3], [1]]))
        if make is stack:
            outputs = [model(x), model(x, causal), model(memory, None, padding)]
        elif make is decoder:
            outputs = [
                model(x, memory, causal, memory_key_padding_mask=padding),
                model(x, memory, causal, tgt_is_causal=True),
            ]
        else:
            outputs = [
                model(memory, x, tgt_mask=causal, src_key_padding_mask=padding),
                model(memory, x, causal, causal, src_is_causal=True, tgt_is_causal=True),
            ]
        sum((out * L.tensor(values(*out.shape))).sum() for out in outputs).backward()
        return [*outputs, x.grad, memory.grad, *(p.grad for p in model.parameters())]

    both(script)


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("enable", [True, False])
@pytest.mark.parametrize("odd", [False, True])
def test_evaluation_with_padding(enable, left, odd):
    """Where PyTorch computes on nested tensors, what it finds at padded positions is zero."""

    def script(L):
        layer = L.nn.TransformerEncoderLayer(6, 3 if odd else 2, 16, batch_first=True)
        model = L.nn.TransformerEncoder(layer, 2, enable_nested_tensor=enable).double().eval()
        x = L.tensor(values(3, 4, 6))
        padding = np.arange(4) >= np.array([[4], [2], [3]])
        padding = L.tensor(padding[:, ::-1].copy() if left else padding)
        with L.no_grad():
            outputs = [model(x, src_key_padding_mask=padding), model(x)]
        return [*outputs, model(x, src_key_padding_mask=padding)]

    both(script)


ERRORS = {
    "activation": lambda L: L.nn.TransformerEncoderLayer(4, 2, activation="tanh"),
    "activation of a decoder": lambda L: L.nn.TransformerDecoderLayer(4, 2, activation="tanh"),
    "size": lambda L: whole(L)(L.zeros(2, 1, 6), L.zeros(2, 1, 8)),
    "size of tgt": lambda L: whole(L)(L.zeros(2, 1, 8), L.zeros(2, 1, 6)),
    "batch": lambda L: whole(L)(L.zeros(2, 1, 8), L.zeros(2, 2, 8)),
    "heads": lambda L: L.nn.TransformerEncoderLayer(4, 3),
    "mask of integers": lambda L: stack(L)(L.zeros(2, 1, 8), L.ones(2, 2).long()),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    raised = []
    for library in (fb, torch):
        with pytest.raises(Exception) as error:
            ERRORS[name](library)
        raised.append(error.type)
    assert issubclass(raised[0], raised[1])


def test_warnings_say_the_same():
    seen = []
    for library in (fb, torch):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            stack(library)
            stack(library, batch_first=True)
            library.nn.TransformerEncoder(library.nn.Linear(2, 2), 1)
            causal, padding = library.zeros(2, 2), library.zeros(1, 2).bool()
            model = stack(library, batch_first=True)
            model(library.zeros(1, 2, 8), causal, padding)
        seen.append([w.category for w in caught])
    assert seen[0] == seen[1]
