"""Scaled dot-product attention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, message
from flambeau.core.shapes import broadcast
from flambeau.core.spec import Spec, elementwise_strides
from flambeau.ops.dropout import dropout as drop_out
from flambeau.ops.matmul import matmul
from flambeau.ops.reduced_precision import in_single_precision
from flambeau.ops.selection import where
from flambeau.ops.sequences import arange
from flambeau.ops.softmax import softmax
from flambeau.tensor.dispatch import apply
from flambeau.tensor.interpreting import may_use_states
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

# --- forward ----------------------------------------------------------------------------------


@in_single_precision
def _attention(
    query: np.ndarray, key: np.ndarray, value: np.ndarray, mask: Any, causal: bool, scale: float
) -> tuple[np.ndarray, ...]:
    kind = query.dtype
    weights = np.matmul(query * kind.type(scale), key.swapaxes(-1, -2))
    if causal:
        weights[..., ~_causal(*weights.shape[-2:])] = -np.inf
    elif mask is not None and mask.dtype.kind == "b":
        weights = np.where(mask, weights, kind.type(-np.inf))
    elif mask is not None:
        weights += mask
    _softmax_in_place(weights)
    out = _laid_out(query, (*weights.shape[:-1], value.shape[-1]))
    np.matmul(weights, value, out)
    return out, weights


def _causal(rows: int, columns: int) -> np.ndarray:
    return np.tri(rows, columns, dtype=bool)


def _softmax_in_place(scores: np.ndarray) -> None:
    """Softmax over the last dimension; a row without anything to attend to becomes zero."""
    largest = np.maximum.reduce(scores, -1, keepdims=True, initial=-np.inf)
    largest[largest == -np.inf] = 0
    scores -= largest
    np.exp(scores, scores)
    total = np.add.reduce(scores, -1, keepdims=True)
    total[total == 0] = 1
    scores /= total


def _laid_out(query: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Memory for the result, laid out like the query: where the heads of one position lie side by
    side there, joining them to one vector costs nothing.
    """
    return np.empty_like(query) if query.shape == shape else np.empty(shape, query.dtype)


def _infer_attention(
    query: Any, key: Any, value: Any, mask: Any, causal: bool, scale: float
) -> tuple[Spec, Spec]:
    shape = _check(query, key, value, mask, causal)
    weights = Spec((*shape, key.shape[-2]), query.dtype)
    shape = (*shape, value.shape[-1])
    steps = elementwise_strides(shape, (query,))
    strides = None if steps is None else [step * query.dtype.itemsize for step in steps]
    return Spec(shape, query.dtype, strides), weights


def _check(query: Any, key: Any, value: Any, mask: Any, causal: bool) -> tuple[int, ...]:
    """The result's shape without its last dimension.

    Raises:
        RuntimeError: if shapes or types do not fit.
    """
    operands = (query, key, value)
    shown = ", ".join(
        f"{name} {tuple(x.shape)}" for name, x in zip(("query", "key", "value"), operands)
    )
    if any(x.ndim < 2 for x in operands):
        raise ShapeError(
            message(
                "scaled_dot_product_attention: too few dimensions",
                expected="query, key and value of shape (..., length, size)",
                got=shown,
            )
        )
    if key.dtype != query.dtype or value.dtype != query.dtype or query.dtype.kind not in "fV":
        raise RuntimeError(
            message(
                "scaled_dot_product_attention: types do not fit",
                expected="query, key and value of one floating-point type",
                got=", ".join(str(dtypes.of(x.dtype)) for x in operands),
            )
        )
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise ShapeError(
            message(
                "scaled_dot_product_attention: sizes do not fit",
                expected="query (..., l, e), key (..., s, e) and value (..., s, f)",
                got=shown,
            )
        )
    name = "scaled_dot_product_attention"
    batch = broadcast(name, query.shape[:-2], key.shape[:-2])
    batch = broadcast(name, batch, value.shape[:-2])
    shape = (*batch, query.shape[-2])
    if mask is not None:
        _check_mask(query, mask, causal, (*shape, key.shape[-2]))
    return shape


def _check_mask(query: Any, mask: Any, causal: bool, shape: tuple[int, ...]) -> None:
    if causal:
        raise RuntimeError(
            message(
                "scaled_dot_product_attention: a mask beside is_causal",
                expected="attn_mask or is_causal=True",
                got="both",
            )
        )
    if mask.dtype.kind != "b" and mask.dtype != query.dtype:
        raise RuntimeError(
            message(
                "scaled_dot_product_attention: type of the mask does not fit",
                expected=f"torch.bool or {dtypes.of(query.dtype)}",
                got=str(dtypes.of(mask.dtype)),
            )
        )
    if broadcast("scaled_dot_product_attention", mask.shape, shape) != shape:
        raise ShapeError(
            message(
                "scaled_dot_product_attention: shape of the mask does not fit",
                expected=f"a shape that broadcasts to {shape}",
                got=str(tuple(mask.shape)),
            )
        )


