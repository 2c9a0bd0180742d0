"""Attention with several heads, as one function of its weights."""

from __future__ import annotations

import math
import warnings
from typing import Any

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, message
from flambeau.ops.attention import scaled_dot_product_attention
from flambeau.ops.dropout import dropout as drop_out
from flambeau.ops.joining import cat
from flambeau.ops.likes import zeros_like
from flambeau.ops.linear import linear
from flambeau.ops.softmax import softmax
from flambeau.tensor.tensor import Tensor

NAME = "multi_head_attention_forward"


def canonical_mask(
    mask: Any, mask_name: str, other_type: Any, other_name: str, target_type: Any
) -> Any:
    """A mask as numbers to add: ``-inf`` where truth values leave something out.

    Args:
        mask: truth values, true where something is left out, or numbers; ``None`` stays.
        mask_name: for messages.
        other_type: the type of another mask that is given with this one, or ``None``.
        other_name: the other one's name.
        target_type: the type of the numbers.

    Raises:
        AssertionError: for a mask of another type.
    """
    if mask is None:
        return None
    if mask.dtype is not dtypes.bool_ and not mask.is_floating_point():
        raise AssertionError(
            message(
                f"{mask_name}: type of a mask",
                expected="bool or a floating-point type",
                got=str(mask.dtype),
            )
        )
    if other_type is not None and mask.dtype is not other_type:
        warnings.warn(
            message(
                f"{mask_name}: masks of two types",
                expected=f"the type of {other_name}, {other_type}",
                got=str(mask.dtype),
            ),
            stacklevel=3,
        )
    if mask.is_floating_point():
        return mask
    return zeros_like(mask, dtype=target_type).masked_fill(mask, -math.inf)


