"""Divergences between two distributions of one family."""

from __future__ import annotations

import math
from typing import Any

from flambeau.autograd import grad
from flambeau.core.errors import message
from flambeau.distributions.bernoulli import Bernoulli
from flambeau.distributions.beta import Beta
from flambeau.distributions.binomial import Binomial
from flambeau.distributions.categorical import Categorical
from flambeau.distributions.cauchy import Cauchy
from flambeau.distributions.continuous_bernoulli import ContinuousBernoulli
from flambeau.distributions.dirichlet import Dirichlet
from flambeau.distributions.exp_family import ExponentialFamily
from flambeau.distributions.exponential import Exponential
from flambeau.distributions.gamma import Gamma
from flambeau.distributions.geometric import Geometric
from flambeau.distributions.gumbel import EULER, Gumbel
from flambeau.distributions.half_normal import HalfNormal
from flambeau.distributions.independent import Independent
from flambeau.distributions.kl import kl_divergence, register_kl
from flambeau.distributions.laplace import Laplace
from flambeau.distributions.lowrank_multivariate_normal import LowRankMultivariateNormal
from flambeau.distributions.matrices import (
    half_log_determinant,
    squared_distance,
)
from flambeau.distributions.multivariate_normal import MultivariateNormal
from flambeau.distributions.normal import Normal
from flambeau.distributions.one_hot_categorical import OneHotCategorical
from flambeau.distributions.parameters import sum_rightmost
from flambeau.distributions.pareto import Pareto
from flambeau.distributions.poisson import Poisson
from flambeau.distributions.transformed_distribution import TransformedDistribution
from flambeau.distributions.uniform import Uniform
from flambeau.nn.functional import softplus
from flambeau.ops.selection import where
from flambeau.ops.triangular_systems import solve_triangular
from flambeau.tensor.tensor import Tensor


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Bernoulli, q: Bernoulli) -> Tensor:
    ones = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    zeros = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    # What is impossible for q and not for p makes the divergence infinite; 0 log 0 is 0.
    ones = where(q.probs == 0, math.inf, ones)
    ones = where(p.probs == 0, 0.0, ones)
    zeros = where(q.probs == 1, math.inf, zeros)
    return ones + where(p.probs == 1, 0.0, zeros)


@register_kl(Beta, Beta)
def _beta(p: Beta, q: Beta) -> Tensor:
    return kl_divergence(p._dirichlet, q._dirichlet)


@register_kl(Binomial, Binomial)
def _binomial(p: Binomial, q: Binomial) -> Tensor:
    found = p.total_count * (
        p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    )
    if bool((p.total_count < q.total_count).any()):
        raise NotImplementedError(
            message(
                "kl_divergence: binomial distributions of fewer trials have no formula",
                expected="p.total_count >= q.total_count",
                got=f"{p.total_count} and {q.total_count}",
            )
        )
    return where(p.total_count > q.total_count, math.inf, found)


@register_kl(Categorical, Categorical)
def _categorical(p: Categorical, q: Categorical) -> Tensor:
    terms = p.probs * (p.logits - q.logits)
    terms = where(q.probs == 0, math.inf, terms)
    return where(p.probs == 0, 0.0, terms).sum(-1)


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _continuous_bernoulli(p: ContinuousBernoulli, q: ContinuousBernoulli) -> Tensor:
    scales = p._log_scale() - q._log_scale()
    rest = (-p.probs).log1p() - (-q.probs).log1p()
    return p.mean * (p.logits - q.logits) + scales + rest


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Dirichlet, q: Dirichlet) -> Tensor:
    a, b = p.concentration, q.concentration
    total = a.sum(-1)
    gammas = total.lgamma() - b.sum(-1).lgamma() + (b.lgamma() - a.lgamma()).sum(-1)
    return gammas + ((a - b) * (a.digamma() - total.digamma().unsqueeze(-1))).sum(-1)


@register_kl(Exponential, Exponential)
def _exponential(p: Exponential, q: Exponential) -> Tensor:
    ratio = q.rate / p.rate
    return ratio - ratio.log() - 1


@register_kl(ExponentialFamily, ExponentialFamily)
def _exponential_family(p: Any, q: Any) -> Tensor:
    """The Bregman divergence of the log normaliser."""
    if type(p) is not type(q):
        raise NotImplementedError(
            message(
                "kl_divergence: no formula is known for these distributions",
                expected="two of one family",
                got=f"{type(p).__name__} and {type(q).__name__}",
            )
        )
    first = [x.detach().requires_grad_() for x in p._natural_params]
    second = q._natural_params
    normaliser = p._log_normalizer(*first)
    slopes = grad(normaliser.sum(), first, create_graph=True)
    result = q._log_normalizer(*second) - normaliser
    for a, b, slope in zip(first, second, slopes, strict=True):
        result = result - sum_rightmost((b - a) * slope, len(q.event_shape))
    return result


@register_kl(Gamma, Gamma)
def _gamma(p: Gamma, q: Gamma) -> Tensor:
    a, b = p.concentration, q.concentration
    return (
        b * (p.rate / q.rate).log()
        + b.lgamma()
        - a.lgamma()
        + (a - b) * a.digamma()
        + (q.rate - p.rate) * (a / p.rate)
    )


@register_kl(Gumbel, Gumbel)
def _gumbel(p: Gumbel, q: Gumbel) -> Tensor:
    ratio = p.scale / q.scale
    shift = (q.loc - p.loc) / q.scale
    gammas = (shift + (1 + ratio).lgamma()).exp()
    return ratio * EULER - ratio.log() - shift + gammas - (1 + EULER)


