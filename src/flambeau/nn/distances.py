"""Distances of pairs of vectors as modules."""

from __future__ import annotations

from flambeau.nn import functional
from flambeau.nn.module import Module
from flambeau.tensor.tensor import Tensor


class CosineSimilarity(Module):
    """The cosine of the angle between vectors.

    :math:`out = x_1 · x_2 / (max(‖x_1‖, eps) · max(‖x_2‖, eps))`

    Args:
        dim: the dimension along which the vectors lie.
        eps: the least norm to divide by, > 0.

    Shape: two shapes that broadcast -> their common shape without ``dim``.

    Example:
        >>> import flambeau as fb
        >>> x = fb.tensor([[1., 0.], [1., 1.]])
        >>> fb.nn.CosineSimilarity()(x, fb.tensor([[1., 0.]]))
        tensor([1.0000, 0.7071])
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """The cosine of each pair."""
        return functional.cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    """The p-norm of the difference of vectors.

    :math:`out = (Σ_j |x_{1j} - x_{2j} + eps|^p)^{1/p}`

    Args:
        p: the norm's degree; ``inf`` for the largest difference.
        eps: added to each difference, so that no gradient is taken at a distance of 0.
        keepdim: keep the last dimension with size 1.

    Shape: (..., D), (..., D) -> (...), or (..., 1).

    Example:
        >>> import flambeau as fb
        >>> fb.nn.PairwiseDistance()(fb.tensor([[0., 0.], [1., 1.]]), fb.tensor([[3., 5.]]))
        tensor([5.8310, 4.4721])
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """The distance of each pair."""
        return functional.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)
