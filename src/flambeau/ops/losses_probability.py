"""Losses of predicted distributions: divergence, and likelihoods of numbers and counts."""

from __future__ import annotations

import math
import warnings

import numpy as np

from flambeau.core.errors import message
from flambeau.ops.exponential import xlogy
from flambeau.ops.likes import full_like
from flambeau.ops.loss_reduction import (
    check_same_shape,
    loss_type,
    number_node,
    reduced,
    reduction_of,
)
from flambeau.ops.operands import check_number, elementwise_spec, not_a_tensor
from flambeau.ops.selection import where
from flambeau.tensor.dispatch import apply
from flambeau.tensor.interpreting import in_single, in_single_precision
from flambeau.tensor.operation import Operation
from flambeau.tensor.tensor import Tensor

# --- the divergence of two distributions ----------------------------------------------------------


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """The Kullback-Leibler divergence of predicted distributions from true ones.

    :math:`l_i = target_i · (log target_i - input_i)`, or
    :math:`exp(target_i) · (target_i - input_i)` for ``log_target``;
    :math:`out = 1/N · Σ_i l_i` with ``"batchmean"``

    Args:
        input: logarithms of predicted probabilities.
        target: true probabilities, or their logarithms.
        size_average, reduce: the old form of ``reduction``.
        reduction: ``"batchmean"``, the divergence; ``"mean"`` over all elements, ``"sum"``, or
            ``"none"`` for one term per element.
        log_target: whether ``target`` holds logarithms.

    Shape: (*), (*) -> (), or (*) without a reduction.

    Raises:
        RuntimeError: if the shapes differ, or a type is not a floating-point one.
        ValueError: for an unknown reduction.

    Example:
        >>> import flambeau as fb
        >>> input, target = fb.tensor([[0.5, 0.5]]).log(), fb.tensor([[0.75, 0.25]])
        >>> fb.nn.functional.kl_div(input, target, reduction="batchmean")
        tensor(0.1308)

    Differs from PyTorch: different shapes are an error; broadcast explicitly where that is meant.
    """
    check_same_shape("kl_div", input, target)
    given = reduction
    if size_average is None and reduce is None:
        if reduction == "mean":
            warnings.warn(
                "kl_div: reduction='mean' averages over all elements, not over examples; the "
                "divergence is reduction='batchmean', which 'mean' will come to mean",
                stacklevel=2,
            )
        elif reduction == "batchmean":
            reduction = "sum"
    reduction = reduction_of("kl_div", size_average, reduce, reduction)
    total = divergence(input, target, reduction, log_target)
    return total / input.shape[0] if given == "batchmean" and input.ndim else total


@in_single_precision
def divergence(input: Tensor, target: Tensor, reduction: str, log_target: bool) -> Tensor:
    """The terms of :func:`kl_div`, their mean, or their sum."""
    check_same_shape("kl_div", input, target)
    _check_divergence(input, target)
    if log_target:
        losses = target.exp() * (target - input)
    else:
        losses = xlogy(target, target) - target * input
    return reduced(losses, reduction)


def _check_divergence(input: Tensor, target: Tensor) -> None:
    for what, x in (("input", input), ("target", target)):
        if x._array.dtype.kind not in "fV":
            raise RuntimeError(
                message(
                    f"kl_div: {what} has a wrong type",
                    expected="a floating-point tensor",
                    got=str(x.dtype),
                    help=f"convert it with {what}.float()",
                )
            )


# --- normal distributions -------------------------------------------------------------------------


def _variance(var: np.ndarray, eps: float) -> np.ndarray:
    if var.dtype.kind not in "fV":
        raise TypeError("not a floating-point type")
    if var.size and np.minimum.reduce(var, None) < 0:
        place = tuple(int(i) for i in np.argwhere(var < 0)[0])
        at = f" at var[{', '.join(map(str, place))}]" if place else ""
        raise ValueError(
            message(
                "gaussian_nll_loss: a variance is negative",
                expected="elements >= 0",
                got=f"{var[place]}{at}",
                help="predict its logarithm, and pass the exponential",
            )
        )
    return np.maximum(var, var.dtype.type(eps))


