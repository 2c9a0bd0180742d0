"""Recurrent layers and packed sequences beside PyTorch's."""

import itertools
import warnings

import numpy as np
import pytest

import flambeau as fb
from tests.nn.side_by_side import assert_both_see_the_same

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers

OPTIONS = [
    {},
    {"num_layers": 2, "bidirectional": True},
    {"num_layers": 3, "dropout": 0.4},
    {"num_layers": 2, "dropout": 0.5, "bidirectional": True, "batch_first": True},
    {"bias": False, "batch_first": True},
]
KINDS = [
    *itertools.product(["RNN", "LSTM", "GRU"], OPTIONS),
    ("RNN", {"nonlinearity": "relu", "num_layers": 2}),
    ("LSTM", {"proj_size": 2, "num_layers": 2, "bidirectional": True}),
]
ids = [f"{name} {options}" for name, options in KINDS]


def values(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def both(make):
    """The results of one script with each library, from one seed."""
    found = []
    for library in (fb, torch):
        library.manual_seed(3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found.append(list(make(library)))
        found[-1].append(library.rand(1))
    return found


def assert_close(found, tolerance):
    for a, b in zip(*found, strict=True):
        a, b = (x.detach().double().numpy() for x in (a, b))
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def flat(states):
    return list(states) if isinstance(states, tuple) else [states]


def states_for(library, layer, count, dtype, seed=5):
    places = layer.num_layers * (2 if layer.bidirectional else 1)
    sizes = [layer.proj_size or layer.hidden_size]
    sizes += [layer.hidden_size] if layer.mode == "LSTM" else []
    return [
        library.tensor(values(places, count, size, seed=seed + k), dtype=dtype, requires_grad=True)
        for k, size in enumerate(sizes)
    ]


@pytest.mark.parametrize(("name", "options"), KINDS, ids=ids)
@pytest.mark.parametrize("with_states", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_gradients_and_stream(name, options, with_states, dtype):
    def script(L):
        kind = getattr(L, dtype)
        layer = getattr(L.nn, name)(3, 4, **options).to(kind)
        x = L.tensor(values(5, 2, 3), dtype=kind, requires_grad=True)
        count = 5 if layer.batch_first else 2
        states = states_for(L, layer, count, kind) if with_states else []
        hx = None if not states else tuple(states) if name == "LSTM" else states[0]
        output, final = layer(x, hx)
        final = flat(final)
        total = (output * L.tensor(values(*output.shape), dtype=kind)).sum()
        for state in final:
            total = total + (state * L.tensor(values(*state.shape, seed=2), dtype=kind)).sum()
        total.backward()
        return [output, *final, x.grad, *[s.grad for s in states], *[
            p.grad for p in layer.parameters()]]  # fmt: skip

    assert_close(both(script), 1e-5 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize(("name", "options"), KINDS, ids=ids)
def test_state_text_and_bits(name, options):
    modules = []
    for library in (fb, torch):
        library.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            modules.append(getattr(library.nn, name)(3, 4, **options))
    ours, theirs = modules
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for key, value in ours.state_dict().items():
        assert value.numpy().tobytes() == theirs.state_dict()[key].numpy().tobytes()
    assert [len(group) for group in ours.all_weights] == [len(g) for g in theirs.all_weights]
    theirs.load_state_dict({k: torch.tensor(v.numpy()) for k, v in ours.state_dict().items()})
    ours.load_state_dict({k: fb.tensor(v.numpy()) for k, v in theirs.state_dict().items()})


@pytest.mark.parametrize(("name", "options"), KINDS, ids=ids)
@pytest.mark.parametrize("enforce_sorted", [True, False])
def test_packed(name, options, enforce_sorted):
    lengths = [4, 3, 1] if enforce_sorted else [2, 4, 1]
    options = {k: v for k, v in options.items() if k != "batch_first"}

    def script(L):
        rnn = L.nn.utils.rnn
        layer = getattr(L.nn, name)(3, 4, **options).double()
        x = L.tensor(values(4, 3, 3), requires_grad=True)
        packed = rnn.pack_padded_sequence(x, lengths, enforce_sorted=enforce_sorted)
        states = states_for(L, layer, 3, L.float64)
        output, final = layer(packed, tuple(states) if name == "LSTM" else states[0])
        final = flat(final)
        padded, sizes = rnn.pad_packed_sequence(output, padding_value=0.5, total_length=6)
        total = (padded * L.tensor(values(*padded.shape))).sum() + sum(
            (s * L.tensor(values(*s.shape, seed=2))).sum() for s in final
        )
        total.backward()
        return [padded, sizes, output.batch_sizes, *final, x.grad, *[s.grad for s in states], *[
            p.grad for p in layer.parameters()]]  # fmt: skip

    assert_close(both(script), 1e-12)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_one_sequence_without_a_batch(name):
    def script(L):
        layer = getattr(L.nn, name)(3, 4, 2, batch_first=True).double()
        output, final = layer(L.tensor(values(5, 3)))
        return [output, *flat(final)]

    assert_close(both(script), 1e-13)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_twice_differentiated(name):
    def script(L):
        layer = getattr(L.nn, name)(2, 3, 2, bidirectional=True).double()
        x = L.tensor(values(3, 2, 2), requires_grad=True)
        wanted = [x, *layer.parameters()]
        first = L.autograd.grad((layer(x)[0] ** 2).sum(), wanted, create_graph=True)
        return L.autograd.grad(sum((g**2).sum() for g in first), wanted)

    assert_close(both(script), 1e-10)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_reduced_types(name, dtype):
    def script(L):
        kind = getattr(L, dtype)
        output, final = getattr(L.nn, name)(3, 4).to(kind)(L.tensor(values(3, 2, 3), dtype=kind))
        assert output.dtype is kind
        return [output, *flat(final)]

    assert_close(both(script), 2e-2)


@pytest.mark.parametrize("name", ["RNNCell", "LSTMCell", "GRUCell"])
@pytest.mark.parametrize("options", [{}, {"bias": False}])
@pytest.mark.parametrize("shape", [(4, 3), (3,)])
def test_cells(name, options, shape):
    def script(L):
        cell = getattr(L.nn, name)(3, 5, **options)
        states = [L.tensor(values(*shape[:-1], 5, seed=k), requires_grad=True) for k in range(2)]
        x = L.tensor(values(*shape), requires_grad=True)
        hx = tuple(states) if name == "LSTMCell" else states[0]
        found = []
        before = [p.clone() for p in cell.parameters()]
        for given in (None, hx):
            out = flat(cell.double()(x, given))
            sum((o * L.tensor(values(*o.shape, seed=7))).sum() for o in out).backward()
            found += out
        used = states if name == "LSTMCell" else states[:1]
        return [*before, *found, x.grad, *[s.grad for s in used], *[
            p.grad for p in cell.parameters()]]  # fmt: skip

    assert_close(both(script), 1e-12)


def test_text_of_cells_and_functions():
    def script(L, nn, note):
        note(nn.RNNCell(3, 4), nn.RNNCell(3, 4, False, "relu"), nn.LSTMCell(3, 4, bias=False))
        note(nn.GRUCell(2, 2))
        rnn = nn.utils.rnn
        seqs = [L.tensor([[1.0, 2.0], [3.0, 4.0]]), L.tensor([[5.0, 6.0]])]
        for batch_first in (True, False):
            note(rnn.pad_sequence(seqs, batch_first, 9.0))
            note(rnn.pad_sequence(seqs, batch_first, 9.0, padding_side="left"))
        packed = rnn.pack_sequence(seqs)
        note(list(packed), rnn.unpack_sequence(packed), packed.double().data, packed.is_cuda)
        again = rnn.pack_sequence(seqs[::-1], enforce_sorted=False)
        note(list(again), rnn.unpack_sequence(again))
        note(rnn.invert_permutation(L.tensor([1, 2, 0])), rnn.invert_permutation(None))
        note(rnn.unpad_sequence(L.tensor([[1, 2], [3, 0]]), L.tensor([2, 1]), True))

    assert_both_see_the_same(script)


def test_stacks_as_functions():
    def script(L, nn, note):
        for name, layer in (
            ("lstm", nn.LSTM(2, 3, 2)),
            ("gru", nn.GRU(2, 3, 2)),
            ("rnn_tanh", nn.RNN(2, 3, 2)),
            ("rnn_relu", nn.RNN(2, 3, 2, "relu")),
        ):
            x = L.tensor(values(4, 2, 2), dtype=L.float32)
            zeros = L.zeros(2, 2, 3)
            hx = (zeros, zeros) if name == "lstm" else zeros
            call, weights = getattr(L, name), list(layer.parameters())
            note(call(x, hx, weights, True, 2, 0.0, False, False, False))
            note(call(x[:, 0], L.tensor([2, 2]), hx, weights, True, 2, 0.0, False, False))

    assert_both_see_the_same(script)


ERRORS = {
    "input of one dimension": lambda L: L.nn.LSTM(3, 4)(L.zeros(3)),
    "input of another size": lambda L: L.nn.GRU(3, 4)(L.zeros(2, 2, 4)),
    "input of another type": lambda L: L.nn.RNN(3, 4)(L.zeros(2, 2, 3, dtype=L.float64)),
    "state of another size": lambda L: L.nn.GRU(3, 4)(L.zeros(2, 2, 3), L.zeros(1, 2, 3)),
    "state without a batch": lambda L: L.nn.GRU(3, 4)(L.zeros(2, 2, 3), L.zeros(1, 4)),
    "cell of another size": lambda L: L.nn.LSTM(3, 4)(
        L.zeros(2, 2, 3), (L.zeros(1, 2, 4), L.zeros(1, 3, 4))
    ),
    "no time steps": lambda L: L.nn.GRU(3, 4)(L.zeros(0, 2, 3)),
    "dropout": lambda L: L.nn.GRU(3, 4, dropout=1.5),
    "dropout of truth": lambda L: L.nn.GRU(3, 4, dropout=True),
    "bias": lambda L: L.nn.GRU(3, 4, bias=1),
    "batch_first": lambda L: L.nn.GRU(3, 4, batch_first=1),
    "hidden_size of 0": lambda L: L.nn.GRU(3, 0),
    "input_size of 0": lambda L: L.nn.GRU(0, 3),
    "hidden_size of floats": lambda L: L.nn.GRU(3, 4.0),
    "layers": lambda L: L.nn.GRU(3, 4, 0),
    "projection of a GRU": lambda L: L.nn.GRU(3, 4, proj_size=2),
    "projection too large": lambda L: L.nn.LSTM(3, 4, proj_size=4),
    "projection negative": lambda L: L.nn.LSTM(3, 4, proj_size=-1),
    "nonlinearity": lambda L: L.nn.RNN(3, 4, nonlinearity="sin"),
    "mode": lambda L: L.nn.RNNBase("X", 3, 4),
    "cell: dimensions": lambda L: L.nn.LSTMCell(3, 4)(L.zeros(1, 1, 3)),
    "cell: dimensions of a state": lambda L: L.nn.GRUCell(3, 4)(L.zeros(1, 3), L.zeros(1, 1, 4)),
    "cell: sizes": lambda L: L.nn.GRUCell(3, 4)(L.zeros(1, 2)),
    "cell: size of a state": lambda L: L.nn.RNNCell(3, 4)(L.zeros(2, 3), L.zeros(1, 4)),
    "cell: nonlinearity": lambda L: L.nn.RNNCell(3, 4, nonlinearity="sin")(L.zeros(1, 3)),
    "not sorted": lambda L: L.nn.utils.rnn.pack_padded_sequence(L.zeros(3, 2, 1), [1, 3]),
    "empty sequence": lambda L: L.nn.utils.rnn.pack_padded_sequence(L.zeros(3, 2, 1), [1, 0]),
    "lengths missing": lambda L: L.nn.utils.rnn.pack_padded_sequence(L.zeros(3, 2, 1), [3]),
    "total_length": lambda L: L.nn.utils.rnn.pad_packed_sequence(
        L.nn.utils.rnn.pack_sequence([L.zeros(3)]), total_length=2
    ),
    "nothing to pad": lambda L: L.nn.utils.rnn.pad_sequence([]),
    "shapes to pad": lambda L: L.nn.utils.rnn.pad_sequence([L.zeros(2, 2), L.zeros(2, 3)]),
    "side to pad": lambda L: L.nn.utils.rnn.pad_sequence([L.zeros(2)], padding_side="up"),
    "sequences": lambda L: L.nn.utils.rnn.pad_sequence(3),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    raised = []
    for library in (fb, torch):
        with pytest.raises(Exception) as error:
            ERRORS[name](library)
        raised.append(error.type)
    assert issubclass(raised[0], raised[1])
