"""Distributions beside SciPy's, quadrature and finite differences; errors in full."""

import itertools
import math
import pickle

import numpy as np
import pytest
import scipy.special as sc
import scipy.stats as ss
from scipy.integrate import quad

import flambeau as fb
from flambeau import distributions as d
from flambeau.ops.implicit_slopes import beta_slope, gamma_slope
from tests.distributions.families import FAMILIES


def double(values):
    return fb.tensor(values, dtype=fb.float64)


A, B = [0.5, -1.0], [0.7, 2.0]
SCIPY = {
    "Beta": (d.Beta(double([0.5, 2.0]), double([1.5, 3.0])), ss.beta([0.5, 2.0], [1.5, 3.0])),
    "Cauchy": (d.Cauchy(double(A), double(B)), ss.cauchy(A, B)),
    "Chi2": (d.Chi2(double([1.5, 4.0])), ss.chi2([1.5, 4.0])),
    "Exponential": (d.Exponential(double(B)), ss.expon(0, 1 / np.array(B))),
    "FisherSnedecor": (d.FisherSnedecor(double([3.0, 1.5]), double([5.0, 9.0])),
                       ss.f([3.0, 1.5], [5.0, 9.0])),
    "Gamma": (d.Gamma(double([0.6, 2.5]), double(B)), ss.gamma([0.6, 2.5], 0, 1 / np.array(B))),
    "GeneralizedPareto": (d.GeneralizedPareto(double(A), double(B), double([0.3, 0.0])),
                          ss.genpareto([0.3, 0.0], A, B)),
    "Gumbel": (d.Gumbel(double(A), double(B)), ss.gumbel_r(A, B)),
    "HalfCauchy": (d.HalfCauchy(double(B)), ss.halfcauchy(0, B)),
    "HalfNormal": (d.HalfNormal(double(B)), ss.halfnorm(0, B)),
    "InverseGamma": (d.InverseGamma(double([2.5, 3.5]), double(B)),
                     ss.invgamma([2.5, 3.5], 0, B)),
    "Laplace": (d.Laplace(double(A), double(B)), ss.laplace(A, B)),
    "LogNormal": (d.LogNormal(double(A), double(B)), ss.lognorm(B, 0, np.exp(A))),
    "Normal": (d.Normal(double(A), double(B)), ss.norm(A, B)),
    "Pareto": (d.Pareto(double(B), double([3.0, 2.5])), ss.pareto([3.0, 2.5], 0, B)),
    "StudentT": (d.StudentT(double([3.5, 5.0]), double(A), double(B)), ss.t([3.5, 5.0], A, B)),
    "Uniform": (d.Uniform(double(A), double([0.7, 2.0])), ss.uniform(A, [0.2, 3.0])),
    "VonMises": (d.VonMises(double(A), double(B)), ss.vonmises(B, A)),
    "Weibull": (d.Weibull(double(B), double([1.5, 3.0])), ss.weibull_min([1.5, 3.0], 0, B)),
}  # fmt: skip


@pytest.mark.parametrize("name", SCIPY)
def test_densities_and_moments_are_those_of_scipy(name):
    ours, theirs = SCIPY[name]
    levels = np.array([[0.1], [0.4], [0.8]])
    values = theirs.ppf(levels)
    np.testing.assert_allclose(ours.log_prob(double(values)).numpy(), theirs.logpdf(values), 1e-9)
    if name not in ("Beta", "FisherSnedecor", "InverseGamma", "StudentT", "VonMises"):
        np.testing.assert_allclose(ours.cdf(double(values)).numpy(), theirs.cdf(values), 1e-9)
    if name not in ("Beta", "Chi2", "FisherSnedecor", "Gamma", "InverseGamma", "StudentT",
                    "VonMises"):  # fmt: skip
        np.testing.assert_allclose(ours.icdf(double(levels)).numpy(), values, 1e-9, 1e-12)
    if name in ("Cauchy", "HalfCauchy"):
        return
    if name not in ("FisherSnedecor", "VonMises"):  # these have no formula
        np.testing.assert_allclose(ours.entropy().numpy(), theirs.entropy(), 1e-8, 1e-12)
    if name != "VonMises":  # whose moments are those of directions
        np.testing.assert_allclose(ours.mean.numpy(), theirs.mean(), 1e-9)
        variance = theirs.var()
        finite = np.isfinite(ours.variance.numpy())
        np.testing.assert_allclose(ours.variance.numpy()[finite], variance[finite], 1e-8)


