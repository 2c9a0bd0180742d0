"""Random tensors against numbers that PyTorch drew, and what does not depend on them."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

import flambeau as fb
from tests.golden.sampling_cases import CASES, SEED, digest

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "sampling.json").read_text(encoding="utf-8")
)


def test_every_case_is_recorded():
    assert set(GOLDEN["cases"]) == set(CASES)
    assert GOLDEN["seed"] == SEED


@pytest.mark.parametrize("name", CASES)
def test_draws_what_pytorch_drew(name):
    fb.manual_seed(SEED)
    result = CASES[name](fb, fb.nn.functional)
    array = result._array.copy("C")
    if result.dtype is fb.bfloat16:
        array = array.view(np.int16)
    values, state = GOLDEN["cases"][name]
    assert digest(array) == values
    assert digest(fb.get_rng_state()._array) == state


def test_state_can_be_saved_and_restored():
    fb.manual_seed(3)
    fb.randn(3)
    state = fb.get_rng_state()
    first = fb.randn(5)
    fb.set_rng_state(state)
    assert fb.randn(5).tolist() == first.tolist()
    assert state.dtype is fb.uint8
    assert tuple(state.shape) == (5056,)


def test_generators_are_independent_and_can_be_pickled():
    a, b = fb.Generator().manual_seed(1), fb.Generator().manual_seed(1)
    fb.rand(10)
    copy = pickle.loads(pickle.dumps(a))
    assert fb.rand(3, generator=a).tolist() == fb.rand(3, generator=b).tolist()
    assert fb.rand(3, generator=copy).tolist() == fb.rand(3, generator=b.manual_seed(1)).tolist()
    assert isinstance(copy, fb.Generator)


def test_fork_rng_leaves_the_stream_alone():
    fb.manual_seed(0)
    with fb.random.fork_rng():
        inside = fb.rand(2)
    assert fb.rand(2).tolist() == inside.tolist()


def test_the_random_namespace_is_the_same_stream():
    fb.random.manual_seed(11)
    state = fb.random.get_rng_state()
    first = fb.rand(2)
    fb.random.set_rng_state(state)
    assert fb.rand(2).tolist() == first.tolist()
    assert fb.random.initial_seed() == fb.initial_seed() == 11


@pytest.mark.parametrize(
    "fill",
    ["uniform_", "normal_", "exponential_", "cauchy_", "log_normal_", "bernoulli_", "random_"],
)
def test_filled_tensor_passes_no_gradient_on(fill):
    x = fb.ones(3, requires_grad=True)
    y = x * 2
    getattr(y, fill)()
    assert y.requires_grad
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 0.0]


def test_filling_a_part_leaves_the_gradient_of_the_rest():
    x = fb.ones(4, requires_grad=True)
    y = x * 3
    y[:2].uniform_()
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 3.0, 3.0]


def test_parameters_of_samples_get_zero():
    mean, std = fb.zeros(2, requires_grad=True), fb.ones(2, requires_grad=True)
    gradients = fb.autograd.grad(fb.normal(mean, std).sum(), (mean, std))
    assert [g.tolist() for g in gradients] == [[0.0, 0.0], [0.0, 0.0]]


def test_a_leaf_that_wants_a_gradient_cannot_be_filled():
    x = fb.zeros(2, requires_grad=True)
    with pytest.raises(RuntimeError):
        x.uniform_()
    assert x.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: fb.empty(2).uniform_(2, 1),
            (
                "uniform: the bounds are in the wrong order\n"
                "  expected: low <= high\n"
                "  got:      low = 2 and high = 1"
            ),
        ),
        (
            lambda: fb.normal(fb.zeros(2), fb.tensor([1.0, -2.0])),
            "normal: a standard deviation is negative\n  expected: std >= 0\n  got:      -2.0",
        ),
        (
            lambda: fb.rand(2, -1),
            "rand: a size is negative\n  expected: sizes >= 0\n  got:      (2, -1)",
        ),
        (
            lambda: fb.multinomial(fb.ones(2, 2, 2), 1),
            (
                "multinomial: weights are a vector or a matrix\n"
                "  expected: 1 or 2 dimensions\n"
                "  got:      shape (2, 2, 2)"
            ),
        ),
    ],
)
def test_errors_say_what_is_wrong(call, text):
    before = fb.get_rng_state()
    with pytest.raises(RuntimeError) as error:
        call()
    assert str(error.value) == text
    assert (fb.get_rng_state() == before).all()


@pytest.mark.parametrize("arguments", [(10, 2), (0, 2.5, (2,)), (), (1, 2, 3, (2,))])
def test_randint_refuses_other_arguments(arguments):
    with pytest.raises(TypeError):
        fb.randint(*arguments)
