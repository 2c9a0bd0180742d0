"""Losses of predicted distributions and sequences as modules."""

from __future__ import annotations

from typing import Any

from flambeau.nn import functional
from flambeau.nn.losses import Loss
from flambeau.tensor.tensor import Tensor


class KLDivLoss(Loss):
    """The Kullback-Leibler divergence of predicted distributions from true ones.

    :math:`l_i = target_i · (log target_i - input_i)`, or
    :math:`exp(target_i) · (target_i - input_i)` for ``log_target``;
    :math:`out = 1/N · Σ_i l_i` with ``"batchmean"``

    Args:
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"batchmean"``, the divergence; ``"mean"`` over all elements, ``"sum"``, or
            ``"none"`` for one term per element.
        log_target: whether targets are logarithms.

    Shape: (*), (*) -> (), or (*) without a reduction.

    Example:
        >>> import flambeau as fb
        >>> input, target = fb.tensor([[0.5, 0.5]]).log(), fb.tensor([[0.75, 0.25]])
        >>> fb.nn.KLDivLoss(reduction="batchmean")(input, target)
        tensor(0.1308)

    Differs from PyTorch: different shapes are an error; broadcast explicitly where that is meant.
    """

    def __init__(
        self,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The divergence of predicted distributions, given as logarithms."""
        return functional.kl_div(
            input, target, reduction=self.reduction, log_target=self.log_target
        )


class GaussianNLLLoss(Loss):
    """The negative log-likelihood of numbers under predicted normal distributions.

    :math:`l_i = 1/2 (log v_i + (input_i - target_i)² / v_i)` with
    :math:`v_i = max(var_i, eps)`, and :math:`1/2 log(2π)` more if ``full``;
    :math:`out = 1/n · Σ_i l_i`

    Args:
        full: add the constant.
        eps: the least variance to divide by, > 0; the gradient ignores it.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per element.

    Shape: (..., D), (..., D), and (..., D), (..., 1) or (...) -> (), or (..., D) without a
        reduction.

    Example:
        >>> import flambeau as fb
        >>> loss = fb.nn.GaussianNLLLoss()
        >>> loss(fb.tensor([1., 2.]), fb.tensor([1., 4.]), fb.tensor([1., 4.]))
        tensor(0.5966)

    Reference: Nix and Weigend (1994), equation 8.

    Differs from PyTorch: different shapes are an error; broadcast explicitly where that is meant.
    """

    def __init__(
        self,
        *,
        full: bool = False,
        eps: float = 1e-6,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:
        """The loss of predicted means and variances."""
        return functional.gaussian_nll_loss(
            input, target, var, full=self.full, eps=self.eps, reduction=self.reduction
        )


class PoissonNLLLoss(Loss):
    """The negative log-likelihood of counts under predicted Poisson distributions.

    :math:`l_i = exp(log\\_input_i) - target_i · log\\_input_i`, or
    :math:`input_i - target_i · log(input_i + eps)` without ``log_input``; if ``full``, Stirling's
    :math:`target_i log target_i - target_i + 1/2 log(2π target_i)` more where
    :math:`target_i > 1`; :math:`out = 1/n · Σ_i l_i`

    Args:
        log_input: whether logarithms of rates are predicted.
        full: add an approximation of :math:`log target!`.
        size_average, reduce: the old form of ``reduction``.
        eps: keeps the logarithm of a rate finite.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per element.

    Shape: (*), (*) -> (), or (*) without a reduction.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.PoissonNLLLoss()(fb.tensor([0., 1.]), fb.tensor([1., 3.]))
        tensor(0.3591)

    Differs from PyTorch: different shapes are an error; broadcast explicitly where that is meant.
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: Any = None,
        eps: float = 1e-8,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        """The loss of predicted rates, or their logarithms."""
        return functional.poisson_nll_loss(
            log_input,
            target,
            log_input=self.log_input,
            full=self.full,
            eps=self.eps,
            reduction=self.reduction,
        )


class CTCLoss(Loss):
    """The negative log-likelihood of label sequences, over all ways to align them with time.

    :math:`l_n = -log Σ_π Π_t exp(log\\_probs[t, n, π_t])`, where the :math:`π` are the paths that
    become the targets when repetitions are merged and blanks are left out;
    :math:`out = 1/N · Σ_n l_n / max(1, target\\_lengths_n)`. See
    :func:`flambeau.nn.functional.ctc_loss`, also for what its gradient takes for granted.

    Args:
        blank: the class that stands for no label.
        reduction: ``"mean"`` (of losses per label), ``"sum"``, or ``"none"`` for one loss per
            sequence.
        zero_infinity: count sequences that cannot be aligned as 0.

    Shape: (T, N, C), (N, S) or (sum of target_lengths,), (N,), (N,) -> (), or (N,) without a
        reduction; also (T, C), (S,), (), () -> ().

    Example:
        >>> import flambeau as fb
        >>> log_probs = fb.full((2, 1, 3), 1 / 3).log()
        >>> fb.nn.CTCLoss()(log_probs, fb.tensor([[1]]), (2,), (1,))
        tensor(1.0986)

    Reference: Graves et al. (2006), equations 6 to 16.

    Differs from PyTorch: targets that are no class, or the blank, are errors.
    """

    def __init__(
        self,
        blank: int = 0,
        reduction: str = "mean",
        zero_infinity: bool = False,
    ) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(
        self, log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any
    ) -> Tensor:
        """The loss of log-probabilities over time."""
        return functional.ctc_loss(
            log_probs,
            targets,
            input_lengths,
            target_lengths,
            self.blank,
            self.reduction,
            self.zero_infinity,
        )