DISCRETE = {
    "Bernoulli": (d.Bernoulli(double(0.3)), ss.bernoulli(0.3)),
    "Binomial": (d.Binomial(6, double(0.3)), ss.binom(6, 0.3)),
    "Geometric": (d.Geometric(double(0.3)), ss.geom(0.3, -1)),
    "NegativeBinomial": (d.NegativeBinomial(double(2.5), double(0.3)), ss.nbinom(2.5, 0.7)),
    "Poisson": (d.Poisson(double(3.5)), ss.poisson(3.5)),
}


@pytest.mark.parametrize("name", DISCRETE)
def test_probabilities_are_those_of_scipy(name):
    ours, theirs = DISCRETE[name]
    values = np.arange(2.0 if name == "Bernoulli" else 6.0)
    np.testing.assert_allclose(ours.log_prob(double(values)).numpy(), theirs.logpmf(values), 1e-9)
    assert ours.mean.item() == pytest.approx(theirs.mean())
    assert ours.variance.item() == pytest.approx(theirs.var())


def test_vectors_and_matrices_are_those_of_scipy():
    mean, cov = np.array([0.5, -1.0]), np.array([[2.0, 0.3], [0.3, 0.5]])
    x = np.array([[0.0, 0.0], [1.0, -2.0]])
    normal = d.MultivariateNormal(double(mean), double(cov))
    theirs = ss.multivariate_normal(mean, cov)
    np.testing.assert_allclose(normal.log_prob(double(x)).numpy(), theirs.logpdf(x), 1e-10)
    assert normal.entropy().item() == pytest.approx(theirs.entropy())
    precision = d.MultivariateNormal(double(mean), precision_matrix=double(np.linalg.inv(cov)))
    np.testing.assert_allclose(precision.covariance_matrix.numpy(), cov, 1e-10)
    np.testing.assert_allclose(normal.precision_matrix.numpy(), np.linalg.inv(cov), 1e-10)
    wishart = d.Wishart(double(4.0), double(cov))
    sample = np.array([[3.0, 0.5], [0.5, 1.0]])
    assert wishart.log_prob(double(sample)).item() == pytest.approx(
        ss.wishart(4, cov).logpdf(sample)
    )
    assert wishart.entropy().item() == pytest.approx(ss.wishart(4, cov).entropy())
    share = np.array([0.2, 0.3, 0.5])
    dirichlet = ss.dirichlet([0.5, 1.5, 3.0])
    ours = d.Dirichlet(double([0.5, 1.5, 3.0]))
    assert ours.log_prob(double(share)).item() == pytest.approx(dirichlet.logpdf(share))
    assert ours.entropy().item() == pytest.approx(dirichlet.entropy())
    counts = d.Multinomial(6, double(share))
    assert counts.log_prob(double([1, 2, 3])).item() == pytest.approx(
        ss.multinomial(6, share).logpmf([1, 2, 3])
    )
    assert counts.entropy().item() == pytest.approx(float(ss.multinomial(6, share).entropy()))


# Distributions of one number, and where their values lie.
CONTINUOUS = {
    "Beta": (d.Beta(double(2.0), double(1.5)), 0, 1),
    "ContinuousBernoulli": (d.ContinuousBernoulli(double(0.3)), 0, 1),
    "Exponential": (d.Exponential(double(1.5)), 0, math.inf),
    "Gamma": (d.Gamma(double(2.5), double(1.5)), 0, math.inf),
    "Gumbel": (d.Gumbel(double(0.5), double(1.3)), -math.inf, math.inf),
    "Laplace": (d.Laplace(double(0.5), double(0.8)), -math.inf, math.inf),
    "Normal": (d.Normal(double(0.3), double(0.9)), -math.inf, math.inf),
    "Pareto": (d.Pareto(double(0.1), double(3.5)), 0.1, math.inf),
    "Uniform": (d.Uniform(double(0.2), double(0.9)), 0.2, 0.9),
}
UNKNOWN = {
    ("ContinuousBernoulli", "Beta"), ("ContinuousBernoulli", "Gamma"),
    ("ContinuousBernoulli", "Gumbel"), ("ContinuousBernoulli", "Laplace"), ("Beta", "Gumbel"),
    ("Beta", "Laplace"), ("Exponential", "Laplace"), ("Gamma", "Laplace"), ("Gumbel", "Laplace"),
    ("Laplace", "Gumbel"), ("Pareto", "Gumbel"), ("Pareto", "Laplace"), ("Uniform", "Laplace"),
}  # fmt: skip


