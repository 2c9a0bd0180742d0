"""Transforms onto simplexes and matrices."""

from __future__ import annotations

import math
from typing import Any

from flambeau.core.errors import message
from flambeau.core.limits import finfo
from flambeau.distributions import constraints
from flambeau.distributions.parameters import tril_matrix_to_vec, vec_to_tril_matrix
from flambeau.distributions.transforms.elementwise import clipped_sigmoid
from flambeau.distributions.transforms.transform import Transform
from flambeau.nn.functional import logsigmoid, softplus
from flambeau.ops.cholesky import cholesky
from flambeau.ops.creation import eye
from flambeau.ops.joining import cat
from flambeau.ops.sequences import arange
from flambeau.tensor.tensor import Tensor


def _check_dimensions(shape: Any, least: int) -> None:
    if len(shape) < least:
        raise ValueError(
            message(
                "transform: too few dimensions",
                expected=f"at least {least}",
                got=f"shape {tuple(shape)}",
            )
        )


def _remaining(parts: Tensor) -> Tensor:
    """1 and then the products of 1 - part: what is left of a stick before each break."""
    left = (1 - parts).cumprod(-1)
    return cat([left.new_ones((*left.shape[:-1], 1)), left], -1)


class SoftmaxTransform(Transform):
    """y = softmax(x) along the last dimension; its inverse is one of many, log(y).

    Args:
        cache_size: as of all transforms.
    """

    domain = constraints.real_vector
    codomain = constraints.simplex

    def _call(self, x: Tensor) -> Tensor:
        return x.softmax(-1)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.log()

    def forward_shape(self, shape: Any) -> Any:
        _check_dimensions(shape, 1)
        return shape

    inverse_shape = forward_shape


class StickBreakingTransform(Transform):
    """From n numbers to n + 1 that sum to 1: each number breaks a part off what is left of a stick.

    Zeros give equal parts.

    Args:
        cache_size: as of all transforms.
    """

    domain = constraints.real_vector
    codomain = constraints.simplex
    bijective = True

    def _call(self, x: Tensor) -> Tensor:
        parts = clipped_sigmoid(x - _parts_left(x).log())
        left = _remaining(parts)
        return cat([parts, parts.new_ones((*parts.shape[:-1], 1))], -1) * left

    def _inverse(self, y: Tensor) -> Tensor:
        broken = y[..., :-1]
        left = (1 - broken.cumsum(-1)).clamp(min=finfo(y.dtype).tiny)
        return broken.log() - left.log() + _parts_left(broken).log()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        shifted = x - _parts_left(x).log()
        return (y[..., :-1].log() + logsigmoid(shifted) - shifted).sum(-1)

    def forward_shape(self, shape: Any) -> Any:
        _check_dimensions(shape, 1)
        return (*shape[:-1], shape[-1] + 1)

    def inverse_shape(self, shape: Any) -> Any:
        _check_dimensions(shape, 1)
        return (*shape[:-1], shape[-1] - 1)


def _parts_left(x: Tensor) -> Tensor:
    """n, n - 1 ... 1: how many more parts follow each one."""
    return arange(x.shape[-1], 0, -1, dtype=x.dtype)


class LowerCholeskyTransform(Transform):
    """From square matrices to lower triangular ones with a positive diagonal, by exp on it.

    Args:
        cache_size: as of all transforms.
    """

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.lower_cholesky

    def _call(self, x: Tensor) -> Tensor:
        return x.tril(-1) + x.diagonal(dim1=-2, dim2=-1).exp().diag_embed()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.tril(-1) + y.diagonal(dim1=-2, dim2=-1).log().diag_embed()


class PositiveDefiniteTransform(Transform):
    """From square matrices to positive definite ones, L L^T of :class:`LowerCholeskyTransform`.

    Args:
        cache_size: as of all transforms.
    """

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.positive_definite

    def _call(self, x: Tensor) -> Tensor:
        factor = LowerCholeskyTransform()(x)
        return factor @ factor.mT

    def _inverse(self, y: Tensor) -> Tensor:
        return LowerCholeskyTransform().inv(cholesky(y))


class CorrCholeskyTransform(Transform):
    """From D (D - 1) / 2 numbers to the Cholesky factor of a D x D correlation matrix.

    The numbers' tanh are the partial correlations, row by row; squared, they break parts off a
    stick of length 1 that is the squared length of a row.

    Args:
        cache_size: as of all transforms.

    Reference: Stan Reference Manual, "Cholesky Factors of Correlation Matrices".
    """

    domain = constraints.real_vector
    codomain = constraints.corr_cholesky
    bijective = True

    def _call(self, x: Tensor) -> Tensor:
        eps = finfo(x.dtype).eps
        partial = vec_to_tril_matrix(x.tanh().clamp(min=eps - 1, max=1 - eps), -1)
        left = _remaining(partial * partial)[..., :-1].sqrt()
        return (partial + eye(partial.shape[-1], dtype=x.dtype)) * left

    def _inverse(self, y: Tensor) -> Tensor:
        used = (y * y).cumsum(-1)
        before = cat([used.new_zeros((*used.shape[:-1], 1)), used[..., :-1]], -1)
        partial = tril_matrix_to_vec(y, -1) / (1 - tril_matrix_to_vec(before, -1)).sqrt()
        return (partial.log1p() - (-partial).log1p()) / 2

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Of the numbers and the entries below the diagonal, which are as many."""
        left = tril_matrix_to_vec(1 - (y * y).cumsum(-1), -2)
        slopes = x + softplus(-2 * x) - math.log(2.0)
        return left.log().sum(-1) / 2 - 2 * slopes.sum(-1)

    def forward_shape(self, shape: Any) -> Any:
        _check_dimensions(shape, 1)
        count = shape[-1]
        size = round((1 + math.sqrt(1 + 8 * count)) / 2)
        if size * (size - 1) // 2 != count:
            raise ValueError(
                message(
                    "CorrCholeskyTransform: so many numbers are no triangle",
                    expected="D (D - 1) / 2",
                    got=str(count),
                )
            )
        return (*shape[:-1], size, size)

    def inverse_shape(self, shape: Any) -> Any:
        _check_dimensions(shape, 2)
        size = shape[-1]
        if shape[-2] != size:
            raise ValueError(
                message(
                    "CorrCholeskyTransform: the matrix is not square",
                    expected="(..., D, D)",
                    got=str(tuple(shape)),
                )
            )
        return (*shape[:-2], size * (size - 1) // 2)
