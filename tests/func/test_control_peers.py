"""The same control flow in JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import flambeau as fb
from flambeau import func

jax = pytest.importorskip("jax")
jnp, lax = jax.numpy, jax.lax

pytestmark = pytest.mark.peers

X = np.array([0.7, -1.3, 2.1, 0.4])
V = np.array([1.0, -0.5, 0.25, 2.0])
LENGTHS = np.array([2, 0, 5, 1])

either = pytest.mark.parametrize("run", [lambda f: f, fb.compile], ids=["eager", "compiled"])


@pytest.fixture(autouse=True)
def _double() -> Any:
    with jax.enable_x64(True):
        yield


class _Ours:
    sin, exp, where = staticmethod(fb.sin), staticmethod(fb.exp), staticmethod(fb.where)
    cond, switch = staticmethod(func.cond), staticmethod(func.switch)
    while_loop, fori_loop = staticmethod(func.while_loop), staticmethod(func.fori_loop)
    grad, jvp, vmap = staticmethod(func.grad), staticmethod(func.jvp), staticmethod(fb.vmap)
    jacfwd, jacrev = staticmethod(func.jacfwd), staticmethod(func.jacrev)
    scan = staticmethod(func.scan)


class _Theirs:
    sin, exp, where = staticmethod(jnp.sin), staticmethod(jnp.exp), staticmethod(jnp.where)
    cond, switch = staticmethod(lax.cond), staticmethod(lax.switch)
    while_loop, fori_loop = staticmethod(lax.while_loop), staticmethod(lax.fori_loop)
    grad, jvp, vmap = staticmethod(jax.grad), staticmethod(jax.jvp), staticmethod(jax.vmap)
    jacfwd, jacrev = staticmethod(jax.jacfwd), staticmethod(jax.jacrev)
    scan = staticmethod(lax.scan)


def loop(lib: Any, x: Any, n: Any) -> Any:
    step = lambda s: (s[0] + 1, lib.sin(s[1]) + 0.3 * s[1])  # noqa: E731
    return lib.while_loop(lambda s: s[0] < n, step, (n * 0, x))[1]


def choice(lib: Any, x: Any, n: Any) -> Any:
    return lib.cond(x * n > 0.5, lambda x: lib.sin(x) * x, lambda x: lib.exp(x), x)


def several(lib: Any, x: Any, n: Any) -> Any:
    branches = [lambda x: x * 2, lib.sin, lambda x: x**3]
    return lib.switch(n, branches, x)


def counted(lib: Any, x: Any, n: Any) -> Any:
    return lib.fori_loop(2, 6, lambda i, y: lib.sin(y) * i + y * 0.5, x) * (n + 1)


def nested(lib: Any, x: Any, n: Any) -> Any:
    """A choice and a loop of known length in the steps of another loop."""

    def step(i: Any, y: Any) -> Any:
        y = lib.cond(y > 0.2, lambda y: y * 0.9, lambda y: y * y + 0.1, y)
        return lib.fori_loop(0, 2, lambda _, z: lib.sin(z) + 0.1 * (i * z), y)

    return lib.fori_loop(0, 4, step, x) * (n + 1)


TRANSFORMS: dict[str, Callable[[Any, Any], Any]] = {
    "value": lambda lib, f: lambda x, v, n: f(lib, x[0], n[0]),
    "vmap": lambda lib, f: lambda x, v, n: lib.vmap(lambda x, n: f(lib, x, n))(x, n),
    "vmap of one": lambda lib, f: lambda x, v, n: lib.vmap(lambda x: f(lib, x, n[2]))(x),
    "jvp": lambda lib, f: lambda x, v, n: lib.jvp(lambda x: f(lib, x, n[2]), (x[2],), (v[2],))[1],
    "jvp of vmap": lambda lib, f: (
        lambda x, v, n: lib.jvp(lambda x: lib.vmap(lambda x, n: f(lib, x, n))(x, n), (x,), (v,))[1]
    ),
    "vmap of jvp": lambda lib, f: (
        lambda x, v, n: lib.vmap(lambda x, v, n: lib.jvp(lambda x: f(lib, x, n), (x,), (v,))[1])(
            x, v, n
        )
    ),
    "second": lambda lib, f: (
        lambda x, v, n: lib.jacfwd(lib.jacfwd(lambda x: f(lib, x, n[3])))(x[3])
    ),
}
BACKWARD: dict[str, Callable[[Any, Any], Any]] = {
    "grad": lambda lib, f: lambda x, v, n: lib.grad(lambda x: f(lib, x, n[2]))(x[2]),
    "vmap of grad": lambda lib, f: (
        lambda x, v, n: lib.vmap(lambda x, n: lib.grad(lambda x: f(lib, x, n))(x))(x, n)
    ),
    "grad of vmap": lambda lib, f: (
        lambda x, v, n: lib.grad(lambda x: lib.vmap(lambda x, n: f(lib, x, n))(x, n).sum())(x)
    ),
    "forward over reverse": lambda lib, f: (
        lambda x, v, n: lib.jacfwd(lib.grad(lambda x: f(lib, x, n[2])))(x[2])
    ),
    "reverse over forward": lambda lib, f: (
        lambda x, v, n: lib.jacrev(lib.jacfwd(lambda x: f(lib, x, n[2])))(x[2])
    ),
}
PROGRAMS = {"while": loop, "cond": choice, "switch": several, "fori": counted, "nested": nested}
CASES = [(p, t) for p in PROGRAMS for t in TRANSFORMS] + [
    (p, t) for p in PROGRAMS if p != "while" for t in BACKWARD
]


@either
@pytest.mark.parametrize(("program", "transform"), CASES)
def test_control_flow_is_jax_s(run: Callable[..., Any], program: str, transform: str) -> None:
    f, make = PROGRAMS[program], {**TRANSFORMS, **BACKWARD}[transform]
    given = (X, V, LENGTHS)
    found = run(make(_Ours, f))(*[fb.from_numpy(a) for a in given])
    expected = make(_Theirs, f)(*[jnp.asarray(a) for a in given])
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)
