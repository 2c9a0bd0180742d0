"""Transforms, constraints and divergences beside PyTorch's."""

import itertools
import math

import numpy as np
import pytest

import flambeau as fb
from tests.distributions.families import FAMILIES

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers

TRANSFORMS = {
    "Abs": (lambda d, t: d.AbsTransform(), (5,)),
    "Affine": (lambda d, t: d.AffineTransform(t([1.0, -2.0, 3.0]), t([2.0, -0.5, 1.0])), (2, 3)),
    "Affine of numbers": (lambda d, t: d.AffineTransform(1, -2.5), (3,)),
    "Affine of vectors": (lambda d, t: d.AffineTransform(1.0, 2.5, event_dim=1), (2, 3)),
    "Affine of tensors": (lambda d, t: d.AffineTransform(t(1.0), t([1.0, 2.0, 3.0]), 1), (2, 3)),
    "Cat": (
        lambda d, t: d.CatTransform([d.ExpTransform(), d.TanhTransform()], 0, [2, 3]),
        (5, 2),
    ),
    "Compose": (
        lambda d, t: d.ComposeTransform(
            [d.AffineTransform(0.5, 2.0), d.SigmoidTransform(), d.AffineTransform(1.0, -1.0)]
        ),
        (4,),
    ),
    "Compose to vectors": (
        lambda d, t: d.ComposeTransform([d.TanhTransform(), d.StickBreakingTransform()]),
        (2, 3),
    ),
    "CorrCholesky": (lambda d, t: d.CorrCholeskyTransform(), (2, 6)),
    "CumulativeDistribution": (
        lambda d, t: d.CumulativeDistributionTransform(d.Normal(t(0.5), t(2.0))),
        (4,),
    ),
    "Exp": (lambda d, t: d.ExpTransform(), (2, 3)),
    "Independent": (lambda d, t: d.IndependentTransform(d.ExpTransform(), 1), (2, 3)),
    "LowerCholesky": (lambda d, t: d.LowerCholeskyTransform(), (2, 3, 3)),
    "PositiveDefinite": (lambda d, t: d.PositiveDefiniteTransform(), (2, 3, 3)),
    "Power": (
        lambda d, t: d.ComposeTransform([d.ExpTransform(), d.PowerTransform(t([0.5, 2.0, -1.0]))]),
        (2, 3),
    ),
    "Reshape": (lambda d, t: d.ReshapeTransform((2, 3), (6,)), (4, 2, 3)),
    "Sigmoid": (lambda d, t: d.SigmoidTransform(), (5,)),
    "Softmax": (lambda d, t: d.SoftmaxTransform(), (2, 3)),
    "Softplus": (lambda d, t: d.SoftplusTransform(), (5,)),
    "Stack": (lambda d, t: d.StackTransform([d.ExpTransform(), d.TanhTransform()], 1), (3, 2)),
    "StickBreaking": (lambda d, t: d.StickBreakingTransform(), (2, 3)),
    "Tanh": (lambda d, t: d.TanhTransform(), (5,)),
    "identity": (lambda d, t: d.identity_transform, (3,)),
}


def double(lib):
    return lambda values: lib.tensor(values, dtype=lib.float64)


def close(ours, theirs, rtol=1e-9):
    assert tuple(ours.shape) == tuple(theirs.shape)
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol, 1e-12)


