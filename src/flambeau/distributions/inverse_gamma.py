"""The inverse gamma distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from flambeau.distributions import constraints
from flambeau.distributions.gamma import Gamma
from flambeau.distributions.transformed_distribution import TransformedDistribution
from flambeau.distributions.transforms.elementwise import PowerTransform
from flambeau.ops.selection import where
from flambeau.tensor.tensor import Tensor


class InverseGamma(TransformedDistribution):
    """The inverse gamma distribution: of one over a gamma number.

    Args:
        concentration: alpha > 0.
        rate: beta > 0.
        validate_args: see :class:`Distribution`.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.InverseGamma(3.0, 4.0).mean
        tensor(2.)
    """

    arg_constraints: ClassVar = {
        "concentration": constraints.positive,
        "rate": constraints.positive,
    }
    support = constraints.positive
    has_rsample = True
    base_dist: Gamma

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        base = Gamma(concentration, rate, validate_args=validate_args)
        exponent = -base.rate.new_ones(())
        super().__init__(base, PowerTransform(exponent), validate_args=validate_args)

    @property
    def concentration(self) -> Tensor:
        """alpha."""
        return self.base_dist.concentration

    @property
    def rate(self) -> Tensor:
        """beta."""
        return self.base_dist.rate

    @property
    def mean(self) -> Tensor:
        a = self.concentration
        return where(a > 1, self.rate / (a - 1), math.inf)

    @property
    def mode(self) -> Tensor:
        return self.rate / (self.concentration + 1)

    @property
    def variance(self) -> Tensor:
        a = self.concentration
        return where(a > 2, self.rate.square() / ((a - 1).square() * (a - 2)), math.inf)

    def entropy(self) -> Tensor:
        a = self.concentration
        return a + self.rate.log() + a.lgamma() - (1 + a) * a.digamma()
