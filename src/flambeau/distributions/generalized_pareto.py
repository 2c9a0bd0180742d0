"""The generalised Pareto distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from flambeau.distributions import constraints
from flambeau.distributions.distribution import Distribution
from flambeau.distributions.parameters import batch_shape_of, broadcast_all
from flambeau.ops.sampling import rand
from flambeau.ops.selection import where
from flambeau.tensor.tensor import Tensor


class GeneralizedPareto(Distribution):
    r"""The generalised Pareto distribution, of how far numbers go beyond a high threshold.

    .. math:: P(X > x) = (1 + k z)^{-1 / k}, \quad z = (x - \mu) / \sigma

    and exp(-z) for k = 0.

    Args:
        loc: the threshold mu.
        scale: sigma > 0.
        concentration: k; below 0 there is a largest value.
        validate_args: see :class:`Distribution`.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.GeneralizedPareto(0.0, 1.0, 0.5).mean
        tensor(2.)
    """

    arg_constraints: ClassVar = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "concentration": constraints.real,
    }
    has_rsample = True

    def __init__(
        self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None
    ) -> None:
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        shape = batch_shape_of(self.loc, loc, scale, concentration)
        super().__init__(shape, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        end = self.loc - self.scale / self.concentration
        return constraints.interval(self.loc, where(self.concentration < 0, end, math.inf))

    @property
    def mean(self) -> Tensor:
        k = self.concentration
        return where(k < 1, self.loc + self.scale / (1 - where(k < 1, k, 0.5)), math.nan)

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        k = where(self.concentration < 0.5, self.concentration, 0.25)
        found = self.scale.square() / ((1 - k).square() * (1 - 2 * k))
        return where(self.concentration < 0.5, found, math.nan)

    def _exponential(self) -> tuple[Tensor, Tensor]:
        """Where k counts as 0, and k with 1 in these places."""
        zero = self.concentration.isclose(self.concentration.new_zeros(()))
        return zero, where(zero, 1.0, self.concentration)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        return self.icdf(rand(self._extended_shape(sample_shape), dtype=self.loc.dtype))

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        z = (value - self.loc) / self.scale
        zero, k = self._exponential()
        power = 1 / k + 1
        # At k = -1 the density is even, up to its end.
        slope = where(power == 0, 0.0, power * (k * z).log1p())
        return -self.scale.log() - where(zero, z, slope)

    def log_survival_function(self, value: Tensor) -> Tensor:
        """The logarithm of the probability of larger values.

        Args:
            value: any value.
        """
        self._validate_sample(value)
        z = (value - self.loc) / self.scale
        zero, k = self._exponential()
        return -where(zero, z, (k * z).log1p() / k)

    def log_cdf(self, value: Tensor) -> Tensor:
        """The logarithm of the probability of values up to this one.

        Args:
            value: any value.
        """
        return (-self.log_survival_function(value).exp()).log1p()

    def cdf(self, value: Tensor) -> Tensor:
        return self.log_cdf(value).exp()

    def icdf(self, value: Tensor) -> Tensor:
        zero, k = self._exponential()
        survival = (-value).log1p()
        power = self.loc + self.scale / k * (-k * survival).expm1()
        return where(zero, self.loc - self.scale * survival, power)

    def entropy(self) -> Tensor:
        return self.scale.log() + self.concentration + 1