@pytest.mark.parametrize("first", CONTINUOUS)
@pytest.mark.parametrize("second", CONTINUOUS)
def test_divergences_are_integrals(first, second):
    (p, low, high), (q, least, most) = CONTINUOUS[first], CONTINUOUS[second]
    if (first, second) in UNKNOWN:
        with pytest.raises(NotImplementedError, match="kl_divergence: "):
            d.kl_divergence(p, q)
        return
    found = d.kl_divergence(p, q)
    assert tuple(found.shape) == ()
    if least > low or most < high:
        assert found.item() == math.inf
        return

    def part(x):
        log = p.log_prob(double(x)).item()
        return math.exp(log) * (log - q.log_prob(double(x)).item()) if log > -700 else 0.0

    # Where the bulk is, the rule has to look closely.
    cuts = [low if low > -math.inf else -30.0, 0.05, 0.3, 0.5, 1.0, 3.0, 10.0]
    cuts = [x for x in cuts if low <= x < high] + [high if high < math.inf else 200.0]
    expected = sum(quad(part, a, b, limit=200)[0] for a, b in itertools.pairwise(cuts))
    assert found.item() == pytest.approx(expected, rel=1e-4, abs=1e-7)


# --- samples that follow their parameters -----------------------------------------------------


def test_slopes_of_gamma_samples():
    """Against differences of SciPy's quantiles."""
    chance = np.random.default_rng(0)
    a = 10 ** chance.uniform(-1, 4, 300)
    u = chance.uniform(1e-4, 1 - 1e-4, 300)
    h = 1e-4 * a
    sides = [sc.gammaincinv(a + k * h, u) for k in (-2, -1, 1, 2)]
    expected = (sides[0] - 8 * sides[1] + 8 * sides[2] - sides[3]) / (12 * h)
    np.testing.assert_allclose(gamma_slope(a, sc.gammaincinv(a, u)), expected, 1e-6)
    # Far out in the upper tail 1 - P is about x**(a - 1) exp(-x) / Gamma(a).
    x = np.array([35.0, 80.0])
    shape = np.array([1.0, 3.0])
    below = [sc.gammainccinv(shape + k * 1e-5, sc.gammaincc(shape, x)) for k in (-1, 1)]
    np.testing.assert_allclose(gamma_slope(shape, x), (below[1] - below[0]) / 2e-5, 1e-5)


def test_slopes_of_beta_samples():
    chance = np.random.default_rng(0)
    a, b = 10 ** chance.uniform(-0.5, 2.5, (2, 300))
    u = chance.uniform(1e-3, 1 - 1e-3, 300)
    x = sc.betaincinv(a, b, u)
    near = (x < 1e-8) | (x > 1 - 1e-6)
    h = 1e-4 * a
    sides = [sc.betaincinv(a + k * h, b, u) for k in (-2, -1, 1, 2)]
    expected = (sides[0] - 8 * sides[1] + 8 * sides[2] - sides[3]) / (12 * h) / (1 - x)
    np.testing.assert_allclose(beta_slope(x, a, b)[~near], expected[~near], 1e-5)


FOLLOWING = ["Gamma", "Beta", "Dirichlet", "StudentT", "Wishart", "Kumaraswamy", "Gumbel"]


@pytest.mark.parametrize("name", FOLLOWING)
@pytest.mark.filterwarnings("ignore:Wishart")
def test_means_of_samples_have_the_gradient_of_the_mean(name):
    parameters = []

    def parameter(values):
        parameters.append(double(values).requires_grad_())
        return parameters[-1]

    made = FAMILIES[name](d, parameter)
    fb.manual_seed(0)
    weights = fb.linspace(0.5, 1.5, made.mean.numel(), dtype=fb.float64).reshape(made.mean.shape)
    count = 500 if name == "Wishart" else 4000
    finite = made.variance.isfinite()
    drawn = ((made.rsample((count,)).mean(0) * weights)[finite]).sum()
    found = fb.autograd.grad(drawn, parameters)
    expected = fb.autograd.grad((made.mean * weights)[finite].sum(), parameters, allow_unused=True)
    for a, b in zip(found, expected, strict=True):
        b = fb.zeros_like(a) if b is None else b
        scale = 1 + b.abs().max().item()
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=0.15 * scale)


