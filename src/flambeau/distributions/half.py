"""Sizes of numbers that are distributed evenly about 0."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from flambeau.distributions import constraints
from flambeau.distributions.transformed_distribution import TransformedDistribution
from flambeau.distributions.transforms.elementwise import AbsTransform
from flambeau.ops.likes import zeros_like
from flambeau.ops.selection import where
from flambeau.tensor.tensor import Tensor


class Half(TransformedDistribution):
    """The distribution of the size of a number; subclasses say of which numbers.

    Args:
        scale: of the numbers, > 0.
        validate_args: see :class:`Distribution`.
    """

    arg_constraints: ClassVar = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    # The distribution of the numbers, of a location and a scale.
    _whole: ClassVar[Any]

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        whole = self._whole(0, scale, validate_args=False)
        super().__init__(whole, AbsTransform(), validate_args=validate_args)

    def _check_parameters(self) -> None:
        self.base_dist._check_parameters()

    @property
    def scale(self) -> Tensor:
        """The scale."""
        return self.base_dist.scale

    @property
    def mode(self) -> Tensor:
        return zeros_like(self.scale)

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        value = value if isinstance(value, Tensor) else self.scale.new_tensor(value)
        return where(value >= 0, self.base_dist.log_prob(value) + math.log(2), -math.inf)

    def cdf(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, value: Tensor) -> Tensor:
        return self.base_dist.icdf((value + 1) / 2)

    def entropy(self) -> Tensor:
        return self.base_dist.entropy() - math.log(2)
