"""The binomial distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.autograd import no_grad
from flambeau.core.errors import message
from flambeau.distributions import constraints
from flambeau.distributions.distribution import Distribution
from flambeau.distributions.odds import Odds
from flambeau.ops.distributions import binomial
from flambeau.ops.sequences import arange
from flambeau.tensor.tensor import Tensor


class Binomial(Odds, Distribution):
    r"""The binomial distribution: how many of n trials succeed.

    .. math:: P(k) = \binom{n}{k} p^k (1 - p)^{n - k}

    Args:
        total_count: n >= 0.
        probs: p, from 0 to 1.
        logits: log(p / (1 - p)) instead.
        validate_args: see :class:`Distribution`.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.Binomial(10, fb.tensor([0.2, 0.5])).mean
        tensor([2., 5.])
    """

    arg_constraints: ClassVar = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True

    def __init__(
        self,
        total_count: Any = 1,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        _, (self.total_count,) = self._set_odds(probs, logits, total_count)
        self.total_count = self.total_count.type_as(self._param)
        super().__init__(self._param.size(), validate_args=validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Tensor:
        return self.total_count * self.probs

    @property
    def mode(self) -> Tensor:
        return ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count)

    @property
    def variance(self) -> Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return binomial(self.total_count.expand(shape), self.probs.expand(shape))

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        n = self.total_count
        # log C(n, k) + k l - n log(1 + e^l), the last without overflow of e^l
        ways = (n + 1).lgamma() - (value + 1).lgamma() - (n - value + 1).lgamma()
        size = self.logits.abs()
        normaliser = self.logits.clamp(min=0) + (-size).exp().log1p()
        return ways + value * self.logits - n * normaliser

    def entropy(self) -> Tensor:
        log_prob = self.log_prob(self.enumerate_support(False))
        return -(log_prob.exp() * log_prob).sum(0)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        most = int(self.total_count.max())
        if not bool((self.total_count == most).all()):
            raise NotImplementedError(
                message(
                    "Binomial: the values of different numbers of trials have no common list",
                    expected="the same total_count everywhere",
                    got=f"{self.total_count}",
                )
            )
        values = arange(1 + most, dtype=self._param.dtype)
        values = values.view((-1, *(1,) * len(self._batch_shape)))
        return values.expand((-1, *self._batch_shape)) if expand else values
