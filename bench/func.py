"""Function transforms: compiled here, jitted by JAX, and run by torch.func.

Run it with ``python bench/func.py``; all sides on one thread, float32 unless said otherwise.
Each side computes the same from the same numbers, which is checked before anything is measured.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("FLAMBEAU_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch
from measure import interleaved, machine, table

import flambeau as fb

jax.config.update("jax_enable_x64", True)
torch.set_num_threads(1)

Side = Callable[[], Any]
RATE, B1, B2, EPS = 1e-3, 0.9, 0.999, 1e-8


def arrays(seed: int, *shapes: tuple[int, ...], dtype: Any = np.float32) -> list[np.ndarray]:
    """Normal values, the same for all sides."""
    random = np.random.default_rng(seed)
    return [(random.standard_normal(s) / max(s[-1], 1) ** 0.5).astype(dtype) for s in shapes]


def agree(results: dict[str, Any], tolerance: float = 1e-3) -> None:
    """Check that all sides give the same numbers."""
    values = {name: np.asarray(x, dtype=np.float64) for name, x in results.items()}
    first = next(iter(values.values()))
    for name, value in values.items():
        np.testing.assert_allclose(value, first, rtol=tolerance, atol=tolerance, err_msg=name)


# --- an equation: the gradient of the squared residual of u_t = u_xx ---------------------------

PINN_SHAPES = [(32, 2), (32,), (32, 32), (32,), (1, 32), (1,)]
POINTS = 256


def pinn_loss(lib: Any, grad: Any, vmap: Any) -> Callable[..., Any]:
    """The loss, written once: the three libraries share these names."""

    def u(params: Any, t: Any, x: Any) -> Any:
        w1, b1, w2, b2, w3, b3 = params
        h = lib.tanh(w1 @ lib.stack([t, x]) + b1)
        return (w3 @ lib.tanh(w2 @ h + b2) + b3)[0]

    def residual(params: Any, t: Any, x: Any) -> Any:
        curvature = grad(grad(u, 2), 2)
        return grad(u, 1)(params, t, x) - curvature(params, t, x)

    return lambda params, t, x: (vmap(residual, (None, 0, 0))(params, t, x) ** 2).mean()


def pinn() -> dict[str, Side]:
    """One gradient with respect to the parameters, at 256 points."""
    params = arrays(0, *PINN_SHAPES)
    t, x = arrays(1, (POINTS,), (POINTS,))
    ours = fb.compile(
        lambda *given: fb.func.grad(pinn_loss(fb, fb.func.grad, fb.vmap))(given[:-2], *given[-2:])
    )
    theirs = jax.jit(jax.grad(pinn_loss(jnp, jax.grad, jax.vmap)))
    torchs = torch.func.grad(pinn_loss(torch, torch.func.grad, torch.func.vmap))
    p, q, r = fb_all(params), [jnp.asarray(a) for a in params], torch_all(params)
    (ft, fx), (tt, tx) = fb_all([t, x]), torch_all([t, x])
    jt, jx = jnp.asarray(t), jnp.asarray(x)
    sides: dict[str, Side] = {
        "flambeau": lambda: ours(*p, ft, fx),
        "JAX jit": lambda: jax.block_until_ready(theirs(q, jt, jx)),
        "torch.func": lambda: torchs(r, tt, tx),
    }
    agree({name: side()[2] for name, side in sides.items()})
    return sides


def fb_all(given: list[np.ndarray]) -> list[fb.Tensor]:
    """NumPy arrays as tensors."""
    return [fb.from_numpy(a.copy()) for a in given]


def torch_all(given: list[np.ndarray]) -> list[torch.Tensor]:
    """NumPy arrays as PyTorch's tensors."""
    return [torch.from_numpy(a.copy()) for a in given]


# --- 64 networks at once ------------------------------------------------------------------------

MEMBERS = 64
TUTORIAL = [(32, 3), (32,), (1, 32), (1,)]


def network(lib: Any, params: Any, x: Any) -> Any:
    """The tutorial's network: 3 inputs, 32 hidden units, 1 output."""
    w1, b1, w2, b2 = params
    hidden = x @ w1.T + b1
    hidden = lib.relu(hidden) if hasattr(lib, "relu") else lib.maximum(hidden, 0)
    return hidden @ w2.T + b2


