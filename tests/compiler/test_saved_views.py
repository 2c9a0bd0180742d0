"""What a compiled function keeps for its backward pass may be a view with gaps."""

from __future__ import annotations

import numpy as np
import pytest

import flambeau as fb

FUNCTIONS = {
    "split": lambda x, y: x.split(2, -1)[0] * x.split(2, -1)[1],
    "slices": lambda x, y: x[:, 1:3].exp() * x[:, :2],
    "every other": lambda x, y: x[::2] * y[::2].sin(),
    "column": lambda x, y: x[:, 1] * y[:, 2] * x[:, 3],
    "diagonal": lambda x, y: x.diagonal() * y.diagonal(),
    "spread": lambda x, y: x[:, :1].expand(4, 4) * y,
    "transposed part": lambda x, y: x[:, 1:].mT @ y[:, :2],
    "flipped": lambda x, y: x.flip(1)[:, :2] * y[:, :2],
    "part of a result": lambda x, y: (x * y)[:, 1:3] * (x + y)[:, 2:],
    "attention": lambda x, y: fb.nn.functional.scaled_dot_product_attention(
        x[:, :2], *y.split(2, -1)
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_outside_of_the_function(name):
    fb.manual_seed(0)
    x, y = (fb.randn(4, 4, dtype=fb.float64, requires_grad=True) for _ in range(2))
    function = FUNCTIONS[name]
    found = []
    for call in (function, fb.compile(function)):
        x.grad = y.grad = None
        call(x, y).square().sum().backward()
        found.append([t.grad for t in (x, y) if t.grad is not None])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)
