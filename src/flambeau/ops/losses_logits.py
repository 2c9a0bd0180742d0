"""The cross entropy of two classes, of logits."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.ops.activation import logsigmoid
from flambeau.ops.loss_reduction import (
    apply_back,
    apply_pair,
    constant,
    loss_type,
    one_type,
    reduced,
    reduced_array,
    reduced_spec,
    reduction_of,
    rounded,
    share,
)
from flambeau.ops.losses_binary import check_binary, check_weights, fits, given, scaled
from flambeau.ops.operands import elementwise_spec
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

_NAME = "binary_cross_entropy_with_logits"


def _type_of(input: Any, target: Any, *weights: Any) -> np.dtype:
    """The type of the result: the target's."""
    check_binary(_NAME, input, target, *weights)
    return loss_type(_NAME, target)


# --- without weights ------------------------------------------------------------------------------


def _logits(x: Any, t: Any, reduction: str) -> Any:
    wanted = t.dtype
    if x.shape != t.shape or wanted.kind not in "fV" or x.dtype.kind not in "fV":
        raise ValueError("shapes or types do not fit")
    (x, t), kind = one_type(x, t)
    losses = np.log1p(np.exp(-np.abs(x)))  # of which nothing overflows
    losses += np.maximum(constant(0.0, x.dtype), x) - x * t  # exactly 0 for a right label
    found = reduced_array(losses, reduction)
    return found if kind is x.dtype is wanted else np.asarray(found).astype(wanted)


def _logits_back(g: Any, x: Any, t: Any, reduction: str) -> Any:
    (g, x, t), kind = one_type(g, x, t)
    if reduction == "mean":
        g = g * share(reduction, x.size)
    back = _sigmoid(x)
    back -= t
    back *= g
    return rounded(back, kind)


def _sigmoid(x: np.ndarray) -> Any:
    """The logistic function; where the power overflows it is 0."""
    powers = np.exp(-x)
    powers += constant(1.0, x.dtype)
    return np.reciprocal(powers)


def _softplus_of_negative(x: Tensor) -> Tensor:
    """``-log σ(x)``."""
    return (-x.abs()).exp().log1p() + (-x).clamp(min=0)


def _slope(x: Tensor, t: Tensor) -> Tensor:
    return x.sigmoid() - t


def _curvature(x: Tensor) -> Tensor:
    p = x.sigmoid()
    return p * (1 - p)


LOGITS = Operation(
    _NAME,
    inputs="input target",
    params="reduction",
    evaluate=_logits,
    infer=lambda input, target, reduction: reduced_spec(input, _type_of(input, target), reduction),
    gradient={
        "input": lambda g, input, target, reduction: apply_back(
            LOGITS_BACKWARD, (g, input, target), (reduction,)
        ),
        "target": lambda g, input, reduction: -input * scaled(g, None, reduction, input),
    },
    decompose=lambda input, target, reduction: reduced(
        (1 - target) * input + _softplus_of_negative(input), reduction
    ).to(target.dtype),
    samples=lambda make: _samples(make),
)
LOGITS_BACKWARD = Operation(
    f"{_NAME}_backward",
    inputs="grad input target",
    params="reduction",
    evaluate=_logits_back,
    infer=lambda grad, input, target, reduction: elementwise_spec(
        input.shape, loss_type(_NAME, grad, input, target), [input, target]
    ),
    gradient={
        "grad": lambda g, input, target, reduction: (
            scaled(g, None, reduction, input) * _slope(input, target)
        ),
        "input": lambda g, grad, input, reduction: (
            scaled(g * grad, None, reduction, input) * _curvature(input)
        ),
        "target": lambda g, grad, input, reduction: -scaled(g * grad, None, reduction, input),
    },
    decompose=lambda grad, input, target, reduction: (
        _slope(input, target) * scaled(grad, None, reduction, input)
    ),
    samples=lambda make: [
        make.sample(
            (make.tensor(shape if reduction == "none" else ()), *_pair(make, shape)), (reduction,)
        )
        for reduction in ("mean", "sum", "none")
        for shape in ((), (2, 3))
    ],
)


