"""The cross entropy of predicted probabilities of two classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import ShapeError, message
from flambeau.ops.loss_reduction import (
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
from flambeau.ops.operands import elementwise_spec, not_a_tensor
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

# --- what binary losses share ---------------------------------------------------------------------


def check_binary(name: str, input: Any, target: Any, *weights: Any) -> np.dtype:
    """Raises what shapes and types can cause; the type of the result."""
    if input.shape != target.shape:
        raise unequal_shapes(name, input.shape, target.shape, error=ValueError)
    loss_type(name, input)
    if target.dtype.kind not in "fV":
        raise RuntimeError(
            message(
                f"{name}: target has a wrong type",
                expected="a floating-point target",
                got=str(dtypes.of(target.dtype)),
                help="target.to(input.dtype)",
            )
        )
    present = given(*weights)
    for weight in present:
        if not fits(weight.shape, input.shape):
            raise ShapeError(
                message(
                    f"{name}: the weight's shape does not fit",
                    expected=f"a shape that broadcasts to that of input, {tuple(input.shape)}",
                    got=f"weight {tuple(weight.shape)}",
                )
            )
    return loss_type(name, input, target, *present)


def fits(shape: tuple[int, ...], full: tuple[int, ...]) -> bool:
    """Whether a shape broadcasts to another one."""
    return len(shape) <= len(full) and all(
        [size in (1, other) for size, other in zip(reversed(shape), reversed(full))]
    )


def check_weights(name: str, input: Any, target: Any, weights: dict[str, Any]) -> None:
    """Refuse what is no tensor, and weights that ask for a gradient."""
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


def given(*operands: Any) -> list[Any]:
    """The operands that there are."""
    return [x for x in operands if x is not None]


# --- binary cross entropy of probabilities --------------------------------------------------------


def _bce(x: Any, t: Any, weight: Any, reduction: str) -> Any:
    if x.shape != t.shape or (weight is not None and not fits(weight.shape, x.shape)):
        raise ValueError("shapes do not fit")
    wanted = x.dtype
    if t.dtype != wanted or wanted.kind not in "fV":
        raise TypeError("types do not fit")
    (x, t, *more), _ = one_type(*given(x, t, weight))
    _check_probabilities("input", x)
    _check_probabilities("target", t)
    # The bound keeps a certain and wrong prediction from costing infinitely much.
    yes, no = np.maximum(np.log(x), -100), np.maximum(np.log1p(-x), -100)
    losses = (t - 1) * no - t * yes
    if more:
        losses = losses * more[0]
    return np.asarray(reduced_array(losses, reduction)).astype(wanted, copy=False)


def _type_of(input: Any, target: Any, weight: Any) -> np.dtype:
    """The type of the result, which input and target have in common."""
    check_binary("binary_cross_entropy", input, target, weight)
    if target.dtype != input.dtype:
        raise RuntimeError(
            message(
                "binary_cross_entropy: input and target have different types",
                expected=f"a target of type {dtypes.of(input.dtype)}",
                got=str(dtypes.of(target.dtype)),
                help="target.to(input.dtype)",
            )
        )
    return input.dtype


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
    (g, x, t, *more), kind = one_type(*given(g, x, t, weight))
    back = (x - t) / np.maximum((1 - x) * x, 1e-12)
    back = back * (g * share(reduction, x.size))
    return rounded(back * more[0] if more else back, kind)


def scaled(g: Tensor, weight: Any, reduction: str, like: Tensor) -> Tensor:
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
        input, _type_of(input, target, weight), reduction
    ),
    gradient={
        "input": lambda g, input, target, weight, reduction: apply(
            BCE_BACKWARD, (g, input, target, weight), (reduction,)
        ),
        "target": lambda g, input, weight, reduction: (
            -_log_odds(input) * scaled(g, weight, reduction, input)
        ),
    },
    decompose=_bce_in_parts,
    samples=lambda make: _bce_samples(make),
)
BCE_BACKWARD = Operation(
    "binary_cross_entropy_backward",
    inputs="grad input target weight",
    params="reduction",
    evaluate=_bce_back,
    infer=lambda grad, input, target, weight, reduction: elementwise_spec(
        input.shape,
        loss_type("binary_cross_entropy", *given(grad, input, target, weight)),
        [input, target],
    ),
    gradient={
        "grad": lambda g, input, target, weight, reduction: (
            scaled(g, weight, reduction, input) * _bce_slope(input, target)
        ),
        "input": lambda g, grad, input, target, weight, reduction: (
            scaled(g * grad, weight, reduction, input) * _bce_curvature(input, target)
        ),
        "target": lambda g, grad, input, weight, reduction: (
            -scaled(g * grad, weight, reduction, input) / ((1 - input) * input).clamp(min=1e-12)
        ),
    },
    decompose=lambda grad, input, target, weight, reduction: (
        _bce_slope(input, target) * scaled(grad, weight, reduction, input)
    ),
    samples=lambda make: _bce_back_samples(make),
)


def _bce_samples(make: Any) -> list[Any]:
    """A weight has no gradient: samples with one are not for finite differences."""
    samples = [
        make.sample((*_pair(make, shape), weight), (reduction,), smooth=weight is None)
        for reduction in ("mean", "sum", "none")
        for shape in ((), (4,), (2, 3))
        for weight in (None, make.tensor(shape[-1:], 0.5, 2.0))
    ]
    right, off = make.tensor((3,), 0.0, 1.0), make.tensor((3,))
    return samples + [
        make.sample(
            (make.transposed((3, 4), 0.05, 0.95), make.tensor((3, 4), 0, 1), None), ("mean",)
        ),
        make.sample((*_pair(make, (0,)), None), ("sum",)),
        make.error((right, make.tensor((3, 1), 0.0, 1.0), None), ("mean",), ValueError),
        make.error((make.integers((3,), 0, 2), make.integers((3,), 0, 2), None), ("mean",)),
        make.error((right, make.integers((3,), 0, 2), None), ("mean",)),
        make.error((right, right, make.tensor((2,))), ("mean",)),
        make.error((off, right, None), ("mean",)),
        make.error((right, off, None), ("mean",)),
    ]


def _pair(make: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    return make.tensor(shape, 0.05, 0.95), make.tensor(shape, 0.0, 1.0)


def _bce_back_samples(make: Any) -> list[Any]:
    samples = []
    for reduction in ("mean", "sum", "none"):
        for weight in (None, make.tensor((3,), 0.5, 2.0)):
            g = make.tensor((2, 3) if reduction == "none" else ())
            pair = make.tensor((2, 3), 0.05, 0.95), make.tensor((2, 3), 0.0, 1.0)
            samples.append(make.sample((g, *pair, weight), (reduction,), smooth=weight is None))
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
    check_weights("binary_cross_entropy", input, target, {"weight": weight})
    return apply(BCE, (input, target, weight), (reduction,))
