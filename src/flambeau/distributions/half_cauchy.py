"""The half-Cauchy distribution."""

from __future__ import annotations

import math

from flambeau.distributions.cauchy import Cauchy
from flambeau.distributions.half import Half
from flambeau.ops.likes import full_like
from flambeau.tensor.tensor import Tensor


class HalfCauchy(Half):
    """The half-Cauchy distribution: of the size of a Cauchy number with median 0.

    Args:
        scale: > 0, the median of the size.
        validate_args: see :class:`Distribution`.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.HalfCauchy(1.0).cdf(fb.tensor(1.0))
        tensor(0.5000)
    """

    _whole = Cauchy

    @property
    def mean(self) -> Tensor:
        return full_like(self.scale, math.inf)

    @property
    def variance(self) -> Tensor:
        return self.base_dist.variance
