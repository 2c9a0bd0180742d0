"""The layers of a transformer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.core.errors import message
from flambeau.nn.activation import GELU, ReLU
from flambeau.nn.attention import MultiheadAttention
from flambeau.nn.dropout import Dropout
from flambeau.nn.functional import gelu, relu
from flambeau.nn.functional.attention import canonical_mask, type_of
from flambeau.nn.linear import Linear
from flambeau.nn.module import Module
from flambeau.nn.normalisation import LayerNorm
from flambeau.tensor.tensor import Tensor

Activation = str | Callable[[Tensor], Tensor]


def _activation(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    if given not in ("relu", "gelu"):
        raise RuntimeError(
            message("Transformer: unknown activation", expected="'relu' or 'gelu'", got=repr(given))
        )
    return relu if given == "relu" else gelu


class _Layer(Module):
    """What encoder and decoder layers have in common."""

    def _feed_forward_parts(
        self, d_model: int, width: int, dropout: float, bias: bool, factory: Any
    ) -> None:
        self.linear1 = Linear(d_model, width, bias=bias, **factory)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(width, d_model, bias=bias, **factory)

    def _norms_and_dropouts(
        self, count: int, d_model: int, eps: float, dropout: float, bias: bool, factory: Any
    ) -> None:
        for number in range(1, count + 1):
            setattr(self, f"norm{number}", LayerNorm(d_model, eps=eps, bias=bias, **factory))
        for number in range(1, count + 1):
            setattr(self, f"dropout{number}", Dropout(dropout))

    def _sa_block(
        self, x: Any, attn_mask: Any, key_padding_mask: Any, is_causal: bool = False
    ) -> Any:
        return self.dropout1(
            self._attend(self.self_attn, x, x, attn_mask, key_padding_mask, is_causal)
        )

    def _feed_forward(self, x: Any) -> Any:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))

    def _attend(
        self, attention: Any, x: Any, memory: Any, mask: Any, padding: Any, causal: bool
    ) -> Any:
        return attention(
            x, memory, memory, attn_mask=mask, key_padding_mask=padding, need_weights=False,
            is_causal=causal,
        )[0]  # fmt: skip


class TransformerEncoderLayer(_Layer):
    """Self-attention and a network of two layers, each added to its input and normalised.

    :math:`x' = norm_1(x + attention(x))`, :math:`out = norm_2(x' + W_2 f(W_1 x'))`; with
    ``norm_first`` what goes into the blocks is normalised, not what comes out.

    Args:
        d_model: size of the vectors.
        nhead: how many heads the attention has.
        dim_feedforward: width of the network.
        dropout: the probability of an element to become zero in training.
        activation: ``"relu"``, ``"gelu"`` or a function.
        layer_norm_eps: what is added to variances.
        batch_first: whether tensors are (batch, length, size).
        norm_first: see above.
        bias: whether there are biases.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Shape: (length, batch, d_model) -> the same; the batch dimension may be missing.

    Raises:
        RuntimeError: for an unknown activation.

    Reference: A. Vaswani et al., "Attention Is All You Need", 2017; ``norm_first``: R. Xiong et
        al., "On Layer Normalization in the Transformer Architecture", 2020.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.TransformerEncoderLayer(d_model=8, nhead=2, batch_first=True)
        >>> layer(fb.zeros(4, 5, 8)).shape
        torch.Size([4, 5, 8])
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        factory = {"device": device, "dtype": dtype}
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first, **factory
        )
        self._feed_forward_parts(d_model, dim_feedforward, dropout, bias, factory)
        self.norm_first = norm_first
        self._norms_and_dropouts(2, d_model, layer_norm_eps, dropout, bias, factory)
        self.activation = _activation(activation)
        is_relu = self.activation is relu or isinstance(self.activation, ReLU)
        is_gelu = self.activation is gelu or isinstance(self.activation, GELU)
        self.activation_relu_or_gelu = 1 if is_relu else 2 if is_gelu else 0

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """The layer's output.

        Args:
            src: the sequences.
            src_mask: (length, length), what is left out, or numbers to add.
            src_key_padding_mask: (batch, length), which positions are left out.
            is_causal: a hint that ``src_mask`` leaves out later positions and nothing else.
        """
        padding = canonical_mask(
            src_key_padding_mask, "src_key_padding_mask", type_of(src_mask), "src_mask", src.dtype
        )
        mask = canonical_mask(src_mask, "src_mask", None, "", src.dtype)
        x = src
        if self.norm_first:
            x = x + self._sa_block(self.norm1(x), mask, padding, is_causal)
            return x + self._ff_block(self.norm2(x))
        x = self.norm1(x + self._sa_block(x, mask, padding, is_causal))
        return self.norm2(x + self._ff_block(x))

    def _ff_block(self, x: Any) -> Any:
        return self.dropout2(self._feed_forward(x))


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to a memory, and a network of two layers.

    Each is added to its input and normalised, as in :class:`TransformerEncoderLayer`.

    Args:
        d_model: size of the vectors.
        nhead: how many heads each attention has.
        dim_feedforward: width of the network.
        dropout: the probability of an element to become zero in training.
        activation: ``"relu"``, ``"gelu"`` or a function.
        layer_norm_eps: what is added to variances.
        batch_first: whether tensors are (batch, length, size).
        norm_first: whether what goes into the blocks is normalised, not what comes out.
        bias: whether there are biases.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Shape: (length, batch, d_model) and a memory (s, batch, d_model) -> (length, batch, d_model).

    Raises:
        RuntimeError: for an unknown activation.

    Reference: A. Vaswani et al., "Attention Is All You Need", 2017.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.TransformerDecoderLayer(d_model=8, nhead=2)
        >>> layer(fb.zeros(5, 4, 8), fb.zeros(3, 4, 8)).shape
        torch.Size([5, 4, 8])
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        factory = {"device": device, "dtype": dtype}
        for name in ("self_attn", "multihead_attn"):
            attention = MultiheadAttention(
                d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first, **factory
            )
            setattr(self, name, attention)
        self._feed_forward_parts(d_model, dim_feedforward, dropout, bias, factory)
        self.norm_first = norm_first
        self._norms_and_dropouts(3, d_model, layer_norm_eps, dropout, bias, factory)
        self.activation = _activation(activation)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The layer's output.

        Args:
            tgt: the sequences.
            memory: the encoder's output.
            tgt_mask, memory_mask: what each position may not see, or numbers to add.
            tgt_key_padding_mask, memory_key_padding_mask: which positions are left out.
            tgt_is_causal, memory_is_causal: hints about the masks.
        """
        x = tgt
        own = (tgt_mask, tgt_key_padding_mask, tgt_is_causal)
        other = (memory_mask, memory_key_padding_mask, memory_is_causal)
        if self.norm_first:
            x = x + self._sa_block(self.norm1(x), *own)
            x = x + self._mha_block(self.norm2(x), memory, *other)
            return x + self._ff_block(self.norm3(x))
        x = self.norm1(x + self._sa_block(x, *own))
        x = self.norm2(x + self._mha_block(x, memory, *other))
        return self.norm3(x + self._ff_block(x))

    def _mha_block(
        self, x: Any, mem: Any, attn_mask: Any, key_padding_mask: Any, is_causal: bool = False
    ) -> Any:
        return self.dropout2(
            self._attend(self.multihead_attn, x, mem, attn_mask, key_padding_mask, is_causal)
        )

    def _ff_block(self, x: Any) -> Any:
        return self.dropout3(self._feed_forward(x))
