"""Layers beside PyTorch's: text, initial bits, values, gradients, the random stream."""

import numpy as np
import pytest

import flambeau as fb
from tests.nn.layers import ALL, LAYERS

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers


def pair(make):
    """The same module of both libraries, made from one seed."""
    modules = []
    for library in (fb, torch):
        library.manual_seed(1)
        modules.append(make(library.nn))
    return modules


def same_bits(ours, theirs):
    ours, theirs = ours.detach().numpy(), theirs.detach().numpy()
    assert ours.dtype == theirs.dtype
    assert ours.shape == theirs.shape
    assert ours.tobytes() == theirs.tobytes()


@pytest.mark.parametrize("name", ALL)
def test_text(name):
    ours, theirs = pair(ALL[name])
    assert repr(ours) == repr(theirs)


@pytest.mark.parametrize("name", ALL)
def test_state_and_initial_bits(name):
    ours, theirs = pair(ALL[name])
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert ours.state_dict()._metadata == theirs.state_dict()._metadata
    for key, value in ours.state_dict().items():
        same_bits(value, theirs.state_dict()[key])
    assert fb.rand(1).item() == torch.rand(1).item()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_values_and_gradients(name, mode, dtype):
    make, shape = LAYERS[name]
    ours, theirs = (m.to(getattr(lib, dtype)) for m, lib in zip(pair(make), (fb, torch)))
    values = np.random.default_rng(0).normal(size=shape).astype(dtype)
    results = []
    for library, module in ((fb, ours), (torch, theirs)):
        library.manual_seed(2)
        x = library.tensor(values, requires_grad=True)
        y = module.train(mode)(x)
        (
            y * library.tensor(np.linspace(-1, 1, y.numel()).astype(dtype)).reshape(y.shape)
        ).sum().backward()
        results.append([y, x.grad, *(p.grad for p in module.parameters())])
    tolerance = {"float32": 2e-6, "float64": 1e-13}[dtype]
    if name == "hardsigmoid":  # PyTorch multiplies by 1/6 rounded to float32, in float64 too
        tolerance = max(tolerance, 1e-8)
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(
            a.detach().numpy(), b.detach().numpy(), rtol=tolerance, atol=tolerance
        )
    assert fb.rand(1).item() == torch.rand(1).item()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_factory_types(dtype):
    for make in (
        lambda nn, kind: nn.Linear(3, 20, dtype=kind, device="cpu"),
        lambda nn, kind: nn.Embedding(5, 7, dtype=kind),
        lambda nn, kind: nn.PReLU(3, dtype=kind),
        lambda nn, kind: nn.Bilinear(2, 3, 4, dtype=kind),
    ):
        states = []
        for library in (fb, torch):
            library.manual_seed(3)
            states.append(make(library.nn, getattr(library, dtype)).state_dict())
        for key, value in states[0].items():
            assert str(value.dtype) == str(states[1][key].dtype)
            np.testing.assert_array_equal(value.double().numpy(), states[1][key].double().numpy())


@pytest.mark.parametrize("bias", [True, False])
def test_bilinear(bias):
    ours, theirs = pair(lambda nn: nn.Bilinear(2, 3, 4, bias=bias))
    assert repr(ours) == repr(theirs)
    values = [np.random.default_rng(i).normal(size=(5, i + 2)).astype("float32") for i in range(2)]
    results = []
    for library, module in ((fb, ours), (torch, theirs)):
        inputs = [library.tensor(v, requires_grad=True) for v in values]
        y = module(*inputs)
        y.sum().backward()
        results.append([y, *(x.grad for x in inputs), *(p.grad for p in module.parameters())])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"padding_idx": 2},
        {"padding_idx": -1},
        {"scale_grad_by_freq": True},
        {"padding_idx": 0, "scale_grad_by_freq": True},
        {"max_norm": 1.0},
        {"max_norm": 0.5, "norm_type": 1.0, "padding_idx": 1},
    ],
)
@pytest.mark.parametrize("shape", [(), (0,), (9,), (3, 4)])
def test_embedding(options, shape, dtype):
    index = np.random.default_rng(0).integers(0, 5, shape)
    results = []
    for library in (fb, torch):
        library.manual_seed(0)
        layer = library.nn.Embedding(5, 3, dtype=getattr(library, dtype), **options)
        y = layer(library.tensor(index))
        factor = np.arange(1, y.numel() + 1).reshape(y.shape) / 7
        (y * library.tensor(factor, dtype=y.dtype)).sum().backward()
        results.append([y, layer.weight.grad, layer.weight])
    tolerance = {"float32": 1e-6, "float64": 1e-14, "float16": 4e-3, "bfloat16": 3e-2}[dtype]
    for a, b in zip(*results, strict=True):
        a, b = a.detach().double().numpy(), b.detach().double().numpy()
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def test_embedding_twice_differentiated():
    index = np.array([0, 2, 2, 1])
    results = []
    for library in (fb, torch):
        w = library.tensor(np.arange(12.0).reshape(4, 3) / 5, requires_grad=True)
        y = library.nn.functional.embedding(library.tensor(index), w, padding_idx=1)
        (g,) = library.autograd.grad((y**3).sum(), w, create_graph=True)
        (h,) = library.autograd.grad((g**2).sum(), w)
        results.append([g, h])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-14)


