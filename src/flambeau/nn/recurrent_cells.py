"""Single steps of recurrent networks, for loops of one's own."""

from __future__ import annotations

import math
from typing import Any

from flambeau.core.errors import message
from flambeau.nn import init
from flambeau.nn.module import Module
from flambeau.nn.parameter import Parameter
from flambeau.ops.creation import empty
from flambeau.ops.recurrent import gru_cell, lstm_cell, rnn_relu_cell, rnn_tanh_cell
from flambeau.tensor.tensor import Tensor


class RNNCellBase(Module):
    """What cells have in common: their weights.

    Args:
        input_size: features of the input.
        hidden_size: features of the state.
        bias: whether there are biases.
        num_chunks: how many gates there are.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows, factory = num_chunks * hidden_size, {"device": device, "dtype": dtype}
        self.weight_ih = Parameter(empty(rows, input_size, **factory))
        self.weight_hh = Parameter(empty(rows, hidden_size, **factory))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, Parameter(empty(rows, **factory)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw initial values: uniform on (-k, k), k = 1 / sqrt(hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        return text if self.bias is True else f"{text}, bias={self.bias}"

    def _checked(self, name: str, value: Any) -> Any:
        if value.ndim not in (1, 2):
            raise ValueError(
                message(
                    f"{type(self).__name__}: wrong number of dimensions of the {name}",
                    expected="2 dimensions, or 1 without a batch",
                    got=f"shape {tuple(value.shape)}",
                )
            )
        return value

    def _weights(self) -> tuple[Any, ...]:
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh

    def _zeros(self, input: Any) -> Any:
        return input.new_zeros((input._array.shape[0], self.hidden_size))


class RNNCell(RNNCellBase):
    """One step of a plain recurrent network.

    :math:`h' = tanh(W_ih x + b_ih + W_hh h + b_hh)`, or with ReLU.

    Weights and biases start uniform on (-k, k), k = 1 / sqrt(hidden_size).

    Args:
        input_size: features of the input.
        hidden_size: features of the state.
        bias: whether there are biases.
        nonlinearity: ``"tanh"`` or ``"relu"``.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Shape: (batch, input_size), (batch, hidden_size) -> (batch, hidden_size); the batch dimension
        may be missing, and so may the state.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.RNNCell(10, 20)(fb.zeros(3, 10)).shape
        torch.Size([3, 20])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The next state.

        Raises:
            ValueError: if input or state have another number of dimensions.
            RuntimeError: if sizes do not fit, or the nonlinearity is unknown.
        """
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(
                message(
                    "RNNCell: unknown nonlinearity",
                    expected="'tanh' or 'relu'",
                    got=repr(self.nonlinearity),
                )
            )
        step = rnn_tanh_cell if self.nonlinearity == "tanh" else rnn_relu_cell
        batched = self._checked("input", input).ndim == 2
        h = None if hx is None else self._checked("state", hx)
        if not batched:
            input, h = input.unsqueeze(0), None if h is None else h.unsqueeze(0)
        out = step(input, self._zeros(input) if h is None else h, *self._weights())
        return out if batched else out.squeeze(0)

    def extra_repr(self) -> str:
        text = super().extra_repr()
        if self.nonlinearity != "tanh":
            text += f", nonlinearity={self.nonlinearity}"
        return text


class LSTMCell(RNNCellBase):
    """One step of an LSTM.

    :math:`c' = σ(f) c + σ(i) tanh(g)`, :math:`h' = σ(o) tanh(c')`,
    where i, f, g, o are the four parts of :math:`W_ih x + b_ih + W_hh h + b_hh`.

    Weights and biases start uniform on (-k, k), k = 1 / sqrt(hidden_size).

    Args:
        input_size: features of the input.
        hidden_size: features of the cell.
        bias: whether there are biases.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Shape: (batch, input_size), twice (batch, hidden_size) -> twice (batch, hidden_size); the
        batch dimension may be missing, and so may the states.

    Example:
        >>> import flambeau as fb
        >>> h, c = fb.nn.LSTMCell(10, 20)(fb.zeros(3, 10))
        >>> h.shape, c.shape
        (torch.Size([3, 20]), torch.Size([3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: Any = None) -> tuple[Tensor, Tensor]:
        """The next hidden state and cell.

        Raises:
            ValueError: if input or states have another number of dimensions.
            RuntimeError: if sizes do not fit.
        """
        batched = self._checked("input", input).ndim == 2
        states = None if hx is None else [self._checked("state", s) for s in hx]
        if not batched:
            input = input.unsqueeze(0)
            states = None if states is None else [s.unsqueeze(0) for s in states]
        if states is None:
            states = [self._zeros(input)] * 2
        h, c = lstm_cell(input, states, *self._weights())
        return (h, c) if batched else (h.squeeze(0), c.squeeze(0))


class GRUCell(RNNCellBase):
    """One step of a GRU.

    :math:`h' = (1 - z) tanh(W_in x + b_in + r (W_hn h + b_hn)) + z h`,
    where r and z are sigmoids of :math:`W_i x + b_i + W_h h + b_h`.

    Weights and biases start uniform on (-k, k), k = 1 / sqrt(hidden_size).

    Args:
        input_size: features of the input.
        hidden_size: features of the state.
        bias: whether there are biases.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Shape: (batch, input_size), (batch, hidden_size) -> (batch, hidden_size); the batch dimension
        may be missing, and so may the state.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.GRUCell(10, 20)(fb.zeros(3, 10), fb.zeros(3, 20)).shape
        torch.Size([3, 20])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The next state.

        Raises:
            ValueError: if input or state have another number of dimensions.
            RuntimeError: if sizes do not fit.
        """
        batched = self._checked("input", input).ndim == 2
        h = None if hx is None else self._checked("state", hx)
        if not batched:
            input, h = input.unsqueeze(0), None if h is None else h.unsqueeze(0)
        out = gru_cell(input, self._zeros(input) if h is None else h, *self._weights())
        return out if batched else out.squeeze(0)
