"""Recurrent layers, stacked and in both directions, and single steps of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flambeau.core.errors import ShapeError, message
from flambeau.ops.dropout import dropout as drop_out
from flambeau.ops.elman_layer import RNN_LAYER
from flambeau.ops.gru_layer import GRU_LAYER
from flambeau.ops.joining import cat, stack
from flambeau.ops.lstm_layer import LSTM_LAYER, LSTM_OUTPUTS
from flambeau.ops.publish import public
from flambeau.tensor.dispatch import apply
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.tensor import Tensor

Layer = Callable[[Any, tuple[Any, ...], tuple[Any, ...], tuple[int, ...], bool], tuple[Any, ...]]


def _lstm_layer(
    rows: Any, states: Any, weights: Any, batch_sizes: Any, reverse: bool
) -> tuple[Any, ...]:
    inputs = (rows, *states, *weights)
    # Whoever interprets (forward mode, say) may want a derivative that no tensor asks for.
    asked = MODE.code and any([x is not None and x.requires_grad for x in inputs])
    if MODE.code < INTERPRETED and not asked:
        return apply(LSTM_OUTPUTS, inputs, (batch_sizes, reverse))
    return apply(LSTM_LAYER, inputs, (batch_sizes, reverse))[:3]


def _gru_layer(
    rows: Any, states: Any, weights: Any, batch_sizes: Any, reverse: bool
) -> tuple[Any, ...]:
    return apply(GRU_LAYER, (rows, *states, *weights[:4]), (batch_sizes, reverse))[:2]


def _elman_layer(relu: bool) -> Layer:
    def layer(rows: Any, states: Any, weights: Any, batch_sizes: Any, reverse: bool) -> Any:
        return apply(RNN_LAYER, (rows, *states, *weights[:4]), (relu, batch_sizes, reverse))

    return layer


class Stack:
    """How layers are put on top of each other.

    Args:
        name: of the public function.
        layer: one direction of one layer.
        states: how many states there are.
    """

    def __init__(self, name: str, layer: Layer, states: int) -> None:
        self.name = name
        self.layer = layer
        self.states = states

    def __call__(self, *given: Any, **named: Any) -> tuple[Tensor, ...]:
        """PyTorch's two forms: ``(input, hx, ...)``, and ``(data, batch_sizes, hx, ...)``."""
        packed = len(given) > 1 and isinstance(given[1], Tensor) and given[1].ndim == 1
        packed = packed or "batch_sizes" in named
        form = _PACKED if packed else _PADDED
        if len(given) > len(form):
            raise self.wrong_arguments(form)
        values = dict(zip(form, given)) | named
        if set(values) != set(form):
            raise self.wrong_arguments(form)
        call = self.packed if packed else self.padded
        return call(**values)

    def wrong_arguments(self, form: tuple[str, ...]) -> TypeError:
        return TypeError(
            message(f"{self.name}: wrong arguments", expected=", ".join(form), got="others")
        )

    def padded(
        self, input: Any, hx: Any, params: Any, has_biases: bool, num_layers: int,
        dropout: float, train: bool, bidirectional: bool, batch_first: bool,
    ) -> tuple[Tensor, ...]:  # fmt: skip
        """Sequences of one length."""
        if batch_first:
            input = input.transpose(0, 1)
        length, count, features = input._array.shape
        if length == 0:
            raise RuntimeError(
                message(
                    f"{self.name}: no time steps",
                    expected="sequences of length 1 or more",
                    got="length 0",
                )
            )
        rows = input.reshape(length * count, features)
        sizes = (count,) * length
        output, *states = self.rows_and_states(
            rows, sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional
        )
        output = _for_users(output.reshape(length, count, output._array.shape[1]))
        return (output.transpose(0, 1) if batch_first else output, *states)

    def packed(
        self, data: Any, batch_sizes: Any, hx: Any, params: Any, has_biases: bool,
        num_layers: int, dropout: float, train: bool, bidirectional: bool,
    ) -> tuple[Tensor, ...]:  # fmt: skip
        """Sequences of several lengths, packed."""
        sizes = tuple(batch_sizes.tolist())
        return self.packed_rows(
            data, sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional
        )

    def packed_rows(self, *given: Any) -> tuple[Tensor, ...]:
        """Packed sequences, with ``batch_sizes`` as Python numbers."""
        output, *states = self.rows_and_states(*given)
        return (_for_users(output), *states)

    def rows_and_states(
        self, rows: Any, sizes: tuple[int, ...], hx: Any, params: Any, has_biases: bool,
        num_layers: int, dropout: float, train: bool, bidirectional: bool,
    ) -> tuple[Tensor, ...]:  # fmt: skip
        """All layers over the rows of all steps."""
        directions = 2 if bidirectional else 1
        groups = _weights(self.name, params, has_biases, num_layers * directions)
        initial = self.initial_states(hx, num_layers * directions)
        final: list[tuple[Any, ...]] = []
        for layer in range(num_layers):
            outputs = []
            for direction in range(directions):
                place = layer * directions + direction
                out, *states = self.layer(rows, initial[place], groups[place], sizes, direction > 0)
                outputs.append(out)
                final.append(tuple(states))
            rows = outputs[0] if directions == 1 else cat(outputs, 1)
            if train and dropout and layer < num_layers - 1:
                rows = drop_out(rows, dropout, True)
        states = [stack([each[k] for each in final]) for k in range(self.states)]
        return (rows, *states)

    def initial_states(self, hx: Any, count: int) -> list[tuple[Any, ...]]:
        """The states of each layer and direction, ``None`` for zeros."""
        if hx is None:
            return [(None,) * self.states] * count
        given = (hx,) if isinstance(hx, Tensor) else tuple(hx)
        if len(given) != self.states:
            raise RuntimeError(
                message(
                    f"{self.name}: wrong number of states",
                    expected=f"{self.states}",
                    got=f"{len(given)}",
                )
            )
        for state in given:
            if state.ndim != 3 or state.shape[0] != count:
                raise ShapeError(
                    message(
                        f"{self.name}: size of a state does not fit",
                        expected=f"shape ({count}, batch, size): one for each layer and direction",
                        got=f"shape {tuple(state.shape)}",
                    )
                )
        if count == 1:
            return [tuple([state.squeeze(0) for state in given])]
        return list(zip(*[state.unbind(0) for state in given]))


