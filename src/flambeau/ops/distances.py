"""Distances and similarities of pairs of vectors."""

from __future__ import annotations

from typing import Any

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.shapes import broadcast, wrap_dim
from flambeau.ops.loss_reduction import number_node
from flambeau.ops.norms import VECTOR_NORM, vector_norm
from flambeau.ops.operands import not_a_tensor
from flambeau.ops.publish import public
from flambeau.tensor.dispatch import apply
from flambeau.tensor.modes import set_grad
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

# The vector norm under the name that PyTorch's graph has here.
PAIRWISE_NORM = Operation(
    "pairwise_norm",
    inputs="input",
    params="ord dim keepdim",
    evaluate=VECTOR_NORM.evaluate,
    infer=VECTOR_NORM.infer,
    gradient=VECTOR_NORM.gradient,
    decompose=VECTOR_NORM.decompose,
    node_name="NormBackward1",
    samples=VECTOR_NORM.samples,
)


def bounded_below(x: Tensor, least: float) -> Tensor:
    """A copy whose elements are at least ``least``; the gradient passes as if all had been."""
    if not x.requires_grad:
        return x.clamp(min=least)
    x = x.clone()
    before = set_grad(False)
    try:
        x.clamp_(min=least)
    finally:
        set_grad(before)
    return x


def _check(name: str, x1: Any, x2: Any) -> tuple[int, ...]:
    for x in (x1, x2):
        if not isinstance(x, Tensor):
            raise not_a_tensor(name, x)
    return broadcast(name, x1._array.shape, x2._array.shape)


@public()
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors.

    :math:`out = x_1 · x_2 / (max(‖x_1‖, eps) · max(‖x_2‖, eps))`

    Args:
        x1, x2: tensors whose shapes broadcast.
        dim: the dimension of the common shape along which the vectors lie.
        eps: the least norm to divide by, > 0.

    Shape: the common shape without ``dim``.

    Raises:
        IndexError: if there is no such dimension.
        RuntimeError: if the shapes do not broadcast, or both hold integers.

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor([[1., 0.], [1., 1.]])
        >>> fb.cosine_similarity(x, fb.tensor([1., 0.]), dim=1)
        tensor([1.0000, 0.7071])
    """
    shape = _check("cosine_similarity", x1, x2)
    common = dtypes.promote_types(x1.dtype, x2.dtype)
    if common.category < dtypes.FLOATING:
        raise RuntimeError(
            message(
                "cosine_similarity: not defined on integer and bool tensors",
                expected="at least one floating-point tensor",
                got=str(common),
                help="convert one with .float()",
            )
        )
    dim = wrap_dim("cosine_similarity", dim, len(shape))
    x1, x2 = [
        x if tuple(x.shape) == shape else x.expand(shape) for x in (x1.to(common), x2.to(common))
    ]
    lengths = [vector_norm(x, 2, dim, True) for x in (x1, x2)]
    first, second = [x / bounded_below(n, eps) for x, n in zip((x1, x2), lengths)]
    return (first * second).sum(dim)


@public()
def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """The p-norm of the difference of vectors.

    :math:`out = (Σ_j |x_{1j} - x_{2j} + eps|^p)^{1/p}`

    Args:
        x1, x2: tensors whose shapes broadcast.
        p: the norm's degree; ``inf`` for the largest difference.
        eps: added to each difference, so that no gradient is taken at a distance of 0.
        keepdim: keep the last dimension with size 1.

    Shape: (..., D), (..., D) -> (...), or (..., 1).

    Raises:
        RuntimeError: if the shapes do not broadcast.

    Example:
        >>> import flambeau as fb
        >>> fb.pairwise_distance(fb.tensor([[0., 0.], [1., 1.]]), fb.tensor([3., 5.]))
        tensor([5.8310, 4.4721])
    """
    shape = _check("pairwise_distance", x1, x2)
    difference = number_node(x1 - x2 + eps)
    dims = (len(shape) - 1,) if shape else ()
    return apply(PAIRWISE_NORM, (difference,), (p, dims, bool(keepdim)))
