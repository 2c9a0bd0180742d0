"""Norms of all of a tensor but one dimension, and weights that are made of length and direction."""

from __future__ import annotations

from flambeau.ops.publish import public
from flambeau.tensor.tensor import Tensor


@public()
def norm_except_dim(v: Tensor, pow: int = 2, dim: int = 0) -> Tensor:
    """Norms over all dimensions but one; the others stay, with size 1.

    Args:
        v: a tensor.
        pow: the p of the p-norm.
        dim: the dimension, or -1 for one norm of everything.

    Shape: (..., n, ...) -> (1, ..., n, ..., 1), or () for ``dim=-1``.

    Example:
        >>> import flambeau as fb
        >>> fb.norm_except_dim(fb.tensor([[3.0, 4.0], [6.0, 8.0]]), 2, 0)
        tensor([[ 5.],
                [10.]])
    """
    if dim == -1:
        return v.norm(pow)
    others = [d for d in range(v.ndim) if d != dim]
    return v.norm(pow, others, keepdim=True) if others else v.abs()


def normalised_weight(v: Tensor, g: Tensor, dim: int) -> Tensor:
    """A tensor with the direction of ``v`` and the length ``g``, along one dimension.

    :math:`w = g · v / ||v||`
    """
    return v * (g / norm_except_dim(v, 2, dim))
