"""Layers that take their shapes from the first input, beside PyTorch's."""

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore::UserWarning")]

SHAPES = {1: (2, 4, 5), 2: (2, 4, 5, 6), 3: (2, 4, 3, 4, 5)}
CASES = [
    (f"{kind}{n}d", arguments, options, SHAPES[n])
    for n in SHAPES
    for kind, arguments, options in (
        ("LazyConv", (6, 2), {}),
        ("LazyConv", (6, 2), {"groups": 2, "bias": False, "padding": 1}),
        ("LazyConvTranspose", (6, 2), {"stride": 2, "dtype": "float64"}),
        ("LazyBatchNorm", (), {}),
        ("LazyBatchNorm", (1e-3,), {"affine": False}),
        ("LazyInstanceNorm", (), {}),
        ("LazyInstanceNorm", (), {"track_running_stats": False, "bias": False}),
    )
]
ids = [f"{name} {options}" for name, _, options, _ in CASES]


@pytest.mark.parametrize(("name", "arguments", "options", "shape"), CASES, ids=ids)
def test_first_call(name, arguments, options, shape):
    results = []
    for L in (fb, torch):
        L.manual_seed(0)
        given = dict(options)
        kind = getattr(L, given.pop("dtype", "float32"))
        layer = getattr(L.nn, name)(*arguments, **given, dtype=kind)
        seen = [repr(layer), list(layer.state_dict())]
        x = L.tensor(np.random.default_rng(0).normal(size=shape), dtype=kind)
        y = layer(x)
        if y.requires_grad:
            y.square().sum().backward()
        seen += [repr(layer), type(layer).__name__, list(layer.state_dict())]
        numbers = [*layer.state_dict().values(), y, *(p.grad for p in layer.parameters())]
        other = getattr(L.nn, name)(*arguments, **given, dtype=kind)
        other.load_state_dict(layer.state_dict())
        seen.append(repr(other))
        if L is fb or "Instance" not in name:  # PyTorch's fail once they are loaded
            again = other(x)
            assert again.shape == y.shape
        if "Instance" not in name:
            numbers.append(again)
        numbers.append(L.rand(1))
        results.append((seen, numbers))
    (seen, numbers), (expected, their_numbers) = results
    assert seen == expected
    for a, b in zip(numbers, their_numbers, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=2e-4, atol=1e-4)


def test_errors():
    for L in (fb, torch):
        with pytest.raises(ValueError):
            L.nn.LazyConv1d(6, 2, groups=2)(L.zeros(1, 3, 4))
        with pytest.raises(RuntimeError):
            L.nn.LazyConv2d(6, 2)(L.zeros(3, 4))
        with pytest.raises(ValueError):
            L.nn.LazyBatchNorm2d()(L.zeros(3, 4))