def raised(call):
    try:
        call()
    except Exception as error:  # noqa: BLE001 whatever it is, both must raise it
        return type(error)
    return None


ERRORS = {
    "index too large": lambda L: L.nn.Embedding(3, 2)(L.tensor([3])),
    "index negative": lambda L: L.nn.Embedding(3, 2)(L.tensor([-1])),
    "index of floats": lambda L: L.nn.Embedding(3, 2)(L.tensor([1.0])),
    "padding too large": lambda L: L.nn.Embedding(3, 2, padding_idx=3),
    "padding too small": lambda L: L.nn.Embedding(3, 2, padding_idx=-4),
    "table no matrix": lambda L: L.nn.Embedding.from_pretrained(L.zeros(3)),
    "table of another shape": lambda L: L.nn.Embedding(3, 2, _weight=L.zeros(2, 2)),
    "bilinear without input": lambda L: L.nn.Bilinear(0, 1, 1),
    "hardtanh": lambda L: L.nn.Hardtanh(1, 1),
    "softmax2d": lambda L: L.nn.Softmax2d()(L.zeros(2)),
    "dropout": lambda L: L.nn.Dropout(1.5),
    "dropout negative": lambda L: L.nn.Dropout(-0.5),
    "gelu": lambda L: L.nn.GELU("x")(L.zeros(1)),
    "tanh with argument": lambda L: L.nn.Tanh(3),
    "linear of a wrong size": lambda L: L.nn.Linear(3, 2)(L.zeros(2, 4)),
    "linear of a wrong type": lambda L: L.nn.Linear(3, 2)(L.zeros(2, 3, dtype=L.float64)),
    "prelu": lambda L: L.nn.PReLU(3)(L.zeros(2, 2)),
    "glu": lambda L: L.nn.GLU()(L.zeros(2, 3)),
    "unflatten": lambda L: L.nn.Unflatten(1, 3.0),
    "unflatten sizes": lambda L: L.nn.Unflatten(1, (2, 5))(L.zeros(2, 6)),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    ours, theirs = raised(lambda: ERRORS[name](fb)), raised(lambda: ERRORS[name](torch))
    assert theirs is not None
    assert ours is not None
    assert issubclass(ours, theirs)


def test_softmax_without_a_dimension():
    for shape in ((3,), (2, 3), (2, 3, 4), (2, 2, 2, 2)):
        values = np.random.default_rng(0).normal(size=shape)
        for name in ("softmax", "log_softmax", "softmin"):
            with pytest.warns(UserWarning, match="dim"):
                ours = getattr(fb.nn.functional, name)(fb.tensor(values))
            with pytest.warns(UserWarning, match="dim"):
                theirs = getattr(torch.nn.functional, name)(torch.tensor(values))
            np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-13)


@pytest.mark.parametrize("hard", [True, False])
def test_gumbel_softmax(hard):
    results = []
    for library in (fb, torch):
        library.manual_seed(5)
        logits = library.tensor(np.linspace(-1, 1, 12).reshape(3, 4), requires_grad=True)
        y = library.nn.functional.gumbel_softmax(logits, tau=0.7, hard=hard)
        (y * library.tensor(np.arange(12.0).reshape(3, 4))).sum().backward()
        results.append([y, logits.grad])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-12, atol=1e-13)
