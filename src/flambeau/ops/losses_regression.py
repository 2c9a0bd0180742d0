"""Losses of predicted numbers: squared, absolute, and what lies between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.loss_reduction import (
    apply_back,
    apply_pair,
    check_same_shape,
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
from flambeau.ops.operands import check_number, elementwise_spec, not_a_tensor
from flambeau.ops.selection import where
from flambeau.tensor.dispatch import apply
from flambeau.tensor.interpreting import in_single
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

# --- losses of the difference between input and target --------------------------------------------


class Difference:
    """A loss of ``d = input - target``, an even function of it.

    Attributes:
        evaluate: the loss from the array ``d``, the reduction and the threshold.
        slope: ``scale · f'(d)`` as an array, which may be ``d`` itself, overwritten.
        value, derivative: ``f(d)`` and ``f'(d)`` as tensors.
        curved: ``scale · f''(d)`` as a tensor.

        of_input: whether the result has the type of ``input`` and not the promoted one.

    All take the threshold where the loss's two pieces meet as their last argument.
    """

    __slots__ = ("curved", "derivative", "evaluate", "of_input", "slope", "value")

    def __init__(
        self,
        *,
        evaluate: Callable[..., Any],
        slope: Callable[..., Any],
        value: Callable[..., Tensor],
        derivative: Callable[..., Tensor],
        curved: Callable[..., Tensor],
        of_input: bool = False,
    ) -> None:
        self.evaluate = evaluate
        self.slope = slope
        self.value = value
        self.derivative = derivative
        self.curved = curved
        self.of_input = of_input

    def type_of(self, name: str, input: Any, target: Any) -> np.dtype:
        """The type of the result."""
        common = loss_type(name, input, target)
        return loss_type(name, input) if self.of_input else common

    def in_parts(self, input: Tensor, target: Tensor, reduction: str, threshold: Any) -> Tensor:
        """The loss in simpler operations."""
        found = reduced(self.value(input - target, threshold), reduction)
        return found.to(input.dtype) if self.of_input else found


def _loss_record(name: str, f: Difference, thresholds: tuple[Any, ...]) -> Operation:
    """The record of a difference's loss; that of its way back is made with it."""

    def evaluate(input: Any, target: Any, reduction: str, threshold: Any) -> Any:
        if input.shape != target.shape:
            raise ValueError("two shapes")
        (x, t), kind = one_type(input, target)
        found = f.evaluate(x - t, reduction, threshold)
        if f.of_input and kind is not input.dtype:
            kind = f.type_of(name, input, target)
            return np.asarray(found).astype(kind)
        return found if kind is x.dtype else rounded(found, kind)

    def infer(input: Any, target: Any, reduction: str, threshold: Any) -> Spec:
        kind = f.type_of(name, input, target)
        if input.shape != target.shape:
            raise unequal_shapes(name, input.shape, target.shape)
        return reduced_spec(input, kind, reduction)

    def gradient(g: Any, x: Any, t: Any, reduction: str, threshold: Any) -> Tensor:
        return apply_back(back, (g, x, t), (reduction, threshold))

    back = _back_record(name, f, thresholds)
    return Operation(
        name,
        inputs="input target",
        params="reduction threshold",
        evaluate=evaluate,
        infer=infer,
        gradient={
            "input": lambda g, input, target, reduction, threshold: gradient(
                g, input, target, reduction, threshold
            ),
            # The derivative is odd, so exchanging the operands changes its sign.
            "target": lambda g, input, target, reduction, threshold: gradient(
                g, target, input, reduction, threshold
            ),
        },
        decompose=f.in_parts,
        samples=lambda make: _samples(make, thresholds),
    )


def _back_record(name: str, f: Difference, thresholds: tuple[Any, ...]) -> Operation:
    """``grad`` times the derivative with respect to the input."""

    def evaluate(grad: Any, input: Any, target: Any, reduction: str, threshold: Any) -> Any:
        (g, x, t), kind = one_type(grad, input, target)
        if reduction == "mean":
            g = g * share(reduction, x.size)
        return rounded(f.slope(x - t, g, threshold), kind)

    def second(g: Any, grad: Any, x: Any, t: Any, reduction: str, threshold: Any) -> Tensor:
        return f.curved(x - t, g * grad * share(reduction, x.numel()), threshold)

    def first(g: Any, x: Any, t: Any, reduction: str, threshold: Any) -> Tensor:
        return g * f.derivative(x - t, threshold) * share(reduction, x.numel())

    return Operation(
        f"{name}_backward",
        inputs="grad input target",
        params="reduction threshold",
        evaluate=evaluate,
        infer=lambda grad, input, target, reduction, threshold: elementwise_spec(
            input.shape, loss_type(name, grad, input, target), [input, target]
        ),
        gradient={
            "grad": lambda g, input, target, reduction, threshold: first(
                g, input, target, reduction, threshold
            ),
            "input": lambda g, grad, input, target, reduction, threshold: second(
                g, grad, input, target, reduction, threshold
            ),
            "target": lambda g, grad, input, target, reduction, threshold: second(
                -g, grad, input, target, reduction, threshold
            ),
        },
        decompose=lambda grad, input, target, reduction, threshold: first(
            grad, input, target, reduction, threshold
        ),
        samples=lambda make: _samples_back(make, thresholds),
    )


