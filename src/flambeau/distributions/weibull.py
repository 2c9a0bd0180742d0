"""The Weibull distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.distributions import constraints
from flambeau.distributions.exponential import Exponential
from flambeau.distributions.gumbel import EULER
from flambeau.distributions.parameters import broadcast_all
from flambeau.distributions.transformed_distribution import TransformedDistribution
from flambeau.distributions.transforms.elementwise import AffineTransform, PowerTransform
from flambeau.ops.likes import ones_like
from flambeau.tensor.tensor import Tensor


class Weibull(TransformedDistribution):
    r"""The Weibull distribution.

    .. math:: P(X > x) = \exp(-(x / \lambda)^k)

    Args:
        scale: lambda > 0.
        concentration: k > 0.
        validate_args: see :class:`Distribution`.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.Weibull(2.0, 1.0).mean
        tensor(2.)
    """

    arg_constraints: ClassVar = {
        "scale": constraints.positive,
        "concentration": constraints.positive,
    }
    support = constraints.positive

    def __init__(self, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.scale, self.concentration = broadcast_all(scale, concentration)
        self.concentration_reciprocal = self.concentration.reciprocal()
        base = Exponential(ones_like(self.scale), validate_args=validate_args)
        transforms = [
            PowerTransform(self.concentration_reciprocal),
            AffineTransform(0, self.scale),
        ]
        super().__init__(base, transforms, validate_args=validate_args)

    def _parameters(self) -> dict[str, Any]:
        return {**self.arg_constraints, "concentration_reciprocal": constraints.positive}

    def _moment(self, order: int) -> Tensor:
        """The mean of (x / lambda) ** order."""
        return (1 + order * self.concentration_reciprocal).lgamma().exp()

    @property
    def mean(self) -> Tensor:
        return self.scale * self._moment(1)

    @property
    def mode(self) -> Tensor:
        k = self.concentration
        return self.scale * ((k - 1) / k).pow(k.reciprocal())

    @property
    def variance(self) -> Tensor:
        return self.scale.square() * (self._moment(2) - self._moment(1).square())

    def entropy(self) -> Tensor:
        reciprocal = self.concentration_reciprocal
        return EULER * (1 - reciprocal) + (self.scale * reciprocal).log() + 1
