"""Recurrent layers against their formulas written out, compiled against eager, and errors."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import flambeau as fb
from flambeau.nn.utils.rnn import (
    PackedSequence,
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
    unpack_sequence,
)
from flambeau.ops.recurrence import UNROLLED_STEPS, previous, spans


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def step(name, x, h, c, weights):
    """One step by the formulas of the papers, on arrays."""
    w_ih, w_hh, b_ih, b_hh = weights
    a, b = x @ w_ih.T + b_ih, h @ w_hh.T + b_hh
    if name == "RNN":
        return np.tanh(a + b), c
    if name == "GRU":
        (ar, az, an), (br, bz, bn) = np.split(a, 3, -1), np.split(b, 3, -1)
        z = sigmoid(az + bz)
        return (1 - z) * np.tanh(an + sigmoid(ar + br) * bn) + z * h, c
    i, f, g, o = np.split(a + b, 4, -1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("reverse", [False, True])
def test_the_formulas(name, reverse):
    fb.manual_seed(0)
    layer = getattr(fb.nn, name)(3, 4, bidirectional=True).double()
    x = fb.randn(6, 2, 3, dtype=fb.float64)
    output, final = layer(x)
    weights = [p.detach().numpy() for p in layer.parameters()][4 * reverse : 4 * reverse + 4]
    h = c = np.zeros((2, 4))
    for t in range(6)[::-1] if reverse else range(6):
        h, c = step(name, x[t].numpy(), h, c, weights)
        found = output[t, :, 4 * reverse : 4 * reverse + 4].detach().numpy()
        np.testing.assert_allclose(found, h, rtol=1e-13, atol=1e-15)
    states = final if name == "LSTM" else (final,)
    for state, expected in zip(states, (h, c)):
        found = state[int(reverse)].detach().numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_a_cell_repeats_a_layer(name):
    fb.manual_seed(1)
    layer, cell = getattr(fb.nn, name)(3, 4), getattr(fb.nn, name + "Cell")(3, 4)
    cell.load_state_dict({k.removesuffix("_l0"): v for k, v in layer.state_dict().items()})
    x = fb.randn(5, 2, 3)
    output, _ = layer(x)
    state = None
    for t in range(5):
        state = cell(x[t], state)
        h = state[0] if name == "LSTM" else state
        np.testing.assert_allclose(output[t].detach(), h.detach(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_packed_sequences_are_those_sequences_one_by_one(name):
    fb.manual_seed(2)
    layer = getattr(fb.nn, name)(3, 4, 2, bidirectional=True).double()
    sequences = [fb.randn(length, 3, dtype=fb.float64) for length in (2, 5, 1)]
    output, _ = layer(pack_sequence(sequences, enforce_sorted=False))
    for found, sequence in zip(unpack_sequence(output), sequences, strict=True):
        alone, _ = layer(sequence)
        np.testing.assert_allclose(found.detach(), alone.detach(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("length", [4, UNROLLED_STEPS + 1])
@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_compiled_equals_eager(name, length):
    """Also where the steps are too many to be written out."""
    fb.manual_seed(3)
    layers = [getattr(fb.nn, name)(2, 3, 2, dropout=0.3).double()]
    layers.append(copy.deepcopy(layers[0]))
    x, target = fb.randn(length, 2, 2, dtype=fb.float64), fb.randn(2, 3, dtype=fb.float64)

    def training(layer):
        optimizer = fb.optim.SGD(layer.parameters(), lr=0.1)

        def step(x, target):
            output, _ = layer(x)
            loss = ((output[-1] - target) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        return step

    losses = []
    for run in (training(layers[0]), fb.compile(training(layers[1]))):
        fb.manual_seed(4)
        losses.append([run(x, target).item() for _ in range(3)])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-12)


def test_gradients_through_packing():
    padded = fb.randn(4, 3, 2, dtype=fb.float64, requires_grad=True)

    def function(x):
        packed = pack_padded_sequence(x, [2, 4, 1], enforce_sorted=False)
        packed = PackedSequence(packed.data**2, *packed[1:])
        return pad_packed_sequence(packed, batch_first=True, padding_value=3.0)[0]

    assert fb.autograd.gradcheck(function, (padded,))
    assert fb.autograd.gradgradcheck(function, (padded,))


def test_the_state_before_each_step():
    states = np.arange(12.0).reshape(6, 2)
    first = np.full((3, 2), -1.0)
    assert spans((3, 2, 1), False) == [(0, 3), (3, 5), (5, 6)]
    before = previous(states, first, (3, 2, 1), False)
    np.testing.assert_array_equal(before[:, 0], [-1, -1, -1, 0, 2, 6])
    before = previous(states, first, (3, 2, 1), True)
    np.testing.assert_array_equal(before[:, 0], [6, 8, -1, 10, -1, -1])


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"])
def test_results_may_be_changed_in_place(name):
    fb.manual_seed(5)
    module = getattr(fb.nn, name)(2, 3).double()
    x = fb.randn(2, 2) if "Cell" in name else fb.randn(4, 2, 2)
    gradients = []
    for change in (False, True):
        found = module(x.double())
        found = [found] if isinstance(found, fb.Tensor) else [*found[:1], *states_of(found[1])]
        if change:
            for tensor in found:
                tensor += 1
        sum(t.sum() for t in found).backward()
        gradients.append([p.grad.clone() for p in module.parameters()])
        module.zero_grad()
        assert not any(tensor.detach_().requires_grad for tensor in found)
    for a, b in zip(*gradients, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("proj_size", [0, 2])
def test_nothing_is_kept_where_no_gradient_is_asked_for(proj_size):
    fb.manual_seed(6)
    layer = fb.nn.LSTM(2, 3, 2, bidirectional=True, proj_size=proj_size).double()
    x, direction = (fb.randn(4, 2, 2, dtype=fb.float64) for _ in range(2))
    with_gradient, states = layer(x)
    layer.requires_grad_(False)
    for tensor, expected in zip(states_of(layer(x)[1]), states, strict=True):
        np.testing.assert_array_equal(tensor, expected.detach())
    np.testing.assert_array_equal(layer(x)[0], with_gradient.detach())
    _, tangent = fb.func.jvp(lambda x: layer(x)[0], (x,), (direction,))
    difference = (layer(x + 1e-6 * direction)[0] - layer(x - 1e-6 * direction)[0]) / 2e-6
    np.testing.assert_allclose(tangent, difference, rtol=1e-6, atol=1e-8)


def states_of(states):
    return states if isinstance(states, tuple) else (states,)


def test_a_layer_is_copied_and_pickled_with_its_weights():
    layer = fb.nn.LSTM(2, 3, bidirectional=True)
    x = fb.randn(4, 1, 2)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        np.testing.assert_array_equal(other(x)[0].detach(), layer(x)[0].detach())
        with fb.no_grad():
            other.weight_ih_l0.zero_()
        assert not np.array_equal(other(x)[0].detach(), layer(x)[0].detach())


ERRORS = {
    """GRU: size of the input does not fit
  expected: 3 dimensions, the last of size input_size=3
  got:      input of shape (2, 2, 4)""": lambda: fb.nn.GRU(3, 4)(fb.zeros(2, 2, 4)),
    """LSTM: wrong number of dimensions
  expected: input of 3 dimensions, or 2 without a batch
  got:      input of shape (3,)""": lambda: fb.nn.LSTM(3, 4)(fb.zeros(3)),
    """RNN: input and weights of different types
  expected: torch.float32
  got:      torch.float64
  help:     input.to(torch.float32), or model.to(torch.float64)""": lambda: fb.nn.RNN(3, 4)(
        fb.zeros(2, 2, 3, dtype=fb.float64)
    ),
    """GRU: size of a state does not fit
  expected: (1, 2, 4)
  got:      (1, 2, 3)""": lambda: fb.nn.GRU(3, 4)(fb.zeros(2, 2, 3), fb.zeros(1, 2, 3)),
    """gru: no time steps
  expected: sequences of length 1 or more
  got:      length 0""": lambda: fb.nn.GRU(3, 4)(fb.zeros(0, 2, 3)),
    """gru: size of state 0 does not fit
  expected: state 0 of shape (2, 4)
  got:      input (2, 3), weight_ih (12, 3), weight_hh (12, 4), bias_ih (12,), bias_hh (12,), """
    """state 0 (1, 4)""": lambda: fb.nn.GRUCell(3, 4)(fb.zeros(2, 3), fb.zeros(1, 4)),
    """pack_padded_sequence: lengths are not sorted
  expected: lengths in decreasing order
  got:      [1, 3]
  help:     pass enforce_sorted=False to have the sequences sorted""": lambda: pack_padded_sequence(
        fb.zeros(3, 2), [1, 3]
    ),
    """pack_padded_sequence: lengths and input do not fit
  expected: input of shape (4 or more, 2, ...)
  got:      input (3, 2)""": lambda: pack_padded_sequence(fb.zeros(3, 2), [4, 3]),
    """RNNBase: proj_size is out of range
  expected: 0 for none, or less than hidden_size=4
  got:      4""": lambda: fb.nn.LSTM(3, 4, proj_size=4),
}


@pytest.mark.parametrize("text", ERRORS)
def test_errors(text):
    with pytest.raises((RuntimeError, ValueError)) as error:
        ERRORS[text]()
    assert str(error.value) == text
