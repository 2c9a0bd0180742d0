"""Losses as modules: what regression and classification use most."""

from __future__ import annotations

from typing import Any

from flambeau.nn import functional
from flambeau.nn.module import Module
from flambeau.ops.loss_reduction import legacy_reduction
from flambeau.tensor.tensor import Tensor


class Loss(Module):
    """What all losses keep: the reduction, and perhaps a weight.

    Args:
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
    """

    reduction: str

    def __init__(
        self, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        if size_average is not None or reduce is not None:
            reduction = legacy_reduction(size_average, reduce)
        self.reduction = reduction


class WeightedLoss(Loss):
    """A loss with a weight, which is a buffer.

    Args:
        weight: the weight.
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
    """

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        Module.__init__(self)
        if size_average is not None or reduce is not None:
            reduction = legacy_reduction(size_average, reduce)
        self.reduction = reduction
        self.register_buffer("weight", weight)


# --- numbers --------------------------------------------------------------------------------------


class L1Loss(Loss):
    """The mean of the absolute differences: :func:`flambeau.nn.functional.l1_loss`.

    :math:`out = 1/n · Σ_i |input_i - target_i|`

    Args:
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per element.

    Shape: (*), (*) -> (), or (*) without a reduction.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.L1Loss()(fb.tensor([1., 2.]), fb.tensor([1., 4.]))
        tensor(1.)

    Differs from PyTorch: different shapes are an error and not a warning.
    """

    def __init__(
        self, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of predictions."""
        return functional.l1_loss(input, target, reduction=self.reduction)


class MSELoss(Loss):
    """The mean of the squared differences: :func:`flambeau.nn.functional.mse_loss`.

    :math:`out = 1/n · Σ_i (input_i - target_i)²`

    Args:
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per element.

    Shape: (*), (*) -> (), or (*) without a reduction.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.MSELoss()(fb.tensor([1., 2.]), fb.tensor([1., 4.]))
        tensor(2.)

    Differs from PyTorch: different shapes are an error and not a warning.
    """

    def __init__(
        self, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of predictions."""
        return functional.mse_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(Loss):
    """The absolute difference, with a parabola in place of its kink.

    :math:`l_i = d_i² / (2 beta)` where :math:`|d_i| < beta`, else :math:`|d_i| - beta / 2`, with
    :math:`d_i = input_i - target_i`; :math:`out = 1/n · Σ_i l_i`

    Args:
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per element.
        beta: where parabola and line meet, >= 0.

    Shape: (*), (*) -> (), or (*) without a reduction.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.SmoothL1Loss()(fb.tensor([1., 2.]), fb.tensor([1., 4.]))
        tensor(0.7500)

    Reference: Girshick (2015), equation 3.

    Differs from PyTorch: different shapes are an error and not a warning.
    """

    def __init__(
        self,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of predictions."""
        return functional.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(Loss):
    """Half the squared difference near 0, and its tangents beyond.

    :math:`l_i = d_i² / 2` where :math:`|d_i| < delta`, else
    :math:`delta (|d_i| - delta / 2)`, with :math:`d_i = input_i - target_i`;
    :math:`out = 1/n · Σ_i l_i`

    Args:
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per element.
        delta: where parabola and line meet, > 0.

    Shape: (*), (*) -> (), or (*) without a reduction.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.HuberLoss(delta=0.5)(fb.tensor([1., 2.]), fb.tensor([1., 4.]))
        tensor(0.4375)

    Reference: Huber (1964).

    Differs from PyTorch: different shapes are an error and not a warning.
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of predictions."""
        return functional.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


# --- classes --------------------------------------------------------------------------------------


class NLLLoss(WeightedLoss):
    """The negative log-likelihood of labels: :func:`flambeau.nn.functional.nll_loss`.

    :math:`l_n = -w_n · input[n, target_n]`, :math:`w_n = weight[target_n]` or 0 where the label
    is ignored; :math:`out = Σ_n l_n / Σ_n w_n`

    Args:
        weight: a weight for each class.
        size_average, reduce: the old form of ``reduction``.
        ignore_index: a label that does not count.
        reduction: ``"mean"`` (weighted), ``"sum"``, or ``"none"`` for one loss per label.

    Shape: (N, C, ...), (N, ...) -> (), or (N, ...) without a reduction; also (C,), () -> ().

    Example:
        >>> import flambeau as fb
        >>> log_probabilities = fb.tensor([[0.5, 0.5], [0.25, 0.75]]).log()
        >>> fb.nn.NLLLoss()(log_probabilities, fb.tensor([0, 0]))
        tensor(1.0397)
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of log-probabilities."""
        return functional.nll_loss(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
        )


class CrossEntropyLoss(WeightedLoss):
    """The cross entropy of predicted classes and true ones.

    :math:`l_n = -Σ_c w_c · y_{nc} · log softmax(input_n)_c`, where :math:`y_n` is 1 at the label
    and 0 elsewhere, or the given probabilities, then mixed with the uniform distribution. See
    :func:`flambeau.nn.functional.cross_entropy`.

    Args:
        weight: a weight for each class.
        size_average, reduce: the old form of ``reduction``.
        ignore_index: a label that does not count.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per label.
        label_smoothing: the share of the uniform distribution, from 0 to 1.

    Shape: (N, C, ...), (N, ...) -> (), or (N, ...) without a reduction; probabilities have the
        shape of the input; also (C,), () -> ().

    Example:
        >>> import flambeau as fb
        >>> logits = fb.tensor([[2., 0., 0.], [0., 0., 0.]])
        >>> fb.nn.CrossEntropyLoss()(logits, fb.tensor([0, 1]))
        tensor(0.6691)
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of logits."""
        return functional.cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class BCELoss(WeightedLoss):
    """The cross entropy of predicted probabilities of "yes" and true ones.

    :math:`l_i = -w_i (target_i · log input_i + (1 - target_i) · log(1 - input_i))`, where
    logarithms below -100 count as -100; :math:`out = 1/n · Σ_i l_i`

    Args:
        weight: weights, whose shape broadcasts to that of the input.
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per element.

    Shape: (*), (*) -> (), or (*) without a reduction.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.BCELoss()(fb.tensor([0.5, 0.9]), fb.tensor([0., 1.]))
        tensor(0.3993)
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
        """The loss of probabilities."""
        return functional.binary_cross_entropy(
            input, target, weight=self.weight, reduction=self.reduction
        )


class BCEWithLogitsLoss(WeightedLoss):
    """:class:`BCELoss` of the logistic function of any numbers, without overflow.

    :math:`l_i = -w_i (p_i · target_i · log σ(input_i) + (1 - target_i) · log σ(-input_i))`;
    :math:`out = 1/n · Σ_i l_i`

    Args:
        weight: weights w, whose shape broadcasts to that of the input.
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per element.
        pos_weight: weights p of positive examples.

    Shape: (*), (*) -> (), or (*) without a reduction.

    Example:
        >>> import flambeau as fb
        >>> loss = fb.nn.BCEWithLogitsLoss(reduction="none")
        >>> loss(fb.tensor([0., -1000.]), fb.tensor([0., 1.]))
        tensor([6.9315e-01, 1.0000e+03])
    """

    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of logits."""
        return functional.binary_cross_entropy_with_logits(
            input,
            target,
            self.weight,
            pos_weight=self.pos_weight,
            reduction=self.reduction,
        )
