"""Losses of numbers: how far predictions are from what they should be."""

from __future__ import annotations

import math
from typing import Any

from flambeau.tensor.tensor import Tensor


def _errors(predictions: Tensor, targets: Tensor | None) -> Tensor:
    return predictions if targets is None else predictions - targets


def squared_error(predictions: Tensor, targets: Tensor | None = None) -> Tensor:
    r"""Squared errors.

    .. math:: (x - y)^2

    Args:
        predictions: :math:`x`.
        targets: :math:`y`; zeros if not given.

    Example:
        >>> import flambeau as fb
        >>> fb.optim.losses.squared_error(fb.tensor([3.]), fb.tensor([1.]))
        tensor([4.])
    """
    return _errors(predictions, targets).square()


def l2_loss(predictions: Tensor, targets: Tensor | None = None) -> Tensor:
    r"""Halves of squared errors.

    .. math:: \tfrac12 (x - y)^2

    Args:
        predictions: :math:`x`.
        targets: :math:`y`; zeros if not given.

    Example:
        >>> import flambeau as fb
        >>> fb.optim.losses.l2_loss(fb.tensor([3.]), fb.tensor([1.]))
        tensor([2.])
    """
    return squared_error(predictions, targets) * 0.5


def huber_loss(predictions: Tensor, targets: Tensor | None = None, *, delta: Any = 1.0) -> Tensor:
    r"""Squared for small errors, straight for large ones.

    .. math:: \tfrac12 e^2 \text{ if } |e| ≤ δ, \text{ else } δ (|e| - \tfrac12 δ)

    Args:
        predictions: :math:`x`.
        targets: :math:`y`; zeros if not given.
        delta: δ, above 0.

    Example:
        >>> import flambeau as fb
        >>> fb.optim.losses.huber_loss(fb.tensor([0.5, 3.]))
        tensor([0.1250, 2.5000])

    Reference: Huber, "Robust estimation of a location parameter", 1964.
    """
    size = _errors(predictions, targets).abs()
    small = size.clamp(max=delta)
    return small.square() * 0.5 + (size - small) * delta


def log_cosh(predictions: Tensor, targets: Tensor | None = None) -> Tensor:
    r"""The logarithm of the hyperbolic cosine of errors.

    .. math:: \log \cosh e = |e| + \log\left(1 + e^{-2|e|}\right) - \log 2

    Args:
        predictions: :math:`x`.
        targets: :math:`y`; zeros if not given.

    Example:
        >>> import flambeau as fb
        >>> fb.optim.losses.log_cosh(fb.tensor([0., 100.]))
        tensor([ 0.0000, 99.3069])

    Reference: Chen, Chen, Ma et al., "Log hyperbolic cosine loss improves variational
    auto-encoder", 2019.
    """
    errors = _errors(predictions, targets)
    return errors.logaddexp(-errors) - math.log(2.0)


def cosine_similarity(
    predictions: Tensor,
    targets: Tensor,
    *,
    epsilon: Any = 0.0,
    axis: Any = -1,
    where: Tensor | None = None,
) -> Tensor:
    r"""The cosine of the angle between vectors.

    .. math:: \frac{⟨x, y⟩}{\sqrt{\max(‖x‖^2, ε)} \sqrt{\max(‖y‖^2, ε)}}

    Args:
        predictions, targets: :math:`x` and :math:`y`.
        epsilon: ε, at least 0.
        axis: the dimension of the vectors, or several; ``None`` for all.
        where: elements that count.

    Example:
        >>> import flambeau as fb
        >>> fb.optim.losses.cosine_similarity(fb.tensor([1., 0.]), fb.tensor([1., 1.]))
        tensor(0.7071)

    Differs from PyTorch: ε is compared with squared norms.
    """
    dims = tuple(range(predictions.ndim)) if axis is None else axis
    units = []
    for x in (predictions, targets):
        square = counted(x.square(), where).sum(dims, keepdim=True)
        units.append(x / square.clamp(min=epsilon).sqrt())
    return counted(units[0] * units[1], where).sum(dims)


def cosine_distance(
    predictions: Tensor,
    targets: Tensor,
    *,
    epsilon: Any = 0.0,
    axis: Any = -1,
    where: Tensor | None = None,
) -> Tensor:
    r"""One less the cosine of the angle between vectors.

    .. math:: 1 - \cos(x, y)

    Args:
        predictions, targets, epsilon, axis, where: see :func:`cosine_similarity`.

    Example:
        >>> import flambeau as fb
        >>> fb.optim.losses.cosine_distance(fb.tensor([1., 0.]), fb.tensor([0., 1.]))
        tensor(1.)
    """
    return 1.0 - cosine_similarity(predictions, targets, epsilon=epsilon, axis=axis, where=where)


def counted(x: Tensor, where: Tensor | None) -> Tensor:
    """Zeros for elements that do not count, whatever they are."""
    return x if where is None else x.masked_fill(where.logical_not(), 0)


def triplet_margin_loss(
    anchors: Tensor,
    positives: Tensor,
    negatives: Tensor,
    axis: int = -1,
    norm_degree: Any = 2,
    margin: Any = 1.0,
    eps: Any = 1e-6,
) -> Tensor:
    r"""How much nearer one vector should be than another.

    .. math:: \max(d(a, p) - d(a, n) + m, 0), \quad
        d(x, y) = \left(\sum_i (x_i - y_i)^k + ε\right)^{1/k}

    Args:
        anchors, positives, negatives: :math:`a`, :math:`p` and :math:`n`.
        axis: the dimension of the vectors.
        norm_degree: :math:`k`, an even number.
        margin: :math:`m`.
        eps: ε, above 0.

    Example:
        >>> import flambeau as fb
        >>> near, far = fb.zeros(2), fb.full((2,), 9.)
        >>> fb.optim.losses.triplet_margin_loss(fb.zeros(2), near, far)
        tensor(0.)

    Reference: Schroff, Kalenichenko and Philbin, "FaceNet: a unified embedding for face
    recognition and clustering", CVPR 2015.
    Differs from PyTorch: ε is added to the sum of powers.
    """

    def distance(other: Tensor) -> Tensor:
        return ((anchors - other).pow(norm_degree).sum(axis) + eps).pow(1 / norm_degree)

    return (distance(positives) - distance(negatives) + margin).clamp(min=0)
