"""Categorical distributions whose values are vectors with a single one."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.core.shapes import Size
from flambeau.distributions import constraints
from flambeau.distributions.categorical import Categorical
from flambeau.distributions.dirichlet import one_hot_like
from flambeau.distributions.distribution import Distribution
from flambeau.distributions.odds import OfCategorical
from flambeau.ops.creation import eye
from flambeau.tensor.tensor import Tensor


class OneHotCategorical(OfCategorical, Distribution):
    """The categorical distribution of vectors with a single one.

    Args:
        probs: weights >= 0 of shape (..., K), which are divided by their sum.
        logits: logarithms of weights instead.
        validate_args: see :class:`Distribution`.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.OneHotCategorical(fb.tensor([0.0, 1.0, 0.0])).sample()
        tensor([0., 1., 0.])
    """

    arg_constraints: ClassVar = {
        "probs": constraints.simplex,
        "logits": constraints.real_vector,
    }
    support = constraints.one_hot
    has_enumerate_support = True

    def __init__(
        self,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self._categorical = Categorical(probs, logits)
        shape = self._categorical.batch_shape
        super().__init__(shape, self._param.shape[-1:], validate_args=validate_args)

    def _expand_others(self, new: Any, shape: Size) -> None:
        new._categorical = self._categorical.expand(shape)

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def mode(self) -> Tensor:
        return one_hot_like(self.probs.argmax(-1), self.probs)

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        chosen = self._categorical.sample(sample_shape)
        return one_hot_like(chosen, self.probs.detach().expand((*chosen.shape, -1)))

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        return self._categorical.log_prob(value.argmax(-1))

    def entropy(self) -> Tensor:
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Tensor:
        count = self.event_shape[0]
        values = eye(count, dtype=self._param.dtype)
        values = values.view((count, *(1,) * len(self._batch_shape), count))
        return values.expand((count, *self._batch_shape, count)) if expand else values


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """The same, with samples whose gradient is taken to be that of ``probs``.

    Args:
        probs: weights >= 0 of shape (..., K), which are divided by their sum.
        logits: logarithms of weights instead.
        validate_args: see :class:`Distribution`.

    Reference: Y. Bengio, N. Leonard and A. Courville, "Estimating or Propagating Gradients Through
    Stochastic Neurons for Conditional Computation", 2013.
    """

    has_rsample = True

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        return self.sample(sample_shape) + (self.probs - self.probs.detach())
