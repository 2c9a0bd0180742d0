"""Initial values beside PyTorch's, bit for bit where the formulas are elementary."""

import warnings

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers

EXACT = {
    "uniform": lambda L, t: L.nn.init.uniform_(t, -2.5, 3.25),
    "normal": lambda L, t: L.nn.init.normal_(t, 1.0, 0.3),
    "constant": lambda L, t: L.nn.init.constant_(t, 0.3),
    "ones": lambda L, t: L.nn.init.ones_(t),
    "zeros": lambda L, t: L.nn.init.zeros_(t),
    "xavier uniform": lambda L, t: L.nn.init.xavier_uniform_(t, gain=1.3),
    "xavier normal": lambda L, t: L.nn.init.xavier_normal_(t),
    "kaiming uniform": lambda L, t: L.nn.init.kaiming_uniform_(t, a=0.2),
    "kaiming uniform out": lambda L, t: L.nn.init.kaiming_uniform_(t, 0, "fan_out", "relu"),
    "kaiming normal": lambda L, t: L.nn.init.kaiming_normal_(t, mode="FAN_IN", nonlinearity="tanh"),
    "truncated, mostly inside": lambda L, t: L.nn.init.trunc_normal_(t, 0.1, 1.0, -1.0, 1.5),
    "truncated, mostly outside": lambda L, t: L.nn.init.trunc_normal_(t, 0.0, 1.0, 1.5, 2.0),
    "truncated, far": lambda L, t: L.nn.init.trunc_normal_(t, 0.0, 1.0, 2.5, 2.7),
    "own generator": lambda L, t: L.nn.init.normal_(t, generator=L.Generator().manual_seed(3)),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*mean is more than 2 std")
@pytest.mark.parametrize("shape", [(3, 4), (5, 30), (4, 3, 2), (6, 2, 3, 3)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", EXACT)
def test_same_bits(name, dtype, shape):
    results = []
    for library in (fb, torch):
        library.manual_seed(0)
        tensor = library.empty(shape, dtype=getattr(library, dtype), requires_grad=True)
        result = EXACT[name](library, tensor)
        assert result is tensor
        assert tensor.is_leaf
        assert tensor.requires_grad
        results.append([tensor.detach().numpy(), library.rand(1).numpy()])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("shape", [(3, 3), (2, 5), (5, 2), (4, 3, 2), (1, 7)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_orthogonal(shape, dtype):
    results = []
    for library in (fb, torch):
        library.manual_seed(0)
        tensor = library.empty(shape, dtype=getattr(library, dtype))
        results.append(library.nn.init.orthogonal_(tensor, gain=1.5).numpy())
    tolerance = {"float32": 1e-5, "float64": 1e-13}[dtype]
    np.testing.assert_allclose(*results, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("sparsity", [0.0, 0.1, 0.5, 1.0])
def test_sparse(sparsity):
    results = []
    for library in (fb, torch):
        library.manual_seed(0)
        results.append(library.nn.init.sparse_(library.empty(6, 5), sparsity, 0.1).numpy())
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("shape", [(4, 4, 3), (2, 5, 4), (6, 2, 3, 3), (4, 2, 2, 3, 3)])
@pytest.mark.parametrize("groups", [1, 2])
def test_dirac(shape, groups):
    ours = fb.nn.init.dirac_(fb.empty(shape), groups)
    theirs = torch.nn.init.dirac_(torch.empty(shape), groups)
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("shape", [(3, 3), (2, 5), (5, 2)])
def test_eye(shape):
    ours, theirs = (L.nn.init.eye_(L.empty(shape)).numpy() for L in (fb, torch))
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    "name", ["linear", "conv2d", "sigmoid", "tanh", "relu", "selu", "leaky_relu"]
)
def test_gain(name):
    for param in (None, 0.3, 2):
        assert fb.nn.init.calculate_gain(name, param) == torch.nn.init.calculate_gain(name, param)


ERRORS = {
    "gain": lambda L: L.nn.init.calculate_gain("gelu"),
    "slope": lambda L: L.nn.init.calculate_gain("leaky_relu", True),
    "fan": lambda L: L.nn.init.xavier_uniform_(L.empty(3)),
    "mode": lambda L: L.nn.init.kaiming_normal_(L.empty(3, 3), mode="fan"),
    "eye": lambda L: L.nn.init.eye_(L.empty(3)),
    "dirac": lambda L: L.nn.init.dirac_(L.empty(3, 3)),
    "groups": lambda L: L.nn.init.dirac_(L.empty(3, 3, 3), groups=2),
    "orthogonal": lambda L: L.nn.init.orthogonal_(L.empty(3)),
    "sparse": lambda L: L.nn.init.sparse_(L.empty(3, 3, 3), 0.1),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    with pytest.raises(ValueError):
        ERRORS[name](torch)
    with pytest.raises(ValueError):
        ERRORS[name](fb)


@pytest.mark.parametrize(
    "name",
    ["uniform", "normal", "constant", "eye", "dirac", "xavier_uniform", "xavier_normal",
     "kaiming_uniform", "kaiming_normal", "orthogonal", "sparse"],
)  # fmt: skip
def test_older_names(name):
    given = {"constant": (0.5,), "sparse": (0.5,)}.get(name, ())
    shape = (3, 3, 3) if name == "dirac" else (3, 3)
    results = []
    for library in (fb, torch):
        library.manual_seed(0)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            results.append(getattr(library.nn.init, name)(library.empty(shape), *given).numpy())
        assert [w.category for w in caught] == [FutureWarning]
    np.testing.assert_allclose(*results, atol=1e-6)


def test_nothing_to_fill():
    for library in (fb, torch):
        with pytest.warns(UserWarning, match="element"):
            library.nn.init.kaiming_uniform_(library.empty(0, 3))
        with pytest.warns(UserWarning, match="element"):
            library.nn.init.kaiming_normal_(library.empty(3, 0))


def test_transposed_tensors_are_filled_alike():
    for fill in (lambda L, t: L.nn.init.normal_(t), lambda L, t: L.nn.init.trunc_normal_(t)):
        results = []
        for library in (fb, torch):
            library.manual_seed(0)
            results.append(fill(library, library.empty(5, 8).t()).numpy())
        np.testing.assert_array_equal(*results)