def squares(lib: Any) -> Callable[..., Any]:
    return lambda params, x, y: ((network(lib, params, x) - y) ** 2).sum()


def adam(state: Any, gradients: Any, power: Callable[[float, Any], Any]) -> Any:
    """One step of Adam, written with operators that all libraries share."""
    params, m, v, t = state
    t = t + 1
    m = [B1 * a + (1 - B1) * g for a, g in zip(m, gradients, strict=True)]
    v = [B2 * a + (1 - B2) * g * g for a, g in zip(v, gradients, strict=True)]
    c1, c2 = 1 - power(B1, t), 1 - power(B2, t)
    params = [
        p - RATE * (a / c1) / ((b / c2) ** 0.5 + EPS) for p, a, b in zip(params, m, v, strict=True)
    ]
    return params, m, v, t


def start(params: list[Any], zeros: Callable[[Any], Any], t: Any) -> Any:
    return params, [zeros(p) for p in params], [zeros(p) for p in params], t


def ensemble() -> dict[str, Side]:
    """A step of Adam for 64 of the tutorial's networks on the same 100 rows."""
    params = arrays(2, *[(MEMBERS, *shape) for shape in TUTORIAL])
    x, y = arrays(3, (100, 3), (100, 1))
    fx, fy = fb_all([x, y])
    leaves = [p.requires_grad_() for p in fb_all(params)]
    optimizer = fb.optim.Adam(leaves, lr=RATE)

    @fb.compile
    def ours() -> None:
        optimizer.zero_grad()
        fb.vmap(squares(fb), in_dims=(0, None, None))(leaves, fx, fy).sum().backward()
        optimizer.step()

    jx, jy = jnp.asarray(x), jnp.asarray(y)

    @jax.jit
    def jitted(state: Any) -> Any:
        gradients = jax.vmap(jax.grad(squares(jnp)), (0, None, None))(state[0], jx, jy)
        return adam(state, gradients, lambda b, t: b**t)

    theirs = [start([jnp.asarray(p) for p in params], jnp.zeros_like, jnp.float32(0))]
    tx, ty = torch_all([x, y])
    torchs = [p.requires_grad_() for p in torch_all(params)]
    torch_optimizer = torch.optim.Adam(torchs, lr=RATE, fused=True)
    each = torch.func.vmap(torch.func.grad(squares(torch)), (0, None, None))

    def jax_step() -> None:
        theirs[0] = jax.block_until_ready(jitted(theirs[0]))

    def torch_step() -> None:
        gradients = each([p.detach() for p in torchs], tx, ty)
        for p, g in zip(torchs, gradients, strict=True):
            p.grad = g
        torch_optimizer.step()

    sides: dict[str, Side] = {"flambeau": ours, "JAX jit": jax_step, "torch.func": torch_step}
    for side in sides.values():
        for _ in range(5):
            side()
    agree({"flambeau": leaves[0].detach(), "JAX": theirs[0][0][0], "torch": torchs[0].detach()})
    return sides


# --- gradients of each example ------------------------------------------------------------------

LAYERS = [(128, 64), (128,), (128, 128), (128,), (10, 128), (10,)]
BATCH = 256


def likelihood(lib: Any, tanh: Any, logsumexp: Any) -> Callable[..., Any]:
    """Cross-entropy of one example."""

    def loss(params: Any, x: Any, label: Any) -> Any:
        w1, b1, w2, b2, w3, b3 = params
        scores = w3 @ tanh(w2 @ tanh(w1 @ x + b1) + b2) + b3
        return logsumexp(scores) - (scores * label).sum()

    return loss


Finish = Callable[[Any, Callable[..., Any]], Callable[..., Any]]


