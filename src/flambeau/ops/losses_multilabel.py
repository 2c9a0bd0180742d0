"""The margin loss of scores of classes of which several may be right."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core.errors import ShapeError, message
from flambeau.core.spec import Spec
from flambeau.ops.loss_reduction import (
    loss_type,
    reduced,
    reduced_array,
    reduction_of,
    rounded,
    share,
)
from flambeau.ops.losses_margin import as_rows, check_label_type, check_scores, no_class
from flambeau.ops.operands import not_a_tensor
from flambeau.ops.publish import PUBLIC
from flambeau.ops.reduction import widened
from flambeau.ops.selection import where
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor


def _check_multilabel(x: Any, target: Any) -> np.dtype:
    name = "multilabel_margin_loss"
    check_scores(name, x)
    kind = loss_type(name, x)
    if x.shape != target.shape:
        raise ShapeError(
            message(
                f"{name}: input and target have different shapes",
                expected="labels in the shape of input, filled up with -1",
                got=f"input {tuple(x.shape)} and target {tuple(target.shape)}",
            )
        )
    check_label_type(name, target)
    return kind


def _labels_of(x: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The target as rows, checked."""
    _check_multilabel(x, target)
    classes = x.shape[-1] if x.ndim else 1
    wrong = (target < -1) | (target >= classes)
    if wrong.any():
        expected = f"labels from 0 to {classes - 1}, or -1 after the last"
        raise no_class("multilabel_margin_loss", target, wrong, expected)
    return as_rows(target)


def _row_of_labels(labels: np.ndarray) -> np.ndarray:
    """A row's labels: those before the first -1."""
    ends = np.flatnonzero(labels < 0)
    return labels[: ends[0]] if ends.size else labels


