"""Matrices that describe distributions of vectors: covariances, precisions, triangular factors."""

from __future__ import annotations

from typing import Any

from flambeau.distributions.parameters import lazy_property, one_of
from flambeau.ops.cholesky import cholesky, cholesky_inverse
from flambeau.ops.creation import eye
from flambeau.ops.triangular_systems import solve_triangular
from flambeau.tensor.tensor import Tensor


def matrix_times_vector(matrix: Tensor, vector: Tensor) -> Tensor:
    """Products of matrices and vectors of batches that broadcast."""
    return (matrix @ vector.unsqueeze(-1)).squeeze(-1)


def factor_of_inverse(matrix: Tensor) -> Tensor:
    """The lower Cholesky factor of a positive definite matrix's inverse."""
    # Of the reversed matrix the factor is an upper one of the matrix itself.
    reversed_factor = cholesky(matrix.flip(-2, -1))
    upper = reversed_factor.flip(-2, -1).mT
    identity = eye(matrix.shape[-1], dtype=matrix.dtype)
    return solve_triangular(upper, identity, upper=False)


def squared_distance(factor: Tensor, difference: Tensor) -> Tensor:
    """x^T (L L^T)^-1 x for each vector x; batches broadcast.

    Args:
        factor: L, of shape (..., n, n).
        difference: x, of shape (..., n).
    """
    solved = solve_triangular(factor, difference.unsqueeze(-1), upper=False)
    return solved.square().sum((-2, -1))


def half_log_determinant(factor: Tensor) -> Tensor:
    """log det L, half of log det L L^T."""
    return factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)


class Covariance:
    """Distributions with a covariance, given by one of three matrices."""

    _factor: Tensor
    _batch_shape: Any
    _event_shape: Any

    def _given(self, covariance: Any, precision: Any, factor: Any) -> tuple[str, Tensor]:
        """The name of the matrix that is given, and the matrix."""
        given = {
            "covariance_matrix": covariance,
            "precision_matrix": precision,
            "scale_tril": factor,
        }
        name = one_of(self, **given)
        return name, given[name]

    def _set_factor(self, name: str, matrix: Tensor) -> None:
        """Keep the triangular factor of the covariance, which all else follows from."""
        if name == "scale_tril":
            self._factor = matrix
        elif name == "covariance_matrix":
            self._factor = cholesky(matrix)
        else:
            self._factor = factor_of_inverse(matrix)

    def _square(self) -> tuple[int, ...]:
        size = self._event_shape[-1]
        return (*self._batch_shape, size, size)

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The lower Cholesky factor of the covariance."""
        return self._factor.expand(self._square())

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """The covariance."""
        return (self._factor @ self._factor.mT).expand(self._square())

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        return cholesky_inverse(self._factor).expand(self._square())
