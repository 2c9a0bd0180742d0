"""Losses of predicted probabilities of two classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, message
from flambeau.ops.activation import logsigmoid
from flambeau.ops.loss_reduction import (
    constant,
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
from flambeau.ops.operands import FLOAT32, FLOAT64, elementwise_spec, not_a_tensor
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

# --- what binary losses share ---------------------------------------------------------------------


def _check(name: str, input: Any, target: Any, *weights: Any) -> np.dtype:
    """Raises what shapes and types can cause; the type of the result."""
    if input.shape != target.shape:
        raise unequal_shapes(name, input.shape, target.shape, error=ValueError)
    kind = loss_type(name, input)
    if target.dtype.kind not in "fV":
        raise RuntimeError(
            message(
                f"{name}: target has a wrong type",
                expected="a floating-point target",
                got=str(dtypes.of(target.dtype)),
                help="target.to(input.dtype)",
            )
        )
    given = [w for w in weights if w is not None]
    for weight in given:
        if not _fits(weight.shape, input.shape):
            raise ShapeError(
                message(
                    f"{name}: the weight's shape does not fit",
                    expected=f"a shape that broadcasts to that of input, {tuple(input.shape)}",
                    got=f"weight {tuple(weight.shape)}",
                )
            )
    return kind if target.dtype == kind and not given else loss_type(name, input, target, *given)


def _fits(shape: tuple[int, ...], full: tuple[int, ...]) -> bool:
    """Whether a shape broadcasts to another one."""
    return len(shape) <= len(full) and all(
        [size in (1, other) for size, other in zip(reversed(shape), reversed(full))]
    )


def _operands(name: str, input: Any, target: Any, weights: dict[str, Any]) -> None:
    for x in (input, target, *[w for w in weights.values() if w is not None]):
        if not isinstance(x, Tensor):
            raise not_a_tensor(name, x)
    for what, weight in weights.items():
        if weight is not None and weight.requires_grad:
            raise RuntimeError(
                message(
                    f"{name}: {what} has no gradient",
                    expected=f"a {what} that requires none",
                    got=f"a {what} with requires_grad=True",
                    help=f"{what}.detach()",
                )
            )


def _unused(*operands: Any) -> list[Any]:
    return [x for x in operands if x is not None]


# --- binary cross entropy of probabilities --------------------------------------------------------


def _bce(x: Any, t: Any, weight: Any, reduction: str) -> Any:
    if x.shape != t.shape or (weight is not None and not _fits(weight.shape, x.shape)):
        raise ValueError("shapes do not fit")
    if t.dtype.kind not in "fV":
        raise TypeError("truth values or integers")
    (x, t, *more), kind = one_type(*_unused(x, t, weight))
    _check_probabilities("input", x)
    _check_probabilities("target", t)
    # The bound keeps a certain and wrong prediction from costing infinitely much.
    yes, no = np.maximum(np.log(x), -100), np.maximum(np.log1p(-x), -100)
    losses = (t - 1) * no - t * yes
    if more:
        losses = losses * more[0]
    return rounded(reduced_array(losses, reduction), kind)


def _check_probabilities(what: str, x: np.ndarray) -> None:
    if x.size and not (np.minimum.reduce(x, None) >= 0 and np.maximum.reduce(x, None) <= 1):
        wrong = x[~((x >= 0) & (x <= 1))].flat[0]
        raise RuntimeError(
            message(
                f"binary_cross_entropy: {what} has an element that is no probability",
                expected="elements from 0 to 1",
                got=str(wrong),
                help="binary_cross_entropy_with_logits takes any numbers"
                if what == "input"
                else None,
            )
        )


def _bce_back(g: Any, x: Any, t: Any, weight: Any, reduction: str) -> Any:
    (g, x, t, *more), kind = one_type(*_unused(g, x, t, weight))
    back = (x - t) / np.maximum((1 - x) * x, 1e-12)
    back = back * (g * share(reduction, x.size))
    return rounded(back * more[0] if more else back, kind)


def _scaled(g: Tensor, weight: Any, reduction: str, like: Tensor) -> Tensor:
    """A gradient of a reduced, weighted loss, as that of each element's."""
    g = g * share(reduction, like.numel())
    return g if weight is None else g * weight