def type_of(mask: Any) -> Any:
    """The type of a mask, ``None`` if there is none."""
    return None if mask is None else mask.dtype


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """What :class:`flambeau.nn.MultiheadAttention` computes.

    Args:
        query, key, value: sequences, time first.
        embed_dim_to_check: the size that the query must have.
        num_heads: how many heads there are.
        in_proj_weight, in_proj_bias: projections of query, key and value, one below the other.
        bias_k, bias_v: one more key and value.
        add_zero_attn: whether there is one more key and value of zeros.
        dropout_p: the probability of a weight to become zero in training.
        out_proj_weight, out_proj_bias: the projection of the joined heads.
        training: whether ``dropout_p`` counts.
        key_padding_mask: (batch, s), which keys are left out, or numbers to add.
        need_weights: whether the weights are returned, too.
        attn_mask: (l, s) or (batch · heads, l, s), what is left out, or numbers to add.
        use_separate_proj_weight: whether there are three projections in place of
            ``in_proj_weight``.
        q_proj_weight, k_proj_weight, v_proj_weight: these three.
        static_k, static_v: projected keys and values to use in place of the computed ones.
        average_attn_weights: whether returned weights are averaged over the heads.
        is_causal: a hint that ``attn_mask`` leaves out later positions and nothing else.

    Shape: (l, batch, e), (s, batch, e), (s, batch, e) -> (l, batch, e) and weights
        (batch, l, s), or (batch, heads, l, s) if they are not averaged. Without a batch: (l, e).

    Raises:
        AssertionError: if numbers of dimensions or sizes do not fit.
        RuntimeError: if the shape of a mask does not fit.
    """
    batched = _check_shapes(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        query, key, value = query.unsqueeze(1), key.unsqueeze(1), value.unsqueeze(1)
        if key_padding_mask is not None:
            key_padding_mask = key_padding_mask.unsqueeze(0)
    length, batch, size = query.shape
    padding = canonical_mask(
        key_padding_mask, "key_padding_mask", type_of(attn_mask), "attn_mask", query.dtype
    )
    if is_causal and attn_mask is None:
        raise RuntimeError(
            message(
                f"{NAME}: is_causal is a hint about attn_mask",
                expected="attn_mask, e.g. from Transformer.generate_square_subsequent_mask",
                got="none",
            )
        )
    if is_causal and padding is None and not need_weights:
        mask = None
    else:
        mask = canonical_mask(attn_mask, "attn_mask", None, "", query.dtype)
        is_causal = False
    _check_sizes(size, embed_dim_to_check, num_heads, key, value, use_separate_proj_weight)
    if use_separate_proj_weight:
        weights = (q_proj_weight, k_proj_weight, v_proj_weight)
    else:
        weights = in_proj_weight
    q, k, v = _projections(query, key, value, weights, in_proj_bias)
    mask = _with_heads(mask, length, key.shape[0], batch, num_heads)
    if bias_k is not None or bias_v is not None:
        k, v = _with_bias(k, v, bias_k, bias_v, batch, (static_k, static_v))
        mask, padding = _one_more(mask), _one_more(padding)
    q = _heads_apart(q, num_heads)  # (batch, heads, l, e)
    k = _heads_apart(k, num_heads) if static_k is None else _static("static_k", static_k, q)
    v = _heads_apart(v, num_heads) if static_v is None else _static("static_v", static_v, q)
    if add_zero_attn:
        k, v = (cat([x, x.new_zeros((batch, num_heads, 1, x.shape[-1]))], 2) for x in (k, v))
        mask, padding = _one_more(mask), _one_more(padding)
    mask = _merged(mask, padding, batch, k.shape[2])
    dropout_p = dropout_p if training else 0.0
    found: Any = None
    if need_weights:
        found = _weights(q, k, mask, dropout_p)
        out = found @ v
        found = found.mean(1) if average_attn_weights else found
    else:
        out = scaled_dot_product_attention(q, k, v, mask, dropout_p, is_causal)
    out = out.permute(2, 0, 1, 3).reshape(length, batch, size)
    out = linear(out, out_proj_weight, out_proj_bias)
    if not batched:
        out, found = out.squeeze(1), None if found is None else found.squeeze(0)
    return out, found


# --- parts of it --------------------------------------------------------------------------------


def _weights(q: Any, k: Any, mask: Any, dropout_p: float) -> Any:
    scores = (q * math.sqrt(1.0 / q.shape[-1])) @ k.transpose(-1, -2)
    found = softmax(scores if mask is None else scores + mask, -1)
    return drop_out(found, dropout_p, True) if dropout_p > 0.0 else found


def _projections(query: Any, key: Any, value: Any, weights: Any, bias: Any) -> Any:
    """Query, key and value as the heads see them."""
    size = query.shape[-1]
    if isinstance(weights, tuple):
        biases = (None,) * 3 if bias is None else bias.chunk(3)
        return [linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases)]
    if key is value and query is key:  # self-attention: all in one product
        return linear(query, weights, bias).split(size, -1)
    if key is value:
        w_q, w_kv = weights.split([size, 2 * size])
        b_q, b_kv = (None, None) if bias is None else bias.split([size, 2 * size])
        return [linear(query, w_q, b_q), *linear(key, w_kv, b_kv).split(size, -1)]
    biases = (None,) * 3 if bias is None else bias.chunk(3)
    return [linear(x, w, b) for x, w, b in zip((query, key, value), weights.chunk(3), biases)]