_PADDED = (
    "input", "hx", "params", "has_biases", "num_layers", "dropout", "train", "bidirectional",
    "batch_first",
)  # fmt: skip
_PACKED = (
    "data", "batch_sizes", "hx", "params", "has_biases", "num_layers", "dropout", "train",
    "bidirectional",
)  # fmt: skip


def _for_users(x: Any) -> Any:
    """A result that may be changed in place: the layer's gradient needs its own as it is."""
    return x.clone() if x.requires_grad else x


def _weights(name: str, params: Sequence[Any], biases: bool, groups: int) -> list[tuple[Any, ...]]:
    """Weights and biases of each layer and direction: w_ih, w_hh, b_ih, b_hh, w_hr."""
    least = 4 if biases else 2
    each, rest = divmod(len(params), groups)
    if rest or each not in (least, least + 1):
        raise RuntimeError(
            message(
                f"{name}: wrong number of weights",
                expected=f"{least} (or {least + 1} with a projection) for each of {groups} "
                "layers and directions",
                got=f"{len(params)}",
            )
        )
    found = []
    for start in range(0, len(params), each):
        group = tuple(params[start : start + each])
        projection = (group[-1] if each > least else None,)
        found.append((*group[:2], *(group[2:4] if biases else (None, None)), *projection))
    return found


LSTM = Stack("lstm", _lstm_layer, 2)
GRU = Stack("gru", _gru_layer, 1)
RNN_TANH = Stack("rnn_tanh", _elman_layer(relu=False), 1)
RNN_RELU = Stack("rnn_relu", _elman_layer(relu=True), 1)


def _published(stack: Stack, what: str) -> Callable[..., tuple[Tensor, ...]]:
    def function(*given: Any, **named: Any) -> tuple[Tensor, ...]:
        return stack(*given, **named)

    function.__name__ = function.__qualname__ = stack.name
    function.__doc__ = f"""{what} over whole sequences: what the layer of :mod:`flambeau.nn` calls.

    ``(input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)`` for
    sequences of one length, ``(data, batch_sizes, hx, params, has_biases, num_layers, dropout,
    train, bidirectional)`` for packed ones. ``hx`` holds the initial states (a list for an LSTM),
    ``params`` the weights and biases of each layer and direction.

    Returns:
        The outputs of the last layer and the final states.

    Raises:
        RuntimeError: if sizes or types do not fit.
    """
    return public()(function)