def tried(function):
    try:
        return function()
    except (NotImplementedError, AttributeError):
        return None


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms(name):
    make, shape = TRANSFORMS[name]
    ours = make(fb.distributions, double(fb))
    theirs = make(torch.distributions, double(torch))
    x = torch.tensor(np.random.default_rng(0).normal(size=shape))
    ox = fb.tensor(x.numpy())
    y, oy = theirs(x), ours(ox)
    close(oy, y)
    close(ours.inv(oy), theirs.inv(y))
    slope = tried(lambda: theirs.log_abs_det_jacobian(x, y))
    found = tried(lambda: ours.log_abs_det_jacobian(ox, oy))
    assert (slope is None) == (found is None)
    if slope is not None:
        close(found, slope)
        close(ours.inv.log_abs_det_jacobian(oy, ox), theirs.inv.log_abs_det_jacobian(y, x))
    assert ours.bijective == theirs.bijective
    for mine, other in ((ours, theirs), (ours.inv, theirs.inv)):
        assert mine.domain.event_dim == other.domain.event_dim
        assert mine.codomain.event_dim == other.codomain.event_dim
    assert tuple(ours.forward_shape(fb.Size(shape))) == tuple(theirs.forward_shape(x.shape))
    assert tuple(ours.inverse_shape(oy.shape)) == tuple(theirs.inverse_shape(y.shape))
    assert ours.codomain.check(oy).all()
    if name != "CumulativeDistribution":  # distributions are equal to themselves only
        assert ours == make(fb.distributions, double(fb))
    assert ours.inv.inv == ours
    assert ours.with_cache(1) == ours


def constraints(d):
    c = d.constraints
    return {
        "boolean": c.boolean,
        "cat": c.cat([c.positive, c.real], 0, [1, 2]),
        "corr_cholesky": c.corr_cholesky,
        "greater_than": c.greater_than(1.0),
        "greater_than_eq": c.greater_than_eq(1.0),
        "half_open_interval": c.half_open_interval(0.0, 1.0),
        "independent": c.independent(c.positive, 1),
        "integer_interval": c.integer_interval(0, 2),
        "interval": c.interval(-1.0, 1.0),
        "less_than": c.less_than(1.0),
        "lower_cholesky": c.lower_cholesky,
        "lower_triangular": c.lower_triangular,
        "multinomial": c.multinomial(3),
        "nonnegative": c.nonnegative,
        "nonnegative_integer": c.nonnegative_integer,
        "one_hot": c.one_hot,
        "positive": c.positive,
        "positive_definite": c.positive_definite,
        "positive_integer": c.positive_integer,
        "positive_semidefinite": c.positive_semidefinite,
        "real": c.real,
        "real_vector": c.real_vector,
        "simplex": c.simplex,
        "square": c.square,
        "stack": c.stack([c.positive, c.real, c.boolean], 1),
        "symmetric": c.symmetric,
        "unit_interval": c.unit_interval,
    }


VALUES = [
    [[0.0, 1.0, 0.0], [1.0, 0.0, 2.0], [-1.0, 0.5, 3.0]],
    [[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, 0.6, 0.8]],
    [[2.0, 0.5, 0.0], [0.5, 1.0, 0.1], [0.0, 0.1, 1.0]],
    [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]],
    [[math.nan, 1.0, math.inf], [0.2, 0.3, 0.5], [1.0, 1.0, 1.0]],
]


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("name", constraints(fb.distributions))
def test_constraints(name, values):
    if any(x != x or x == math.inf for row in values for x in row) and "definite" in name:
        values = VALUES[2]  # eigenvalues of no number are no number, or an error
    ours = constraints(fb.distributions)[name]
    theirs = constraints(torch.distributions)[name]
    found, expected = ours.check(double(fb)(values)), theirs.check(double(torch)(values))
    assert found.dtype is fb.bool
    if name == "square":  # PyTorch's does not look at the values' shape alone
        expected = expected.reshape(())
    assert found.tolist() == expected.tolist()
    assert ours.event_dim == theirs.event_dim
    assert ours.is_discrete == theirs.is_discrete


@pytest.mark.parametrize("registry", ["biject_to", "transform_to"])
@pytest.mark.parametrize("name", constraints(fb.distributions))
def test_registries(name, registry):
    def made(d):
        return getattr(d, registry)(constraints(d)[name])

    try:
        theirs = made(torch.distributions)
    except NotImplementedError:
        with pytest.raises(NotImplementedError):
            made(fb.distributions)
        return
    ours = made(fb.distributions)
    shape = (3, 3)
    x = torch.tensor(np.random.default_rng(1).normal(size=shape))
    if name == "stack":
        return
    close(ours(fb.tensor(x.numpy())), theirs(x))
    assert ours.bijective == theirs.bijective


