"""Operations that are a line or two of simpler ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.ops.joining import stack
from flambeau.ops.selection import where
from flambeau.tensor.dispatch import apply
from flambeau.tensor.operation import REGISTRY

MOST_TESTED = 64


def addr(input: Any, first: Any, second: Any, beta: Any, alpha: Any) -> Any:
    """``beta * input + alpha * outer product``."""
    return _weighted(input, first.unsqueeze(1) * second, beta, alpha)


def addbmm(input: Any, first: Any, second: Any, beta: Any, alpha: Any) -> Any:
    """``beta * input + alpha * sum of products``."""
    rows = first.permute(1, 0, 2).reshape(first.shape[1], -1)
    made = rows.mm(second.reshape(-1, second.shape[-1]))
    return _weighted(input, made, beta, alpha)


def _weighted(input: Any, made: Any, beta: Any, alpha: Any) -> Any:
    kind = made._array.dtype
    if not (kind.kind == "f" and kind.itemsize >= 4):
        return NotImplemented
    made = made if alpha.__class__ is int and alpha == 1 else made * alpha
    if beta.__class__ is int and beta == 0:
        return made
    return made + (input if beta.__class__ is int and beta == 1 else input * beta)


def isclose(input: Any, other: Any, rtol: float, atol: float, equal_nan: bool) -> Any:
    """``|input - other| <= atol + |rtol other|``, or both the same infinity."""
    if input._array.dtype.kind not in "fiu":
        return NotImplemented
    close = input == other
    if equal_nan:
        close = close | ((input != input) & (other != other))
    if rtol == 0 and atol == 0:
        return close
    if input._array.dtype.kind != "f":
        input, other = input.double(), other.double()
    distance = (input - other).abs()
    return close | ((distance <= (other * rtol).abs() + atol) & (distance < np.inf))


def isin(elements: Any, tests: Any, invert: bool) -> Any:
    """Compared with each of a few numbers."""
    if tests.numel() > MOST_TESTED or elements._array.dtype.kind not in "fiu":
        return NotImplemented
    found = (elements.unsqueeze(-1) == tests.reshape(-1)).any(-1)
    return ~found if invert else found


def trace(input: Any) -> Any:
    """The sum of the diagonal."""
    return input.diagonal().sum() if input._array.dtype.kind == "f" else NotImplemented


def vdot(input: Any, other: Any) -> Any:
    """Of real vectors, their product."""
    if input._array.dtype.kind != "f":
        return NotImplemented
    return apply(REGISTRY["dot"], (input, other))


def cross(input: Any, other: Any, dim: int) -> Any:
    """Products of three numbers' pairs."""
    x, y = input.unbind(dim), other.unbind(dim)
    pairs = ((1, 2), (2, 0), (0, 1))
    return stack([x[i] * y[j] - x[j] * y[i] for i, j in pairs], dim)


def roll(input: Any, shifts: Any, dims: Any) -> Any:
    """Of several dimensions as one."""
    if dims or input.ndim < 2:
        return NotImplemented
    return input.reshape(-1).roll(shifts, 0).reshape(input.shape)


def xlog1py(input: Any, other: Any) -> Any:
    """``input * log(1 + other)``, 0 where the input is 0."""
    made = input * other.log1p()
    return where((input == 0) & (other == other), 0, made).to(made.dtype)
