"""Stacks of transformer layers, and the whole transformer."""

from __future__ import annotations

import copy
import math
import warnings
from typing import Any

from flambeau.core.errors import ShapeError, message
from flambeau.nn import init
from flambeau.nn.containers import ModuleList
from flambeau.nn.functional import relu
from flambeau.nn.functional.attention import canonical_mask, type_of
from flambeau.nn.module import Module
from flambeau.nn.normalisation import LayerNorm
from flambeau.nn.transformer_layers import (
    Activation,
    TransformerDecoderLayer,
    TransformerEncoderLayer,
)
from flambeau.ops.creation import full
from flambeau.ops.triangular import triu
from flambeau.tensor.modes import INTERPRETED, MODE
from flambeau.tensor.tensor import Tensor


def _copies(layer: Module, count: int) -> ModuleList:
    return ModuleList([copy.deepcopy(layer) for _ in range(count)])


class TransformerEncoder(Module):
    """Several encoder layers, one after the other.

    Args:
        encoder_layer: the layer; it is copied.
        num_layers: how many there are.
        norm: what normalises the result, if anything.
        enable_nested_tensor: whether padded positions may be left out in evaluation: what is
            found there is then zero.
        mask_check: whether to make sure first that padding is at the end.

    Shape: as for the layer.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.TransformerEncoderLayer(d_model=8, nhead=2, batch_first=True)
        >>> fb.nn.TransformerEncoder(layer, num_layers=2)(fb.zeros(4, 5, 8)).shape
        torch.Size([4, 5, 8])

    Differs from PyTorch: padded positions are computed and then set to zero, not left out.
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = _copies(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.mask_check = mask_check
        reason = _why_not_nested(encoder_layer)
        if enable_nested_tensor and reason:
            warnings.warn(
                message(
                    "TransformerEncoder: padded positions are not left out in evaluation",
                    expected="an encoder layer that allows it, or enable_nested_tensor=False",
                    got=reason,
                ),
                stacklevel=2,
            )
        self.use_nested_tensor = enable_nested_tensor and not reason

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        """The last layer's output.

        Args:
            src: the sequences.
            mask: (length, length), what is left out, or numbers to add.
            src_key_padding_mask: (batch, length), which positions are left out.
            is_causal: a hint that ``mask`` leaves out later positions and nothing else.
        """
        padding = canonical_mask(
            src_key_padding_mask, "src_key_padding_mask", type_of(mask), "mask", src.dtype
        )
        mask = canonical_mask(mask, "mask", None, "", src.dtype)
        output = src
        for layer in self.layers:
            output = layer(
                output, src_mask=mask, is_causal=bool(is_causal), src_key_padding_mask=padding
            )
        if mask is None and padding is not None and self._leaves_padding_out(src, padding):
            output = output.masked_fill((padding != 0).unsqueeze(-1), 0.0)
        return output if self.norm is None else self.norm(output)

    def _leaves_padding_out(self, src: Any, padding: Any) -> bool:
        """Whether this is a call in which PyTorch computes on nested tensors."""
        first = self.layers[0]
        if not self.use_nested_tensor or first.training or src.ndim != 3:
            return False
        if MODE.code & INTERPRETED:
            return False
        tensors = [src, *first.parameters()]
        if MODE.code and any(t.requires_grad for t in tensors):
            return False
        kept = padding == 0
        at_the_end = bool((kept[:, 1:] <= kept[:, :-1]).all())
        return at_the_end or not self.mask_check


def _why_not_nested(layer: Any) -> str:
    """Why PyTorch does not compute on nested tensors with such a layer; empty if it does."""
    if not isinstance(layer, TransformerEncoderLayer):
        return "the layer is no TransformerEncoderLayer"
    attention = layer.self_attn
    reasons = (
        (layer.norm_first, "norm_first=True"),
        (not attention.batch_first, "batch_first=False"),
        (not attention._qkv_same_embed_dim, "key and value of other sizes"),
        (attention.in_proj_bias is None, "bias=False"),
        (not layer.activation_relu_or_gelu, "an activation that is neither relu nor gelu"),
        (layer.norm1.eps != layer.norm2.eps, "norms with different eps"),
        (attention.num_heads % 2 == 1, "an odd number of heads"),
    )
    return next((reason for holds, reason in reasons if holds), "")


class TransformerDecoder(Module):
    """Several decoder layers, one after the other.

    Args:
        decoder_layer: the layer; it is copied.
        num_layers: how many there are.
        norm: what normalises the result, if anything.

    Shape: as for the layer.

    Example:
        >>> import flambeau as fb
        >>> layer = fb.nn.TransformerDecoderLayer(d_model=8, nhead=2)
        >>> fb.nn.TransformerDecoder(layer, 2)(fb.zeros(5, 4, 8), fb.zeros(3, 4, 8)).shape
        torch.Size([5, 4, 8])
    """

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = _copies(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The last layer's output; the arguments are the layer's."""
        output = tgt
        for layer in self.layers:
            output = layer(
                output,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=bool(tgt_is_causal),
                memory_is_causal=memory_is_causal,
            )
        return output if self.norm is None else self.norm(output)


