"""Parametrizations, weight norm, spectral norm and orthogonal weights beside PyTorch's."""

import copy
import pickle

import numpy as np
import pytest

import flambeau as fb
from tests.nn.side_by_side import assert_both_see_the_same

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore::FutureWarning")]


def symmetric(L, nn):
    class Symmetric(nn.Module):
        def forward(self, x):
            return x.triu() + x.triu(1).mT

        def right_inverse(self, x):
            return x.triu()

    return Symmetric()


def doubled(L, nn):
    class Doubled(nn.Module):
        def forward(self, x):
            return 2 * x

    return Doubled()


def in_two(L, nn):
    class InTwo(nn.Module):
        def forward(self, a, b):
            return a + b

        def right_inverse(self, x):
            return x / 2, x / 2

    return InTwo()


def test_what_a_parametrized_module_shows():
    def script(L, nn, note):
        P = nn.utils.parametrize
        layer = nn.Linear(3, 3)
        identity = id(layer.weight)
        note(P.is_parametrized(layer), P.is_parametrized(layer, "weight"))
        P.register_parametrization(layer, "weight", symmetric(L, nn))
        note(layer, type(layer).__name__, P.type_before_parametrizations(layer) is nn.Linear)
        note(P.is_parametrized(layer), P.is_parametrized(layer, "bias"))
        note(id(layer.parametrizations.weight.original) == identity)
        note(list(layer.state_dict()), [n for n, _ in layer.named_parameters()], layer.weight)
        layer.weight = L.eye(3)
        note(layer.weight, layer.parametrizations.weight.original)
        P.register_parametrization(layer, "weight", doubled(L, nn))
        note(layer.weight, layer(L.ones(2, 3)))
        note.error(lambda: setattr(layer, "weight", L.eye(3)))
        with P.cached():
            note(layer.weight is layer.weight)
        note(layer.weight is layer.weight)
        layer.weight.sum().backward()
        note(layer.parametrizations.weight.original.grad)
        twin = copy.deepcopy(layer)
        note(twin, twin.weight)
        note.error(lambda: pickle.dumps(layer))
        note.error(lambda: nn.Parameter(L.ones(1)).foo)
        P.remove_parametrizations(layer, "weight")
        note(layer, layer.weight, id(layer.weight) == identity, type(layer).__name__)
        layer(L.ones(1, 3)).sum().backward()

    assert_both_see_the_same(script)


def test_several_originals_and_buffers():
    def script(L, nn, note):
        P = nn.utils.parametrize
        layer = P.register_parametrization(nn.Linear(2, 2), "weight", in_two(L, nn))
        note(list(layer.state_dict()), layer.weight)
        layer.weight = L.ones(2, 2)
        note(layer.parametrizations.weight.original0, layer.weight)
        note.error(lambda: P.remove_parametrizations(layer, "weight", leave_parametrized=False))
        P.remove_parametrizations(layer, "weight")
        note(layer.weight, layer.weight.requires_grad, list(layer.state_dict()))
        norm = nn.Module()
        norm.register_buffer("mean", L.ones(2))
        P.register_parametrization(norm, "mean", doubled(L, nn))
        note(norm.mean, list(norm.state_dict()), list(norm.buffers()))
        P.remove_parametrizations(norm, "mean", leave_parametrized=False)
        note(norm.mean, list(norm.state_dict()))
        source = P.register_parametrization(nn.Linear(2, 2), "weight", symmetric(L, nn))
        target = P.transfer_parametrizations_and_params(source, nn.Linear(2, 2))
        note(target, target.weight, (target.weight == source.weight).all())

    assert_both_see_the_same(script)


def test_errors_of_parametrizations():
    def script(L, nn, note):
        P = nn.utils.parametrize

        class Flat(nn.Module):
            def forward(self, x):
                return x.flatten()

        class Double(nn.Module):
            def forward(self, x):
                return x.double()

        class Text(nn.Module):
            def forward(self, x):
                return "text"

        for kind in (Flat, Double, Text):
            note.error(lambda: P.register_parametrization(nn.Linear(2, 2), "weight", kind()))  # noqa: B023
        layer = nn.Linear(2, 2)
        P.register_parametrization(layer, "weight", Flat(), unsafe=True)
        note(layer.weight.shape)
        note.error(lambda: P.register_parametrization(nn.Linear(2, 2), "other", Flat()))
        note.error(lambda: P.remove_parametrizations(nn.Linear(2, 2), "weight"))
        other = P.register_parametrization(nn.Linear(2, 2), "weight", doubled(L, nn))
        for kind in (Flat, Double, Text):
            note.error(lambda: P.register_parametrization(other, "weight", kind()))  # noqa: B023
        note.error(lambda: P.ParametrizationList([], L.ones(1)))

    assert_both_see_the_same(script)