def _heads_apart(x: Any, heads: int) -> Any:
    """(length, batch, size) -> (batch, heads, length, size / heads)."""
    length, batch, size = x.shape
    return x.reshape(length, batch, heads, size // heads).permute(1, 2, 0, 3)


def _static(name: str, given: Any, q: Any) -> Any:
    """Keys or values that are given already projected."""
    batch, heads, _, size = q.shape
    if given.shape[0] != batch * heads or given.shape[2] != size:
        raise AssertionError(
            message(
                f"{NAME}: size of {name} does not fit",
                expected=f"({batch * heads}, length, {size})",
                got=str(tuple(given.shape)),
            )
        )
    return given.reshape(batch, heads, given.shape[1], size)


def _with_heads(mask: Any, length: int, columns: int, batch: int, heads: int) -> Any:
    """The mask with dimensions for batch and heads."""
    if mask is None:
        return None
    expected = (length, columns) if mask.ndim == 2 else (batch * heads, length, columns)
    if tuple(mask.shape) != expected:
        raise ShapeError(
            message(
                f"{NAME}: shape of attn_mask does not fit",
                expected=str(expected),
                got=str(tuple(mask.shape)),
            )
        )
    if mask.ndim == 2:
        return mask.reshape(1, 1, length, columns)
    return mask.reshape(batch, heads, length, columns)


def _with_bias(
    k: Any, v: Any, bias_k: Any, bias_v: Any, batch: int, static: tuple[Any, Any]
) -> tuple[Any, Any]:
    """Keys and values, and one learnt key and value after them."""
    if bias_k is None or bias_v is None or any(x is not None for x in static):
        raise AssertionError(
            message(
                f"{NAME}: bias_k and bias_v do not go with this",
                expected="both or none, and no static_k or static_v beside them",
                got="another combination",
            )
        )
    pairs = ((k, bias_k), (v, bias_v))
    k, v = (cat([x, bias.expand(1, batch, bias.shape[-1])]) for x, bias in pairs)
    return k, v


def _one_more(mask: Any) -> Any:
    """The mask with one more column, in which nothing is left out."""
    return None if mask is None else cat([mask, mask.new_zeros((*mask.shape[:-1], 1))], -1)


def _merged(mask: Any, padding: Any, batch: int, columns: int) -> Any:
    if padding is None:
        return mask
    if tuple(padding.shape) != (batch, columns):
        raise AssertionError(
            message(
                f"{NAME}: shape of key_padding_mask does not fit",
                expected=str((batch, columns)),
                got=str(tuple(padding.shape)),
            )
        )
    padding = padding.reshape(batch, 1, 1, columns)
    return padding if mask is None else mask + padding


def _check_shapes(
    query: Any, key: Any, value: Any, key_padding_mask: Any, attn_mask: Any, heads: int
) -> bool:
    """Whether there is a batch dimension.

    Raises:
        AssertionError: if the numbers of dimensions do not fit.
    """
    ndim = query.ndim
    fits = ndim in (2, 3) and key.ndim == ndim and value.ndim == ndim
    fits = fits and (key_padding_mask is None or key_padding_mask.ndim == ndim - 1)
    fits = fits and (attn_mask is None or attn_mask.ndim in (2, 3))
    if fits and ndim == 2 and attn_mask is not None and attn_mask.ndim == 3:
        fits = tuple(attn_mask.shape) == (heads, query.shape[0], key.shape[0])
    if not fits:
        named = {
            "query": query, "key": key, "value": value, "key_padding_mask": key_padding_mask,
            "attn_mask": attn_mask,
        }  # fmt: skip
        raise AssertionError(
            message(
                f"{NAME}: dimensions do not fit",
                expected="query, key, value (length, batch, size) with key_padding_mask "
                "(batch, length), or all without batch; attn_mask (l, s) or (heads, l, s)",
                got=", ".join(
                    f"{name} {tuple(x.shape)}" for name, x in named.items() if x is not None
                ),
            )
        )
    return ndim == 3


def _check_sizes(
    size: int, expected: int, heads: int, key: Any, value: Any, separate: bool
) -> None:
    if size != expected or size % heads:
        raise AssertionError(
            message(
                f"{NAME}: size of the query does not fit",
                expected=f"{expected}, a multiple of {heads} heads",
                got=str(size),
            )
        )
    compared = [tuple(x.shape[:2] if separate else x.shape) for x in (key, value)]
    if compared[0] != compared[1]:
        raise AssertionError(
            message(
                f"{NAME}: key and value do not fit together",
                expected="the same length and batch, and the same size for one projection",
                got=f"key {tuple(key.shape)} and value {tuple(value.shape)}",
            )
        )