def _log_odds(x: Tensor) -> Tensor:
    """``log(x / (1 - x))``, both logarithms bounded as in the loss."""
    return x.log().clamp(min=-100) - (1 - x).log().clamp(min=-100)


def _bce_in_parts(input: Any, target: Any, weight: Any, reduction: str) -> Tensor:
    yes, no = input.log().clamp(min=-100), (-input).log1p().clamp(min=-100)
    losses = (target - 1) * no - target * yes
    return reduced(losses if weight is None else losses * weight, reduction)


def _bce_slope(x: Tensor, t: Tensor) -> Tensor:
    return (x - t) / ((1 - x) * x).clamp(min=1e-12)


def _bce_curvature(x: Tensor, t: Tensor) -> Tensor:
    near, far = x + 1e-12, 1 - x + 1e-12
    return (x * x - 2 * x * t + t) / (near * near * far * far)


BCE = Operation(
    "binary_cross_entropy",
    inputs="input target weight",
    params="reduction",
    evaluate=_bce,
    infer=lambda input, target, weight, reduction: reduced_spec(
        input, _check("binary_cross_entropy", input, target, weight), reduction
    ),
    gradient={
        "input": lambda g, input, target, weight, reduction: apply(
            BCE_BACKWARD, (g, input, target, weight), (reduction,)
        ),
        "target": lambda g, input, weight, reduction: (
            -_log_odds(input) * _scaled(g, weight, reduction, input)
        ),
    },
    decompose=_bce_in_parts,
    samples=lambda make: _bce_samples(make, "binary_cross_entropy"),
)
BCE_BACKWARD = Operation(
    "binary_cross_entropy_backward",
    inputs="grad input target weight",
    params="reduction",
    evaluate=_bce_back,
    infer=lambda grad, input, target, weight, reduction: elementwise_spec(
        input.shape,
        loss_type("binary_cross_entropy", *_unused(grad, input, target, weight)),
        [input, target],
    ),
    gradient={
        "grad": lambda g, input, target, weight, reduction: (
            _scaled(g, weight, reduction, input) * _bce_slope(input, target)
        ),
        "input": lambda g, grad, input, target, weight, reduction: (
            _scaled(g * grad, weight, reduction, input) * _bce_curvature(input, target)
        ),
        "target": lambda g, grad, input, weight, reduction: (
            -_scaled(g * grad, weight, reduction, input) / ((1 - input) * input).clamp(min=1e-12)
        ),
    },
    decompose=lambda grad, input, target, weight, reduction: (
        _bce_slope(input, target) * _scaled(grad, weight, reduction, input)
    ),
    samples=lambda make: _bce_back_samples(make),
)


def _bce_samples(make: Any, name: str) -> list[Any]:
    low, high = (0.05, 0.95) if name == "binary_cross_entropy" else (-3.0, 3.0)
    samples = []
    for reduction in ("mean", "sum", "none"):
        for shape in [(), (4,), (2, 3)]:
            pair = make.tensor(shape, low, high), make.tensor(shape, 0.0, 1.0)
            weight = make.tensor(shape[-1:], 0.5, 2.0)
            samples.append((pair, (None,), (reduction,)))
            samples.append((pair, (weight,), (reduction,)))
    samples.append(
        ((make.transposed((3, 4), low, high), make.tensor((3, 4), 0, 1)), (None,), ("mean",))
    )
    empty = make.tensor((0,), low, high), make.tensor((0,), 0, 1)
    samples.append((empty, (None,), ("sum",)))
    found = []
    for pair, weights, params in samples:
        smooth = weights == (None,)  # weights have no gradient
        if name == "binary_cross_entropy":
            found.append(make.sample((*pair, *weights), params, smooth))
        else:
            positive = make.tensor(pair[0].shape[-1:], 0.5, 2.0)
            found.append(make.sample((*pair, *weights, None), params, smooth))
            found.append(make.sample((*pair, *weights, positive), params, smooth=False))
    rest = (None,) if name == "binary_cross_entropy" else (None, None)
    two = make.tensor((2, 1), low, high), make.tensor((2,), 0, 1)
    whole = make.integers((2,), 0, 2), make.integers((2,), 0, 2)
    found.append(make.error((*two, *rest), ("mean",), ValueError))
    found.append(make.error((*whole, *rest), ("mean",)))
    wide = make.tensor((2,), low, high), make.tensor((2,), 0, 1), make.tensor((3,)), *rest[1:]
    found.append(make.error(wide, ("mean",)))
    if name == "binary_cross_entropy":
        found.append(make.error((make.tensor((3,)), make.tensor((3,), 0, 1), None), ("mean",)))
        found.append(make.error((make.tensor((3,), 0, 1), make.tensor((3,)), None), ("mean",)))
    return found


