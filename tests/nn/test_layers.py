"""Layers against what was recorded from PyTorch, and against finite differences."""

import json
from pathlib import Path

import numpy as np
import pytest

import flambeau as fb
from tests.nn.image_layers import IMAGE_LAYERS
from tests.nn.layers import ALL, LAYERS, example_input, weights_like

RECORDED = json.loads(
    (Path(__file__).parents[1] / "golden" / "nn.json").read_text(encoding="utf-8")
)["layers"]


def decoded(entry):
    return np.frombuffer(bytes.fromhex(entry["bits"]), "<f4").reshape(entry["shape"])


def test_every_layer_is_recorded():
    assert set(RECORDED) == set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_text_and_initial_bits(name):
    fb.manual_seed(1)
    module, expected = ALL[name](fb.nn), RECORDED[name]
    assert repr(module) == expected["text"]
    state = module.state_dict()
    assert list(state) == list(expected["state"])
    for key, entry in expected["state"].items():
        np.testing.assert_array_equal(state[key].numpy(), decoded(entry))
    assert fb.rand(1).item().hex() == expected["next"]


@pytest.mark.parametrize("name", LAYERS)
def test_outputs_and_gradients(name):
    fb.manual_seed(1)
    module, expected = ALL[name](fb.nn), RECORDED[name]
    fb.manual_seed(2)
    x = fb.tensor(example_input(name), requires_grad=True)
    y = module(x)
    (y * fb.tensor(weights_like(y.shape))).sum().backward()
    for ours, entry in ((y, expected["output"]), (x.grad, expected["gradient"])):
        np.testing.assert_allclose(ours.detach().numpy(), decoded(entry), rtol=2e-6, atol=2e-6)


# In these the gradient is not that of the function: lots are drawn, or a point is a kink.
DRAWS = [name for name in LAYERS if "dropout" in name or name == "rrelu"]
# These draw lots in evaluation too.
ALWAYS = [name for name in LAYERS if "fractional" in name]


@pytest.mark.parametrize("name", [name for name in LAYERS if name not in (*DRAWS, *ALWAYS)])
def test_gradients_agree_with_finite_differences(name):
    module = LAYERS[name][0](fb.nn).double()
    x = fb.tensor(example_input(name).astype(np.float64), requires_grad=True)
    parameters = list(module.parameters())
    quick = name in IMAGE_LAYERS  # in one random direction: their Jacobians are large
    assert fb.autograd.gradcheck(lambda x, *_: module(x), (x, *parameters), fast_mode=quick)


@pytest.mark.parametrize("name", DRAWS)
def test_evaluation_draws_nothing(name):
    module = LAYERS[name][0](fb.nn).eval()
    fb.manual_seed(3)
    x = fb.tensor(example_input(name))
    first = module(x)
    assert fb.rand(1).item() == fb.rand(1, generator=fb.Generator().manual_seed(3)).item()
    np.testing.assert_array_equal(first.detach().numpy(), module(x).detach().numpy())


def test_bilinear_is_its_formula():
    layer = fb.nn.Bilinear(2, 3, 4, dtype=fb.float64)
    a, b = np.random.default_rng(0).normal(size=(2, 5, 6))
    a, b = a[:, :2], b[:, :3]
    expected = np.einsum("ni,kij,nj->nk", a, layer.weight.detach().numpy(), b)
    result = layer(fb.tensor(a), fb.tensor(b)).detach().numpy()
    np.testing.assert_allclose(result, expected + layer.bias.detach().numpy(), rtol=1e-12)
    bare = fb.nn.Bilinear(2, 3, 4, bias=False)
    assert bare.bias is None
    assert repr(bare) == "Bilinear(in1_features=2, in2_features=3, out_features=4, bias=False)"


