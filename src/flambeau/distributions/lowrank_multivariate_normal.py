"""The normal distribution of vectors whose covariance is a low-rank matrix and a diagonal."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from flambeau.core.errors import message
from flambeau.core.shapes import Size, broadcast
from flambeau.distributions import constraints
from flambeau.distributions.distribution import Distribution
from flambeau.distributions.matrices import (
    half_log_determinant,
    matrix_times_vector,
    squared_distance,
)
from flambeau.distributions.parameters import lazy_property
from flambeau.ops.cholesky import cholesky
from flambeau.ops.creation import eye
from flambeau.ops.sampling import randn
from flambeau.ops.triangular_systems import solve_triangular
from flambeau.tensor.tensor import Tensor


class LowRankMultivariateNormal(Distribution):
    r"""The normal distribution of vectors with the covariance W W^T + D.

    What it costs grows with n r^2 rather than n^3:

    .. math:: (W W^T + D)^{-1} = D^{-1} - D^{-1} W C^{-1} W^T D^{-1}, \quad C = 1 + W^T D^{-1} W

    Args:
        loc: the mean, of shape (..., n).
        cov_factor: W, of shape (..., n, r).
        cov_diag: the diagonal D > 0, of shape (..., n).
        validate_args: see :class:`Distribution`.

    Raises:
        ValueError: if their shapes do not fit.

    Example:
        >>> import flambeau as fb
        >>> loc, factor, diagonal = fb.zeros(2), fb.tensor([[1.0], [0.0]]), fb.ones(2)
        >>> fb.distributions.LowRankMultivariateNormal(loc, factor, diagonal).variance
        tensor([2., 1.])

    Reference: M. A. Woodbury, "Inverting modified matrices", 1950.
    """

    arg_constraints: ClassVar = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc: Tensor,
        cov_factor: Tensor,
        cov_diag: Tensor,
        validate_args: bool | None = None,
    ) -> None:
        size = tuple(loc.shape[-1:])
        fits = loc.dim() and cov_factor.dim() > 1 and tuple(cov_factor.shape[-2:-1]) == size
        if not fits or tuple(cov_diag.shape[-1:]) != size:
            shapes = [str(tuple(x.shape)) for x in (loc, cov_factor, cov_diag)]
            raise ValueError(
                message(
                    "LowRankMultivariateNormal: the shapes do not fit",
                    expected="loc (..., n), cov_factor (..., n, r) and cov_diag (..., n)",
                    got=", ".join(shapes),
                )
            )
        shape = broadcast(
            "LowRankMultivariateNormal",
            tuple(loc.shape[:-1]),
            tuple(cov_factor.shape[:-2]),
            tuple(cov_diag.shape[:-1]),
        )
        self.loc = loc.expand((*shape, -1))
        self.cov_factor = cov_factor.expand((*shape, -1, -1))
        self.cov_diag = cov_diag.expand((*shape, -1))
        super().__init__(shape, size, validate_args=validate_args)
        self._set_capacitance(cov_factor, cov_diag)

    def _set_capacitance(self, factor: Tensor, diagonal: Tensor) -> None:
        self._factor, self._diagonal = factor, diagonal
        scaled = factor.mT / diagonal.unsqueeze(-2)
        identity = eye(factor.shape[-1], dtype=factor.dtype)
        self._capacitance = cholesky(scaled @ factor + identity)

    def _expand_others(self, new: Any, shape: Size) -> None:
        new._factor, new._diagonal = self._factor, self._diagonal
        new._capacitance = self._capacitance

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @lazy_property
    def variance(self) -> Tensor:  # type: ignore[override]
        shape = (*self._batch_shape, *self._event_shape)
        return (self._factor.square().sum(-1) + self._diagonal).expand(shape)

    def _square(self) -> tuple[int, ...]:
        return (*self._batch_shape, *self._event_shape, *self._event_shape)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """The covariance."""
        found = self._factor @ self._factor.mT + self._diagonal.diag_embed()
        return found.expand(self._square())

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The lower Cholesky factor of the covariance."""
        root = self._diagonal.sqrt().unsqueeze(-1)
        scaled = self._factor / root
        identity = eye(self._event_shape[0], dtype=self.loc.dtype)
        return (root * cholesky(scaled @ scaled.mT + identity)).expand(self._square())

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        scaled = self._factor.mT / self._diagonal.unsqueeze(-2)
        part = solve_triangular(self._capacitance, scaled, upper=False)
        inverse = self._diagonal.reciprocal().diag_embed()
        return (inverse - part.mT @ part).expand(self._square())

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        kind = self.loc.dtype
        low = randn((*shape[:-1], self.cov_factor.shape[-1]), dtype=kind)
        own = randn(shape, dtype=kind)
        return self.loc + matrix_times_vector(self._factor, low) + self._diagonal.sqrt() * own

    def _log_determinant(self) -> Tensor:
        return 2 * half_log_determinant(self._capacitance) + self._diagonal.log().sum(-1)

    def _distance(self, difference: Tensor) -> Tensor:
        """The squared distance from the mean in units of the covariance."""
        scaled = self._factor.mT / self._diagonal.unsqueeze(-2)
        low = squared_distance(self._capacitance, matrix_times_vector(scaled, difference))
        return (difference.square() / self._diagonal).sum(-1) - low

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        constant = self._event_shape[0] * math.log(2 * math.pi)
        distance = self._distance(value - self.loc)
        return -0.5 * (constant + self._log_determinant() + distance)

    def entropy(self) -> Tensor:
        constant = self._event_shape[0] * (1.0 + math.log(2 * math.pi))
        return (0.5 * (constant + self._log_determinant())).expand(self._batch_shape)
