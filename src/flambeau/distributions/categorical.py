"""The categorical distribution."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar

from flambeau.autograd import no_grad
from flambeau.core.limits import finfo
from flambeau.core.shapes import Size
from flambeau.distributions import constraints
from flambeau.distributions.distribution import Distribution
from flambeau.distributions.odds import Weights
from flambeau.ops.distributions import multinomial
from flambeau.ops.expansion import broadcast_tensors
from flambeau.ops.likes import full_like
from flambeau.ops.sequences import arange
from flambeau.tensor.tensor import Tensor


class Categorical(Weights, Distribution):
    """The categorical distribution: a choice between 0 ... K - 1.

    Args:
        probs: weights >= 0 of shape (..., K), which are divided by their sum.
        logits: logarithms of weights instead.
        validate_args: see :class:`Distribution`.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.Categorical(fb.tensor([1.0, 3.0])).probs
        tensor([0.2500, 0.7500])
    """

    arg_constraints: ClassVar = {
        "probs": constraints.simplex,
        "logits": constraints.real_vector,
    }
    has_enumerate_support = True

    def __init__(
        self,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        shape = self._set_weights(probs, logits).shape
        self._num_events = shape[-1]
        super().__init__(shape[:-1], validate_args=validate_args)

    def _expand_others(self, new: Any, shape: Size) -> None:
        new._num_events = self._num_events

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def mean(self) -> Tensor:
        return full_like(self.probs[..., 0], float("nan"))

    @property
    def mode(self) -> Tensor:
        return self.probs.argmax(-1)

    @property
    def variance(self) -> Tensor:
        return full_like(self.probs[..., 0], float("nan"))

    def sample(self, sample_shape: Any = ()) -> Tensor:
        weights = self.probs.reshape(-1, self._num_events)
        with no_grad():
            chosen = multinomial(weights, prod(sample_shape), True)
        return chosen.T.reshape(self._extended_shape(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        index, logits = value.long().unsqueeze(-1), self.logits
        if value.shape != logits.shape[:-1]:
            index, logits = broadcast_tensors(index, logits)
            index = index[..., :1]
        return logits.gather(-1, index).squeeze(-1)

    def entropy(self) -> Tensor:
        # Where a probability is 0, 0 times its logarithm is 0.
        logits = self.logits.clamp(min=finfo(self.logits.dtype).min)
        return -(logits * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        values = arange(self._num_events).view((-1, *(1,) * len(self._batch_shape)))
        return values.expand((-1, *self._batch_shape)) if expand else values
