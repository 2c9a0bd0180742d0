"""Dimensions of a batch that count as one value."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.core.errors import message
from flambeau.core.shapes import Size
from flambeau.distributions import constraints
from flambeau.distributions.distribution import Distribution
from flambeau.distributions.parameters import sum_rightmost
from flambeau.tensor.tensor import Tensor


class Independent(Distribution):
    """A distribution of which the last dimensions of the batch are part of the value.

    Args:
        base_distribution: any distribution.
        reinterpreted_batch_ndims: how many dimensions.
        validate_args: see :class:`Distribution`.

    Raises:
        ValueError: if the batch has fewer dimensions.

    Example:
        >>> import flambeau as fb
        >>> normal = fb.distributions.Normal(fb.zeros(3), fb.ones(3))
        >>> fb.distributions.Independent(normal, 1).log_prob(fb.zeros(3))
        tensor(-2.7568)
    """

    arg_constraints: ClassVar = {}

    def __init__(
        self,
        base_distribution: Distribution,
        reinterpreted_batch_ndims: int,
        validate_args: bool | None = None,
    ) -> None:
        batch = base_distribution.batch_shape
        if reinterpreted_batch_ndims > len(batch):
            raise ValueError(
                message(
                    "Independent: the batch has fewer dimensions",
                    expected=f"reinterpreted_batch_ndims <= {len(batch)}",
                    got=str(reinterpreted_batch_ndims),
                )
            )
        cut = len(batch) - reinterpreted_batch_ndims
        self.base_dist = base_distribution
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        event = (*batch[cut:], *base_distribution.event_shape)
        super().__init__(batch[:cut], event, validate_args=validate_args)

    def _expand_others(self, new: Any, shape: Size) -> None:
        count = self.reinterpreted_batch_ndims
        new.base_dist = self.base_dist.expand((*shape, *self.event_shape[:count]))
        new.reinterpreted_batch_ndims = count

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        return self.base_dist.has_rsample

    @property
    def has_enumerate_support(self) -> bool:  # type: ignore[override]
        return not self.reinterpreted_batch_ndims and self.base_dist.has_enumerate_support

    @constraints.dependent_property
    def support(self) -> Any:
        inner, count = self.base_dist.support, self.reinterpreted_batch_ndims
        return constraints.independent(inner, count) if count else inner

    @property
    def mean(self) -> Tensor:
        return self.base_dist.mean

    @property
    def mode(self) -> Tensor:
        return self.base_dist.mode

    @property
    def variance(self) -> Tensor:
        return self.base_dist.variance

    def sample(self, sample_shape: Any = ()) -> Tensor:
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value: Tensor) -> Tensor:
        return sum_rightmost(self.base_dist.log_prob(value), self.reinterpreted_batch_ndims)

    def entropy(self) -> Tensor:
        return sum_rightmost(self.base_dist.entropy(), self.reinterpreted_batch_ndims)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        if self.reinterpreted_batch_ndims:
            raise self._lacks("enumeration of values that consist of several")
        return self.base_dist.enumerate_support(expand=expand)

    def __repr__(self) -> str:
        return f"Independent({self.base_dist}, {self.reinterpreted_batch_ndims})"
