"""Every family beside PyTorch's: samples of a seed, densities, moments, entropies, gradients."""

import numpy as np
import pytest

import flambeau as fb
from tests.distributions.families import FAMILIES

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers

MOMENTS = ("mean", "mode", "variance", "stddev")


def makers(lib, kind, parameters=None):
    """What makes tensors of a library; they are kept and need gradients where a list is given."""

    def tensor(values):
        made = lib.tensor(values, dtype=getattr(lib, kind))
        if parameters is not None:
            made.requires_grad_()
            parameters.append(made)
        return made

    return tensor


# PyTorch's own precision, where it is less than that of float64: its approximations of Bessel
# functions, a float32 number within, a family that takes no float64 at all.
PRECISION = {"VonMises": 2e-5, "Multinomial": 1e-6, "GeneralizedPareto": 2e-5}
# What PyTorch gets wrong: the first is nan, and the second is not differentiable.
WRONG_THERE = {("Kumaraswamy", "mode"), ("Wishart", "rsample")}


def kind_of(name):
    return "float32" if name == "GeneralizedPareto" else "float64"


def pair(name, kind=None):
    kind = kind or kind_of(name)
    make = FAMILIES[name]
    return make(fb.distributions, makers(fb, kind)), make(torch.distributions, makers(torch, kind))


def same(ours, theirs, rtol=1e-9, atol=1e-12):
    assert isinstance(ours, fb.Tensor)
    assert tuple(ours.shape) == tuple(theirs.shape)
    assert repr(ours.dtype) == repr(theirs.dtype)
    a, b = ours.detach().numpy(), theirs.detach().numpy()
    np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)


def tried(function):
    """A result, or the name of what was raised."""
    try:
        return function()
    except NotImplementedError:
        return "NotImplementedError"


def same_or_missing(ours, theirs, **tolerances):
    a, b = tried(ours), tried(theirs)
    if isinstance(b, str) or isinstance(a, str):
        assert a == b
    else:
        same(a, b, **tolerances)


@pytest.mark.parametrize("kind", ["float64", "float32"])
@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.filterwarnings("ignore:Singular sample:UserWarning")
def test_samples_of_a_seed(name, kind):
    ours, theirs = pair(name, kind)
    tolerance = 1e-12 if kind == "float64" else 2e-5
    for shape in ((), (4,), (2, 3)):
        fb.manual_seed(3)
        torch.manual_seed(3)
        same(ours.sample(shape), theirs.sample(shape), rtol=tolerance, atol=tolerance)
        assert fb.get_rng_state().tolist() == torch.get_rng_state().tolist()


@pytest.mark.parametrize("name", FAMILIES)
def test_shapes_and_text(name):
    ours, theirs = pair(name)
    assert tuple(ours.batch_shape) == tuple(theirs.batch_shape)
    assert tuple(ours.event_shape) == tuple(theirs.event_shape)
    assert repr(ours) == repr(theirs)
    assert ours.has_rsample == theirs.has_rsample
    assert ours.has_enumerate_support == theirs.has_enumerate_support
    assert ours.support.event_dim == theirs.support.event_dim
    assert ours.support.is_discrete == theirs.support.is_discrete
    assert set(ours.arg_constraints) == set(theirs.arg_constraints)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.filterwarnings("ignore:Singular sample:UserWarning")
def test_densities(name):
    ours, theirs = pair(name)
    torch.manual_seed(1)
    values = theirs.sample((5,))
    rtol = PRECISION.get(name, 1e-8)
    same(ours.log_prob(fb.tensor(values.numpy())), theirs.log_prob(values), rtol=rtol)
    assert bool(ours.support.check(fb.tensor(values.numpy())).all())


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.filterwarnings("ignore:Singular sample:UserWarning")
def test_moments_and_entropies(name):
    ours, theirs = pair(name)
    rtol = PRECISION.get(name, 1e-9)
    for moment in MOMENTS:
        if (name, moment) not in WRONG_THERE:
            same_or_missing(
                lambda m=moment: getattr(ours, m), lambda m=moment: getattr(theirs, m), rtol=rtol
            )
    for method in ("entropy", "perplexity", "enumerate_support"):
        same_or_missing(getattr(ours, method), getattr(theirs, method), rtol=rtol)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.filterwarnings("ignore:Singular sample:UserWarning")
def test_cumulative_functions(name):
    ours, theirs = pair(name)
    torch.manual_seed(1)
    values = theirs.sample((5,))
    rtol = PRECISION.get(name, 1e-7)
    same_or_missing(
        lambda: ours.cdf(fb.tensor(values.numpy())), lambda: theirs.cdf(values), rtol=rtol
    )
    levels = torch.linspace(0.1, 0.9, 5, dtype=values.dtype)
    levels = levels.reshape((5, *(1,) * len(theirs.batch_shape)))
    same_or_missing(
        lambda: ours.icdf(fb.tensor(levels.numpy())), lambda: theirs.icdf(levels), rtol=rtol
    )


