"""``autograd.functional`` beside PyTorch's: values, shapes, nesting, and what has a graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import flambeau as fb

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers


def two(x: Any, y: Any) -> Any:
    return x * y.sum(), (x**2).sum()


def cubes(x: Any, y: Any) -> Any:
    return (x**3).sum() * y.prod()


def tensor(lib: Any, *values: float) -> Any:
    return lib.tensor(values, dtype=lib.float64)


def nested(value: Any) -> Any:
    """The result's structure; for each tensor its shape, values and whether it has a graph."""
    if isinstance(value, tuple):
        return tuple(nested(v) for v in value)
    return tuple(value.shape), np.round(value.tolist(), 12).tolist(), value.requires_grad


CALLS = {
    "jacobian": lambda f, x, y, v, **k: f.jacobian(lambda x: x**2, x, **k),
    "jacobian, tuples": lambda f, x, y, v, **k: f.jacobian(two, (x, y), **k),
    "jacobian, two inputs": lambda f, x, y, v, **k: f.jacobian(
        lambda x, y: x.sum() * y, (x, y), **k
    ),
    "jacobian, matrix": lambda f, x, y, v, **k: f.jacobian(
        lambda x: x.outer(x * 2), x.reshape(3), **k
    ),
    "jacobian, 0-d": lambda f, x, y, v, **k: f.jacobian(lambda x: x**2, x.sum(), **k),
    "jacobian, constant": lambda f, x, y, v, **k: f.jacobian(lambda x: y * 1, x, **k),
    "hessian": lambda f, x, y, v, **k: f.hessian(lambda x: (x**3).sum(), x, **k),
    "hessian, tuples": lambda f, x, y, v, **k: f.hessian(cubes, (x, y), **k),
    "hessian, linear": lambda f, x, y, v, **k: f.hessian(lambda x: x.sum(), x, **k),
    "hessian, (1,)": lambda f, x, y, v, **k: f.hessian(lambda x: (x**3).sum().reshape(1), x, **k),
    "vjp": lambda f, x, y, v, **k: f.vjp(two, (x, y), (v, v.sum()), **k),
    "vjp, linear": lambda f, x, y, v, **k: f.vjp(lambda x: x * 2, x, v, **k),
    "vjp, no vector": lambda f, x, y, v, **k: f.vjp(lambda x: (x * x).sum(), x, **k),
    "jvp": lambda f, x, y, v, **k: f.jvp(two, (x, y), (v, y), **k),
    "jvp, linear": lambda f, x, y, v, **k: f.jvp(lambda x: x * 2, x, v, **k),
    "jvp, no vector": lambda f, x, y, v, **k: f.jvp(lambda x: x * x, x[:1], **k),
    "jvp, constant": lambda f, x, y, v, **k: f.jvp(lambda x: y * 1, x, v, **k),
    "hvp": lambda f, x, y, v, **k: f.hvp(cubes, (x, y), (v, y), **k),
    "hvp, linear": lambda f, x, y, v, **k: f.hvp(lambda x: x.sum(), x, v, **k),
    "vhp": lambda f, x, y, v, **k: f.vhp(cubes, (x, y), (v, y), **k),
    "no vector": lambda f, x, y, v, **k: f.jvp(lambda x: x * 2, x, **k),
    "no vector for the output": lambda f, x, y, v, **k: f.vjp(lambda x: x * 2, x, **k),
    "wrong vector": lambda f, x, y, v, **k: f.jvp(lambda x: x * 2, x, y, **k),
    "two vectors": lambda f, x, y, v, **k: f.vjp(lambda x: x * 2, x, (v, v), **k),
    "list of inputs": lambda f, x, y, v, **k: f.jacobian(two, [x, y], **k),
    "list of outputs": lambda f, x, y, v, **k: f.jacobian(lambda x: [x], x, **k),
    "number in": lambda f, x, y, v, **k: f.jacobian(lambda x: x, 3, **k),
    "number out": lambda f, x, y, v, **k: f.hvp(lambda x: 3, x, v, **k),
    "several numbers out": lambda f, x, y, v, **k: f.hessian(lambda x: x * 2, x, **k),
}


def outcome(lib: Any, name: str, **options: Any) -> Any:
    x, y, v = tensor(lib, 1, 2, 3), tensor(lib, 0.5, 0.25), tensor(lib, 3, -1, 2)
    try:
        return nested(CALLS[name](lib.autograd.functional, x, y, v, **options))
    except (RuntimeError, TypeError) as error:
        return "TypeError" if isinstance(error, TypeError) else "RuntimeError"


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", CALLS)
def test_as_pytorch(name: str, create_graph: bool, strict: bool) -> None:
    options = {"create_graph": create_graph, "strict": strict}
    assert outcome(fb, name, **options) == outcome(torch, name, **options)


@pytest.mark.parametrize("name", [n for n in CALLS if n.startswith(("jacobian", "hessian"))])
def test_vectorized_as_pytorch(name: str) -> None:
    ours, theirs = outcome(fb, name, vectorize=True), outcome(torch, name, vectorize=True)

    def values(result: Any) -> Any:
        is_leaf = isinstance(result[-1], bool)
        return result[:2] if is_leaf else tuple(values(r) for r in result)

    assert values(ours) == values(theirs)


def test_differentiated_through() -> None:
    results = []
    for lib in (fb, torch):
        x, w = tensor(lib, 1, 2, 3).requires_grad_(), tensor(lib, 2.0).requires_grad_()
        slopes = lib.autograd.functional.jacobian(lambda x, w=w: x**3 * w, x, create_graph=True)
        (slopes**2).sum().backward()
        results.append((x.grad.tolist(), w.grad.tolist()))
    assert results[0] == results[1]
