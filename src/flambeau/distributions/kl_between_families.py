"""Divergences between distributions of different families.

Each follows from KL(p, q) = -H(p) - E_p[log q], or is infinite where p has values that q has not.
"""

from __future__ import annotations

import math
from typing import Any

from flambeau.distributions.bernoulli import Bernoulli
from flambeau.distributions.beta import Beta
from flambeau.distributions.binomial import Binomial
from flambeau.distributions.continuous_bernoulli import ContinuousBernoulli
from flambeau.distributions.distribution import Distribution
from flambeau.distributions.exponential import Exponential
from flambeau.distributions.gamma import Gamma
from flambeau.distributions.gumbel import EULER, Gumbel
from flambeau.distributions.kl import register_kl
from flambeau.distributions.laplace import Laplace
from flambeau.distributions.normal import HALF_LOG_TWO_PI, Normal
from flambeau.distributions.pareto import Pareto
from flambeau.distributions.poisson import Poisson
from flambeau.distributions.uniform import Uniform
from flambeau.ops.expansion import broadcast_to
from flambeau.ops.selection import where
from flambeau.tensor.tensor import Tensor

# p has values outside q's support, whatever the parameters.
_INFINITE = {
    Beta: [Pareto],
    ContinuousBernoulli: [Pareto],
    Exponential: [Beta, ContinuousBernoulli, Pareto, Uniform],
    Gamma: [Beta, ContinuousBernoulli, Pareto, Uniform],
    Gumbel: [Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform],
    Laplace: [Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform],
    Normal: [Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform],
    Pareto: [Beta, ContinuousBernoulli, Uniform],
    Poisson: [Bernoulli, Binomial],
}


def _infinite(p: Distribution, q: Distribution) -> Tensor:
    some = next(iter(x for x in vars(p).values() if isinstance(x, Tensor)), None)
    some = p.mean if some is None else some
    return broadcast_to(some.new_full((), math.inf), tuple(p.batch_shape))


for _first, _others in _INFINITE.items():
    for _second in _others:
        register_kl(_first, _second)(_infinite)


# --- what the logarithm of q is on average --------------------------------------------------------


def _in_exponential(p: Any, q: Exponential, mean: Tensor) -> Tensor:
    return -p.entropy() - q.rate.log() + q.rate * mean


def _in_gamma(p: Any, q: Gamma, mean: Tensor, mean_log: Tensor) -> Tensor:
    a = q.concentration
    constant = a.lgamma() - a * q.rate.log()
    return -p.entropy() + constant - (a - 1) * mean_log + q.rate * mean


def _in_normal(p: Any, q: Normal, mean: Tensor, variance: Tensor) -> Tensor:
    square = (variance + (mean - q.loc).square()) / q.scale.square()
    return -p.entropy() + HALF_LOG_TWO_PI + q.scale.log() + 0.5 * square


def _in_uniform(p: Any, q: Uniform, least: Any, most: Any) -> Tensor:
    found = -p.entropy() + (q.high - q.low).log()
    return where((q.low > least) | (q.high < most), math.inf, found)


def _in_continuous_bernoulli(p: Any, q: ContinuousBernoulli, mean: Tensor) -> Tensor:
    return -p.entropy() - mean * q.logits - (-q.probs).log1p() - q._log_scale()


# --- p on [0, 1] ----------------------------------------------------------------------------------


@register_kl(Bernoulli, Poisson)
def _bernoulli_poisson(p: Bernoulli, q: Poisson) -> Tensor:
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


@register_kl(Beta, ContinuousBernoulli)
def _beta_continuous_bernoulli(p: Beta, q: ContinuousBernoulli) -> Tensor:
    return _in_continuous_bernoulli(p, q, p.mean)


@register_kl(Beta, Exponential)
def _beta_exponential(p: Beta, q: Exponential) -> Tensor:
    return _in_exponential(p, q, p.mean)


@register_kl(Beta, Gamma)
def _beta_gamma(p: Beta, q: Gamma) -> Tensor:
    total = p.concentration1 + p.concentration0
    return _in_gamma(p, q, p.mean, p.concentration1.digamma() - total.digamma())


@register_kl(Beta, Normal)
def _beta_normal(p: Beta, q: Normal) -> Tensor:
    return _in_normal(p, q, p.mean, p.variance)


@register_kl(Beta, Uniform)
def _beta_uniform(p: Beta, q: Uniform) -> Tensor:
    return _in_uniform(p, q, 0, 1)


@register_kl(ContinuousBernoulli, Exponential)
def _continuous_bernoulli_exponential(p: ContinuousBernoulli, q: Exponential) -> Tensor:
    return _in_exponential(p, q, p.mean)


@register_kl(ContinuousBernoulli, Normal)
def _continuous_bernoulli_normal(p: ContinuousBernoulli, q: Normal) -> Tensor:
    return _in_normal(p, q, p.mean, p.variance)


@register_kl(ContinuousBernoulli, Uniform)
def _continuous_bernoulli_uniform(p: ContinuousBernoulli, q: Uniform) -> Tensor:
    return _in_uniform(p, q, 0, 1)


# --- p on the positive numbers --------------------------------------------------------------------


@register_kl(Exponential, Gamma)
def _exponential_gamma(p: Exponential, q: Gamma) -> Tensor:
    return _in_gamma(p, q, p.mean, -EULER - p.rate.log())


@register_kl(Exponential, Gumbel)
def _exponential_gumbel(p: Exponential, q: Gumbel) -> Tensor:
    product = p.rate * q.scale
    # E[exp(-(x - mu) / beta)] of an exponential number
    tail = (q.loc / q.scale).exp() * (product / (product + 1))
    return -p.entropy() + q.scale.log() + 1 / product - q.loc / q.scale + tail


@register_kl(Exponential, Normal)
def _exponential_normal(p: Exponential, q: Normal) -> Tensor:
    return _in_normal(p, q, p.mean, p.variance)


@register_kl(Gamma, Exponential)
def _gamma_exponential(p: Gamma, q: Exponential) -> Tensor:
    return _in_exponential(p, q, p.mean)


@register_kl(Gamma, Gumbel)
def _gamma_gumbel(p: Gamma, q: Gumbel) -> Tensor:
    product = p.rate * q.scale
    tail = (q.loc / q.scale - p.concentration * product.reciprocal().log1p()).exp()
    return -p.entropy() + q.scale.log() + p.concentration / product - q.loc / q.scale + tail


@register_kl(Gamma, Normal)
def _gamma_normal(p: Gamma, q: Normal) -> Tensor:
    return _in_normal(p, q, p.mean, p.variance)


@register_kl(Pareto, Exponential)
def _pareto_exponential(p: Pareto, q: Exponential) -> Tensor:
    return where(p.alpha <= 1, math.inf, _in_exponential(p, q, p.mean))


@register_kl(Pareto, Gamma)
def _pareto_gamma(p: Pareto, q: Gamma) -> Tensor:
    mean_log = p.scale.log() + p.alpha.reciprocal()
    return where(p.alpha <= 1, math.inf, _in_gamma(p, q, p.mean, mean_log))


@register_kl(Pareto, Normal)
def _pareto_normal(p: Pareto, q: Normal) -> Tensor:
    return where(p.alpha <= 2, math.inf, _in_normal(p, q, p.mean, p.variance))


# --- p on all numbers, or an interval of them -----------------------------------------------------


@register_kl(Gumbel, Normal)
def _gumbel_normal(p: Gumbel, q: Normal) -> Tensor:
    return _in_normal(p, q, p.mean, p.variance)


@register_kl(Laplace, Normal)
def _laplace_normal(p: Laplace, q: Normal) -> Tensor:
    return _in_normal(p, q, p.mean, p.variance)


@register_kl(Normal, Gumbel)
def _normal_gumbel(p: Normal, q: Gumbel) -> Tensor:
    shift = (p.loc - q.loc) / q.scale
    tail = (0.5 * (p.scale / q.scale).square() - shift).exp()
    return -p.entropy() + q.scale.log() + shift + tail


@register_kl(Normal, Laplace)
def _normal_laplace(p: Normal, q: Laplace) -> Tensor:
    z = (p.loc - q.loc) / p.scale
    size = math.sqrt(2 / math.pi) * (-0.5 * z.square()).exp() + z * (z / math.sqrt(2)).erf()
    return -p.entropy() + (2 * q.scale).log() + p.scale / q.scale * size


@register_kl(Uniform, Beta)
def _uniform_beta(p: Uniform, q: Beta) -> Tensor:
    a, b = q.concentration1, q.concentration0
    width = p.high - p.low

    def mean_log(low: Tensor, high: Tensor) -> Tensor:
        return (high.xlogy(high) - low.xlogy(low)) / width - 1

    logs = (a - 1) * mean_log(p.low, p.high) + (b - 1) * mean_log(1 - p.high, 1 - p.low)
    gammas = a.lgamma() + b.lgamma() - (a + b).lgamma()
    return where((p.low < 0) | (p.high > 1), math.inf, -p.entropy() - logs + gammas)


@register_kl(Uniform, ContinuousBernoulli)
def _uniform_continuous_bernoulli(p: Uniform, q: ContinuousBernoulli) -> Tensor:
    found = _in_continuous_bernoulli(p, q, p.mean)
    return where((p.low < 0) | (p.high > 1), math.inf, found)


@register_kl(Uniform, Exponential)
def _uniform_exponential(p: Uniform, q: Exponential) -> Tensor:
    return where(p.low < 0, math.inf, _in_exponential(p, q, p.mean))


def _mean_logarithm(p: Uniform) -> Tensor:
    return (p.high.xlogy(p.high) - p.low.xlogy(p.low)) / (p.high - p.low) - 1


@register_kl(Uniform, Gamma)
def _uniform_gamma(p: Uniform, q: Gamma) -> Tensor:
    return where(p.low < 0, math.inf, _in_gamma(p, q, p.mean, _mean_logarithm(p)))


@register_kl(Uniform, Gumbel)
def _uniform_gumbel(p: Uniform, q: Gumbel) -> Tensor:
    low, high = ((x - q.loc) / q.scale for x in (p.low, p.high))
    tail = ((-low).exp() - (-high).exp()) / (high - low)
    return -p.entropy() + q.scale.log() + 0.5 * (low + high) + tail


@register_kl(Uniform, Normal)
def _uniform_normal(p: Uniform, q: Normal) -> Tensor:
    return _in_normal(p, q, p.mean, p.variance)


@register_kl(Uniform, Pareto)
def _uniform_pareto(p: Uniform, q: Pareto) -> Tensor:
    logs = q.alpha.log() + q.alpha * q.scale.log() - (q.alpha + 1) * _mean_logarithm(p)
    return where(p.low < q.scale, math.inf, -p.entropy() - logs)
