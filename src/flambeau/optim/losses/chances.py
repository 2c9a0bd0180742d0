"""Losses of chances of classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.ops.selection import where as where_of
from flambeau.optim.checks import require
from flambeau.optim.losses.distances import counted
from flambeau.tensor.tensor import Tensor

NEVER = float("-inf")


def _dims(x: Tensor, axis: Any) -> tuple[int, ...]:
    dims = tuple(range(x.ndim)) if axis is None else axis
    return dims if isinstance(dims, tuple) else (dims,)


def _log_chances(logits: Tensor, dims: tuple[int, ...], where: Tensor | None) -> Tensor:
    """log softmax, of the elements that count."""
    if where is not None:
        logits = logits.masked_fill(where.logical_not(), NEVER)
    return logits - logits.logsumexp(dims, keepdim=True)


def _wide(where: Tensor | None, x: Tensor, axis: Any) -> Tensor | None:
    if where is None or where.ndim == x.ndim or not isinstance(axis, int):
        return where
    return where.unsqueeze(axis)


def softmax_cross_entropy(
    logits: Tensor, labels: Tensor, axis: Any = -1, where: Tensor | None = None
) -> Tensor:
    r"""The cross entropy of chances that are given by logits.

    .. math:: -\sum_k y_k \log \operatorname{softmax}(x)_k

    Args:
        logits: :math:`x`.
        labels: :math:`y`, chances.
        axis: the dimension of the classes, or several; ``None`` for all.
        where: classes that count.

    Example:
        >>> import flambeau as fb
        >>> fb.optim.losses.softmax_cross_entropy(fb.zeros(2), fb.tensor([0.5, 0.5]))
        tensor(0.6931)
    """
    where, dims = _wide(where, logits, axis), _dims(logits, axis)
    return -counted(labels * _log_chances(logits, dims, where), where).sum(dims)


def safe_softmax_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    r"""The same, where classes with chance 0 may have a logit of minus infinity.

    .. math:: -\sum_{k: y_k ≠ 0} y_k \log \operatorname{softmax}(x)_k

    Args:
        logits: :math:`x`.
        labels: :math:`y`, chances.

    Example:
        >>> import flambeau as fb
        >>> logits = fb.tensor([0., float("-inf")])
        >>> fb.optim.losses.safe_softmax_cross_entropy(logits, fb.tensor([1., 0.]))
        tensor(0.)
    """
    log_chances = logits.log_softmax(-1)
    return where_of(labels != 0, -labels * log_chances.masked_fill(labels == 0, 0), 0.0).sum(-1)


def softmax_cross_entropy_with_integer_labels(
    logits: Tensor, labels: Tensor, axis: Any = -1, where: Tensor | None = None
) -> Tensor:
    r"""The cross entropy of chances that are given by logits, for a class.

    .. math:: \log \sum_k e^{x_k} - x_y

    Args:
        logits: :math:`x`.
        labels: :math:`y`, whole numbers.
        axis: the dimension of the classes, or several, which are counted as one.
        where: classes that count; where none does, the loss is 0.

    Raises:
        ValueError: if the labels do not fit the logits.

    Example:
        >>> import flambeau as fb
        >>> fb.optim.losses.softmax_cross_entropy_with_integer_labels(fb.zeros(2), fb.tensor(1))
        tensor(0.6931)
    """
    where, dims = _wide(where, logits, axis), [d % logits.ndim for d in _dims(logits, axis)]
    batch = [d for d in range(logits.ndim) if d not in dims]

    def joined(x: Tensor) -> Tensor:
        return x.permute([*batch, *dims]).reshape([*(x.shape[d] for d in batch), -1])

    x = joined(logits)
    require(
        tuple(labels.shape) == tuple(x.shape[:-1]),
        "softmax_cross_entropy_with_integer_labels: the labels do not fit the logits",
        f"labels of shape {tuple(x.shape[:-1])}",
        f"shape {tuple(labels.shape)}",
    )
    chosen = x.gather(-1, labels[..., None])[..., 0]
    if where is None:
        return x.logsumexp(-1) - chosen
    counts = joined(where.broadcast_to(logits.shape))
    total = x.masked_fill(counts.logical_not(), NEVER).logsumexp(-1)
    return where_of(counts.any(-1), total - chosen, 0.0)


def poly_loss_cross_entropy(
    logits: Tensor,
    labels: Tensor,
    *,
    epsilon: Any = 2.0,
    axis: Any = -1,
    where: Tensor | None = None,
) -> Tensor:
    r"""Cross entropy with another weight for its first term as a series.

    .. math:: \operatorname{CE}(x, y) + ε \sum_k y_k (1 - \operatorname{softmax}(x)_k)

    Args:
        logits: :math:`x`.
        labels: :math:`y`, chances.
        epsilon: ε.
        axis: the dimension of the classes, or several; ``None`` for all.
        where: classes that count.

    Example:
        >>> import flambeau as fb
        >>> fb.optim.losses.poly_loss_cross_entropy(fb.zeros(2), fb.tensor([1., 0.]))
        tensor(1.6931)

    Reference: Leng et al., "PolyLoss: a polynomial expansion perspective of classification loss
    functions", ICLR 2022, equation 5.
    """
    dims = _dims(logits, axis)
    chances = _log_chances(logits, dims, where).exp()
    missed = counted(labels * (1 - chances), where).sum(dims)
    return softmax_cross_entropy(logits, labels, axis, where) + missed * epsilon


def kl_divergence(
    log_predictions: Tensor, targets: Tensor, axis: Any = -1, where: Tensor | None = None
) -> Tensor:
    r"""How far predicted chances are from others.

    .. math:: \sum_k y_k (\log y_k - \log p_k)

    Args:
        log_predictions: :math:`\log p`.
        targets: :math:`y`, chances; one that is 0 adds nothing.
        axis: the dimension of the classes, or several; ``None`` for all.
        where: classes that count.

    Example:
        >>> import flambeau as fb
        >>> fb.optim.losses.kl_divergence(fb.tensor([0.5, 0.5]).log(), fb.tensor([1., 0.]))
        tensor(0.6931)

    Reference: Kullback and Leibler, "On information and sufficiency", 1951.
    """
    logs = targets.masked_fill(targets == 0, 1).log()
    parts = targets * (logs - log_predictions)
    return counted(parts, where).sum(_dims(parts, axis))


def kl_divergence_with_log_targets(
    log_predictions: Tensor, log_targets: Tensor, axis: Any = -1, where: Tensor | None = None
) -> Tensor:
    r"""How far predicted chances are from others that are given as logarithms.

    .. math:: \sum_k y_k (\log y_k - \log p_k)

    Args:
        log_predictions: :math:`\log p`.
        log_targets: :math:`\log y`.
        axis: the dimension of the classes, or several; ``None`` for all.
        where: classes that count.

    Example:
        >>> import flambeau as fb
        >>> half = fb.tensor([0.5, 0.5]).log()
        >>> fb.optim.losses.kl_divergence_with_log_targets(half, half)
        tensor(0.)
    """
    parts = log_targets.exp() * (log_targets - log_predictions)
    return counted(parts, where).sum(_dims(parts, axis))


def generalized_kl_divergence(
    log_predictions: Tensor, targets: Tensor, axis: Any = -1, where: Tensor | None = None
) -> Tensor:
    r"""The divergence of what need not add up to one.

    .. math:: \sum_k y_k (\log y_k - \log p_k) + p_k - y_k

    Args:
        log_predictions: :math:`\log p`.
        targets: :math:`y`, at least 0.
        axis: the dimension of the classes, or several; ``None`` for all.
        where: classes that count.

    Example:
        >>> import flambeau as fb
        >>> fb.optim.losses.generalized_kl_divergence(fb.zeros(2), fb.tensor([1., 0.]))
        tensor(1.)

    Reference: Csiszár, "I-divergence geometry of probability distributions and minimization
    problems", 1975.
    """
    rest = log_predictions.exp() - targets
    return kl_divergence(log_predictions, targets, axis, where) + counted(rest, where).sum(
        _dims(rest, axis)
    )


convex_kl_divergence = generalized_kl_divergence  # optax's older name


def smooth_labels(
    labels: Tensor, alpha: Any, *, axis: Any = -1, where: Tensor | None = None
) -> Tensor:
    r"""Chances that are a little more alike.

    .. math:: (1 - α) y + α / K

    Args:
        labels: :math:`y`, chances.
        alpha: α, in [0, 1].
        axis: the dimension of the K classes, or several; ``None`` for all.
        where: classes that count.

    Example:
        >>> import flambeau as fb
        >>> fb.optim.losses.smooth_labels(fb.tensor([1., 0.]), 0.1)
        tensor([0.9500, 0.0500])

    Reference: Müller, Kornblith and Hinton, "When does label smoothing help?", NeurIPS 2019,
    section 1.1.
    """
    dims = _dims(labels, axis)
    count: Any = 1
    if where is None:
        for dim in dims:
            count *= labels.shape[dim]
    else:
        count = where.to(labels.dtype).sum(dims, keepdim=True)
    return labels * (1 - alpha) + alpha / count


def ranking_softmax_loss(
    logits: Tensor,
    labels: Tensor,
    *,
    where: Tensor | None = None,
    weights: Tensor | None = None,
    reduce_fn: Callable[[Tensor], Tensor] | str | None = "mean",
) -> Tensor:
    r"""The cross entropy of a list whose items have labels that need not add up to one.

    .. math:: -\sum_i w_i y_i \log \operatorname{softmax}(x)_i

    Args:
        logits: :math:`x`, scores of a list's items.
        labels: :math:`y`, at least 0.
        where: items that count; lists without any are left out.
        weights: :math:`w`; ones if not given.
        reduce_fn: ``"mean"`` over the lists that count, a function of their losses, or ``None``.

    Shape:
        (..., items) to one number, or to (...) without ``reduce_fn``.

    Example:
        >>> import flambeau as fb
        >>> fb.optim.losses.ranking_softmax_loss(fb.zeros(1, 2), fb.tensor([[1., 0.]]))
        tensor(0.6931)

    Reference: Cao et al., "Learning to rank: from pairwise approach to listwise approach", ICML
    2007.
    Differs from optax: ``reduce_fn`` is a name, or is called with one argument.
    """
    y = labels.to(logits.dtype)
    if weights is not None:
        y = y * weights
    log_chances = _log_chances(logits, (-1,), where)
    losses = -counted(y * counted(log_chances, where), where).sum(-1)
    if where is not None:
        kept = where.any(-1)
        losses = where_of(kept, losses, 0.0) if reduce_fn is None else losses[kept]
    if reduce_fn is None:
        return losses
    if callable(reduce_fn):
        return reduce_fn(losses)
    return losses.mean() if losses.numel() else losses.sum()