def _in_parts(
    query: Any, key: Any, value: Any, mask: Any, causal: bool, scale: float
) -> tuple[Any, Any]:
    weights = attention_weights(query, key, mask, causal, scale)
    return matmul(weights, value), weights


def attention_weights(query: Any, key: Any, mask: Any, causal: bool, scale: float) -> Any:
    """How much each position attends to each other one: rows that sum to 1, or to 0 where the
    mask leaves nothing.
    """
    scores = matmul(query * scale, key.transpose(-1, -2))
    if causal:
        rows, columns = scores.shape[-2:]
        allowed = arange(columns) <= arange(rows).reshape(rows, 1)
        return softmax(where(allowed, scores, -math.inf), -1)
    if mask is None:
        return softmax(scores, -1)
    scores = where(mask, scores, -math.inf) if mask.dtype is dtypes.bool_ else scores + mask
    nothing = (scores == -math.inf).all(-1, True)
    return where(nothing, 0, softmax(where(nothing, 0, scores), -1))


# --- backward ---------------------------------------------------------------------------------


@in_single_precision
def _backward(
    g: np.ndarray, query: np.ndarray, key: np.ndarray, value: np.ndarray, weights: np.ndarray,
    scale: float, wanted: tuple[bool, ...],
) -> tuple[np.ndarray, ...]:  # fmt: skip
    kind = query.dtype
    d_scores = np.matmul(g, value.swapaxes(-1, -2))
    d_scores *= weights
    d_scores -= weights * np.add.reduce(d_scores, -1, keepdims=True)
    found = []
    if wanted[3]:
        found.append(d_scores.copy())
    d_scores *= kind.type(scale)
    if wanted[2]:
        found.insert(0, np.matmul(weights.swapaxes(-1, -2), g))
    if wanted[1]:
        found.insert(0, np.matmul(d_scores.swapaxes(-1, -2), query))
    if wanted[0]:
        found.insert(0, np.matmul(d_scores, key))
    return tuple(found)


def _infer_backward(
    g: Any, query: Any, key: Any, value: Any, weights: Any, scale: float, wanted: tuple[bool, ...]
) -> tuple[Spec, ...]:
    batch = weights.shape[:-2]
    shapes = [(*batch, *x.shape[-2:]) for x in (query, key, value)] + [weights.shape]
    return tuple([Spec(shape, query.dtype) for shape, want in zip(shapes, wanted) if want])


def _backward_in_parts(
    g: Any, query: Any, key: Any, value: Any, weights: Any, scale: float, wanted: tuple[bool, ...]
) -> tuple[Any, ...]:
    d_scores = matmul(g, value.transpose(-1, -2)) * weights
    d_scores = d_scores - weights * d_scores.sum(-1, keepdim=True)
    makers = (
        lambda: matmul(d_scores * scale, key),
        lambda: matmul((d_scores * scale).transpose(-1, -2), query),
        lambda: matmul(weights.transpose(-1, -2), g),
        lambda: d_scores,
    )
    return tuple([make() for make, want in zip(makers, wanted) if want])


def _gradient(
    g: Any, query: Any, key: Any, value: Any, mask: Any, out: Any, needs: tuple[bool, ...],
    causal: bool, scale: float,
) -> tuple[Any, ...]:  # fmt: skip
    if not may_use_states():  # it will be differentiated again: through the weights as well
        weights = attention_weights(query, key, mask, causal, scale)
        found = _backward_in_parts(g[0], query, key, value, weights, scale, needs)
    else:
        found = apply(ATTENTION_BACKWARD, (g[0], query, key, value, out[1]), (scale, needs))
    left = iter(found)
    return tuple([next(left) if need else None for need in needs])


