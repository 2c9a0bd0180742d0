"""Losses of scores of classes as modules."""

from __future__ import annotations

from typing import Any

from flambeau.nn import functional
from flambeau.nn.losses import Loss, WeightedLoss
from flambeau.ops.losses_margin import check_class_weight, check_degree
from flambeau.tensor.tensor import Tensor


class SoftMarginLoss(Loss):
    """The logistic loss of scores and classes 1 and -1.

    :math:`out = 1/n · Σ_i log(1 + exp(-target_i · input_i))`

    Args:
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per element.

    Shape: (*), (*) -> (), or (*) without a reduction.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.SoftMarginLoss()(fb.tensor([0., 2.]), fb.tensor([1., -1.]))
        tensor(1.4100)

    Differs from PyTorch: it does not overflow; and different shapes are an error.
    """

    def __init__(
        self,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of scores."""
        return functional.soft_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(WeightedLoss):
    """The logistic loss of scores of classes of which any number may be right.

    :math:`l_n = -1/C · Σ_c w_c (target_{nc} log σ(input_{nc}) + (1 - target_{nc})
    log σ(-input_{nc}))`; :math:`out = 1/N · Σ_n l_n`

    Args:
        weight: weights w, whose shape broadcasts to that of the input.
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per example.

    Shape: (..., C), (..., C) -> (), or (...) without a reduction.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.MultiLabelSoftMarginLoss()(fb.tensor([[0., 2.]]), fb.tensor([[1., 0.]]))
        tensor(1.4100)

    Differs from PyTorch: different shapes are an error; broadcast explicitly where that is meant.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of scores."""
        return functional.multilabel_soft_margin_loss(
            input, target, weight=self.weight, reduction=self.reduction
        )


class MultiMarginLoss(WeightedLoss):
    """By how much scores of wrong classes are not ``margin`` below that of the right one.

    :math:`l_n = w_y / C · Σ_{c ≠ y} max(0, margin - input_{ny} + input_{nc})^p` with
    :math:`y = target_n`; :math:`out = 1/N · Σ_n l_n`

    Args:
        p: 1 or 2.
        margin: how far wrong classes should be below.
        weight: a weight w for each class.
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per example.

    Shape: (N, C), (N,) -> (), or (N,) without a reduction; also (C,), () -> ().

    Raises:
        ValueError: for another ``p``, or a weight of more dimensions.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.MultiMarginLoss()(fb.tensor([[0.1, 0.2, 0.4, 0.8]]), fb.tensor([3]))
        tensor(0.3250)
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        check_degree("MultiMarginLoss", p)
        check_class_weight("MultiMarginLoss", weight)
        self.p = p
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of scores."""
        return functional.multi_margin_loss(
            input,
            target,
            p=self.p,
            margin=self.margin,
            weight=self.weight,
            reduction=self.reduction,
        )


class MultiLabelMarginLoss(Loss):
    """By how much scores of wrong classes are not 1 below those of all right ones.

    :math:`l_n = 1/C · Σ_{y ∈ Y_n} Σ_{c ∉ Y_n} max(0, 1 - input_{ny} + input_{nc})`, where
    :math:`Y_n` are the labels of an example; :math:`out = 1/N · Σ_n l_n`

    Args:
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per example.

    Shape: (N, C), (N, C) -> (), or (N,) without a reduction; also (C,), (C,) -> ().

    Example:
        >>> import flambeau as fb
        >>> x, y = fb.tensor([[0.1, 0.2, 0.4, 0.8]]), fb.tensor([[3, 0, -1, 1]])
        >>> fb.nn.MultiLabelMarginLoss()(x, y)
        tensor(0.8500)
    """

    def __init__(
        self,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of scores."""
        return functional.multilabel_margin_loss(input, target, reduction=self.reduction)
