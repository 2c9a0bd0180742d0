"""Covariance and correlation of variables that are the rows of a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.core import dtypes
from flambeau.core.errors import message
from flambeau.core.spec import Spec
from flambeau.ops.publish import PUBLIC, public
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY, Operation
from flambeau.tensor.tensor import Tensor


def _check(name: str, x: Any) -> None:
    if x._array.ndim > 2:
        raise RuntimeError(
            message(
                f"{name}: too many dimensions",
                expected="at most 2: variables by observations",
                got=f"shape {tuple(x._array.shape)}",
            )
        )


def _measured(name: str, input: Tensor) -> Tensor:
    """The observations, integers in the default type."""
    _check(name, input)
    kind = input._array.dtype.kind
    if kind == "b":
        raise RuntimeError(
            message(f"{name}: not defined on bool tensors", expected="numbers", got="torch.bool")
        )
    if kind in "iu":
        return apply(REGISTRY["to_dtype"], (input,), (dtypes.get_default_dtype().numpy,))
    return input


def _not_negative(weights: np.ndarray) -> np.ndarray:
    if weights.size and weights.min() < 0:
        raise RuntimeError(
            message("cov: a negative weight", expected="numbers >= 0", got=str(weights.min()))
        )
    return weights.copy()


WEIGHTS = Operation(
    "cov_weights",
    inputs="weights",
    evaluate=_not_negative,
    infer=lambda weights: Spec(weights.shape, weights.dtype),
    gradient={"weights": lambda g: g},
    samples=lambda make: [
        make.sample((make.tensor((4,), 0.5, 2),)),
        make.sample((make.integers((4,), 0, 5),)),
        make.sample((make.integers((0,), 0, 5),)),
    ],
)


def _check_weights(name: str, weights: Any, count: int, integers: bool) -> None:
    kind = weights._array.dtype.kind
    if weights._array.shape != (count,) or (kind in "iu") is not integers:
        raise RuntimeError(
            message(
                f"cov: {name} do not fit",
                expected=f"a vector of {count} {'integers' if integers else 'real numbers'}",
                got=f"shape {tuple(weights._array.shape)} of type {weights.dtype}",
            )
        )


@public(method=True)
def cov(
    input: Tensor, *, correction: int = 1, fweights: Tensor | None = None,
    aweights: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The covariance matrix of the rows of a matrix, whose columns are observations.

    :math:`out_{ij} = Σ_k w_k (x_{ik} - μ_i) (x_{jk} - μ_j)^* / (Σ_k w_k - correction)`

    Args:
        input: a matrix, or a vector for one variable.
        correction: subtracted from the number of observations (weighted with ``aweights``).
        fweights: how often each observation occurred, as integers.
        aweights: how important each observation is.

    Shape: square, as large as there are variables; ``()`` for one variable in a vector.

    Raises:
        RuntimeError: for more dimensions, or weights that do not fit.

    Example:
        >>> import flambeau as fb
        >>> fb.cov(fb.tensor([[0., 1., 2.], [2., 1., 0.]]))
        tensor([[ 1., -1.],
                [-1.,  1.]])
    """
    input = _measured("cov", input)
    x: Any = input if input._array.ndim == 2 else input.reshape(1, -1)  # type: ignore[attr-defined]
    count = x._array.shape[1]
    weights: Any = None
    if fweights is not None:
        _check_weights("fweights", fweights, count, True)
        weights = apply(WEIGHTS, (fweights,))
    if aweights is not None:
        _check_weights("aweights", aweights, count, False)
        aweights = apply(WEIGHTS, (aweights,))
        weights = aweights if weights is None else weights * aweights
    if weights is None:
        away = x - x.mean(1, True)
        left: Any = max(count - correction, 0)
        weighted = away
    else:
        total = weights.sum()
        away = x - (x * weights).sum(1, True) / total
        loss: Any = correction
        if aweights is not None and correction:
            loss = correction * (weights * aweights).sum() / total
        left = (total - loss).clamp(min=0)
        weighted = away * weights
    other = weighted.mT.conj() if x._array.dtype.kind == "c" else weighted.mT
    return (away @ other / left).squeeze()


@public(method=True)
def corrcoef(input: Tensor) -> Tensor:
    """The correlation coefficients of the rows of a matrix, whose columns are observations.

    :math:`out_{ij} = C_{ij} / √(C_{ii} C_{jj})`, with :math:`C` from :func:`cov`

    Args:
        input: a matrix, or a vector for one variable.

    Shape: square, as large as there are variables; ``()`` for one variable in a vector.

    Raises:
        RuntimeError: for more dimensions.

    Example:
        >>> import flambeau as fb
        >>> fb.corrcoef(fb.tensor([[0., 1., 2.], [2., 1., 0.]]))
        tensor([[ 1., -1.],
                [-1.,  1.]])
    """
    input = _measured("corrcoef", input)
    matrix: Any = cov(input)
    if not matrix._array.ndim:
        return matrix / matrix
    scale = matrix.diagonal().real if matrix.is_complex() else matrix.diagonal()
    scale = scale.sqrt()
    found = matrix / scale.unsqueeze(1) / scale.unsqueeze(0)
    if matrix.is_complex():
        parts = PUBLIC["view_as_real"](found).clamp(-1, 1)
        return PUBLIC["view_as_complex"](parts)
    return found.clamp(-1, 1)
