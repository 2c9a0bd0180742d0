"""The attention layer."""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import message
from flambeau.nn import init
from flambeau.nn.attention_backends import SDPBackend as SDPBackend
from flambeau.nn.attention_backends import sdpa_kernel as sdpa_kernel
from flambeau.nn.functional.attention import multi_head_attention_forward
from flambeau.nn.linear import Linear
from flambeau.nn.module import Module
from flambeau.nn.parameter import Parameter
from flambeau.ops.creation import empty
from flambeau.tensor.tensor import Tensor


class NonDynamicallyQuantizableLinear(Linear):
    """A linear layer under the name that PyTorch gives the last one of an attention layer."""


class MultiheadAttention(Module):
    """Attention with several heads.

    :math:`head_i = softmax(q_i k_i^T / sqrt(e) + mask) v_i`, :math:`out = W_o [head_1, …] + b_o`,
    where :math:`q_i, k_i, v_i` are the parts of the projected query, key and value.

    Projections start as Xavier's uniform, biases as zero.

    Args:
        embed_dim: size of the query and of the result.
        num_heads: how many heads there are; they divide ``embed_dim`` among them.
        dropout: the probability of a weight to become zero in training.
        bias: whether projections have biases.
        add_bias_kv: whether there is one more, learnt, key and value.
        add_zero_attn: whether there is one more key and value of zeros.
        kdim: size of the key; ``embed_dim`` if not given.
        vdim: size of the value; ``embed_dim`` if not given.
        batch_first: whether tensors are (batch, length, size).
        device: the CPU.
        dtype: the type of the parameters; the default type if not given.

    Shape: (l, batch, embed_dim), (s, batch, kdim), (s, batch, vdim) -> (l, batch, embed_dim) and
        weights (batch, l, s). The batch dimension may be missing.

    Raises:
        ValueError: if ``embed_dim`` or ``num_heads`` is not positive.
        AssertionError: if ``num_heads`` does not divide ``embed_dim``.

    Reference: A. Vaswani et al., "Attention Is All You Need", 2017, section 3.2.2.

    Example:
        >>> import flambeau as fb
        >>> x = fb.zeros(5, 2, 8)
        >>> output, weights = fb.nn.MultiheadAttention(8, 4)(x, x, x)
        >>> output.shape, weights.shape
        (torch.Size([5, 2, 8]), torch.Size([2, 5, 5]))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        _check(embed_dim, num_heads)
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim == self.vdim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        factory = {"device": device, "dtype": dtype}
        if self._qkv_same_embed_dim:
            self.in_proj_weight = Parameter(empty(3 * embed_dim, embed_dim, **factory))
            absent = ("q_proj_weight", "k_proj_weight", "v_proj_weight")
        else:
            self.q_proj_weight = Parameter(empty(embed_dim, embed_dim, **factory))
            self.k_proj_weight = Parameter(empty(embed_dim, self.kdim, **factory))
            self.v_proj_weight = Parameter(empty(embed_dim, self.vdim, **factory))
            absent = ("in_proj_weight",)
        for name in absent:
            self.register_parameter(name, None)
        in_proj_bias = Parameter(empty(3 * embed_dim, **factory)) if bias else None
        self.register_parameter("in_proj_bias", in_proj_bias)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias, **factory)
        self.bias_k = Parameter(empty(1, 1, embed_dim, **factory)) if add_bias_kv else None
        self.bias_v = Parameter(empty(1, 1, embed_dim, **factory)) if add_bias_kv else None
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        """Draw initial values."""
        for weight in (
            self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight,
        ):  # fmt: skip
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """The result, and the weights if they are wanted.

        Args:
            query, key, value: sequences; the same tensor three times for self-attention.
            key_padding_mask: (batch, s), which keys are left out, or numbers to add.
            need_weights: whether weights are returned; without them it is faster.
            attn_mask: (l, s) or (batch · heads, l, s), what is left out, or numbers to add.
            average_attn_weights: whether weights are averaged over the heads.
            is_causal: a hint that ``attn_mask`` leaves out later positions and nothing else.

        Raises:
            AssertionError: if numbers of dimensions or sizes do not fit.
            RuntimeError: if the shape of a mask does not fit.
        """
        turned = self.batch_first and query.ndim == 3
        if turned:
            query, key, value = _time_first(query, key, value)
        output, weights = multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return (output.transpose(0, 1) if turned else output), weights


def _time_first(query: Any, key: Any, value: Any) -> tuple[Any, Any, Any]:
    """Transposed; what was one tensor stays one, so that it is projected in one product."""
    first = query.transpose(0, 1)
    second = first if key is query else key.transpose(0, 1)
    third = second if value is key else value.transpose(0, 1)
    return first, second, third


def _check(embed_dim: int, num_heads: int) -> None:
    if embed_dim <= 0 or num_heads <= 0:
        raise ValueError(
            message(
                "MultiheadAttention: sizes are not positive",
                expected="embed_dim > 0 and num_heads > 0",
                got=f"embed_dim={embed_dim} and num_heads={num_heads}",
            )
        )
    if embed_dim % num_heads:
        raise AssertionError(
            message(
                "MultiheadAttention: heads do not divide the size",
                expected="a multiple of num_heads as embed_dim",
                got=f"embed_dim={embed_dim} and num_heads={num_heads}",
            )
        )
