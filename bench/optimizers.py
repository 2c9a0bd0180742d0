"""Steps of optimizers: many small parameters, matrices, and one large one; and their memory.

Run it with ``python bench/optimizers.py`` (``make bench`` runs all benchmarks). Everything runs on
one thread. Name workloads to run only those; ``memory`` is the most memory that ten steps take, in
processes of their own.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)

import gc
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from measure import interleaved, machine, table

from flambeau.core import trees

WORKLOADS = {
    "1000 x (64,)": [(64,)] * 1000,
    "200 x (256, 256)": [(256, 256)] * 200,
    "1 x 50M": [(5000, 10000)],
}


def chain(t: Any, s: Any) -> Any:
    """What a language model is trained with."""
    return t.chain(
        t.clip_by_global_norm(1.0),
        t.scale_by_adam(),
        t.add_decayed_weights(0.1, mask=lambda params: {k: p.ndim > 1 for k, p in params.items()}),
        t.scale_by_learning_rate(s.warmup_cosine_decay_schedule(0.0, 1e-3, 100, 10_000)),
    )


# the class of both libraries, its options, whether PyTorch has it fused; optax's rule
OPTIMIZERS: dict[str, tuple[Any, ...]] = {
    "Adam": ("Adam", {"lr": 1e-3}, True, lambda t, s: t.adam(1e-3)),
    "AdamW": ("AdamW", {"lr": 1e-3}, True, lambda t, s: t.adamw(1e-3, weight_decay=0.01)),
    "SGD with momentum": (
        "SGD", {"lr": 1e-3, "momentum": 0.9}, True, lambda t, s: t.sgd(1e-3, 0.9),
    ),
    "Lion": (None, {}, False, lambda t, s: t.lion(1e-4)),
    "Adafactor": ("Adafactor", {"lr": 1e-2}, False, lambda t, s: t.adafactor(1e-2)),
    "Muon": ("Muon", {"lr": 1e-3}, False, lambda t, s: t.contrib.muon(1e-3)),
    "chain": (None, {}, False, chain),
}  # fmt: skip


def arrays(shapes: list[tuple[int, ...]], seed: int) -> list[np.ndarray]:
    """The same numbers for every library."""
    random = np.random.default_rng(seed)
    return [random.standard_normal(shape, dtype=np.float32) for shape in shapes]


def of_flambeau(name: str, shapes: list[tuple[int, ...]], compiled: bool) -> Callable[[], object]:
    """A step of ours, by itself or as part of a compiled function."""
    import flambeau as fb
    from flambeau.optim import schedule, transform

    fb.set_num_threads(1)
    kind, options, _, rule = OPTIMIZERS[name]
    params = [fb.tensor(x).requires_grad_() for x in arrays(shapes, 0)]
    for p, g in zip(params, arrays(shapes, 1), strict=True):
        p.grad = fb.tensor(g)
    if kind is None or name == "Muon":
        # PyTorch's Muon computes in bfloat16, which no CPU of this kind multiplies quickly.
        rules = type("Rules", (), {"contrib": transform, "__getattr__": _of(transform)})()
        named = [(str(i), p) for i, p in enumerate(params)]
        optimizer = fb.optim.from_transform(rule(rules, schedule), named)
    else:
        optimizer = getattr(fb.optim, kind)(params, **options)
    return fb.compile(lambda: optimizer.step()) if compiled else optimizer.step


def _of(module: Any) -> Callable[[Any, str], Any]:
    return lambda self, name: getattr(module, name)


def of_torch(name: str, shapes: list[tuple[int, ...]], fused: bool) -> Callable[[], object] | None:
    """A step of PyTorch's, if it has one."""
    import torch

    torch.set_num_threads(1)
    kind, options, can_fuse, _ = OPTIMIZERS[name]
    if kind is None or fused and not can_fuse:
        return None
    params = [torch.tensor(x).requires_grad_() for x in arrays(shapes, 0)]
    for p, g in zip(params, arrays(shapes, 1), strict=True):
        p.grad = torch.tensor(g)
    if fused:
        options = options | {"fused": True}
    return getattr(torch.optim, kind)(params, **options).step