@register_kl(Geometric, Geometric)
def _geometric(p: Geometric, q: Geometric) -> Tensor:
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(HalfNormal, HalfNormal)
def _half_normal(p: HalfNormal, q: HalfNormal) -> Tensor:
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Laplace, Laplace)
def _laplace(p: Laplace, q: Laplace) -> Tensor:
    ratio, distance = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + distance / q.scale + ratio * (-distance / p.scale).exp() - 1


def _normals(p: Any, q: Any, log_determinants: Tensor, traces: Tensor, distance: Tensor) -> Tensor:
    """The divergence of normal vectors.

    Args:
        p, q: of one event shape.
        log_determinants: log det of q's covariance less that of p's.
        traces: of q's precision times p's covariance.
        distance: between the means, squared, in units of q's covariance.
    """
    if p.event_shape != q.event_shape:
        raise ValueError(
            message(
                "kl_divergence: vectors of different lengths",
                expected=str(tuple(p.event_shape)),
                got=str(tuple(q.event_shape)),
            )
        )
    return 0.5 * (log_determinants + traces + distance - p.event_shape[0])


def _trace(factor: Tensor, root: Tensor) -> Tensor:
    """The trace of (L L^T)^-1 R R^T."""
    return solve_triangular(factor, root, upper=False).square().sum((-2, -1))


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate_normal(p: MultivariateNormal, q: MultivariateNormal) -> Tensor:
    logs = 2 * (half_log_determinant(q._factor) - half_log_determinant(p._factor))
    distance = squared_distance(q._factor, q.loc - p.loc)
    return _normals(p, q, logs, _trace(q._factor, p._factor), distance)


@register_kl(MultivariateNormal, LowRankMultivariateNormal)
def _full_and_low_rank(p: MultivariateNormal, q: LowRankMultivariateNormal) -> Tensor:
    logs = q._log_determinant() - 2 * half_log_determinant(p._factor)
    traces = _low_rank_trace(q, p._factor)
    return _normals(p, q, logs, traces, q._distance(q.loc - p.loc))


def _low_rank_trace(q: LowRankMultivariateNormal, root: Tensor) -> Tensor:
    """The trace of q's precision times R R^T, by Woodbury's identity."""
    own = (root.square() / q._diagonal.unsqueeze(-1)).sum((-2, -1))
    scaled = q._factor.mT / q._diagonal.unsqueeze(-2)
    return own - _trace(q._capacitance, scaled @ root)


@register_kl(LowRankMultivariateNormal, MultivariateNormal)
def _low_rank_and_full(p: LowRankMultivariateNormal, q: MultivariateNormal) -> Tensor:
    logs = 2 * half_log_determinant(q._factor) - p._log_determinant()
    roots = _trace(q._factor, p._factor) + _trace(q._factor, p._diagonal.sqrt().diag_embed())
    return _normals(p, q, logs, roots, squared_distance(q._factor, q.loc - p.loc))


@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _low_rank(p: LowRankMultivariateNormal, q: LowRankMultivariateNormal) -> Tensor:
    logs = q._log_determinant() - p._log_determinant()
    roots = _low_rank_trace(q, p._factor) + _low_rank_trace(q, p._diagonal.sqrt().diag_embed())
    return _normals(p, q, logs, roots, q._distance(q.loc - p.loc))


@register_kl(Normal, Normal)
def _normal(p: Normal, q: Normal) -> Tensor:
    ratio = (p.scale / q.scale).square()
    distance = ((p.loc - q.loc) / q.scale).square()
    return 0.5 * (ratio + distance - 1 - ratio.log())


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot_categorical(p: OneHotCategorical, q: OneHotCategorical) -> Tensor:
    return kl_divergence(p._categorical, q._categorical)


@register_kl(Pareto, Pareto)
def _pareto(p: Pareto, q: Pareto) -> Tensor:
    ratio = q.alpha / p.alpha
    found = q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1
    return where(p.scale < q.scale, math.inf, found)


@register_kl(Poisson, Poisson)
def _poisson(p: Poisson, q: Poisson) -> Tensor:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: TransformedDistribution, q: TransformedDistribution) -> Tensor:
    """What both are transformed by alike changes nothing."""
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError(
            message(
                "kl_divergence: the distributions are transformed differently",
                expected="the same transforms and event shapes",
                got=f"{p.transforms} and {q.transforms}",
            )
        )
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Uniform, Uniform)
def _uniform(p: Uniform, q: Uniform) -> Tensor:
    found = ((q.high - q.low) / (p.high - p.low)).log()
    return where((q.low > p.low) | (q.high < p.high), math.inf, found)


@register_kl(Independent, Independent)
def _independent(p: Independent, q: Independent) -> Tensor:
    count = p.reinterpreted_batch_ndims
    if count != q.reinterpreted_batch_ndims:
        raise NotImplementedError(
            message(
                "kl_divergence: values consist of different numbers of dimensions",
                expected=str(count),
                got=str(q.reinterpreted_batch_ndims),
            )
        )
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), count)


@register_kl(Cauchy, Cauchy)
def _cauchy(p: Cauchy, q: Cauchy) -> Tensor:
    # Chyzak and Nielsen, "A closed-form formula for the Kullback-Leibler divergence between
    # Cauchy distributions", 2019
    square = (p.scale + q.scale).square() + (p.loc - q.loc).square()
    return square.log() - (4 * p.scale * q.scale).log()