def _lacking_of(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each label and each class that is none: by how much it lacks; and those classes."""
    others = np.ones(scores.size, bool)
    others[labels] = False
    others = np.flatnonzero(others)
    return np.maximum(1 - scores[labels][:, None] + scores[others], 0), others


def _multilabel(x: np.ndarray, target: np.ndarray, reduction: str) -> Any:
    targets = _labels_of(x, target)
    rows = widened(as_rows(x))
    losses = np.empty(rows.shape[0], rows.dtype)
    for n, (scores, labels) in enumerate(zip(rows, targets)):
        losses[n] = np.add.reduce(_lacking_of(scores, _row_of_labels(labels))[0], None)
    losses /= rows.shape[1]
    return rounded(reduced_array(losses.reshape(x.shape[:-1]), reduction), x.dtype)


def _multilabel_back(g: np.ndarray, x: np.ndarray, target: np.ndarray, reduction: str) -> Any:
    targets = _labels_of(x, target)
    rows = widened(as_rows(x))
    slopes = np.zeros(rows.shape, rows.dtype)
    for scores, labels, slope in zip(rows, targets, slopes):
        labels = _row_of_labels(labels)
        lacking, others = _lacking_of(scores, labels)
        counts = (lacking > 0).astype(rows.dtype)
        slope[others] += np.add.reduce(counts, 0)
        np.subtract.at(slope, labels, np.add.reduce(counts, 1))
    scale = widened(g).reshape(-1, 1) * (share(reduction, rows.shape[0]) / rows.shape[1])
    return rounded((slopes * scale).reshape(x.shape), x.dtype)


def _pairs(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Every label against every class: what lacks, whether the pair counts, and the labels."""
    rows, targets = as_rows(input), as_rows(target)
    given = (targets < 0).long().cumsum(1) == 0  # before the first -1
    labels = where(given, targets, 0)
    is_label = given.long().new_zeros(rows.shape).scatter_add(1, labels, given.long()) > 0
    lacking = 1 - rows.gather(1, labels).unsqueeze(2) + rows.unsqueeze(1)
    counts = given.unsqueeze(2) & ~is_label.unsqueeze(1) & (lacking > 0)
    return lacking, counts, labels


def _multilabel_in_parts(input: Tensor, target: Tensor, reduction: str) -> Tensor:
    lacking, counts, _ = _pairs(input, target)
    losses = where(counts, lacking, 0).sum(2).sum(1) / lacking.shape[1]
    return reduced(losses.reshape(input.shape[:-1]), reduction)


def _multilabel_back_in_parts(g: Any, input: Any, target: Any, reduction: str) -> Tensor:
    _, counts, labels = _pairs(input, target)
    counts = counts.to(input.dtype)
    slopes = counts.sum(1).scatter_add(1, labels, -counts.sum(2))
    scale = g.reshape(-1, 1) * (share(reduction, slopes.shape[0]) / slopes.shape[1])
    return (slopes * scale).reshape(input.shape)


def _multilabel_slopes(g: Any, grad: Any, input: Any, target: Any, reduction: str) -> Tensor:
    """The way back of the way back: it is linear in ``grad``, and flat in the input."""
    ones = PUBLIC["ones_like"](grad)
    products = g * apply(MULTILABEL_MARGIN_BACKWARD, (ones, input, target), (reduction,))
    return products.sum(-1) if grad.ndim else products.sum()


MULTILABEL_MARGIN = Operation(
    "multilabel_margin_loss",
    inputs="input target",
    params="reduction",
    evaluate=_multilabel,
    infer=lambda x, target, reduction: Spec(
        x.shape[:-1] if reduction == "none" else (), _check_multilabel(x, target)
    ),
    gradient={
        "input": lambda g, input, target, reduction: apply(
            MULTILABEL_MARGIN_BACKWARD, (g, input, target), (reduction,)
        ),
    },
    decompose=_multilabel_in_parts,
    samples=lambda make: (
        [
            make.sample((make.tensor(shape), make.integers(shape, -1, 4)), (reduction,))
            for shape in ((5, 4), (4,))
            for reduction in ("mean", "sum", "none")
        ]
        + [
            make.sample((make.tensor(()), make.integers((), 0, 1)), ("mean",)),
            make.sample((make.tensor((0, 4)), make.integers((0, 4), 0, 4)), ("sum",)),
            make.error((make.tensor((2, 3)), make.integers((2, 3), 3, 5)), ("mean",)),
            make.error((make.tensor((2, 3)), make.integers((2, 2), 0, 3)), ("mean",)),
            make.error((make.tensor((2, 3)), make.tensor((2, 3))), ("mean",)),
        ]
    ),
)
MULTILABEL_MARGIN_BACKWARD = Operation(
    "multilabel_margin_loss_backward",
    inputs="grad input target",
    params="reduction",
    evaluate=_multilabel_back,
    infer=lambda grad, input, target, reduction: Spec(input.shape, input.dtype),
    gradient={
        "grad": lambda g, grad, input, target, reduction: _multilabel_slopes(
            g, grad, input, target, reduction
        ),
    },
    decompose=_multilabel_back_in_parts,
    samples=lambda make: [
        make.sample(
            (
                make.tensor(shape[:-1] if reduction == "none" else ()),
                make.tensor(shape),
                make.integers(shape, -1, 4),
            ),
            (reduction,),
        )
        for shape in ((5, 4), (4,))
        for reduction in ("mean", "sum", "none")
    ],
)


def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """By how much scores of wrong classes are not 1 below those of all right ones.

    :math:`l_n = 1/C · Σ_{y ∈ Y_n} Σ_{c ∉ Y_n} max(0, 1 - input_{ny} + input_{nc})`, where
    :math:`Y_n` are the labels of an example; :math:`out = 1/N · Σ_n l_n`

    Args:
        input: scores.
        target: the labels of each example, of type int64, and -1 after the last.
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per example.

    Shape: (N, C), (N, C) -> (), or (N,) without a reduction; also (C,), (C,) -> ().

    Raises:
        RuntimeError: if shapes or types do not fit, or a label is no class.
        ValueError: for an unknown reduction.

    Example:
        >>> import flambeau as fb
        >>> x, y = fb.tensor([[0.1, 0.2, 0.4, 0.8]]), fb.tensor([[3, 0, -1, 1]])
        >>> fb.nn.functional.multilabel_margin_loss(x, y)
        tensor(0.8500)

    The mean over no examples is nan.
    """
    name = "multilabel_margin_loss"
    reduction = reduction_of(name, size_average, reduce, reduction)
    for x in (input, target):
        if not isinstance(x, Tensor):
            raise not_a_tensor(name, x)
    return apply(MULTILABEL_MARGIN, (input, target), (reduction,))
