"""Losses of comparisons as modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.nn import functional
from flambeau.nn.distances import PairwiseDistance
from flambeau.nn.losses import Loss
from flambeau.ops.losses_ranking import check_positive_margin
from flambeau.tensor.tensor import Tensor


class HingeEmbeddingLoss(Loss):
    """The loss of distances that should be 0, or at least ``margin``.

    :math:`l_i = input_i` where :math:`target_i = 1`, :math:`max(0, margin - input_i)` where
    :math:`target_i = -1`, and the sum of both for any other target; :math:`out = 1/n · Σ_i l_i`

    Args:
        margin: the distance from which on nothing is lost.
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per element.

    Shape: (*), (*) -> (), or (*) without a reduction.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.HingeEmbeddingLoss()(fb.tensor([0.5, 0.25]), fb.tensor([1., -1.]))
        tensor(0.6250)

    Differs from PyTorch: different shapes are an error; broadcast explicitly where that is meant.
    """

    def __init__(
        self,
        margin: float = 1.0,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of distances."""
        return functional.hinge_embedding_loss(
            input, target, margin=self.margin, reduction=self.reduction
        )


class CosineEmbeddingLoss(Loss):
    """The loss of pairs of vectors that should point the same way, or not.

    :math:`l_n = 1 - cos_n` where :math:`target_n = 1`, :math:`max(0, cos_n - margin)` where
    :math:`target_n = -1`, with :math:`cos_n` the cosine of the angle between the vectors;
    :math:`out = 1/N · Σ_n l_n`

    Args:
        margin: the cosine below which other pairs cost nothing, from -1 to 1.
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per pair.

    Shape: (N, D), (N, D), (N,) -> (), or (N,) without a reduction; also (D,), (D,), () -> ().

    Example:
        >>> import flambeau as fb
        >>> x, y = fb.tensor([[1., 0.], [1., 1.]]), fb.tensor([[0., 1.], [1., 0.]])
        >>> fb.nn.CosineEmbeddingLoss()(x, y, fb.tensor([1, -1]))
        tensor(0.8536)

    Differs from PyTorch: different shapes are an error; broadcast explicitly where that is meant.
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """The loss of pairs of vectors."""
        return functional.cosine_embedding_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


class MarginRankingLoss(Loss):
    """The loss of pairs of scores that stand in the wrong order.

    :math:`l_i = max(0, -target_i · (input1_i - input2_i) + margin)`; :math:`out = 1/n · Σ_i l_i`

    Args:
        margin: by how much one score should be higher.
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per pair.

    Shape: (*), (*), (*) -> (), or (*) without a reduction.

    Example:
        >>> import flambeau as fb
        >>> loss = fb.nn.MarginRankingLoss()
        >>> loss(fb.tensor([1., 2.]), fb.tensor([3., 1.]), fb.tensor([1., 1.]))
        tensor(1.)

    Differs from PyTorch: different shapes are an error; broadcast explicitly where that is meant.
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """The loss of pairs of scores."""
        return functional.margin_ranking_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


class TripletMarginLoss(Loss):
    """The loss of anchors that are not nearer to their positive than to their negative example.

    :math:`l_n = max(0, margin + d(anchor_n, positive_n) - d(anchor_n, negative_n))` with
    :math:`d(x, y) = ‖x - y + eps‖_p`; :math:`out = 1/N · Σ_n l_n`

    Args:
        margin: by how much the positive example should be nearer, > 0.
        p: the norm's degree.
        eps: added to each difference.
        swap: let the distance from positive to negative example count where it is the smaller.
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per triplet.

    Shape: three times (..., D) -> (), or (...) without a reduction.

    Raises:
        ValueError: if the margin is not positive.

    Example:
        >>> import flambeau as fb
        >>> anchor, near, far = fb.tensor([[0., 0.]]), fb.tensor([[0., 1.]]), fb.tensor([[1., 1.]])
        >>> fb.nn.TripletMarginLoss()(anchor, near, far)
        tensor(0.5858)

    Reference: Balntas et al. (2016).

    Differs from PyTorch: different shapes are an error; broadcast explicitly where that is meant.
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        check_positive_margin("TripletMarginLoss", margin)
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """The loss of triplets."""
        return functional.triplet_margin_loss(
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
        )


class TripletMarginWithDistanceLoss(Loss):
    """The loss of triplets with a distance of one's own.

    :math:`l_n = max(0, margin + d(anchor_n, positive_n) - d(anchor_n, negative_n))`;
    :math:`out = 1/N · Σ_n l_n`

    Args:
        distance_function: the distance d of two tensors, a module perhaps;
            :class:`PairwiseDistance` if not given.
        margin: by how much the positive example should be nearer, > 0.
        swap: let the distance from positive to negative example count where it is the smaller.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per triplet.

    Shape: three times (N, ...) -> (), or that of the distances without a reduction.

    Raises:
        ValueError: if the margin is not positive.

    Example:
        >>> import flambeau as fb
        >>> anchor, near, far = fb.tensor([[0., 0.]]), fb.tensor([[0., 1.]]), fb.tensor([[1., 1.]])
        >>> largest = lambda x, y: (x - y).abs().amax(1)
        >>> fb.nn.TripletMarginWithDistanceLoss(distance_function=largest)(anchor, near, far)
        tensor(1.)

    Reference: Balntas et al. (2016).
    """

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        check_positive_margin("TripletMarginWithDistanceLoss", margin)
        given = distance_function is not None
        self.distance_function = distance_function if given else PairwiseDistance()
        self.margin = margin
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """The loss of triplets."""
        return functional.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )
