"""The continuous Bernoulli distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from flambeau.distributions import constraints
from flambeau.distributions.exp_family import ExponentialFamily
from flambeau.distributions.odds import Odds
from flambeau.distributions.parameters import broadcast_all, clamp_probs
from flambeau.nn.functional import binary_cross_entropy_with_logits
from flambeau.ops.sampling import rand
from flambeau.ops.selection import where
from flambeau.tensor.tensor import Tensor


class ContinuousBernoulli(Odds, ExponentialFamily):
    r"""The continuous Bernoulli distribution on [0, 1].

    .. math:: p(x) \propto \lambda^x (1 - \lambda)^{1 - x}

    Close to 1/2 its formulas lose all digits; there their Taylor series are used.

    Args:
        probs: lambda, from 0 to 1.
        logits: log(lambda / (1 - lambda)) instead.
        lims: where the Taylor series are used.
        validate_args: see :class:`Distribution`.

    Example:
        >>> import flambeau as fb
        >>> fb.distributions.ContinuousBernoulli(fb.tensor([0.5])).mean
        tensor([0.5000])

    Reference: G. Loaiza-Ganem and J. P. Cunningham, "The continuous Bernoulli: fixing a pervasive
    error in variational autoencoders", NeurIPS 2019.
    """

    arg_constraints: ClassVar = {
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    support = constraints.unit_interval
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(
        self,
        probs: Any = None,
        logits: Any = None,
        lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:
        shape, _ = self._set_odds(probs, logits)
        self._lims = lims
        super().__init__(shape, validate_args=validate_args)
        if probs is not None:
            self.__dict__["probs"] = clamp_probs(self.probs)

    def _expand_others(self, new: Any, shape: Any) -> None:
        new._lims = self._lims

    def _apart(self) -> Tensor:
        """Where lambda is far enough from 1/2."""
        return (self.probs <= self._lims[0]) | (self.probs > self._lims[1])

    def _kept_apart(self) -> Tensor:
        """lambda, or where it is too close to 1/2 something that is not."""
        return where(self._apart(), self.probs, self._lims[0])

    def _log_scale(self) -> Tensor:
        """The logarithm of what makes the density's integral 1."""
        p = self._kept_apart()
        below = where(p <= 0.5, p, 0.0)
        above = where(p >= 0.5, p, 1.0)
        halves = where(p <= 0.5, (-2.0 * below).log1p(), (2.0 * above - 1.0).log())
        exact = ((-p).log1p() - p.log()).abs().log() - halves
        x = (self.probs - 0.5).square()
        return where(self._apart(), exact, math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * x) * x)

    @property
    def mean(self) -> Tensor:
        p = self._kept_apart()
        exact = p / (2.0 * p - 1.0) + 1.0 / ((-p).log1p() - p.log())
        x = self.probs - 0.5
        return where(self._apart(), exact, 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * x.square()) * x)

    @property
    def stddev(self) -> Tensor:
        return self.variance.sqrt()

    @property
    def variance(self) -> Tensor:
        p = self._kept_apart()
        exact = p * (p - 1.0) / (1.0 - 2.0 * p).square() + 1.0 / ((-p).log1p() - p.log()).square()
        x = (self.probs - 0.5).square()
        taylor = 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * x) * x
        return where(self._apart(), exact, taylor)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        return self.icdf(rand(self._extended_shape(sample_shape), dtype=self.probs.dtype))

    def log_prob(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        loss = binary_cross_entropy_with_logits(logits, value, reduction="none")
        return self._log_scale() - loss

    def cdf(self, value: Tensor) -> Tensor:
        self._validate_sample(value)
        p = self._kept_apart()
        exact = (p.pow(value) * (1.0 - p).pow(1.0 - value) + p - 1.0) / (2.0 * p - 1.0)
        inside = where(self._apart(), exact, value)
        return where(value <= 0.0, 0.0, where(value >= 1.0, 1.0, inside))

    def icdf(self, value: Tensor) -> Tensor:
        p = self._kept_apart()
        exact = ((-p + value * (2.0 * p - 1.0)).log1p() - (-p).log1p()) / (p.log() - (-p).log1p())
        return where(self._apart(), exact, value)

    def entropy(self) -> Tensor:
        low, high = (-self.probs).log1p(), self.probs.log()
        return self.mean * (low - high) - self._log_scale() - low

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return (self.logits,)

    def _log_normalizer(self, *natural_params: Tensor) -> Tensor:
        (x,) = natural_params
        apart = (x <= self._lims[0] - 0.5) | (x > self._lims[1] - 0.5)
        kept = where(apart, x, self._lims[0] - 0.5)
        exact = (kept.exp() - 1).abs().log() - kept.abs().log()
        return where(apart, exact, 0.5 * x + x.square() / 24.0 - x.pow(4) / 2880.0)
