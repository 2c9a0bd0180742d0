"""Recurrent layers and products of matrices by native code agree with NumPy's."""

import numpy as np
import pytest

import flambeau as fb
from flambeau.ops import native_recurrence
from flambeau.ops.lstm_layer import LSTM_LAYER, LSTM_OUTPUTS

pytest.importorskip("llvmlite")


def _draw(*shape, dtype=np.float64):
    return np.random.default_rng([*shape]).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("sizes", [(70, 81, 90), (1, 1000, 300), (3, 500, 211), (5, 130, 600)])
@pytest.mark.parametrize("turned", [False, True])
def test_products(sizes, turned):
    rows, depth, columns = sizes
    a = _draw(depth, rows).T if turned else _draw(rows, depth)
    b = _draw(columns, depth).T if turned else _draw(depth, columns)
    wanted = a @ b
    np.testing.assert_allclose(native_recurrence.dot(a, b), wanted, rtol=0, atol=1e-11)
    out = np.empty((rows, columns))
    assert native_recurrence.dot(a, b, out) is out
    np.testing.assert_allclose(out, wanted, rtol=0, atol=1e-11)
    apart = np.repeat(np.repeat(a, 2, 0), 2, 1)[::2, ::2]
    np.testing.assert_allclose(native_recurrence.dot(apart, b), wanted, rtol=0, atol=1e-11)


def _operands(features, hidden, steps, count, bias=True):
    scale = 0.3
    biases = [scale * _draw(4 * hidden), scale * _draw(4 * hidden, 1)[:, 0]] if bias else [None] * 2
    return [
        _draw(steps * count, features),
        _draw(count, hidden),
        _draw(hidden, count).T,
        scale * _draw(4 * hidden, features),
        scale * _draw(4 * hidden, hidden),
        *biases,
        None,
        (count,) * steps,
    ]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("sizes", [(17, 33, 12, 9, True), (40, 5, 300, 14, False)])
def test_lstm(sizes, reverse, monkeypatch):
    given = [*_operands(*sizes), reverse]
    saved, only = LSTM_LAYER.evaluate(*given), LSTM_OUTPUTS.evaluate(*given)
    given[1] = given[2] = None
    from_zeros = LSTM_OUTPUTS.evaluate(*given)
    monkeypatch.setattr(native_recurrence, "native_for", lambda work, kind: None)
    assert native_recurrence.native_for(2**30, np.float64) is None
    wanted_from_zeros = LSTM_OUTPUTS.evaluate(*given)
    wanted = LSTM_LAYER.evaluate(*_operands(*sizes), reverse)
    for found, expected in (
        (saved, wanted),
        (only, wanted[:3]),
        (from_zeros, wanted_from_zeros),
    ):
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-13)


def test_lstm_leaves_what_it_was_given_alone():
    given = _operands(17, 33, 12, 9)
    before = [np.copy(x) for x in given[:7]]
    LSTM_OUTPUTS.evaluate(*given, False)
    LSTM_LAYER.evaluate(*given, False)
    for one, other in zip(given[:7], before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_large_gates_saturate():
    given = _operands(17, 33, 12, 9)
    given[0] = given[0] * 1e4
    out, _, c, *_ = LSTM_LAYER.evaluate(*given, False)
    assert np.isfinite(out).all()
    assert np.abs(out).max() <= 1.0
    assert np.isfinite(c).all()


def test_threads_do_not_matter():
    lstm = fb.nn.LSTM(64, 96)
    x = fb.randn(30, 40, 64)
    before = fb.get_num_threads()

    def run():
        lstm.zero_grad()
        out, _ = lstm(x)
        out.square().sum().backward()
        return [out.detach().numpy().tobytes()] + [
            p.grad.numpy().tobytes() for p in lstm.parameters()
        ]

    try:
        fb.set_num_threads(1)
        once = run()
        fb.set_num_threads(2)
        assert run() == once
    finally:
        fb.set_num_threads(before)
