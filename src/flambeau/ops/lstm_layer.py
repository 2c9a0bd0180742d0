"""One direction of one LSTM layer over whole sequences, and its gradient through time.

With gates in the order i, f, g, o:

    z_t = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh
    c_t = σ(z_f) c_{t-1} + σ(z_i) tanh(z_g),   h_t = W_hr (σ(z_o) tanh(c_t))

(``W_hr`` may be missing.) The gates and cells of all steps are outputs, for the way back.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.spec import Spec
from flambeau.ops.joining import cat, stack
from flambeau.ops.linear import ROWS_SUM, linear
from flambeau.ops.native_recurrence import dot, lstm_steps
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
def _lstm(
    x: np.ndarray, h: Any, c: Any, w_ih: np.ndarray, w_hh: np.ndarray, b_ih: Any, b_hh: Any,
    w_hr: Any, batch_sizes: tuple[int, ...], reverse: bool,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    kind = x.dtype
    count, size = batch_sizes[0], w_hh.shape[0] // 4
    states = ((h, w_hh.shape[1]), (c, size))
    make_sure(x, (w_ih, w_hh), (b_ih, b_hh), states, batch_sizes)
    h = np.zeros((count, w_hh.shape[1]), kind) if h is None else h
    c = np.zeros((count, size), kind) if c is None else c
    if w_hr is None and is_uniform(batch_sizes):
        found = lstm_steps(x, h, c, w_ih, w_hh, b_ih, b_hh, spans(batch_sizes, reverse), True)
        if found is not None:
            return found
    projected = x.dot(w_ih.T)
    if b_ih is not None:
        projected += b_ih + b_hh
    np.negative(projected, projected)  # σ(z) = 1 / (1 + exp(-z))
    rows = projected.shape[0]
    by_gate = projected.reshape(rows, 4, size).transpose(1, 0, 2)
    gates = np.empty((4, rows, size), kind)  # apart: NumPy is quickest on unbroken memory
    cells, hidden = np.empty((rows, size), kind), np.empty((rows, size), kind)
    output = hidden if w_hr is None else np.empty((rows, w_hr.shape[0]), kind)
    uniform = is_uniform(batch_sizes)
    if not uniform:
        h, c = h.copy(), c.copy()  # states are replaced where sequences still last
    transposed, product = w_hh.T, np.empty((count, 4 * size), kind)
    product_by_gate = product.reshape(count, 4, size).transpose(1, 0, 2)
    term = np.empty((count, size), kind)
    for start, stop in spans(batch_sizes, reverse):
        z, cell, out = gates[:, start:stop], cells[start:stop], hidden[start:stop]
        last = stop - start
        if uniform:
            held_h, held_c, fed, part = h, c, product, term
        else:
            held_h, held_c, fed, part = h[:last], c[:last], product[:last], term[:last]
        held_h.dot(transposed, fed)
        np.subtract(by_gate[:, start:stop], product_by_gate[:, :last], z)
        i, f, g, o = z
        np.tanh(g, part)
        np.exp(z, z)
        z += 1
        np.reciprocal(z, z)
        np.negative(part, g)
        np.multiply(i, g, part)
        np.multiply(f, held_c, cell)
        cell += part
        np.tanh(cell, out)
        out *= o
        if w_hr is not None:
            out = out.dot(w_hr.T, output[start:stop])
        if uniform:
            h, c = out, cell
        else:
            held_h[...] = out
            held_c[...] = cell
    return output, h.copy() if uniform else h, c.copy() if uniform else c, gates, cells


@in_single_precision
def _lstm_outputs(
    x: np.ndarray, h: Any, c: Any, w_ih: np.ndarray, w_hh: np.ndarray, b_ih: Any, b_hh: Any,
    w_hr: Any, batch_sizes: tuple[int, ...], reverse: bool,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    """The same without what the way back needs: every step works in the same memory."""
    if not is_uniform(batch_sizes):
        return _lstm(x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr, batch_sizes, reverse)[:3]
    kind = x.dtype
    count, size, fed_back = batch_sizes[0], w_hh.shape[0] // 4, w_hh.shape[1]
    states = ((h, fed_back), (c, size))
    make_sure(x, (w_ih, w_hh), (b_ih, b_hh), states, batch_sizes)
    h = np.zeros((count, fed_back), kind) if h is None else h
    if w_hr is None:
        first = np.zeros((count, size), kind) if c is None else c
        steps = spans(batch_sizes, reverse)
        found = lstm_steps(x, h, first, w_ih, w_hh, b_ih, b_hh, steps, False)
        if found is not None:
            return found[:3]
    c = np.zeros((count, size), kind) if c is None else c.copy()
    projected = x.dot(w_ih.T)
    if b_ih is not None:
        projected += b_ih + b_hh
    np.negative(projected, projected)
    rows = projected.shape[0]
    by_gate = projected.reshape(rows, 4, size).transpose(1, 0, 2)
    output = np.empty((rows, fed_back), kind)
    transposed, product = w_hh.T, np.empty((count, 4 * size), kind)
    product_by_gate = product.reshape(count, 4, size).transpose(1, 0, 2)
    z, term = np.empty((4, count, size), kind), np.empty((count, size), kind)
    i, f, minus_g, o = z
    for start, stop in spans(batch_sizes, reverse):
        h.dot(transposed, product)
        np.subtract(by_gate[:, start:stop], product_by_gate, z)
        np.tanh(minus_g, term)
        np.exp(z, z)
        z += 1
        np.reciprocal(z, z)
        term *= i
        c *= f
        c -= term
        h = output[start:stop]
        if w_hr is None:
            np.tanh(c, h)
            h *= o
        else:
            np.tanh(c, term)
            np.multiply(term, o, term)
            term.dot(w_hr.T, h)
    return output, h.copy(), c


def _infer_lstm(
    x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, w_hr: Any,
    batch_sizes: tuple[int, ...], reverse: bool,
) -> tuple[Spec, ...]:  # fmt: skip
    check_layer("lstm", 4, x, (h, c), (w_ih, w_hh, w_hr), (b_ih, b_hh), batch_sizes)
    rows, size, fed_back = x.shape[0], w_hh.shape[0] // 4, w_hh.shape[1]
    shapes = (
        (rows, fed_back), (batch_sizes[0], fed_back), (batch_sizes[0], size), (4, rows, size),
        (rows, size),
    )  # fmt: skip
    return tuple([Spec(shape, x.dtype) for shape in shapes])


def _lstm_in_parts(
    x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, w_hr: Any,
    batch_sizes: tuple[int, ...], reverse: bool,
) -> tuple[Any, ...]:  # fmt: skip
    size = w_hh.shape[0] // 4
    h = zeros_if_missing(h, x, batch_sizes[0], w_hh.shape[1])
    c = zeros_if_missing(c, x, batch_sizes[0], size)
    projected = linear(x, w_ih) if b_ih is None else linear(x, w_ih, b_ih + b_hh)
    outputs, gates, cells = [], [], []
    for start, stop in spans(batch_sizes, reverse):
        count = stop - start
        z = projected.narrow(0, start, count) + linear(leading(h, count), w_hh)
        i, f, g, o = z.split(size, 1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        cell = f * leading(c, count) + i * g
        out = o * cell.tanh()
        if w_hr is not None:
            out = linear(out, w_hr)
        outputs.append(out)
        gates.append(stack([i, f, g, o]))
        cells.append(cell)
        h, c = with_leading(h, out), with_leading(c, cell)
    output, cells = in_time_order(outputs, reverse), in_time_order(cells, reverse)
    return output, h, c, in_time_order(gates, reverse, 1), cells


# --- backward ---------------------------------------------------------------------------------


@in_single_precision
def _backward(
    g_output: Any, g_h: Any, g_c: Any, x: np.ndarray, h: Any, c: Any, w_ih: np.ndarray,
    w_hh: np.ndarray, w_hr: Any, output: np.ndarray, gates: np.ndarray, cells: np.ndarray,
    batch_sizes: tuple[int, ...], reverse: bool, wanted: tuple[bool, ...],
) -> tuple[np.ndarray, ...]:  # fmt: skip
    kind = x.dtype
    count, size = batch_sizes[0], w_hh.shape[0] // 4
    rows = gates.shape[1]
    i, f, g, o = gates
    tanh_c = np.tanh(cells)
    # What a gradient of a cell, or of a step's output, is multiplied by on its way to each z.
    slopes = np.subtract(1, gates)
    slopes *= gates
    d_i, d_f, d_g, d_o = slopes
    np.multiply(i, 1 - g * g, d_g)
    d_i *= g
    d_f *= previous(cells, c, batch_sizes, reverse)
    d_o *= tanh_c
    to_cell = o * (1 - tanh_c * tanh_c)
    to_three = slopes[:3]
    d_gates = np.empty((rows, 4, size), kind)
    d_three, d_last = d_gates.transpose(1, 0, 2)[:3], d_gates[:, 3]
    projected = 0 if w_hr is None else rows
    d_hidden = np.empty((projected, size), kind)
    total_out = np.empty((projected, w_hh.shape[1]), kind)
    dh = np.zeros((count, w_hh.shape[1]), kind) if g_h is None else g_h.copy()
    dc = np.zeros((count, size), kind) if g_c is None else g_c.copy()
    term = np.empty((count, size), kind)
    for start, stop in reversed(spans(batch_sizes, reverse)):
        last = stop - start
        grad_h, grad_c, part = dh[:last], dc[:last], term[:last]
        if g_output is not None:
            grad_h += g_output[start:stop]
        out = grad_h
        if w_hr is not None:
            total_out[start:stop] = grad_h
            out = grad_h.dot(w_hr, d_hidden[start:stop])
        np.multiply(out, to_cell[start:stop], part)
        grad_c += part
        np.multiply(grad_c, to_three[:, start:stop], d_three[:, start:stop])
        np.multiply(out, d_o[start:stop], d_last[start:stop])
        grad_c *= f[start:stop]
        dot(d_gates[start:stop].reshape(last, 4 * size), w_hh, grad_h)
    d_rows = d_gates.reshape(rows, 4 * size)
    return only(
        wanted,
        lambda: dot(d_rows, w_ih),
        lambda: dh,
        lambda: dc,
        lambda: dot(d_rows.T, x),
        lambda: dot(d_rows.T, previous(output, h, batch_sizes, reverse)),
        lambda: ROWS_SUM.evaluate(d_rows),
        lambda: total_out.T.dot(o * tanh_c),
    )


def _infer_backward(
    g_output: Any, g_h: Any, g_c: Any, x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, w_hr: Any,
    output: Any, gates: Any, cells: Any, batch_sizes: Any, reverse: bool, wanted: Any,
) -> tuple[Spec, ...]:  # fmt: skip
    count, size = batch_sizes[0], w_hh.shape[0] // 4
    shapes = (
        x.shape, (count, w_hh.shape[1]), (count, size), w_ih.shape, w_hh.shape, w_hh.shape[:1],
        () if w_hr is None else w_hr.shape,
    )  # fmt: skip
    return tuple([Spec(shape, x.dtype) for shape, want in zip(shapes, wanted) if want])


def _backward_in_parts(
    g_output: Any, g_h: Any, g_c: Any, x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, w_hr: Any,
    output: Any, gates: Any, cells: Any, batch_sizes: Any, reverse: bool, wanted: Any,
) -> tuple[Any, ...]:  # fmt: skip
    size = w_hh.shape[0] // 4
    h = zeros_if_missing(h, x, batch_sizes[0], w_hh.shape[1])
    c = zeros_if_missing(c, x, batch_sizes[0], size)
    dh = zeros_if_missing(g_h, x, batch_sizes[0], w_hh.shape[1])
    dc = zeros_if_missing(g_c, x, batch_sizes[0], size)
    steps = spans(batch_sizes, reverse)
    before = previous_rows(cells, c, batch_sizes, reverse)
    parts, outs, hiddens = [], [], []
    for (start, stop), held in zip(reversed(steps), reversed(before)):
        count = stop - start
        i, f, g, o = gates.narrow(1, start, count).unbind(0)
        tanh_c = cells.narrow(0, start, count).tanh()
        out = leading(dh, count)
        if g_output is not None:
            out = out + g_output.narrow(0, start, count)
        if w_hr is not None:
            outs.append(out)
            hiddens.append(o * tanh_c)
            out = out @ w_hr
        cell = leading(dc, count) + out * (o * (1 - tanh_c * tanh_c))
        d_z = cat(
            [cell * (g * (i * (1 - i))), cell * (held * (f * (1 - f))),
             cell * (i * (1 - g * g)), out * (tanh_c * (o * (1 - o)))], 1
        )  # fmt: skip
        parts.append(d_z)
        dh, dc = with_leading(dh, d_z @ w_hh), with_leading(dc, cell * f)
    d_rows = in_time_order(parts, not reverse)
    return only(
        wanted,
        lambda: d_rows @ w_ih,
        lambda: dh,
        lambda: dc,
        lambda: d_rows.mT @ x,
        lambda: d_rows.mT @ in_time_order(previous_rows(output, h, batch_sizes, reverse), reverse),
        lambda: d_rows.sum(0),
        lambda: in_time_order(outs, not reverse).mT @ in_time_order(hiddens, not reverse),
    )


def _gradient(
    g: Any, input: Any, h0: Any, c0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, w_hr: Any,
    out: Any, needs: tuple[bool, ...], batch_sizes: Any, reverse: bool,
) -> tuple[Any, ...]:  # fmt: skip
    bias = needs[5] or needs[6]
    wanted = (*needs[:5], bias, needs[7])
    given = (input, h0, c0, w_ih, w_hh, w_hr)
    if not may_use_states():  # it will be differentiated again: through the states as well
        made = _lstm_in_parts(input, h0, c0, w_ih, w_hh, b_ih, b_hh, w_hr, batch_sizes, reverse)
        reserve = (made[0], *made[3:])
        everything = [*g[:3], *given, *reserve, batch_sizes, reverse, wanted]
        found = _backward_in_parts(*everything)
    else:
        inputs = (*g[:3], *given, out[0], *out[3:])
        found = apply(LSTM_BACKWARD, inputs, (batch_sizes, reverse, wanted))
    d_input, d_h, d_c, d_ih, d_hh, d_bias, d_hr = spread(found, wanted)
    return (
        d_input, d_h, d_c, d_ih, d_hh, d_bias if needs[5] else None, d_bias if needs[6] else None,
        d_hr,
    )  # fmt: skip


# --- records ----------------------------------------------------------------------------------


def _operands(make: Any, rows: int, sizes: tuple[int, int, int], options: str = "") -> list[Any]:
    features, hidden, count = sizes
    fed_back = 1 if "p" in options else hidden
    small = {"low": -1.0, "high": 1.0}
    return [
        make.tensor((rows, features)),
        make.tensor((count, fed_back), **small) if "s" in options else None,
        make.tensor((count, hidden), **small) if "s" in options else None,
        make.tensor((4 * hidden, features), **small),
        make.transposed((4 * hidden, fed_back), **small),
        make.tensor((4 * hidden,), **small) if "b" in options else None,
        make.tensor((4 * hidden,), **small) if "b" in options else None,
        make.tensor((fed_back, hidden), **small) if "p" in options else None,
    ]


LSTM_LAYER = Operation(
    "lstm_layer",
    inputs="input h0 c0 w_ih w_hh b_ih b_hh w_hr",
    params="batch_sizes reverse",
    evaluate=_lstm,
    infer=_infer_lstm,
    gradient=_gradient,
    node_name="MkldnnRnnLayerBackward0",
    nondifferentiable_outputs=(3, 4),
    decompose=unrolled(_lstm_in_parts),
    samples=lambda make: [
        make.sample(_operands(make, 6, (2, 3, 2), "sb"), ((2, 2, 2), False)),
        make.sample(_operands(make, 6, (2, 3, 2), "b"), ((2, 2, 2), True)),
        make.sample(_operands(make, 6, (2, 2, 3), "sb"), ((3, 2, 1), False)),
        make.sample(_operands(make, 6, (2, 2, 3), "spb"), ((3, 2, 1), True)),
        make.sample(_operands(make, 2, (1, 2, 1), "p"), ((1, 1), False)),
        make.sample(_operands(make, 0, (1, 2, 0), "s"), ((0, 0), False)),
        make.error(_operands(make, 6, (2, 3, 2), "sb"), ((2, 2), False), RuntimeError),
        make.error(
            [*_operands(make, 4, (2, 3, 2)), make.tensor((4,))][:7] + [make.tensor((4, 3))],
            ((2, 2), False), RuntimeError,
        ),
        make.error(
            [make.tensor((4, 2), dtype="float32"), *_operands(make, 4, (2, 3, 2))[1:]],
            ((2, 2), False), RuntimeError,
        ),
    ],
)  # fmt: skip


LSTM_OUTPUTS = Operation(
    "lstm_layer_outputs",
    inputs="input h0 c0 w_ih w_hh b_ih b_hh w_hr",
    params="batch_sizes reverse",
    evaluate=_lstm_outputs,
    infer=lambda *given: _infer_lstm(*given)[:3],
    decompose=unrolled(lambda *given: _lstm_in_parts(*given)[:3]),
    samples=lambda make: [
        make.sample(_operands(make, 6, (2, 3, 2), "sb"), ((2, 2, 2), False)),
        make.sample(_operands(make, 6, (2, 3, 2), "p"), ((2, 2, 2), True)),
        make.sample(_operands(make, 6, (2, 2, 3), "spb"), ((3, 2, 1), True)),
        make.sample(_operands(make, 0, (1, 2, 0), "s"), ((0, 0), False)),
        make.error(_operands(make, 6, (2, 3, 2), "sb"), ((2, 2), False), RuntimeError),
    ],
)


def _backward_samples(make: Any) -> list[Any]:
    samples = []
    for options, batch_sizes, reverse, wanted in (
        ("sb", (2, 2, 2), False, (True,) * 6 + (False,)),
        ("spb", (2, 1), True, (True,) * 7),
        ("", (1, 1, 1), True, (False, False, False, True, True, False, False)),
    ):
        rows, count = sum(batch_sizes), batch_sizes[0]
        given = _operands(make, rows, (2, 3, count), options)
        out = apply(LSTM_LAYER, tuple(given), (batch_sizes, reverse))
        g = [make.tensor(tuple(o.shape)) for o in out[:3]] if options else [out[0], None, None]
        inputs = [*g, *given[:5], given[7], out[0], *out[3:]]
        samples.append(make.sample(inputs, (batch_sizes, reverse, wanted)))
    return samples


LSTM_BACKWARD = Operation(
    "lstm_layer_backward",
    inputs="g_output g_h g_c input h0 c0 w_ih w_hh w_hr output gates cells",
    params="batch_sizes reverse wanted",
    evaluate=_backward,
    infer=_infer_backward,
    decompose=unrolled(_backward_in_parts),
    samples=_backward_samples,
)