def _bce_back_samples(make: Any) -> list[Any]:
    samples = []
    for reduction in ("mean", "sum", "none"):
        for weight in (None, make.tensor((3,), 0.5, 2.0)):
            g = make.tensor((2, 3) if reduction == "none" else ())
            pair = make.tensor((2, 3), 0.05, 0.95), make.tensor((2, 3), 0.0, 1.0)
            samples.append(make.sample((g, *pair, weight), (reduction,), smooth=weight is None))
    return samples


# --- binary cross entropy of logits ---------------------------------------------------------------


def _logits(x: Any, t: Any, weight: Any, positive: Any, reduction: str) -> Any:
    if x.shape != t.shape or t.dtype.kind not in "fV":
        raise ValueError("shapes or types do not fit")
    if weight is None and positive is None:
        (x, t), kind = one_type(x, t)
        losses = np.log1p(np.exp(-np.abs(x)))  # of which nothing overflows
        losses += np.maximum(constant(0.0, x.dtype), x)
        losses -= x * t
        return rounded(reduced_array(losses, reduction), kind)
    for each in _unused(weight, positive):
        if not _fits(each.shape, x.shape):
            raise ValueError("shapes do not fit")
    operands, kind = one_type(*_unused(x, t, weight, positive))
    x, t = operands[:2]
    less = np.log1p(np.exp(-np.abs(x))) + np.maximum(-x, 0)  # -log sigmoid(x)
    if positive is not None:
        less = less * ((operands[-1] - 1) * t + 1)
    losses = (1 - t) * x + less
    if weight is not None:
        losses = losses * operands[2]
    return rounded(reduced_array(losses, reduction), kind)


def _logits_back(g: Any, x: Any, t: Any, weight: Any, positive: Any, reduction: str) -> Any:
    operands, kind = one_type(*_unused(g, x, t, weight, positive))
    g, x, t = operands[:3]
    if reduction == "mean":
        g = g * share(reduction, x.size)
    back = _sigmoid(x)
    if positive is None:
        back -= t
    else:
        positives = operands[-1] * t
        back = (positives + 1 - t) * back - positives
    if weight is not None:
        back = back * operands[3]
    back *= g
    return rounded(back, kind)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    """The logistic function; below its smallest normal value it stays there."""
    kind = x.dtype
    powers = np.negative(np.maximum(constant(_LEAST_LOGITS[kind], kind), x))
    powers = np.exp(powers)
    powers += constant(1.0, kind)
    return np.reciprocal(powers)


_LEAST_LOGITS = {FLOAT32: -88.0, FLOAT64: -709.0}  # where exp(-x) is just not infinite


def _logits_in_parts(x: Any, t: Any, weight: Any, positive: Any, reduction: str) -> Tensor:
    less = (-x.abs()).exp().log1p() + (-x).clamp(min=0)
    if positive is not None:
        less = less * ((positive - 1) * t + 1)
    losses = (1 - t) * x + less
    return reduced(losses if weight is None else losses * weight, reduction)


def _logits_slope(x: Any, t: Any, positive: Any) -> Tensor:
    if positive is None:
        return x.sigmoid() - t
    positives = positive * t
    return (positives + 1 - t) * x.sigmoid() - positives


def _logits_curvature(x: Any, t: Any, positive: Any) -> Tensor:
    p = x.sigmoid()
    curvature = p * (1 - p)
    return curvature if positive is None else curvature * (positive * t + 1 - t)


def _logits_mixed(x: Any, positive: Any) -> Any:
    """The derivative of the slope with respect to the target."""
    return -1.0 if positive is None else (positive - 1) * x.sigmoid() - positive


def _logits_target(x: Any, positive: Any) -> Tensor:
    """The derivative of the loss with respect to the target."""
    if positive is None:
        return -x

    return logsigmoid(-x) - positive * logsigmoid(x)


