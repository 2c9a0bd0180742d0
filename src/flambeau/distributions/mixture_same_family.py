"""Mixtures of distributions of one family."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.autograd import no_grad
from flambeau.core.errors import message
from flambeau.core.shapes import Size
from flambeau.distributions import constraints
from flambeau.distributions.categorical import Categorical
from flambeau.distributions.distribution import Distribution
from flambeau.tensor.tensor import Tensor


class MixtureSameFamily(Distribution):
    """A mixture: one of K distributions, chosen at random, gives the value.

    Args:
        mixture_distribution: which one, a :class:`Categorical` over K.
        component_distribution: the K distributions, along the last dimension of its batch.
        validate_args: see :class:`Distribution`.

    Raises:
        ValueError: if they do not fit.

    Example:
        >>> import flambeau as fb
        >>> d = fb.distributions
        >>> components = d.Normal(fb.tensor([0.0, 4.0]), fb.ones(2))
        >>> d.MixtureSameFamily(d.Categorical(fb.tensor([0.5, 0.5])), components).mean
        tensor(2.)
    """

    arg_constraints: ClassVar = {}

    def __init__(
        self,
        mixture_distribution: Categorical,
        component_distribution: Distribution,
        validate_args: bool | None = None,
    ) -> None:
        _check(mixture_distribution, component_distribution)
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        self._num_component = mixture_distribution.logits.shape[-1]
        self._event_ndims = len(component_distribution.event_shape)
        batch = component_distribution.batch_shape[:-1]
        super().__init__(batch, component_distribution.event_shape, validate_args=validate_args)

    def _expand_others(self, new: Any, shape: Size) -> None:
        count = self._num_component
        new._component_distribution = self._component_distribution.expand((*shape, count))
        new._mixture_distribution = self._mixture_distribution.expand(shape)
        new._num_component, new._event_ndims = count, self._event_ndims

    @constraints.dependent_property
    def support(self) -> Any:
        return constraints.MixtureSameFamilyConstraint(self._component_distribution.support)

    @property
    def mixture_distribution(self) -> Categorical:
        """Which component gives the value."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Distribution:
        """The components."""
        return self._component_distribution

    def _weights(self) -> Tensor:
        """The components' probabilities, with the event's dimensions behind them."""
        probs = self._mixture_distribution.probs
        return probs[(..., *(None,) * self._event_ndims)]

    def _averaged(self, values: Tensor) -> Tensor:
        return (self._weights() * values).sum(-1 - self._event_ndims)

    @property
    def mean(self) -> Tensor:
        return self._averaged(self._component_distribution.mean)

    @property
    def variance(self) -> Tensor:
        inner = self._component_distribution
        between = (inner.mean - self.mean.unsqueeze(-1 - self._event_ndims)).square()
        return self._averaged(inner.variance) + self._averaged(between)

    def cdf(self, value: Tensor) -> Tensor:
        found = self._component_distribution.cdf(value.unsqueeze(-1 - self._event_ndims))
        return (found * self._mixture_distribution.probs).sum(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        inner = self._component_distribution.log_prob(value.unsqueeze(-1 - self._event_ndims))
        return (inner + self._mixture_distribution.logits.log_softmax(-1)).logsumexp(-1)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with no_grad():
            mixture = self._mixture_distribution
            if mixture.batch_shape != self.batch_shape:
                mixture = mixture.expand(self.batch_shape)
            chosen = mixture.sample(sample_shape)
            values = self._component_distribution.sample(sample_shape)
            place = values.ndim - 1 - self._event_ndims
            index = chosen[(..., *(None,) * (1 + self._event_ndims))]
            index = index.expand((*values.shape[:place], 1, *self.event_shape))
            return values.gather(place, index).squeeze(place)

    def __repr__(self) -> str:
        parts = f"\n  {self.mixture_distribution},\n  {self.component_distribution}"
        return f"MixtureSameFamily({parts})"


def _check(mixture: Any, components: Any) -> None:
    if not isinstance(mixture, Categorical) or not isinstance(components, Distribution):
        raise ValueError(
            message(
                "MixtureSameFamily: a choice and distributions are needed",
                expected="a Categorical and a Distribution",
                got=f"{type(mixture).__name__} and {type(components).__name__}",
            )
        )
    batch = components.batch_shape
    sizes = zip(reversed(mixture.batch_shape), reversed(batch[:-1]))
    count = mixture.param_shape[-1]
    if not batch or batch[-1] != count or any(1 not in (a, b) and a != b for a, b in sizes):
        raise ValueError(
            message(
                "MixtureSameFamily: the components do not fit the choice",
                expected=f"a batch (..., {count}) that fits {tuple(mixture.batch_shape)}",
                got=str(tuple(batch)),
            )
        )