def of_optax(name: str, shapes: list[tuple[int, ...]]) -> Callable[[], object]:
    """A step of optax's, compiled, with parameters and state donated."""
    import jax
    import jax.numpy as jnp
    import optax

    rule = OPTIMIZERS[name][3](optax, optax)
    params = {str(i): jnp.asarray(x) for i, x in enumerate(arrays(shapes, 0))}
    gradients = {str(i): jnp.asarray(x) for i, x in enumerate(arrays(shapes, 1))}
    held = [params, rule.init(params)]

    def step(params: Any, state: Any, gradients: Any) -> Any:
        updates, state = rule.update(gradients, state, params)
        return optax.apply_updates(params, updates), state

    compiled = jax.jit(step, donate_argnums=(0, 1))

    def call() -> None:
        held[:] = compiled(*held, gradients)
        jax.block_until_ready(held)

    return call


def speed(names: list[str], workload: str, shapes: list[tuple[int, ...]], seconds: float) -> None:
    """Tables of microseconds and ratios."""
    for name in names:
        sides: dict[str, Any] = {
            "flambeau": of_flambeau(name, shapes, True),
            "flambeau eager": of_flambeau(name, shapes, False),
            "torch": of_torch(name, shapes, False),
            "torch fused": of_torch(name, shapes, True),
            "optax": of_optax(name, shapes),
        }
        present = {side: call for side, call in sides.items() if call is not None}
        times = interleaved(present, seconds, 5)
        print(table(f"us per step, {workload}", [(name, times)]), flush=True)


def memory() -> None:
    """Memory beside parameters, gradients and state, as a share of those (Linux only)."""
    print("| 20M parameters | bytes of state per parameter | first call | later calls |")
    print("|---|---|---|---|")
    for name in ("Adam", "AdamW", "SGD with momentum", "Lion", "Adafactor", "chain"):
        command = [sys.executable, __file__, "--one", name]
        # Memory that is given back shall leave the process, or what this script has made and
        # dropped would count.
        surroundings = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536"}
        found = subprocess.run(
            command, capture_output=True, text=True, check=True, env=surroundings
        )
        print(found.stdout, end="")


def one(name: str) -> None:
    """Compiled steps of one optimizer in this process, and the most memory that they take."""
    of_flambeau(name, [(200, 200)] * 5, True)()  # what compiling a program of this kind takes
    base = peak()
    step = of_flambeau(name, [(2000, 2000)] * 5, True)
    gc.collect()
    peak()
    peaks = []
    for _ in range(4):
        step()
        peaks.append(peak() - base)
    optimizer = step.function.__closure__[0].cell_contents  # type: ignore[attr-defined]
    state = sum(
        x.numel() * x.itemsize
        for x in trees.leaves(optimizer.state_dict()["state"])
        if hasattr(x, "numel")
    )
    count = 5 * 2000 * 2000
    tensors = 8 * count + state  # parameters, gradients and state
    first, later = (max(p / tensors - 1, 0) for p in (peaks[0], max(peaks[2:])))
    print(f"| {name} | {state / count:.2f} | {first:+.0%} | {later:+.0%} |")


def peak() -> int:
    """The most bytes that this process has had since it was last asked."""
    with open("/proc/self/status") as status:
        found = next(line for line in status if line.startswith("VmHWM"))
    with open("/proc/self/clear_refs", "w") as reset:
        reset.write("5")
    return int(found.split()[1]) * 1024


def main() -> None:
    if "--one" in sys.argv:
        one(sys.argv[-1])
        return
    print(machine())
    chosen = sys.argv[1:] or [*WORKLOADS, "memory"]
    for workload in chosen:
        if workload == "memory":
            memory()
            continue
        speed([n for n in OPTIMIZERS if n != "Muon"], workload, WORKLOADS[workload], 2.0)
        if workload == "200 x (256, 256)":  # its products take seconds for so many
            speed(["Muon"], "20 x (256, 256)", [(256, 256)] * 20, 2.0)


if __name__ == "__main__":
    main()