BCE_LOGITS = Operation(
    "binary_cross_entropy_with_logits",
    inputs="input target weight pos_weight",
    params="reduction",
    evaluate=_logits,
    infer=lambda input, target, weight, pos_weight, reduction: reduced_spec(
        input,
        _check("binary_cross_entropy_with_logits", input, target, weight, pos_weight),
        reduction,
    ),
    gradient={
        "input": lambda g, input, target, weight, pos_weight, reduction: apply(
            BCE_LOGITS_BACKWARD, (g, input, target, weight, pos_weight), (reduction,)
        ),
        "target": lambda g, input, weight, pos_weight, reduction: (
            _logits_target(input, pos_weight) * _scaled(g, weight, reduction, input)
        ),
    },
    decompose=_logits_in_parts,
    samples=lambda make: _bce_samples(make, "binary_cross_entropy_with_logits"),
)
BCE_LOGITS_BACKWARD = Operation(
    "binary_cross_entropy_with_logits_backward",
    inputs="grad input target weight pos_weight",
    params="reduction",
    evaluate=_logits_back,
    infer=lambda grad, input, target, weight, pos_weight, reduction: elementwise_spec(
        input.shape,
        loss_type("binary_cross_entropy", *_unused(grad, input, target, weight, pos_weight)),
        [input, target],
    ),
    gradient={
        "grad": lambda g, input, target, weight, pos_weight, reduction: (
            _scaled(g, weight, reduction, input) * _logits_slope(input, target, pos_weight)
        ),
        "input": lambda g, grad, input, target, weight, pos_weight, reduction: (
            _scaled(g * grad, weight, reduction, input)
            * _logits_curvature(input, target, pos_weight)
        ),
        "target": lambda g, grad, input, weight, pos_weight, reduction: (
            _scaled(g * grad, weight, reduction, input) * _logits_mixed(input, pos_weight)
        ),
    },
    decompose=lambda grad, input, target, weight, pos_weight, reduction: (
        _logits_slope(input, target, pos_weight) * _scaled(grad, weight, reduction, input)
    ),
    samples=lambda make: _logits_back_samples(make),
)


def _logits_back_samples(make: Any) -> list[Any]:
    samples = []
    for reduction in ("mean", "sum", "none"):
        for weight in (None, make.tensor((3,), 0.5, 2.0)):
            for positive in (None, make.tensor((3,), 0.5, 2.0)):
                g = make.tensor((2, 3) if reduction == "none" else ())
                pair = make.tensor((2, 3)), make.tensor((2, 3), 0.0, 1.0)
                smooth = weight is positive
                samples.append(make.sample((g, *pair, weight, positive), (reduction,), smooth))
    return samples


# --- what users call ------------------------------------------------------------------------------


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The cross entropy of predicted probabilities of "yes" and true ones.

    :math:`l_i = -w_i (target_i · log input_i + (1 - target_i) · log(1 - input_i))`, where
    logarithms below -100 count as -100; :math:`out = 1/n · Σ_i l_i`

    Args:
        input: probabilities, from 0 to 1.
        target: true probabilities, from 0 to 1; mostly 0 and 1.
        weight: weights, whose shape broadcasts to that of ``input``.
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per element.

    Shape: (*), (*) -> (), or (*) without a reduction.

    Raises:
        RuntimeError: if an element is not from 0 to 1, or types do not fit.
        ValueError: if the shapes differ, or for an unknown reduction.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.binary_cross_entropy(fb.tensor([0.5, 0.9]), fb.tensor([0., 1.]))
        tensor(0.3993)

    The mean of nothing is nan.
    """
    reduction = reduction_of("binary_cross_entropy", size_average, reduce, reduction)
    _operands("binary_cross_entropy", input, target, {"weight": weight})
    return apply(BCE, (input, target, weight), (reduction,))


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
    name = "binary_cross_entropy_with_logits"
    reduction = reduction_of(name, size_average, reduce, reduction)
    plain = input.__class__ is Tensor and target.__class__ is Tensor
    if not plain or weight is not None or pos_weight is not None:
        _operands(name, input, target, {"weight": weight, "pos_weight": pos_weight})
    return apply(BCE_LOGITS, (input, target, weight, pos_weight), (reduction,))