def _samples(make: Any, thresholds: tuple[Any, ...]) -> list[Any]:
    shapes = [(), (0,), (3,), (2, 3)]
    pairs = [(make.tensor(s), make.tensor(s)) for s in shapes]
    pairs += [(make.transposed((3, 4)), make.tensor((3, 4)))]
    return [
        make.sample(inputs=pair, params=(reduction, threshold))
        for pair in pairs
        for threshold in thresholds
        for reduction in ("mean", "sum", "none")
        if pair[0].numel() or reduction != "mean"
    ] + [
        make.error((make.tensor((3, 1)), make.tensor((3,))), ("mean", thresholds[0])),
        make.error((make.integers((3,)), make.integers((3,))), ("mean", thresholds[0])),
    ]


def _samples_back(make: Any, thresholds: tuple[Any, ...]) -> list[Any]:
    samples = []
    for shape in [(), (0,), (2, 3)]:
        for reduction in ("mean", "sum", "none"):
            g = make.tensor(shape if reduction == "none" else ())
            inputs = g, make.tensor(shape), make.tensor(shape)
            samples += [make.sample(inputs, (reduction, threshold)) for threshold in thresholds]
    inputs = make.tensor(()), make.transposed((3, 4)), make.tensor((3, 4))
    return [*samples, make.sample(inputs, ("mean", thresholds[0]))]


# --- squares --------------------------------------------------------------------------------------


def _mean_of_squares(d: Any, reduction: str, threshold: None) -> Any:
    if reduction == "none":
        return np.square(d)
    flat = d.ravel("K")
    total = flat.dot(flat)
    return total / flat.size if reduction == "mean" else total


def _doubled(d: Any, scale: Any, threshold: None) -> Any:
    d *= 2 * scale
    return d


MSE_LOSS = _loss_record(
    "mse_loss",
    Difference(
        evaluate=_mean_of_squares,
        slope=_doubled,
        value=lambda d, threshold: d * d,
        derivative=lambda d, threshold: 2 * d,
        curved=lambda d, scale, threshold: 2 * scale,
    ),
    (None,),
)

# --- squares near 0, absolute values beyond -------------------------------------------------------


def _huber(d: Any, reduction: str, delta: float) -> Any:
    size = np.abs(d)
    inner = np.minimum(size, constant(delta, d.dtype))
    size -= constant(0.5, d.dtype) * inner
    size *= inner
    return reduced_array(size, reduction)


def _smooth_l1(d: Any, reduction: str, beta: float) -> Any:
    return _huber(d, reduction, beta) / beta


def _bounded(d: Any, scale: Any, delta: float) -> Any:
    bounded = np.maximum(constant(-delta, d.dtype), d)
    bounded = np.minimum(constant(delta, d.dtype), bounded)
    bounded *= scale
    return bounded


def _huber_value(d: Tensor, delta: float) -> Tensor:
    size = d.abs()
    inner = size.clamp(max=delta)
    return inner * (size - 0.5 * inner)


HUBER_LOSS = _loss_record(
    "huber_loss",
    Difference(
        evaluate=_huber,
        slope=_bounded,
        value=_huber_value,
        derivative=lambda d, delta: d.clamp(-delta, delta),
        curved=lambda d, scale, delta: where(d.abs() < delta, scale, 0),
        of_input=True,
    ),
    (1.0, 0.5),
)
SMOOTH_L1_LOSS = _loss_record(
    "smooth_l1_loss",
    Difference(
        evaluate=_smooth_l1,
        slope=lambda d, scale, beta: _bounded(d, scale / beta, beta),
        value=lambda d, beta: _huber_value(d, beta) / beta,
        derivative=lambda d, beta: d.clamp(-beta, beta) / beta,
        curved=lambda d, scale, beta: where(d.abs() < beta, scale / beta, 0),
    ),
    (1.0, 0.5),
)


# --- what users call ------------------------------------------------------------------------------


def _weighted(losses: Tensor, weight: Tensor, reduction: str) -> Tensor:
    """Weighted losses, their sum, or their weighted mean."""
    losses = losses * weight
    if reduction == "mean":
        return losses.sum() / weight.sum()
    return reduced(losses, reduction)