def of_examples(finish: Finish) -> dict[str, Side]:
    """Something made of the gradients of 256 examples, for a network 64-128-128-10."""
    params = arrays(4, *LAYERS)
    (x,) = arrays(5, (BATCH, 64))
    labels = np.eye(10, dtype=np.float32)[np.arange(BATCH) % 10]
    dims = (None, 0, 0)
    loss = likelihood(fb, fb.tanh, lambda s: fb.logsumexp(s, 0))
    mine = finish(fb, fb.vmap(fb.func.grad(loss), in_dims=dims))
    ours = fb.compile(lambda *given: mine(given[:-2], *given[-2:]))
    jax_loss = likelihood(jnp, jnp.tanh, jax.scipy.special.logsumexp)
    theirs = jax.jit(finish(jnp, jax.vmap(jax.grad(jax_loss), dims)))
    torch_loss = likelihood(torch, torch.tanh, lambda s: torch.logsumexp(s, 0))
    torchs = finish(torch, torch.func.vmap(torch.func.grad(torch_loss), dims))
    p, q, r = fb_all(params), [jnp.asarray(a) for a in params], torch_all(params)
    (fx, fl), (tx, tl) = fb_all([x, labels]), torch_all([x, labels])
    jx, jl = jnp.asarray(x), jnp.asarray(labels)
    sides: dict[str, Side] = {
        "flambeau": lambda: ours(*p, fx, fl),
        "JAX jit": lambda: jax.block_until_ready(theirs(q, jx, jl)),
        "torch.func": lambda: torchs(r, tx, tl),
    }
    agree({name: side()[2] for name, side in sides.items()})
    return sides


def per_sample() -> dict[str, Side]:
    """The gradients themselves."""
    return of_examples(lambda lib, each: each)


def clipped_sum(lib: Any, each: Callable[..., Any]) -> Callable[..., Any]:
    """Gradients of examples, each shortened to length 1, summed up."""

    def total(params: Any, x: Any, labels: Any) -> Any:
        gradients = each(params, x, labels)
        squares = [(g * g).reshape(g.shape[0], -1).sum(1) for g in gradients]
        factors = 1 / (sum(squares) ** 0.5 + 1e-6)
        factors = lib.where(factors < 1, factors, lib.ones_like(factors))
        return [lib.einsum("b,b...->...", factors, g) for g in gradients]

    return total


def clipped() -> dict[str, Side]:
    """What differentially private training does with them."""
    return of_examples(clipped_sum)


# --- an epoch as one loop -----------------------------------------------------------------------

ROWS, FEATURES, MINI = 10_000, 21, 10
REGRESSION_RATE = 1e-5


def regression_epoch() -> dict[str, Side]:
    """Plain gradient descent over 1000 mini-batches of 10 rows, float64, gather included."""
    x, beta = arrays(6, (ROWS, FEATURES), (FEATURES,), dtype=np.float64)
    y = x @ beta * 3
    order = np.random.default_rng(7).permutation(ROWS).reshape(-1, MINI)
    fx, fy = fb_all([x, y])
    loss = lambda b, x, y: ((y - x @ b) ** 2).sum()  # noqa: E731

    def ours(b: fb.Tensor, order: fb.Tensor) -> fb.Tensor:
        def step(b: fb.Tensor, rows: fb.Tensor) -> Any:
            return b - REGRESSION_RATE * fb.func.grad(loss)(b, fx[rows], fy[rows]), None

        return fb.func.scan(step, b, order)[0]

    jx, jy = jnp.asarray(x), jnp.asarray(y)

    @jax.jit
    def theirs(b: Any, order: Any) -> Any:
        def step(b: Any, rows: Any) -> Any:
            return b - REGRESSION_RATE * jax.grad(loss)(b, jx[rows], jy[rows]), None

        return jax.lax.scan(step, b, order)[0]

    tx, ty, torder = torch.from_numpy(x), torch.from_numpy(y), torch.from_numpy(order)

    def torchs() -> torch.Tensor:
        b = torch.zeros(FEATURES, dtype=torch.float64)
        gradient = torch.func.grad(loss)
        for rows in torder:
            b = b - REGRESSION_RATE * gradient(b, tx[rows], ty[rows])
        return b

    compiled = fb.compile(ours)
    zeros, rows = fb.zeros(FEATURES, dtype=fb.float64), fb.from_numpy(order)
    jzeros, jrows = jnp.zeros(FEATURES), jnp.asarray(order)
    sides: dict[str, Side] = {
        "flambeau": lambda: compiled(zeros, rows),
        "JAX jit": lambda: theirs(jzeros, jrows).block_until_ready(),
        "torch.func": torchs,
    }
    agree({name: side() for name, side in sides.items()}, 1e-9)
    return sides


