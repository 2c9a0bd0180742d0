"""The Kumaraswamy distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.distributions import constraints
from flambeau.distributions.gumbel import EULER
from flambeau.distributions.parameters import broadcast_all
from flambeau.distributions.transformed_distribution import TransformedDistribution
from flambeau.distributions.transforms.elementwise import AffineTransform, PowerTransform
from flambeau.distributions.uniform import Uniform
from flambeau.ops.likes import full_like
from flambeau.ops.selection import where
from flambeau.tensor.tensor import Tensor


class Kumaraswamy(TransformedDistribution):
    r"""The Kumaraswamy distribution on (0, 1).

    .. math:: F(x) = 1 - (1 - x^a)^b

    Args:
        concentration1: a > 0.
        concentration0: b > 0.
        validate_args: see :class:`Distribution`.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.Kumaraswamy(1.0, 1.0).mean
        tensor(0.5000)

    Differs from PyTorch: the mode is where the density is largest.
    """

    arg_constraints: ClassVar = {
        "concentration1": constraints.positive,
        "concentration0": constraints.positive,
    }
    support = constraints.unit_interval

    def __init__(
        self, concentration1: Any, concentration0: Any, validate_args: bool | None = None
    ) -> None:
        both = broadcast_all(concentration1, concentration0)
        self.concentration1, self.concentration0 = both
        base = Uniform(full_like(both[0], 0), full_like(both[0], 1), validate_args=validate_args)
        transforms = [
            PowerTransform(both[1].reciprocal()),
            AffineTransform(1.0, -1.0),
            PowerTransform(both[0].reciprocal()),
        ]
        super().__init__(base, transforms, validate_args=validate_args)

    def _parameters(self) -> dict[str, Any]:
        return self.arg_constraints

    def _moment(self, order: int) -> Tensor:
        """The mean of x ** order, b B(1 + order / a, b)."""
        a, b = self.concentration1, self.concentration0
        first = 1 + order / a
        return (b.log() + first.lgamma() + b.lgamma() - (first + b).lgamma()).exp()

    @property
    def mean(self) -> Tensor:
        return self._moment(1)

    @property
    def mode(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        found = ((a - 1) / (a * b - 1)).pow(1 / a)
        return where((a < 1) | (b < 1), float("nan"), found)

    @property
    def variance(self) -> Tensor:
        return self._moment(2) - self.mean.square()

    def entropy(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        harmonic = (b + 1).digamma() + EULER
        return (1 - b.reciprocal()) + (1 - a.reciprocal()) * harmonic - a.log() - b.log()
