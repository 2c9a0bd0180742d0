"""Compiled functions: the tutorial's step against PyTorch's, and what a call costs.

Run it with ``python bench/compiled.py`` (``make bench`` runs all benchmarks).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from measure import interleaved, machine, table

import flambeau as fb


def tutorial(lib: Any, wrap: Callable[[Any], Any], **options: Any) -> Callable[[], object]:
    """The tutorial's whole training step: 100 rows through 3-32-1, Adam."""
    nn, F = lib.nn, lib.nn.functional
    model = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = lib.optim.Adam(model.parameters(), lr=0.08, **options)
    x, y = lib.randn(100, 3), lib.randn(100, 1)

    @wrap
    def step(x: Any, y: Any) -> Any:
        loss = F.mse_loss(model(x), y, reduction="sum")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    for _ in range(5):
        step(x, y)
    return lambda: step(x, y)


def scheduled() -> Callable[[], object]:
    """The same step with another learning rate at each call."""
    model = fb.nn.Sequential(fb.nn.Linear(3, 32), fb.nn.ReLU(), fb.nn.Linear(32, 1))
    optimizer = fb.optim.Adam(model.parameters(), lr=0.08)
    x, y = fb.randn(100, 3), fb.randn(100, 1)
    group = optimizer.param_groups[0]

    @fb.compile
    def step(x: Any, y: Any) -> Any:
        loss = fb.nn.functional.mse_loss(model(x), y, reduction="sum")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    def call() -> object:
        group["lr"] = group["lr"] * 0.999999
        return step(x, y)

    for _ in range(5):
        call()
    return call


def calls() -> dict[str, Callable[[], object]]:
    """Functions that compute next to nothing."""
    add = fb.compile(lambda x, y: x + y)
    scale = fb.compile(lambda x, number: x * number)
    weight = fb.ones(4, requires_grad=True)
    differentiable = fb.compile(lambda x: x * weight)
    x, y = fb.randn(4), fb.randn(4)
    found = {
        "two arrays of 4": lambda: add(x, y),
        "an array and a number": lambda: scale(x, 2.5),
        "differentiable from outside": lambda: differentiable(x),
    }
    for call in found.values():
        for _ in range(3):
            call()
    return found


def kernel_alone(step: Callable[[], object]) -> Callable[[], object]:
    """The native code of a compiled step without the call around it."""
    compiled = step.__closure__[0].cell_contents  # type: ignore[index]
    plan = list(compiled.plans.values())[-1]
    return plan.native.entries[0]


def main() -> None:
    torch.set_num_threads(1)
    ours = tutorial(fb, fb.compile)
    sides: dict[str, Callable[[], object]] = {
        "flambeau": ours,
        "flambeau eager": tutorial(fb, lambda f: f),
        "torch": tutorial(torch, lambda f: f),
        "torch fused": tutorial(torch, lambda f: f, fused=True),
    }
    print(machine())
    print(table("us per call", [("tutorial's step, Adam", interleaved(sides, 6.0))]))
    others = {"native code alone": kernel_alone(ours), "lr changes each step": scheduled()}
    found = interleaved({"flambeau": ours, **others, **calls()}, 3.0)
    for name, time in found.items():
        print(f"| {name} | {np.round(time, 3)} |")


if __name__ == "__main__":
    main()