def _check_weight(name: str, input: Tensor, weight: Any) -> None:
    if not isinstance(weight, Tensor):
        raise not_a_tensor(name, weight)
    if input._array.shape != weight._array.shape:
        raise unequal_shapes(
            name, input._array.shape, weight._array.shape, ("input", "weight"), ValueError
        )


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """The mean of the squared differences.

    :math:`out = 1/n · Σ_i (input_i - target_i)²`; with weights
    :math:`out = Σ_i weight_i (input_i - target_i)² / Σ_i weight_i`

    Args:
        input: predictions.
        target: what they should have been.
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per element.
        weight: a weight for each element.

    Shape: (*), (*) -> (), or (*) without a reduction.

    Raises:
        RuntimeError: if the shapes differ, or the type is not a floating-point one.
        ValueError: for an unknown reduction, or weights of another shape.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.mse_loss(fb.tensor([1., 2.]), fb.tensor([1., 4.]))
        tensor(2.)

    Differs from PyTorch: different shapes are an error and not a warning; broadcast explicitly
    where that is meant. The mean of nothing is nan in both.
    """
    reduction = reduction_of("mse_loss", size_average, reduce, reduction)
    check_same_shape("mse_loss", input, target)
    if weight is not None:
        _check_weight("mse_loss", input, weight)
        return _weighted((input - target).pow(2), weight, reduction)
    return apply_pair(MSE_LOSS, input, target, (reduction, None))


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """The mean of the absolute differences.

    :math:`out = 1/n · Σ_i |input_i - target_i|`; with weights
    :math:`out = Σ_i weight_i |input_i - target_i| / Σ_i weight_i`

    Where the two are equal the gradient is 0.

    Args:
        input: predictions.
        target: what they should have been.
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per element.
        weight: a weight for each element.

    Shape: (*), (*) -> (), or (*) without a reduction.

    Raises:
        RuntimeError: if the shapes differ, or integers were to be averaged.
        ValueError: for an unknown reduction, or weights of another shape.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.l1_loss(fb.tensor([1., 2.]), fb.tensor([1., 4.]))
        tensor(1.)

    Differs from PyTorch: different shapes are an error and not a warning; broadcast explicitly
    where that is meant. The mean of nothing is nan in both.
    """
    reduction = reduction_of("l1_loss", size_average, reduce, reduction)
    input, target, weight = in_single(input, target, weight)
    check_same_shape("l1_loss", input, target)
    losses = (input - target).abs()
    if weight is not None:
        _check_weight("l1_loss", input, weight)
        return _weighted(losses, weight, reduction)
    return reduced(losses, reduction)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """The absolute difference, with a parabola in place of its kink.

    :math:`l_i = d_i² / (2 beta)` where :math:`|d_i| < beta`, else :math:`|d_i| - beta / 2`, with
    :math:`d_i = input_i - target_i`; :math:`out = 1/n · Σ_i l_i`

    Args:
        input: predictions.
        target: what they should have been.
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per element.
        beta: where parabola and line meet, >= 0; 0 for :func:`l1_loss`.

    Shape: (*), (*) -> (), or (*) without a reduction.

    Raises:
        RuntimeError: if the shapes differ, the type is not a floating-point one, or ``beta`` is
            negative.
        ValueError: for an unknown reduction.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.smooth_l1_loss(fb.tensor([1., 2.]), fb.tensor([1., 4.]))
        tensor(0.7500)

    Reference: Girshick (2015), equation 3.

    Differs from PyTorch: different shapes are an error and not a warning; broadcast explicitly
    where that is meant. The mean of nothing is nan in both.
    """
    reduction = reduction_of("smooth_l1_loss", size_average, reduce, reduction)
    check_same_shape("smooth_l1_loss", input, target)
    check_number("smooth_l1_loss", "beta", beta)
    if beta < 0:
        raise RuntimeError(
            message("smooth_l1_loss: beta is negative", expected="beta >= 0", got=str(beta))
        )
    if beta == 0:
        return reduced((input - target).abs(), reduction)
    return apply_pair(SMOOTH_L1_LOSS, input, target, (reduction, float(beta)))


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """Half the squared difference near 0, and its tangents beyond.

    :math:`l_i = d_i² / 2` where :math:`|d_i| < delta`, else
    :math:`delta (|d_i| - delta / 2)`, with :math:`d_i = input_i - target_i`;
    :math:`out = 1/n · Σ_i weight_i l_i`

    Args:
        input: predictions.
        target: what they should have been.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per element.
        delta: where parabola and line meet, > 0.
        weight: a weight for each element; the mean is over all elements all the same.

    Shape: (*), (*) -> (), or (*) without a reduction.

    Raises:
        RuntimeError: if the shapes differ, the type is not a floating-point one, or ``delta`` is
            not positive.
        ValueError: for an unknown reduction, or weights of another shape.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.huber_loss(fb.tensor([1., 2.]), fb.tensor([1., 4.]), delta=0.5)
        tensor(0.4375)

    Reference: Huber (1964).

    Differs from PyTorch: different shapes are an error and not a warning; broadcast explicitly
    where that is meant. The mean of nothing is nan in both.
    """
    reduction = reduction_of("huber_loss", None, None, reduction)
    check_same_shape("huber_loss", input, target)
    check_number("huber_loss", "delta", delta)
    if delta <= 0:
        raise RuntimeError(
            message("huber_loss: delta is not positive", expected="delta > 0", got=str(delta))
        )
    if weight is None:
        return apply_pair(HUBER_LOSS, input, target, (reduction, float(delta)))
    _check_weight("huber_loss", input, weight)
    return reduced(apply(HUBER_LOSS, (input, target), ("none", float(delta))) * weight, reduction)
