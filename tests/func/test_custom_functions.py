"""Users' own operations under all transformations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau import func


class Cube(fb.autograd.Function):
    """x^3 w, with a gradient of its own that is ten times too large, to be told by it."""

    @staticmethod
    def forward(ctx: Any, x: fb.Tensor, w: fb.Tensor) -> fb.Tensor:
        ctx.save_for_backward(x, w)
        return x**3 * w

    @staticmethod
    def backward(ctx: Any, g: fb.Tensor) -> Any:
        x, w = ctx.saved_tensors
        return 10 * g * 3 * x**2 * w, 10 * (g * x**3).sum()


class Pair(fb.autograd.Function):
    """Two results and an argument that is no tensor."""

    @staticmethod
    def forward(ctx: Any, x: fb.Tensor, power: int) -> Any:
        ctx.power = power
        ctx.save_for_backward(x)
        return x**power, x.exp()

    @staticmethod
    def backward(ctx: Any, g: fb.Tensor, h: fb.Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return g * ctx.power * x ** (ctx.power - 1) + h * x.exp(), None


X = fb.tensor([[1.0, -2.0], [0.5, 3.0], [2.0, 0.1]], dtype=fb.float64)
W = fb.tensor(2.0, dtype=fb.float64)


def twin(x: fb.Tensor, w: fb.Tensor) -> fb.Tensor:
    """The same value in ordinary operations."""
    return x**3 * w


@pytest.mark.parametrize("compiled", [False, True])
def test_their_own_gradients_are_used(compiled: bool) -> None:
    def of(f: Any) -> list[Any]:
        inside = fb.vmap(func.grad(lambda x, w: f(x, w).sum(), (0, 1)), (0, None))
        through = func.grad(lambda x, w: fb.vmap(f, (0, None))(x, w).sum(), (0, 1))
        pushed = lambda x, w: func.jvp(lambda x: f(x, w), (x,), (x,))[1]  # noqa: E731
        calls = [inside, through, pushed]
        return [(fb.compile(c) if compiled else c)(X, W) for c in calls]

    own, plain = of(Cube.apply), of(twin)
    for found, expected in zip(own, plain, strict=True):
        fb.tree.map(
            lambda x, y: np.testing.assert_allclose(x, 10 * y.numpy(), rtol=1e-12), found, expected
        )
    np.testing.assert_allclose(fb.vmap(Cube.apply, (0, None))(X, W), twin(X, W))


def test_second_derivatives() -> None:
    """Each differentiation that goes through the own gradient multiplies by ten, once."""
    total = lambda f: lambda x: fb.vmap(f, (0, None))(x, W).sum()  # noqa: E731
    expected = func.hessian(total(twin))(X)
    np.testing.assert_allclose(func.jacrev(func.jacrev(total(Cube.apply)))(X), 10 * expected)
    np.testing.assert_allclose(func.jacfwd(func.jacrev(total(Cube.apply)))(X), 10 * expected)
    outer = func.grad(lambda x: fb.vmap(func.grad(lambda x: Cube.apply(x, W).sum()))(x).sum())
    plain = func.grad(lambda x: fb.vmap(func.grad(lambda x: twin(x, W).sum()))(x).sum())
    np.testing.assert_allclose(outer(X), 10 * plain(X))


def test_several_results() -> None:
    def loss(f: Any) -> Any:
        return lambda x: sum((y * y).sum() for y in fb.vmap(lambda x: f(x, 3))(x))

    plain = lambda x, power: (x**power, x.exp())  # noqa: E731
    np.testing.assert_allclose(func.grad(loss(Pair.apply))(X), func.grad(loss(plain))(X))
    one = lambda x: Pair.apply(x, 3)[1].sum()  # noqa: E731
    np.testing.assert_allclose(fb.vmap(func.grad(one))(X), X.exp())
    np.testing.assert_allclose(func.jvp(one, (X,), (X,))[1], (X * X.exp()).sum())
