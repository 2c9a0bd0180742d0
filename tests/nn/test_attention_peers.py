"""Attention beside PyTorch's: values, gradients, masks, random streams, initial bits, errors."""

import warnings

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers


def values(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def both(make):
    """The results of one script with each library, from one seed."""
    found = []
    for library in (fb, torch):
        library.manual_seed(3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found.append([x for x in make(library) if x is not None])
        found[-1].append(library.rand(1))
    return found


def assert_close(found, tolerance):
    for a, b in zip(*found, strict=True):
        a, b = (x.detach().double().numpy() for x in (a, b))
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def holes(L, *shape):
    mask = np.random.default_rng(4).random(shape) < 0.7
    mask[..., 1, :] = False
    return L.tensor(mask)


ATTENTION = {
    "plain": lambda L, q, k, v: (q, k, v),
    "matrices": lambda L, q, k, v: (q[0, 0], k[0, 0], v[0, 0]),
    "three dimensions": lambda L, q, k, v: (q[0], k[0], v[0]),
    "one key for all": lambda L, q, k, v: (q, k[:1], v[:, :1]),
    "truth": lambda L, q, k, v: (q, k, v, holes(L, 3, 5)),
    "truth of each head": lambda L, q, k, v: (q, k, v, holes(L, 2, 4, 3, 5)),
    "numbers": lambda L, q, k, v: (q, k, v, L.tensor(values(4, 3, 5), dtype=q.dtype)),
    "causal": lambda L, q, k, v: (q, k, v, None, 0.0, True),
    "causal, square": lambda L, q, k, v: (k, k, v, None, 0.0, True),
    "dropout": lambda L, q, k, v: (q, k, v, None, 0.4),
    "dropout and truth": lambda L, q, k, v: (q, k, v, holes(L, 3, 5), 0.4),
    "scale": lambda L, q, k, v: (q, k, v, {"scale": 0.3}),
    "groups": lambda L, q, k, v: (q, k[:, :2], v[:, :2], None, 0.0, True, {"enable_gqa": True}),
}


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("size", [6, 2])
@pytest.mark.parametrize("name", ATTENTION)
def test_scaled_dot_product_attention(name, size, dtype):
    if "dropout" in name and dtype in ("float16", "bfloat16"):
        dtype = "float32"  # their scale after dropout is rounded in another order

    def script(L):
        kind = getattr(L, dtype)
        shapes = ((2, 4, 3, 6), (2, 4, 5, 6), (2, 4, 5, size))
        inputs = [
            L.tensor(values(*shape, seed=i), dtype=kind, requires_grad=True)
            for i, shape in enumerate(shapes)
        ]
        arguments = ATTENTION[name](L, *inputs)
        named = arguments[-1] if isinstance(arguments[-1], dict) else {}
        arguments = arguments[: len(arguments) - bool(named)]
        out = L.nn.functional.scaled_dot_product_attention(*arguments, **named)
        assert out.dtype is kind
        (out * L.tensor(values(*out.shape), dtype=kind)).sum().backward()
        return [out, *(x.grad for x in inputs)]

    tolerance = {"float32": 1e-5, "float64": 1e-12, "float16": 1e-2, "bfloat16": 6e-2}[dtype]
    assert_close(both(script), tolerance)


def test_a_mask_of_numbers_has_a_gradient_and_second_derivatives():
    def script(L):
        q, k, v = (L.tensor(values(2, 3, 4, seed=i), requires_grad=True) for i in range(3))
        mask = L.tensor(values(3, 3), requires_grad=True)
        wanted = [q, k, v, mask]
        out = L.nn.functional.scaled_dot_product_attention(q, k, v, mask)
        first = L.autograd.grad((out**2).sum(), wanted, create_graph=True)
        return [*first, *L.autograd.grad(sum((g**2).sum() for g in first), wanted)]

    assert_close(both(script), 1e-11)


def test_the_result_is_laid_out_like_the_query():
    for library in (fb, torch):
        x = library.tensor(np.ones((2, 3, 4, 5)))
        for query in (x, x.transpose(1, 2)):
            out = library.nn.functional.scaled_dot_product_attention(query, query, query)
            assert out.stride() == query.stride()


LAYERS = [
    {},
    {"bias": False, "add_zero_attn": True},
    {"add_bias_kv": True, "batch_first": True},
    {"kdim": 5, "vdim": 3, "add_bias_kv": True, "add_zero_attn": True},
    {"dropout": 0.3},
    {"kdim": 8, "vdim": 8, "dropout": 0.3, "batch_first": True},
]


@pytest.mark.parametrize("options", LAYERS)
def test_initial_bits_and_text(options):
    layers = []
    for library in (fb, torch):
        library.manual_seed(0)
        layers.append(library.nn.MultiheadAttention(8, 2, **options))
    ours, theirs = layers
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for key, value in ours.state_dict().items():
        assert value.numpy().tobytes() == theirs.state_dict()[key].numpy().tobytes()


MASKS = {
    "none": lambda L: {},
    "no weights": lambda L: {"need_weights": False},
    "weights of heads": lambda L: {"average_attn_weights": False},
    "truth": lambda L: {"attn_mask": L.tensor(np.triu(np.ones((4, 5)), 1) > 0)},
    "truth, no weights": lambda L: {
        "attn_mask": L.tensor(np.triu(np.ones((4, 5)), 1) > 0), "need_weights": False,
    },
    "of each head": lambda L: {"attn_mask": L.tensor(values(6, 4, 5))},
    "of each head, no weights": lambda L: {
        "attn_mask": L.tensor(values(6, 4, 5)), "need_weights": False,
    },
    "padding": lambda L: {"key_padding_mask": L.tensor(np.arange(5) > np.array([[2], [4], [1]]))},
    "padding, no weights": lambda L: {
        "key_padding_mask": L.tensor(np.arange(5) > np.array([[2], [4], [1]])),
        "need_weights": False,
    },
    "both": lambda L: {
        "key_padding_mask": L.tensor(values(3, 5)), "attn_mask": L.tensor(values(4, 5)),
    },
    "both, no weights": lambda L: {
        "key_padding_mask": L.tensor(values(3, 5)), "attn_mask": L.tensor(values(4, 5)),
        "need_weights": False,
    },
    "two types": lambda L: {
        "key_padding_mask": L.tensor(np.arange(5) > np.array([[2], [4], [1]])),
        "attn_mask": L.tensor(values(4, 5)),
    },
}  # fmt: skip


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("options", LAYERS)
def test_layer(options, mask):
    def script(L):
        layer = L.nn.MultiheadAttention(8, 2, **options).double()
        sizes = (8, layer.kdim, layer.vdim)
        shapes = [(length, 3, size) for length, size in zip((4, 5, 5), sizes)]
        if layer.batch_first:
            shapes = [(3, shape[0], shape[2]) for shape in shapes]
        inputs = [
            L.tensor(values(*shape, seed=i), requires_grad=True) for i, shape in enumerate(shapes)
        ]
        out, weights = layer(*inputs, **MASKS[mask](L))
        total = (out * L.tensor(values(*out.shape))).sum()
        if weights is not None:
            total = total + (weights * L.tensor(values(*weights.shape))).sum()
        total.backward()
        return [out, weights, *(x.grad for x in inputs), *(p.grad for p in layer.parameters())]

    assert_close(both(script), 1e-12)


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("same", ["all", "key and value"])
def test_the_same_tensor_several_times(same, training, batch_first):
    def script(L):
        layer = L.nn.MultiheadAttention(8, 4, batch_first=batch_first).double().train(training)
        x = L.tensor(values(4, 3, 8), requires_grad=True)
        memory = x if same == "all" else L.tensor(values(4, 3, 8, seed=1), requires_grad=True)
        mask = L.triu(L.ones(4, 4), 1).bool() if not batch_first else None
        out, _ = layer(x, memory, memory, attn_mask=mask, is_causal=mask is not None,
                       need_weights=False)  # fmt: skip
        (out**2).sum().backward()
        alone, weights = layer(x[:, 0], memory[:, 0], memory[:, 0])
        return [out, x.grad, memory.grad, alone, weights, *(p.grad for p in layer.parameters())]

    assert_close(both(script), 1e-12)


def test_static_keys_and_values():
    def script(L):
        layer = L.nn.MultiheadAttention(8, 2).double()
        x = L.tensor(values(4, 3, 8))
        return L.nn.functional.multi_head_attention_forward(
            x, x, x, 8, 2, layer.in_proj_weight, layer.in_proj_bias, None, None, False, 0.0,
            layer.out_proj.weight, layer.out_proj.bias,
            static_k=L.tensor(values(6, 5, 4)), static_v=L.tensor(values(6, 5, 4, seed=1)),
        )  # fmt: skip

    assert_close(both(script), 1e-12)


def attention(L, *shapes, **options):
    inputs = [L.zeros(*shape) for shape in shapes]
    return L.nn.functional.scaled_dot_product_attention(*inputs, **options)


def heads(L, *shapes, **options):
    return L.nn.MultiheadAttention(4, 2)(*[L.zeros(*s) for s in shapes], **options)


ERRORS = {
    "one dimension": lambda L: attention(L, (3,), (3,), (3,)),
    "sizes of query and key": lambda L: attention(L, (2, 3), (2, 4), (2, 4)),
    "lengths of key and value": lambda L: attention(L, (2, 3), (2, 3), (4, 3)),
    "heads": lambda L: attention(L, (4, 2, 3), (2, 2, 3), (2, 2, 3)),
    "groups": lambda L: attention(L, (1, 3, 2, 3), (1, 2, 2, 3), (1, 2, 2, 3), enable_gqa=True),
    "mask and causal": lambda L: attention(
        L, (2, 3), (2, 3), (2, 3), is_causal=True, attn_mask=L.ones(2, 2).bool()
    ),
    "type of the mask": lambda L: attention(
        L, (2, 3), (2, 3), (2, 3), attn_mask=L.ones(2, 2).long()
    ),
    "shape of the mask": lambda L: attention(L, (2, 3), (2, 3), (2, 3), attn_mask=L.ones(3, 2)),
    "probability": lambda L: attention(L, (2, 3), (2, 3), (2, 3), dropout_p=1.5),
    "types": lambda L: L.nn.functional.scaled_dot_product_attention(
        L.zeros(2, 3), L.zeros(2, 3).double(), L.zeros(2, 3)
    ),
    "heads do not divide": lambda L: L.nn.MultiheadAttention(5, 2),
    "no heads": lambda L: L.nn.MultiheadAttention(4, 0),
    "four dimensions": lambda L: heads(L, (1, 1, 1, 4), (1, 1, 1, 4), (1, 1, 1, 4)),
    "key without a batch": lambda L: heads(L, (2, 1, 4), (2, 4), (2, 4)),
    "size of the query": lambda L: heads(L, (2, 1, 6), (2, 1, 6), (2, 1, 6)),
    "key and value": lambda L: heads(L, (2, 1, 4), (2, 1, 4), (3, 1, 4)),
    "attn_mask": lambda L: heads(L, (2, 1, 4), (2, 1, 4), (2, 1, 4), attn_mask=L.ones(3, 3)),
    "attn_mask of three": lambda L: heads(
        L, (2, 1, 4), (2, 1, 4), (2, 1, 4), attn_mask=L.ones(3, 2, 2)
    ),
    "attn_mask of integers": lambda L: heads(
        L, (2, 1, 4), (2, 1, 4), (2, 1, 4), attn_mask=L.ones(2, 2).long()
    ),
    "key_padding_mask": lambda L: heads(
        L, (2, 1, 4), (2, 1, 4), (2, 1, 4), key_padding_mask=L.ones(2, 2)
    ),
    "key_padding_mask of one": lambda L: heads(
        L, (2, 1, 4), (2, 1, 4), (2, 1, 4), key_padding_mask=L.ones(2)
    ),
    "causal without a mask": lambda L: heads(L, (2, 1, 4), (2, 1, 4), (2, 1, 4), is_causal=True),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    raised = []
    for library in (fb, torch):
        with pytest.raises(Exception) as error:
            ERRORS[name](library)
        raised.append(error.type)
    assert issubclass(raised[0], raised[1])