SAME_SHAPE = {
    "Bernoulli": lambda d, t: d.Bernoulli(t([0.2, 0.7])),
    "Beta": lambda d, t: d.Beta(t([0.5, 2.0]), t([1.5, 3.0])),
    "Binomial": lambda d, t: d.Binomial(5, t([0.2, 0.8])),
    "Categorical": lambda d, t: d.Categorical(t([[0.2, 0.3, 0.5], [1.0, 2.0, 1.0]])),
    "Cauchy": lambda d, t: d.Cauchy(t([0.5, -1.0]), t([0.7, 2.0])),
    "ContinuousBernoulli": lambda d, t: d.ContinuousBernoulli(t([0.2, 0.9])),
    "Dirichlet": lambda d, t: d.Dirichlet(t([[0.5, 1.5, 3.0], [2.0, 2.0, 2.0]])),
    "Exponential": lambda d, t: d.Exponential(t([0.5, 3.0])),
    "Gamma": lambda d, t: d.Gamma(t([0.6, 2.5]), t([2.0, 0.5])),
    "Geometric": lambda d, t: d.Geometric(t([0.2, 0.7])),
    "Gumbel": lambda d, t: d.Gumbel(t([0.5, -1.0]), t([0.7, 2.0])),
    "HalfNormal": lambda d, t: d.HalfNormal(t([0.7, 2.0])),
    "Independent": lambda d, t: d.Independent(d.Normal(t([[0.5, -1.0]]), t([[0.7, 2.0]])), 1),
    "Laplace": lambda d, t: d.Laplace(t([0.5, -1.0]), t([0.7, 2.0])),
    "LogNormal": lambda d, t: d.LogNormal(t([0.5, -1.0]), t([0.7, 0.3])),
    "LowRankMultivariateNormal": lambda d, t: d.LowRankMultivariateNormal(
        t([0.5, -1.0]), t([[1.0], [0.3]]), t([0.5, 1.0])
    ),
    "MultivariateNormal": lambda d, t: d.MultivariateNormal(
        t([[0.5, -1.0], [0.0, 1.0]]), t([[2.0, 0.3], [0.3, 0.5]])
    ),
    "NegativeBinomial": lambda d, t: d.NegativeBinomial(t([2.5, 4.0]), t([0.3, 0.6])),
    "Normal": lambda d, t: d.Normal(t([0.5, -1.0]), t([0.7, 2.0])),
    "OneHotCategorical": lambda d, t: d.OneHotCategorical(t([[0.2, 0.8], [1.0, 2.0]])),
    "Pareto": lambda d, t: d.Pareto(t([0.7, 0.1]), t([3.0, 0.9])),
    "Poisson": lambda d, t: d.Poisson(t([0.7, 20.0])),
    "Uniform": lambda d, t: d.Uniform(t([0.5, 0.1]), t([0.7, 0.9])),
    "Uniform of others": lambda d, t: d.Uniform(t([-0.5, 0.1]), t([0.7, 1.9])),
}


@pytest.mark.parametrize(("first", "second"), itertools.product(SAME_SHAPE, SAME_SHAPE))
def test_divergences(first, second):
    def divergence(lib):
        d, t = lib.distributions, double(lib)
        # Other parameters, so that nothing is 0 only because both are the same.
        q = SAME_SHAPE[second](d, lambda v: t(v) * (1.0 if second.startswith("U") else 0.9))
        return d.kl_divergence(SAME_SHAPE[first](d, t), q)

    try:
        expected = divergence(torch)
    except (NotImplementedError, RuntimeError, ValueError) as error:
        with pytest.raises(type(error)):
            divergence(fb)
        return
    close(divergence(fb), expected, 1e-7)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_distribution_has_no_divergence_from_itself(name):
    def divergence(lib):
        d, t = lib.distributions, double(lib)
        return d.kl_divergence(FAMILIES[name](d, t), FAMILIES[name](d, t))

    try:
        expected = divergence(torch)
    except NotImplementedError:
        with pytest.raises(NotImplementedError):
            divergence(fb)
        return
    found = divergence(fb)
    assert tuple(found.shape) == tuple(expected.shape)
    np.testing.assert_allclose(found.detach().numpy(), 0.0, atol=1e-7)
