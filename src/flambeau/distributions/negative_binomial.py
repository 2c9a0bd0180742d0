"""The negative binomial distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.autograd import no_grad
from flambeau.distributions import constraints
from flambeau.distributions.distribution import Distribution
from flambeau.distributions.gamma import Gamma
from flambeau.distributions.odds import Odds
from flambeau.distributions.parameters import lazy_property
from flambeau.nn.functional import logsigmoid
from flambeau.ops.distributions import poisson
from flambeau.tensor.tensor import Tensor


class NegativeBinomial(Odds, Distribution):
    r"""The negative binomial distribution: how many successes come before the r-th failure.

    .. math:: P(k) = \frac{\Gamma(r + k)}{k! \, \Gamma(r)} (1 - p)^r p^k

    Args:
        total_count: r >= 0, which need not be an integer.
        probs: p, from 0 on and below 1.
        logits: log(p / (1 - p)) instead.
        validate_args: see :class:`Distribution`.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.NegativeBinomial(3.0, fb.tensor(0.5)).mean
        tensor(3.)
    """

    arg_constraints: ClassVar = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    def __init__(
        self,
        total_count: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        _, (self.total_count,) = self._set_odds(probs, logits, total_count)
        self.total_count = self.total_count.type_as(self._param)
        super().__init__(self._param.size(), validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.total_count * self.logits.exp()

    @property
    def mode(self) -> Tensor:
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    @property
    def variance(self) -> Tensor:
        return self.mean / (-self.logits).sigmoid()

    @lazy_property
    def _gamma(self) -> Gamma:
        return Gamma(self.total_count, (-self.logits).exp(), validate_args=False)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with no_grad():
            return poisson(self._gamma.sample(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        r = self.total_count
        unnormalised = r * logsigmoid(-self.logits) + value * logsigmoid(self.logits)
        ways = (r + value).lgamma() - (1.0 + value).lgamma() - r.lgamma()
        # Without failures to wait for, 0 successes are certain.
        return unnormalised + ways.masked_fill(r + value == 0.0, 0.0)
