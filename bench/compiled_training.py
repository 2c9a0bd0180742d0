"""Compiled training steps and array programs against PyTorch and JAX, in one process.

Run it with ``python bench/compiled_training.py [--threads 1] [--only mlp]``. Rounds of all sides
alternate, and each number is a median; on a machine that others use, ``--quietest`` takes each
side's best of many short rounds. PyTorch runs eagerly with its fused optimizer where it has
one, and with the default one beside it; JAX runs jitted, its state donated. With several threads
JAX takes as many as it likes; ``XLA_FLAGS="--xla_cpu_multi_thread_eigen=false
intra_op_parallelism_threads=1"`` holds it to one.
"""

from __future__ import annotations

import argparse
import ctypes
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch
from measure import interleaved, machine, table

import flambeau as fb

Sides = dict[str, Callable[[], Any]]


# --- perceptrons ----------------------------------------------------------------------------------


def perceptron(library: Any, batch: int, sizes: tuple[int, ...], **options: Any) -> Callable:
    """A training step: linear layers, ReLU, squared error, Adam."""
    library.manual_seed(0)
    x, y = library.randn(batch, sizes[0]), library.randn(batch, sizes[-1])
    layers: list[Any] = []
    for one, other in pairwise(sizes):
        layers += [library.nn.Linear(one, other), library.nn.ReLU()]
    model = library.nn.Sequential(*layers[:-1])
    optimizer = library.optim.Adam(model.parameters(), lr=1e-3, **options)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss

    if library is fb:
        step = fb.compile(step)
    return lambda: step(x, y)


