"""The half-normal distribution."""

from __future__ import annotations

import math

from flambeau.distributions.half import Half
from flambeau.distributions.normal import Normal
from flambeau.tensor.tensor import Tensor


class HalfNormal(Half):
    """The half-normal distribution: of the size of a normal number with mean 0.

    Args:
        scale: the number's standard deviation > 0.
        validate_args: see :class:`Distribution`.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.HalfNormal(1.0).mean
        tensor(0.7979)
    """

    _whole = Normal

    @property
    def mean(self) -> Tensor:
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def variance(self) -> Tensor:
        return self.scale.square() * (1 - 2 / math.pi)
