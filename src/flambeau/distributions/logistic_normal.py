"""The logistic normal distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.distributions import constraints
from flambeau.distributions.normal import Normal
from flambeau.distributions.transformed_distribution import TransformedDistribution
from flambeau.distributions.transforms.structured import StickBreakingTransform
from flambeau.tensor.tensor import Tensor


class LogisticNormal(TransformedDistribution):
    """The logistic normal distribution, of n + 1 numbers that sum to 1.

    n normal numbers break parts off a stick: :class:`StickBreakingTransform`.

    Args:
        loc: their means, of shape (..., n).
        scale: their standard deviations > 0.
        validate_args: see :class:`Distribution`.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.LogisticNormal(fb.zeros(2), fb.ones(2)).event_shape
        torch.Size([3])
    """

    arg_constraints: ClassVar = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        base = Normal(loc, scale, validate_args=validate_args)
        if not base.batch_shape:
            base = base.expand((1,))
        super().__init__(base, StickBreakingTransform(), validate_args=validate_args)

    @property
    def loc(self) -> Tensor:
        """The normal numbers' means."""
        return self.base_dist.base_dist.loc

    @property
    def scale(self) -> Tensor:
        """The normal numbers' standard deviations."""
        return self.base_dist.base_dist.scale