lstm = _published(LSTM, "An LSTM")
gru = _published(GRU, "A GRU")
rnn_tanh = _published(RNN_TANH, "A plain recurrent network with tanh")
rnn_relu = _published(RNN_RELU, "A plain recurrent network with ReLU")


# --- one step ---------------------------------------------------------------------------------


def _one_step(name: str, input: Any, *states: Any) -> tuple[int, ...]:
    for value in (input, *states):
        if value.ndim != 2:
            raise ShapeError(
                message(
                    f"{name}: wrong number of dimensions",
                    expected="input and states of shape (batch, size)",
                    got=", ".join(str(tuple(x.shape)) for x in (input, *states)),
                )
            )
    return (input._array.shape[0],)


@public()
def lstm_cell(
    input: Tensor,
    hx: Sequence[Tensor],
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """One step of an LSTM; see :class:`flambeau.nn.LSTMCell`.

    Args:
        input: one vector for each sequence.
        hx: the hidden state and the cell.
        w_ih, w_hh: weights of input and state, for the gates i, f, g, o.
        b_ih, b_hh: biases.

    Shape: (n, features), (n, size) twice -> (n, size) twice.

    Raises:
        RuntimeError: if sizes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> z = fb.zeros
        >>> fb.lstm_cell(z(1, 2), (z(1, 1), z(1, 1)), z(4, 2), z(4, 1))
        (tensor([[0.]]), tensor([[0.]]))
    """
    h, c = hx
    sizes = _one_step("lstm_cell", input, h, c)
    weights = (w_ih, w_hh, b_ih, b_hh, None)
    output, _, cell = _lstm_layer(input, (h, c), weights, sizes, False)
    return _for_users(output), _for_users(cell)


@public()
def gru_cell(
    input: Tensor,
    hx: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:
    """One step of a GRU; see :class:`flambeau.nn.GRUCell`.

    Args:
        input: one vector for each sequence.
        hx: the hidden state.
        w_ih, w_hh: weights of input and state, for the gates r, z, n.
        b_ih, b_hh: biases.

    Shape: (n, features), (n, size) -> (n, size).

    Raises:
        RuntimeError: if sizes or types do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.gru_cell(fb.zeros(1, 2), fb.ones(1, 1), fb.zeros(3, 2), fb.zeros(3, 1))
        tensor([[0.5000]])
    """
    sizes = _one_step("gru_cell", input, hx)
    return _for_users(_gru_layer(input, (hx,), (w_ih, w_hh, b_ih, b_hh), sizes, False)[0])


def _elman_cell(name: str, relu: bool) -> Callable[..., Tensor]:
    layer = _elman_layer(relu)
    f = "relu" if relu else "tanh"

    def cell(
        input: Tensor,
        hx: Tensor,
        w_ih: Tensor,
        w_hh: Tensor,
        b_ih: Tensor | None = None,
        b_hh: Tensor | None = None,
    ) -> Tensor:
        sizes = _one_step(name, input, hx)
        return _for_users(layer(input, (hx,), (w_ih, w_hh, b_ih, b_hh), sizes, False)[0])

    cell.__name__ = cell.__qualname__ = name
    cell.__doc__ = f"""One step of a plain recurrent network; see :class:`flambeau.nn.RNNCell`.

    :math:`h' = {f}(W_ih x + b_ih + W_hh h + b_hh)`

    Args:
        input: one vector for each sequence.
        hx: the hidden state.
        w_ih, w_hh: weights of input and state.
        b_ih, b_hh: biases.

    Shape: (n, features), (n, size) -> (n, size).

    Raises:
        RuntimeError: if sizes or types do not fit.
    """
    return public()(cell)


rnn_tanh_cell = _elman_cell("rnn_tanh_cell", relu=False)
rnn_relu_cell = _elman_cell("rnn_relu_cell", relu=True)
