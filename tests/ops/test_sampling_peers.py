"""Random tensors and dropout, drawn live beside PyTorch."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import flambeau as fb
from tests.golden.sampling_cases import CASES

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.peers


@pytest.fixture(autouse=True)
def quiet_on_one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield
    torch.set_num_threads(threads)


def bits(x):
    x = x.detach().contiguous()
    if str(x.dtype) == "torch.bfloat16":
        x = x.view(fb.int16 if isinstance(x, fb.Tensor) else torch.int16)
    return x._array if isinstance(x, fb.Tensor) else x.numpy()


def assert_same_draws(function, seed):
    torch.manual_seed(seed)
    fb.manual_seed(seed)
    theirs, ours = function(torch, torch.nn.functional), function(fb, fb.nn.functional)
    assert str(ours.dtype) == str(theirs.dtype)
    np.testing.assert_array_equal(bits(ours), bits(theirs))
    np.testing.assert_array_equal(fb.get_rng_state()._array, torch.get_rng_state().numpy())


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", [0, 2**63 + 5])
def test_same_draws(name, seed):
    assert_same_draws(CASES[name], seed)


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("dropout", (5, 9)),
        ("dropout1d", (3, 4, 5)),
        ("dropout2d", (2, 3, 4, 5)),
        ("dropout3d", (2, 3, 2, 2, 2)),
        ("dropout3d", (3, 2, 2, 2)),
        ("alpha_dropout", (5, 9)),
        ("feature_alpha_dropout", (5, 9, 2)),
    ],
)
def test_same_dropout(name, shape, p, inplace):
    def call(m, F):
        x = m.arange(int(np.prod(shape)), dtype=m.float32).reshape(shape) + 1
        result = getattr(F, name)(x, p, True, inplace)
        return m.stack((result, x))

    assert_same_draws(call, 5)


@pytest.mark.parametrize("name", ["dropout", "alpha_dropout"])
def test_graph_and_gradient_of_dropout(name):
    found = []
    for m in (torch, fb):
        m.manual_seed(1)
        x = m.ones(20).requires_grad_(True)
        y = getattr(m.nn.functional, name)(x, 0.5, True)
        y.sum().backward()
        names = [y.grad_fn.name()] + [n.name() for n, _ in y.grad_fn.next_functions if n]
        found.append((names, x.grad.tolist()))
    assert found[0] == found[1]


def test_states_are_exchanged_both_ways():
    torch.manual_seed(4)
    torch.randn(5)
    fb.set_rng_state(fb.from_numpy(torch.get_rng_state().numpy()))
    assert fb.randn(3).tolist() == torch.randn(3).tolist()
    torch.set_rng_state(torch.from_numpy(fb.get_rng_state().numpy()))
    assert torch.rand(3).tolist() == fb.rand(3).tolist()


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.rand(2, dtype=m.int64),
        lambda m: m.randint(3, 2, (2,)),
        lambda m: m.randint(0, 300, (2,), dtype=m.uint8),
        lambda m: m.randperm(-1),
        lambda m: m.randperm(300, dtype=m.uint8),
        lambda m: m.bernoulli(m.tensor([2.0])),
        lambda m: m.bernoulli(m.tensor([1])),
        lambda m: m.multinomial(m.tensor([0.0, 0.0]), 1),
        lambda m: m.multinomial(m.tensor([-1.0, 1.0]), 1),
        lambda m: m.multinomial(m.ones(2), 3),
        lambda m: m.multinomial(m.ones(2), 0),
        lambda m: m.poisson(m.tensor([-1.0])),
        lambda m: m.normal(0.0, -1.0, (2,)),
        lambda m: m.normal(m.zeros(2), m.ones(3)),
        lambda m: m.normal(0.0, 1.0),
        lambda m: m.empty(3).exponential_(0),
        lambda m: m.empty(3).geometric_(1),
        lambda m: m.empty(3).cauchy_(0, 0),
        lambda m: m.empty(3).log_normal_(0, 0),
        lambda m: m.empty(3).bernoulli_(1.5),
        lambda m: m.empty(3).expand(2, 3).uniform_(),
        lambda m: m.nn.functional.dropout(m.ones(2), 1.5),
        lambda m: m.nn.functional.dropout(m.ones(2, dtype=m.int64), 0.5),
        lambda m: m.nn.functional.dropout1d(m.ones(2)),
        lambda m: m.manual_seed(2**64),
        lambda m: m.Generator().manual_seed(1.5),
        lambda m: m.Generator().set_state(m.zeros(3, dtype=m.uint8)),
        lambda m: m.Generator().set_state(m.zeros(5056)),
    ],
)
def test_same_kind_of_error(call):
    kinds = (RuntimeError, ValueError, TypeError)
    with pytest.raises(kinds) as theirs:
        call(torch)
    with pytest.raises(kinds) as ours:
        call(fb)
    expected = [k for k in kinds if isinstance(theirs.value, k)]
    assert [k for k in kinds if isinstance(ours.value, k)] == expected