def perceptron_in_jax(batch: int, sizes: tuple[int, ...]) -> Callable[[], Any]:
    """The same step in JAX with optax."""
    numbers = np.random.default_rng(0)
    x = jnp.asarray(numbers.standard_normal((batch, sizes[0]), np.float32))
    y = jnp.asarray(numbers.standard_normal((batch, sizes[-1]), np.float32))
    params = [
        (jnp.asarray(numbers.standard_normal((a, b), np.float32) * a**-0.5), jnp.zeros(b))
        for a, b in pairwise(sizes)
    ]
    rule = optax.adam(1e-3)

    def loss(params: Any) -> Any:
        h = x
        for w, b in params[:-1]:
            h = jax.nn.relu(h @ w + b)
        w, b = params[-1]
        return ((h @ w + b - y) ** 2).mean()

    def step(params: Any, state: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(params)
        updates, state = rule.update(gradients, state)
        return optax.apply_updates(params, updates), state, value

    jitted = jax.jit(step, donate_argnums=(0, 1))
    kept = [params, rule.init(params)]

    def run() -> None:
        kept[0], kept[1], value = jitted(*kept)
        value.block_until_ready()

    return run


def perceptrons(batch: int, sizes: tuple[int, ...]) -> Sides:
    """All sides of one network."""
    return {
        "flambeau": perceptron(fb, batch, sizes),
        "PyTorch fused": perceptron(torch, batch, sizes, fused=True),
        "PyTorch": perceptron(torch, batch, sizes),
        "JAX": perceptron_in_jax(batch, sizes),
    }


# --- the tutorial's step by hand ------------------------------------------------------------------

C_STEPS = 100  # of one call into C, so that the call from Python costs nothing


def tutorial() -> Sides:
    """The tutorial's network, in C too where there is a compiler."""
    sides = perceptrons(100, (3, 32, 1))
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is not None:
        sides["C"] = tutorial_in_c(compiler)
    return sides


def tutorial_in_c(compiler: str) -> Callable[[], Any]:
    """``C_STEPS`` steps in C, whose losses are compared with ours first."""
    fb.manual_seed(0)
    x, y = fb.randn(100, 3), fb.randn(100, 1)
    model = fb.nn.Sequential(fb.nn.Linear(3, 32), fb.nn.ReLU(), fb.nn.Linear(32, 1))
    optimizer = fb.optim.Adam(model.parameters(), lr=1e-3)
    source = Path(__file__).with_name("tutorial_step.c")
    folder = tempfile.mkdtemp()
    library = Path(folder) / "step.so"
    flags = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
    subprocess.run([compiler, *flags, str(source), "-o", str(library), "-lm"], check=True)
    c = ctypes.CDLL(str(library))
    shutil.rmtree(folder)
    start = np.concatenate([p.detach().numpy().ravel() for p in model.parameters()])
    given = [np.ascontiguousarray(a, np.float32) for a in (x.numpy(), y.numpy(), start)]
    c.prepare(*[ctypes.c_void_p(a.ctypes.data) for a in given])
    c.train.restype = ctypes.c_float
    for _ in range(50):
        loss = ((model(x) - y) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert np.isclose(c.train(50), loss.item(), rtol=1e-4), "C computes something else"
    return lambda: c.train(C_STEPS)


# --- regression on mini-batches -------------------------------------------------------------------


def regression(size: int) -> Sides:
    """One step of a linear regression of 10000 x 21 in float64, its mini-batch gathered."""
    numbers = np.random.default_rng(0)
    data, target = numbers.standard_normal((10_000, 21)), numbers.standard_normal(10_000)
    rows = numbers.integers(0, 10_000, size)

    def make(library: Any) -> Callable[[], Any]:
        x, y = library.from_numpy(data.copy()), library.from_numpy(target.copy())
        weight = library.zeros(21, dtype=library.float64, requires_grad=True)
        optimizer, index = library.optim.SGD([weight], lr=1e-3), library.from_numpy(rows)

        def step(index: Any) -> Any:
            optimizer.zero_grad()
            loss = ((x[index] @ weight - y[index]) ** 2).mean()
            loss.backward()
            optimizer.step()
            return loss

        if library is fb:
            step = fb.compile(step)
        return lambda: step(index)

    with jax.enable_x64(True):
        x, y, index = jnp.asarray(data), jnp.asarray(target), jnp.asarray(rows)
        kept = [jnp.zeros(21)]

        def loss(weight: Any, index: Any) -> Any:
            return ((x[index] @ weight - y[index]) ** 2).mean()

        jitted = jax.jit(lambda w, i: w - 1e-3 * jax.grad(loss)(w, i), donate_argnums=0)

    def in_jax() -> None:
        with jax.enable_x64(True):
            kept[0] = jitted(kept[0], index)
            kept[0].block_until_ready()

    return {"flambeau": make(fb), "PyTorch": make(torch), "JAX": in_jax}


# --- optimizers alone -----------------------------------------------------------------------------


def adam(count: int, size: int) -> Sides:
    """Adam's update of ``count`` tensors of ``size``."""

    def make(library: Any, **options: Any) -> Callable[[], Any]:
        parameters = [library.nn.Parameter(library.randn(size)) for _ in range(count)]
        for p in parameters:
            p.grad = library.randn(size)
        optimizer = library.optim.Adam(parameters, lr=1e-3, **options)
        return fb.compile(lambda: optimizer.step()) if library is fb else optimizer.step

    return {"flambeau": make(fb), "PyTorch fused": make(torch, fused=True), "PyTorch": make(torch)}


# --- array programs -------------------------------------------------------------------------------


def program(function: Callable[..., Any], *shapes: tuple[int, ...]) -> Sides:
    """A function of arrays, eager in PyTorch."""
    arrays = [np.random.default_rng(0).standard_normal(s).astype(np.float32) for s in shapes]
    ours, theirs = [[lib.from_numpy(a.copy()) for a in arrays] for lib in (fb, torch)]
    step = fb.compile(lambda *inputs: function(fb, *inputs))
    return {"flambeau": lambda: step(*ours), "PyTorch": lambda: function(torch, *theirs)}


def chain(lib: Any, x: Any, y: Any) -> Any:
    """Several elementwise operations."""
    return lib.nn.functional.gelu(x * 2 + y).mul(x).tanh().add(y).sigmoid()


def normalised(lib: Any, x: Any) -> Any:
    """What a layer norm computes."""
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()


WORKLOADS: dict[str, Callable[[], Sides]] = {
    "tutorial's step 100x3-32-1": tutorial,
    **{
        f"mlp 784-512-512-10, batch {n}": lambda n=n: perceptrons(n, (784, 512, 512, 10))
        for n in (128, 32, 8, 1)
    },
    **{f"regression, mini-batch {n}": lambda n=n: regression(n) for n in (10, 100, 1000, 10_000)},
    "adam, 50 M in one tensor": lambda: adam(1, 50_000_000),
    "adam, 1000 tensors of 64": lambda: adam(1000, 64),
    "chain of 1 M elements": lambda: program(chain, (1000, 1000), (1000, 1000)),
    "softmax 1000x1000": lambda: program(lambda lib, x: x.softmax(-1), (1000, 1000)),
    "layer norm 1000x1000": lambda: program(normalised, (1000, 1000)),
    "48 products 64x64x32": lambda: program(lambda lib, x, y: x @ y, (48, 64, 32), (48, 32, 64)),
}


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--only", default="")
    arguments.add_argument("--seconds", type=float, default=3.0)
    arguments.add_argument("--quietest", action="store_true", help="the best of 40 short rounds")
    given = arguments.parse_args()
    torch.set_num_threads(given.threads)
    fb.set_num_threads(given.threads)
    print(machine(), f"torch {torch.__version__}", f"jax {jax.__version__}", sep=", ", end=", ")
    print(f"{given.threads} threads (JAX: its own)")
    for name, make in WORKLOADS.items():
        if given.only in name:
            sides = make()
            start = time.perf_counter()
            sides["flambeau"]()
            compiling = time.perf_counter() - start
            if given.quietest:
                times = interleaved(sides, given.seconds, rounds=40, summary=min)
            else:
                times = interleaved(sides, given.seconds)
            if "C" in times:
                times["C"] /= C_STEPS
            print(table(name, [("us", times)]))
            print(f"first call {compiling:.2f} s\n", flush=True)


if __name__ == "__main__":
    main()