def test_dropout_keeps_the_mean():
    fb.manual_seed(0)
    kept = fb.nn.Dropout(0.25)(fb.ones(10000)).numpy()
    assert set(np.unique(kept)) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs(kept.mean() - 1) < 0.02
    channels = fb.nn.Dropout2d(0.5)(fb.ones(50, 20, 3, 3)).numpy().reshape(1000, 9)
    assert (channels == channels[:, :1]).all()
    assert 0.4 < (channels[:, 0] == 0).mean() < 0.6


def test_softmax2d_sums_over_channels():
    result = fb.nn.Softmax2d()(fb.randn(2, 3, 4, 5))
    np.testing.assert_allclose(result.sum(1).numpy(), np.ones((2, 4, 5)), rtol=1e-6)


def test_in_place_forms_replace_the_input():
    functional = fb.nn.functional
    values = fb.tensor([-2.0, -0.5, 0.5, 2.0])
    for name in ("relu", "leaky_relu", "elu", "selu", "celu", "hardtanh", "rrelu"):
        x = values.clone()
        y = getattr(functional, name + "_")(x)
        assert y is x
        np.testing.assert_array_equal(x.numpy(), getattr(functional, name)(values).numpy())
    x = values.clone()
    assert functional.threshold_(x, 0.1, 5.0) is x
    assert x.tolist() == [5.0, 5.0, 0.5, 2.0]


LAYER_ERRORS = {
    "p": (
        lambda: fb.nn.Dropout(1.5),
        ValueError,
        "Dropout: not a probability\n  expected: 0 <= p <= 1\n  got:      p = 1.5",
    ),
    "hardtanh": (
        lambda: fb.nn.Hardtanh(2, 1),
        AssertionError,
        (
            "Hardtanh: the bounds are in the wrong order\n  expected: min_val < max_val\n"
            "  got:      min_val = 2 and max_val = 1"
        ),
    ),
    "softmax2d": (
        lambda: fb.nn.Softmax2d()(fb.zeros(2)),
        ValueError,
        "Softmax2d: not an image\n  expected: 3 or 4 dimensions\n  got:      shape (2,)",
    ),
    "bilinear": (
        lambda: fb.nn.Bilinear(0, 1, 1),
        ValueError,
        "Bilinear: no first input\n  expected: in1_features > 0\n  got:      0",
    ),
    "unflatten": (
        lambda: fb.nn.Unflatten(1, 3.5),
        TypeError,
        (
            "Unflatten: sizes are not integers\n  expected: a tuple or list of integers\n"
            "  got:      3.5"
        ),
    ),
    "unflatten dim": (
        lambda: fb.nn.Unflatten("a", (1,)),
        TypeError,
        "Unflatten: dim is not an int\n  expected: an int\n  got:      str",
    ),
    "rrelu": (
        lambda: fb.nn.functional.rrelu(fb.zeros(2), 0.5, 0.1, training=True),
        RuntimeError,
        (
            "rrelu: the bounds are in the wrong order\n  expected: lower <= upper\n"
            "  got:      lower=0.5, upper=0.1"
        ),
    ),
}


@pytest.mark.parametrize("name", LAYER_ERRORS)
def test_errors(name):
    call, kind, text = LAYER_ERRORS[name]
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == text


def test_signatures_are_those_of_the_layers():
    import inspect

    assert str(inspect.signature(fb.nn.LeakyReLU)) == (
        "(negative_slope: float = 0.01, inplace: bool = False) -> None"
    )
    assert str(inspect.signature(fb.nn.Tanh)) == "() -> None"
    layer = fb.nn.ELU(inplace=True)
    assert (layer.alpha, layer.inplace) == (1.0, True)


def test_activations_can_be_derived_from_and_pickled():
    import copy
    import pickle

    class Steep(fb.nn.LeakyReLU):
        def __init__(self):
            super().__init__(0.5)

    assert repr(Steep()) == "Steep(negative_slope=0.5)"
    assert Steep()(fb.tensor([-2.0])).item() == -1.0
    layer = pickle.loads(pickle.dumps(fb.nn.Softplus(3)))
    assert repr(copy.deepcopy(layer)) == "Softplus(beta=3, threshold=20.0)"
