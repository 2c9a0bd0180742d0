"""The Pareto distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from flambeau.distributions import constraints
from flambeau.distributions.exponential import Exponential
from flambeau.distributions.parameters import broadcast_all
from flambeau.distributions.transformed_distribution import TransformedDistribution
from flambeau.distributions.transforms.elementwise import AffineTransform, ExpTransform
from flambeau.ops.selection import where
from flambeau.tensor.tensor import Tensor


class Pareto(TransformedDistribution):
    r"""The Pareto distribution.

    .. math:: P(X > x) = (x_m / x)^\alpha, \quad x \ge x_m

    Args:
        scale: the least value x_m > 0.
        alpha: > 0.
        validate_args: see :class:`Distribution`.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.Pareto(1.0, 2.0).mean
        tensor(2.)
    """

    arg_constraints: ClassVar = {"alpha": constraints.positive, "scale": constraints.positive}

    def __init__(self, scale: Any, alpha: Any, validate_args: bool | None = None) -> None:
        self.scale, self.alpha = broadcast_all(scale, alpha)
        base = Exponential(self.alpha, validate_args=validate_args)
        transforms = [ExpTransform(), AffineTransform(0, self.scale)]
        super().__init__(base, transforms, validate_args=validate_args)

    def _parameters(self) -> dict[str, Any]:
        return self.arg_constraints

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        return constraints.greater_than_eq(self.scale)

    @property
    def mean(self) -> Tensor:
        a = self.alpha.clamp(min=1)  # infinite where it is 1
        return where(self.alpha <= 1, math.inf, a * self.scale / (a - 1))

    @property
    def mode(self) -> Tensor:
        return self.scale

    @property
    def variance(self) -> Tensor:
        a = self.alpha.clamp(min=2)
        finite = self.scale.square() * a / ((a - 1).square() * (a - 2))
        return where(self.alpha <= 2, math.inf, finite)

    def entropy(self) -> Tensor:
        return (self.scale / self.alpha).log() + (1 + self.alpha.reciprocal())
