"""Checkpoints change what is kept, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau import func, nn
from flambeau.tensor.graph import Node, Output
from flambeau.utils.checkpoint import checkpoint, checkpoint_sequential


def make_block() -> nn.Module:
    fb.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.3), nn.Linear(8, 4)).double()


def gradients(run: Callable[..., Any], compiled: bool) -> list[np.ndarray]:
    block = make_block()
    x = fb.arange(12, dtype=fb.float64).reshape(3, 4).sin().requires_grad_()

    def loss(x: fb.Tensor) -> fb.Tensor:
        value = (run(block, x) ** 2).sum()
        return value + (run(block, x * 2) ** 3).sum()

    fb.manual_seed(1)

    def step(x: fb.Tensor) -> Any:
        return fb.autograd.grad(loss(x), [x, *block.parameters()])

    found = (fb.compile(step) if compiled else step)(x)
    return [*[g.numpy() for g in found], fb.rand(1).numpy()]


@pytest.mark.parametrize("compiled", [False, True])
def test_gradients_and_random_numbers_stay_the_same(compiled: bool) -> None:
    expected = gradients(lambda block, x: block(x), False)
    found = gradients(lambda block, x: checkpoint(block, x), compiled)
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-10)


def nodes_behind(tensor: fb.Tensor) -> set[str]:
    names, stack = set(), [tensor.grad_fn]
    while stack:
        node = stack.pop()
        if isinstance(node, Node):
            names.add(node.name())
            stack += [e.node if isinstance(e, Output) else e for e in node.edges]
    return names


def test_nothing_in_between_is_kept() -> None:
    x = fb.ones(3, requires_grad=True)
    y = checkpoint(lambda x: x.exp().sin().exp(), x)
    assert nodes_behind(y) == {"CheckpointBackward0"}


def test_a_compiled_function_computes_again() -> None:
    w = fb.randn(6, 6, dtype=fb.float64)
    body = lambda x: ((x @ w).tanh() @ w).tanh()  # noqa: E731
    plain = fb.compile(func.value_and_grad(lambda x: body(x).sum()))
    again = fb.compile(func.value_and_grad(lambda x: func.checkpoint(body, x).sum()))
    x = fb.randn(2, 6, dtype=fb.float64)
    for found, expected in zip(again(x), plain(x), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    counts = [repr(f.all()[0].program).count("tanh(") for f in (plain, again)]
    assert counts == [2, 4]


def test_higher_derivatives_and_other_transformations() -> None:
    f = lambda x: (x.sin() * x.exp()).sum()  # noqa: E731
    g = lambda x: func.checkpoint(f, x)  # noqa: E731
    x = fb.tensor([0.3, -0.5], dtype=fb.float64)
    np.testing.assert_allclose(func.hessian(g)(x), func.hessian(f)(x), rtol=1e-12)
    np.testing.assert_allclose(
        func.jacrev(func.jacrev(func.remat(f)))(x), func.hessian(f)(x), rtol=1e-12
    )
    rows = fb.stack([x, x * 2])
    np.testing.assert_allclose(fb.vmap(func.grad(g))(rows), fb.vmap(func.grad(f))(rows), rtol=1e-12)
    np.testing.assert_allclose(
        fb.compile(fb.vmap(func.grad(g)))(rows), fb.vmap(func.grad(f))(rows), rtol=1e-12
    )


def test_trees_and_keywords() -> None:
    x = fb.ones(2, requires_grad=True)
    out = checkpoint(
        lambda p, scale: {"a": p["x"] * scale, "n": 3}, {"x": x, "name": "layer"}, scale=2.0
    )
    assert out["n"] == 3
    out["a"].sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2.0, 2.0]


def test_sequences() -> None:
    model = nn.Sequential(*[m for _ in range(5) for m in (nn.Linear(3, 3), nn.Tanh())])
    x = fb.randn(2, 3, requires_grad=True)
    expected = fb.autograd.grad(model(x).sum(), [x, *model.parameters()])
    for segments in (1, 3, 10):
        out = checkpoint_sequential(model, segments, x)
        for a, b in zip(
            fb.autograd.grad(out.sum(), [x, *model.parameters()]), expected, strict=True
        ):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="1 to 10, the number of functions"):
        checkpoint_sequential(model, 11, x)


def test_another_shape_the_second_time_is_an_error() -> None:
    sizes = iter((2, 3))
    x = fb.ones((), requires_grad=True)
    y = checkpoint(lambda x: x * fb.ones(next(sizes)), x)
    with pytest.raises(RuntimeError) as error:
        y.sum().backward()
    assert str(error.value) == (
        "checkpoint: the function gave another shape when it ran again\n"
        "  expected: shape (2,), as at first\n"
        "  got:      shape (3,)\n"
        "  help:     checkpointed functions must compute the same each time"
    )
