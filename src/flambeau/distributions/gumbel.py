"""The Gumbel distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from flambeau.core.limits import finfo
from flambeau.distributions import constraints
from flambeau.distributions.parameters import batch_shape_of, broadcast_all
from flambeau.distributions.transformed_distribution import TransformedDistribution
from flambeau.distributions.transforms.elementwise import AffineTransform, ExpTransform
from flambeau.distributions.uniform import Uniform
from flambeau.ops.likes import full_like, ones_like
from flambeau.tensor.tensor import Tensor

EULER = 0.57721566490153286060651209008240243


class Gumbel(TransformedDistribution):
    r"""The Gumbel distribution, of the largest of many numbers.

    .. math:: F(x) = \exp(-e^{-(x - \mu) / \beta})

    Args:
        loc: mu, the mode.
        scale: beta > 0.
        validate_args: see :class:`Distribution`.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.Gumbel(0.0, 1.0).mean
        tensor(0.5772)
    """

    arg_constraints: ClassVar = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        limits = finfo(self.loc.dtype)
        least, most = limits.tiny, 1 - limits.eps
        if batch_shape_of(self.loc, loc, scale) or isinstance(loc, Tensor):
            least, most = full_like(self.loc, least), full_like(self.loc, most)
        base = Uniform(least, most, validate_args=validate_args)
        transforms = [
            ExpTransform().inv,
            AffineTransform(0, -ones_like(self.scale)),
            ExpTransform().inv,
            AffineTransform(self.loc, -self.scale),
        ]
        super().__init__(base, transforms, validate_args=validate_args)

    def _parameters(self) -> dict[str, Any]:
        return self.arg_constraints

    @property
    def mean(self) -> Tensor:
        return self.loc + self.scale * EULER

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def stddev(self) -> Tensor:
        return math.pi / math.sqrt(6) * self.scale

    @property
    def variance(self) -> Tensor:
        return self.stddev.square()

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        y = (self.loc - value) / self.scale
        return y - y.exp() - self.scale.log()

    def entropy(self) -> Tensor:
        return self.scale.log() + (1 + EULER)