def gradients(lib, name, evaluate):
    """The gradients of a sum with respect to all parameters."""
    parameters = []
    made = FAMILIES[name](lib.distributions, makers(lib, kind_of(name), parameters))
    evaluate(made).sum().backward()
    return [p.grad for p in parameters]


def weighted(x):
    """A sum of squares, so that not only the sum counts (which is 1 on a simplex)."""
    return x * x


@pytest.mark.parametrize("name", [n for n in FAMILIES if n != "Normal of numbers"])
@pytest.mark.filterwarnings("ignore:Singular sample:UserWarning")
def test_gradients(name):
    ours, theirs = pair(name)
    torch.manual_seed(1)
    values = theirs.sample((3,))
    found = gradients(fb, name, lambda d: d.log_prob(fb.tensor(values.numpy())))
    expected = gradients(torch, name, lambda d: d.log_prob(values))
    check(found, expected, PRECISION.get(name, 1e-7))
    if not theirs.has_rsample:
        with pytest.raises(NotImplementedError):
            ours.rsample()
        return
    if (name, "rsample") in WRONG_THERE:
        return

    def drawn(lib):
        lib.manual_seed(2)
        return gradients(lib, name, lambda d: weighted(d.rsample((7,))))

    # PyTorch approximates the derivatives of gamma and beta samples to about 1e-3.
    check(drawn(fb), drawn(torch), 2e-3)


def check(found, expected, rtol):
    for a, b in zip(found, expected, strict=True):
        assert (a is None) == (b is None)
        if b is not None:
            same(a, b, rtol=rtol, atol=1e-7)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.filterwarnings("ignore:Singular sample:UserWarning")
def test_expansion(name):
    ours, theirs = pair(name)
    shape = (2, *theirs.batch_shape)
    ours, theirs = ours.expand(shape), theirs.expand(shape)
    assert tuple(ours.batch_shape) == tuple(theirs.batch_shape)
    assert repr(ours) == repr(theirs)
    fb.manual_seed(3)
    torch.manual_seed(3)
    values = theirs.sample((2,))
    same(ours.sample((2,)), values, rtol=1e-12 if values.dtype is torch.float64 else 1e-5)
    rtol = PRECISION.get(name, 1e-8)
    same(ours.log_prob(fb.tensor(values.numpy())), theirs.log_prob(values), rtol=rtol)
    same_or_missing(lambda: ours.mean, lambda: theirs.mean)


WRONG = [
    lambda d, t: d.Normal(t([0.0]), t([-1.0])),
    lambda d, t: d.Normal(t([float("nan")]), t([1.0])),
    lambda d, t: d.Uniform(t([1.0]), t([0.0])),
    lambda d, t: d.Bernoulli(t([1.5])),
    lambda d, t: d.Bernoulli(t([0.5]), logits=t([0.0])),
    lambda d, t: d.Bernoulli(),
    lambda d, t: d.Categorical(t([-0.5, 1.5])),
    lambda d, t: d.Categorical(t(0.5)),
    lambda d, t: d.Gamma(t([1.0]), t([0.0])),
    lambda d, t: d.Beta(t([-1.0]), t([1.0])),
    lambda d, t: d.Dirichlet(t(1.0)),
    lambda d, t: d.Geometric(t([0.0])),
    lambda d, t: d.Independent(d.Normal(t([0.0]), t([1.0])), 2),
    lambda d, t: d.LKJCholesky(1),
    lambda d, t: d.MultivariateNormal(t([0.0, 0.0]), t([[1.0, 2.0], [2.0, 1.0]])),
    lambda d, t: d.MultivariateNormal(t([0.0, 0.0])),
    lambda d, t: d.MixtureSameFamily(d.Categorical(t([1.0, 1.0])), d.Normal(t([0.0]), t([1.0]))),
    lambda d, t: d.Normal(t([0.0]), t([1.0])).log_prob(t([float("nan")])),
    lambda d, t: d.Normal(t([0.0, 0.0]), t([1.0])).log_prob(t([0.0, 1.0, 2.0])),
    lambda d, t: d.Bernoulli(t([0.5])).log_prob(t([2.0])),
    lambda d, t: d.Uniform(0.0, 1.0).log_prob(t(2.0)),
    lambda d, t: d.Dirichlet(t([1.0, 1.0])).log_prob(t([0.5, 0.6])),
    lambda d, t: d.Exponential(1.0).log_prob(0.5),
    lambda d, t: d.AffineTransform(0, 1, cache_size=2),
    lambda d, t: d.Distribution.set_default_validate_args(3),
    lambda d, t: d.TransformedDistribution(d.Normal(0.0, 1.0), [3]),
    lambda d, t: d.ReshapeTransform((2,), (3,)),
]


@pytest.mark.parametrize("wrong", WRONG)
def test_errors(wrong):
    for lib in (torch, fb):
        with pytest.raises((ValueError, AssertionError)):
            wrong(lib.distributions, makers(lib, "float64"))
    with pytest.raises(ValueError):
        wrong(fb.distributions, makers(fb, "float64"))