def test_second_derivatives_of_samples_are_refused():
    a = double([2.0]).requires_grad_()
    (slope,) = fb.autograd.grad(d.Gamma(a, 1.0).rsample().sum(), a, create_graph=True)
    with pytest.raises(RuntimeError, match="samples can be differentiated once only"):
        slope.sum().backward()


# --- use --------------------------------------------------------------------------------------


def test_compiled_steps_equal_eager_ones():
    """A variational step: samples, densities, a divergence."""

    def train(compiled):
        fb.manual_seed(0)
        model = fb.nn.Linear(3, 4)
        optimizer = fb.optim.SGD(model.parameters(), lr=0.005)

        def step(x):
            loc, scale = model(x).chunk(2, -1)
            q = d.Normal(loc, fb.nn.functional.softplus(scale))
            z = q.rsample()
            loss = (z - x[:, :2]).square().sum() + d.kl_divergence(q, d.Normal(0.0, 1.0)).sum()
            loss = loss - d.Bernoulli(logits=loc).log_prob((x[:, :2] > 0).float()).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss.detach()

        run = fb.compile(step) if compiled else step
        data = fb.randn(10, 3)
        return [run(data).item() for _ in range(5)]

    assert train(True) == pytest.approx(train(False), rel=1e-5)


# How often these draw depends on what was drawn, which nobody knows while it is recorded.
UNCERTAIN = {"VonMises", "Wishart"}


def densities_and_samples(name, compiled):
    """What two calls give: a density and samples, and their gradients."""
    parameters = []

    def parameter(values):
        parameters.append(double(values).requires_grad_())
        return parameters[-1]

    FAMILIES[name](d, parameter)
    fb.manual_seed(1)
    values = FAMILIES[name](d, double).sample((2,))

    def step(*given):
        rest = iter(given)
        made = FAMILIES[name](d, lambda values: next(rest))
        total = made.log_prob(values).sum()
        if name not in UNCERTAIN:
            draw = made.rsample if made.has_rsample else made.sample
            total = total + draw((2,)).double().square().sum()
        return total, *fb.autograd.grad(total, given, allow_unused=True)

    run = fb.compile(step) if compiled else step
    fb.manual_seed(2)
    return [x for _ in range(2) for x in run(*parameters)]


@pytest.mark.parametrize("name", [n for n in FAMILIES if n != "Normal of numbers"])
@pytest.mark.filterwarnings("ignore:Wishart")
def test_compiled_functions_of_every_family(name):
    found, expected = densities_and_samples(name, True), densities_and_samples(name, False)
    for a, b in zip(found, expected, strict=True):
        assert (a is None) == (b is None)
        if b is not None:
            np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), 1e-9, 1e-11)


@pytest.mark.parametrize("name", FAMILIES)
def test_copies_draw_alike(name):
    made = FAMILIES[name](d, double)
    if name == "TransformedDistribution" or "Categorical" in name:
        made.log_prob(made.sample())  # what is computed late is copied too
    fb.manual_seed(1)
    expected = made.sample().tolist()
    copy = pickle.loads(pickle.dumps(made))
    fb.manual_seed(1)
    assert copy.sample().tolist() == expected


def test_the_mode_of_kumaraswamy_is_where_its_density_is_largest():
    made = d.Kumaraswamy(double(2.5), double(1.7))
    grid = fb.linspace(0.001, 0.999, 999, dtype=fb.float64)
    assert grid[made.log_prob(grid).argmax()].item() == pytest.approx(made.mode.item(), abs=1e-3)


class Named(d.Normal):
    """A distribution of one's own, with an attribute of its own."""

    def __init__(self, loc, scale, name):
        self.name = name
        super().__init__(loc, scale)


class Shifted(d.Normal):
    """One whose expansion is written as it is for PyTorch."""

    def __init__(self, loc, scale, shift):
        self.shift = shift
        super().__init__(loc, scale)

    def expand(self, batch_shape, _instance=None):
        new = self._get_checked_instance(Shifted, _instance)
        new.shift = self.shift.expand(batch_shape)
        return super().expand(batch_shape, new)


