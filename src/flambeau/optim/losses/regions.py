"""Losses of regions in pictures: how well they cover each other."""

from __future__ import annotations

from typing import Any

from flambeau.optim.checks import require
from flambeau.tensor.tensor import Tensor

REDUCTIONS = ("mean", "sum", "none")


def dice_loss(
    predictions: Tensor,
    targets: Tensor,
    *,
    class_weights: Any = None,
    smooth: Any = 1.0,
    alpha: Any = 0.5,
    beta: Any = 0.5,
    apply_softmax: bool = True,
    reduction: str = "mean",
    ignore_background: bool = False,
    axis: Any = None,
) -> Tensor:
    r"""One less how well a predicted region covers the right one.

    .. math:: 1 - \frac{I + s}{I + α (P - I) + β (Y - I) + s}, \quad
        I = \sum p y, \; P = \sum p, \; Y = \sum y

    Args:
        predictions: logits, or chances without ``apply_softmax``; classes come last.
        targets: :math:`y`, chances of the same shape.
        class_weights: a factor for each class.
        smooth: :math:`s`, at least 0.
        alpha, beta: weights of what is predicted wrongly, and of what is missed.
        apply_softmax: turn logits into chances: by sigmoid where there is one class.
        reduction: over classes: ``"mean"``, ``"sum"`` or ``"none"``.
        ignore_background: leave out the first of several classes.
        axis: dimensions of a picture; if not given, all between the first and the last.

    Shape:
        (batch, ..., classes) to (batch,), or to (batch, classes) without reduction; a missing
        last dimension counts as one class.

    Raises:
        ValueError: for an unknown reduction, or chances that do not add up to 1.

    Example:
        >>> import flambeau as fb
        >>> y = fb.tensor([[[1., 0.], [0., 1.]]])
        >>> fb.optim.losses.dice_loss(y * 100, y)
        tensor([0.])

    Reference: Sudre et al., "Generalised Dice overlap as a deep learning loss function", 2017;
    Salehi, Erdogmus and Gholipour, "Tversky loss function for image segmentation", 2017.
    """
    require(reduction in REDUCTIONS, "dice_loss: unknown reduction", ", ".join(REDUCTIONS),
            reduction)  # fmt: skip
    predictions, targets = _with_classes(predictions, targets)
    if apply_softmax:
        one = predictions.shape[-1] == 1
        predictions = predictions.sigmoid() if one else predictions.softmax(-1)
    else:
        off = (predictions.detach().sum(-1) - 1).abs()
        require(
            bool((off <= 1e-5).all()),
            "dice_loss: predictions are no chances",
            "a sum of 1 over the classes, without apply_softmax",
            f"sums that differ from it by up to {off.max().item():.3g}",
        )
    loss = _uncovered(predictions, targets, smooth, alpha, beta, axis)
    if class_weights is not None:
        loss = loss * class_weights
    if ignore_background and predictions.shape[-1] > 1:
        loss = loss[..., 1:]
    if reduction == "none":
        return loss
    return loss.mean(-1) if reduction == "mean" else loss.sum(-1)


def _with_classes(predictions: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    if predictions.ndim == targets.ndim - 1:
        predictions = predictions[..., None]
    if targets.ndim == predictions.ndim - 1:
        targets = targets[..., None]
    return predictions, targets


def _uncovered(p: Tensor, y: Tensor, smooth: Any, alpha: Any, beta: Any, axis: Any) -> Tensor:
    dims = tuple(range(1, p.ndim - 1)) if axis is None else axis
    both, mine, right = (_sum(x, dims) for x in (p * y, p, y))
    return 1 - (both + smooth) / (both + alpha * (mine - both) + beta * (right - both) + smooth)


def _sum(x: Tensor, dims: Any) -> Tensor:
    return x if dims == () else x.sum(dims)


def multiclass_generalized_dice_loss(
    predictions: Tensor,
    targets: Tensor,
    *,
    smooth: Any = 1.0,
    apply_softmax: bool = True,
    ignore_background: bool = False,
) -> Tensor:
    r"""The mean of :func:`dice_loss` over pictures and classes, where rare classes count more.

    .. math:: w_k ∝ 1 \Big/ \left(\left(\sum y_k\right)^2 + 10^{-7}\right), \quad
        \sum_k w_k = K

    Args:
        predictions, targets, smooth, apply_softmax, ignore_background: see :func:`dice_loss`.

    Example:
        >>> import flambeau as fb
        >>> y = fb.tensor([[[1., 0.], [0., 1.]]])
        >>> fb.optim.losses.multiclass_generalized_dice_loss(y * 100, y)
        tensor(0.)

    Reference: Sudre et al., "Generalised Dice overlap as a deep learning loss function", 2017.
    """
    weights = 1 / (_sum(targets, tuple(range(targets.ndim - 1))).square() + 1e-7)
    weights = weights / weights.sum() * weights.shape[0]
    return dice_loss(
        predictions, targets, class_weights=weights, smooth=smooth, apply_softmax=apply_softmax,
        reduction="none", ignore_background=ignore_background,
    ).mean()  # fmt: skip


def binary_dice_loss(
    predictions: Tensor, targets: Tensor, *, smooth: Any = 1.0, apply_sigmoid: bool = True
) -> Tensor:
    """:func:`dice_loss` of one region.

    Args:
        predictions: logits, or chances without ``apply_sigmoid``.
        targets: 0 or 1.
        smooth: see :func:`dice_loss`.
        apply_sigmoid: turn logits into chances.

    Shape:
        (batch, ...) or (batch, ..., 1) to (batch,).

    Example:
        >>> import flambeau as fb
        >>> fb.optim.losses.binary_dice_loss(fb.tensor([[99., -99.]]), fb.tensor([[1., 0.]]))
        tensor([0.])

    Differs from optax: without ``apply_sigmoid``, chances need not be 1 everywhere.
    """
    if predictions.ndim == targets.ndim and predictions.shape[-1] != 1:
        predictions, targets = predictions[..., None], targets[..., None]
    predictions, targets = _with_classes(predictions, targets)
    p = predictions.sigmoid() if apply_sigmoid else predictions
    return _uncovered(p, targets, smooth, 0.5, 0.5, None).mean(-1)
