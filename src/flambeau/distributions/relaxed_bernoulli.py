"""Bernoulli distributions relaxed to the numbers between 0 and 1."""

from __future__ import annotations

from typing import Any, ClassVar

from flambeau.core.shapes import Size
from flambeau.distributions import constraints
from flambeau.distributions.distribution import Distribution
from flambeau.distributions.odds import Odds
from flambeau.distributions.parameters import broadcast_all, clamp_probs
from flambeau.distributions.transformed_distribution import TransformedDistribution
from flambeau.distributions.transforms.elementwise import SigmoidTransform
from flambeau.ops.sampling import rand
from flambeau.tensor.tensor import Tensor


class LogitRelaxedBernoulli(Odds, Distribution):
    """The distribution of the logit of :class:`RelaxedBernoulli`.

    Args:
        temperature: > 0.
        probs: from 0 to 1.
        logits: log(p / (1 - p)) instead.
        validate_args: see :class:`Distribution`.
    """

    arg_constraints: ClassVar = {
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    support = constraints.real
    has_rsample = True

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        self.temperature = temperature
        shape, _ = self._set_odds(probs, logits)
        super().__init__(shape, validate_args=validate_args)

    def _expand_others(self, new: Any, shape: Size) -> None:
        new.temperature = self.temperature

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        probs = clamp_probs(self.probs.expand(shape))
        noise = clamp_probs(rand(shape, dtype=probs.dtype))
        logistic = noise.log() - (-noise).log1p()
        return (logistic + probs.log() - (-probs).log1p()) / self.temperature

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        difference = logits - value * self.temperature
        scale = self.temperature.log()
        return scale + difference - 2 * difference.exp().log1p()


class RelaxedBernoulli(TransformedDistribution):
    """The Bernoulli distribution relaxed to (0, 1), so that samples follow the parameters.

    Args:
        temperature: > 0; towards 0, samples are nearly 0 or 1.
        probs: from 0 to 1.
        logits: log(p / (1 - p)) instead.
        validate_args: see :class:`Distribution`.

    Example:
        >>> import flambeau as fb
        >>> d = fb.distributions.RelaxedBernoulli(fb.tensor(2.2), fb.tensor([0.1, 0.9]))
        >>> d.rsample().shape
        torch.Size([2])

    Reference: C. J. Maddison, A. Mnih and Y. W. Teh, "The Concrete Distribution", ICLR 2017.
    """

    arg_constraints: ClassVar = {
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    support = constraints.unit_interval
    has_rsample = True
    base_dist: LogitRelaxedBernoulli

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        base = LogitRelaxedBernoulli(temperature, probs, logits)
        super().__init__(base, SigmoidTransform(), validate_args=validate_args)

    @property
    def temperature(self) -> Tensor:
        """The temperature."""
        return self.base_dist.temperature

    @property
    def probs(self) -> Tensor:
        """The probability of 1."""
        return self.base_dist.probs

    @property
    def logits(self) -> Tensor:
        """The logarithm of the odds of 1."""
        return self.base_dist.logits