# Checks a variance and keeps it from 0; the gradient passes as if nothing had been changed.
VARIANCE = Operation(
    "gaussian_variance",
    inputs="var",
    params="eps",
    evaluate=_variance,
    infer=lambda var, eps: elementwise_spec(var.shape, loss_type("gaussian_nll_loss", var), [var]),
    gradient={"var": lambda g: g},
    node_name="CloneBackward0",
    decompose=lambda var, eps: where(var < 0, math.nan, var.clamp(min=eps)),
    samples=lambda make: (
        [make.sample((make.tensor(shape, 0.1, 2.0),), (1e-6,)) for shape in ((), (0,), (2, 3))]
        + [
            make.sample((make.tensor((3,), 0.0, 2.0),), (1.0,), smooth=False),
            make.sample((make.transposed((3, 4), 0.1, 2.0),), (1e-6,)),
            make.error((make.tensor((3,)),), (1e-6,), ValueError),
            make.error((make.integers((3,), 1, 5),), (1e-6,)),
        ]
    ),
)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """The negative log-likelihood of numbers under predicted normal distributions.

    :math:`l_i = 1/2 (log v_i + (input_i - target_i)² / v_i)` with
    :math:`v_i = max(var_i, eps)`, and :math:`1/2 log(2π)` more if ``full``;
    :math:`out = 1/n · Σ_i l_i`

    Args:
        input: predicted means.
        target: what was observed.
        var: predicted variances, >= 0: a number, one for each element, or one for each row.
        full: add the constant.
        eps: the least variance to divide by, > 0; the gradient ignores it.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per element.

    Shape: (..., D), (..., D), and (..., D), (..., 1) or (...) -> (), or (..., D) without a
        reduction.

    Raises:
        RuntimeError: if the shapes of ``input`` and ``target`` differ.
        ValueError: if a variance is negative or ``var`` has another shape, or for an unknown
            reduction.

    Example:
        >>> import flambeau as fb
        >>> f = fb.nn.functional.gaussian_nll_loss
        >>> f(fb.tensor([1., 2.]), fb.tensor([1., 4.]), fb.tensor([1., 4.]), reduction="none")
        tensor([0.0000, 1.1931])

    Reference: Nix and Weigend (1994), equation 8.

    Differs from PyTorch: different shapes are an error; broadcast explicitly where that is meant.
    """
    name = "gaussian_nll_loss"
    reduction = reduction_of(name, None, None, reduction)
    check_same_shape(name, input, target)
    if not isinstance(var, (Tensor, float)):
        raise not_a_tensor(name, var)
    variances = var if isinstance(var, Tensor) else full_like(input, var)
    variance = apply(VARIANCE, (_fitting(name, variances, input),), (float(eps),))
    losses = 0.5 * (variance.log() + (input - target) ** 2 / variance)
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    return reduced(losses, reduction)


def _fitting(name: str, var: Tensor, input: Tensor) -> Tensor:
    """Variances in a shape that broadcasts as was meant."""
    given, full = tuple(var.shape), tuple(input.shape)
    if given == full:
        return var
    if given == full[:-1] and full:
        return var.unsqueeze(-1)
    if len(given) == len(full) and [v for x, v in zip(full, given) if x != v] == [1]:
        return var
    raise ValueError(
        message(
            f"{name}: var's shape does not fit",
            expected=f"shape {full}, {(*full[:-1], 1)} or {full[:-1]}" if full else "shape ()",
            got=f"shape {given}",
        )
    )


# --- Poisson distributions ------------------------------------------------------------------------


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The negative log-likelihood of counts under predicted Poisson distributions.

    :math:`l_i = exp(input_i) - target_i · input_i`, or
    :math:`input_i - target_i · log(input_i + eps)` without ``log_input``; if ``full``, Stirling's
    :math:`target_i log target_i - target_i + 1/2 log(2π target_i)` more where
    :math:`target_i > 1`; :math:`out = 1/n · Σ_i l_i`

    Args:
        input: logarithms of predicted rates, or the rates.
        target: what was counted, >= 0.
        log_input: whether ``input`` holds logarithms.
        full: add an approximation of :math:`log target!`.
        size_average, reduce: the old form of ``reduction``.
        eps: keeps the logarithm of a rate finite.
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for one loss per element.

    Shape: (*), (*) -> (), or (*) without a reduction.

    Raises:
        RuntimeError: if the shapes differ.
        ValueError: for an unknown reduction.

    Example:
        >>> import flambeau as fb
        >>> fb.nn.functional.poisson_nll_loss(fb.tensor([0., 1.]), fb.tensor([1., 3.]))
        tensor(0.3591)

    Differs from PyTorch: different shapes are an error; broadcast explicitly where that is meant.
    """
    name = "poisson_nll_loss"
    reduction = reduction_of(name, size_average, reduce, reduction)
    input, target = in_single(input, target)
    check_same_shape(name, input, target)
    check_number(name, "eps", eps)
    if log_input:
        losses = input.exp() - target * input
    else:
        losses = input - target * number_node(input + eps).log()
    if full:
        half = number_node(number_node(target * (2 * math.pi)).log() * 0.5)
        stirling = target * target.log() - target + half
        losses = losses + stirling.masked_fill(target <= 1, 0)
    return reduced(losses, reduction)
