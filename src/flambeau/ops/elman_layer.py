"""One direction of one plain recurrent layer over whole sequences, and its gradient.

h_t = f(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh),   f = tanh or relu
"""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.spec import Spec
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


@in_single_precision
def _rnn(
    x: np.ndarray, h: Any, w_ih: np.ndarray, w_hh: np.ndarray, b_ih: Any, b_hh: Any,
    relu: bool, batch_sizes: tuple[int, ...], reverse: bool,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    kind = x.dtype
    count, size = batch_sizes[0], w_hh.shape[1]
    make_sure(x, (w_ih, w_hh), (b_ih, b_hh), ((h, size),), batch_sizes)
    h = np.zeros((count, size), kind) if h is None else h
    output = x.dot(w_ih.T)
    if b_ih is not None:
        output += b_ih + b_hh
    uniform = is_uniform(batch_sizes)
    if not uniform:
        h = h.copy()  # states are replaced where sequences still last
    transposed, product = w_hh.T, np.empty((count, size), kind)
    for start, stop in spans(batch_sizes, reverse):
        last = stop - start
        held, fed = (h, product) if uniform else (h[:last], product[:last])
        held.dot(transposed, fed)
        out = output[start:stop]
        out += fed
        if relu:
            np.maximum(out, 0, out=out)
        else:
            np.tanh(out, out)
        if uniform:
            h = out
        else:
            held[...] = out
    return output, h.copy() if uniform else h


def _infer_rnn(
    x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, relu: bool, batch_sizes: Any,
    reverse: bool,
) -> tuple[Spec, ...]:  # fmt: skip
    name = "rnn_relu" if relu else "rnn_tanh"
    check_layer(name, 1, x, (h,), (w_ih, w_hh, None), (b_ih, b_hh), batch_sizes)
    size = w_hh.shape[1]
    return Spec((x.shape[0], size), x.dtype), Spec((batch_sizes[0], size), x.dtype)


def _rnn_in_parts(
    x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, relu: bool, batch_sizes: Any,
    reverse: bool,
) -> tuple[Any, ...]:  # fmt: skip
    h = zeros_if_missing(h, x, batch_sizes[0], w_hh.shape[1])
    projected = linear(x, w_ih) if b_ih is None else linear(x, w_ih, b_ih + b_hh)
    outputs = []
    for start, stop in spans(batch_sizes, reverse):
        count = stop - start
        out = projected.narrow(0, start, count) + linear(leading(h, count), w_hh)
        out = out.relu() if relu else out.tanh()
        outputs.append(out)
        h = with_leading(h, out)
    return in_time_order(outputs, reverse), h


@in_single_precision
def _backward(
    g_output: Any, g_h: Any, x: np.ndarray, h: Any, w_ih: np.ndarray, w_hh: np.ndarray,
    output: np.ndarray, relu: bool, batch_sizes: Any, reverse: bool, wanted: Any,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    kind = x.dtype
    count, size = batch_sizes[0], w_hh.shape[1]
    slopes = (output > 0).astype(kind) if relu else 1 - output * output
    d_rows = np.empty_like(output)
    dh = np.zeros((count, size), kind) if g_h is None else g_h.copy()
    for start, stop in reversed(spans(batch_sizes, reverse)):
        grad, d_z = dh[: stop - start], d_rows[start:stop]
        if g_output is not None:
            grad += g_output[start:stop]
        np.multiply(grad, slopes[start:stop], d_z)
        d_z.dot(w_hh, grad)
    return only(
        wanted,
        lambda: d_rows.dot(w_ih),
        lambda: dh,
        lambda: d_rows.T.dot(x),
        lambda: d_rows.T.dot(previous(output, h, batch_sizes, reverse)),
        lambda: ROWS_SUM.evaluate(d_rows),
    )


def _infer_backward(
    g_output: Any, g_h: Any, x: Any, h: Any, w_ih: Any, w_hh: Any, output: Any, relu: bool,
    batch_sizes: Any, reverse: bool, wanted: Any,
) -> tuple[Spec, ...]:  # fmt: skip
    state = (batch_sizes[0], w_hh.shape[1])
    shapes = (x.shape, state, w_ih.shape, w_hh.shape, w_hh.shape[:1])
    return tuple([Spec(shape, x.dtype) for shape, want in zip(shapes, wanted) if want])


def _backward_in_parts(
    g_output: Any, g_h: Any, x: Any, h: Any, w_ih: Any, w_hh: Any, output: Any, relu: bool,
    batch_sizes: Any, reverse: bool, wanted: Any,
) -> tuple[Any, ...]:  # fmt: skip
    h = zeros_if_missing(h, x, batch_sizes[0], w_hh.shape[1])
    dh = zeros_if_missing(g_h, x, batch_sizes[0], w_hh.shape[1])
    parts = []
    for start, stop in reversed(spans(batch_sizes, reverse)):
        out = output.narrow(0, start, stop - start)
        grad = leading(dh, stop - start)
        if g_output is not None:
            grad = grad + g_output.narrow(0, start, stop - start)
        d_z = grad * ((out > 0).to(out.dtype) if relu else 1 - out * out)
        parts.append(d_z)
        dh = with_leading(dh, d_z @ w_hh)
    d_rows = in_time_order(parts, not reverse)
    return only(
        wanted,
        lambda: d_rows @ w_ih,
        lambda: dh,
        lambda: d_rows.mT @ x,
        lambda: d_rows.mT @ in_time_order(previous_rows(output, h, batch_sizes, reverse), reverse),
        lambda: d_rows.sum(0),
    )


def _gradient(
    g: Any, input: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, out: Any,
    needs: tuple[bool, ...], relu: bool, batch_sizes: Any, reverse: bool,
) -> tuple[Any, ...]:  # fmt: skip
    wanted = (*needs[:4], needs[4] or needs[5])
    params = (relu, batch_sizes, reverse)
    given = (input, h0, w_ih, w_hh)
    if not may_use_states():  # it will be differentiated again: through the states as well
        output, _ = _rnn_in_parts(*given, b_ih, b_hh, *params)
        everything = [*g, *given, output, *params, wanted]
        found = _backward_in_parts(*everything)
    else:
        found = apply(RNN_BACKWARD, (*g, *given, out[0]), (*params, wanted))
    d_input, d_h, d_ih, d_hh, d_bias = spread(found, wanted)
    return (
        d_input, d_h, d_ih, d_hh, d_bias if needs[4] else None, d_bias if needs[5] else None,
    )  # fmt: skip


# --- records ----------------------------------------------------------------------------------


def _operands(make: Any, rows: int, sizes: tuple[int, int, int], options: str = "") -> list[Any]:
    features, hidden, count = sizes
    small = {"low": -1.0, "high": 1.0}
    return [
        make.tensor((rows, features)),
        make.tensor((count, hidden), **small) if "s" in options else None,
        make.tensor((hidden, features), **small),
        make.transposed((hidden, hidden), **small),
        make.tensor((hidden,), **small) if "b" in options else None,
        make.tensor((hidden,), **small) if "b" in options else None,
    ]


RNN_LAYER = Operation(
    "rnn_layer",
    inputs="input h0 w_ih w_hh b_ih b_hh",
    params="relu batch_sizes reverse",
    evaluate=_rnn,
    infer=_infer_rnn,
    gradient=_gradient,
    decompose=unrolled(_rnn_in_parts),
    samples=lambda make: [
        make.sample(_operands(make, 6, (2, 3, 2), "sb"), (False, (2, 2, 2), False)),
        make.sample(_operands(make, 6, (2, 3, 2), "b"), (True, (2, 2, 2), True)),
        make.sample(_operands(make, 6, (2, 2, 3), "sb"), (False, (3, 2, 1), False)),
        make.sample(_operands(make, 6, (2, 2, 3), "s"), (True, (3, 2, 1), True)),
        make.sample(_operands(make, 0, (1, 2, 0), "s"), (False, (0, 0), False)),
        make.error(_operands(make, 6, (2, 3, 2), "sb"), (False, (2, 2), False), RuntimeError),
        make.error(_operands(make, 4, (2, 3, 1), "sb"), (True, (2, 2), False), RuntimeError),
    ],
)


def _backward_samples(make: Any) -> list[Any]:
    samples = []
    for options, relu, batch_sizes, reverse, wanted in (
        ("sb", False, (2, 2, 2), False, (True,) * 5),
        ("sb", True, (2, 1), True, (True,) * 5),
        ("", False, (1, 1, 1), True, (False, False, True, True, False)),
    ):
        given = _operands(make, sum(batch_sizes), (2, 3, batch_sizes[0]), options)
        out = apply(RNN_LAYER, tuple(given), (relu, batch_sizes, reverse))
        g = [make.tensor(tuple(o.shape)) for o in out] if options else [out[0], None]
        samples.append(make.sample([*g, *given[:4], out[0]], (relu, batch_sizes, reverse, wanted)))
    return samples


RNN_BACKWARD = Operation(
    "rnn_layer_backward",
    inputs="g_output g_h input h0 w_ih w_hh output",
    params="relu batch_sizes reverse wanted",
    evaluate=_backward,
    infer=_infer_backward,
    decompose=unrolled(_backward_in_parts),
    samples=_backward_samples,
)
