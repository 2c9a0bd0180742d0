"""Distributions of every family, made alike in two libraries."""

from collections.abc import Callable
from typing import Any

Make = Callable[[Any, Callable[..., Any]], Any]

# From a name to what makes a distribution of a library's `distributions`, and of parameters.
FAMILIES: dict[str, Make] = {
    "Bernoulli": lambda d, t: d.Bernoulli(t([0.2, 0.7, 0.5])),
    "Bernoulli of logits": lambda d, t: d.Bernoulli(logits=t([[-1.0, 2.0]])),
    "Beta": lambda d, t: d.Beta(t([0.5, 2.0, 4.0]), t([1.5, 3.0, 0.7])),
    "Binomial": lambda d, t: d.Binomial(5, t([0.2, 0.8])),
    "Binomial of logits": lambda d, t: d.Binomial(t([3.0, 3.0]), logits=t([0.3, -1.2])),
    "Categorical": lambda d, t: d.Categorical(t([[0.2, 0.3, 0.5], [1.0, 2.0, 1.0]])),
    "Categorical of logits": lambda d, t: d.Categorical(logits=t([0.1, -2.0, 1.0])),
    "Cauchy": lambda d, t: d.Cauchy(t([0.5, -1.0]), t([0.7, 2.0])),
    "Chi2": lambda d, t: d.Chi2(t([1.5, 4.0])),
    "ContinuousBernoulli": lambda d, t: d.ContinuousBernoulli(t([0.2, 0.5, 0.5005, 0.9])),
    "Dirichlet": lambda d, t: d.Dirichlet(t([[0.5, 1.5, 3.0], [2.0, 2.0, 2.0]])),
    "Exponential": lambda d, t: d.Exponential(t([0.5, 3.0])),
    "FisherSnedecor": lambda d, t: d.FisherSnedecor(t([3.0, 1.5]), t([5.0, 9.0])),
    "Gamma": lambda d, t: d.Gamma(t([0.6, 2.5, 40.0]), t([2.0, 0.5, 3.0])),
    "GeneralizedPareto": lambda d, t: d.GeneralizedPareto(
        t([0.0, 1.0, 0.5]), t([1.0, 2.0, 1.0]), t([0.3, 0.0, -0.4])
    ),
    "Geometric": lambda d, t: d.Geometric(t([0.2, 0.7])),
    "Geometric of logits": lambda d, t: d.Geometric(logits=t([0.2, -0.7])),
    "Gumbel": lambda d, t: d.Gumbel(t([0.5, -1.0]), t([0.7, 2.0])),
    "HalfCauchy": lambda d, t: d.HalfCauchy(t([0.7, 2.0])),
    "HalfNormal": lambda d, t: d.HalfNormal(t([0.7, 2.0])),
    "Independent": lambda d, t: d.Independent(d.Normal(t([[0.5, -1.0]]), t([[0.7, 2.0]])), 1),
    "InverseGamma": lambda d, t: d.InverseGamma(t([2.5, 3.5]), t([2.0, 0.5])),
    "Kumaraswamy": lambda d, t: d.Kumaraswamy(t([1.5, 2.0]), t([2.5, 1.2])),
    "LKJCholesky": lambda d, t: d.LKJCholesky(3, t([0.5, 2.0])),
    "Laplace": lambda d, t: d.Laplace(t([0.5, -1.0]), t([0.7, 2.0])),
    "LogNormal": lambda d, t: d.LogNormal(t([0.5, -1.0]), t([0.7, 0.3])),
    "LogisticNormal": lambda d, t: d.LogisticNormal(t([0.5, -1.0]), t([0.7, 0.3])),
    "LowRankMultivariateNormal": lambda d, t: d.LowRankMultivariateNormal(
        t([0.5, -1.0, 2.0]), t([[1.0, 0.2], [0.3, -0.7], [0.0, 0.4]]), t([0.5, 1.0, 0.3])
    ),
    "MixtureSameFamily": lambda d, t: d.MixtureSameFamily(
        d.Categorical(t([[0.3, 0.7]])), d.Normal(t([[0.5, -1.0]]), t([[0.7, 2.0]]))
    ),
    "MixtureSameFamily of vectors": lambda d, t: d.MixtureSameFamily(
        d.Categorical(t([0.3, 0.7])),
        d.Independent(d.Normal(t([[0.5, -1.0], [0.0, 1.0]]), t([[0.7, 2.0], [1.0, 1.0]])), 1),
    ),
    "Multinomial": lambda d, t: d.Multinomial(6, t([[0.2, 0.3, 0.5], [1.0, 2.0, 1.0]])),
    "MultivariateNormal": lambda d, t: d.MultivariateNormal(
        t([[0.5, -1.0], [0.0, 1.0]]), t([[2.0, 0.3], [0.3, 0.5]])
    ),
    "MultivariateNormal of precision": lambda d, t: d.MultivariateNormal(
        t([0.5, -1.0]), precision_matrix=t([[2.0, 0.3], [0.3, 0.5]])
    ),
    "MultivariateNormal of factor": lambda d, t: d.MultivariateNormal(
        t([0.5, -1.0]), scale_tril=t([[1.5, 0.0], [0.3, 0.5]])
    ),
    "NegativeBinomial": lambda d, t: d.NegativeBinomial(t([2.5, 4.0]), t([0.3, 0.6])),
    "Normal": lambda d, t: d.Normal(t([0.5, -1.0]), t([0.7, 2.0])),
    "Normal of numbers": lambda d, t: d.Normal(0.5, 2),
    "OneHotCategorical": lambda d, t: d.OneHotCategorical(t([[0.2, 0.3, 0.5], [1.0, 2.0, 1.0]])),
    "OneHotCategoricalStraightThrough": lambda d, t: d.OneHotCategoricalStraightThrough(
        logits=t([0.2, 0.3, 0.5])
    ),
    "Pareto": lambda d, t: d.Pareto(t([0.7, 2.0]), t([3.0, 0.9])),
    "Poisson": lambda d, t: d.Poisson(t([0.7, 20.0])),
    "RelaxedBernoulli": lambda d, t: d.RelaxedBernoulli(t([0.8]), t([0.2, 0.7])),
    "RelaxedOneHotCategorical": lambda d, t: d.RelaxedOneHotCategorical(
        t([0.8]), t([0.2, 0.3, 0.5])
    ),
    "StudentT": lambda d, t: d.StudentT(t([1.5, 5.0]), t([0.5, -1.0]), t([0.7, 2.0])),
    "TransformedDistribution": lambda d, t: d.TransformedDistribution(
        d.Uniform(t([0.1, 0.2]), t([0.8, 0.9])),
        [d.SigmoidTransform().inv, d.AffineTransform(t([1.0, 2.0]), t([-2.0, 3.0]))],
    ),
    "Uniform": lambda d, t: d.Uniform(t([0.5, -1.0]), t([0.7, 2.0])),
    "VonMises": lambda d, t: d.VonMises(t([0.5, -1.0]), t([0.7, 20.0])),
    "Weibull": lambda d, t: d.Weibull(t([0.7, 2.0]), t([1.5, 3.0])),
    "Wishart": lambda d, t: d.Wishart(t([4.0, 5.5]), t([[2.0, 0.3], [0.3, 0.5]])),
}
