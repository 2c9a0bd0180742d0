"""Losses that want the right score to be above the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.ops.selection import where as where_of
from flambeau.optim.checks import require
from flambeau.tensor.tensor import Tensor


def hinge_loss(predictor_outputs: Tensor, targets: Tensor) -> Tensor:
    r"""How far a score is from the right side, with a margin.

    .. math:: \max(0, 1 - x y)

    Args:
        predictor_outputs: :math:`x`.
        targets: :math:`y`, -1 or 1.

    Example:
        >>> import flambeau as fb
        >>> fb.optim.losses.hinge_loss(fb.tensor([0.3, 2.]), fb.tensor([1., 1.]))
        tensor([0.7000, 0.0000])
    """
    return (1 - predictor_outputs * targets).clamp(min=0)


def perceptron_loss(predictor_outputs: Tensor, targets: Tensor) -> Tensor:
    r"""How far a score is from the right side.

    .. math:: \max(0, -x y)

    Args:
        predictor_outputs: :math:`x`.
        targets: :math:`y`, -1 or 1.

    Example:
        >>> import flambeau as fb
        >>> fb.optim.losses.perceptron_loss(fb.tensor([0.3, 2.]), fb.tensor([-1., 1.]))
        tensor([0.3000, 0.0000])

    Reference: Rosenblatt, "The perceptron", 1958.
    """
    return (-predictor_outputs * targets).clamp(min=0)


def sparsemax_loss(logits: Tensor, labels: Tensor) -> Tensor:
    r"""The loss of sparsemax for two classes: 0 from a margin on.

    .. math:: z = -x \text{ if } y, \text{ else } x; \quad
        0 \text{ for } z ≤ -1, \; z \text{ for } z ≥ 1, \; (z + 1)^2 / 4 \text{ between}

    Args:
        logits: :math:`x`.
        labels: :math:`y`, 0 or 1.

    Example:
        >>> import flambeau as fb
        >>> fb.optim.losses.sparsemax_loss(fb.tensor([0., 2.]), fb.tensor([1, 1]))
        tensor([0.2500, 0.0000])

    Reference: Martins and Astudillo, "From softmax to sparsemax", ICML 2016, section 3.
    """
    z = where_of(labels != 0, -logits, logits)
    middle = z.clamp(-1, 1)
    return (middle + 1).square() / 4 + (z - 1).clamp(min=0)


def multiclass_hinge_loss(scores: Tensor, labels: Tensor) -> Tensor:
    r"""How far the right score is from standing out by one.

    .. math:: \max_k (x_k + [k ≠ y]) - x_y

    Args:
        scores: :math:`x`.
        labels: :math:`y`, whole numbers.

    Shape:
        (..., classes) and (...) to (...).

    Example:
        >>> import flambeau as fb
        >>> fb.optim.losses.multiclass_hinge_loss(fb.tensor([1., 1.5, 0.]), fb.tensor(0))
        tensor(1.5000)

    Reference: Crammer and Singer, "On the algorithmic implementation of multiclass kernel-based
    vector machines", JMLR 2001.
    """
    _check_labels("multiclass_hinge_loss", scores, labels)
    margins = (scores + 1).scatter(-1, labels[..., None], _chosen(scores, labels))
    return margins.amax(-1) - _chosen(scores, labels)[..., 0]


def multiclass_perceptron_loss(scores: Tensor, labels: Tensor) -> Tensor:
    r"""How far the right score is from the largest.

    .. math:: \max_k x_k - x_y

    Args:
        scores: :math:`x`.
        labels: :math:`y`, whole numbers.

    Shape:
        (..., classes) and (...) to (...).

    Example:
        >>> import flambeau as fb
        >>> fb.optim.losses.multiclass_perceptron_loss(fb.tensor([1., 1.5]), fb.tensor(0))
        tensor(0.5000)
    """
    _check_labels("multiclass_perceptron_loss", scores, labels)
    return scores.amax(-1) - _chosen(scores, labels)[..., 0]


def multiclass_sparsemax_loss(scores: Tensor, labels: Tensor) -> Tensor:
    r"""The loss of sparsemax: 0 from a margin on.

    .. math:: \tfrac12 + \sum_k p_k (x_k - x_y) - \tfrac12 ‖p‖^2, \quad
        p = \operatorname{sparsemax}(x)

    Args:
        scores: :math:`x`.
        labels: :math:`y`, whole numbers.

    Shape:
        (..., classes) and (...) to (...).

    Example:
        >>> import flambeau as fb
        >>> fb.optim.losses.multiclass_sparsemax_loss(fb.tensor([3., 1.]), fb.tensor(0))
        tensor(0.)

    Reference: Martins and Astudillo, "From softmax to sparsemax", ICML 2016, equation 18.
    """
    _check_labels("multiclass_sparsemax_loss", scores, labels)
    p = _sparsemax(scores)
    lead = (p * (scores - _chosen(scores, labels))).sum(-1)
    return lead + (1 - p.square().sum(-1)) * 0.5


def _sparsemax(x: Tensor) -> Tensor:
    """The nearest chances."""
    falling = x.sort(-1, descending=True)[0]
    sums = falling.cumsum(-1) - 1
    ranks = falling.new_ones(falling.shape[-1]).cumsum(0)
    count = (falling * ranks > sums).sum(-1, keepdim=True)
    return (x - sums.gather(-1, count - 1) / count).clamp(min=0)


def _chosen(scores: Tensor, labels: Tensor) -> Tensor:
    return scores.gather(-1, labels[..., None])


def _check_labels(name: str, scores: Tensor, labels: Tensor) -> None:
    require(
        scores.ndim >= 1 and tuple(labels.shape) == tuple(scores.shape[:-1]),
        f"{name}: the labels do not fit the scores",
        "scores of shape (..., classes) and labels of shape (...)",
        f"{tuple(scores.shape)} and {tuple(labels.shape)}",
    )


def make_fenchel_young_loss(max_fun: Callable[..., Tensor]) -> Callable[..., Tensor]:
    r"""The loss that belongs to a maximum over predictions.

    .. math:: L(x, y) = F(x) - ⟨y, x⟩, \quad F(x) = \max_p ⟨p, x⟩ - Ω(p)

    Args:
        max_fun: F, of the last dimension; ``lambda x: x.logsumexp(-1)`` gives the cross entropy
            of softmax.

    Returns:
        A function of scores and targets of one shape; what else it is given goes to ``max_fun``.

    Example:
        >>> import flambeau as fb
        >>> loss = fb.optim.losses.make_fenchel_young_loss(lambda x: x.logsumexp(-1))
        >>> loss(fb.zeros(2), fb.tensor([1., 0.]))
        tensor(0.6931)

    Reference: Blondel, Martins and Niculae, "Learning with Fenchel-Young losses", JMLR 2020.
    Differs from optax: ``max_fun`` is called once, with all vectors.
    """

    def fenchel_young_loss(scores: Tensor, targets: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return max_fun(scores, *args, **kwargs) - (targets * scores).sum(-1)

    return fenchel_young_loss