def test_distributions_of_ones_own_are_expanded():
    found = Named(0.0, 1.0, "mine").expand((3,))
    assert (type(found), found.name, tuple(found.loc.shape)) == (Named, "mine", (3,))
    moved = Shifted(0.0, 1.0, fb.tensor(2.0)).expand((4,))
    assert tuple(moved.shift.shape) == tuple(moved.sample().shape) == (4,)
    # What was computed late belongs to the parameters as they were.
    low = FAMILIES["LowRankMultivariateNormal"](d, double)
    assert tuple(low.variance.shape) == (3,)
    assert tuple(low.expand((2,)).variance.shape) == (2, 3)


def test_caches_make_inverses_exact():
    tanh = d.TanhTransform(cache_size=1)
    x = fb.tensor([20.0])
    assert tanh.inv(tanh(x)) is x
    assert d.TanhTransform().inv(d.TanhTransform()(x)).item() == math.inf
    both = d.ComposeTransform([d.ExpTransform(), d.TanhTransform()], cache_size=1)
    assert both.inv(both(x)) is x


def test_own_constraints_can_be_registered():
    class Even(d.constraints.Constraint):
        """Even numbers."""

    with pytest.raises(NotImplementedError, match="biject_to: no transform is known"):
        d.biject_to(Even())
    d.biject_to.register(Even, lambda c: d.AffineTransform(0.0, 2.0))
    assert d.biject_to(Even())(fb.tensor(3.0)).item() == 6
    with pytest.raises(TypeError, match="biject_to: not a constraint"):
        d.biject_to.register(3, lambda c: None)


def test_the_nearest_formula_is_taken():
    class Child(d.Normal):
        pass

    class Grandchild(Child):
        pass

    one, two = Grandchild(0.0, 1.0), d.Normal(0.0, 2.0)
    general = d.kl_divergence(one, two).item()
    d.register_kl(Child, d.Normal)(lambda p, q: fb.tensor(1.0))
    assert d.kl_divergence(one, two).item() == 1 != general
    d.register_kl(d.Normal, Child)(lambda p, q: fb.tensor(2.0))
    with pytest.warns(RuntimeWarning, match="two formulas are as near"):
        assert d.kl_divergence(one, one).item() == 1
    with pytest.raises(TypeError, match="register_kl: not a class of distributions"):
        d.register_kl(int, d.Normal)


def test_checks_can_be_switched_off():
    assert d.Normal(0.0, -1.0, validate_args=False).scale.item() == -1
    d.Distribution.set_default_validate_args(False)
    try:
        assert d.Uniform(0.0, 1.0).log_prob(fb.tensor(2.0)).item() == -math.inf
    finally:
        d.Distribution.set_default_validate_args(True)
    with pytest.raises(ValueError, match="Normal: scale is outside its domain"):
        d.Normal(0.0, -1.0)


TEXTS = [
    (
        lambda: d.Normal(fb.tensor([0.0]), fb.tensor([-1.0])),
        (
            "Normal: scale is outside its domain\n"
            "  expected: scale in numbers > 0.0\n"
            "  got:      tensor([-1.])"
        ),
    ),
    (
        lambda: d.Bernoulli(),
        (
            "Bernoulli: a distribution is described in one way\n"
            "  expected: one of probs, logits\n"
            "  got:      none of them"
        ),
    ),
    (
        lambda: d.Categorical(fb.ones(3)).log_prob(fb.tensor(3)),
        (
            "Categorical: a value is outside the support\n"
            "  expected: integers >= 0 and <= 2\n"
            "  got:      3\n"
            "  help:     pass validate_args=False where that is meant"
        ),
    ),
    (
        lambda: d.Dirichlet(fb.ones(3)).log_prob(fb.ones(2) / 2),
        (
            "Dirichlet: a value's shape does not fit\n"
            "  expected: one that broadcasts with (3,)\n"
            "  got:      (2,)"
        ),
    ),
    (
        lambda: d.TransformedDistribution(d.Normal(0.0, 1.0), d.StickBreakingTransform()),
        (
            "TransformedDistribution: values have too few dimensions\n"
            "  expected: at least 1, batch and event together\n"
            "  got:      shape ()"
        ),
    ),
]


@pytest.mark.parametrize(("wrong", "text"), TEXTS)
def test_messages(wrong, text):
    with pytest.raises(ValueError) as raised:
        wrong()
    assert str(raised.value) == text


def test_what_a_distribution_has_not():
    with pytest.raises(NotImplementedError) as raised:
        d.Poisson(3.0).rsample()
    assert str(raised.value) == (
        "Poisson: there is no rsample\n  expected: a distribution that has one\n  got:      Poisson"
    )
