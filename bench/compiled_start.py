"""How long it takes until a compiled function runs natively, in new processes.

Run it with ``python bench/compiled_start.py``. Each step is compiled in a process of its own, first
with an empty disk cache and then from what that left there. Importing flambeau is not counted, but
the compiler, which it imports when it is first needed, is. All calls are
counted up to the first one that records nothing: the first call of a training step makes the
optimizer's state and runs once, the second is compiled.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from measure import machine

ROUNDS, CALLS = 5, 3
STEPS = {
    "tutorial's step 100x3-32-1": (100, (3, 32, 1)),
    "MLP 784-512-512-10, batch 128": (128, (784, 512, 512, 10)),
    "12 layers of 256, batch 64": (64, (256,) * 13),
}


def first_calls(batch: int, sizes: tuple[int, ...]) -> float:
    """Seconds of the first calls of a training step with Adam."""
    import flambeau as fb

    layers: list[fb.nn.Module] = []
    for one, other in pairwise(sizes):
        layers += [fb.nn.Linear(one, other), fb.nn.ReLU()]
    model = fb.nn.Sequential(*layers[:-1])
    optimizer = fb.optim.Adam(model.parameters(), lr=1e-3)
    x, y = fb.randn(batch, sizes[0]), fb.randn(batch, sizes[-1])

    @fb.compile
    def step(x: fb.Tensor, y: fb.Tensor) -> fb.Tensor:
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss

    start = time.perf_counter()
    for _ in range(CALLS):
        step(x, y)
    return time.perf_counter() - start


def in_new_process(name: str, cache: str) -> float:
    """Seconds of a step's first calls in another process."""
    environment = os.environ | {"FLAMBEAU_CACHE_DIR": cache, "FLAMBEAU_CACHE": "1"}
    command = [sys.executable, str(Path(__file__)), name]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return float(done.stdout)


def main() -> None:
    """Measure and print."""
    if len(sys.argv) > 1:
        print(first_calls(*STEPS[sys.argv[1]]))
        return
    print(machine())
    print("| first calls, ms | nothing cached | from the disk cache |")
    print("|---|---|---|")
    for name in STEPS:
        cold, warm = [], []
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as cache:
                cold.append(in_new_process(name, cache))
                warm.append(in_new_process(name, cache))
        medians = [1e3 * statistics.median(times) for times in (cold, warm)]
        print(f"| {name} | {medians[0]:.0f} | {medians[1]:.0f} |")


if __name__ == "__main__":
    main()
