"""The same transformations in PyTorch and JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau import func, nn

torch = pytest.importorskip("torch")
jax = pytest.importorskip("jax")
jnp = jax.numpy

pytestmark = pytest.mark.peers

X = np.array([[0.3, -0.7, 1.1], [0.9, 0.2, -0.4]])
V = np.array([[1.0, -2.0, 0.5], [0.1, 0.7, -1.0]])


@pytest.fixture(autouse=True)
def _double() -> Any:
    with jax.enable_x64(True):
        yield


# Functions of a matrix (2, 3) that the three libraries can be given alike.
FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "elementwise": lambda lib, x: lib.sin(x) * lib.exp(x) / (1 + x**2),
    "product": lambda lib, x: lib.tanh(x @ x.T),
    "norm": lambda lib, x: lib.sqrt((x**2).sum()),
    "shared": lambda lib, x: lib.log(1 + lib.exp(x)).sum(0) * x[0],
    "stack": lambda lib, x: lib.stack([x[0] * x[1], lib.cos(x[1])]),
    "where": lambda lib, x: lib.where(x > 0, x**3, lib.exp(x)),
    "cumulative": lambda lib, x: lib.cumsum(x, 1) * lib.cumprod(x, 0),
    "einsum": lambda lib, x: lib.einsum("ij,kj->ik", x, lib.sin(x)),
    "power": lambda lib, x: lib.abs(x) ** 1.5,
}


def ours(f: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    return lambda x: f(fb, x)


def torchs(f: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    return lambda x: f(torch, x)


def jaxs(f: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    return lambda x: f(jnp, x)


def same(found: Any, *others: Any) -> None:
    for other in others:
        np.testing.assert_allclose(np.asarray(found), np.asarray(other), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives(name: str) -> None:
    f = FUNCTIONS[name]
    x, v = fb.from_numpy(X), fb.from_numpy(V)
    tx, tv = torch.from_numpy(X), torch.from_numpy(V)
    out, slope = func.jvp(ours(f), (x,), (v,))
    pushed = torch.func.jvp(torchs(f), (tx,), (tv,))
    by_jax = jax.jvp(jaxs(f), (X,), (V,))
    same(out, pushed[0], by_jax[0])
    same(slope, pushed[1], by_jax[1])
    u = np.random.default_rng(0).standard_normal(tuple(out.shape))
    pulled = func.vjp(ours(f), x)[1](fb.from_numpy(np.asarray(u)))[0]
    same(
        pulled,
        torch.func.vjp(torchs(f), tx)[1](torch.from_numpy(np.asarray(u)))[0],
        jax.vjp(jaxs(f), X)[1](u)[0],
    )
    for mine, theirs, jaxes in (
        (func.jacrev, torch.func.jacrev, jax.jacrev),
        (func.jacfwd, torch.func.jacfwd, jax.jacfwd),
        (func.hessian, torch.func.hessian, jax.hessian),
    ):
        same(mine(ours(f))(x), theirs(torchs(f))(tx), jaxes(jaxs(f))(X))
    same(
        fb.autograd.functional.jacobian(ours(f), x),
        torch.autograd.functional.jacobian(torchs(f), tx),
        func.jacrev(ours(f))(x),
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_third_derivatives(name: str) -> None:
    f = FUNCTIONS[name]
    total = lambda lib: lambda x: (f(lib, x) ** 2).sum()  # noqa: E731
    same(
        func.jacfwd(func.hessian(total(fb)))(fb.from_numpy(X)),
        torch.func.jacfwd(torch.func.hessian(total(torch)))(torch.from_numpy(X)),
        jax.jacfwd(jax.hessian(total(jnp)))(X),
    )


DIMS: list[tuple[Any, Any]] = [(0, 0), (1, 0), (2, 1), (-1, -1), (0, 2)]


@pytest.mark.parametrize(("in_dim", "out_dim"), DIMS)
def test_batches(in_dim: int, out_dim: int) -> None:
    values = np.random.default_rng(1).standard_normal((3, 3, 3))
    f = lambda lib, x: lib.tanh(x @ x) + x[0]  # noqa: E731
    same(
        fb.vmap(ours(f), in_dim, out_dim)(fb.from_numpy(values)),
        torch.func.vmap(torchs(f), in_dim, out_dim)(torch.from_numpy(values)),
        jax.vmap(jaxs(f), in_dim, out_dim)(values),
    )


def test_batches_of_trees_and_nesting() -> None:
    a, b = np.random.default_rng(2).standard_normal((2, 4, 3))

    def f(lib: Any) -> Callable[..., Any]:
        return lambda p, s: {"dot": (p["a"] * p["b"]).sum() * s, "rest": [lib.sin(p["a"])]}

    dims = ({"a": 0, "b": None}, None)
    mine = fb.vmap(f(fb), dims)({"a": fb.from_numpy(a), "b": fb.from_numpy(b[0])}, 2.0)
    theirs = torch.func.vmap(f(torch), dims)(
        {"a": torch.from_numpy(a), "b": torch.from_numpy(b[0])}, 2.0
    )
    same(mine["dot"], theirs["dot"])
    same(mine["rest"][0], theirs["rest"][0])
    outer = lambda lib, vmap: vmap(vmap(lambda x, y: x * lib.exp(y), (None, 0)), (0, None))  # noqa: E731
    same(
        outer(fb, fb.vmap)(fb.from_numpy(a[0]), fb.from_numpy(b[0])),
        outer(torch, torch.func.vmap)(torch.from_numpy(a[0]), torch.from_numpy(b[0])),
        outer(jnp, jax.vmap)(a[0], b[0]),
    )


@pytest.mark.parametrize("randomness", ["same", "different"])
def test_random_numbers_are_pytorch_s(randomness: str) -> None:
    draws = [
        lambda lib, x: lib.rand(3) + x,
        lambda lib, x: x + lib.randn(2, 2),
        lambda lib, x: x + lib.randint(0, 100, (5,)),
        lambda lib, x: x + lib.randn_like(lib.ones(20)),
        lambda lib, x: lib.nn.functional.dropout(lib.ones(8), 0.5) * x,
    ]
    for draw in draws:
        fb.manual_seed(0)
        torch.manual_seed(0)
        same(
            fb.vmap(ours(draw), randomness=randomness)(fb.arange(4.0)),
            torch.func.vmap(torchs(draw), randomness=randomness)(torch.arange(4.0)),
        )


def test_gradients_of_examples_and_ensembles() -> None:
    model = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2)).double()
    twin = torch.nn.Sequential(
        torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2)
    ).double()
    twin.load_state_dict({k: torch.from_numpy(v.numpy()) for k, v in model.state_dict().items()})
    x = np.random.default_rng(3).standard_normal((6, 3))
    labels = np.arange(6) % 2

    def each(lib: Any, func: Any, vmap: Any, model: Any, x: Any, y: Any) -> Any:
        params = {k: v.detach() for k, v in model.named_parameters()}

        def loss(params: Any, x: Any, y: Any) -> Any:
            out = func.functional_call(model, params, (x.unsqueeze(0),))
            return lib.nn.functional.cross_entropy(out, y.unsqueeze(0))

        return vmap(func.grad(loss), (None, 0, 0))(params, x, y)

    found = each(fb, func, fb.vmap, model, fb.from_numpy(x), fb.from_numpy(labels))
    expected = each(
        torch, torch.func, torch.func.vmap, twin, torch.from_numpy(x), torch.from_numpy(labels)
    )
    for name, gradient in expected.items():
        same(found[name], gradient)
    params, _ = func.stack_module_state([model, model])
    their_params, _ = torch.func.stack_module_state([twin, twin])
    assert list(params) == list(their_params)
    same(
        fb.vmap(lambda p: func.functional_call(model, p, fb.from_numpy(x)))(params).detach(),
        torch.func.vmap(lambda p: torch.func.functional_call(twin, p, torch.from_numpy(x)))(
            their_params
        ).detach(),
    )


def test_scan_is_jax_s() -> None:
    step = lambda lib: lambda c, x: (lib.tanh(c + x), (c * x).sum())  # noqa: E731
    xs = np.random.default_rng(4).standard_normal((5, 3))
    for reverse in (False, True):
        found = func.scan(step(fb), fb.zeros(3, dtype=fb.float64), fb.from_numpy(xs), None, reverse)
        expected = jax.lax.scan(step(jnp), jnp.zeros(3), xs, None, reverse)
        same(found[0], expected[0])
        same(found[1], expected[1])


MISUSES: dict[str, Callable[[Any, Any], Any]] = {
    "no arguments": lambda lib, vmap: vmap(lambda: lib.ones(2))(),
    "sizes differ": lambda lib, vmap: vmap(lambda x, y: x)(lib.ones(2), lib.ones(3)),
    "nothing mapped": lambda lib, vmap: vmap(lambda x: x, in_dims=None)(lib.ones(2)),
    "structure": lambda lib, vmap: vmap(lambda x: x, in_dims=(0, 0))(lib.ones(2)),
    "no dimension": lambda lib, vmap: vmap(lambda x: x, in_dims=2)(lib.ones(2)),
    "0-d": lambda lib, vmap: vmap(lambda x: x)(lib.ones(())),
    "no tensor": lambda lib, vmap: vmap(lambda x: x)(1.5),
    "result": lambda lib, vmap: vmap(lambda x: "text")(lib.ones(2)),
    "out_dims": lambda lib, vmap: vmap(lambda x: x, out_dims=3)(lib.ones(2)),
    "shared result": lambda lib, vmap: vmap(lambda x: x, out_dims=None)(lib.ones(2)),
    "random": lambda lib, vmap: vmap(lambda x: x + lib.rand(2))(lib.ones(2)),
    "randomness": lambda lib, vmap: vmap(lambda x: x, randomness="maybe")(lib.ones(2)),
    "item": lambda lib, vmap: vmap(lambda x: x * x.item())(lib.ones(2)),
    "decision": lambda lib, vmap: vmap(lambda x: x if x > 0 else -x)(lib.ones(2)),
    "chunks": lambda lib, vmap: vmap(lambda x: x, chunk_size=0)(lib.ones(2)),
}


@pytest.mark.parametrize("name", MISUSES)
def test_misuse_raises_pytorch_s_exceptions(name: str) -> None:
    misuse = MISUSES[name]
    with pytest.raises(Exception) as theirs:
        misuse(torch, torch.func.vmap)
    with pytest.raises(theirs.type):
        misuse(fb, fb.vmap)