def tutorial_epoch() -> dict[str, Side]:
    """1000 steps of Adam on the tutorial's network in one loop."""
    params = arrays(8, *TUTORIAL)
    x, y = arrays(9, (100, 3), (100, 1))
    steps = 1000
    fx, fy = fb_all([x, y])

    def ours(*given: fb.Tensor) -> Any:
        def step(state: Any, _: None) -> Any:
            gradients = fb.func.grad(squares(fb))(state[0], fx, fy)
            return adam(state, gradients, lambda b, t: fb.exp(t * float(np.log(b)))), None

        begin = start(list(given), fb.zeros_like, fb.zeros(()))
        return fb.func.scan(step, begin, length=steps)[0][0]

    jx, jy = jnp.asarray(x), jnp.asarray(y)

    @jax.jit
    def theirs(given: Any) -> Any:
        def step(state: Any, _: None) -> Any:
            gradients = jax.grad(squares(jnp))(state[0], jx, jy)
            return adam(state, gradients, lambda b, t: b**t), None

        begin = start(list(given), jnp.zeros_like, jnp.float32(0))
        return jax.lax.scan(step, begin, length=steps)[0][0]

    tx, ty = torch_all([x, y])

    def torchs() -> Any:
        state = start(torch_all(params), torch.zeros_like, torch.zeros(()))
        gradient = torch.func.grad(squares(torch))
        for _ in range(steps):
            state = adam(state, gradient(state[0], tx, ty), lambda b, t: b**t)
        return state[0]

    compiled = fb.compile(ours)
    p, q = fb_all(params), [jnp.asarray(a) for a in params]
    sides: dict[str, Side] = {
        "flambeau": lambda: compiled(*p),
        "JAX jit": lambda: jax.block_until_ready(theirs(q)),
        "torch.func": torchs,
    }
    agree({name: side()[0] for name, side in sides.items()}, 1e-2)
    return sides


def short_loop() -> dict[str, Side]:
    """What it costs to begin a loop."""
    carry, rows = arrays(10, (8,), (5, 8))

    def ours(c: Any, xs: Any) -> Any:
        return fb.func.scan(lambda c, x: (c * 0.9 + x, c.sum()), c, xs)

    theirs = jax.jit(lambda c, xs: jax.lax.scan(lambda c, x: (c * 0.9 + x, c.sum()), c, xs))

    def torchs() -> Any:
        c, left = tc, []
        for x in tx:
            left.append(c.sum())
            c = c * 0.9 + x
        return c, torch.stack(left)

    compiled = fb.compile(ours)
    (fc, fx), (tc, tx) = fb_all([carry, rows]), torch_all([carry, rows])
    jc, jx = jnp.asarray(carry), jnp.asarray(rows)
    sides: dict[str, Side] = {
        "flambeau": lambda: compiled(fc, fx),
        "JAX jit": lambda: jax.block_until_ready(theirs(jc, jx)),
        "torch.func": torchs,
    }
    agree({name: side()[0] for name, side in sides.items()})
    return sides


def per_step(times: dict[str, float], steps: int) -> dict[str, float]:
    return {name: time / steps for name, time in times.items()}


def main() -> None:
    """Measure and print."""
    print(machine())
    rows = [
        ("PINN gradient, 256 points, u_t = u_xx", interleaved(pinn())),
        ("Adam step of 64 tutorial networks", interleaved(ensemble())),
        ("gradients of 256 examples, 64-128-128-10", interleaved(per_sample(), 3.0)),
        ("the same clipped and summed (DP-SGD)", interleaved(clipped(), 3.0)),
        ("a loop of 5 steps over 8 numbers", interleaved(short_loop())),
    ]
    loops = [
        ("regression, mini-batch 10, float64", interleaved(regression_epoch(), 3.0, 5)),
        ("tutorial's network, Adam", interleaved(tutorial_epoch(), 3.0, 5)),
    ]
    print(table("us per call", rows))
    print()
    print(table("us per step of a loop of 1000", [(n, per_step(t, 1000)) for n, t in loops]))


if __name__ == "__main__":
    main()
