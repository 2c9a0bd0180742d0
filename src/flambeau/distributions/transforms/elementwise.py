"""Transforms of single numbers."""

from __future__ import annotations

import math
from typing import Any

from flambeau.core.limits import finfo
from flambeau.distributions import constraints
from flambeau.distributions.parameters import sum_rightmost
from flambeau.distributions.transforms.transform import Transform
from flambeau.nn.functional import logsigmoid, softplus
from flambeau.ops.likes import full_like
from flambeau.tensor.tensor import Tensor


class ExpTransform(Transform):
    """y = exp(x).

    Args:
        cache_size: as of all transforms.
    """

    domain = constraints.real
    codomain = constraints.positive
    bijective = True
    sign = 1

    def _call(self, x: Tensor) -> Tensor:
        return x.exp()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.log()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return x


class PowerTransform(Transform):
    """y = x ** exponent.

    Args:
        exponent: not 0; a tensor or a number.
        cache_size: as of all transforms.
    """

    domain = constraints.positive
    codomain = constraints.positive
    bijective = True

    def __init__(self, exponent: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.exponent = exponent

    @property
    def sign(self) -> Any:
        if isinstance(self.exponent, Tensor):
            return self.exponent.sign()
        return math.copysign(1, self.exponent)

    def _call(self, x: Tensor) -> Tensor:
        return x.pow(self.exponent)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.pow(1 / self.exponent)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return (self.exponent * y / x).abs().log()

    def forward_shape(self, shape: Any) -> Any:
        return _broadcast(shape, self.exponent)

    def inverse_shape(self, shape: Any) -> Any:
        return _broadcast(shape, self.exponent)

    def _state(self) -> Any:
        return (self.exponent,)


class SigmoidTransform(Transform):
    """y = 1 / (1 + exp(-x)), kept within (0, 1); the inverse is the logit.

    Args:
        cache_size: as of all transforms.
    """

    domain = constraints.real
    codomain = constraints.unit_interval
    bijective = True
    sign = 1

    def _call(self, x: Tensor) -> Tensor:
        return clipped_sigmoid(x)

    def _inverse(self, y: Tensor) -> Tensor:
        y = _inside(y)
        return y.log() - (-y).log1p()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return -softplus(-x) - softplus(x)


def clipped_sigmoid(x: Tensor) -> Tensor:
    """The sigmoid, never quite 0 or 1."""
    return _inside(x.sigmoid())


def _inside(y: Tensor) -> Tensor:
    limits = finfo(y.dtype)
    return y.clamp(min=limits.tiny, max=1.0 - limits.eps)


class SoftplusTransform(Transform):
    """y = log(1 + exp(x)).

    Args:
        cache_size: as of all transforms.
    """

    domain = constraints.real
    codomain = constraints.positive
    bijective = True
    sign = 1

    def _call(self, x: Tensor) -> Tensor:
        return softplus(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return y + (-(-y).expm1()).log()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return logsigmoid(x)


class TanhTransform(Transform):
    """y = tanh(x).

    Args:
        cache_size: 1 where images near 1 or -1 are to be inverted.
    """

    domain = constraints.real
    codomain = constraints.interval(-1.0, 1.0)
    bijective = True
    sign = 1

    def _call(self, x: Tensor) -> Tensor:
        return x.tanh()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.atanh()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        # log(1 - tanh(x)^2), without loss for large x
        return 2.0 * (math.log(2.0) - x - softplus(-2.0 * x))


class AbsTransform(Transform):
    """y = |x|; the inverse gives the value that is not negative.

    Args:
        cache_size: as of all transforms.
    """

    domain = constraints.real
    codomain = constraints.positive

    def _call(self, x: Tensor) -> Tensor:
        return x.abs()

    def _inverse(self, y: Tensor) -> Tensor:
        return y


class AffineTransform(Transform):
    """y = loc + scale x.

    Args:
        loc, scale: tensors or numbers.
        event_dim: how many last dimensions make one value.
        cache_size: as of all transforms.
    """

    bijective = True

    def __init__(self, loc: Any, scale: Any, event_dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.loc, self.scale = loc, scale
        self._event_dim = event_dim

    @property
    def event_dim(self) -> int:
        return self._event_dim

    @constraints.dependent_property
    def domain(self) -> Any:  # type: ignore[override]
        return _real(self._event_dim)

    @constraints.dependent_property
    def codomain(self) -> Any:  # type: ignore[override]
        return _real(self._event_dim)

    @property
    def sign(self) -> Any:
        if isinstance(self.scale, Tensor):
            return self.scale.sign()
        return (self.scale > 0) - (self.scale < 0)

    def _call(self, x: Tensor) -> Tensor:
        return self.loc + self.scale * x

    def _inverse(self, y: Tensor) -> Tensor:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        scale = self.scale
        if isinstance(scale, Tensor):
            slope = scale.abs().log()
        else:
            slope = full_like(x, math.log(abs(scale)))
        kept = len(x.shape) - self._event_dim
        if self._event_dim:
            slope = sum_rightmost(slope.expand(x.shape), self._event_dim)
        return slope.expand(x.shape[:kept])

    def forward_shape(self, shape: Any) -> Any:
        return _broadcast(shape, self.loc, self.scale)

    def inverse_shape(self, shape: Any) -> Any:
        return _broadcast(shape, self.loc, self.scale)

    def _state(self) -> Any:
        return self.loc, self.scale


def _real(event_dim: int) -> Any:
    return constraints.independent(constraints.real, event_dim) if event_dim else constraints.real


def _broadcast(shape: Any, *others: Any) -> Any:
    from flambeau.core.shapes import Size, broadcast

    shapes = [x.shape for x in others if isinstance(x, Tensor)]
    return Size(broadcast("transform", tuple(shape), *map(tuple, shapes))) if shapes else shape


class CumulativeDistributionTransform(Transform):
    """y = F(x), the cumulative distribution function.

    Args:
        distribution: whose function it is.
        cache_size: as of all transforms.
    """

    bijective = True
    codomain = constraints.unit_interval
    sign = 1

    def __init__(self, distribution: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.distribution = distribution

    @property
    def domain(self) -> Any:  # type: ignore[override]
        return self.distribution.support

    def _call(self, x: Tensor) -> Tensor:
        return self.distribution.cdf(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return self.distribution.icdf(y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return self.distribution.log_prob(x)

    def _state(self) -> Any:
        return (self.distribution,)