ATTENTION = Operation(
    "scaled_dot_product_attention",
    inputs="query key value mask",
    params="causal scale",
    evaluate=_attention,
    infer=_infer_attention,
    strict=True,
    gradient=_gradient,
    node_name="ScaledDotProductFlashAttentionForCpuBackward0",
    nondifferentiable_outputs=(1,),
    decompose=_in_parts,
    samples=lambda make: [
        make.sample((*_triple(make, (2, 2)), None), (False, 0.5)),
        make.sample((*_triple(make, (2,)), None), (True, 0.7)),
        make.sample((*_triple(make, ()), make.tensor((3, 4))), (False, 0.7)),
        make.sample((*_triple(make, (2, 3)), make.tensor((3, 1, 4))), (False, 0.7)),
        make.sample((*_triple(make, (2, 1)), _holes(make)), (False, 0.7)),
        make.sample(
            (make.transposed((2, 3, 5)), make.tensor((1, 4, 5)), make.tensor((2, 4, 2)), None),
            (False, 1.0),
        ),
        make.sample(
            (make.tensor((2, 3)), make.tensor((0, 3)), make.tensor((0, 2)), None), (False, 1.0)
        ),
        make.error((*_triple(make, (2,)), _holes(make)), (True, 1.0), RuntimeError),
        make.error((*_triple(make, (2,)), make.integers((3, 4))), (False, 1.0), RuntimeError),
        make.error((*_triple(make, (2,)), make.tensor((4, 4))), (False, 1.0), RuntimeError),
        make.error((*_triple(make, (2,)), make.tensor((3, 2, 3, 4))), (False, 1.0), RuntimeError),
        make.error(
            (make.tensor((3, 4)), make.tensor((3, 5)), make.tensor((3, 5)), None), (False, 1.0),
            RuntimeError,
        ),
        make.error((make.tensor((3,)),) * 3 + (None,), (False, 1.0), RuntimeError),
        make.error((make.integers((3, 2)),) * 3 + (None,), (False, 1.0), RuntimeError),
    ],
)  # fmt: skip


def _triple(make: Any, batch: tuple[int, ...]) -> tuple[Any, ...]:
    shapes = ((3, 5), (4, 5), (4, 2))
    return tuple([make.tensor((*batch, *shape), -1, 1) for shape in shapes])


def _holes(make: Any) -> Any:
    """A mask with a row in which everything is left out."""
    mask = make.integers((3, 4), 0, 2) == 1
    return mask & (make.arange(3) != 1).reshape(3, 1)


ATTENTION_BACKWARD = Operation(
    "scaled_dot_product_attention_backward",
    inputs="g query key value weights",
    params="scale wanted",
    evaluate=_backward,
    infer=_infer_backward,
    decompose=_backward_in_parts,
    samples=lambda make: [
        make.sample(
            (make.tensor((2, 3, 2)), *_triple(make, (2,)), make.tensor((2, 3, 4), 0, 1)),
            (0.5, wanted),
        )
        for wanted in ((True,) * 4, (True, False, True, False), (False, True, False, False))
    ],
)


# --- public -----------------------------------------------------------------------------------


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """Averages of values, weighted by how well their keys fit the query.

    :math:`out = softmax(scale · query · key^T + mask) · value`

    Args:
        query: what is looked for.
        key: what each position offers.
        value: what each position gives.
        attn_mask: truth values that say where a query may look, or numbers that are added. Where
            a query may look nowhere the result is zero.
        dropout_p: the probability of a weight to become zero, also outside of training.
        is_causal: whether position i sees positions up to i only.
        scale: 1 / sqrt(e) if not given.
        enable_gqa: whether key and value have fewer heads, each for a group of the query's.

    Shape: (..., l, e), (..., s, e), (..., s, f), a mask that broadcasts to (..., l, s) ->
        (..., l, f).

    Raises:
        RuntimeError: if shapes or types do not fit, or the probability is greater than 1.

    Example:
        >>> import flambeau as fb
        >>> x = fb.ones(1, 2, 3, 4)
        >>> fb.nn.functional.scaled_dot_product_attention(x, x, x, is_causal=True).shape
        torch.Size([1, 2, 3, 4])

    Reference: A. Vaswani et al., "Attention Is All You Need", 2017, equation 1.
    """
    if dropout_p > 1:
        raise RuntimeError(
            message(
                "scaled_dot_product_attention: not a probability",
                expected="0 <= dropout_p <= 1",
                got=str(dropout_p),
            )
        )
    if scale is None:
        size = query._array.shape[-1] if query._array.ndim else 1
        scale = 1.0 / math.sqrt(size) if size else 1.0
    if enable_gqa:
        key, value = _for_each_head(query, key), _for_each_head(query, value)
    mask = attn_mask
    if mask is not None and mask.dtype is dtypes.float32 and query.dtype is dtypes.float64:
        mask = mask.to(query.dtype)
    if dropout_p > 0:
        _check(query._array, key._array, value._array, getattr(mask, "_array", None), is_causal)
        weights = attention_weights(query, key, mask, is_causal, scale)
        return matmul(drop_out(weights, dropout_p, True), value)
    return apply(ATTENTION, (query, key, value, mask), (bool(is_causal), float(scale)))[0]


def _for_each_head(query: Any, x: Any) -> Any:
    """Keys or values repeated so that each head of the query has its own."""
    heads, present = (t._array.shape[-3] if t._array.ndim >= 3 else 0 for t in (query, x))
    if not present or heads % present:
        raise RuntimeError(
            message(
                "scaled_dot_product_attention: numbers of heads do not fit",
                expected="a number of heads in key and value that divides the query's",
                got=f"query {tuple(query.shape)} and {tuple(x.shape)}",
            )
        )
    return x if heads == present else x.repeat_interleave(heads // present, -3)
