"""One direction of one GRU layer over whole sequences, and its gradient through time.

    r_t = σ(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)
    z_t = σ(W_iz x_t + b_iz + W_hz h_{t-1} + b_hz)
    n_t = tanh(W_in x_t + b_in + r_t (W_hn h_{t-1} + b_hn))
    h_t = (1 - z_t) n_t + z_t h_{t-1}

The gates r, z, n of all steps, and what r multiplies, are an output, for the way back.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.spec import Spec
from flambeau.ops.joining import cat
from flambeau.ops.linear import ROWS_SUM, linear
from flambeau.ops.recurrence import (
    check_layer,
    in_time_order,
    is_uniform,
    leading,
    make_sure,
    only,
    previous,
    previous_rows,
    spans,
    spread,
    unrolled,
    with_leading,
    zeros_if_missing,
)
from flambeau.ops.reduced_precision import in_single_precision
from flambeau.tensor.dispatch import apply
from flambeau.tensor.interpreting import may_use_states
from flambeau.tensor.operation import Operation

# --- forward ----------------------------------------------------------------------------------


@in_single_precision
def _gru(
    x: np.ndarray, h: Any, w_ih: np.ndarray, w_hh: np.ndarray, b_ih: Any, b_hh: Any,
    batch_sizes: tuple[int, ...], reverse: bool,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    kind = x.dtype
    count, size = batch_sizes[0], w_hh.shape[1]
    make_sure(x, (w_ih, w_hh), (b_ih, b_hh), ((h, size),), batch_sizes)
    h = np.zeros((count, size), kind) if h is None else h
    projected = x.dot(w_ih.T)
    if b_ih is not None:
        projected += b_ih
        projected[:, : 2 * size] += b_hh[: 2 * size]
    rows = projected.shape[0]
    np.negative(projected, projected)  # σ(z) = 1 / (1 + exp(-z))
    gates, output = np.empty((rows, 4 * size), kind), np.empty((rows, size), kind)
    uniform = is_uniform(batch_sizes)
    if not uniform:
        h = h.copy()  # states are replaced where sequences still last
    transposed, product = w_hh.T, np.empty((count, 3 * size), kind)
    for start, stop in spans(batch_sizes, reverse):
        last = stop - start
        held, fed = (h, product) if uniform else (h[:last], product[:last])
        held.dot(transposed, fed)
        gate, out = gates[start:stop], output[start:stop]
        both, n, inner = gate[:, : 2 * size], gate[:, 2 * size : 3 * size], gate[:, 3 * size :]
        part = projected[start:stop]
        np.subtract(part[:, : 2 * size], fed[:, : 2 * size], both)
        np.exp(both, both)
        both += 1
        np.reciprocal(both, both)
        if b_hh is None:
            inner[...] = fed[:, 2 * size :]
        else:
            np.add(fed[:, 2 * size :], b_hh[2 * size :], inner)
        np.multiply(both[:, :size], inner, n)
        n -= part[:, 2 * size :]
        np.tanh(n, n)
        np.subtract(held, n, out)
        out *= both[:, size:]
        out += n
        if uniform:
            h = out
        else:
            held[...] = out
    return output, h.copy() if uniform else h, gates


def _infer_gru(
    x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, batch_sizes: Any, reverse: bool
) -> tuple[Spec, ...]:
    check_layer("gru", 3, x, (h,), (w_ih, w_hh, None), (b_ih, b_hh), batch_sizes)
    rows, size = x.shape[0], w_hh.shape[1]
    shapes = ((rows, size), (batch_sizes[0], size), (rows, 4 * size))
    return tuple([Spec(shape, x.dtype) for shape in shapes])


def _gru_in_parts(
    x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, batch_sizes: Any, reverse: bool
) -> tuple[Any, ...]:
    size = w_hh.shape[1]
    h = zeros_if_missing(h, x, batch_sizes[0], size)
    projected = linear(x, w_ih, b_ih)
    outputs, gates = [], []
    for start, stop in spans(batch_sizes, reverse):
        count = stop - start
        held = leading(h, count)
        x_r, x_z, x_n = projected.narrow(0, start, count).split(size, 1)
        h_r, h_z, inner = linear(held, w_hh, b_hh).split(size, 1)
        r, z = (x_r + h_r).sigmoid(), (x_z + h_z).sigmoid()
        n = (x_n + r * inner).tanh()
        out = (held - n) * z + n
        outputs.append(out)
        gates.append(cat([r, z, n, inner], 1))
        h = with_leading(h, out)
    return in_time_order(outputs, reverse), h, in_time_order(gates, reverse)


# --- backward ---------------------------------------------------------------------------------


@in_single_precision
def _backward(
    g_output: Any, g_h: Any, x: np.ndarray, h: Any, w_ih: np.ndarray, w_hh: np.ndarray,
    output: np.ndarray, gates: np.ndarray, batch_sizes: Any, reverse: bool, wanted: Any,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    kind = x.dtype
    count, size = batch_sizes[0], w_hh.shape[1]
    rows = gates.shape[0]
    r, z, n, inner = gates.reshape(rows, 4, size).transpose(1, 0, 2)
    before = previous(output, h, batch_sizes, reverse)
    # What the gradient of a step's output is multiplied by on its way to each of r, z, and n as
    # the state and as the input see it.
    slopes = np.empty((rows, 4, size), kind)
    to_r, to_z, to_inner, to_n = slopes.transpose(1, 0, 2)
    np.multiply(1 - z, 1 - n * n, to_n)
    np.multiply(to_n, r, to_inner)
    np.multiply(to_inner, inner * (1 - r), to_r)
    np.multiply(before - n, z * (1 - z), to_z)
    d_gates = np.empty((rows, 4, size), kind)
    d_fed = np.empty((count, 3 * size), kind)
    dh = np.zeros((count, size), kind) if g_h is None else g_h.copy()
    for start, stop in reversed(spans(batch_sizes, reverse)):
        last = stop - start
        grad, fed, d_z = dh[:last], d_fed[:last], d_gates[start:stop]
        if g_output is not None:
            grad += g_output[start:stop]
        np.multiply(grad[:, None], slopes[start:stop], d_z)
        fed.reshape(last, 3, size)[...] = d_z[:, :3]
        grad *= z[start:stop]
        grad += fed.dot(w_hh)
    by_state = d_gates[:, :3].reshape(rows, 3 * size)
    by_input = d_gates[:, [0, 1, 3]].reshape(rows, 3 * size)
    return only(
        wanted,
        lambda: by_input.dot(w_ih),
        lambda: dh,
        lambda: by_input.T.dot(x),
        lambda: by_state.T.dot(before),
        lambda: ROWS_SUM.evaluate(by_input),
        lambda: ROWS_SUM.evaluate(by_state),
    )


def _infer_backward(
    g_output: Any, g_h: Any, x: Any, h: Any, w_ih: Any, w_hh: Any, output: Any, gates: Any,
    batch_sizes: Any, reverse: bool, wanted: Any,
) -> tuple[Spec, ...]:  # fmt: skip
    bias = w_hh.shape[:1]
    shapes = (x.shape, (batch_sizes[0], w_hh.shape[1]), w_ih.shape, w_hh.shape, bias, bias)
    return tuple([Spec(shape, x.dtype) for shape, want in zip(shapes, wanted) if want])


def _backward_in_parts(
    g_output: Any, g_h: Any, x: Any, h: Any, w_ih: Any, w_hh: Any, output: Any, gates: Any,
    batch_sizes: Any, reverse: bool, wanted: Any,
) -> tuple[Any, ...]:  # fmt: skip
    size = w_hh.shape[1]
    h = zeros_if_missing(h, x, batch_sizes[0], size)
    dh = zeros_if_missing(g_h, x, batch_sizes[0], size)
    steps = spans(batch_sizes, reverse)
    before = previous_rows(output, h, batch_sizes, reverse)
    inputs, states = [], []
    for (start, stop), held in zip(reversed(steps), reversed(before)):
        count = stop - start
        r, z, n, inner = gates.narrow(0, start, count).split(size, 1)
        grad = leading(dh, count)
        if g_output is not None:
            grad = grad + g_output.narrow(0, start, count)
        d_n = grad * ((1 - z) * (1 - n * n))
        d_z = grad * ((held - n) * (z * (1 - z)))
        d_inner = d_n * r
        d_r = d_inner * (inner * (1 - r))
        fed = cat([d_r, d_z, d_inner], 1)
        states.append(fed)
        inputs.append(cat([d_r, d_z, d_n], 1))
        dh = with_leading(dh, grad * z + fed @ w_hh)
    by_input, by_state = (in_time_order(parts, not reverse) for parts in (inputs, states))
    return only(
        wanted,
        lambda: by_input @ w_ih,
        lambda: dh,
        lambda: by_input.mT @ x,
        lambda: by_state.mT @ in_time_order(before, reverse),
        lambda: by_input.sum(0),
        lambda: by_state.sum(0),
    )


def _gradient(
    g: Any, input: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, out: Any,
    needs: tuple[bool, ...], batch_sizes: Any, reverse: bool,
) -> tuple[Any, ...]:  # fmt: skip
    given = (input, h0, w_ih, w_hh)
    if not may_use_states():  # it will be differentiated again: through the states as well
        output, _, gates = _gru_in_parts(input, h0, w_ih, w_hh, b_ih, b_hh, batch_sizes, reverse)
        everything = [*g[:2], *given, output, gates, batch_sizes, reverse, needs]
        found = _backward_in_parts(*everything)
    else:
        inputs = (*g[:2], *given, out[0], out[2])
        found = apply(GRU_BACKWARD, inputs, (batch_sizes, reverse, needs))
    return tuple(spread(found, needs))


# --- records ----------------------------------------------------------------------------------


def _operands(make: Any, rows: int, sizes: tuple[int, int, int], options: str = "") -> list[Any]:
    features, hidden, count = sizes
    small = {"low": -1.0, "high": 1.0}
    return [
        make.tensor((rows, features)),
        make.tensor((count, hidden), **small) if "s" in options else None,
        make.tensor((3 * hidden, features), **small),
        make.transposed((3 * hidden, hidden), **small),
        make.tensor((3 * hidden,), **small) if "b" in options else None,
        make.tensor((3 * hidden,), **small) if "b" in options else None,
    ]


GRU_LAYER = Operation(
    "gru_layer",
    inputs="input h0 w_ih w_hh b_ih b_hh",
    params="batch_sizes reverse",
    evaluate=_gru,
    infer=_infer_gru,
    gradient=_gradient,
    nondifferentiable_outputs=(2,),
    decompose=unrolled(_gru_in_parts),
    samples=lambda make: [
        make.sample(_operands(make, 6, (2, 3, 2), "sb"), ((2, 2, 2), False)),
        make.sample(_operands(make, 6, (2, 3, 2), "b"), ((2, 2, 2), True)),
        make.sample(_operands(make, 6, (2, 2, 3), "sb"), ((3, 2, 1), False)),
        make.sample(_operands(make, 6, (2, 2, 3), "s"), ((3, 2, 1), True)),
        make.sample(_operands(make, 0, (1, 2, 0), "s"), ((0, 0), False)),
        make.error(_operands(make, 6, (2, 3, 2), "sb"), ((2, 2), False), RuntimeError),
        make.error(_operands(make, 4, (2, 3, 1), "sb"), ((2, 2), False), RuntimeError),
    ],
)


def _backward_samples(make: Any) -> list[Any]:
    samples = []
    for options, batch_sizes, reverse, wanted in (
        ("sb", (2, 2, 2), False, (True,) * 6),
        ("sb", (2, 1), True, (True,) * 6),
        ("", (1, 1, 1), True, (False, False, True, True, False, False)),
    ):
        given = _operands(make, sum(batch_sizes), (2, 3, batch_sizes[0]), options)
        out = apply(GRU_LAYER, tuple(given), (batch_sizes, reverse))
        g = [make.tensor(tuple(o.shape)) for o in out[:2]] if options else [out[0], None]
        inputs = [*g, *given[:4], out[0], out[2]]
        samples.append(make.sample(inputs, (batch_sizes, reverse, wanted)))
    return samples


GRU_BACKWARD = Operation(
    "gru_layer_backward",
    inputs="g_output g_h input h0 w_ih w_hh output gates",
    params="batch_sizes reverse wanted",
    evaluate=_backward,
    infer=_infer_backward,
    decompose=unrolled(_backward_in_parts),
    samples=_backward_samples,
)
