"""Loaders over tensors in memory against PyTorch's, one thread, microseconds per batch.

Run it with ``python bench/loader.py`` (``make bench`` runs all benchmarks).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.utils.data
from measure import interleaved, machine, table

import flambeau as fb
import flambeau.utils.data

WORKLOADS = {
    "regression 10000x21 float64, batch 10, shuffled": (10_000, 21, "float64", 10, True),
    "regression 10000x21 float64, batch 100, shuffled": (10_000, 21, "float64", 100, True),
    "images 60000x784 float32, batch 128, shuffled": (60_000, 784, "float32", 128, True),
    "images 60000x784 float32, batch 128, in order": (60_000, 784, "float32", 128, False),
}


def epochs(
    lib: object, rows: int, columns: int, dtype: str, size: int, shuffle: bool
) -> Callable[[], int]:
    """What runs through an epoch, the drawing of its order included."""
    data = lib.utils.data
    x = lib.ones(rows, columns, dtype=getattr(lib, dtype))
    dataset = data.TensorDataset(x, lib.zeros(rows, dtype=lib.int64))
    loader = data.DataLoader(dataset, batch_size=size, shuffle=shuffle)

    def epoch() -> int:
        count = 0
        for _ in loader:
            count += 1
        return count

    return epoch


def main() -> None:
    torch.set_num_threads(1)
    print(machine(), f"torch {torch.__version__}", sep=", ")
    rows = []
    for label, workload in WORKLOADS.items():
        ours, theirs = epochs(fb, *workload), epochs(torch, *workload)
        batches = ours()
        assert batches == theirs()
        times = interleaved({"flambeau": ours, "PyTorch": theirs}, seconds=10.0, rounds=9)
        rows.append((label, {name: time / batches for name, time in times.items()}))
    print(table("loader, us per batch", rows))


if __name__ == "__main__":
    main()