def train(L, make):
    """A few steps, then evaluation: outputs, state, and the random stream."""
    L.manual_seed(0)
    model = make(L).double()
    optimizer = L.optim.SGD(model.parameters(), lr=0.05)
    rng = np.random.default_rng(0)
    size = 3 if isinstance(model, (L.nn.Linear,)) else None
    shape = (5, size) if size else (5, 3, 6)
    x = L.tensor(rng.normal(size=shape))
    seen = []
    for _ in range(3):
        y = model(x)
        optimizer.zero_grad()
        ((y - 1) ** 2).sum().backward()
        optimizer.step()
        seen.append(y)
    model.eval()
    state = model.state_dict()
    return [*seen, model(x), L.rand(1)], state, repr(model)


def util(L, name):
    return getattr(L.nn.utils, name)


def modern(L, name):
    return getattr(L.nn.utils.parametrizations, name)


MODELS = {
    "weight norm": lambda L: modern(L, "weight_norm")(L.nn.Linear(3, 4)),
    "weight norm, columns": lambda L: modern(L, "weight_norm")(L.nn.Linear(3, 4), dim=1),
    "weight norm, one length": lambda L: modern(L, "weight_norm")(L.nn.Linear(3, 4), dim=None),
    "weight norm, convolution": lambda L: modern(L, "weight_norm")(L.nn.Conv1d(3, 4, 2), dim=2),
    "weight norm by hook": lambda L: util(L, "weight_norm")(L.nn.Linear(3, 4)),
    "weight norm by hook, one length": lambda L: util(L, "weight_norm")(
        L.nn.Linear(3, 4), dim=None
    ),
    "spectral norm": lambda L: modern(L, "spectral_norm")(L.nn.Linear(3, 4)),
    "spectral norm, more steps": lambda L: modern(L, "spectral_norm")(
        L.nn.Conv1d(3, 4, 2), n_power_iterations=3
    ),
    "spectral norm, transposed": lambda L: modern(L, "spectral_norm")(
        L.nn.ConvTranspose1d(3, 4, 2)
    ),
    "spectral norm of a bias": lambda L: modern(L, "spectral_norm")(L.nn.Linear(3, 4), "bias"),
    "spectral norm by hook": lambda L: util(L, "spectral_norm")(L.nn.Linear(3, 4)),
    "spectral norm by hook, transposed": lambda L: util(L, "spectral_norm")(
        L.nn.ConvTranspose1d(3, 4, 2), n_power_iterations=2
    ),
    "orthogonal, square": lambda L: modern(L, "orthogonal")(L.nn.Linear(3, 3)),
    "orthogonal, cayley": lambda L: modern(L, "orthogonal")(
        L.nn.Linear(3, 3), orthogonal_map="cayley"
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_training(name):
    ours, theirs = train(fb, MODELS[name]), train(torch, MODELS[name])
    assert ours[2] == theirs[2]
    assert list(ours[1]) == list(theirs[1])
    assert dict(ours[1]._metadata) == dict(theirs[1]._metadata)
    pairs = [*zip(ours[0], theirs[0]), *zip(ours[1].values(), theirs[1].values())]
    for a, b in pairs:
        # Started in float32 with other roundings, continued in float64.
        tolerance = 1e-5 if "spectral" in name or "orthogonal" in name else 1e-6
        np.testing.assert_allclose(
            a.detach().numpy(), b.detach().numpy(), rtol=tolerance, atol=tolerance
        )


@pytest.mark.parametrize("kind", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("shape", [(3, 3), (4, 3), (3, 4), (2, 4, 3)])
@pytest.mark.parametrize("trivial", [True, False])
def test_orthogonal_maps(kind, shape, trivial):
    """From the same original, the same orthogonal matrix and the same gradient."""
    values = np.random.default_rng(1).normal(size=shape)
    found = []
    for L in (fb, torch):
        L.manual_seed(2)
        module = L.nn.Module()
        module.weight = L.nn.Parameter(L.tensor(values))
        modern(L, "orthogonal")(module, orthogonal_map=kind, use_trivialization=trivial)
        original = module.parametrizations.weight.original
        start = module.weight.detach()
        with L.no_grad():
            original.copy_(L.tensor(np.random.default_rng(3).normal(size=shape)).sign() * 0.5 +
                           L.tensor(values) * 0.1)  # fmt: skip
            if kind == "householder":
                diagonal = original.diagonal(dim1=-2, dim2=-1)
                diagonal.copy_(diagonal.sign())
        weight = module.weight
        (weight * L.tensor(values)).sum().backward()
        found.append([start, weight, original.grad])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-9, atol=1e-10)


def test_weights_are_orthogonal_and_stay_so():
    layer = fb.nn.utils.parametrizations.orthogonal(fb.nn.Linear(3, 5)).double()
    optimizer = fb.optim.SGD(layer.parameters(), lr=0.3)
    for _ in range(5):
        layer(fb.randn(4, 3, dtype=fb.float64)).square().sum().backward()
        optimizer.step()
    unit = (layer.weight.mT @ layer.weight).detach().numpy()
    np.testing.assert_allclose(unit, np.eye(3), atol=1e-6)


def test_assigning_an_orthogonal_weight():
    def script(L, nn, note):
        layer = modern(L, "orthogonal")(nn.Linear(3, 3))
        layer.weight = L.eye(3)
        note(layer.weight)
        other = modern(L, "orthogonal")(nn.Linear(3, 3), "weight", "cayley",
                                        use_trivialization=False)  # fmt: skip
        note.error(lambda: setattr(other, "weight", L.eye(3)))
        note.error(lambda: setattr(layer, "weight", L.eye(2)))
        note.error(lambda: modern(L, "orthogonal")(nn.Linear(3, 3), "bias"))
        note.error(lambda: modern(L, "orthogonal")(nn.Linear(3, 3), "other"))
        note.error(lambda: modern(L, "orthogonal")(nn.Linear(3, 3), "weight", "other"))

    assert_both_see_the_same(script)


def test_older_ways():
    def script(L, nn, note):
        layer = util(L, "weight_norm")(nn.Linear(2, 3), name="weight")
        note(list(layer.state_dict()), layer.weight_g, layer.weight, layer(L.ones(1, 2)))
        note.error(lambda: util(L, "weight_norm")(layer))
        newer = modern(L, "weight_norm")(nn.Linear(2, 3))
        newer.load_state_dict(layer.state_dict())
        note(newer.weight)
        util(L, "remove_weight_norm")(layer)
        note(list(layer.state_dict()), layer.weight)
        note.error(lambda: util(L, "remove_weight_norm")(layer))
        layer = util(L, "spectral_norm")(nn.Linear(2, 3))
        note(list(layer.state_dict()), layer.weight, layer.weight_u, layer.weight_v)
        layer(L.ones(1, 2))
        note(layer.weight, layer.state_dict()._metadata)
        note.error(lambda: util(L, "spectral_norm")(layer))
        twin = util(L, "spectral_norm")(nn.Linear(2, 3))
        twin.load_state_dict(layer.state_dict())
        note(twin.weight_v)
        old = dict(layer.state_dict())
        old.pop("weight_v")
        old["weight"] = layer.weight.detach()
        twin.load_state_dict(old)
        note(twin.weight_v)
        old.pop("weight_u")
        old["weight"] = layer.weight.detach()
        note.error(lambda: twin.load_state_dict(old))
        util(L, "remove_spectral_norm")(layer)
        note(list(layer.state_dict()), layer.weight)
        note.error(lambda: util(L, "remove_spectral_norm")(layer))
        note.error(lambda: util(L, "spectral_norm")(nn.Linear(2, 2), n_power_iterations=0))
        note.error(lambda: modern(L, "spectral_norm")(nn.Linear(2, 2), n_power_iterations=0))
        note.error(lambda: modern(L, "spectral_norm")(nn.Linear(2, 2), dim=2))
        note.error(lambda: modern(L, "spectral_norm")(nn.Linear(2, 2), "other"))
        note.error(lambda: util(L, "weight_norm")(nn.LazyLinear(2)))

    assert_both_see_the_same(script)