class Transformer(Module):
    """An encoder and a decoder.

    Matrices start as Xavier's uniform.

    Args:
        d_model: size of the vectors.
        nhead: how many heads each attention has.
        num_encoder_layers: how many layers the encoder has.
        num_decoder_layers: how many the decoder has.
        dim_feedforward: width of the networks.
        dropout: the probability of an element to become zero in training.
        activation: ``"relu"``, ``"gelu"`` or a function.
        custom_encoder: an encoder of one's own.
        custom_decoder: a decoder of one's own.
        layer_norm_eps: what is added to variances.
        batch_first: whether tensors are (batch, length, size).
        norm_first: whether what goes into the blocks is normalised, not what comes out.
        bias: whether there are biases.
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Shape: (s, batch, d_model) and (t, batch, d_model) -> (t, batch, d_model).

    Reference: A. Vaswani et al., "Attention Is All You Need", 2017.

    Example:
        >>> import flambeau as fb
        >>> model = fb.nn.Transformer(8, 2, 1, 1, dim_feedforward=16)
        >>> model(fb.zeros(5, 4, 8), fb.zeros(3, 4, 8)).shape
        torch.Size([3, 4, 8])
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = relu,
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        factory = {"device": device, "dtype": dtype}
        options = (
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first,
            norm_first, bias,
        )  # fmt: skip
        if custom_encoder is None:
            layer = TransformerEncoderLayer(*options, **factory)
            norm = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **factory)
            custom_encoder = TransformerEncoder(layer, num_encoder_layers, norm)
        self.encoder = custom_encoder
        if custom_decoder is None:
            layer = TransformerDecoderLayer(*options, **factory)
            norm = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **factory)
            custom_decoder = TransformerDecoder(layer, num_decoder_layers, norm)
        self.decoder = custom_decoder
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def _reset_parameters(self) -> None:
        for parameter in self.parameters():
            if parameter.dim() > 1:
                init.xavier_uniform_(parameter)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The decoder's output.

        Args:
            src: sequences for the encoder.
            tgt: sequences for the decoder.
            src_mask, tgt_mask, memory_mask: what each position may not see, or numbers to add.
            src_key_padding_mask, tgt_key_padding_mask, memory_key_padding_mask: which positions
                are left out.
            src_is_causal, tgt_is_causal, memory_is_causal: hints about the masks.

        Raises:
            RuntimeError: if batch sizes differ, or the size is not ``d_model``.
        """
        batch = 0 if self.batch_first else 1
        differ = src.ndim == 3 and src.shape[batch] != tgt.shape[batch]
        if differ or src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise ShapeError(
                message(
                    "Transformer: sizes do not fit",
                    expected=f"src and tgt of one batch size, and of size d_model={self.d_model}",
                    got=f"src {tuple(src.shape)} and tgt {tuple(tgt.shape)}",
                )
            )
        memory = self.encoder(
            src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal
        )
        return self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """A mask that leaves out later positions: ``-inf`` above the diagonal, 0 elsewhere.

        Args:
            sz: the length.
            device: the CPU.
            dtype: the type; the default type if not given.

        Example:
            >>> import flambeau as fb
            >>> fb.nn.Transformer.generate_square_subsequent_mask(2)
            tensor([[0., -inf],
                    [0., 0.]])
        """
        return triu(full((sz, sz), -math.inf, dtype=dtype, device=device), 1)