def _pair(make: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    return make.tensor(shape), make.tensor(shape, 0.0, 1.0)


def _samples(make: Any) -> list[Any]:
    right, whole = make.tensor((3,)), make.integers((3,), 0, 2)
    return [
        make.sample(_pair(make, shape), (reduction,))
        for reduction in ("mean", "sum", "none")
        for shape in ((), (4,), (2, 3))
    ] + [
        make.sample((make.transposed((3, 4)), make.tensor((3, 4), 0.0, 1.0)), ("mean",)),
        make.sample(_pair(make, (0,)), ("sum",)),
        make.error((right, make.tensor((3, 1), 0.0, 1.0)), ("mean",), ValueError),
        make.error((whole, whole), ("mean",)),
        make.error((right, whole), ("mean",)),
    ]


# --- with weights ---------------------------------------------------------------------------------


def _weighted(x: Any, t: Any, weight: Any, positive: Any, reduction: str) -> Any:
    wanted = t.dtype
    if x.shape != t.shape or wanted.kind not in "fV" or x.dtype.kind not in "fV":
        raise ValueError("shapes or types do not fit")
    if not all([fits(each.shape, x.shape) for each in given(weight, positive)]):
        raise ValueError("shapes do not fit")
    operands, _ = one_type(*given(x, t, weight, positive))
    x, t = operands[:2]
    less = np.log1p(np.exp(-np.abs(x))) + np.maximum(-x, 0)  # -log σ(x)
    if positive is not None:
        less = less * ((operands[-1] - 1) * t + 1)
    losses = (1 - t) * x + less
    if weight is not None:
        losses = losses * operands[2]
    return np.asarray(reduced_array(losses, reduction)).astype(wanted, copy=False)


def _weighted_in_parts(x: Any, t: Any, weight: Any, positive: Any, reduction: str) -> Tensor:
    less = _softplus_of_negative(x)
    if positive is not None:
        less = less * ((positive - 1) * t + 1)
    losses = (1 - t) * x + less
    return reduced(losses if weight is None else losses * weight, reduction).to(t.dtype)


def _weighted_slope(x: Any, t: Any, positive: Any) -> Tensor:
    if positive is None:
        return _slope(x, t)
    positives = positive * t
    return (positives + 1 - t) * x.sigmoid() - positives


def _target_slope(x: Any, positive: Any) -> Tensor:
    return -x if positive is None else logsigmoid(-x) - positive * logsigmoid(x)


WEIGHTED_LOGITS = Operation(
    f"weighted_{_NAME}",
    inputs="input target weight pos_weight",
    params="reduction",
    evaluate=_weighted,
    infer=lambda input, target, weight, pos_weight, reduction: reduced_spec(
        input, _type_of(input, target, weight, pos_weight), reduction
    ),
    gradient={
        "input": lambda g, input, target, weight, pos_weight, reduction: (
            scaled(g, weight, reduction, input) * _weighted_slope(input, target, pos_weight)
        ),
        "target": lambda g, input, weight, pos_weight, reduction: (
            scaled(g, weight, reduction, input) * _target_slope(input, pos_weight)
        ),
    },
    decompose=_weighted_in_parts,
    node_name=LOGITS.node_name,
    samples=lambda make: _weighted_samples(make),
)


def _weighted_samples(make: Any) -> list[Any]:
    """Weights have no gradient: samples with one are not for finite differences."""
    weights = [make.tensor((3,), 0.5, 2.0), make.tensor((2, 3), 0.5, 2.0), None]
    return [
        make.sample(
            (*_pair(make, (2, 3)), weight, positive), (reduction,), smooth=weight is positive
        )
        for reduction in ("mean", "sum", "none")
        for weight in weights
        for positive in weights
    ] + [
        make.error((*_pair(make, (3,)), make.tensor((2,)), None), ("mean",)),
        make.error((*_pair(make, (3,)), None, make.tensor((2, 3))), ("mean",)),
        make.error(
            (make.tensor((3,)), make.tensor((3, 1)), None, weights[0]), ("mean",), ValueError
        ),
    ]


# --- what users call ------------------------------------------------------------------------------


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """:func:`binary_cross_entropy` of the logistic function of any numbers, without overflow.

    :math:`l_i = -w_i (p_i · target_i · log σ(input_i) + (1 - target_i) · log σ(-input_i))`;
    :math:`out = 1/n · Σ_i l_i`

    Args:
        input: logits: any numbers.
        target: true probabilities, mostly 0 and 1.
        weight: weights w, whose shape broadcasts to that of ``input``.
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per element.
        pos_weight: weights p of positive examples, whose shape broadcasts to that of ``input``.

    Shape: (*), (*) -> (), or (*) without a reduction.

    Raises:
        ValueError: if the shapes differ, or for an unknown reduction.
        RuntimeError: if the types, or shapes of weights, do not fit.

    Example:
        >>> import flambeau as fb
        >>> f = fb.nn.functional.binary_cross_entropy_with_logits
        >>> f(fb.tensor([0., -1000.]), fb.tensor([0., 1.]), reduction="none")
        tensor([6.9315e-01, 1.0000e+03])

    The mean of nothing is nan.
    """
    reduction = reduction_of(_NAME, size_average, reduce, reduction)
    if weight is None and pos_weight is None:
        return apply_pair(LOGITS, input, target, (reduction,))
    check_weights(_NAME, input, target, {"weight": weight, "pos_weight": pos_weight})
    return apply(WEIGHTED_LOGITS, (input, target, weight, pos_weight), (reduction,))
