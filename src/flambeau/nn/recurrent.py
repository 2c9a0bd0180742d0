"""Recurrent layers."""

from __future__ import annotations

import math
import warnings
from typing import Any

from flambeau.core.errors import ShapeError, message
from flambeau.nn import init
from flambeau.nn.module import Module
from flambeau.nn.packed_sequences import PackedSequence
from flambeau.nn.parameter import Parameter
from flambeau.ops.creation import empty
from flambeau.ops.recurrent import GRU as GRU_STACK
from flambeau.ops.recurrent import LSTM as LSTM_STACK
from flambeau.ops.recurrent import RNN_RELU, RNN_TANH, Stack
from flambeau.tensor.tensor import Tensor

_STACKS = {"LSTM": LSTM_STACK, "GRU": GRU_STACK, "RNN_TANH": RNN_TANH, "RNN_RELU": RNN_RELU}
_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


class RNNBase(Module):
    """What recurrent layers have in common: their weights, and the ways to call them.

    Args:
        mode: ``"LSTM"``, ``"GRU"``, ``"RNN_TANH"`` or ``"RNN_RELU"``.
        input_size: features of the input at each time.
        hidden_size: features of the state.
        num_layers: how many layers are put on top of each other.
        bias: whether there are biases.
        batch_first: whether input and output are (batch, length, features).
        dropout: the probability of an element between two layers to become zero in training.
        bidirectional: whether there is a second direction, from the end to the start.
        proj_size: features that an LSTM's state is projected to, 0 for none.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Raises:
        ValueError: if a size or the probability is out of range.
        TypeError: if a size or a flag has another type.
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        _check_dropout(dropout, num_layers)
        _check_flag("bias", bias)
        _check_flag("batch_first", batch_first)
        _check_sizes(input_size, hidden_size, num_layers, proj_size)
        if mode not in _STACKS:
            raise ValueError(
                message("RNNBase: unknown mode", expected=", ".join(_STACKS), got=repr(mode))
            )
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._all_weights: list[list[str]] = []
        directions = 2 if bidirectional else 1
        for layer in range(num_layers):
            for direction in range(directions):
                self._add_layer(layer, direction, directions, {"device": device, "dtype": dtype})
        self.reset_parameters()

    def _add_layer(self, layer: int, direction: int, directions: int, factory: Any) -> None:
        rows = _GATES[self.mode] * self.hidden_size
        fed_back = self.proj_size or self.hidden_size
        features = self.input_size if layer == 0 else fed_back * directions
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (rows, features),
            "weight_hh": (rows, fed_back),
        }
        if self.bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        suffix = f"_l{layer}" + ("_reverse" if direction else "")
        self._all_weights.append([name + suffix for name in shapes])
        for name, shape in shapes.items():
            setattr(self, name + suffix, Parameter(empty(shape, **factory)))

    @property
    def _flat_weights_names(self) -> list[str]:
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self) -> list[Any]:
        return [getattr(self, name) for names in self._all_weights for name in names]

    @property
    def all_weights(self) -> list[list[Any]]:
        """The weights of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def flatten_parameters(self) -> None:
        """Nothing: parameters need not lie side by side."""

    def reset_parameters(self) -> None:
        """Draw initial values: uniform on (-k, k), k = 1 / sqrt(hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        if self.proj_size != 0:
            text += f", proj_size={self.proj_size}"
        if self.num_layers != 1:
            text += f", num_layers={self.num_layers}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if self.batch_first is not False:
            text += f", batch_first={self.batch_first}"
        if self.dropout != 0:
            text += f", dropout={self.dropout}"
        if self.bidirectional is not False:
            text += f", bidirectional={self.bidirectional}"
        return text

    # --- calling ----------------------------------------------------------------------------

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """The outputs of the last layer at each time, and the final states of all layers.

        Args:
            input: a batch of sequences, one sequence without a batch dimension, or packed ones.
            hx: the initial states; zeros if not given.

        Raises:
            ValueError: if the input has another number of dimensions or another type.
            RuntimeError: if sizes do not fit.
        """
        states = None if hx is None else (hx,) if isinstance(hx, Tensor) else tuple(hx)
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, states)
        array = input._array
        if array.ndim not in (2, 3):
            raise ValueError(
                message(
                    f"{type(self).__name__}: wrong number of dimensions",
                    expected="input of 3 dimensions, or 2 without a batch",
                    got=f"input of shape {tuple(array.shape)}",
                )
            )
        batched = array.ndim == 3
        batch = 0 if self.batch_first else 1
        if states is not None:
            self._check_batched(states, batched)
        if not batched:
            input = input.unsqueeze(batch)
            states = None if states is None else tuple([s.unsqueeze(1) for s in states])
        self._check_input(input, 3)
        if states is not None:
            self._check_states(states, input.shape[batch])
        output, *final = self._stack().padded(
            input, states, self._flat_weights, self.bias, self.num_layers, self.dropout,
            self.training, self.bidirectional, self.batch_first,
        )  # fmt: skip
        if not batched:
            output, final = output.squeeze(batch), [s.squeeze(1) for s in final]
        return output, self._as_states(final)

    def _forward_packed(self, packed: PackedSequence, states: Any) -> tuple[Any, Any]:
        data, _, order, back = packed
        sizes = packed.steps
        self._check_input(data, 2)
        if states is not None:
            states = tuple([_permuted(s, order) for s in states])
            self._check_states(states, sizes[0])
        output, *final = self._stack().packed_rows(
            data, sizes, states, self._flat_weights, self.bias, self.num_layers, self.dropout,
            self.training, self.bidirectional,
        )  # fmt: skip
        final = [_permuted(s, back) for s in final]
        return packed.with_data(output, sizes), self._as_states(final)

    def _stack(self) -> Stack:
        return _STACKS[self.mode]

    def _as_states(self, final: list[Any]) -> Any:
        return tuple(final) if self.mode == "LSTM" else final[0]

    def _check_batched(self, states: tuple[Any, ...], batched: bool) -> None:
        ndim = 3 if batched else 2
        if any(s.ndim != ndim for s in states):
            raise ShapeError(
                message(
                    f"{type(self).__name__}: wrong number of dimensions of a state",
                    expected=f"states of {ndim} dimensions, as the input has",
                    got=", ".join(str(tuple(s.shape)) for s in states),
                )
            )

    def _check_input(self, input: Any, ndim: int) -> None:
        weight = getattr(self, self._all_weights[0][0])
        if input.dtype is not weight.dtype:
            raise ValueError(
                message(
                    f"{type(self).__name__}: input and weights of different types",
                    expected=str(weight.dtype),
                    got=str(input.dtype),
                    help=f"input.to({weight.dtype}), or model.to({input.dtype})",
                )
            )
        if input.ndim != ndim or input.shape[-1] != self.input_size:
            raise ShapeError(
                message(
                    f"{type(self).__name__}: size of the input does not fit",
                    expected=f"{ndim} dimensions, the last of size input_size={self.input_size}",
                    got=f"input of shape {tuple(input.shape)}",
                )
            )

    def _check_states(self, states: tuple[Any, ...], count: int) -> None:
        places = self.num_layers * (2 if self.bidirectional else 1)
        expected = [(places, count, self.proj_size or self.hidden_size)]
        if self.mode == "LSTM":
            expected.append((places, count, self.hidden_size))
        found = [tuple(s.shape) for s in states]
        if found != expected:
            raise ShapeError(
                message(
                    f"{type(self).__name__}: size of a state does not fit",
                    expected=" and ".join(map(str, expected)),
                    got=" and ".join(map(str, found)),
                )
            )


def _permuted(state: Any, order: Any) -> Any:
    return state if order is None else state.index_select(1, order)


def _check_dropout(dropout: Any, num_layers: int) -> None:
    number = isinstance(dropout, (int, float)) and not isinstance(dropout, bool)
    if not number or not 0 <= dropout <= 1:
        raise ValueError(
            message(
                "RNNBase: dropout is not a probability",
                expected="a number in [0, 1]",
                got=repr(dropout),
            )
        )
    if dropout > 0 and num_layers == 1:
        warnings.warn(
            message(
                "RNNBase: dropout without effect",
                expected="two layers or more: it acts between layers",
                got=f"dropout={dropout} and num_layers=1",
            ),
            stacklevel=4,
        )


def _check_flag(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise TypeError(
            message(f"RNNBase: {name} is not a bool", expected="a bool", got=type(value).__name__)
        )


def _check_sizes(input_size: Any, hidden_size: Any, num_layers: int, proj_size: int) -> None:
    for name, value in (("input_size", input_size), ("hidden_size", hidden_size)):
        if not isinstance(value, int):
            raise TypeError(
                message(
                    f"RNNBase: {name} is not an int", expected="an int", got=type(value).__name__
                )
            )
    named = {"input_size": input_size, "hidden_size": hidden_size, "num_layers": num_layers}
    for name, value in named.items():
        if value <= 0:
            raise ValueError(
                message(f"RNNBase: {name} is too small", expected="at least 1", got=str(value))
            )
    if not 0 <= proj_size < hidden_size:
        raise ValueError(
            message(
                "RNNBase: proj_size is out of range",
                expected=f"0 for none, or less than hidden_size={hidden_size}",
                got=str(proj_size),
            )
        )


def _refuse_projection(kwargs: dict[str, Any]) -> None:
    if "proj_size" in kwargs:
        raise ValueError(
            message(
                "RNN: proj_size is for LSTM only",
                expected="no proj_size",
                got=f"proj_size={kwargs['proj_size']}",
            )
        )


class RNN(RNNBase):
    """A plain recurrent network (Elman's).

    :math:`h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)`, or with ReLU.

    Weights and biases start uniform on (-k, k), k = 1 / sqrt(hidden_size).

    Args:
        input_size: features of the input at each time.
        hidden_size: features of the state.
        num_layers: how many layers are put on top of each other.
        nonlinearity: ``"tanh"`` or ``"relu"``.
        bias: whether there are biases.
        batch_first: whether input and output are (batch, length, features).
        dropout: the probability of an element between two layers to become zero in training.
        bidirectional: whether there is a second direction, from the end to the start.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Shape: (length, batch, input_size) and states (layers · directions, batch, hidden_size) ->
        (length, batch, directions · hidden_size) and states. The batch dimension may be missing.

    Raises:
        ValueError: if an argument is out of range.

    Reference: J. L. Elman, "Finding Structure in Time", Cognitive Science 14, 1990.

    Example:
        >>> import flambeau as fb
        >>> output, h = fb.nn.RNN(10, 20, 2)(fb.zeros(5, 3, 10))
        >>> output.shape, h.shape
        (torch.Size([5, 3, 20]), torch.Size([2, 3, 20]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _refuse_projection(kwargs)
        if len(args) > 3:
            nonlinearity = args[3]
            args = args[:3] + args[4:]
        else:
            nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                message(
                    "RNN: unknown nonlinearity",
                    expected="'tanh' or 'relu'",
                    got=repr(nonlinearity),
                )
            )
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """A long short-term memory.

    :math:`c_t = σ(f_t) c_{t-1} + σ(i_t) tanh(g_t)`, :math:`h_t = σ(o_t) tanh(c_t)`,
    where i, f, g, o are the four parts of :math:`W_ih x_t + b_ih + W_hh h_{t-1} + b_hh`.

    Weights and biases start uniform on (-k, k), k = 1 / sqrt(hidden_size).

    Args:
        input_size: features of the input at each time.
        hidden_size: features of the cell.
        num_layers: how many layers are put on top of each other.
        bias: whether there are biases.
        batch_first: whether input and output are (batch, length, features).
        dropout: the probability of an element between two layers to become zero in training.
        bidirectional: whether there is a second direction, from the end to the start.
        proj_size: features that h is projected to, 0 for none.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Shape: (length, batch, input_size) and states h, c of (layers · directions, batch, size) ->
        (length, batch, directions · size) and (h, c). The batch dimension may be missing.

    Raises:
        ValueError: if an argument is out of range.

    Reference: S. Hochreiter and J. Schmidhuber, "Long Short-Term Memory", 1997; H. Sak et al.,
        "Long Short-Term Memory Based Recurrent Neural Network Architectures", 2014 (projections).

    Example:
        >>> import flambeau as fb
        >>> output, (h, c) = fb.nn.LSTM(10, 20, bidirectional=True)(fb.zeros(5, 3, 10))
        >>> output.shape, c.shape
        (torch.Size([5, 3, 40]), torch.Size([2, 3, 20]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)


class GRU(RNNBase):
    """A gated recurrent unit.

    :math:`h_t = (1 - z_t) tanh(W_in x_t + b_in + r_t (W_hn h_{t-1} + b_hn)) + z_t h_{t-1}`,
    where r and z are sigmoids of :math:`W_i x_t + b_i + W_h h_{t-1} + b_h`.

    Weights and biases start uniform on (-k, k), k = 1 / sqrt(hidden_size).

    Args:
        input_size: features of the input at each time.
        hidden_size: features of the state.
        num_layers: how many layers are put on top of each other.
        bias: whether there are biases.
        batch_first: whether input and output are (batch, length, features).
        dropout: the probability of an element between two layers to become zero in training.
        bidirectional: whether there is a second direction, from the end to the start.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Shape: (length, batch, input_size) and states (layers · directions, batch, hidden_size) ->
        (length, batch, directions · hidden_size) and states. The batch dimension may be missing.

    Raises:
        ValueError: if an argument is out of range.

    Reference: K. Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014;
        the reset gate acts after the matrix, as in J. Chung et al., 2014.

    Example:
        >>> import flambeau as fb
        >>> output, h = fb.nn.GRU(10, 20, batch_first=True)(fb.zeros(3, 5, 10))
        >>> output.shape, h.shape
        (torch.Size([3, 5, 20]), torch.Size([1, 3, 20]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _refuse_projection(kwargs)
        super().__init__("GRU", *args, **kwargs)
