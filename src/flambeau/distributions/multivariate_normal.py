"""The normal distribution of vectors."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from flambeau.core.errors import message
from flambeau.core.shapes import Size, broadcast
from flambeau.distributions import constraints
from flambeau.distributions.distribution import Distribution
from flambeau.distributions.matrices import (
    Covariance,
    half_log_determinant,
    matrix_times_vector,
    squared_distance,
)
from flambeau.ops.sampling import randn
from flambeau.tensor.tensor import Tensor


class MultivariateNormal(Covariance, Distribution):
    r"""The normal distribution of vectors.

    .. math:: p(x) \propto \exp(-\tfrac12 (x - \mu)^T \Sigma^{-1} (x - \mu))

    Args:
        loc: the mean mu, of shape (..., n).
        covariance_matrix: Sigma, of shape (..., n, n).
        precision_matrix: its inverse instead.
        scale_tril: its lower Cholesky factor instead, which is what costs least.
        validate_args: see :class:`Distribution`.

    Raises:
        ValueError: if not exactly one matrix is given, or it is no matrix.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.MultivariateNormal(fb.zeros(2), fb.eye(2)).log_prob(fb.zeros(2))
        tensor(-1.8379)
    """

    arg_constraints: ClassVar = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc: Tensor,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        name, matrix = self._given(covariance_matrix, precision_matrix, scale_tril)
        if loc.dim() < 1 or matrix.dim() < 2:
            raise ValueError(
                message(
                    "MultivariateNormal: too few dimensions",
                    expected=f"loc of shape (..., n) and {name} of shape (..., n, n)",
                    got=f"{tuple(loc.shape)} and {tuple(matrix.shape)}",
                )
            )
        shape = broadcast("MultivariateNormal", tuple(matrix.shape[:-2]), tuple(loc.shape[:-1]))
        self.loc = loc.expand((*shape, -1))
        self.__dict__[name] = matrix.expand((*shape, -1, -1))
        super().__init__(shape, self.loc.shape[-1:], validate_args=validate_args)
        self._set_factor(name, matrix)

    def _expand_others(self, new: Any, shape: Size) -> None:
        new._factor = self._factor

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        shape = (*self._batch_shape, *self._event_shape)
        return self._factor.square().sum(-1).expand(shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        noise = randn(self._extended_shape(sample_shape), dtype=self.loc.dtype)
        return self.loc + matrix_times_vector(self._factor, noise)

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        distance = squared_distance(self._factor, value - self.loc)
        constant = self._event_shape[0] * math.log(2 * math.pi)
        return -0.5 * (constant + distance) - half_log_determinant(self._factor)

    def entropy(self) -> Tensor:
        constant = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi))
        return (constant + half_log_determinant(self._factor)).expand(self._batch_shape)
