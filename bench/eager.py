"""Eager mode against PyTorch's, one thread, microseconds per call; and the time to import.

Run it with ``python bench/eager.py`` (``make bench`` runs all benchmarks).
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

import torch
from measure import interleaved, machine, table

import flambeau as fb


def expression(lib: object) -> dict[str, object]:
    """``a*b`` on 10x10 with and without gradients, and with a backward pass."""
    a = lib.randn(10, 10, requires_grad=True)
    b = lib.randn(10, 10, requires_grad=True)
    plain_a, plain_b = a.detach(), b.detach()
    return {
        "10x10 a*b, recorded": lambda: a * b,
        "10x10 a*b": lambda: plain_a * plain_b,
        "10x10 (a*b).sum().backward()": lambda: (a * b).sum().backward(),
    }


def linear(lib: object) -> dict[str, object]:
    """A layer of 32 to 32 features at batch 32."""
    layer, x = lib.nn.Linear(32, 32), lib.randn(32, 32)
    gradient = lib.ones(32, 32)
    return {
        "Linear forward, batch 32": lambda: layer(x),
        "Linear forward and backward, batch 32": lambda: layer(x).backward(gradient),
    }


def tutorial(lib: object) -> dict[str, object]:
    """The tutorial's whole training step."""
    nn, F = lib.nn, lib.nn.functional
    model = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = lib.optim.Adam(model.parameters(), lr=0.08)
    x, y = lib.randn(100, 3), lib.randn(100, 1)

    def step() -> None:
        loss = F.mse_loss(model(x), y, reduction="sum")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return {"tutorial's step, Adam": step}


def imports(names: list[str], rounds: int = 9) -> dict[str, float]:
    """Median seconds to import each package in a new process, the start of Python taken off."""
    times: dict[str, list[float]] = {name: [] for name in ["", *names]}
    # As installed packages are: with their bytecode on disk.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    for round_number in range(rounds + 1):
        for name in times:
            command = [sys.executable, "-c", f"import {name}" if name else ""]
            start = time.perf_counter()
            subprocess.run(command, check=True, env=environment)
            if round_number:  # the first round writes the bytecode
                times[name].append(time.perf_counter() - start)
    base = statistics.median(times[""])
    return {name: statistics.median(times[name]) - base for name in names}


def main() -> None:
    torch.set_num_threads(1)
    rows = []
    for workload in (expression, linear, tutorial):
        ours, theirs = workload(fb), workload(torch)
        for label in ours:
            sides = {"flambeau": ours[label], "PyTorch": theirs[label]}
            rows.append((label, interleaved(sides)))
    print(machine(), f"torch {torch.__version__}", sep=", ")
    print(table("eager, us", rows))
    print()
    seconds = imports(["numpy", "flambeau", "torch"])
    limit = 1.5 * seconds["numpy"] + 0.030
    print("| import, ms | numpy | flambeau | torch | 1.5 numpy + 30 |\n|---|---|---|---|---|")
    shown = [seconds["numpy"], seconds["flambeau"], seconds["torch"], limit]
    print("| | " + " | ".join(f"{1e3 * s:.0f}" for s in shown) + " |")


if __name__ == "__main__":
    main()
