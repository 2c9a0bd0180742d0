"""Losses at the top level, as PyTorch has them there: the reduction is a number.

0 stands for ``"none"``, 1 for ``"mean"`` and 2 for ``"sum"``; the names are taken as well. The
functions in :mod:`flambeau.nn.functional` say what is computed.
"""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import message
from flambeau.ops import ctc, losses_logits, losses_probability, losses_ranking
from flambeau.ops.loss_reduction import REDUCTIONS
from flambeau.ops.publish import public
from flambeau.tensor.tensor import Tensor

_NAMES = ("none", "mean", "sum")


def _named(name: str, reduction: Any) -> str:
    if reduction.__class__ is int and 0 <= reduction <= 2:
        return _NAMES[reduction]
    if reduction in REDUCTIONS:
        return reduction
    raise ValueError(
        message(
            f"{name}: no such reduction",
            expected="0 (none), 1 (mean) or 2 (sum)",
            got=repr(reduction),
        )
    )


@public()
def kl_div(
    input: Tensor, target: Tensor, reduction: int = 1, *, log_target: bool = False
) -> Tensor:
    """:func:`flambeau.nn.functional.kl_div` with the reduction as a number.

    Example:
        >>> import flambeau as fb
        >>> fb.kl_div(fb.tensor([0.5, 0.5]).log(), fb.tensor([0.75, 0.25]), 2)
        tensor(0.1308)
    """
    return losses_probability.divergence(input, target, _named("kl_div", reduction), log_target)


@public()
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    pos_weight: Tensor | None = None,
    reduction: int = 1,
) -> Tensor:
    """:func:`flambeau.nn.functional.binary_cross_entropy_with_logits`, the reduction a number.

    Example:
        >>> import flambeau as fb
        >>> fb.binary_cross_entropy_with_logits(fb.zeros(2), fb.ones(2))
        tensor(0.6931)
    """
    named = _named("binary_cross_entropy_with_logits", reduction)
    return losses_logits.binary_cross_entropy_with_logits(
        input, target, weight, reduction=named, pos_weight=pos_weight
    )


@public()
def poisson_nll_loss(
    input: Tensor, target: Tensor, log_input: bool, full: bool, eps: float, reduction: int
) -> Tensor:
    """:func:`flambeau.nn.functional.poisson_nll_loss` with the reduction as a number.

    Example:
        >>> import flambeau as fb
        >>> fb.poisson_nll_loss(fb.zeros(2), fb.ones(2), True, False, 1e-8, 1)
        tensor(1.)
    """
    named = _named("poisson_nll_loss", reduction)
    return losses_probability.poisson_nll_loss(
        input, target, log_input, full, eps=eps, reduction=named
    )


@public()
def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, reduction: int = 1
) -> Tensor:
    """:func:`flambeau.nn.functional.hinge_embedding_loss` with the reduction as a number.

    Example:
        >>> import flambeau as fb
        >>> fb.hinge_embedding_loss(fb.tensor([0.5, 0.25]), fb.tensor([1., -1.]))
        tensor(0.6250)
    """
    named = _named("hinge_embedding_loss", reduction)
    return losses_ranking.hinge_embedding_loss(input, target, margin, reduction=named)


@public()
def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 1
) -> Tensor:
    """:func:`flambeau.nn.functional.cosine_embedding_loss` with the reduction as a number.

    Example:
        >>> import flambeau as fb
        >>> fb.cosine_embedding_loss(fb.tensor([1., 0.]), fb.tensor([0., 1.]), fb.tensor(1))
        tensor(1.)
    """
    named = _named("cosine_embedding_loss", reduction)
    return losses_ranking.cosine_embedding_loss(input1, input2, target, margin, reduction=named)


@public()
def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 1
) -> Tensor:
    """:func:`flambeau.nn.functional.margin_ranking_loss` with the reduction as a number.

    Example:
        >>> import flambeau as fb
        >>> fb.margin_ranking_loss(fb.tensor([1.]), fb.tensor([3.]), fb.tensor([1.]))
        tensor(2.)
    """
    named = _named("margin_ranking_loss", reduction)
    return losses_ranking.margin_ranking_loss(input1, input2, target, margin, reduction=named)


@public()
def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: int = 1,
) -> Tensor:
    """:func:`flambeau.nn.functional.triplet_margin_loss` with the reduction as a number.

    Example:
        >>> import flambeau as fb
        >>> anchor, near, far = fb.tensor([[0., 0.]]), fb.tensor([[0., 1.]]), fb.tensor([[1., 1.]])
        >>> fb.triplet_margin_loss(anchor, near, far)
        tensor(0.5858)
    """
    named = _named("triplet_margin_loss", reduction)
    return losses_ranking.triplet_margin_loss(
        anchor, positive, negative, margin, p, eps, swap, reduction=named
    )


@public()
def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: int = 1,
    zero_infinity: bool = False,
) -> Tensor:
    """:func:`flambeau.nn.functional.ctc_loss` with the reduction as a number.

    Example:
        >>> import flambeau as fb
        >>> fb.ctc_loss(fb.full((2, 1, 3), 1 / 3).log(), fb.tensor([[1]]), (2,), (1,))
        tensor(1.0986)
    """
    named = _named("ctc_loss", reduction)
    return ctc.ctc_loss(
        log_probs, targets, input_lengths, target_lengths, blank, named, zero_infinity
    )
