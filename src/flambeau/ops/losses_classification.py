"""Losses of predicted classes: the likelihood of labels, and cross entropy."""

from __future__ import annotations

from typing import Any

from flambeau.core.errors import message
from flambeau.ops.loss_reduction import number_node, reduction_of
from flambeau.ops.losses_likelihood import check_class_weights, check_labels, likelihood
from flambeau.ops.operands import not_a_tensor
from flambeau.ops.quick_likelihood import quick_cross_entropy, quick_likelihood
from flambeau.ops.softmax import LOG_SOFTMAX
from flambeau.tensor.dispatch import apply
from flambeau.tensor.tensor import Tensor


def _check_operands(name: str, input: Any, target: Any, weight: Any) -> None:
    for x in (input, target):
        if not isinstance(x, Tensor):
            raise not_a_tensor(name, x)
    if weight is not None:
        if not isinstance(weight, Tensor):
            raise not_a_tensor(name, weight)
        if weight.requires_grad:
            raise RuntimeError(
                message(
                    f"{name}: weight has no gradient",
                    expected="a weight that requires none",
                    got="a weight with requires_grad=True",
                    help="weight.detach()",
                )
            )


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The negative log-likelihood of labels.

    :math:`l_n = -w_n · input[n, target_n]`, :math:`w_n = weight[target_n]` or 0 where the label
    is ignored; :math:`out = Σ_n l_n / Σ_n w_n`

    Args:
        input: logarithms of probabilities, as :func:`log_softmax` gives them.
        target: labels from 0 to C - 1, of type int64.
        weight: a weight for each class.
        size_average, reduce: the old form of ``reduction``.
        ignore_index: a label that does not count.
        reduction: ``"mean"`` (weighted), ``"sum"``, or ``"none"`` for one loss per label.

    Shape: (N, C, ...), (N, ...) -> (), or (N, ...) without a reduction; also (C,), () -> ().

    Raises:
        IndexError: if a label is neither a class nor ``ignore_index``.
        ValueError: if the batch sizes differ, or for an unknown reduction.
        RuntimeError: if other sizes, or the types, do not fit.

    Example:
        >>> import flambeau as fb
        >>> log_probabilities = fb.tensor([[0.5, 0.5], [0.25, 0.75]]).log()
        >>> fb.nn.functional.nll_loss(log_probabilities, fb.tensor([0, 0]))
        tensor(1.0397)

    The mean over no labels, all of them ignored or none there, is nan, and its gradient 0.
    """
    reduction = reduction_of("nll_loss", size_average, reduce, reduction)
    if weight is None:
        found = quick_likelihood(input, target, reduction, ignore_index)
        if found is not None:
            return found
    _check_operands("nll_loss", input, target, weight)
    return likelihood(input, _label(input, target), weight, reduction, ignore_index)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """The cross entropy of predicted classes and true ones.

    :math:`l_n = -Σ_c w_c · y_{nc} · log softmax(input_n)_c`, where :math:`y_n` is 1 at the label
    and 0 elsewhere, or the given probabilities, then mixed with the uniform distribution,
    :math:`(1 - label\\_smoothing) y + label\\_smoothing / C`. The mean of losses with labels is
    weighted by the labels' weights; that with probabilities is over the batch.

    Args:
        input: logits: any numbers, whose softmax is what is predicted.
        target: labels from 0 to C - 1, of type int64; or a probability for each class.
        weight: a weight for each class.
        size_average, reduce: the old form of ``reduction``.
        ignore_index: a label that does not count.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per label.
        label_smoothing: the share of the uniform distribution, from 0 to 1.

    Shape: (N, C, ...), (N, ...) -> (), or (N, ...) without a reduction; probabilities have the
        shape of ``input``; also (C,), () -> ().

    Raises:
        IndexError: if a label is neither a class nor ``ignore_index``.
        ValueError: if the batch sizes differ, or for an unknown reduction.
        RuntimeError: if other sizes, or the types, do not fit.

    Example:
        >>> import flambeau as fb
        >>> logits = fb.tensor([[2., 0., 0.], [0., 0., 0.]])
        >>> fb.nn.functional.cross_entropy(logits, fb.tensor([0, 1]))
        tensor(0.6691)
        >>> fb.nn.functional.cross_entropy(logits, fb.full((2, 3), 1 / 3), reduction="none")
        tensor([1.5729, 1.0986])

    Reference: for label smoothing, Szegedy et al. (2015), section 7.

    The mean over no labels, all of them ignored or none there, is nan, and its gradient 0.
    """
    reduction = reduction_of("cross_entropy", size_average, reduce, reduction)
    if weight is None and label_smoothing == 0.0:
        found = quick_cross_entropy(input, target, reduction, ignore_index)
        if found is not None:
            return found
    _operands_of_entropy(input, target, weight)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(
            message(
                "cross_entropy: label_smoothing is no share",
                expected="a number from 0 to 1",
                got=str(label_smoothing),
            )
        )
    array = input._array
    if array.shape == target._array.shape:
        return _of_probabilities(input, target, weight, reduction, ignore_index, label_smoothing)
    target = _label(input, target)
    check_labels("cross_entropy", array, target._array)
    check_class_weights("cross_entropy", array, None if weight is None else weight._array)
    logs = apply(LOG_SOFTMAX, (input,), (0 if array.ndim <= 1 else 1,))
    params = reduction, ignore_index
    try:
        if label_smoothing > 0:
            return _smoothed(logs, target, weight, *params, label_smoothing)
        return likelihood(logs, target, weight, *params)
    except IndexError as error:  # a label that is no class; only this function's name is ours
        raise IndexError(str(error).replace("nll_loss", "cross_entropy", 1)) from None


def _label(input: Tensor, target: Tensor) -> Tensor:
    """The target of one example, which may stand in a vector."""
    single = input._array.ndim == 1 and target._array.shape == (1,)
    return target.reshape(()) if single else target


def _operands_of_entropy(input: Any, target: Any, weight: Any) -> None:
    for x in (input, target) if weight is None else (input, target, weight):
        if not isinstance(x, Tensor):
            raise not_a_tensor("cross_entropy", x)


def _by_class(weight: Tensor, like: Tensor) -> Tensor:
    """Weights in the shape that broadcasts over the classes of ``like``."""
    return weight if like.ndim <= 2 else weight.reshape((1, -1) + (1,) * (like.ndim - 2))


def _of_probabilities(
    input: Tensor,
    target: Tensor,
    weight: Any,
    reduction: str,
    ignore_index: int,
    smoothing: float,
) -> Tensor:
    if target._array.dtype.kind not in "fV":
        raise RuntimeError(
            message(
                "cross_entropy: probabilities have a wrong type",
                expected="a floating-point target, since it has the shape of input",
                got=str(target.dtype),
                help="convert it with .to(input.dtype); labels have no class dimension",
            )
        )
    if ignore_index >= 0:
        raise RuntimeError(
            message(
                "cross_entropy: probabilities cannot be ignored by label",
                expected="no ignore_index beside a floating-point target",
                got=f"ignore_index={ignore_index}",
            )
        )
    check_class_weights("cross_entropy", input._array, None if weight is None else weight._array)
    dim = 0 if input.ndim == 1 else 1
    logs = apply(LOG_SOFTMAX, (input,), (dim,))
    if smoothing > 0:
        mixed = number_node(target * (1 - smoothing))
        target = number_node(mixed + smoothing / input.shape[dim])
    losses = logs * target
    if weight is not None:
        losses = losses * _by_class(weight, input)
    if reduction == "none":
        return -losses.sum(dim)
    total = -losses.sum()
    if reduction == "sum":
        return total
    return number_node(total / (input.numel() // input.shape[dim] if input.numel() else 0))


def _smoothed(
    logs: Tensor, target: Tensor, weight: Any, reduction: str, ignore_index: int, smoothing: float
) -> Tensor:
    labelled = likelihood(logs, target, weight, reduction, ignore_index)
    dim = 0 if logs.ndim == 1 else 1
    uniform = -(logs if weight is None else logs * _by_class(weight, logs)).sum(dim)
    ignored = target == ignore_index
    uniform = uniform.masked_fill(ignored, 0)
    if reduction == "mean":
        if weight is None:
            uniform = uniform.sum() / (~ignored).sum()
        else:
            labels = target.masked_fill(ignored, 0).reshape(-1)
            weights = weight.index_select(0, labels).masked_fill(ignored.reshape(-1), 0)
            uniform = uniform.sum() / weights.sum()
    elif reduction == "sum":
        uniform = uniform.sum()
    classes = logs.shape[dim]
    shares = 1 - smoothing, smoothing / classes
    return number_node(labelled * shares[0]) + number_node(uniform * shares[1])
