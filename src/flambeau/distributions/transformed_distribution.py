"""Distributions of transformed values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from flambeau.autograd import no_grad
from flambeau.core.errors import message
from flambeau.core.shapes import Size
from flambeau.distributions import constraints
from flambeau.distributions.distribution import Distribution
from flambeau.distributions.independent import Independent
from flambeau.distributions.parameters import sum_rightmost
from flambeau.distributions.transforms.transform import ComposeTransform, Transform
from flambeau.tensor.tensor import Tensor


class TransformedDistribution(Distribution):
    r"""The distribution of y = f(x) where x has a distribution that is known.

    .. math:: \log p(y) = \log p(x) - \log |\det dy / dx|

    Args:
        base_distribution: of x.
        transforms: f, or several, the first one first.
        validate_args: see :class:`Distribution`.

    Raises:
        ValueError: if they are no transforms, or need values of more dimensions.

    Example:
        >>> import flambeau as fb
        >>> from flambeau.distributions import ExpTransform, Normal, TransformedDistribution
        >>> TransformedDistribution(Normal(0.0, 1.0), [ExpTransform()]).log_prob(fb.tensor(1.0))
        tensor(-0.9189)
    """

    arg_constraints: ClassVar = {}

    def __init__(
        self,
        base_distribution: Distribution,
        transforms: Transform | Sequence[Transform],
        validate_args: bool | None = None,
    ) -> None:
        parts = [transforms] if isinstance(transforms, Transform) else transforms
        if not isinstance(parts, list) or not all(isinstance(t, Transform) for t in parts):
            raise ValueError(
                message(
                    "TransformedDistribution: these are no transforms",
                    expected="a transform, or a list of them",
                    got=f"{transforms!r}",
                )
            )
        self.transforms: list[Transform] = parts
        whole = ComposeTransform(parts)
        domain, codomain = whole.domain.event_dim, whole.codomain.event_dim
        shape = (*base_distribution.batch_shape, *base_distribution.event_shape)
        events = len(base_distribution.event_shape)
        if len(shape) < domain:
            raise ValueError(
                message(
                    "TransformedDistribution: values have too few dimensions",
                    expected=f"at least {domain}, batch and event together",
                    got=f"shape {shape}",
                )
            )
        image = tuple(whole.forward_shape(Size(shape)))
        # Parameters of the transforms may enlarge the batch.
        needed = tuple(whole.inverse_shape(Size(image)))
        if needed != shape:
            base_distribution = base_distribution.expand(needed[: len(needed) - events])
        if domain > events:
            base_distribution = Independent(base_distribution, domain - events)
        self.base_dist: Any = base_distribution
        cut = len(image) - max(codomain, events + codomain - domain)
        super().__init__(image[:cut], image[cut:], validate_args=validate_args)

    def _expand_others(self, new: Any, shape: Size) -> None:
        inner: Any = Size((*shape, *self.event_shape))
        for transform in reversed(self.transforms):
            inner = transform.inverse_shape(inner)
        cut = len(inner) - len(self.base_dist.event_shape)
        new.base_dist = self.base_dist.expand(inner[:cut])
        new.transforms = self.transforms

    def _parameters(self) -> dict[str, Any]:
        return {}

    has_rsample: Any = property(lambda self: self.base_dist.has_rsample)

    def _support(self) -> Any:
        """Which values there are."""
        if not self.transforms:
            return self.base_dist.support
        found = self.transforms[-1].codomain
        more = len(self.event_shape) - found.event_dim
        return constraints.independent(found, more) if more > 0 else found

    support: Any = constraints.dependent_property(_support)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with no_grad():
            return self._forward(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        return self._forward(self.base_dist.rsample(sample_shape))

    def _forward(self, value: Tensor) -> Tensor:
        for transform in self.transforms:
            value = transform(value)
        return value

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        events = len(self.event_shape)
        total: Any = 0.0
        for transform in reversed(self.transforms):
            before = transform.inv(value)
            domain, codomain = transform.domain.event_dim, transform.codomain.event_dim
            events += domain - codomain
            slope = transform.log_abs_det_jacobian(before, value)
            total = total - sum_rightmost(slope, events - domain)
            value = before
        inner = self.base_dist.log_prob(value)
        return total + sum_rightmost(inner, events - len(self.base_dist.event_shape))

    def _growing(self, probability: Tensor) -> Tensor:
        """A probability, or what is left of 1 where the transforms fall."""
        sign: Any = 1
        for transform in self.transforms:
            sign = sign * transform.sign
        if isinstance(sign, int) and sign == 1:
            return probability
        return sign * (probability - 0.5) + 0.5

    def cdf(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        for transform in reversed(self.transforms):
            value = transform.inv(value)
        return self._growing(self.base_dist.cdf(value))

    def icdf(self, value: Tensor) -> Tensor:
        return self._forward(self.base_dist.icdf(self._growing(value)))
