"""Losses of scores of classes: by how much right ones should be above wrong ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, message
from flambeau.core.spec import Spec
from flambeau.ops.activation import logsigmoid
from flambeau.ops.loss_reduction import (
    check_same_shape,
    loss_type,
    one_type,
    reduced,
    reduced_array,
    reduced_spec,
    reduction_of,
    rounded,
    share,
    unequal_shapes,
)
from flambeau.ops.operands import check_number, not_a_tensor
from flambeau.ops.publish import PUBLIC
from flambeau.ops.reduction import widened
from flambeau.ops.selection import where
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

_INT64 = dtypes.int64.numpy


def _refuse_gradient(name: str, what: str, x: Tensor) -> None:
    if x.requires_grad:
        raise RuntimeError(
            message(
                f"{name}: {what} has no gradient",
                expected=f"a {what} that requires none",
                got=f"a {what} with requires_grad=True",
                help=f"{what}.detach()",
            )
        )


# --- two classes, 1 and -1 ------------------------------------------------------------------------


def _soft_margin(x: Any, t: Any, reduction: str) -> Any:
    if x.shape != t.shape:
        raise ValueError("two shapes")
    wanted = x.dtype
    if wanted.kind not in "fV":
        raise TypeError("not a floating-point type")
    (x, t), _ = one_type(x, t)
    z = t * x
    losses = np.log1p(np.exp(-np.abs(z))) - np.minimum(z, 0)  # of which nothing overflows
    return np.asarray(reduced_array(losses, reduction)).astype(wanted, copy=False)


def _soft_margin_spec(x: Any, t: Any, reduction: str) -> Spec:
    if x.shape != t.shape:
        raise unequal_shapes("soft_margin_loss", x.shape, t.shape)
    loss_type("soft_margin_loss", x, t)
    return reduced_spec(x, loss_type("soft_margin_loss", x), reduction)


def _soft_margin_in_parts(input: Tensor, target: Tensor, reduction: str) -> Tensor:
    z = target * input
    losses = (-z.abs()).exp().log1p() - z.clamp(max=0)
    return reduced(losses, reduction).to(input.dtype)


SOFT_MARGIN = Operation(
    "soft_margin_loss",
    inputs="input target",
    params="reduction",
    evaluate=_soft_margin,
    infer=_soft_margin_spec,
    gradient={
        "input": lambda g, input, target, reduction: (
            -target * (-target * input).sigmoid() * (g * share(reduction, input.numel()))
        ),
    },
    decompose=_soft_margin_in_parts,
    samples=lambda make: (
        [
            make.sample((make.tensor(shape), make.integers(shape)), (reduction,))
            for shape in ((), (3,), (2, 3))
            for reduction in ("mean", "sum", "none")
        ]
        + [
            make.sample((make.transposed((3, 4)), make.tensor((3, 4))), ("mean",), smooth=False),
            make.sample((make.tensor((0,)), make.integers((0,))), ("sum",)),
            make.error((make.tensor((3,)), make.tensor((3, 1))), ("mean",)),
            make.error((make.integers((3,)), make.integers((3,))), ("mean",)),
        ]
    ),
)


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The logistic loss of scores and classes 1 and -1.

    :math:`out = 1/n · Σ_i log(1 + exp(-target_i · input_i))`

    Args:
        input: scores.
        target: 1 and -1.
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per element.

    Shape: (*), (*) -> (), or (*) without a reduction.

    Raises:
        RuntimeError: if the shapes differ, both hold integers, or the target asks for a gradient.
        ValueError: for an unknown reduction.

    Example:
        >>> import flambeau as fb
        >>> f = fb.nn.functional.soft_margin_loss
        >>> f(fb.tensor([0., 1000.]), fb.tensor([1., -1.]), reduction="none")
        tensor([6.9315e-01, 1.0000e+03])

    Differs from PyTorch: it does not overflow; and different shapes are an error, so broadcast
    explicitly where that is meant.
    """
    reduction = reduction_of("soft_margin_loss", size_average, reduce, reduction)
    check_same_shape("soft_margin_loss", input, target)
    _refuse_gradient("soft_margin_loss", "target", target)
    return apply(SOFT_MARGIN, (input, target), (reduction,))


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The logistic loss of scores of classes of which any number may be right.

    :math:`l_n = -1/C · Σ_c w_c (target_{nc} log σ(input_{nc}) + (1 - target_{nc})
    log σ(-input_{nc}))`; :math:`out = 1/N · Σ_n l_n`

    Args:
        input: scores.
        target: 1 for classes that are right, 0 for others.
        weight: weights w, whose shape broadcasts to that of ``input``.
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per example.

    Shape: (..., C), (..., C) -> (), or (...) without a reduction.

    Raises:
        IndexError: if the input has no dimensions.
        RuntimeError: if the shapes differ.
        ValueError: for an unknown reduction.

    Example:
        >>> import flambeau as fb
        >>> f = fb.nn.functional.multilabel_soft_margin_loss
        >>> f(fb.tensor([[0., 2.]]), fb.tensor([[1., 0.]]))
        tensor(1.4100)

    Differs from PyTorch: different shapes are an error; broadcast explicitly where that is meant.
    """
    name = "multilabel_soft_margin_loss"
    reduction = reduction_of(name, size_average, reduce, reduction)
    check_same_shape(name, input, target)
    if input.ndim == 0:
        raise IndexError(
            message(f"{name}: the input has no classes", expected="shape (..., C)", got="shape ()")
        )

    losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        losses = losses * weight
    return reduced(losses.sum(-1) / input.shape[-1], reduction)


# --- labels ---------------------------------------------------------------------------------------


def as_rows(x: Any) -> Any:
    return x.reshape(1, -1) if x.ndim < 2 else x


def check_scores(name: str, x: Any) -> None:
    if x.ndim > 2 or (x.ndim and x.shape[-1] == 0):
        raise ShapeError(
            message(
                f"{name}: the input's shape does not fit",
                expected="shape (N, C) or (C,), of at least one class",
                got=f"shape {tuple(x.shape)}",
            )
        )


def check_label_type(name: str, target: Any) -> None:
    if target.dtype != _INT64:
        raise RuntimeError(
            message(
                f"{name}: labels have a wrong type",
                expected="labels of type torch.int64",
                got=str(dtypes.of(target.dtype)),
                help="convert them with .long()",
            )
        )


def no_class(name: str, target: np.ndarray, wrong: np.ndarray, expected: str) -> RuntimeError:
    place = tuple(int(i) for i in np.argwhere(wrong)[0])
    at = f" at target[{', '.join(map(str, place))}]" if place else ""
    return RuntimeError(
        message(f"{name}: a label is not a class", expected=expected, got=f"{target[place]}{at}")
    )


def _check_multi_margin(x: Any, target: Any, weight: Any) -> np.dtype:
    name = "multi_margin_loss"
    check_scores(name, x)
    kind = loss_type(name, x)
    count = 1 if x.ndim < 2 else x.shape[0]
    if target.ndim > 1 or target.size != count or (x.ndim == 2 and target.ndim == 0):
        raise ShapeError(
            message(
                f"{name}: shapes of input and target do not fit",
                expected="input (N, C) and target (N,), or input (C,) and target ()",
                got=f"input {tuple(x.shape)} and target {tuple(target.shape)}",
                help="target.squeeze(1)" if tuple(target.shape) == (count, 1) else None,
            )
        )
    check_label_type(name, target)
    classes = x.shape[-1] if x.ndim else 1
    if weight is not None and (weight.shape != (classes,) or weight.dtype != x.dtype):
        raise ShapeError(
            message(
                f"{name}: weight must have one element for each class, and the input's type",
                expected=f"shape ({classes},) and type {dtypes.of(x.dtype)}",
                got=f"shape {tuple(weight.shape)} and type {dtypes.of(weight.dtype)}",
            )
        )
    return kind


def _multi_margin(
    x: np.ndarray, target: np.ndarray, weight: Any, reduction: str, p: int, margin: float
) -> Any:
    _check_multi_margin(x, target, weight)
    rows, labels = widened(as_rows(x)), target.reshape(-1)
    count, classes = rows.shape
    wrong = (target < 0) | (target >= classes)
    if wrong.any():
        expected = f"labels from 0 to {classes - 1}"
        raise no_class("multi_margin_loss", target, wrong, expected)
    places = np.arange(count)
    lacking = np.maximum(rows - rows[places, labels][:, None] + margin, 0)
    if p == 2:
        lacking = lacking * lacking
    lacking[places, labels] = 0
    losses = np.add.reduce(lacking, 1) / classes
    if weight is not None:
        losses = losses * widened(weight)[labels]
    return rounded(reduced_array(losses.reshape(target.shape), reduction), x.dtype)


def _lacking(input: Tensor, target: Tensor, margin: float) -> tuple[Tensor, Tensor, Tensor]:
    """By how much each wrong class is not far enough below, which do count, and the labels."""
    rows, labels = as_rows(input), target.reshape(-1, 1)
    lacking = rows - rows.gather(1, labels) + margin
    classes = PUBLIC["arange"](rows.shape[1])
    return lacking, (lacking > 0) & (classes != labels), labels


def _multi_margin_in_parts(
    input: Any, target: Any, weight: Any, reduction: str, p: int, margin: float
) -> Tensor:
    lacking, counts, labels = _lacking(input, target, margin)
    losses = where(counts, lacking if p == 1 else lacking * lacking, 0).sum(1) / lacking.shape[1]
    if weight is not None:
        losses = losses * weight.index_select(0, labels.reshape(-1))
    return reduced(losses.reshape(target.shape), reduction)


def _multi_margin_gradient(
    g: Any, input: Any, target: Any, weight: Any, reduction: str, p: int, margin: float
) -> Tensor:
    lacking, counts, labels = _lacking(input, target, margin)
    count, classes = lacking.shape
    g = g.reshape(-1, 1) * (share(reduction, count) / classes)
    if weight is not None:
        g = g * weight.index_select(0, labels.reshape(-1)).reshape(-1, 1)
    slopes = where(counts, g if p == 1 else 2 * lacking * g, 0)
    return slopes.scatter_add(1, labels, -slopes.sum(1, True)).reshape(input.shape)


MULTI_MARGIN = Operation(
    "multi_margin_loss",
    inputs="input target weight",
    params="reduction p margin",
    evaluate=_multi_margin,
    infer=lambda x, target, weight, reduction, p, margin: Spec(
        target.shape if reduction == "none" else (), _check_multi_margin(x, target, weight)
    ),
    gradient={
        "input": lambda g, input, target, weight, reduction, p, margin: _multi_margin_gradient(
            g, input, target, weight, reduction, p, margin
        ),
    },
    decompose=_multi_margin_in_parts,
    samples=lambda make: (
        [
            make.sample(
                (make.tensor(shape), make.integers(shape[:-1], 0, 4), weight),
                (r, p, margin),
                smooth=weight is None,
            )
            for shape in ((3, 4), (4,))
            for weight in (None, make.tensor((4,), 0.5, 2.0))
            for r in ("mean", "sum", "none")
            for p, margin in ((1, 1.0), (2, 0.7))
        ]
        + [
            make.sample((make.tensor(()), make.integers((), 0, 1), None), ("mean", 1, 1.0)),
            make.sample((make.tensor((0, 4)), make.integers((0,), 0, 4), None), ("sum", 1, 1.0)),
            make.error((make.tensor((2, 3)), make.integers((2,), 3, 5), None), ("mean", 1, 1.0)),
            make.error((make.tensor((2, 3)), make.integers((3,), 0, 3), None), ("mean", 1, 1.0)),
            make.error((make.tensor((2, 3)), make.tensor((2,)), None), ("mean", 1, 1.0)),
            make.error((make.tensor((2, 0)), make.integers((2,), 0, 3), None), ("mean", 1, 1.0)),
            make.error(
                (make.tensor((2, 3)), make.integers((2,), 0, 3), make.tensor((2,))),
                ("mean", 1, 1.0),
            ),
        ]
    ),
)


def check_degree(name: str, p: Any) -> None:
    """Raises: ValueError: unless ``p`` is 1 or 2."""
    if p not in (1, 2):
        raise ValueError(message(f"{name}: p is neither 1 nor 2", expected="1 or 2", got=str(p)))


def check_class_weight(name: str, weight: Any) -> None:
    """Raises: ValueError: if there is a weight and it has not one dimension."""
    if weight is not None and weight.ndim != 1:
        raise ValueError(
            message(
                f"{name}: weight must have one dimension",
                expected="shape (C,)",
                got=f"shape {tuple(weight.shape)}",
            )
        )


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """By how much scores of wrong classes are not ``margin`` below that of the right one.

    :math:`l_n = w_y / C · Σ_{c ≠ y} max(0, margin - input_{ny} + input_{nc})^p` with
    :math:`y = target_n`; :math:`out = 1/N · Σ_n l_n`

    Args:
        input: scores.
        target: labels from 0 to C - 1, of type int64.
        p: 1 or 2.
        margin: how far wrong classes should be below.
        weight: a weight w for each class.
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per example.

    Shape: (N, C), (N,) -> (), or (N,) without a reduction; also (C,), () -> ().

    Raises:
        RuntimeError: if shapes or types do not fit, or a label is no class.
        ValueError: for another ``p``, a weight of more dimensions, or an unknown reduction.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.multi_margin_loss(fb.tensor([[0.1, 0.2, 0.4, 0.8]]), fb.tensor([3]))
        tensor(0.3250)

    The mean over no examples is nan.
    """
    name = "multi_margin_loss"
    reduction = reduction_of(name, size_average, reduce, reduction)
    for x in (input, target) if weight is None else (input, target, weight):
        if not isinstance(x, Tensor):
            raise not_a_tensor(name, x)
    check_degree(name, p)
    check_number(name, "margin", margin)
    check_class_weight(name, weight)
    if weight is not None:
        _refuse_gradient(name, "weight", weight)
    return apply(MULTI_MARGIN, (input, target, weight), (reduction, int(p), float(margin)))
