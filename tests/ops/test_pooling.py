"""Pooling against windows looked at one by one, and what is said about bad arguments."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import flambeau as fb
from flambeau.nn import functional as F

RANDOM = np.random.default_rng(0)


def windows(x, kernel, stride, padding, dilation=1):
    """The elements of each window that lie on the image, with their flat places."""
    height, width = x.shape
    reach = dilation * (kernel - 1) + 1
    rows = range(-padding, height + padding - reach + 1, stride)
    columns = range(-padding, width + padding - reach + 1, stride)
    for row, column in itertools.product(rows, columns):
        places = [
            (row + i * dilation, column + j * dilation)
            for i, j in itertools.product(range(kernel), repeat=2)
        ]
        yield [(x[r, c], r * width + c) for r, c in places if 0 <= r < height and 0 <= c < width]


@pytest.mark.parametrize("numbers", [(2, 2, 0), (3, 2, 1), (3, 1, 1, 2), (1, 2, 0), (2, 3, 1)])
def test_windows_one_by_one(numbers):
    x = RANDOM.normal(size=(7, 8))
    values, places = F.max_pool2d(
        fb.tensor(x)[None], *numbers[:3], *numbers[3:], return_indices=True
    )
    expected = [max(window) for window in windows(x, *numbers)]
    assert values.flatten().tolist() == [v for v, _ in expected]
    assert places.flatten().tolist() == [p for _, p in expected]
    if len(numbers) == 3:
        found = F.avg_pool2d(fb.tensor(x)[None], *numbers, count_include_pad=False)
        expected = [np.mean([v for v, _ in window]) for window in windows(x, *numbers)]
        np.testing.assert_allclose(found.flatten().numpy(), expected, rtol=1e-12)


def test_adaptive_regions():
    x = RANDOM.normal(size=(7, 5))
    found = F.adaptive_avg_pool2d(fb.tensor(x)[None], (3, 4))[0].numpy()
    for i, j in np.ndindex(3, 4):
        rows = slice(i * 7 // 3, -(-(i + 1) * 7 // 3))
        columns = slice(j * 5 // 4, -(-(j + 1) * 5 // 4))
        assert found[i, j] == pytest.approx(x[rows, columns].mean(), rel=1e-12)
    largest, places = F.adaptive_max_pool2d(fb.tensor(x)[None], (3, 4), True)
    np.testing.assert_array_equal(x.reshape(-1)[places[0].numpy()], largest[0].numpy())


def test_unpooling_undoes_pooling():
    x = fb.tensor(RANDOM.normal(size=(2, 3, 6, 8)))
    values, places = F.max_pool2d(x, 2, return_indices=True)
    back = F.max_unpool2d(values, places, 2)
    assert back.shape == x.shape
    kept = back != 0
    np.testing.assert_array_equal(back[kept].numpy(), x[kept].numpy())
    assert kept.sum().item() == values.numel()


def test_the_first_of_equal_values_gets_the_gradient():
    x = fb.ones(1, 1, 4, 4, requires_grad=True)
    F.max_pool2d(x, 2).sum().backward()
    assert x.grad[0, 0].tolist() == [[1, 0, 1, 0], [0, 0, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]


def test_infinite_gradients_stay_where_they_belong():
    x = fb.tensor([[[1.0, 2.0], [3.0, 4.0]]], requires_grad=True)
    for stride in (1, 2):
        x.grad = None
        F.max_pool2d(x, 2, stride).backward(fb.tensor([[[float("inf")]]]))
        assert x.grad[0].tolist() == [[0, 0], [0, float("inf")]]


def test_an_output_may_be_changed_in_place():
    x = fb.randn(1, 2, 4, 4, requires_grad=True)
    F.max_pool2d(x, 2).relu_().sum().backward()
    assert x.grad is not None


def losses(wrap):
    fb.manual_seed(0)
    nn = fb.nn
    model = nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1),
        nn.MaxPool2d(2),
        nn.Conv2d(3, 3, 3),
        nn.MaxPool2d(3, 2, 1),
        nn.AvgPool2d(3, 1, 1, count_include_pad=False),
        nn.AdaptiveAvgPool2d((2, 3)),
        nn.AdaptiveMaxPool2d(1),
    ).double()
    optimizer = fb.optim.SGD(model.parameters(), lr=0.1)

    def step(x):
        optimizer.zero_grad()
        loss = (model(x) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss

    step, x = wrap(step), fb.randn(2, 1, 14, 12, dtype=fb.float64)
    return [step(x).item() for _ in range(5)]


def test_compiled_step_trains_as_eager():
    np.testing.assert_allclose(losses(fb.compile), losses(lambda f: f), rtol=1e-11)


def test_max_and_average_pooling_compile_to_native_code():
    x = fb.randn(2, 3, 6, 6, requires_grad=True)

    @fb.compile
    def step(x):
        y = F.max_pool2d(x, 3, 2, 1) + F.avg_pool2d(x, 2) + F.adaptive_avg_pool2d(x, 3)
        y = y + F.max_pool2d(x, 2)
        (y * y).sum().backward()
        return y

    step(x)
    assert "operations through NumPy: none" in str(step.report())


ERRORS = {
    "padding": (
        lambda: F.max_pool2d(fb.ones(1, 4, 4), 2, padding=2),
        (
            "max_pool2d: padding does not fit the kernel\n"
            "  expected: 0 <= padding <= half of the kernel's extent\n"
            "  got:      padding=(2, 2), kernel_size=(2, 2), dilation=(1, 1)"
        ),
    ),
    "kernel": (
        lambda: F.avg_pool2d(fb.ones(1, 4, 4), 5),
        (
            "avg_pool2d: the kernel does not fit the input\n  expected: a smaller kernel\n"
            "  got:      sizes (4, 4) and kernel_size=(5, 5)"
        ),
    ),
    "dimensions": (
        lambda: F.max_pool1d(fb.ones(4), 2),
        (
            "max_pool1d: the input is no plane or empty\n"
            "  expected: 2 dimensions, or 3 with a batch, none but the batch empty\n"
            "  got:      shape (4,)"
        ),
    ),
    "adaptive": (
        lambda: F.adaptive_avg_pool1d(fb.ones(1, 4), -1),
        "adaptive_avg_pool1d: a negative size\n  expected: output_size >= 0\n  got:      (-1,)",
    ),
    "unpool": (
        lambda: F.max_unpool2d(fb.ones(1, 1, 1), fb.tensor([[[7]]]), 2),
        (
            "max_unpool2d: an index is out of range\n"
            "  expected: 0 <= index < 4 for sizes (2, 2)\n  got:      from 7 to 7"
        ),
    ),
    "fractional": (
        lambda: F.fractional_max_pool2d(fb.ones(1, 4, 4), 3, 3),
        (
            "fractional_max_pool2d: the windows do not fit the input\n"
            "  expected: output size + kernel size - 1 <= input size\n"
            "  got:      input (1, 4, 4), kernel_size=(3, 3), output_size=(3, 3)"
        ),
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    call, text = ERRORS[name]
    with pytest.raises(RuntimeError) as caught:
        call()
    assert str(caught.value) == text


def test_unpooling_to_sizes_out_of_reach():
    with pytest.raises(ValueError) as caught:
        F.max_unpool1d(fb.ones(1, 2), fb.tensor([[0, 2]]), 2, output_size=(9,))
    assert str(caught.value) == (
        "max_unpool1d: output_size cannot be reached\n  expected: sizes from (3,) to (5,)\n"
        "  got:      (9,)"
    )
