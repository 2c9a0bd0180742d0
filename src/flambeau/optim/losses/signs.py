"""Losses of yes and no."""

from __future__ import annotations

from typing import Any

from flambeau.ops.activation import logsigmoid
from flambeau.tensor.tensor import Tensor


def sigmoid_binary_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    r"""The cross entropy of a chance that is given by a logit.

    .. math:: -y \log σ(x) - (1 - y) \log σ(-x)

    Args:
        logits: :math:`x`.
        labels: :math:`y`, in [0, 1].

    Example:
        >>> import flambeau as fb
        >>> fb.optim.losses.sigmoid_binary_cross_entropy(fb.zeros(1), fb.ones(1))
        tensor([0.6931])
    """
    y = labels.to(logits.dtype)
    return -y * logsigmoid(logits) - (1 - y) * logsigmoid(-logits)


def sigmoid_focal_loss(
    logits: Tensor, labels: Tensor, *, alpha: Any = None, gamma: Any = 2.0
) -> Tensor:
    r"""Cross entropy in which what is predicted well counts little.

    .. math:: (1 - p_t)^γ\, \operatorname{CE}(x, y), \quad
        1 - p_t = (1 - y) σ(x) + y\, σ(-x)

    Args:
        logits: :math:`x`.
        labels: :math:`y`, in [0, 1].
        alpha: weight of what is labelled 1, in [0, 1]; others have one less it. No weights if
            ``None``.
        gamma: γ, at least 0.

    Example:
        >>> import flambeau as fb
        >>> fb.optim.losses.sigmoid_focal_loss(fb.zeros(1), fb.ones(1))
        tensor([0.1733])

    Reference: Lin et al., "Focal loss for dense object detection", ICCV 2017, equation 5.
    """
    y = labels.to(logits.dtype)
    # The logarithm of 1 - p_t: the power is taken of what is precise also where p_t is near 1.
    missed = ((1 - y).log() + logsigmoid(logits)).logaddexp(y.log() + logsigmoid(-logits))
    loss = sigmoid_binary_cross_entropy(logits, labels) * (missed * gamma).exp()
    return loss if alpha is None else loss * (alpha * y + (1 - alpha) * (1 - y))
